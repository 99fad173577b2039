//! Cases X: errors and limits, as far as reading meets them.

use rolebook_connector::{AdminRoles, ErrorKind};
use rolebook_fake_okta::{AdminRole, App, AppGroup, AppUser, Fault, Options, Org, RoleTargets};
use serde_json::json;

use crate::run::{Run, direct, group, mapping, people, unlimited};

fn org() -> Org {
    people()
        .group(group("g1", "aws_111122223333_Admin", ["00uA", "00uB"]))
        .group(group("g9", "aws-users", ["00uA", "00uB"]))
        .app(mapping().group(AppGroup::new("g9").priority(0)))
}

fn grants(run: &Run) -> Vec<String> {
    run.done().rows.grants.into_keys().collect()
}

#[test]
fn x2_a_rate_limit_is_waited_for() {
    let quiet = grants(&Run::of(org()).plain());
    let limit = Fault::on("/api/v1/groups").rate_limited().reset(1).count(3);
    let run = Run::of(org()).plain().fault(limit);
    assert_eq!(grants(&run), quiet);
    assert_eq!(run.fake.log().iter().filter(|entry| entry.limited).count(), 3);
}

#[test]
fn x2_a_limit_beyond_patience_is_an_error_that_says_until_when() {
    let limit = Fault::on("/api/v1/groups").rate_limited().reset(86_400);
    let run = Run::of(org()).plain().fault(limit);
    let error = run.refused();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert!(error.to_string().contains("until 20"), "{error}");
}

#[test]
fn x3_a_rate_limit_without_headers_is_waited_for_too() {
    let limit = Fault::on("/api/v1/groups").rate_limited().no_rate_headers().no_date().count(3);
    let run = Run::of(org()).plain().fault(limit);
    assert_eq!(grants(&run), grants(&Run::of(org()).plain()));
}

#[test]
fn x6_a_small_bucket_slows_without_a_single_refusal() {
    use rolebook_fake_okta::RateLimits;
    let limits = RateLimits { groups: 3, ..RateLimits::UNLIMITED };
    let okta =
        Options { rate_limits: limits, rate_window: std::time::Duration::from_secs(1), ..Options::default() };
    let run = Run::with(org(), okta).plain();
    let done = run.done();
    assert!(done.log.iter().all(|entry| entry.status == 200), "{:?}", done.log);
}

#[test]
fn x7_a_server_error_once_on_each_list_is_repeated() {
    let quiet = grants(&Run::of(org()).plain());
    for status in [500, 502, 503, 504] {
        for path in
            ["/api/v1/apps/*/users", "/api/v1/apps/*/groups", "/api/v1/groups", "/api/v1/groups/*/users"]
        {
            let run = Run::of(org()).plain().fault(Fault::on(path).status(status).count(1));
            assert_eq!(grants(&run), quiet, "{status} {path}");
        }
    }
    for fault in [Fault::on("/api/v1/groups").cut(), Fault::on("/api/v1/groups").drop_connection()] {
        assert_eq!(grants(&Run::of(org()).plain().fault(fault.count(1))), quiet);
    }
}

#[test]
fn x10_a_token_that_dies_in_the_middle_leaves_the_old_file() {
    let run = Run::of(org()).plain();
    run.done();
    run.later(60);
    run.fake.add_fault(Fault::on("/api/v1/groups/*/users").skip(1).status(401).code("E0000011"));
    let error = run.refused();
    assert_eq!(error.kind(), ErrorKind::Refused);
}

#[test]
fn x11_admin_roles_that_the_token_may_not_read_are_skipped_with_one_warning() {
    for path in ["/api/v1/iam/assignees/users", "/api/v1/groups/*/roles", "/api/v1/users/*/roles"] {
        let org = org().user_role("00uA", AdminRole::SuperAdmin, RoleTargets::all()).group_role(
            "g1",
            AdminRole::AppAdmin,
            RoleTargets::all(),
        );
        let refusal = Fault::on(path).status(403).code("E0000006");
        let run = Run::of(org).token("super").admin_roles(AdminRoles::Auto).fault(refusal);
        let done = run.done();
        assert_eq!(done.warned("list-not-read"), 1, "{path}");
        assert!(done.rows.ids("role").is_empty(), "{path}: half a list would be a lie");
        assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
    }
}

