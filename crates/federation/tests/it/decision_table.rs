//! Assignment mode cell by cell: scope, join, union and what the profile holds; then statuses and ties.

use std::collections::BTreeSet;

use rolebook_federation::{
    AppUserStatus, DEFAULT_GROUP_FILTER, Group, GroupAssignment, JoinDefaultRole, JoinGroupScope,
    RoleProfile, Scope, Union, UserStatus,
};

use crate::org::{Org, assigned, named, person, profile};

/// Groups 0 (first in priority, Admin and Ops) and 1 (second, ReadOnly and Ops) hold the user, whose profile has
/// `samlRoles` ReadOnly, Ops and Extra and `role` Noise; or only `role` Ops; or nothing.
/// Columns: scope | join | union (`*` = each) | profile | role, source, conferring groups.
const CELLS: &str = "
USER    | off | *       | saml | Extra own+own []; Ops own+own []; ReadOnly own+own []
USER    | off | *       | role | Ops default-role+own []
USER    | off | *       | none |
USER    | on  | *       | saml | Admin join [0]; Extra own+own []; Ops own+own [0, 1]; ReadOnly own+own [1]
USER    | on  | *       | role | Admin join [0]; Ops join [0, 1]; ReadOnly join [1]
USER    | on  | *       | none | Admin join [0]; Ops join [0, 1]; ReadOnly join [1]
MISSING | off | *       | saml | Extra own+own []; Ops own+own []; ReadOnly own+own []
MISSING | off | *       | role | Ops default-role+own []
MISSING | off | *       | none |
MISSING | on  | *       | saml | Admin join [0]; Extra own+own []; Ops own+own [0, 1]; ReadOnly own+own [1]
MISSING | on  | *       | role | Admin join [0]; Ops join [0, 1]; ReadOnly join [1]
MISSING | on  | *       | none | Admin join [0]; Ops join [0, 1]; ReadOnly join [1]
GROUP   | off | DISABLE | saml | Extra profile []; Ops priority [0]; ReadOnly profile []
GROUP   | off | DISABLE | role | Ops default-role [0]
GROUP   | off | DISABLE | none |
GROUP   | off | ENABLE  | saml | Extra profile []; Ops union [0, 1]; ReadOnly union [1]
GROUP   | off | ENABLE  | role | Ops default-role [0, 1]
GROUP   | off | ENABLE  | none |
GROUP   | off | UNKNOWN | saml | Extra profile []; Ops group [0, 1]; ReadOnly group [1]
GROUP   | off | UNKNOWN | role | Ops default-role [0, 1]
GROUP   | off | UNKNOWN | none |
GROUP   | on  | *       | saml | Admin join [0]; Extra profile []; Ops join [0, 1]; ReadOnly join [1]
GROUP   | on  | *       | role | Admin join [0]; Ops join [0, 1]; ReadOnly join [1]
GROUP   | on  | *       | none | Admin join [0]; Ops join [0, 1]; ReadOnly join [1]
";

const UNIONS: [(&str, Union); 3] =
    [("DISABLE", Union::Disabled), ("ENABLE", Union::Enabled), ("UNKNOWN", Union::Unknown)];

fn scope(word: &str) -> Scope {
    Scope::parse(Some(word).filter(|word| *word != "MISSING"))
}

fn held(word: &str) -> RoleProfile {
    match word {
        "saml" => profile(&["ReadOnly", "Ops", "Extra"], &["Noise"]),
        "role" => profile(&[], &["Ops"]),
        _ => RoleProfile::default(),
    }
}

fn two_groups() -> Org {
    Org::direct().group(assigned(0, &["Admin", "Ops"])).group(assigned(1, &["ReadOnly", "Ops"]))
}

#[test]
fn every_cell_of_scope_join_union_and_profile() {
    let mut cells = BTreeSet::new();
    for line in CELLS.lines().filter(|line| !line.is_empty()) {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [of, join, union, what, expected] = columns[..] else { panic!("{line}") };
        let expected: Vec<&str> = expected.split("; ").filter(|word| !word.is_empty()).collect();
        for (word, setting) in UNIONS.iter().filter(|(word, _)| union == "*" || union == *word) {
            let org = two_groups().join(join == "on").union(*setting);
            let org = org.user(person(scope(of), held(what), &[0, 1]));
            assert_eq!(org.answer().words(0), expected, "{line} with union {word}");
            assert!(cells.insert((of, join, *word, what)), "{line}: twice");
        }
    }
    assert_eq!(cells.len(), 3 * 2 * 3 * 3);
}

