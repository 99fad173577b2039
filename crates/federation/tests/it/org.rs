//! Builders for small orgs, and the answer of the crate in a form that two implementations can be compared in.

use std::collections::{BTreeMap, BTreeSet};

use rolebook_federation::{
    Access, App, AppUser, AppUserStatus, Group, GroupAssignment, GroupIx, GroupKind, GroupOrigin,
    RoleProfile, Rules, Scope, Settings, Source, Switches, Union, User, UserStatus, Warnings, resolve,
};

/// The account of the base state's identity provider.
pub(crate) const MAIN: &str = "111122223333";
/// The base state's identity provider.
pub(crate) const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/OKTA";

/// One org around one AWS app.
#[derive(Debug, Clone)]
pub(crate) struct Org {
    pub(crate) app: App,
    pub(crate) union: Union,
    pub(crate) switches: Switches,
    pub(crate) catalogue: Vec<String>,
    pub(crate) groups: Vec<Group>,
    pub(crate) users: Vec<User>,
}

impl Org {
    /// Assignment profiles decide; provider in [`MAIN`]; join and union off.
    pub(crate) fn direct() -> Self {
        let settings = Settings { identity_provider_arn: Some(PROVIDER.to_owned()), ..Settings::default() };
        Self {
            app: App {
                status: "ACTIVE".to_owned(),
                sign_on_mode: Some("SAML_2_0".to_owned()),
                implicit_assignment: false,
                settings,
            },
            union: Union::Disabled,
            switches: Switches::default(),
            catalogue: Vec::new(),
            groups: Vec::new(),
            users: Vec::new(),
        }
    }

    /// Group names decide, by that filter.
    pub(crate) fn mapping(filter: &str) -> Self {
        let mut org = Self::direct();
        org.app.settings.use_group_mapping = true;
        org.app.settings.group_filter = filter.to_owned();
        org.app.settings.identity_provider_arn = None;
        org
    }

    pub(crate) fn pattern(mut self, pattern: &str) -> Self {
        self.app.settings.role_value_pattern = pattern.to_owned();
        self
    }

    pub(crate) fn join(mut self, join: bool) -> Self {
        self.app.settings.join_all_roles = join;
        self
    }

    pub(crate) fn union(mut self, union: Union) -> Self {
        self.union = union;
        self
    }

    pub(crate) fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    pub(crate) fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules::compile(&self.app, self.union, &self.switches, &mut Warnings::new()).unwrap()
    }

    pub(crate) fn access(&self) -> Access {
        resolve(&self.rules(), &self.catalogue, &self.groups, &self.users)
    }

    pub(crate) fn answer(&self) -> Answer {
        Answer::of(&self.access())
    }
}

pub(crate) fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

pub(crate) fn profile(saml_roles: &[&str], role: &[&str]) -> RoleProfile {
    RoleProfile { saml_roles: strings(saml_roles), role: strings(role) }
}

/// A group of Okta's own, assigned to the app.
pub(crate) fn assigned(priority: i64, saml_roles: &[&str]) -> Group {
    let assignment = GroupAssignment { priority: Some(priority), profile: profile(saml_roles, &[]) };
    Group { assignment: Some(assignment), ..named("assigned") }
}

/// A group of Okta's own that is not assigned to the app.
pub(crate) fn named(name: &str) -> Group {
    Group {
        name: Some(name.to_owned()),
        kind: GroupKind::Okta,
        origin: GroupOrigin::default(),
        assignment: None,
    }
}

/// A group that an app or directory pushed.
pub(crate) fn pushed(name: &str, app_name: Option<&str>, app_id: Option<&str>) -> Group {
    Group {
        kind: GroupKind::App,
        origin: GroupOrigin { app_id: app_id.map(str::to_owned), app_name: app_name.map(str::to_owned) },
        ..named(name)
    }
}

/// Somebody who can sign in and is assigned to the app.
pub(crate) fn person(scope: Scope, profile: RoleProfile, groups: &[GroupIx]) -> User {
    User {
        status: UserStatus::CanSignIn,
        app_user: Some(AppUser { scope, status: AppUserStatus::Usable, profile }),
        groups: groups.to_vec(),
    }
}

