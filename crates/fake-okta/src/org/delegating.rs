//! Admin roles are given and taken.

use super::{AdminRole, Holder, Org, RoleRow, RoleTargets};

impl Org {
    /// Gives a user (id or login) an admin role.
    pub fn put_user_role(&mut self, user: &str, role: AdminRole, targets: RoleTargets) {
        let holder = Holder::User(self.user_or_new(user));
        self.put_role(holder, role, targets);
    }

    /// Gives a group (id or name) an admin role, and thereby its members.
    pub fn put_group_role(&mut self, group: &str, role: AdminRole, targets: RoleTargets) {
        let holder = Holder::Group(self.group_or_new(group));
        self.put_role(holder, role, targets);
    }

    pub(crate) fn put_role(&mut self, holder: Holder, role: AdminRole, targets: RoleTargets) -> String {
        let (prefix, kind) = match holder {
            Holder::User(_) => ("ra1", "user.account.privilege.grant"),
            Holder::Group(_) => ("gra", "group.privilege.grant"),
        };
        let id = role.shared_assignment_id().unwrap_or_else(|| self.ids.next(prefix));
        let groups = targets.groups.iter().map(|group| self.group_or_new(group)).collect::<Vec<_>>();
        let groups = groups.into_iter().map(|group| self.group_id(group)).collect();
        let targets = RoleTargets { groups, apps: targets.apps };
        self.roles.push(RoleRow { id: id.clone(), role, holder, targets, created: self.now });
        self.record(kind, [self.holder_target(holder)]);
        id
    }

    /// False when the holder has no role with this assignment id.
    pub(crate) fn remove_role(&mut self, holder: Holder, id: &str) -> bool {
        let before = self.roles.len();
        self.roles.retain(|row| row.holder != holder || row.id != id);
        let removed = self.roles.len() < before;
        if removed {
            let kind = match holder {
                Holder::User(_) => "user.account.privilege.revoke",
                Holder::Group(_) => "group.privilege.revoke",
            };
            self.record(kind, [self.holder_target(holder)]);
        }
        removed
    }

    /// Whether Okta shields this user from admins who are not super: it holds an admin role, by itself or by a group.
    pub(crate) fn user_is_admin(&self, user: usize) -> bool {
        self.roles_of_user(user).next().is_some() || self.bindings_of_user(user).next().is_some()
    }

    /// Whether Okta shields this group from admins who are not super.
    pub(crate) fn group_is_admin(&self, group: usize) -> bool {
        self.roles_of_group(group).next().is_some() || self.bindings_of(Holder::Group(group)).next().is_some()
    }
}