#[test]
fn x12_a_group_that_goes_away_during_the_reading_is_left_out() {
    let org = org().group(group("g2", "aws_111122223333_Ops", ["00uA"]));
    for code in ["E0000007", "E0000008"] {
        let gone = Fault::on("/api/v1/groups/g2/users").status(404).code(code);
        let done = Run::of(org.clone()).plain().fault(gone).done();
        assert_eq!(done.rows.ids("group"), ["g1", "g9"], "{code}");
        assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
        assert!(done.summary.warnings.iter().any(|w| w.samples.iter().any(|s| s.contains("g2"))), "{code}");
    }
}

#[test]
fn x14_unknown_words_and_fields_are_taken() {
    let app = direct()
        .setting("newSetting", json!({"deep": [1, 2]}))
        .user(AppUser::direct("00uA").saml_roles(["Admin"]).attribute("somethingNew", json!({"a": [null]})));
    let run =
        Run::of(people().app(app.user(AppUser::direct("00uB").saml_roles(["Admin"]).status("FOO")))).plain();
    let done = run.done();
    assert_eq!(done.rows.holders("account:111122223333:Admin"), ["user:00uA"]);
    assert_eq!(done.rows.profile("app", "0oaAWS")["settings"]["newSetting"], json!({"deep": [1, 2]}));
    assert_eq!(done.rows.metadata("app:0oaAWS:access:user:00uB", "status"), "FOO");

    // A user status nobody knows: access counts, with a warning.
    let list = json!([{
        "id": "00uA", "scope": "USER", "status": "ACTIVE", "extra": true,
        "profile": {"samlRoles": ["Admin"]}, "credentials": {"userName": "ann"},
        "_embedded": {"user": {"id": "00uA", "status": "FOO", "profile": {"login": "ann@acme.test"}}},
    }]);
    let run = Run::of(people().app(direct()))
        .plain()
        .fault(Fault::on("/api/v1/apps/*/users").status(200).body(list.to_string()));
    let done = run.done();
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
    assert_eq!(done.warned("user-status-unknown"), 1);
    assert_eq!(done.rows.profile("user", "00uA")["okta_status"], "FOO");
}

/// Without the embedded user the status is unknown: access counts, and the summary says that it does.
#[test]
fn a_status_that_was_not_read_is_told() {
    let list = json!([{
        "id": "00uA", "scope": "USER", "status": "ACTIVE", "profile": {"samlRoles": ["Admin"]},
    }]);
    let run = Run::of(people().app(direct()))
        .plain()
        .fault(Fault::on("/api/v1/apps/*/users").status(200).body(list.to_string()));
    let done = run.done();
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
    let partial = run.open().0.coverage.partial;
    assert!(partial.iter().any(|sign| sign.contains("status was not read")), "{partial:?}");
}

/// Without the embedded app nobody knows whether `appFilter` lists the source: the summary says so, though another group
/// gives a role.
#[test]
fn a_source_that_was_not_read_is_told() {
    let list = json!([
        {"id": "gAD", "type": "APP_GROUP", "source": {"id": "0oaAD"}, "profile": {"name": "aws_111122223333_Ad"}},
        {"id": "gOne", "type": "OKTA_GROUP", "profile": {"name": "aws_111122223333_One"}},
    ]);
    let sign = |filter: &str| {
        let org = people()
            .app(App::active_directory("0oaAD"))
            .group(group("gAD", "aws_111122223333_Ad", ["00uA"]).from_app("0oaAD"))
            .group(group("gOne", "aws_111122223333_One", ["00uA"]))
            .app(mapping().setting("appFilter", filter).user(AppUser::direct("00uA")));
        let run = Run::of(org).plain().fault(Fault::on("/api/v1/groups").status(200).body(list.to_string()));
        let done = run.done();
        assert_eq!(done.rows.user_roles("00uA"), ["111122223333:One"]);
        run.open()
            .0
            .coverage
            .partial
            .iter()
            .any(|sign| sign.contains("the app that it comes from was not read"))
    };
    assert!(sign("okta,active_directory"));
    assert!(!sign("okta"), "no imported group counts, whatever its source is called");
}

#[test]
fn x15_an_error_without_a_code_is_read_by_its_status() {
    for (status, kind) in [(403, ErrorKind::Refused), (400, ErrorKind::Failed)] {
        let fault = Fault::on("/api/v1/apps/*/users").status(status).body("{\"oops\":1}");
        let error = Run::with(org(), unlimited()).plain().fault(fault).refused();
        assert_eq!(error.kind(), kind, "{status}: {error}");
    }
}
