//! Assignment mode: effective roles. Groups 0 (priority 0: Admin, Ops) and 1 (priority 1: ReadOnly).

use rolebook_federation::{
    AppUserStatus, Group, GroupAssignment, RoleProfile, Scope, User, UserStatus, Warnings,
};
use serde_json::json;

use crate::org::{Answer, Org, assigned, named, person, profile, strings};

fn base() -> Org {
    Org::direct().group(assigned(0, &["Admin", "Ops"])).group(assigned(1, &["ReadOnly"]))
}

#[test]
fn a14_the_pattern_names_the_account_when_no_provider_does() {
    let mut org = Org::direct()
        .pattern("arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/${role}")
        .group(assigned(0, &["Admin"]));
    org.app.settings.identity_provider_arn = None;
    assert_eq!(org.answer().role_words(), ["444455556666/Admin"]);
}

#[test]
fn n1_a_catalogue_is_one_account() {
    let mut org = Org::direct();
    org.catalogue = strings(&["Admin", "Ops", "ReadOnly"]);
    let answer = org.answer();
    assert_eq!(answer.accounts.keys().collect::<Vec<_>>(), ["111122223333"]);
    assert_eq!(answer.role_words(), ["111122223333/Admin", "111122223333/Ops", "111122223333/ReadOnly"]);
    assert!(answer.user_grants.is_empty() && answer.group_grants.is_empty());
}

#[test]
fn n3_own_roles_and_the_roles_of_groups_joined() {
    let org = base().join(true).user(person(Scope::User, profile(&["Admin"], &[]), &[1]));
    assert_eq!(org.answer().words(0), ["Admin own+own []", "ReadOnly join [1]"]);
    assert_eq!(
        org.answer().group_words(),
        ["0 111122223333/Admin", "0 111122223333/Ops", "1 111122223333/ReadOnly"]
    );
}

#[test]
fn n4_without_join_an_individual_assignment_is_all() {
    let org = base().user(person(Scope::User, profile(&["Admin"], &[]), &[1]));
    assert_eq!(org.answer().words(0), ["Admin own+own []"]);
}

#[test]
fn n5_the_group_first_in_priority_wins() {
    let org = base().user(person(Scope::Group, profile(&["Admin", "Ops"], &[]), &[0, 1]));
    assert_eq!(org.answer().words(0), ["Admin priority [0]", "Ops priority [0]"]);
}

#[test]
fn n7_joined_groups_whatever_the_profile_shows() {
    let org = base().join(true).user(person(Scope::Group, profile(&["Admin", "Ops"], &[]), &[0, 1]));
    assert_eq!(org.answer().words(0), ["Admin join [0]", "Ops join [0]", "ReadOnly join [1]"]);
}

#[test]
fn n8_the_default_role_counts_when_no_saml_role_does() {
    let org = base().user(person(Scope::User, profile(&[], &["Support"]), &[]));
    assert_eq!(org.answer().words(0), ["Support default-role+own []"]);
    let org = base().user(person(Scope::User, profile(&["Admin"], &["Support"]), &[]));
    assert_eq!(org.answer().words(0), ["Admin own+own []"], "beside a SAML role it adds nothing");
}

#[test]
fn n9_no_roles_no_grant() {
    let org = base().user(person(Scope::User, profile_of(&json!({})).0, &[]));
    assert!(org.answer().user_grants.is_empty());
}

fn profile_of(json: &serde_json::Value) -> (RoleProfile, Warnings) {
    let mut warnings = Warnings::new();
    (RoleProfile::from_json(json, "00uA", &mut warnings), warnings)
}

#[test]
fn n11_saml_roles_as_one_string() {
    let (profile, warnings) = profile_of(&json!({"samlRoles": "Admin"}));
    assert_eq!(base().user(person(Scope::User, profile, &[])).answer().words(0), ["Admin own+own []"]);
    assert_eq!(warnings.iter().count(), 1);
}

