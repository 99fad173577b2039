//! Assignment mode: profiles of app users and assigned groups.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use rolebook_federation::{
    AppUser, AppUserStatus, DEFAULT_ROLE_VALUE_PATTERN, Group, GroupAssignment, JoinDefaultRole,
    JoinGroupScope, RoleProfile, Scope, Source, Switches, Union, User, UserStatus,
};

use super::config;
use crate::org::{Answer, How, Name, Org, PROVIDER, named};

/// A stored value and how a person reads it. Account `None` is the main account.
struct Known {
    value: &'static str,
    account: Option<&'static str>,
    role: &'static str,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Bare,
    Arn,
    Number,
    Alias,
    Name,
}

const fn known(
    value: &'static str,
    account: Option<&'static str>,
    role: &'static str,
    shape: Shape,
) -> Known {
    Known { value, account, role, shape }
}

/// Several spell the same role, so that collisions are common.
const KNOWN: &[Known] = &[
    known("Admin", None, "Admin", Shape::Bare),
    known("Ops", None, "Ops", Shape::Bare),
    known(" Admin ", None, " Admin ", Shape::Bare),
    known("arn:aws:iam::111122223333:role/Admin", Some("111122223333"), "Admin", Shape::Arn),
    known("arn:aws:iam::444455556666:role/team/x", Some("444455556666"), "team/x", Shape::Arn),
    known(
        "arn:aws:iam::444455556666:role/Admin,arn:aws:iam::444455556666:saml-provider/OKTA",
        Some("444455556666"),
        "Admin",
        Shape::Arn,
    ),
    known(
        "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/Admin",
        Some("444455556666"),
        "Admin",
        Shape::Arn,
    ),
    known("[444455556666] -- Admin", Some("444455556666"), "Admin", Shape::Number),
    known("111122223333 -- Ops", Some("111122223333"), "Ops", Shape::Number),
    known("[prod-eu] -- Admin", Some("prod-eu"), "Admin", Shape::Alias),
    known("prod-eu -- Admin", Some("prod-eu"), "Admin", Shape::Name),
    known("Prod Account -- Ops", Some("Prod Account"), "Ops", Shape::Name),
];

fn lookup(value: &str) -> &'static Known {
    KNOWN.iter().find(|known| known.value == value).unwrap()
}

/// `samlRoles`, or `role` when no SAML roles are selected.
fn spoken(profile: &RoleProfile) -> Vec<String> {
    if profile.saml_roles.is_empty() { profile.role.clone() } else { profile.saml_roles.clone() }
}

fn profile_of(group: &Group) -> Vec<String> {
    group.assignment.as_ref().map(|assignment| spoken(&assignment.profile)).unwrap_or_default()
}

/// Every value anywhere, whoever may use it.
fn all_values(org: &Org) -> BTreeSet<String> {
    let of_groups = org.groups.iter().flat_map(profile_of);
    let of_users =
        org.users.iter().flat_map(|user| user.app_user.iter()).flat_map(|app_user| spoken(&app_user.profile));
    org.catalogue.iter().cloned().chain(of_groups).chain(of_users).collect()
}

struct Naive<'a> {
    org: &'a Org,
    main: String,
}

impl<'a> Naive<'a> {
    fn new(org: &'a Org) -> Self {
        let arns: BTreeSet<&str> = all_values(org)
            .iter()
            .map(|value| lookup(value))
            .filter(|known| known.shape == Shape::Arn)
            .filter_map(|known| known.account)
            .collect();
        let main = if org.app.settings.identity_provider_arn.as_deref() == Some(PROVIDER) {
            "111122223333"
        } else if org.app.settings.role_value_pattern == FIXED {
            "777788889999"
        } else if arns.len() == 1 {
            arns.first().copied().unwrap()
        } else {
            "unknown"
        };
        Self { org, main: main.to_owned() }
    }

    fn name(&self, value: &str) -> Name {
        let known = lookup(value);
        (known.account.map_or(self.main.clone(), str::to_owned), known.role.to_owned())
    }

    fn names(&self, values: &[String]) -> BTreeSet<Name> {
        values.iter().map(|value| self.name(value)).collect()
    }

    fn answer(&self) -> Answer {
        let mut answer = Answer::default();
        self.tables(&mut answer);
        let app = &self.org.app;
        if app.status != "ACTIVE" || app.sign_on_mode.as_deref() != Some("SAML_2_0") {
            return answer;
        }
        for (at, group) in (0..).zip(&self.org.groups) {
            for name in self.names(&profile_of(group)) {
                answer.group_grants.insert((at, name), false);
            }
        }
        for (at, user) in (0..).zip(&self.org.users) {
            for (name, how) in self.person(user) {
                answer.user_grants.insert((at, name), how);
            }
        }
        answer
    }

