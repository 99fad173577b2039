//! Each flag's environment variable.

use std::collections::BTreeSet;

use rolebook_fake_okta::{App, FakeOkta, Group, Options, RateLimits};

use super::{
    contents::{contents, holds},
    help::{COMMANDS, long_flags},
    orgs,
    place::{Place, okta},
};

/// A value that the flag's parser refuses; none for flags that take any text.
fn refused_value(flag: &str) -> Option<&'static str> {
    match flag {
        "log-level" | "output" | "sync-okta-roles" | "sync-events" | "rate-limits" | "token-roles"
        | "last-role" | "serve" | "oidc-create" => Some("sideways"),
        "max-changes" | "max-requests" => Some("many"),
        "rate-budget" => Some("101"),
        "database-url" => Some("mysql://localhost/rolebook"),
        "blobs" => Some("ftp://somewhere"),
        "keep-days" => Some("0"),
        "allow-address" => Some("10.0.0.0/99"),
        "allow-loopback"
        | "behind-proxy"
        | "rebuild"
        | "vault-key-lost"
        | "skip-secondary-emails"
        | "sync-custom-roles"
        | "all-aws-apps"
        | "no-group-names"
        | "http"
        | "accept-loss"
        | "fail-on-gain"
        | "incremental"
        | "dry-run"
        | "yes"
        | "allow-group-to-direct-conversion"
        | "strict"
        | "fetch"
        | "verify" => Some("perhaps"),
        "resume-max-age" | "event-lag" | "full-every" | "lock-wait" | "verify-wait" | "since" => {
            Some("a while")
        }
        "max-age" | "at" | "between" => Some("soon"),
        "fail-on" | "format" | "review" | "split-by" => Some("sometimes"),
        // Half of a pair.
        "rename-group" | "group-roles" | "group-priority" | "add-to" | "remove-from" | "assign"
        | "person-status" => Some("half"),
        "listen" => Some("nowhere"),
        "fault" => Some("statos=500"),
        "fault-seed" => Some("seven"),
        "domain" => Some("http://acme.okta.com"),
        "assume" => Some("filter-match=sometimes"),
        "profile" => Some("nobody"),
        "config" | "faults" | "api-token-file" | "ca-file" | "accounts" | "names" => Some("missing.file"),
        // Read only when there is a proxy.
        "proxy-credentials-file" => None,
        "org" => Some("missing.yaml"),
        // Beside a token.
        "oauth-client-id" | "oauth-private-key-file" | "oauth-key-id" | "oauth-scopes" => Some("0oaService"),
        "proxy" => Some("ftp://proxy.test"),
        "oauth-key-out" => Some("missing/key.pem"),
        _ => None,
    }
}

/// What is changed, and whose it is, comes from the command line alone.
const ONLY_GIVEN: [&str; 11] =
    ["role", "group", "app", "all", "to", "to-group", "from", "from-group", "via", "with-app", "head"];

/// The least that the command needs to begin.
fn line(command: &str) -> &str {
    match command {
        "archive" => "archive list",
        "who" => "who *",
        "what" => "what ann",
        "why" => "why ann *",
        "can" => "can ann *",
        "diff" => "diff old.c1z new.c1z",
        "history" => "history *",
        "assertion" => "assertion predict ann",
        "export" => "export --out o",
        "lint-filter" => "lint-filter aws",
        "show" => "show roles",
        "fake-okta" => "fake-okta --listen=127.0.0.1:0",
        "grant" => "grant --role 111122223333/Admin --to ann@acme.test",
        "revoke" => "revoke --role 111122223333/Admin --from ann@acme.test",
        "plan" => "plan grant --role 111122223333/Admin --to ann@acme.test",
        "apply" => "apply /dev/null",
        "undo" => "undo 0a1b2c",
        "admin" => "admin link",
        "whatif" => "whatif --set status=inactive",
        other => other,
    }
}

fn asks_okta(command: &str) -> bool {
    matches!(command, "init" | "sync" | "check" | "whatif" | "grant" | "revoke" | "plan" | "apply" | "undo")
}

#[test]
fn no_setting_changes_access_by_itself() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    let end = place
        .connected(&fake, "super", "grant --to ann@acme.test --yes")
        .env("ROLEBOOK_ROLE", "444455556666/Ops")
        .end()
        .failed(2);
    assert!(end.err.contains("--role <ACCOUNT/ROLE>"), "{end:#?}");
    place.write("rolebook.toml", "role = \"444455556666/Ops\"\n");
    let end = place.connected(&fake, "super", "grant --to ann@acme.test --yes").end().failed(2);
    assert!(end.err.contains("--role <ACCOUNT/ROLE>"), "{end:#?}");
    assert!(fake.log().iter().all(|asked| asked.method == "GET"));
}

