//! One reading of one app: the facts of a sealed snapshot and the access that follows from them, with the little
//! indexes that questions need.

use std::{
    collections::{BTreeMap, HashMap},
    sync::OnceLock,
};

use rolebook_federation::{
    Access, GroupGrant, GroupIx, Interrupt, RoleIx, Rules, Switches, UserGrant, UserIx, Warnings, resolve,
};
use rolebook_ledger::Facts;

use crate::{AccountRef, Error};

/// Where facts came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The file as it was named.
    pub file: String,
    /// Id of the sync in it.
    pub snapshot: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// One app as one sync saw it.
#[derive(Debug)]
pub struct Reading {
    origin: Origin,
    facts: Facts,
    rules: Rules,
    access: Access,
    warnings: Warnings,
    accounts: BTreeMap<String, AccountRef>,
    by_role: OnceLock<Buckets>,
    members: OnceLock<Buckets>,
    users_by_id: OnceLock<HashMap<String, UserIx>>,
}

/// Several readings, one for each app: questions go over all of them.
#[derive(Debug)]
pub struct Readings {
    readings: Vec<Reading>,
    /// What a person should know about how they were chosen.
    pub notices: Vec<String>,
}

impl Readings {
    /// Puts readings together, in the order given.
    #[must_use]
    pub fn new(readings: Vec<Reading>) -> Self {
        Self { readings, notices: Vec::new() }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Reading] {
        &self.readings
    }

    /// The reading at a position.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Reading> {
        self.readings.get(at)
    }

    /// The only one.
    ///
    /// # Errors
    /// There are several: the question is about one.
    pub fn only(&self) -> Result<&Reading, Error> {
        match self.readings.as_slice() {
            [one] => Ok(one),
            several => Err(Error::Question {
                text: format!("this question is about one snapshot, not {}", several.len()),
                hint: "name one file with -f".to_owned(),
            }),
        }
    }
}

impl Reading {
    /// Resolves the access that follows from facts, under the choices that their coverage record names.
    ///
    /// # Errors
    /// [`Error::Rules`] when the app's settings give no rules.
    pub fn new(facts: Facts, origin: Origin) -> Result<Self, Error> {
        let switches = facts.coverage.switches;
        Self::under(facts, origin, &switches)
    }

    /// Like [`Reading::new`], under other choices where Okta's behaviour is unproven.
    ///
    /// # Errors
    /// [`Error::Rules`] when the app's settings give no rules.
    pub fn under(facts: Facts, origin: Origin, switches: &Switches) -> Result<Self, Error> {
        Self::until(facts, origin, switches, &Interrupt::default())
    }

    /// Like [`Reading::under`], for a question that may be given up: once `interrupt` is set, group names are no longer
    /// matched, and the reading is worth nothing.
    ///
    /// # Errors
    /// [`Error::Rules`] when the app's settings give no rules.
    pub fn until(
        facts: Facts,
        origin: Origin,
        switches: &Switches,
        interrupt: &Interrupt,
    ) -> Result<Self, Error> {
        let mut warnings = Warnings::new();
        let app = facts.app.to_federation(&mut warnings);
        let rules = Rules::compile(&app, facts.app.union, switches, &mut warnings)?.until(interrupt.clone());
        let access = resolve(
            &rules,
            &facts.catalogue.values,
            facts.groups.iter().map(|group| &group.group),
            facts.users.iter().map(|user| &user.user),
        );
        let accounts = Self::name_accounts(&facts, &access);
        Ok(Self {
            origin,
            facts,
            rules,
            access,
            warnings,
            accounts,
            by_role: OnceLock::new(),
            members: OnceLock::new(),
            users_by_id: OnceLock::new(),
        })
    }

    /// Where it came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What was read.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The rules that follow from the app's settings.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Who has which role.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// What was odd about the settings.
    #[must_use]
    pub fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    pub(crate) fn accounts(&self) -> &BTreeMap<String, AccountRef> {
        &self.accounts
    }

