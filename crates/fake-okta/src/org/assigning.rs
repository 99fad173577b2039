//! Apps, and who is assigned to them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{App, AppGroup, AppGroups, AppRow, AppUser, AppUserRow, Org, Profile, Scope};

impl Org {
    /// Adds an app with its assignments, or replaces the one with the same id.
    pub fn put_app(&mut self, mut app: App) {
        if app.id.is_empty() {
            app.id = self.ids.next("0oa");
        }
        let id = app.id.clone();
        let users = std::mem::take(&mut app.users);
        let groups = std::mem::take(&mut app.groups);
        let created = app.created.unwrap_or(self.now);
        let last_updated = app.last_updated.unwrap_or(created);
        let row = AppRow { app, created, last_updated, users: BTreeMap::new(), groups: AppGroups::default() };
        match self.find_app(&id).and_then(|index| self.apps.get_mut(index)) {
            Some(old) => *old = row,
            None => self.apps.push(row),
        }
        let index = self.find_app(&id).unwrap_or_default();
        self.record("application.lifecycle.create", [self.app_target(index)]);
        self.put_assignments(&id, users, groups);
    }

    /// Lets a user sign on to an app, which leaves an entry in the log and nothing else. False when either is unknown.
    pub fn sign_on(&mut self, app: &str, user: &str) -> bool {
        let (Some(app), Some(user)) = (self.find_app(app), self.find_user(user)) else { return false };
        let before = self.user_target(user).map(|user| std::mem::replace(&mut self.actor, user));
        self.record("user.authentication.sso", [self.app_target(app), self.app_user_target(app, user)]);
        if let Some(before) = before {
            self.actor = before;
        }
        true
    }

    /// Changes an app in place: its settings, status, union or lists. Assignments given in the closure are added.
    /// False when there is no such app.
    pub fn change_app(&mut self, id: &str, change: impl FnOnce(App) -> App) -> bool {
        let now = self.now;
        let Some(index) = self.find_app(id) else { return false };
        let Some(row) = self.apps.get_mut(index) else { return false };
        let mut app = change(row.app.clone());
        let users = std::mem::take(&mut app.users);
        let groups = std::mem::take(&mut app.groups);
        let schema = row.app.has_other_schema(&app);
        let kind = match (row.app.status.as_str(), app.status.as_str()) {
            (before, after) if before == after && schema => "directory.app_user_profile.update",
            (before, after) if before == after => "application.lifecycle.update",
            (_, "ACTIVE") => "application.lifecycle.activate",
            _ => "application.lifecycle.deactivate",
        };
        row.app = app;
        // The schema is an object of its own.
        if !schema {
            row.last_updated = now;
        }
        self.record(kind, [self.app_target(index)]);
        self.put_assignments(id, users, groups);
        true
    }

    fn put_assignments(&mut self, app: &str, users: Vec<AppUser>, groups: Vec<AppGroup>) {
        for group in groups {
            self.put_app_group(app, group);
        }
        for user in users {
            self.put_app_user(app, user);
        }
    }

    /// Removes an app. False when it was not there.
    pub fn remove_app(&mut self, id: &str) -> bool {
        let Some(index) = self.find_app(id) else { return false };
        self.record("application.lifecycle.delete", [self.app_target(index)]);
        self.apps.remove(index);
        true
    }

    /// Adds or replaces an app user. False when there is no such app.
    pub fn put_app_user(&mut self, app: &str, spec: AppUser) -> bool {
        let user = self.user_or_new(&spec.user);
        let Some(app) = self.find_app(app) else { return false };
        let created = spec.created.unwrap_or(self.now);
        let row = AppUserRow {
            scope: spec.scope,
            status: spec.status,
            profile: spec.profile,
            user_name: spec.user_name.map(Into::into),
            created,
            last_updated: spec.last_updated.unwrap_or(created),
            pinned: true,
        };
        self.assign(app, user, row);
        true
    }

    /// Puts an app user in place as it is.
    pub(crate) fn assign(&mut self, app: usize, user: usize, row: AppUserRow) {
        let Some(at) = self.apps.get_mut(app) else { return };
        let kind = match at.users.insert(user, row) {
            Some(_) => "application.user_membership.update",
            None => "application.user_membership.add",
        };
        self.record_app_user(kind, app, user);
    }

    pub(super) fn unassign(&mut self, app: usize, user: usize) -> bool {
        let removed = self.apps.get_mut(app).is_some_and(|row| row.users.remove(&user).is_some());
        if removed {
            self.record_app_user("application.user_membership.remove", app, user);
        }
        removed
    }

    fn record_app_user(&mut self, kind: &'static str, app: usize, user: usize) {
        let targets = [self.app_user_target(app, user), self.app_target(app), self.user_target(user)];
        self.record(kind, targets);
    }

    /// Removes an app user, whatever its scope; a group that grants it brings it back. False when it was not there.
    pub fn remove_app_user(&mut self, app: &str, user: &str) -> bool {
        let (Some(app), Some(user)) = (self.find_app(app), self.find_user(user)) else { return false };
        let removed = self.unassign(app, user);
        self.resettle_user(user);
        removed
    }

    /// Assigns a group to an app, or replaces the assignment; without a priority an old one keeps its place. False
    /// when there is no such app.
    pub fn put_app_group(&mut self, app: &str, spec: AppGroup) -> bool {
        let group = self.group_or_new(&spec.group);
        let at = spec.last_updated.unwrap_or(self.now);
        let Some(app) = self.find_app(app) else { return false };
        self.with_app_group(app, group, |groups| groups.put(group, spec.priority, spec.profile, at));
        true
    }

    /// Does something to the assignment of one group, and what follows from it.
    pub(crate) fn with_app_group(&mut self, app: usize, group: usize, change: impl FnOnce(&mut AppGroups)) {
        let Some(row) = self.apps.get_mut(app) else { return };
        let before = row.groups.place(group).is_some();
        change(&mut row.groups);
        let after = row.groups.place(group).is_some();
        let kind = match (before, after) {
            (false, false) => return,
            (false, true) => "group.application_assignment.add",
            (true, true) => "group.application_assignment.update",
            (true, false) => "group.application_assignment.remove",
        };
        self.record(kind, [self.group_target(group), self.app_target(app)]);
        self.resettle_group(app, group);
    }

    /// Takes a group off an app. False when it was not there.
    pub fn remove_app_group(&mut self, app: &str, group: &str) -> bool {
        let (Some(app), Some(group)) = (self.find_app(app), self.find_group(group)) else { return false };
        let assigned = self.apps.get(app).is_some_and(|row| row.groups.place(group).is_some());
        self.with_app_group(app, group, |groups| _ = groups.remove(group));
        assigned
    }

    /// What an app user's profile shows now: what was set, or what the groups give.
    pub(crate) fn shown_profile(&self, app: usize, user: usize) -> serde_json::Map<String, Value> {
        let Some(row) = self.apps.get(app) else { return serde_json::Map::new() };
        match row.users.get(&user) {
            Some(AppUserRow { profile: Profile::Unset, scope: Some(Scope::Group), .. }) => {
                row.profile_from_groups(&row.granting(self, user))
            }
            Some(at) => at.profile.attributes().cloned().unwrap_or_default(),
            None => serde_json::Map::new(),
        }
    }
}