/// Every flag of every command is read from the environment: what the parser refuses on the command line it refuses
/// there, by the name of the flag.
#[test]
fn every_flag_has_one() {
    let mut unchecked = BTreeSet::new();
    for command in COMMANDS {
        for flag in long_flags(command) {
            // `init` makes the file and the profile that these name.
            let made = *command == "init" && matches!(flag.as_str(), "config" | "profile");
            if made || matches!(flag.as_str(), "help" | "version") || ONLY_GIVEN.contains(&flag.as_str()) {
                continue;
            }
            let place = Place::new();
            if *command == "doctor" {
                // It looks at a folder, and makes none.
                std::fs::create_dir(place.path("rolebook-data")).unwrap();
            }
            let variable = format!("ROLEBOOK_{}", flag.to_uppercase().replace('-', "_"));
            let Some(value) = refused_value(&flag) else {
                unchecked.insert(flag);
                continue;
            };
            let fake = okta(orgs::small());
            let line = line(command);
            let call = |place: &Place| match *command {
                _ if asks_okta(command) && flag == "domain" => {
                    place.call(line).env("ROLEBOOK_API_TOKEN", "x")
                }
                _ if asks_okta(command) => place
                    .call(line)
                    .env("ROLEBOOK_ALLOW_LOOPBACK", "true")
                    .env("ROLEBOOK_DOMAIN", fake.url())
                    .env("ROLEBOOK_API_TOKEN", &fake.token("super")),
                _ => place.call(line),
            };
            let mut call = if flag == "listen" { place.call(command) } else { call(&place) };
            // Only then it asks Okta.
            if *command == "whatif" && flag != "fetch" {
                call = call.env("ROLEBOOK_FETCH", "true");
            }
            let end = call.env(&variable, value).end();
            let code = match flag.as_str() {
                "config" | "faults" | "api-token-file" | "ca-file" | "accounts" | "names" | "org" => 3,
                "oauth-key-out" => 1,
                _ => 2,
            };
            let end = end.failed(code);
            assert!(!end.err.contains(&format!("{variable} is unknown")), "{end:#?}");
            assert_eq!(fake.log_lines(), [""; 0], "{command}: {variable}={value}");
            let made = place.files().into_iter().filter(|name| name != "rolebook-data").count();
            assert_eq!(made, 0, "{command}: {variable}={value}");
        }
    }
    // These take any text; the tests below, and those of the guard, show what they change.
    let texts = [
        "accepted",
        "account",
        "allow-partial",
        "archive",
        "assign-group",
        "audit",
        "aws-okta-app-id",
        "base-url",
        "blobs-endpoint",
        "ca-out",
        "cache-dir",
        "data-dir",
        "events",
        "file",
        "for",
        "mail-folder",
        "mail-from",
        "metrics-token-file",
        "new-since",
        "oidc-client-id",
        "oidc-client-secret-file",
        "oidc-issuer",
        "out",
        "process-name",
        "profile-attributes",
        "proxy-credentials-file",
        "reason",
        "remove-group",
        "role-value-pattern",
        "set",
        "tls-certificate",
        "tls-key",
        "unassign",
        "unassign-group",
        "vault-key-file",
    ];
    assert_eq!(unchecked.iter().map(String::as_str).collect::<Vec<_>>(), texts);
}

#[test]
fn connection_and_file() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let end = place
        .call("sync")
        .env("ROLEBOOK_DOMAIN", fake.url())
        .env("ROLEBOOK_ALLOW_LOOPBACK", "yes")
        .env("ROLEBOOK_API_TOKEN", &fake.token("super"))
        .env("ROLEBOOK_FILE", "other.c1z")
        .env("ROLEBOOK_OUTPUT", "json")
        .env("ROLEBOOK_RATE_BUDGET", "7")
        .env("ROLEBOOK_LOG_LEVEL", "error")
        .end()
        .succeeded();
    assert_eq!(end.json()["file"], "other.c1z");
    assert_eq!(place.files(), ["other.c1z"]);
    assert_eq!(end.err, "");
    let shown =
        place.call("show users").env("ROLEBOOK_FILE", "other.c1z").env("ROLEBOOK_OUTPUT", "csv").end();
    assert!(shown.succeeded().out.starts_with("id,name,login,"));
}