#[test]
fn default_role_always_joins_when_the_switch_says_so() {
    let mut org = two_groups().join(true);
    org.switches.join_default_role = JoinDefaultRole::Always;
    let org = org
        .user(person(Scope::User, held("role"), &[0, 1]))
        .user(person(Scope::User, held("role"), &[]))
        .user(person(Scope::User, held("saml"), &[]))
        .user(person(Scope::Group, held("role"), &[0]));
    let answer = org.answer();
    assert_eq!(answer.words(0), ["Admin join [0]", "Ops default-role+own [0, 1]", "ReadOnly join [1]"]);
    assert_eq!(answer.words(1), ["Ops default-role+own []"]);
    assert_eq!(answer.words(2), ["Extra own+own []", "Ops own+own []", "ReadOnly own+own []"]);
    assert_eq!(answer.words(3), ["Admin join [0]", "Ops join [0]"], "an individual profile only");
}

#[test]
fn default_role_counts_when_the_joined_set_is_empty() {
    let empty = Group { assignment: Some(GroupAssignment::default()), ..named("assigned without roles") };
    let org = Org::direct()
        .join(true)
        .group(empty)
        .group(named("not assigned"))
        .user(person(Scope::User, held("role"), &[0, 1]))
        .user(person(Scope::Group, held("role"), &[0, 1]));
    assert_eq!(org.answer().words(0), ["Ops default-role+own []"]);
    assert_eq!(org.answer().words(1), ["Ops default-role []"]);
}

#[test]
fn the_default_role_of_a_group_is_a_role_of_that_group() {
    let fallback = Group {
        assignment: Some(GroupAssignment { priority: Some(0), profile: held("role") }),
        ..named("fallback")
    };
    let base = Org::direct().group(fallback);
    let org = base.clone().join(true).user(person(Scope::User, RoleProfile::default(), &[0]));
    assert_eq!(org.answer().words(0), ["Ops join [0]"]);
    assert_eq!(org.answer().group_words(), ["0 111122223333/Ops"]);
    let org = base.user(person(Scope::Group, profile(&["Ops"], &[]), &[0]));
    assert_eq!(org.answer().words(0), ["Ops priority [0]"]);
}

#[test]
fn join_reads_the_profile_when_the_switch_says_so() {
    for (word, union) in UNIONS {
        for what in ["saml", "role", "none"] {
            let user = person(Scope::Group, held(what), &[0, 1]);
            let off = two_groups().union(union).user(user);
            let mut on = off.clone().join(true);
            on.switches.join_group_scope = JoinGroupScope::Profile;
            assert_eq!(on.answer(), off.answer(), "union {word}, {what}");
        }
    }
    let mut own = two_groups().join(true).user(person(Scope::User, held("none"), &[0]));
    own.switches.join_group_scope = JoinGroupScope::Profile;
    assert_eq!(own.answer().words(0), ["Admin join [0]", "Ops join [0]"], "group scope only");
}

fn with_priority(priority: Option<i64>) -> Group {
    let profile = profile(&["Ops"], &[]);
    Group { assignment: Some(GroupAssignment { priority, profile }), ..named("priority") }
}

#[test]
fn the_lowest_priority_number_wins_and_ties_share() {
    for (priorities, winners) in [
        ([Some(0), Some(1)], "[0]"),
        ([Some(7), Some(3)], "[1]"),
        ([Some(2), Some(2)], "[0, 1]"),
        ([None, Some(900)], "[1]"),
        ([None, Some(i64::MAX)], "[1]"),
        ([None, None], "[0, 1]"),
    ] {
        let org = Org::direct()
            .group(with_priority(priorities[0]))
            .group(with_priority(priorities[1]))
            .user(person(Scope::Group, profile(&["Ops"], &[]), &[0, 1]));
        assert_eq!(org.answer().words(0), [format!("Ops priority {winners}")], "{priorities:?}");
    }
}

#[test]
fn only_groups_that_hold_the_user_compete() {
    let org = Org::direct()
        .group(with_priority(Some(0)))
        .group(with_priority(Some(1)))
        .group(named("not assigned"))
        .user(person(Scope::Group, profile(&["Ops"], &[]), &[1, 2]));
    assert_eq!(org.answer().words(0), ["Ops priority [1]"]);
}

#[test]
fn a_better_group_without_the_role_leaves_it_unexplained() {
    let org = Org::direct().group(assigned(0, &["Admin"])).group(assigned(1, &["Ops"])).user(person(
        Scope::Group,
        profile(&["Ops"], &[]),
        &[0, 1],
    ));
    assert_eq!(org.answer().words(0), ["Ops profile []"]);
}

#[test]
fn tied_groups_explain_only_what_they_have() {
    let org = Org::direct()
        .group(assigned(0, &["Admin"]))
        .group(assigned(0, &["Ops"]))
        .group(assigned(1, &["Ops"]))
        .user(person(Scope::Group, profile(&["Ops", "Admin"], &[]), &[0, 1, 2]));
    assert_eq!(org.answer().words(0), ["Admin priority [0]", "Ops priority [1]"]);
}