    fn tables(&self, answer: &mut Answer) {
        for value in all_values(self.org) {
            answer.roles.entry(self.name(&value)).or_default().insert(value);
        }
        let ids: BTreeSet<String> = answer.roles.keys().map(|(account, _)| account.clone()).collect();
        for id in ids {
            let shows = |shape: Shape| {
                let mut values = answer.roles.values().flatten();
                values.any(|value| {
                    let known = lookup(value);
                    known.shape == shape && known.account == Some(id.as_str())
                })
            };
            let number = (id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())).then(|| id.clone());
            let alias = shows(Shape::Alias).then(|| id.clone());
            let name = shows(Shape::Name).then(|| id.clone());
            answer.accounts.insert(id, (number, alias, name, "aws".to_owned()));
        }
    }

    fn person(&self, user: &User) -> BTreeMap<Name, How> {
        let usable = |app_user: &&AppUser| app_user.status == AppUserStatus::Usable;
        let Some(app_user) = user.app_user.as_ref().filter(usable) else { return BTreeMap::new() };
        if user.status == UserStatus::CannotSignIn {
            return BTreeMap::new();
        }
        let join = self.org.app.settings.join_all_roles;
        match app_user.scope {
            Scope::Group if join && self.org.switches.join_group_scope == JoinGroupScope::AllGroups => {
                self.group_scope_joined(user, &app_user.profile)
            }
            Scope::Group => self.group_scope(user, &app_user.profile),
            Scope::User | Scope::Unknown => self.user_scope(user, &app_user.profile, join),
        }
    }

    /// Assigned groups that hold the user and whose profile has the role.
    fn conferring(&self, user: &User, name: &Name) -> Vec<u32> {
        let has = |group: &&u32| self.names(&profile_of(&self.org.groups[**group as usize])).contains(name);
        user.groups.iter().filter(has).copied().collect()
    }

    fn joined(&self, user: &User) -> BTreeSet<Name> {
        let of_group = |group: &u32| self.names(&profile_of(&self.org.groups[*group as usize]));
        user.groups.iter().flat_map(of_group).collect()
    }

    fn user_scope(&self, user: &User, profile: &RoleProfile, join: bool) -> BTreeMap<Name, How> {
        let joined = if join { self.joined(user) } else { BTreeSet::new() };
        let fallback = profile.saml_roles.is_empty();
        let always = self.org.switches.join_default_role == JoinDefaultRole::Always;
        let own = if fallback && !joined.is_empty() && !always {
            BTreeSet::new()
        } else {
            self.names(&spoken(profile))
        };
        let mut grants = BTreeMap::new();
        for name in own.union(&joined) {
            let mine = own.contains(name);
            let source = match (mine, fallback) {
                (true, true) => Source::DefaultRole,
                (true, false) => Source::Own,
                (false, _) => Source::Join,
            };
            let groups = if join { self.conferring(user, name) } else { Vec::new() };
            grants.insert(name.clone(), How { source, own: mine, partial: false, groups });
        }
        grants
    }

    fn group_scope_joined(&self, user: &User, profile: &RoleProfile) -> BTreeMap<Name, How> {
        let mut grants = BTreeMap::new();
        let mut add = |name: Name, source, groups| {
            grants.entry(name).or_insert(How { source, own: false, partial: false, groups });
        };
        let joined = self.joined(user);
        for name in &joined {
            add(name.clone(), Source::Join, self.conferring(user, name));
        }
        for name in self.names(&profile.saml_roles) {
            add(name, Source::Profile, Vec::new());
        }
        if joined.is_empty() && profile.saml_roles.is_empty() {
            for name in self.names(&profile.role) {
                add(name, Source::DefaultRole, Vec::new());
            }
        }
        grants
    }

    fn group_scope(&self, user: &User, profile: &RoleProfile) -> BTreeMap<Name, How> {
        let number = |group: u32| {
            let assignment = self.org.groups[group as usize].assignment.as_ref();
            assignment.map(|assignment| assignment.priority.map_or(i128::MAX, i128::from))
        };
        let best = user.groups.iter().filter_map(|group| number(*group)).min();
        let mut grants = BTreeMap::new();
        for name in self.names(&spoken(profile)) {
            let mut groups = self.conferring(user, &name);
            let mut source = Source::Group;
            if self.org.union == Union::Disabled {
                groups.retain(|group| number(*group) == best);
                source = Source::Priority;
            } else if self.org.union == Union::Enabled {
                source = Source::Union;
            }
            if groups.is_empty() {
                source = Source::Profile;
            }
            if profile.saml_roles.is_empty() {
                source = Source::DefaultRole;
            }
            grants.insert(name, How { source, own: false, partial: false, groups });
        }
        grants
    }
}

const FIXED: &str = "arn:aws:iam::777788889999:saml-provider/OKTA,arn:aws:iam::777788889999:role/${role}";

fn values() -> Vec<String> {
    KNOWN.iter().map(|known| known.value.to_owned()).collect()
}

fn any_profile() -> impl Strategy<Value = RoleProfile> {
    // Short lists from the front of the alphabet collide most.
    let list = prop_oneof![
        4 => Just(Vec::new()),
        5 => subsequence(values()[..4].to_vec(), 1..4),
        2 => subsequence(values(), 1..5),
    ];
    let role = prop_oneof![
        2 => Just(Vec::new()),
        3 => subsequence(values()[..4].to_vec(), 1),
        1 => subsequence(values(), 1..3),
    ];
    (list.prop_shuffle(), role).prop_map(|(saml_roles, role)| RoleProfile { saml_roles, role })
}

