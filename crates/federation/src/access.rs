//! Who has which role, and by which path: what Okta would put into the assertion.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Account, AccountId, AppUser, AppUserStatus, Group, GroupIx, JoinDefaultRole, JoinGroupScope, Mode,
    RoleIx, RoleProfile, RoleTable, RoleValue, Rules, Scope, Switches, Union, User, UserIx, ValueAccount,
    Warnings,
    rules::{Conferral, Direct, GroupVerdict, MainAccount, Mapping},
};

/// Where a user's role comes from, in one word; the groups are listed beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The user's own profile.
    Own,
    /// The name of a group, or a group's profile when the combining rule could not be read.
    Group,
    /// Group profiles, combined by Okta into the app user's profile.
    Union,
    /// The assigned group that is first in priority.
    Priority,
    /// Assigned groups, joined at sign-in (`joinAllRoles`).
    Join,
    /// The `role` attribute, since no SAML roles are selected.
    DefaultRole,
    /// A group-assigned user's profile shows it, but no group that was read explains it.
    Profile,
}

impl Source {
    /// The word a snapshot carries.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Group => "group",
            Self::Union => "union",
            Self::Priority => "priority",
            Self::Join => "join",
            Self::DefaultRole => "default-role",
            Self::Profile => "profile",
        }
    }
}

/// A user can assume a role now, as far as Okta is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserGrant {
    /// Who.
    pub user: UserIx,
    /// Which role.
    pub role: RoleIx,
    /// Where it comes from.
    pub source: Source,
    /// The user's own assignment confers it, so it can be taken back there.
    pub own: bool,
    /// Every group that confers it matches the filter only in part.
    pub partial: bool,
    /// The groups that confer it, ascending.
    pub groups: Box<[GroupIx]>,
}

/// A group confers a role on its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupGrant {
    /// Which group.
    pub group: GroupIx,
    /// Which role.
    pub role: RoleIx,
    /// The filter matches the group's name only in part.
    pub partial: bool,
}

/// The answer for one app.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Accounts and roles, of the catalogue or seen.
    pub roles: RoleTable,
    /// What the rules make of each group, in the order given.
    pub verdicts: Vec<GroupVerdict>,
    /// Effective access, by user and role.
    pub user_grants: Vec<UserGrant>,
    /// Roles conferred by groups, by group and role. Empty when the app lets nobody in.
    pub group_grants: Vec<GroupGrant>,
    /// What the reader should know.
    pub warnings: Warnings,
}

/// Resolves all access of one app. `catalogue` holds role values that Okta lists beyond those seen.
/// Groups and users are named by their
/// positions, from 0.
#[must_use]
pub fn resolve<'a, G, U>(rules: &Rules, catalogue: &[String], groups: G, users: U) -> Access
where
    G: IntoIterator<Item = &'a Group, IntoIter: Clone>,
    U: IntoIterator<Item = &'a User, IntoIter: Clone>,
{
    let (groups, users) = (groups.into_iter(), users.into_iter());
    let mut access = Access::default();
    match rules.mode() {
        Mode::Mapping(mapping) => resolve_mapping(rules, mapping, groups, users, &mut access),
        Mode::Direct(direct) => resolve_direct(rules, direct, catalogue, groups, users, &mut access),
    }
    if rules.unusable().is_some() {
        access.user_grants.clear();
        access.group_grants.clear();
    }
    access
}

fn resolve_mapping<'a>(
    rules: &Rules,
    mapping: &Mapping,
    groups: impl Iterator<Item = &'a Group>,
    users: impl Iterator<Item = &'a User>,
    access: &mut Access,
) {
    let mut conferred: Vec<Option<(RoleIx, bool)>> = Vec::new();
    for (ix, group) in (0..).zip(groups) {
        let verdict = rules.verdict(group);
        conferred.push(match &verdict {
            GroupVerdict::Confers(conferral) => {
                let role = intern_conferral(&mut access.roles, conferral);
                access.roles.conferred_by(role, group.kind.writable());
                access.group_grants.push(GroupGrant { group: ix, role, partial: conferral.partial });
                Some((role, conferral.partial))
            }
            _ => None,
        });
        access.verdicts.push(verdict);
    }
    for (ix, user) in (0..).zip(users) {
        let assigned = mapping.implicit || user.app_user.as_ref().is_some_and(usable);
        if !assigned || !user.status.counts() {
            continue;
        }
        let mut roles: BTreeMap<RoleIx, (Vec<GroupIx>, bool)> = BTreeMap::new();
        for group in &user.groups {
            if let Some(Some((role, partial))) = conferred.get(*group as usize) {
                let (via, all_partial) = roles.entry(*role).or_insert((Vec::new(), true));
                via.push(*group);
                *all_partial &= partial;
            }
        }
        access.user_grants.extend(roles.into_iter().map(|(role, (via, partial))| UserGrant {
            user: ix,
            role,
            source: Source::Group,
            own: false,
            partial,
            groups: via.into(),
        }));
    }
}

