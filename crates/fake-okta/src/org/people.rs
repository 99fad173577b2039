//! People come, change and go.

use super::{Holder, IndexSet, Org, User, UserRow, UserStatus};

impl Org {
    /// Adds a user, or replaces the one with the same id.
    pub fn put_user(&mut self, user: User) {
        self.insert_user(user);
    }

    pub(crate) fn insert_user(&mut self, mut user: User) -> usize {
        if user.id.is_empty() {
            user.id = self.ids.next("00u");
        }
        let login = user.login.to_lowercase();
        match self.user_ids.get(&user.id).copied() {
            Some(index) => {
                self.replace_user(index, user);
                self.logins.insert(login, index);
                index
            }
            None => {
                let index = self.users.len();
                self.user_ids.insert(user.id.clone(), index);
                self.logins.insert(login, index);
                self.new_user(user)
            }
        }
    }

    fn new_user(&mut self, user: User) -> usize {
        let index = self.users.len();
        let created = user.created.unwrap_or(self.now);
        let last_updated = user.last_updated.unwrap_or(created);
        let status = user.status;
        let groups = IndexSet::default();
        let row = UserRow { user, created, last_updated, status_changed: created, groups, gone: false };
        self.users.push(row);
        if let (Some(everyone), true) = (self.everyone, status != UserStatus::Deprovisioned) {
            self.join(everyone, index);
            self.resettle_user(index);
        }
        self.record("user.lifecycle.create", [self.user_target(index)]);
        if status == UserStatus::Active {
            self.record("user.lifecycle.activate", [self.user_target(index)]);
        }
        index
    }

    fn replace_user(&mut self, index: usize, user: User) {
        let last_updated = user.last_updated.unwrap_or(self.now);
        if let Some(row) = self.users.get_mut(index) {
            self.logins.remove(&row.user.login.to_lowercase());
            row.created = user.created.unwrap_or(row.created);
            row.user = user;
            row.last_updated = last_updated;
            row.gone = false;
        }
        self.resettle_user(index);
        self.record("user.account.update_profile", [self.user_target(index)]);
    }

    /// Changes a user's status. DEPROVISIONED takes the user out of every group and off every app, as Okta does.
    /// False when there is no such user.
    pub fn set_status(&mut self, user: &str, status: UserStatus) -> bool {
        let now = self.now;
        let Some(index) = self.find_user(user) else { return false };
        let Some(row) = self.users.get_mut(index) else { return false };
        let before = std::mem::replace(&mut row.user.status, status);
        row.status_changed = now;
        row.last_updated = now;
        let kind = match (before, status) {
            (_, UserStatus::Deprovisioned) => "user.lifecycle.deactivate",
            (_, UserStatus::Suspended) => "user.lifecycle.suspend",
            (UserStatus::Suspended, _) => "user.lifecycle.unsuspend",
            (UserStatus::Deprovisioned, _) => "user.lifecycle.reactivate",
            (_, UserStatus::LockedOut) => "user.account.lock",
            (UserStatus::LockedOut, _) => "user.account.unlock",
            (_, UserStatus::PasswordExpired) => "user.account.expire_password",
            _ => "user.lifecycle.activate",
        };
        self.record(kind, [self.user_target(index)]);
        match status {
            UserStatus::Deprovisioned => self.detach(index),
            _ => self.return_to_everyone(index),
        }
        true
    }

    fn return_to_everyone(&mut self, user: usize) {
        if let Some(everyone) = self.everyone {
            self.join(everyone, user);
        }
        self.resettle_user(user);
    }

    /// Deletes a user for good. False when there is no such user.
    pub fn remove_user(&mut self, user: &str) -> bool {
        let Some(index) = self.find_user(user) else { return false };
        self.record("user.lifecycle.delete.initiated", [self.user_target(index)]);
        self.detach(index);
        self.roles.retain(|role| role.holder != Holder::User(index));
        self.unbind(Holder::User(index));
        if let Some(row) = self.users.get_mut(index) {
            row.gone = true;
            self.user_ids.remove(&row.user.id);
            self.logins.remove(&row.user.login.to_lowercase());
        }
        self.record("user.lifecycle.delete.completed", [self.user_target(index)]);
        true
    }

    /// Out of every group, off every app.
    fn detach(&mut self, user: usize) {
        let groups: Vec<usize> =
            self.users.get(user).map_or_else(Vec::new, |row| row.groups.iter().collect());
        for group in groups {
            self.leave_group(group, user);
        }
        for app in 0..self.apps.len() {
            self.unassign(app, user);
        }
    }
}
