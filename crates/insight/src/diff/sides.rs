//! Two readings side by side, and mixes of them: each kind of fact from the one or from the other.

use std::collections::{BTreeMap, BTreeSet};

use rolebook_federation::{
    AppUser, Group, GroupKind, GroupOrigin, GroupVerdict, Rules, Scope, Switches, Union, User, UserStatus,
    Warnings, resolve,
};
use rolebook_ledger::{AppRecord, GroupRecord, ListCoverage, UserRecord};

use crate::{Error, Reading, diff::NotCompared, settle};

/// A kind of fact that can change by itself. The order is that in which a cause is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Settings,
    Status,
    GroupAssignment,
    Name,
    Membership,
    Assignment,
    Profile,
}

pub(super) const PARTS: [Part; 7] = [
    Part::Settings,
    Part::Status,
    Part::GroupAssignment,
    Part::Name,
    Part::Membership,
    Part::Assignment,
    Part::Profile,
];

/// Which parts come from the new side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mix(u8);

impl Mix {
    pub(super) const OLD: Self = Self(0);
    pub(super) const NEW: Self = Self(0x7f);

    /// The same with one part from the other side.
    pub(super) fn flipped(self, part: Part) -> Self {
        Self(self.0 ^ (1 << part as u8))
    }

    fn is_new(self, part: Part) -> bool {
        self.0 & (1 << part as u8) != 0
    }
}

/// A user, by position in [`Sides::users`], and a role that they have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Triple {
    pub(super) user: usize,
    pub(super) account: String,
    pub(super) role: String,
}

/// An object as both sides show it.
#[derive(Debug)]
pub(super) struct Pair<'a, T> {
    pub(super) old: Option<&'a T>,
    pub(super) new: Option<&'a T>,
}

impl<T> Clone for Pair<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Pair<'_, T> {}

impl<'a, T> Pair<'a, T> {
    pub(super) fn of(&self, new: bool) -> Option<&'a T> {
        if new { self.new } else { self.old }
    }

    pub(super) fn any(&self) -> Option<&'a T> {
        self.new.or(self.old)
    }
}

pub(super) struct UserPair<'a> {
    pub(super) pair: Pair<'a, UserRecord>,
    /// Positions in [`Sides::groups`].
    pub(super) old_groups: Vec<u32>,
    pub(super) new_groups: Vec<u32>,
    /// On both sides the groups explain the profile that Okta wrote, so that it follows from them in a mix too.
    by_groups: bool,
}

pub(super) struct Sides<'a> {
    pub(super) old: &'a Reading,
    pub(super) new: &'a Reading,
    pub(super) groups: Vec<Pair<'a, GroupRecord>>,
    pub(super) users: Vec<UserPair<'a>>,
    /// The choices that both sides are resolved under.
    switches: Switches,
    /// `union` where only one side read it.
    union: (Union, Union),
    /// Groups whose members only one side read.
    unread: BTreeSet<u32>,
}

impl<'a> Sides<'a> {
    pub(super) fn new(old: &'a Reading, new: &'a Reading) -> Result<Self, Error> {
        let mut groups: BTreeMap<&str, Pair<'a, GroupRecord>> = BTreeMap::new();
        for (is_new, reading) in [(false, old), (true, new)] {
            for group in &reading.facts().groups {
                let pair = groups.entry(group.id.as_str()).or_insert(Pair { old: None, new: None });
                *(if is_new { &mut pair.new } else { &mut pair.old }) = Some(group);
            }
        }
        let places: BTreeMap<&str, u32> = groups.keys().copied().zip(0..).collect();
        let groups: Vec<Pair<'a, GroupRecord>> = groups.into_values().collect();
        let mut users: BTreeMap<&str, Pair<'a, UserRecord>> = BTreeMap::new();
        for (is_new, reading) in [(false, old), (true, new)] {
            for user in &reading.facts().users {
                let pair = users.entry(user.id.as_str()).or_insert(Pair { old: None, new: None });
                *(if is_new { &mut pair.new } else { &mut pair.old }) = Some(user);
            }
        }
        let of_old = old.facts().app.union;
        let of_new = new.facts().app.union;
        let known = |one, other| if one == Union::Unknown { other } else { one };
        let mut sides = Self {
            old,
            new,
            groups,
            users: Vec::new(),
            switches: new.facts().coverage.switches,
            union: (known(of_old, of_new), known(of_new, of_old)),
            unread: BTreeSet::new(),
        };
        sides.unread = sides.find_unread();
        let held = |reading: &Reading, user: Option<&UserRecord>| -> Vec<u32> {
            let groups = user.map(|user| user.user.groups.as_slice()).unwrap_or_default();
            let records = groups.iter().filter_map(|ix| reading.facts().groups.get(*ix as usize));
            records.filter_map(|group| places.get(group.id.as_str()).copied()).collect()
        };
        for pair in users.into_values() {
            let mut user = UserPair {
                old_groups: held(old, pair.old),
                new_groups: held(new, pair.new),
                pair,
                by_groups: false,
            };
            sides.complete(&mut user);
            user.by_groups = sides.explained(&user, false) && sides.explained(&user, true);
            sides.users.push(user);
        }
        Ok(sides)
    }

