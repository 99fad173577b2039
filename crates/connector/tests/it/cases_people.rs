//! Cases U: people, groups and Okta's admin roles.

use rolebook_connector::{AdminRoles, ErrorKind};
use rolebook_fake_okta::{AdminRole, AppUser, Org, RoleTargets, User};
use rolebook_snapshot::{annotation, proto::UserTrait};
use serde_json::json;

use crate::run::{Done, Run, direct, group, people};

fn user_trait(done: &Done, id: &str) -> UserTrait {
    annotation::find(&done.rows.resource("user", id).annotations).unwrap().unwrap()
}

fn only(user: User) -> Org {
    Org::new("acme").user(user.id("00uA")).app(direct().user(AppUser::direct("00uA").saml_roles(["Admin"])))
}

#[test]
fn u2_second_addresses_can_be_left_out() {
    let org = || only(User::new("ann@acme.test").attribute("secondEmail", "ann@home.test"));
    let with = Run::of(org()).plain().done();
    assert_eq!(user_trait(&with, "00uA").emails.len(), 2);
    assert_eq!(with.rows.profile("user", "00uA")["secondEmail"], "ann@home.test");

    let run = Run::of(org()).plain().options(|sync| sync.read.people.skip_secondary_emails = true);
    let without = run.done();
    let emails = user_trait(&without, "00uA").emails;
    assert_eq!(emails.len(), 1);
    assert!(emails[0].is_primary && emails[0].address == "ann@acme.test");
    assert!(without.rows.profile("user", "00uA")["secondEmail"].is_null());
    assert!(!format!("{:?}", without.rows.resources).contains("ann@home.test"));
}

#[test]
fn u3_an_alias_is_the_part_before_the_one_at() {
    let done = Run::of(only(User::new("ann@acme.test"))).plain().done();
    let ann = user_trait(&done, "00uA");
    assert_eq!((ann.login.as_str(), ann.login_aliases), ("ann@acme.test", vec!["ann".to_owned()]));
    let done = Run::of(only(User::new("a@b@c"))).plain().done();
    let odd = user_trait(&done, "00uA");
    assert_eq!((odd.login.as_str(), odd.login_aliases), ("a@b@c", vec![]));
}

#[test]
fn u4_an_employee_number_may_be_a_number() {
    let done =
        Run::of(only(User::new("ann@acme.test").attribute("employeeNumber", json!(42)))).plain().done();
    assert_eq!(user_trait(&done, "00uA").employee_ids, ["42"]);
}

fn with_admins() -> Org {
    people()
        .group(group("g1", "ops", ["00uB"]))
        .app(
            direct()
                .group(rolebook_fake_okta::AppGroup::new("g1").priority(0).saml_roles(["Ops"]))
                .user(AppUser::direct("00uA").saml_roles(["Admin"])),
        )
        .user_role("00uA", AdminRole::SuperAdmin, RoleTargets::all())
        .group_role("g1", AdminRole::AppAdmin, RoleTargets::all().apps(["amazon_aws"]))
}

#[test]
fn u6_admin_roles_of_people_and_groups() {
    let done = Run::of(with_admins()).token("super").admin_roles(AdminRoles::Auto).done();
    assert!(done.rows.holders("role:SUPER_ADMIN:assigned").contains(&"user:00uA".to_owned()));
    assert_eq!(done.rows.holders("role:APP_ADMIN:assigned"), ["group:g1", "user:00uB"]);
    let (ann, bob) = ("role:SUPER_ADMIN:assigned:user:00uA", "role:APP_ADMIN:assigned:user:00uB");
    assert_eq!(done.rows.metadata(ann, "assignment"), "USER");
    assert!(!done.rows.is_immutable(ann) && done.rows.sources(ann).is_empty());
    assert_eq!(done.rows.metadata(bob, "assignment"), "GROUP");
    assert_eq!(done.rows.sources(bob), ["group:g1:member"]);
    assert!(done.rows.is_immutable(bob));
    assert_eq!(done.rows.metadata(bob, "targets"), json!(["app:amazon_aws"]));
    assert_eq!(done.rows.profile("role", "APP_ADMIN")["label"], "Application Administrator");
    assert_eq!(done.warned("list-not-read"), 0);
}

#[test]
fn u6_a_role_through_a_group_outside_the_file_names_it() {
    let org = with_admins().group(group("gHELP", "help desk", ["00uC"])).group_role(
        "gHELP",
        AdminRole::HelpDeskAdmin,
        RoleTargets::all(),
    );
    let done = Run::of(org).token("super").done();
    assert_eq!(done.rows.holders("role:HELP_DESK_ADMIN:assigned"), ["user:00uC"]);
    let cy = "role:HELP_DESK_ADMIN:assigned:user:00uC";
    assert!(done.rows.is_immutable(cy) && done.rows.sources(cy).is_empty());
    assert_eq!(done.rows.metadata(cy, "outside_groups")[0]["id"], "gHELP");
    assert!(!done.rows.ids("group").contains(&"gHELP"));
}

#[test]
fn u7_a_token_that_may_not_read_admin_roles_gets_a_warning() {
    let done = Run::of(with_admins()).admin_roles(AdminRoles::Auto).done();
    assert!(done.rows.ids("role").is_empty());
    assert_eq!(done.warned("list-not-read"), 1);
    assert!(
        done.facts.coverage.is_complete(),
        "an optional list is no sign: {:?}",
        done.facts.coverage.partial
    );

    let error = Run::of(with_admins()).admin_roles(AdminRoles::On).refused();
    assert_eq!(error.kind(), ErrorKind::Refused, "whoever asks for them gets them or an error");
}

/// The file brings people and groups itself, so it needs no other connector's file beside it: whatever explains a grant
/// is an entitlement of a group in the file, and nobody stands in it twice.
#[test]
fn u10_what_grants_refer_to_is_in_the_file_once() {
    let org = people()
        .group(group("g1", "aws_111122223333_Admin", ["00uA", "00uB"]))
        .app(crate::run::mapping().user(AppUser::direct("00uA")).user(AppUser::direct("00uB")));
    let done = Run::of(org).plain().done();
    assert_eq!(done.rows.sources("account:111122223333:Admin:user:00uA"), ["group:g1:member"]);
    assert_eq!(done.rows.holders("group:g1:member"), ["user:00uA", "user:00uB"]);
    assert_eq!(done.rows.ids("user"), ["00uA", "00uB"]);
    assert_eq!(done.rows.ids("group"), ["g1"]);
}

#[test]
fn u11_two_syncs_of_the_same_org_hold_the_same_rows_in_the_same_order() {
    let run = Run::of(with_admins()).token("super");
    let first = run.done();
    run.later(3600);
    let second = run.done();
    // The coverage record tells the time; the rows do not.
    assert_eq!(first.rows.encoded, second.rows.encoded);
}
