//! An OAuth service app instead of an API token.

use super::{
    fake_okta::{Served, served},
    place::{Call, Place},
    redaction::redacted,
};

/// The command as one of the fake's service apps.
fn call(place: &Place, fake: &Served, client_id: &str, arguments: &str) -> Call {
    let (command, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
    // What is given later counts.
    let call = place.call(&format!("{command} --allow-loopback --oauth-private-key-file key.pem"));
    let call = call.arg("--domain").arg(fake.text("url")).arg(format!("--oauth-client-id={client_id}"));
    rest.split_whitespace().fold(call, Call::arg)
}

fn fake(place: &Place, org: &str) -> Served {
    served(place, &format!("--http --org {org} --oauth-key-out key.pem"))
}

#[test]
fn a_service_app_checks_and_syncs() {
    let place = Place::new();
    let fake = fake(&place, "demo-direct");
    let ids = &fake.line["service_apps"]["client_ids"];
    assert_eq!(ids.as_object().unwrap().len(), 4);
    let check = call(&place, &fake, ids["read_only"].as_str().unwrap(), "check").end().succeeded();
    insta::assert_snapshot!("oauth_check", redacted(&check.out));
    let sync = call(&place, &fake, ids["super"].as_str().unwrap(), "sync --log-level debug -o json")
        .end()
        .succeeded();
    let json = sync.json();
    assert_eq!(json["coverage"]["reader"]["id"], ids["super"]);
    assert_eq!(json["coverage"]["lists"]["types"]["read"], "not");
    // Without DPoP one request less is spent twice.
    let bearer = ids["read_only_without_dpop"].as_str().unwrap();
    let plain =
        call(&place, &fake, bearer, "sync -o json -f bearer.c1z --sync-okta-roles off").end().succeeded();
    assert_eq!(plain.json()["requests"]["sent"], plain.json()["requests"]["bound"]);
    // The key is for its owner, and nothing repeats it.
    let key = std::fs::read_to_string(place.path("key.pem")).unwrap();
    let line = key.lines().nth(5).unwrap();
    assert!(!sync.err.contains(line) && !sync.err.contains("eyJ"), "{}", sync.err);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(place.path("key.pem")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fake.stop();
}

#[test]
fn a_key_comes_in_other_ways_too() {
    let place = Place::new();
    let fake = fake(&place, "demo");
    let pem = std::fs::read_to_string(place.path("key.pem")).unwrap();
    let id = "0oaServiceReadOnly";
    let connected =
        |arguments: &str| place.call(arguments).arg("--allow-loopback").arg("--domain").arg(fake.text("url"));
    // From stdin, from the environment, from the file, with a profile beside a token's.
    let end =
        connected("check --oauth-private-key-file -").env("ROLEBOOK_OAUTH_CLIENT_ID", id).stdin(&pem).end();
    end.succeeded();
    place.write("one line.pem", pem.replace('\n', "\\n"));
    let toml = format!(
        "domain = \"{}\"\nallow-loopback = true\n[profile.token]\napi-token-file = \"token\"\n\
         [profile.app]\noauth-client-id = \"{id}\"\noauth-key-id = \"fake-key\"\n\
         oauth-private-key-file = \"one line.pem\"\noauth-scopes = [\"okta.orgs.read\", \"okta.apps.read\", \"okta.groups.read\"]\n",
        fake.text("url")
    );
    place.write("rolebook.toml", toml);
    place.write("token", fake.line["tokens"]["read_only"].as_str().unwrap());
    place.run("check --profile app --sync-okta-roles off").succeeded();
    place.run("check --profile token").succeeded();
    fake.stop();
}

#[test]
fn what_is_wrong_is_said() {
    let place = Place::new();
    let fake = fake(&place, "demo");
    let words = |end: super::place::End, code: i32| redacted(&end.failed(code).words());
    let mut said = Vec::new();
    for command in ["check", "sync"] {
        let call = |id: &str, rest: &str| call(&place, &fake, id, &format!("{command} {rest}"));
        said = vec![
            words(call("0oaServiceNoRole", "").end(), 4),
            words(call("0oaNobody", "").end(), 4),
            words(call("0oaServiceReadOnly", "--oauth-key-id other").end(), 4),
            words(call("0oaServiceReadOnly", "--oauth-scopes okta.orgs.read,okta.factors.read").end(), 4),
            words(call("0oaServiceReadOnly", "").env("ROLEBOOK_API_TOKEN", "x").end(), 2),
            words(call("0oaServiceReadOnly", "--api-token-file t").end(), 2),
            words(call("0oaService ReadOnly", "").end(), 2),
            words(call("0oaServiceReadOnly", "--oauth-scopes ,").end(), 2),
            words(call("0oaServiceReadOnly", "--oauth-private-key-file absent.pem").end(), 3),
            words(call("0oaServiceReadOnly", "--oauth-private-key-file -").stdin("no key").end(), 2),
            words(call("0oaServiceReadOnly", "--oauth-private-key=x").end(), 2),
            words(place.run(&format!("{command} --domain a.test --oauth-private-key-file key.pem")), 2),
            words(place.run(&format!("{command} --domain a.test --oauth-client-id 0oa1")), 2),
        ];
    }
    insta::assert_snapshot!("oauth_failures", said.join("\n"));
    assert_eq!(place.files(), ["key.pem"]);
    fake.stop();
}

#[test]
fn a_missing_scope_is_named() {
    let place = Place::new();
    let fake = fake(&place, "demo");
    let scopes = "--oauth-scopes okta.orgs.read,okta.apps.read,okta.users.read";
    let end = call(&place, &fake, "0oaServiceReadOnly", &format!("sync {scopes}")).end().failed(4);
    end.says(["the OAuth scope okta.groups.read is missing", "Okta API Scopes"]);
    let end = call(&place, &fake, "0oaServiceReadOnly", &format!("check {scopes}")).end();
    assert_eq!(end.code, Some(4));
    assert!(end.out.contains("okta.groups.read"), "{}", end.out);
    fake.stop();
}
