//! Changing an org: by a builder, by a test while the server runs, or by a write through the API.

use std::collections::BTreeMap;

use super::{
    AdminRole, App, AppGroup, AppGroups, AppRow, AppUser, AppUserRow, Group, GroupRow, GroupRule, Holder,
    IndexSet, Org, RoleRow, RoleTargets, User, UserRow, UserStatus,
};

impl Org {
    /// Adds a user, or replaces the one with the same id.
    pub fn put_user(&mut self, user: User) {
        self.insert_user(user);
    }

    pub(crate) fn insert_user(&mut self, mut user: User) -> usize {
        self.unsettled = true;
        if user.id.is_empty() {
            user.id = self.ids.next("00u");
        }
        let created = user.created.unwrap_or(self.now);
        let last_updated = user.last_updated.unwrap_or(created);
        let login = user.login.to_lowercase();
        if let Some(&index) = self.user_ids.get(&user.id) {
            if let Some(row) = self.users.get_mut(index) {
                self.logins.remove(&row.user.login.to_lowercase());
                *row = UserRow { user, last_updated, gone: false, groups: row.groups.clone(), ..*row };
            }
            self.logins.insert(login, index);
            return index;
        }
        let index = self.users.len();
        self.user_ids.insert(user.id.clone(), index);
        self.logins.insert(login, index);
        let deprovisioned = user.status == UserStatus::Deprovisioned;
        self.users.push(UserRow {
            user,
            created,
            last_updated,
            status_changed: created,
            groups: IndexSet::default(),
            gone: false,
        });
        if let (Some(everyone), false) = (self.everyone, deprovisioned) {
            self.join(everyone, index);
        }
        index
    }

    /// Adds a group, or replaces the one with the same id; members named in it are joined, none is removed.
    pub fn put_group(&mut self, group: Group) {
        self.insert_group(group);
    }

    pub(crate) fn insert_group(&mut self, mut group: Group) -> usize {
        self.unsettled = true;
        if group.id.is_empty() {
            group.id = self.ids.next("00g");
        }
        let members = std::mem::take(&mut group.members);
        let created = group.created.unwrap_or(self.now);
        let last_updated = group.last_updated.unwrap_or(created);
        let last_membership_updated = group.last_membership_updated.unwrap_or(created);
        let index = self.group_ids.get(&group.id).copied().unwrap_or(self.groups.len());
        self.group_ids.insert(group.id.clone(), index);
        if let Some(name) = &group.name {
            self.group_names.insert(name.clone(), index);
        }
        match self.groups.get_mut(index) {
            Some(row) => {
                if row.group.name != group.name
                    && let Some(old) = &row.group.name
                {
                    self.group_names.remove(old);
                }
                row.group = group;
                row.last_updated = self.now;
                row.gone = false;
            }
            None => self.groups.push(GroupRow {
                group,
                created,
                last_updated,
                last_membership_updated,
                members: IndexSet::default(),
                gone: false,
            }),
        }
        for member in members {
            let user = self.user_or_new(&member);
            self.join(index, user);
        }
        index
    }

    /// Adds an app with its assignments, or replaces the one with the same id.
    pub fn put_app(&mut self, mut app: App) {
        self.unsettled = true;
        if app.id.is_empty() {
            app.id = self.ids.next("0oa");
        }
        let id = app.id.clone();
        let users = std::mem::take(&mut app.users);
        let groups = std::mem::take(&mut app.groups);
        let created = app.created.unwrap_or(self.now);
        let last_updated = app.last_updated.unwrap_or(created);
        let row = AppRow { app, created, last_updated, users: BTreeMap::new(), groups: AppGroups::default() };
        match self.apps.iter_mut().find(|old| old.app.id == id) {
            Some(old) => *old = row,
            None => self.apps.push(row),
        }
        for group in groups {
            self.put_app_group(&id, group);
        }
        for user in users {
            self.put_app_user(&id, user);
        }
    }