#[test]
fn n12_odd_items_are_counted_and_dropped() {
    let (odd, warnings) = profile_of(&json!({"samlRoles": ["Admin", null, 5, {"x": 1}]}));
    let org =
        base().user(person(Scope::User, odd, &[])).user(person(Scope::User, profile(&["Ops"], &[]), &[]));
    assert_eq!(org.answer().words(0), ["Admin own+own []"]);
    assert_eq!(org.answer().words(1), ["Ops own+own []"]);
    let counted: Vec<_> = warnings.iter().map(|warning| (warning.count, warning.samples.clone())).collect();
    assert_eq!(counted, [(3, strings(&["00uA"]))]);
}

#[test]
fn n13_repeated_and_padded_roles() {
    let (profile, warnings) = profile_of(&json!({"samlRoles": ["Admin", "Admin", " Admin "]}));
    let org = base().user(person(Scope::User, profile, &[]));
    assert_eq!(org.answer().words(0), [" Admin  own+own []", "Admin own+own []"]);
    assert!(!warnings.is_empty());
}

#[test]
fn n15_a_connected_account_is_an_account_of_its_own() {
    let org = Org::direct().group(assigned(0, &["[prod-eu] -- platform", "platform"]));
    let answer = org.answer();
    assert_eq!(answer.group_words(), ["0 111122223333/platform", "0 prod-eu/platform"]);
    let (number, alias, name, _) = &answer.accounts["prod-eu"];
    assert_eq!((number.as_deref(), alias.as_deref(), name.as_deref()), (None, Some("prod-eu"), None));
    let stored: Vec<_> = answer.roles[&("prod-eu".to_owned(), "platform".to_owned())].iter().collect();
    assert_eq!(stored, ["[prod-eu] -- platform"], "writes need it unchanged");
}

#[test]
fn n16_an_arn_names_its_account() {
    let arn = "arn:aws:iam::444455556666:role/team/x";
    let org = base().user(person(Scope::User, profile(&[arn], &[]), &[]));
    assert_eq!(org.answer().words(0), ["444455556666/team/x own+own []"]);
    let access = org.access();
    let at = access.roles.by_value(arn).unwrap();
    assert!(access.roles.get(at).unwrap().values.contains(arn));
}

#[test]
fn n17_unusable_assignments_confer_nothing() {
    for status in ["SUSPENDED", "DEPROVISIONED", "INACTIVE"] {
        let mut user = person(Scope::User, profile(&["Only"], &[]), &[0]);
        user.app_user.as_mut().unwrap().status = AppUserStatus::parse(status);
        let org = base().join(true).user(user);
        assert!(org.answer().user_grants.is_empty(), "{status}");
        assert!(
            org.answer().role_words().contains(&"111122223333/Only".to_owned()),
            "still a role that was seen"
        );
    }
}

#[test]
fn n19_statuses_on_the_way_in_or_back_count() {
    for status in ["ACTIVE", "PROVISIONED", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT"] {
        let user = User {
            status: UserStatus::parse(Some(status)),
            ..person(Scope::User, profile(&["Admin"], &[]), &[])
        };
        assert_eq!(base().user(user).answer().words(0), ["Admin own+own []"], "{status}");
    }
}

#[test]
fn n20_a_missing_scope_is_read_by_the_profile() {
    for scope in [None, Some(""), Some("SOMETHING"), Some("group")] {
        let org = base().user(person(Scope::parse(scope), profile(&["Admin"], &[]), &[0]));
        assert_eq!(org.answer().words(0), ["Admin own+own []"], "{scope:?}");
    }
}

#[test]
fn n21_a_group_without_roles_confers_none() {
    let bare = Group { assignment: Some(GroupAssignment::default()), ..named("bare") };
    let org = Org::direct().group(bare).user(person(Scope::Group, RoleProfile::default(), &[0]));
    assert_eq!(org.answer(), Answer::default());
}
