//! Cases A: start-up and settings.

use rolebook_connector::{AppChoice, ErrorKind, SyncError};
use rolebook_fake_okta::{App, AppUser, Fault};
use serde_json::Value;

use crate::run::{MAIN, Run, direct, group, mapping, people};

fn ann_has_admin() -> App {
    direct().saml_iam_roles(["Admin"]).user(AppUser::direct("00uA").saml_roles(["Admin"]))
}

#[test]
fn a1_the_only_app_is_found_with_one_call() {
    let done = Run::of(people().app(ann_has_admin())).done();
    assert_eq!(done.summary.app.id.as_str(), "0oaAWS");
    assert_eq!(done.asked("/api/v1/apps"), 1);
    assert_eq!(done.asked("/api/v1/apps/0oaAWS"), 0);
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
}

#[test]
fn a2_two_active_apps_are_listed_to_choose_from() {
    let other = || App::aws("0oaOTHER").label("AWS sandbox");
    let run = Run::of(people().app(ann_has_admin().label("AWS main")).app(other()));
    let error = run.refused();
    assert_eq!(error.kind(), ErrorKind::Usage);
    let text = error.to_string();
    for part in ["0oaAWS", "AWS main", "0oaOTHER", "AWS sandbox"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(matches!(run.check(), Err(SyncError::SeveralApps(apps)) if apps.len() == 2));

    let chosen = Run::of(people().app(ann_has_admin()).app(other())).app("0oaAWS").done();
    assert_eq!(chosen.summary.app.id.as_str(), "0oaAWS");
    let one_active = Run::of(people().app(ann_has_admin()).app(other().status("INACTIVE"))).done();
    assert_eq!(one_active.summary.app.id.as_str(), "0oaAWS");
}

#[test]
fn a4_another_kind_of_app_is_refused_without_further_calls() {
    let run = Run::of(people().app(App::new("0oaSF", "salesforce", "Salesforce"))).app("0oaSF");
    let error = run.refused();
    assert!(matches!(&error, SyncError::OtherApp { name, .. } if name == "salesforce"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().contains("not an AWS Account Federation app"), "{error}");
    assert!(!run.fake.log_lines().iter().any(|line| line.contains("/users?") || line.contains("/groups")));
}

#[test]
fn a5_identity_center_is_named() {
    let run = Run::of(people().app(App::aws_identity_center("0oaSSO"))).app("0oaSSO");
    let error = run.refused();
    assert!(matches!(&error, SyncError::OtherApp { name, .. } if name == "amazon_aws_sso"), "{error}");
    assert!(error.hint().contains("IAM Identity Center"), "{}", error.hint());
}

#[test]
fn a6_an_inactive_app_keeps_assignments_but_lets_nobody_in() {
    for off in [ann_has_admin().status("INACTIVE"), ann_has_admin().sign_on_mode(Some("BROWSER_PLUGIN"))] {
        let done = Run::of(people().app(off)).done();
        assert_eq!(done.rows.ids("account"), [MAIN]);
        assert_eq!(done.rows.entitlements_of("account"), ["111122223333:Admin"]);
        assert_eq!(done.rows.holders("app:0oaAWS:access"), ["user:00uA"]);
        assert!(done.rows.holders("account:111122223333:Admin").is_empty());
        assert_eq!(done.warned("app-not-active") + done.warned("app-not-saml"), 1);
    }
}

#[test]
fn a10_a_dead_token_costs_one_request() {
    let run = Run::of(people().app(ann_has_admin())).fault(Fault::everywhere().status(401).code("E0000011"));
    let error = run.refused();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().to_lowercase().contains("token"), "{error}");
    assert_eq!(run.fake.log().len(), 1, "{:?}", run.fake.log_lines());
}

#[test]
fn a12_without_the_role_catalogue_roles_come_from_what_is_seen() {
    let org = || {
        people().group(group("gX", "ops", ["00uB"])).app(
            ann_has_admin().group(rolebook_fake_okta::AppGroup::new("gX").priority(0).saml_roles(["Ops"])),
        )
    };
    for status in [403, 404] {
        let run = Run::of(org()).plain().fault(Fault::on("/api/v1/internal/**").status(status));
        let done = run.done();
        assert_eq!(done.rows.entitlements_of("account"), ["111122223333:Admin", "111122223333:Ops"]);
        assert_eq!(done.warned("list-not-read"), 1, "{status}");
        assert!(done.samples("list-not-read")[0].contains("types"));
    }
    let all = Run::of(org()).plain().done();
    assert_eq!(all.warned("list-not-read"), 0);
}

#[test]
fn a13_mapping_needs_no_provider_arn() {
    let app = mapping().setting("identityProviderArn", Value::Null).user(AppUser::direct("00uA"));
    let org = people().group(group("g1", "aws_111122223333_Admin", ["00uA"])).app(app);
    assert_eq!(Run::of(org).done().rows.user_roles("00uA"), ["111122223333:Admin"]);
}

#[test]
fn a14_without_a_provider_arn_the_account_comes_from_the_pattern() {
    let app = ann_has_admin().setting("identityProviderArn", Value::Null).setting(
        "roleValuePattern",
        "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/${role}",
    );
    let done = Run::of(people().app(app)).done();
    assert_eq!(done.rows.ids("account"), ["444455556666"]);
    assert_eq!(done.rows.user_roles("00uA"), ["444455556666:Admin"]);
}

#[test]
fn a16_a_missing_join_setting_means_off_and_is_noted() {
    let org = people().group(group("gY", "readers", ["00uA"])).app(
        ann_has_admin()
            .without_setting("joinAllRoles")
            .group(rolebook_fake_okta::AppGroup::new("gY").priority(0).saml_roles(["ReadOnly"])),
    );
    let done = Run::of(org).done();
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
    assert!(done.samples("setting-missing").contains(&"joinAllRoles".to_owned()));
}

#[test]
fn a17_a_setting_that_changes_counts_at_the_next_sync() {
    let org = people().group(group("gY", "readers", ["00uA"])).app(
        ann_has_admin().group(rolebook_fake_okta::AppGroup::new("gY").priority(0).saml_roles(["ReadOnly"])),
    );
    let run = Run::of(org);
    assert_eq!(run.done().rows.user_roles("00uA"), ["111122223333:Admin"]);
    run.fake.change(|org| org.change_app("0oaAWS", |app| app.setting("joinAllRoles", true)));
    run.later(60);
    assert_eq!(run.done().rows.user_roles("00uA"), ["111122223333:Admin", "111122223333:ReadOnly"]);
}

#[test]
fn an_org_without_the_app_and_an_unknown_id_are_not_found() {
    let run = Run::of(people());
    let error = run.refused();
    assert!(matches!(error, SyncError::NoApp), "{error}");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    for id in ["0oaNOPE", "../users", ""] {
        let run =
            Run::of(people().app(ann_has_admin())).options(|sync| sync.app = AppChoice::Id(id.to_owned()));
        let error = run.refused();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{id}: {error}");
    }
}