    /// Changes an app in place: its settings, status, union or lists. Assignments given in the closure are added.
    /// False when there is no such app.
    pub fn change_app(&mut self, id: &str, change: impl FnOnce(App) -> App) -> bool {
        self.unsettled = true;
        let now = self.now;
        let Some(row) = self.apps.iter_mut().find(|row| row.app.id == id) else { return false };
        let mut app = change(row.app.clone());
        let users = std::mem::take(&mut app.users);
        let groups = std::mem::take(&mut app.groups);
        row.app = app;
        row.last_updated = now;
        for group in groups {
            self.put_app_group(id, group);
        }
        for user in users {
            self.put_app_user(id, user);
        }
        true
    }

    /// Adds or replaces an app user. False when there is no such app.
    pub fn put_app_user(&mut self, app: &str, spec: AppUser) -> bool {
        self.unsettled = true;
        let user = self.user_or_new(&spec.user);
        let now = self.now;
        let Some(row) = self.apps.iter_mut().find(|row| row.app.id == app) else { return false };
        let created = spec.created.unwrap_or(now);
        row.users.insert(
            user,
            AppUserRow {
                scope: spec.scope,
                status: spec.status,
                profile: spec.profile,
                user_name: spec.user_name.map(Into::into),
                created,
                last_updated: spec.last_updated.unwrap_or(created),
                pinned: true,
            },
        );
        true
    }

    /// Removes an app user, whatever its scope; a group that grants it brings it back. False when it was not there.
    pub fn remove_app_user(&mut self, app: &str, user: &str) -> bool {
        self.unsettled = true;
        let Some(user) = self.find_user(user) else { return false };
        let row = self.apps.iter_mut().find(|row| row.app.id == app);
        row.is_some_and(|row| row.users.remove(&user).is_some())
    }

    /// Assigns a group to an app, or replaces the assignment. False when there is no such app.
    pub fn put_app_group(&mut self, app: &str, spec: AppGroup) -> bool {
        self.unsettled = true;
        let group = self.group_or_new(&spec.group);
        let at = spec.last_updated.unwrap_or(self.now);
        let Some(row) = self.apps.iter_mut().find(|row| row.app.id == app) else { return false };
        row.groups.put(group, spec.priority, spec.profile, at);
        true
    }

    /// Takes a group off an app. False when it was not there.
    pub fn remove_app_group(&mut self, app: &str, group: &str) -> bool {
        self.unsettled = true;
        let Some(group) = self.find_group(group) else { return false };
        let row = self.apps.iter_mut().find(|row| row.app.id == app);
        row.is_some_and(|row| row.groups.remove(group).is_some())
    }

    /// Removes an app. False when it was not there.
    pub fn remove_app(&mut self, id: &str) -> bool {
        let before = self.apps.len();
        self.apps.retain(|row| row.app.id != id);
        self.apps.len() < before
    }

    /// Adds a group rule, or replaces the one with the same id.
    pub fn put_rule(&mut self, mut rule: GroupRule) {
        if rule.id.is_empty() {
            rule.id = self.ids.next("0pr");
        }
        rule.created.get_or_insert(self.now);
        for group in &mut rule.groups {
            let index = self.group_or_new(group);
            *group = self.group_id(index);
        }
        for user in &mut rule.excluded_users {
            let index = self.user_or_new(user);
            *user = self.user_id(index);
        }
        match self.rules.iter_mut().find(|old| old.id == rule.id) {
            Some(old) => *old = rule,
            None => self.rules.push(rule),
        }
    }

    pub(crate) fn put_role(&mut self, holder: Holder, role: AdminRole, targets: RoleTargets) -> String {
        let prefix = if matches!(holder, Holder::User(_)) { "ra1" } else { "gra" };
        let id = role.shared_assignment_id().unwrap_or_else(|| self.ids.next(prefix));
        let groups = targets.groups.iter().map(|group| self.group_or_new(group)).collect::<Vec<_>>();
        let groups = groups.into_iter().map(|group| self.group_id(group)).collect();
        let targets = RoleTargets { groups, apps: targets.apps };
        self.roles.push(RoleRow { id: id.clone(), role, holder, targets, created: self.now });
        id
    }

