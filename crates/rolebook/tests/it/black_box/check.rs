//! `check`: what it tells before the first sync.

use rolebook_fake_okta::{App, FakeOkta, Options};

use super::{
    orgs,
    place::{Place, okta, unlimited},
    redaction::redacted,
};

#[test]
fn other_doors_to_aws_are_named_and_not_covered() {
    let place = Place::new();
    let org = orgs::small()
        .app(App::aws("0oaOld").label("Old AWS\u{1b}[31m").status("INACTIVE"))
        .app(App::aws_identity_center("0oaCenter"))
        .app(
            App::new("0oaSaml", "acme_awsconsole_1", "AWS by hand")
                .sign_on("ssoAcsUrl", "https://eu-west-1.signin.aws.amazon.com/saml"),
        )
        .app(App::new("0oaMail", "mail", "Mail").sign_on("ssoAcsUrl", "https://mail.test/saml"));
    let fake = okta(org);
    let end = place.connected(&fake, "read_only", "check").end().succeeded();
    insta::assert_snapshot!(redacted(&end.out));
    let json = place.connected(&fake, "read_only", "check -o json").end().succeeded().json();
    let ids: Vec<_> =
        json["not_covered"].as_array().unwrap().iter().map(|door| door["app"].clone()).collect();
    assert_eq!(ids, ["0oaCenter", "0oaOld", "0oaSaml"]);
    // A sync asks nothing for it.
    fake.clear_log();
    place.synced(&fake, "read_only");
    let lists = fake.log().iter().filter(|asked| asked.path == "/api/v1/apps").count();
    assert_eq!(lists, 1, "{:?}", fake.log_lines());
}

/// A list that breaks off proves nothing: the check says so and goes on.
#[test]
fn doors_that_cannot_be_listed_are_unknown() {
    let place = Place::new();
    let fake = okta(orgs::small());
    fake.add_fault(rolebook_fake_okta::Fault::on("/api/v1/apps").status(403));
    let call = place.connected(&fake, "super", "check").arg("--aws-okta-app-id").arg(orgs::APP);
    let end = call.end().succeeded();
    assert!(end.out.contains("Whether other apps lead to AWS is not known: not permitted"), "{}", end.out);
}

/// The five rows for every kind of token.
#[test]
fn the_matrix_of_each_token() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let matrix = |token: &str, more: &str| {
        let end = place.connected(&fake, token, &format!("check -o json {more}")).end();
        let rights = end.json()["rights"].clone();
        let rows = [
            "review-memberships",
            "provision-memberships",
            "review-assignments",
            "provision-assignments",
            "review-admin-roles",
        ];
        rows.map(|row| {
            let row = &rights[row];
            let word = row["standing"].as_str().unwrap();
            match row["holds"].as_bool() {
                Some(holds) => format!("{word} {holds}"),
                None => word.to_owned(),
            }
        })
    };
    assert_eq!(matrix("super", ""), ["yes"; 5]);
    assert_eq!(matrix("read_only", ""), ["yes", "unknown", "yes", "unknown", "no"]);
    assert_eq!(matrix("app_group_admin", ""), ["yes", "unknown", "yes", "unknown", "no"]);
    let stated = "--token-roles ro,app,group";
    assert_eq!(matrix("app_group_admin", stated), ["yes", "stated true", "yes", "stated true", "no"]);
    assert_eq!(matrix("read_only", "--token-roles ro"), ["yes", "stated false", "yes", "stated false", "no"]);
    // What Okta showed is not overruled by what somebody says.
    assert_eq!(
        matrix("read_only", "--token-roles super"),
        ["yes", "stated true", "yes", "stated true", "no"]
    );
    assert!(fake.log().iter().all(|asked| asked.method == "GET"), "{:?}", fake.log_lines());

    let end = place.connected(&fake, "app_group_admin", &format!("check {stated}")).end().succeeded();
    insta::assert_snapshot!("check_stated", redacted(&end.out));
    for line in
        end.out.lines().skip_while(|line| *line != "This token may").take_while(|line| !line.is_empty())
    {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

/// An outage is no refusal.
#[test]
fn a_list_that_breaks_down_is_unknown() {
    let place = Place::new();
    let fake = okta(orgs::small());
    fake.add_fault(rolebook_fake_okta::Fault::on("/api/v1/iam/assignees/users").status(501));
    let json = place.connected(&fake, "super", "check -o json").end().succeeded().json();
    assert_eq!(json["rights"]["review-admin-roles"]["standing"], "unknown");
    assert_eq!(json["rights"]["review-memberships"]["standing"], "yes");
}

#[test]
fn a_certificate_that_is_not_trusted_names_its_issuer() {
    let place = Place::new();
    let fake = FakeOkta::start(orgs::small(), Options { tls: true, ..unlimited() }).unwrap();
    let end = place.connected(&fake, "super", "check").end().failed(1);
    insta::assert_snapshot!("way_tls", redacted(&end.words()));
    assert!(fake.log().is_empty());
    place.write("ca.pem", fake.ca_pem().unwrap());
    let end = place.connected(&fake, "super", "check --ca-file ca.pem").end().succeeded();
    assert!(end.out.contains("TLS       certificate issued by fake-okta test CA"), "{}", end.out);
}

#[test]
fn nobody_at_the_door_and_nobody_at_the_proxy() {
    let place = Place::new();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let check = |domain: String| {
        let call = place.call("check --allow-loopback").arg("--domain").arg(domain);
        call.env("ROLEBOOK_API_TOKEN", "00abcdefghijklmnopqrstuvwxyzabcdefghijklmno")
    };
    let end = check(format!("https://127.0.0.1:{port}")).end().failed(1);
    insta::assert_snapshot!("way_connect", redacted(&end.words()));
    let proxy = format!("http://ann:s3cret@127.0.0.1:{port}");
    let end = check("acme.okta.com".to_owned()).env("HTTPS_PROXY", &proxy).end().failed(1);
    insta::assert_snapshot!("way_proxy", redacted(&end.words()));
    assert!(!end.err.contains("s3cret") && !end.err.contains("ann:"), "{end:#?}");
}

#[test]
fn a_name_without_address() {
    let place = Place::new();
    let call = place.call("check --domain acme.rolebook.invalid");
    let end = call.env("ROLEBOOK_API_TOKEN", "00abcdefghijklmnopqrstuvwxyzabcdefghijklmno").end().failed(1);
    let words = end.words();
    let dns = words.lines().find(|line| line.trim_start().starts_with("dns ")).unwrap();
    assert!(dns.contains("FAILED"), "{words}");
    assert!(words.contains("check the spelling of the domain"), "{words}");
}

#[test]
fn a_web_page_in_place_of_okta() {
    let place = Place::new();
    let fake = okta(orgs::small());
    fake.add_fault(
        rolebook_fake_okta::Fault::on("/api/v1/org").body("<html>Sign in</html>").content_type("text/html"),
    );
    let end = place.connected(&fake, "super", "check").end().failed(1);
    insta::assert_snapshot!("way_http", redacted(&end.words()));
}

#[test]
fn a_token_that_is_not_accepted() {
    let fake = okta(orgs::small());
    let place = Place::new();
    let call = place.call("check").arg("--allow-loopback").arg("--domain").arg(fake.url());
    let end = call.env("ROLEBOOK_API_TOKEN", "00notOneOfOurs").end().failed(4);
    insta::assert_snapshot!("way_token", redacted(&end.words()));
    assert_eq!(fake.log().len(), 1, "{:?}", fake.log_lines());
}
