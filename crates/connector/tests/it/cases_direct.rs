//! Cases N: profiles of assignments decide.

use rolebook_fake_okta::{App, AppGroup, AppUser, Org, UserStatus};
use serde_json::{Value, json};

use crate::run::{Done, Run, direct, group, people};

/// gX first with Admin and Ops, gY second with ReadOnly; the given users are members.
fn two_groups(app: App, in_x: &[&str], in_y: &[&str]) -> Org {
    let members = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    people()
        .group(group("gX", "ops", []).members(members(in_x)))
        .group(group("gY", "readers", []).members(members(in_y)))
        .app(
            app.saml_iam_roles(["Admin", "Ops", "ReadOnly"])
                .group(AppGroup::new("gX").priority(0).saml_roles(["Admin", "Ops"]))
                .group(AppGroup::new("gY").priority(1).saml_roles(["ReadOnly"])),
        )
}

fn own(profile: Value) -> Done {
    let app = direct().user(AppUser::direct("00uA").raw_profile(profile));
    Run::of(people().app(app.user(AppUser::direct("00uB").saml_roles(["Admin"])))).plain().done()
}

fn admin(role: &str) -> String {
    format!("account:111122223333:{role}")
}

#[test]
fn n1_the_catalogue_makes_entitlements() {
    let done = Run::of(two_groups(direct(), &[], &[])).plain().done();
    assert_eq!(done.rows.ids("account"), ["111122223333"]);
    let roles = ["111122223333:Admin", "111122223333:Ops", "111122223333:ReadOnly"];
    assert_eq!(done.rows.entitlements_of("account"), roles);
    assert_eq!(done.rows.profile("account", "111122223333")["catalogue"], "types");
    let entitlement = &done.rows.entitlements[&admin("Admin")];
    let mut to: Vec<_> = entitlement.grantable_to.iter().map(|kind| kind.id.as_str()).collect();
    to.sort_unstable();
    assert_eq!((entitlement.slug.as_str(), to), ("Admin", vec!["group", "user"]));
}

#[test]
fn n3_join_on_adds_the_groups_roles_to_ones_own() {
    let app = direct().setting("joinAllRoles", true).user(AppUser::direct("00uA").saml_roles(["Admin"]));
    let done = Run::of(two_groups(app, &[], &["00uA"])).plain().done();
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin", "111122223333:ReadOnly"]);
    assert_eq!(done.rows.group_roles("gX"), ["111122223333:Admin", "111122223333:Ops"]);
    assert_eq!(done.rows.group_roles("gY"), ["111122223333:ReadOnly"]);
    let (by_self, by_group) = (admin("Admin:user:00uA"), admin("ReadOnly:user:00uA"));
    assert!(done.rows.sources(&by_self).is_empty() && !done.rows.is_immutable(&by_self));
    assert_eq!(done.rows.metadata(&by_self, "source"), "own");
    assert_eq!(done.rows.sources(&by_group), ["group:gY:member"]);
    assert_eq!(done.rows.metadata(&by_group, "source"), "join");
    assert!(done.rows.is_immutable(&by_group));
}

#[test]
fn n3_a_role_from_oneself_and_from_a_group_has_both_sources() {
    let app = direct().setting("joinAllRoles", true).user(AppUser::direct("00uA").saml_roles(["ReadOnly"]));
    let done = Run::of(two_groups(app, &[], &["00uA"])).plain().done();
    let grant = admin("ReadOnly:user:00uA");
    assert_eq!(done.rows.sources(&grant), [admin("ReadOnly").as_str(), "group:gY:member"]);
    assert!(!done.rows.is_immutable(&grant), "the own half can be taken back");
}

#[test]
fn n4_join_off_leaves_ones_own() {
    let app = direct().user(AppUser::direct("00uA").saml_roles(["Admin"]));
    let done = Run::of(two_groups(app, &[], &["00uA"])).plain().done();
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
    assert_eq!(done.rows.holders("group:gY:member"), ["user:00uA"]);
    assert_eq!(done.rows.group_roles("gY"), ["111122223333:ReadOnly"]);
}