    /// Puts a user into a group; both are made when they do not exist. False when it was in before.
    pub fn add_member(&mut self, group: &str, user: &str) -> bool {
        self.unsettled = true;
        let group = self.group_or_new(group);
        let user = self.user_or_new(user);
        let joined = self.join(group, user);
        self.touch_membership(group);
        joined
    }

    /// Takes a user out of a group. False when it was not in.
    pub fn remove_member(&mut self, group: &str, user: &str) -> bool {
        self.unsettled = true;
        let (Some(group), Some(user)) = (self.find_group(group), self.find_user(user)) else { return false };
        let left = self.leave(group, user);
        self.touch_membership(group);
        left
    }

    /// Changes a user's status. DEPROVISIONED takes the user out of every group and off every app, as Okta does.
    /// False when there is no such user.
    pub fn set_status(&mut self, user: &str, status: UserStatus) -> bool {
        self.unsettled = true;
        let now = self.now;
        let Some(index) = self.find_user(user) else { return false };
        let Some(row) = self.users.get_mut(index) else { return false };
        row.user.status = status;
        row.status_changed = now;
        row.last_updated = now;
        if status == UserStatus::Deprovisioned {
            self.detach(index);
        }
        true
    }

    /// Deletes a user for good. False when there is no such user.
    pub fn remove_user(&mut self, user: &str) -> bool {
        self.unsettled = true;
        let Some(index) = self.find_user(user) else { return false };
        self.detach(index);
        self.roles.retain(|role| role.holder != Holder::User(index));
        if let Some(row) = self.users.get_mut(index) {
            row.gone = true;
            self.user_ids.remove(&row.user.id);
            self.logins.remove(&row.user.login.to_lowercase());
        }
        true
    }

    /// Deletes a group with its memberships and app assignments. False when there is no such group.
    pub fn remove_group(&mut self, group: &str) -> bool {
        self.unsettled = true;
        let Some(index) = self.find_group(group) else { return false };
        let Some(row) = self.groups.get_mut(index) else { return false };
        row.gone = true;
        let members = std::mem::take(&mut row.members);
        self.group_ids.remove(&row.group.id);
        if let Some(name) = &row.group.name {
            self.group_names.remove(name);
        }
        for user in members.iter() {
            if let Some(row) = self.users.get_mut(user) {
                row.groups.remove(index);
            }
        }
        for app in &mut self.apps {
            app.groups.remove(index);
        }
        self.roles.retain(|role| role.holder != Holder::Group(index));
        true
    }

    pub(crate) fn join(&mut self, group: usize, user: usize) -> bool {
        let (Some(g), Some(u)) = (self.groups.get_mut(group), self.users.get_mut(user)) else { return false };
        u.groups.insert(group);
        g.members.insert(user)
    }

    pub(crate) fn leave(&mut self, group: usize, user: usize) -> bool {
        let (Some(g), Some(u)) = (self.groups.get_mut(group), self.users.get_mut(user)) else { return false };
        u.groups.remove(group);
        g.members.remove(user)
    }

    fn touch_membership(&mut self, group: usize) {
        let now = self.now;
        if let Some(row) = self.groups.get_mut(group) {
            row.last_membership_updated = now;
        }
    }

    /// Out of every group, off every app.
    pub(crate) fn detach(&mut self, user: usize) {
        let groups: Vec<usize> =
            self.users.get(user).map_or_else(Vec::new, |row| row.groups.iter().collect());
        for group in groups {
            self.leave(group, user);
            self.touch_membership(group);
        }
        for app in &mut self.apps {
            app.users.remove(&user);
        }
    }
}