fn intern_conferral(roles: &mut RoleTable, conferral: &Conferral) -> RoleIx {
    let partition =
        conferral.arns.role.as_ref().map_or_else(|| "aws".to_owned(), |arn| arn.partition.clone());
    let account = Account {
        id: conferral.account.as_str().to_owned(),
        number: Some(conferral.account.clone()),
        alias: None,
        name: None,
        partition,
    };
    roles.add_role(account, &conferral.role, conferral.arns.clone(), &conferral.value)
}

fn usable(app_user: &AppUser) -> bool {
    app_user.status == AppUserStatus::Usable
}

/// The roles of one assigned group.
struct Assigned {
    /// A missing number sorts last: Okta appends what has none.
    priority: (bool, i64),
    roles: Vec<RoleIx>,
}

fn resolve_direct<'a>(
    rules: &Rules,
    direct: &Direct,
    catalogue: &[String],
    groups: impl Iterator<Item = &'a Group> + Clone,
    users: impl Iterator<Item = &'a User> + Clone,
    access: &mut Access,
) {
    let main = main_account(direct, catalogue, groups.clone(), users.clone(), &mut access.warnings);
    for value in catalogue {
        access.roles.intern_value(value, &main);
    }
    let mut assigned: Vec<Option<Assigned>> = Vec::new();
    for (ix, group) in (0..).zip(groups) {
        access.verdicts.push(GroupVerdict::NotMapping);
        assigned.push(group.assignment.as_ref().map(|assignment| {
            let roles = intern(&mut access.roles, &main, assignment.profile.effective());
            access.group_grants.extend(roles.iter().map(|role| GroupGrant {
                group: ix,
                role: *role,
                partial: false,
            }));
            let number = assignment.priority;
            Assigned { priority: (number.is_none(), number.unwrap_or_default()), roles }
        }));
    }
    for (ix, user) in (0..).zip(users) {
        let Some(app_user) = &user.app_user else { continue };
        let own = OwnRoles::read(&mut access.roles, &main, &app_user.profile);
        if !usable(app_user) || !user.status.counts() {
            continue;
        }
        let held: Vec<(GroupIx, &Assigned)> = user
            .groups
            .iter()
            .filter_map(|g| assigned.get(*g as usize).and_then(Option::as_ref).map(|a| (*g, a)))
            .collect();
        let person = Person { user: ix, own, held: &held };
        let grants = match (app_user.scope, direct.join) {
            (Scope::User | Scope::Unknown, false) => person.own_only(),
            (Scope::User | Scope::Unknown, true) => person.own_and_joined(rules.switches()),
            (Scope::Group, true) if joins_all_groups(rules.switches()) => person.joined(),
            (Scope::Group, _) => person.materialised(direct.union),
        };
        access.user_grants.extend(grants);
    }
}

/// Whether a group-assigned user gets the roles of all assigned groups when `joinAllRoles` is on. Unproven for the
/// case that the union is off (Okta's documents show it only for individual users): hence a switch.
fn joins_all_groups(switches: &Switches) -> bool {
    switches.join_group_scope == JoinGroupScope::AllGroups
}

/// Whether `role` of an individual profile without SAML roles joins although groups give roles. Okta documents the
/// fallback per profile only: hence a switch.
fn default_role_joins(switches: &Switches, joined_is_empty: bool) -> bool {
    joined_is_empty || switches.join_default_role == JoinDefaultRole::Always
}

struct OwnRoles {
    roles: Vec<RoleIx>,
    /// They come from `role`, since no SAML roles are selected.
    default: bool,
}

impl OwnRoles {
    fn read(table: &mut RoleTable, main: &MainAccount, profile: &RoleProfile) -> Self {
        Self { roles: intern(table, main, profile.effective()), default: profile.saml_roles.is_empty() }
    }

    fn source(&self, otherwise: Source) -> Source {
        if self.default { Source::DefaultRole } else { otherwise }
    }
}

struct Person<'a> {
    user: UserIx,
    own: OwnRoles,
    /// Assigned groups that hold the user, ascending.
    held: &'a [(GroupIx, &'a Assigned)],
}