#[test]
fn app_id() {
    let place = Place::new();
    let fake = okta(orgs::small().app(App::aws("0oaSecond")));
    place.connected(&fake, "super", "check").end().failed(2);
    for id in [orgs::APP, "0oaSecond"] {
        let end = place.connected(&fake, "super", "check -o json").env("ROLEBOOK_AWS_OKTA_APP_ID", id).end();
        assert_eq!(end.succeeded().json()["app"]["id"], id);
    }
}

#[test]
fn what_is_read() {
    let place = Place::new();
    let fake = okta(orgs::small().group(Group::new("Garden").id("00gGarden")));
    let sync = |file: &str, name: &str, value: &str| {
        place.connected(&fake, "super", &format!("sync -f {file}")).env(name, value).end().succeeded();
        contents(&place.path(file))
    };
    let second = b"ann@home.test";
    assert!(holds(&sync("a", "ROLEBOOK_SKIP_SECONDARY_EMAILS", "false"), second));
    assert!(!holds(&sync("b", "ROLEBOOK_SKIP_SECONDARY_EMAILS", "true"), second));
    assert!(holds(&sync("c", "ROLEBOOK_NO_GROUP_NAMES", "0"), b"Garden"));
    assert!(!holds(&sync("d", "ROLEBOOK_NO_GROUP_NAMES", "1"), b"Garden"));

    fake.clear_log();
    sync("e", "ROLEBOOK_SYNC_OKTA_ROLES", "off");
    assert!(!fake.log_lines().iter().any(|line| line.contains("/roles")), "{:?}", fake.log_lines());
    sync("f", "ROLEBOOK_SYNC_OKTA_ROLES", "on");
    assert!(fake.log_lines().iter().any(|line| line.contains("/roles")), "{:?}", fake.log_lines());
}

#[test]
fn profile_attributes() {
    let place = Place::new();
    let fake = okta(orgs::small());
    fake.change(|org| {
        org.put_user(
            rolebook_fake_okta::User::new("dee@acme.test").id("00uD").attribute("shoeSize", "forty-two-wide"),
        );
        org.add_member("00gStaff", "00uD");
    });
    let sync = |file: &str, value: &str| {
        let call = place.connected(&fake, "super", &format!("sync -f {file}"));
        call.env("ROLEBOOK_PROFILE_ATTRIBUTES", value).end().succeeded();
        holds(&contents(&place.path(file)), b"forty-two-wide")
    };
    assert!(!sync("a", "title"));
    assert!(sync("b", "title,shoeSize"));
    assert!(sync("c", "all"));
}

#[test]
fn rate_budget() {
    let place = Place::new();
    let limits = Options {
        rate_limits: RateLimits::all(20),
        rate_window: std::time::Duration::from_secs(2),
        ..Options::default()
    };
    let waits = |budget: &str| {
        let fake = FakeOkta::start(orgs::small(), limits.clone()).unwrap();
        let call = place.connected(&fake, "super", "sync -o json").env("ROLEBOOK_RATE_BUDGET", budget);
        let summary = call.end().succeeded().json();
        assert!(fake.log().iter().all(|asked| !asked.limited));
        let buckets = summary["requests"]["buckets"].as_array().unwrap().clone();
        buckets.iter().map(|bucket| bucket["waits"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(waits("100"), 0);
    // Two requests in each window, where the groups' bucket needs six.
    assert!(waits("10") > 0);
}

#[test]
fn assume() {
    let place = Place::new();
    let group = Group::new("aws_111122223333_Ops Team").id("00gTeam").members(["00uA"]);
    let fake = okta(orgs::small().group(group));
    let roles = |assumption: &str| {
        place.connected(&fake, "super", "sync").env("ROLEBOOK_ASSUME", assumption).end().succeeded();
        let shown = place.run("show roles -o json").succeeded().json();
        let names: Vec<String> =
            shown.as_array().unwrap().iter().map(|role| role["role"].as_str().unwrap().to_owned()).collect();
        names
    };
    assert_eq!(roles("filter-match=find"), ["Admin", "Ops", "ReadOnly", "Ops"]);
    // What is shown follows the choice that the file was written under.
    assert_eq!(roles("filter-match=full"), ["Admin", "ReadOnly", "Ops"]);
}