/// Okta's word, and whether somebody in that status has access.
const USER_STATUSES: [(&str, bool); 10] = [
    ("ACTIVE", true),
    ("PROVISIONED", true),
    ("RECOVERY", true),
    ("PASSWORD_EXPIRED", true),
    ("LOCKED_OUT", true),
    ("STAGED", false),
    ("SUSPENDED", false),
    ("DEPROVISIONED", false),
    ("SOMETHING_NEW", true),
    ("", true),
];

const APP_USER_STATUSES: [(&str, bool); 15] = [
    ("ACTIVE", true),
    ("PROVISIONED", true),
    ("IMPLICIT", true),
    ("APPROVED", false),
    ("PENDING", false),
    ("STAGED", false),
    ("IMPORTED", false),
    ("MATCHED", false),
    ("UNASSIGNED", false),
    ("INACTIVE", false),
    ("SUSPENDED", false),
    ("REVOKED", false),
    ("DEPROVISIONED", false),
    ("SOMETHING_NEW", false),
    ("active", false),
];

/// Every way to a role: own, priority, join, group mapping. Group 0 confers Admin in all of them.
fn every_way(user: UserStatus, app_user: AppUserStatus) -> Vec<(&'static str, usize)> {
    let mut someone = person(Scope::User, profile(&["Admin"], &[]), &[0]);
    someone.status = user;
    someone.app_user.as_mut().unwrap().status = app_user;
    let mut by_group = someone.clone();
    by_group.app_user.as_mut().unwrap().scope = Scope::Group;
    let mut group = assigned(0, &["Admin"]);
    group.name = Some("aws_111122223333_Admin".to_owned());
    let direct = Org::direct().group(group.clone());
    let mapping = Org::mapping(DEFAULT_GROUP_FILTER).group(group);
    let count = |org: Org| {
        assert_eq!(org.answer().role_words(), ["111122223333/Admin"], "the role stays known");
        assert_eq!(org.answer().group_words(), ["0 111122223333/Admin"], "the group grant stays");
        org.answer().user_grants.len()
    };
    vec![
        ("own", count(direct.clone().user(someone.clone()))),
        ("own, join", count(direct.clone().join(true).user(someone.clone()))),
        ("priority", count(direct.clone().user(by_group.clone()))),
        ("join", count(direct.join(true).user(by_group))),
        ("mapping", count(mapping.user(someone))),
    ]
}

#[test]
fn every_okta_user_status() {
    for (status, counts) in USER_STATUSES {
        let parsed = UserStatus::parse(Some(status));
        assert_eq!(parsed.counts(), counts, "{status}");
        for (way, grants) in every_way(parsed, AppUserStatus::Usable) {
            assert_eq!(grants, usize::from(counts), "{status}, {way}");
        }
    }
    assert!(UserStatus::parse(None).counts());
}

#[test]
fn every_app_user_status() {
    for (status, counts) in APP_USER_STATUSES {
        for (way, grants) in every_way(UserStatus::CanSignIn, AppUserStatus::parse(status)) {
            assert_eq!(grants, usize::from(counts), "{status}, {way}");
        }
    }
}

/// `status` and `signOnMode` of the app, and whether it lets anybody in.
const APPS: [(&str, Option<&str>, bool); 7] = [
    ("ACTIVE", Some("SAML_2_0"), true),
    ("INACTIVE", Some("SAML_2_0"), false),
    ("DELETED", Some("SAML_2_0"), false),
    ("ACTIVE", Some("SAML_1_1"), false),
    ("ACTIVE", Some("AUTO_LOGIN"), false),
    ("ACTIVE", None, false),
    ("", Some("SAML_2_0"), false),
];

#[test]
fn an_app_that_lets_nobody_in_keeps_accounts_and_roles() {
    for (status, mode, open) in APPS {
        let direct = two_groups().user(person(Scope::User, held("saml"), &[0, 1]));
        let mapped = Org::mapping(DEFAULT_GROUP_FILTER).group(named("aws_111122223333_Admin")).user(person(
            Scope::User,
            RoleProfile::default(),
            &[0],
        ));
        for base in [direct.clone(), direct.join(true), mapped] {
            let mut org = base.clone();
            org.app.status = status.to_owned();
            org.app.sign_on_mode = mode.map(str::to_owned);
            let (before, after) = (base.answer(), org.answer());
            assert_eq!(after.accounts, before.accounts);
            assert_eq!(after.roles, before.roles);
            assert_eq!(org.rules().unusable().is_none(), open, "{status} {mode:?}");
            let expected = if open {
                before
            } else {
                crate::org::Answer {
                    user_grants: Default::default(),
                    group_grants: Default::default(),
                    ..before
                }
            };
            assert_eq!(after, expected, "{status} {mode:?}");
        }
    }
}