    /// `group mapping` or `direct`.
    #[must_use]
    pub fn mode(&self) -> &'static str {
        if self.rules.maps_groups() { "group-mapping" } else { "direct" }
    }

    /// What the snapshot holds, in numbers: the same that the sync's summary told.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        let mut holders: Vec<UserIx> = self.access.user_grants.iter().map(|grant| grant.user).collect();
        holders.dedup();
        vec![
            ("accounts", self.access.roles.accounts().count()),
            ("roles", self.access.roles.roles().len()),
            ("groups", self.facts.groups.len()),
            ("people", self.facts.users.len()),
            ("people assigned", self.facts.users.iter().filter(|user| user.assignment.is_some()).count()),
            ("people with a role", holders.len()),
            ("grants", self.access.user_grants.len()),
            ("admin roles", self.facts.admin_roles.len()),
        ]
    }

    /// All grants of a user, by role. Grants come user by user, so this is a slice.
    #[must_use]
    pub fn grants_of(&self, user: UserIx) -> &[UserGrant] {
        let grants = &self.access.user_grants;
        let from = grants.partition_point(|grant| grant.user < user);
        let to = grants.partition_point(|grant| grant.user <= user);
        grants.get(from..to).unwrap_or_default()
    }

    /// The grant of one role to one user.
    #[must_use]
    pub fn grant(&self, user: UserIx, role: RoleIx) -> Option<&UserGrant> {
        self.grants_of(user).iter().find(|grant| grant.role == role)
    }

    /// Everybody's grants of a role, by user.
    pub fn grants_on(&self, role: RoleIx) -> impl Iterator<Item = &UserGrant> {
        let buckets = self.by_role.get_or_init(|| {
            let roles = self.access.roles.roles().len();
            Buckets::new(roles, self.access.user_grants.iter().map(|grant| grant.role))
        });
        buckets.of(role).iter().filter_map(|at| self.access.user_grants.get(*at as usize))
    }

    /// The roles that a group confers, by role.
    #[must_use]
    pub fn conferred_by(&self, group: GroupIx) -> &[GroupGrant] {
        let grants = &self.access.group_grants;
        let from = grants.partition_point(|grant| grant.group < group);
        let to = grants.partition_point(|grant| grant.group <= group);
        grants.get(from..to).unwrap_or_default()
    }

    /// Whether a group confers a role.
    #[must_use]
    pub fn confers(&self, group: GroupIx, role: RoleIx) -> Option<&GroupGrant> {
        self.conferred_by(group).iter().find(|grant| grant.role == role)
    }

    /// The members of a group that were read, ascending.
    #[must_use]
    pub fn members(&self, group: GroupIx) -> &[UserIx] {
        let buckets = self.members.get_or_init(|| {
            let users = &self.facts.users;
            let mut owners: Vec<UserIx> = Vec::new();
            let mut groups: Vec<GroupIx> = Vec::new();
            for (ix, user) in (0..).zip(users) {
                for group in &user.user.groups {
                    owners.push(ix);
                    groups.push(*group);
                }
            }
            let mut buckets = Buckets::new(self.facts.groups.len(), groups.into_iter());
            for at in &mut buckets.items {
                *at = owners.get(*at as usize).copied().unwrap_or_default();
            }
            buckets
        });
        buckets.of(group)
    }

    /// The position of a user id.
    #[must_use]
    pub fn user_by_id(&self, id: &str) -> Option<UserIx> {
        let index = self.users_by_id.get_or_init(|| {
            (0..).zip(&self.facts.users).map(|(ix, user)| (user.id.as_str().to_owned(), ix)).collect()
        });
        index.get(id).copied()
    }

    /// The position of a group id. Groups are ascending by id.
    #[must_use]
    pub fn group_by_id(&self, id: &str) -> Option<GroupIx> {
        let at = self.facts.groups.binary_search_by(|group| group.id.as_str().cmp(id)).ok()?;
        GroupIx::try_from(at).ok()
    }

    /// Groups assigned to the app that hold a user.
    pub fn assigning_groups(&self, user: UserIx) -> impl Iterator<Item = GroupIx> {
        let groups = self.facts.users.get(user as usize).map(|user| user.user.groups.as_slice());
        groups.unwrap_or_default().iter().copied().filter(|ix| {
            self.facts.groups.get(*ix as usize).is_some_and(|group| group.group.assignment.is_some())
        })
    }
}

/// Positions sorted into buckets by counting: a million of them cost two passes and no comparison.
#[derive(Debug)]
struct Buckets {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Buckets {
    fn new(buckets: usize, keys: impl Iterator<Item = u32> + Clone) -> Self {
        let mut starts = vec![0_u32; buckets + 1];
        let mut count = 0_usize;
        for key in keys.clone() {
            count += 1;
            if let Some(start) = starts.get_mut(key as usize + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut items = vec![0; count];
        for (at, key) in (0..).zip(keys) {
            if let Some(slot) = next.get_mut(key as usize) {
                if let Some(item) = items.get_mut(*slot as usize) {
                    *item = at;
                }
                *slot += 1;
            }
        }
        Self { starts, items }
    }

    fn of(&self, bucket: u32) -> &[u32] {
        let bucket = bucket as usize;
        match (self.starts.get(bucket), self.starts.get(bucket + 1)) {
            (Some(from), Some(to)) => self.items.get(*from as usize..*to as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}