#[test]
fn n5_the_first_group_in_priority_decides() {
    let done = Run::of(two_groups(direct(), &["00uB"], &["00uB"])).plain().done();
    assert_eq!(done.rows.user_roles("00uB"), ["111122223333:Admin", "111122223333:Ops"]);
    let grant = admin("Ops:user:00uB");
    assert_eq!(done.rows.sources(&grant), ["group:gX:member"]);
    assert_eq!(done.rows.metadata(&grant, "source"), "priority");
    assert!(!done.log.iter().any(|entry| entry.path.contains("00uB")), "no call per user");
}

#[test]
fn n5_union_takes_them_all() {
    let done = Run::of(two_groups(direct().union(true), &["00uB"], &["00uB"])).plain().done();
    assert_eq!(
        done.rows.user_roles("00uB"),
        ["111122223333:Admin", "111122223333:Ops", "111122223333:ReadOnly"]
    );
    let grant = admin("ReadOnly:user:00uB");
    assert_eq!(done.rows.sources(&grant), ["group:gY:member"]);
    assert_eq!(done.rows.metadata(&grant, "source"), "union");
    assert_eq!(done.rows.profile("app", "0oaAWS")["union"], "enabled");
}

#[test]
fn n7_join_on_takes_all_groups_of_a_group_assignment() {
    let app = direct().setting("joinAllRoles", true);
    let done = Run::of(two_groups(app, &["00uB"], &["00uB"])).plain().done();
    assert_eq!(
        done.rows.user_roles("00uB"),
        ["111122223333:Admin", "111122223333:Ops", "111122223333:ReadOnly"]
    );
    assert_eq!(done.rows.sources(&admin("ReadOnly:user:00uB")), ["group:gY:member"]);
}

#[test]
fn n8_the_default_role_counts_when_none_is_selected() {
    let done = own(json!({"samlRoles": [], "role": "Support"}));
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Support"]);
    assert_eq!(done.rows.metadata(&admin("Support:user:00uA"), "source"), "default-role");
    let both = own(json!({"samlRoles": ["Admin"], "role": "Support"}));
    assert_eq!(both.rows.user_roles("00uA"), ["111122223333:Admin"], "beside a selection it adds nothing");
}

#[test]
fn n8_a_group_too_falls_back_on_its_default_role() {
    let org = people()
        .group(group("gX", "ops", ["00uB"]))
        .app(direct().group(AppGroup::new("gX").priority(0).role("Support")));
    let done = Run::of(org).plain().done();
    assert_eq!(done.rows.group_roles("gX"), ["111122223333:Support"]);
    assert_eq!(done.rows.user_roles("00uB"), ["111122223333:Support"]);
}

#[test]
fn n9_nothing_said_is_nothing_given() {
    let done = own(json!({}));
    assert!(done.rows.user_roles("00uA").is_empty());
    assert_eq!(done.rows.holders("app:0oaAWS:access"), ["user:00uA", "user:00uB"]);
}

#[test]
fn n11_one_string_is_one_role() {
    let done = own(json!({"samlRoles": "Admin"}));
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
    assert_eq!(done.warned("saml-roles-not-a-list"), 1);
}

#[test]
fn n12_what_is_no_string_is_counted_and_dropped() {
    let done = own(json!({"samlRoles": ["Admin", null, 5, {"x": 1}]}));
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"]);
    assert_eq!(done.rows.user_roles("00uB"), ["111122223333:Admin"]);
    assert_eq!(done.warned("role-not-a-string"), 3);
    assert_eq!(done.samples("role-not-a-string"), ["00uA"]);
}

#[test]
fn n13_the_same_twice_is_once_and_the_padded_one_is_its_own() {
    let done = own(json!({"samlRoles": ["Admin", "Admin", " Admin "]}));
    assert_eq!(done.rows.user_roles("00uA"), ["111122223333: Admin ", "111122223333:Admin"]);
    assert_eq!(done.warned("role-padded"), 1);
}

#[test]
fn n15_an_alias_is_an_account_and_the_value_is_kept() {
    let value = "[prod-eu] -- platform";
    let org = people()
        .group(group("gX", "ops", ["00uB"]))
        .app(direct().group(AppGroup::new("gX").priority(0).saml_roles([value])));
    let done = Run::of(org).plain().done();
    assert!(done.rows.ids("account").contains(&"prod-eu"));
    assert_eq!(done.rows.user_roles("00uB"), ["prod-eu:platform"]);
    let profile = done.rows.profile("account", "prod-eu");
    assert_eq!(profile["roles"]["platform"]["values"], json!([value]));
    assert_eq!(profile["alias"], "prod-eu");
    assert_eq!(done.rows.metadata("app:0oaAWS:access:group:gX", "saml_roles"), json!([value]));
}