    pub(super) fn user_id(&self, user: usize) -> Option<&'a str> {
        Some(self.users.get(user)?.pair.any()?.id.as_str())
    }

    fn reading(&self, new: bool) -> &'a Reading {
        if new { self.new } else { self.old }
    }

    /// Groups whose members matter and were read on one side only.
    fn find_unread(&self) -> BTreeSet<u32> {
        let missing = |new: bool, record: Option<&GroupRecord>| {
            let Some(record) = record.filter(|record| !record.members_read) else { return false };
            let reading = self.reading(new);
            let verdict = reading
                .group_by_id(record.id.as_str())
                .and_then(|ix| reading.access().verdicts.get(ix as usize));
            record.group.assignment.is_some() || matches!(verdict, Some(GroupVerdict::Confers(_)))
        };
        (0..)
            .zip(&self.groups)
            .filter(|(_, pair)| missing(false, pair.old) || missing(true, pair.new))
            .map(|(ix, _)| ix)
            .collect()
    }

    /// A group that one side does not hold conferred nothing there, so its members then do not matter: those of the
    /// other side stand for them. A group whose members one side did not read is left out on both.
    fn complete(&self, user: &mut UserPair<'_>) {
        let absent =
            |ix: &u32, new: bool| self.groups.get(*ix as usize).is_some_and(|pair| pair.of(new).is_none());
        let from_new: Vec<u32> = user.new_groups.iter().copied().filter(|ix| absent(ix, false)).collect();
        let from_old: Vec<u32> = user.old_groups.iter().copied().filter(|ix| absent(ix, true)).collect();
        user.old_groups.extend(from_new);
        user.new_groups.extend(from_old);
        for groups in [&mut user.old_groups, &mut user.new_groups] {
            groups.retain(|ix| !self.unread.contains(ix));
            groups.sort_unstable();
            groups.dedup();
        }
    }

    fn explained(&self, user: &UserPair<'_>, new: bool) -> bool {
        let Some(app_user) = user.pair.of(new).and_then(|user| user.user.app_user.as_ref()) else {
            return true;
        };
        let groups = if new { &user.new_groups } else { &user.old_groups };
        app_user.scope != Scope::Group
            || settle::same_roles(&self.settled(groups, new, self.union_of(new)), &app_user.profile)
    }

    fn union_of(&self, new: bool) -> Union {
        if new { self.union.1 } else { self.union.0 }
    }

    fn settled(&self, groups: &[u32], new: bool, union: Union) -> rolebook_federation::RoleProfile {
        let assigned = groups.iter().filter_map(|ix| {
            let assignment = self.groups.get(*ix as usize)?.of(new)?.group.assignment.as_ref()?;
            Some((assignment.priority, &assignment.profile))
        });
        settle::profile(assigned, union)
    }

    /// The app that a mix has.
    fn app(&self, mix: Mix) -> AppRecord {
        let new = mix.is_new(Part::Settings);
        AppRecord { union: self.union_of(new), ..self.reading(new).facts().app.clone() }
    }

    /// Who has what under a mix; only the given users are asked.
    pub(super) fn access(&self, mix: Mix, users: &[usize]) -> Result<BTreeSet<Triple>, Error> {
        self.access_with(mix, &self.app(mix), users)
    }

    /// The same under settings of one's own.
    pub(super) fn access_with(
        &self,
        mix: Mix,
        app: &AppRecord,
        users: &[usize],
    ) -> Result<BTreeSet<Triple>, Error> {
        let mut warnings = Warnings::new();
        let of_app = app.to_federation(&mut warnings);
        // A mix of two settings need not make sense: then it gives nobody anything.
        let Ok(rules) = Rules::compile(&of_app, app.union, &self.switches, &mut warnings) else {
            return Ok(BTreeSet::new());
        };
        let groups: Vec<Group> = self.groups.iter().map(|pair| self.group(pair, mix)).collect();
        let people: Vec<User> = users
            .iter()
            .map(|at| self.users.get(*at).map_or_else(nobody, |user| self.user(user, mix, app.union)))
            .collect();
        let catalogue = &self.reading(mix.is_new(Part::Settings)).facts().catalogue.values;
        let access = resolve(&rules, catalogue, &groups, &people);
        let triples = access.user_grants.iter().filter_map(|grant| {
            let role = access.roles.get(grant.role)?;
            let user = *users.get(grant.user as usize)?;
            Some(Triple { user, account: role.account.clone(), role: role.name.clone() })
        });
        Ok(triples.collect())
    }

    fn group(&self, pair: &Pair<'_, GroupRecord>, mix: Mix) -> Group {
        let named = pair.of(mix.is_new(Part::Name)).map(|record| &record.group);
        let assigned = pair.of(mix.is_new(Part::GroupAssignment)).map(|record| &record.group);
        Group {
            name: named.and_then(|group| group.name.clone()),
            kind: named.map_or(GroupKind::Unknown, |group| group.kind),
            origin: named.map_or_else(GroupOrigin::default, |group| group.origin.clone()),
            assignment: assigned.and_then(|group| group.assignment.clone()),
        }
    }

    fn user(&self, user: &UserPair<'_>, mix: Mix, union: Union) -> User {
        let pair = &user.pair;
        let status = pair.of(mix.is_new(Part::Status)).or(pair.any());
        let groups = if mix.is_new(Part::Membership) { &user.new_groups } else { &user.old_groups };
        let app_user = |record: Option<&UserRecord>| record.and_then(|user| user.user.app_user.clone());
        let assigned = app_user(pair.of(mix.is_new(Part::Assignment)));
        let profile = app_user(pair.of(mix.is_new(Part::Profile))).map(|app_user| app_user.profile);
        let app_user = assigned.map(|assigned| {
            let follows = user.by_groups && assigned.scope == Scope::Group;
            let profile = if follows {
                self.settled(groups, mix.is_new(Part::GroupAssignment), union)
            } else {
                profile.unwrap_or(assigned.profile)
            };
            AppUser { scope: assigned.scope, status: assigned.status, profile }
        });
        User {
            status: status.map_or(UserStatus::Unknown, |user| user.user.status),
            app_user,
            groups: groups.clone(),
        }
    }

    /// What one side has and the other has not; `true` is a gain.
    pub(super) fn deltas(&self) -> Result<Vec<(Triple, bool)>, Error> {
        let everybody: Vec<usize> = (0..self.users.len()).collect();
        let old = self.access(Mix::OLD, &everybody)?;
        let new = self.access(Mix::NEW, &everybody)?;
        let lost = old.difference(&new).map(|triple| (triple.clone(), false));
        let gained = new.difference(&old).map(|triple| (triple.clone(), true));
        Ok(lost.chain(gained).collect())
    }

    pub(super) fn not_compared(&self) -> Vec<NotCompared> {
        let mut not = Vec::new();
        for ix in &self.unread {
            let Some(group) = self.groups.get(*ix as usize).and_then(Pair::any) else { continue };
            let name = group.group.name.as_deref().unwrap_or("");
            not.push(NotCompared {
                what: format!("members of group `{name}` ({})", group.id),
                why: "one side did not read them".to_owned(),
            });
        }
        for (is_new, one, other) in [(false, self.old, self.new), (true, self.new, self.old)] {
            for (name, list) in &one.facts().coverage.lists {
                if let (ListCoverage::Not { why }, Some(ListCoverage::Full { .. })) =
                    (list, other.facts().coverage.lists.get(name))
                {
                    let side = if is_new { "newer" } else { "older" };
                    not.push(NotCompared {
                        what: format!("list {name}"),
                        why: format!("not read on the {side} side: {why}"),
                    });
                }
            }
        }
        let (of_old, of_new) = (self.old.facts().coverage.switches, self.new.facts().coverage.switches);
        if of_old != of_new {
            not.push(NotCompared {
                what: "the choices where Okta's behaviour is not documented".to_owned(),
                why: "they differ: both sides are resolved under those of the newer".to_owned(),
            });
        }
        not
    }
}

fn nobody() -> User {
    User { status: UserStatus::Unknown, app_user: None, groups: Vec::new() }
}