impl Person<'_> {
    fn grant(&self, role: RoleIx, source: Source, own: bool, groups: Vec<GroupIx>) -> UserGrant {
        UserGrant { user: self.user, role, source, own, partial: false, groups: groups.into() }
    }

    /// Individual assignment, join off: the own profile is all there is, whatever groups say.
    fn own_only(&self) -> Vec<UserGrant> {
        let source = self.own.source(Source::Own);
        self.own.roles.iter().map(|role| self.grant(*role, source, true, Vec::new())).collect()
    }

    /// Individual assignment, join on: own roles and the roles of every assigned group.
    fn own_and_joined(&self, switches: &Switches) -> Vec<UserGrant> {
        let mut joined = self.roles_of_groups(self.held);
        let own_counts = !self.own.default || default_role_joins(switches, joined.is_empty());
        let own: BTreeSet<RoleIx> =
            if own_counts { self.own.roles.iter().copied().collect() } else { BTreeSet::new() };
        for role in &own {
            joined.entry(*role).or_default();
        }
        let own_source = self.own.source(Source::Own);
        joined
            .into_iter()
            .map(|(role, groups)| {
                let is_own = own.contains(&role);
                self.grant(role, if is_own { own_source } else { Source::Join }, is_own, groups)
            })
            .collect()
    }

    /// Group assignment, join on: every assigned group's roles. What only the profile shows stays, unexplained.
    fn joined(&self) -> Vec<UserGrant> {
        let joined = self.roles_of_groups(self.held);
        let unexplained: Vec<RoleIx> = if self.own.default && !joined.is_empty() {
            Vec::new()
        } else {
            self.own.roles.iter().copied().filter(|role| !joined.contains_key(role)).collect()
        };
        let leftover = self.own.source(Source::Profile);
        let mut grants: Vec<UserGrant> = joined
            .into_iter()
            .map(|(role, groups)| self.grant(role, Source::Join, false, groups))
            .chain(unexplained.into_iter().map(|role| self.grant(role, leftover, false, Vec::new())))
            .collect();
        grants.sort_by_key(|grant| grant.role);
        grants
    }

    /// Group assignment, join off: Okta has written the answer into the profile; groups only explain it.
    fn materialised(&self, union: Union) -> Vec<UserGrant> {
        let explained = match union {
            Union::Disabled => self.roles_of_groups(&priority_winners(self.held)),
            Union::Enabled | Union::Unknown => self.roles_of_groups(self.held),
        };
        let by_group = match union {
            Union::Disabled => Source::Priority,
            Union::Enabled => Source::Union,
            Union::Unknown => Source::Group,
        };
        self.own
            .roles
            .iter()
            .map(|role| match explained.get(role) {
                Some(groups) => self.grant(*role, self.own.source(by_group), false, groups.clone()),
                None => self.grant(*role, self.own.source(Source::Profile), false, Vec::new()),
            })
            .collect()
    }

    fn roles_of_groups(&self, held: &[(GroupIx, &Assigned)]) -> BTreeMap<RoleIx, Vec<GroupIx>> {
        let mut roles: BTreeMap<RoleIx, Vec<GroupIx>> = BTreeMap::new();
        for (group, assigned) in held {
            for role in &assigned.roles {
                roles.entry(*role).or_default().push(*group);
            }
        }
        roles
    }
}

/// The groups with the best (lowest) number. Okta has been seen to give one number twice; which of the two wins is
/// not documented, so each may explain what the profile shows.
fn priority_winners<'a>(held: &[(GroupIx, &'a Assigned)]) -> Vec<(GroupIx, &'a Assigned)> {
    let best = held.iter().map(|(_, assigned)| assigned.priority).min();
    held.iter().filter(|(_, assigned)| Some(assigned.priority) == best).map(|(g, a)| (*g, *a)).collect()
}

fn intern(table: &mut RoleTable, main: &MainAccount, values: &[String]) -> Vec<RoleIx> {
    let mut roles: Vec<RoleIx> = values.iter().map(|value| table.intern_value(value, main)).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// The account of bare role names: the settings', else the only one that ARN-shaped values name.
fn main_account<'a>(
    direct: &Direct,
    catalogue: &[String],
    groups: impl Iterator<Item = &'a Group>,
    users: impl Iterator<Item = &'a User>,
    warnings: &mut Warnings,
) -> MainAccount {
    let mut main = direct.main.clone();
    if main.number.is_some() {
        return main;
    }
    let profiles = groups
        .filter_map(|group| group.assignment.as_ref().map(|assignment| &assignment.profile))
        .chain(users.filter_map(|user| user.app_user.as_ref().map(|app_user| &app_user.profile)));
    let mut numbers: BTreeMap<AccountId, String> = BTreeMap::new();
    let mut bare = None;
    for value in catalogue.iter().chain(profiles.flat_map(RoleProfile::effective)) {
        let parsed = RoleValue::parse(value);
        match (parsed.account, parsed.arns.role) {
            (ValueAccount::Id(number), Some(arn)) => {
                let partition = numbers.entry(number).or_insert_with(|| arn.partition.clone());
                if arn.partition < *partition {
                    *partition = arn.partition;
                }
            }
            (ValueAccount::Main, _) => bare = bare.or(Some(value)),
            _ => {}
        }
    }
    if numbers.len() == 1
        && let Some((number, partition)) = numbers.pop_first()
    {
        main.number = Some(number);
        main.partition = partition;
    }
    if let (None, Some(value)) = (&main.number, bare) {
        warnings.add(
            "main-account-unknown",
            "bare role names belong to no known account: set identityProviderArn in the app's sign-on settings",
            value.as_str(),
        );
    }
    main
}