fn any_group() -> impl Strategy<Value = Group> {
    let priority = prop_oneof![1 => Just(None), 4 => (-1_i64..2).prop_map(Some)];
    let assignment =
        (priority, any_profile()).prop_map(|(priority, profile)| GroupAssignment { priority, profile });
    option::weighted(0.9, assignment).prop_map(|assignment| Group { assignment, ..named("any") })
}

fn any_user(groups: u32) -> impl Strategy<Value = User> {
    let status = prop_oneof![
        6 => Just(UserStatus::CanSignIn),
        1 => Just(UserStatus::CannotSignIn),
        1 => Just(UserStatus::Unknown),
    ];
    let scope = select(vec![Scope::User, Scope::Group, Scope::Group, Scope::Unknown]);
    let usable = prop_oneof![6 => Just(AppUserStatus::Usable), 1 => Just(AppUserStatus::Unusable)];
    let app_user = (scope, usable, any_profile()).prop_map(|(scope, status, profile)| AppUser {
        scope,
        status,
        profile,
    });
    let held = subsequence((0..groups).collect::<Vec<_>>(), 0..=groups as usize);
    (status, option::weighted(0.9, app_user), held).prop_map(|(status, app_user, groups)| User {
        status,
        app_user,
        groups,
    })
}

fn any_switches() -> impl Strategy<Value = Switches> {
    let role = select(vec![JoinDefaultRole::OnlyWhenNothingElse, JoinDefaultRole::Always]);
    let scope = select(vec![JoinGroupScope::AllGroups, JoinGroupScope::Profile]);
    (role, scope).prop_map(|(join_default_role, join_group_scope)| Switches {
        join_default_role,
        join_group_scope,
        ..Switches::default()
    })
}

fn any_org() -> impl Strategy<Value = Org> {
    let people = vec(any_group(), 0..6).prop_flat_map(|groups| {
        let users = vec(any_user(u32::try_from(groups.len()).unwrap()), 0..6);
        (Just(groups), users)
    });
    let usable = prop_oneof![8 => Just(("ACTIVE", Some("SAML_2_0"))), 1 => any_lock()];
    let settings = (
        any::<bool>(),
        any::<bool>(),
        select(vec![Some(PROVIDER), Some(PROVIDER), Some("${aws_iam_saml_provider.okta.arn}"), None]),
        select(vec![DEFAULT_ROLE_VALUE_PATTERN, DEFAULT_ROLE_VALUE_PATTERN, FIXED]),
    );
    let union = select(vec![Union::Enabled, Union::Disabled, Union::Unknown]);
    let catalogue = prop_oneof![Just(Vec::new()), subsequence(values(), 0..3)];
    (people, usable, settings, union, any_switches(), catalogue).prop_map(
        |(
            (groups, users),
            (status, mode),
            (join, implicit, provider, pattern),
            union,
            switches,
            catalogue,
        )| {
            let mut org = Org { union, switches, catalogue, groups, users, ..Org::direct() };
            org.app.status = status.to_owned();
            org.app.sign_on_mode = mode.map(str::to_owned);
            org.app.implicit_assignment = implicit;
            org.app.settings.join_all_roles = join;
            org.app.settings.identity_provider_arn = provider.map(str::to_owned);
            org.app.settings.role_value_pattern = pattern.to_owned();
            org
        },
    )
}

fn any_lock() -> impl Strategy<Value = (&'static str, Option<&'static str>)> {
    select(vec![
        ("INACTIVE", Some("SAML_2_0")),
        ("DELETED", Some("SAML_2_0")),
        ("ACTIVE", Some("AMAZON_AWS")),
        ("ACTIVE", None),
    ])
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn assignment_mode_agrees_with_the_naive_reading(org in any_org()) {
        prop_assert_eq!(org.answer(), Naive::new(&org).answer());
    }

}

proptest! {
    #![proptest_config(config(800))]

    /// Neither the order in which Okta lists groups nor that of users changes who has what.
    #[test]
    fn the_order_of_groups_does_not_matter(org in any_org(), seed in any::<Index>()) {
        let count = u32::try_from(org.groups.len()).unwrap();
        prop_assume!(count > 0);
        let by = u32::try_from(seed.index(count as usize)).unwrap();
        let mut turned = org.clone();
        turned.groups.rotate_left(by as usize);
        let place = |group: u32| (group + count - by) % count;
        for user in &mut turned.users {
            for group in &mut user.groups {
                *group = place(*group);
            }
            user.groups.sort_unstable();
        }
        let mut expected = org.answer();
        for how in expected.user_grants.values_mut() {
            how.groups = how.groups.iter().map(|group| place(*group)).collect();
            how.groups.sort_unstable();
        }
        expected.group_grants =
            expected.group_grants.into_iter().map(|((group, name), part)| ((place(group), name), part)).collect();
        prop_assert_eq!(turned.answer(), expected);
    }
}
