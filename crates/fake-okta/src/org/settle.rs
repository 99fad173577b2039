//! How app users follow from app groups: priority, union, and who comes and goes.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{AppRow, AppUserRow, Org, Profile, Scope, UserStatus};

/// A group assigned to an app.
#[derive(Clone, Debug)]
pub(crate) struct AppGroupRow {
    pub(crate) group: usize,
    pub(crate) priority: i64,
    pub(crate) profile: Profile,
    pub(crate) last_updated: Timestamp,
}

/// The groups assigned to one app, best priority first.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppGroups {
    rows: Vec<AppGroupRow>,
    places: HashMap<usize, usize>,
}

impl AppGroups {
    pub(crate) fn rows(&self) -> &[AppGroupRow] {
        &self.rows
    }

    pub(crate) fn place(&self, group: usize) -> Option<usize> {
        self.places.get(&group).copied()
    }

    /// Adds or replaces an assignment. Without a priority a new group comes after all others and an old one keeps
    /// its place.
    pub(crate) fn put(&mut self, group: usize, priority: Option<i64>, profile: Profile, now: Timestamp) {
        let old = self.remove(group);
        let after_all = self.rows.last().map_or(0, |last| last.priority + 1);
        let priority = priority.or(old.map(|row| row.priority)).unwrap_or(after_all);
        self.rows.push(AppGroupRow { group, priority, profile, last_updated: now });
        self.reorder();
    }

    /// Adds or replaces an assignment as a PUT does: whatever is not given is gone. A priority that is taken pushes
    /// the others down as far as needed; gaps stay.
    pub(crate) fn replace(&mut self, group: usize, priority: Option<i64>, profile: Profile, now: Timestamp) {
        self.remove(group);
        if let Some(priority) = priority {
            self.make_room(priority);
        }
        self.put(group, priority, profile, now);
    }

    /// Moves a group to a priority; one that is taken pushes the others down.
    pub(crate) fn prioritise(&mut self, group: usize, priority: i64) {
        if let Some(row) = self.remove(group) {
            self.make_room(priority);
            self.put(group, Some(priority), row.profile, row.last_updated);
        }
    }

    fn make_room(&mut self, priority: i64) {
        let mut taken = priority;
        for row in &mut self.rows {
            if row.priority == taken {
                row.priority += 1;
                taken += 1;
            }
        }
    }

    /// Changes the profile of an assigned group.
    pub(crate) fn set_profile(&mut self, group: usize, profile: Profile, now: Timestamp) {
        if let Some(row) = self.place(group).and_then(|place| self.rows.get_mut(place)) {
            row.profile = profile;
            row.last_updated = now;
        }
    }

    pub(crate) fn get(&self, group: usize) -> Option<&AppGroupRow> {
        self.rows.get(self.place(group)?)
    }

    pub(crate) fn remove(&mut self, group: usize) -> Option<AppGroupRow> {
        let place = self.place(group)?;
        let row = self.rows.remove(place);
        self.reorder();
        Some(row)
    }

    fn reorder(&mut self) {
        self.rows.sort_by_key(|row| row.priority);
        self.places = self.rows.iter().enumerate().map(|(place, row)| (row.group, place)).collect();
    }
}

impl AppRow {
    /// The assigned groups that `user` is in, best priority first.
    pub(crate) fn granting(&self, org: &Org, user: usize) -> Vec<&AppGroupRow> {
        let Some(row) = org.users.get(user) else { return Vec::new() };
        let mut places: Vec<usize> = row.groups.iter().filter_map(|group| self.groups.place(group)).collect();
        places.sort_unstable();
        places.into_iter().filter_map(|place| self.groups.rows.get(place)).collect()
    }

    /// What the groups put into the profile of a GROUP-scope app user: the winner's properties, and with `union` the
    /// `samlRoles` of all of them.
    pub(crate) fn profile_from_groups(&self, granting: &[&AppGroupRow]) -> Map<String, Value> {
        let mut profile =
            granting.first().and_then(|winner| winner.profile.attributes()).cloned().unwrap_or_default();
        if self.app.union {
            let mut seen = BTreeSet::new();
            let all: Vec<Value> = granting
                .iter()
                .filter_map(|row| row.profile.attributes()?.get("samlRoles")?.as_array())
                .flatten()
                .filter(|role| seen.insert(role.to_string()))
                .cloned()
                .collect();
            if !all.is_empty() {
                profile.insert("samlRoles".to_owned(), Value::Array(all));
            }
        }
        profile
    }
}

impl Org {
    /// Brings all app users in line with the groups, once an org has been put together.
    pub(crate) fn settle(&mut self) {
        if !std::mem::take(&mut self.unsettled) || self.live {
            return;
        }
        let now = self.now;
        for app in &mut self.apps {
            let mut granted: Vec<usize> = app
                .groups
                .rows()
                .iter()
                .filter_map(|row| self.groups.get(row.group))
                .flat_map(|group| group.members.iter())
                .collect();
            granted.sort_unstable();
            granted.dedup();
            granted.retain(|user| {
                self.users.get(*user).is_some_and(|row| row.user.status != UserStatus::Deprovisioned)
            });
            for user in granted {
                app.users.entry(user).or_insert_with(|| AppUserRow::granted(now));
            }
        }
    }

    /// Brings the app users of one person in line, in an org that people work in.
    pub(super) fn resettle_user(&mut self, user: usize) {
        for app in 0..self.apps.len() {
            self.resettle(app, user);
        }
    }

    /// Brings the app users of one group's members in line, and marks them as changed.
    pub(super) fn resettle_group(&mut self, app: usize, group: usize) {
        let members: Vec<usize> =
            self.groups.get(group).map_or_else(Vec::new, |row| row.members.iter().collect());
        for user in members {
            self.resettle(app, user);
            let now = self.now;
            let row = self.apps.get_mut(app).and_then(|row| row.users.get_mut(&user));
            if let Some(row) = row.filter(|row| row.scope == Some(Scope::Group) && !row.pinned) {
                row.last_updated = now;
            }
        }
    }

    fn resettle(&mut self, app: usize, user: usize) {
        if !self.live {
            self.unsettled = true;
            return;
        }
        let Some((at, row)) = self.apps.get(app).zip(self.users.get(user)) else { return };
        let present = !row.gone && row.user.status != UserStatus::Deprovisioned;
        let granted = present && row.groups.iter().any(|group| at.groups.place(group).is_some());
        match at.users.get(&user) {
            None if granted => self.assign(app, user, AppUserRow::granted(self.now)),
            Some(old) if !granted && !old.pinned && old.scope == Some(Scope::Group) => {
                self.unassign(app, user);
            }
            _ => {}
        }
    }
}

impl AppUserRow {
    /// An app user that groups grant.
    pub(crate) fn granted(now: Timestamp) -> Self {
        Self {
            scope: Some(Scope::Group),
            status: Cow::Borrowed("ACTIVE"),
            profile: Profile::Unset,
            user_name: None,
            created: now,
            last_updated: now,
            pinned: false,
        }
    }
}