#[test]
fn n16_an_arn_names_account_and_path() {
    let done = own(json!({"samlRoles": ["arn:aws:iam::444455556666:role/team/x"]}));
    assert_eq!(done.rows.user_roles("00uA"), ["444455556666:team/x"]);
}

#[test]
fn n17_only_a_live_assignment_gives_a_role() {
    for status in ["SUSPENDED", "DEPROVISIONED", "INACTIVE", "REVOKED", "STAGED", "PENDING", "UNASSIGNED"] {
        let app = direct().user(AppUser::direct("00uA").saml_roles(["Admin"]).status(status));
        let done = Run::of(people().app(app)).plain().done();
        assert!(done.rows.user_roles("00uA").is_empty(), "{status}");
        assert_eq!(done.rows.metadata("app:0oaAWS:access:user:00uA", "status"), status);
        assert_eq!(done.rows.entitlements_of("account"), ["111122223333:Admin"], "the role was seen");
    }
    for status in ["ACTIVE", "PROVISIONED", "IMPLICIT"] {
        let app = direct().user(AppUser::direct("00uA").saml_roles(["Admin"]).status(status));
        let done = Run::of(people().app(app)).plain().done();
        assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"], "{status}");
    }
}

#[test]
fn n19_who_can_sign_in_has_the_role() {
    use UserStatus::{
        Active, Deprovisioned, LockedOut, PasswordExpired, Provisioned, Recovery, Staged, Suspended,
    };
    let with = |status: UserStatus| {
        let org = people().app(direct().user(AppUser::direct("00uA").saml_roles(["Admin"])));
        let run = Run::of(org).plain();
        // Deprovisioning may take the assignment along, as in Okta.
        run.fake.change(|org| org.set_status("00uA", status));
        run.done()
    };
    for status in [Active, Provisioned, PasswordExpired, Recovery, LockedOut] {
        let done = with(status);
        assert_eq!(done.rows.user_roles("00uA"), ["111122223333:Admin"], "{status:?}");
        assert_eq!(done.rows.profile("user", "00uA")["okta_status"], status.as_str());
    }
    for status in [Staged, Suspended] {
        let done = with(status);
        assert!(done.rows.user_roles("00uA").is_empty(), "{status:?}");
        assert_eq!(done.rows.holders("app:0oaAWS:access"), ["user:00uA"], "{status:?}");
    }
    assert!(!with(Deprovisioned).rows.holders(&admin("Admin")).contains(&"user:00uA".to_owned()));
}

#[test]
fn n20_an_assignment_without_a_scope_is_read_by_its_profile() {
    let app = direct().user(AppUser::unscoped("00uC").raw_profile(json!({"samlRoles": ["Admin"]})));
    let done = Run::of(people().app(app)).plain().done();
    assert_eq!(done.rows.user_roles("00uC"), ["111122223333:Admin"]);
    assert_eq!(done.samples("scope-unknown"), ["00uC"]);
}

#[test]
fn n21_a_group_with_an_empty_profile_is_assigned_and_confers_nothing() {
    let org = people()
        .group(group("gX", "ops", ["00uB"]))
        .app(direct().group(AppGroup::new("gX").priority(0).raw_profile(json!({}))));
    let done = Run::of(org).plain().done();
    assert_eq!(done.rows.holders("app:0oaAWS:access"), ["group:gX", "user:00uB"]);
    assert!(done.rows.group_roles("gX").is_empty() && done.rows.user_roles("00uB").is_empty());
}

#[test]
fn a_group_role_that_no_group_explains_stays_and_is_a_sign() {
    let app = direct().user(AppUser::by_group("00uB").saml_roles(["Ghost"]));
    let done = Run::of(people().app(app)).plain().done();
    let grant = admin("Ghost:user:00uB");
    assert_eq!(done.rows.metadata(&grant, "source"), "profile");
    assert!(done.rows.sources(&grant).is_empty());
    assert!(!done.facts.coverage.is_complete());
}
