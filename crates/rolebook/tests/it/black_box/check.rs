//! `check`: what it tells before the first sync.

use rolebook_fake_okta::App;

use super::{
    orgs,
    place::{Place, okta},
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