/// Somebody who can sign in but is not assigned to the app.
pub(crate) fn stranger(groups: &[GroupIx]) -> User {
    User { status: UserStatus::CanSignIn, app_user: None, groups: groups.to_vec() }
}

/// Everything that a grant to a user says beside user and role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct How {
    pub(crate) source: Source,
    pub(crate) own: bool,
    pub(crate) partial: bool,
    pub(crate) groups: Vec<GroupIx>,
}

/// Account id and role name.
pub(crate) type Name = (String, String);

/// Number, alias, name and partition of an account.
pub(crate) type AccountRow = (Option<String>, Option<String>, Option<String>, String);

/// The whole answer without positions in the role table, which are the crate's own affair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// By id.
    pub(crate) accounts: BTreeMap<String, AccountRow>,
    pub(crate) roles: BTreeMap<Name, BTreeSet<String>>,
    pub(crate) user_grants: BTreeMap<(u32, Name), How>,
    /// With "only in part".
    pub(crate) group_grants: BTreeMap<(u32, Name), bool>,
}

impl Answer {
    /// Also holds the promises that every answer keeps: each fact once, in order, no dangling position.
    pub(crate) fn of(access: &Access) -> Self {
        let mut answer = Self::default();
        for account in access.roles.accounts() {
            let number = account.number.as_ref().map(|number| number.as_str().to_owned());
            let row = (number, account.alias.clone(), account.name.clone(), account.partition.clone());
            assert_eq!(answer.accounts.insert(account.id.clone(), row), None, "account twice");
        }
        for (at, role) in access.roles.roles().iter().enumerate() {
            let name = (role.account.clone(), role.name.clone());
            assert_eq!(access.roles.find(&name.0, &name.1), Some(u32::try_from(at).unwrap()));
            assert!(answer.accounts.contains_key(&role.account), "role {name:?} without its account");
            assert_eq!(answer.roles.insert(name, role.values.clone()), None, "role twice");
        }
        let name = |role: u32| {
            let role = access.roles.get(role).expect("a grant's role is in the table");
            (role.account.clone(), role.name.clone())
        };
        let ascending = |keys: Vec<(u32, u32)>| {
            assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "not ascending: {keys:?}");
        };
        ascending(access.user_grants.iter().map(|grant| (grant.user, grant.role)).collect());
        ascending(access.group_grants.iter().map(|grant| (grant.group, grant.role)).collect());
        for grant in &access.user_grants {
            assert!(grant.groups.windows(2).all(|pair| pair[0] < pair[1]), "{grant:?}");
            let how = How {
                source: grant.source,
                own: grant.own,
                partial: grant.partial,
                groups: grant.groups.to_vec(),
            };
            answer.user_grants.insert((grant.user, name(grant.role)), how);
        }
        for grant in &access.group_grants {
            answer.group_grants.insert((grant.group, name(grant.role)), grant.partial);
        }
        answer
    }

    /// `account/role source[+own] groups` of one user, for tables.
    pub(crate) fn words(&self, user: u32) -> Vec<String> {
        let of_user = self.user_grants.iter().filter(|((of, _), _)| *of == user);
        of_user
            .map(|((_, (account, role)), how)| {
                let account = if account == MAIN { String::new() } else { format!("{account}/") };
                let own = if how.own { "+own" } else { "" };
                let partial = if how.partial { " partial" } else { "" };
                format!("{account}{role} {}{own} {:?}{partial}", how.source.as_str(), how.groups)
            })
            .collect()
    }

    /// Group grants as `group account/role`.
    pub(crate) fn group_words(&self) -> Vec<String> {
        let word = |((group, (account, role)), partial): (&(u32, Name), &bool)| {
            let partial = if *partial { " partial" } else { "" };
            format!("{group} {account}/{role}{partial}")
        };
        self.group_grants.iter().map(word).collect()
    }

    /// Roles as `account/role`.
    pub(crate) fn role_words(&self) -> Vec<String> {
        self.roles.keys().map(|(account, role)| format!("{account}/{role}")).collect()
    }
}
