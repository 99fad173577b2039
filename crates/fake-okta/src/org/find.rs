//! Finding users, groups and apps by what people call them.

use super::{AppRow, Group, GroupRow, Holder, Org, RoleRow, User, UserRow};

impl Org {
    /// The row of the user with this id or login.
    pub(crate) fn find_user(&self, reference: &str) -> Option<usize> {
        let by_login = || self.logins.get(&reference.to_lowercase());
        self.user_ids.get(reference).or_else(by_login).copied()
    }

    /// The row of the group with this id or name.
    pub(crate) fn find_group(&self, reference: &str) -> Option<usize> {
        self.group_ids.get(reference).or_else(|| self.group_names.get(reference)).copied()
    }

    pub(crate) fn user_by_id(&self, id: &str) -> Option<(usize, &UserRow)> {
        let index = self.user_ids.get(id).copied()?;
        Some((index, self.users.get(index)?))
    }

    pub(crate) fn group_by_id(&self, id: &str) -> Option<(usize, &GroupRow)> {
        let index = self.group_ids.get(id).copied()?;
        Some((index, self.groups.get(index)?))
    }

    pub(crate) fn app_by_id(&self, id: &str) -> Option<&AppRow> {
        self.apps.iter().find(|row| row.app.id == id)
    }

    /// The row of the app with this id.
    pub(crate) fn find_app(&self, id: &str) -> Option<usize> {
        self.apps.iter().position(|row| row.app.id == id)
    }

    pub(crate) fn user_or_new(&mut self, reference: &str) -> usize {
        match self.find_user(reference) {
            Some(index) => index,
            None if reference.contains('@') => self.insert_user(User::new(reference)),
            None => {
                let login = format!("{}@{}.test", reference.to_lowercase(), self.subdomain);
                self.insert_user(User::new(login).id(reference))
            }
        }
    }

    pub(crate) fn group_or_new(&mut self, reference: &str) -> usize {
        match self.find_group(reference) {
            Some(index) => index,
            None => self.insert_group(Group::new(reference).id(reference)),
        }
    }

    pub(crate) fn user_id(&self, index: usize) -> String {
        self.users.get(index).map_or_else(String::new, |row| row.user.id.clone())
    }

    pub(crate) fn group_id(&self, index: usize) -> String {
        self.groups.get(index).map_or_else(String::new, |row| row.group.id.clone())
    }

    /// The admin roles a user holds: own ones first, then those of its groups.
    pub(crate) fn roles_of_user(&self, user: usize) -> impl Iterator<Item = &RoleRow> {
        let own = self.roles.iter().filter(move |row| row.holder == Holder::User(user));
        let by_group = self.roles.iter().filter(move |row| match row.holder {
            Holder::Group(group) => self.users.get(user).is_some_and(|row| row.groups.contains(group)),
            Holder::User(_) => false,
        });
        own.chain(by_group)
    }

    /// The admin roles a group holds.
    pub(crate) fn roles_of_group(&self, group: usize) -> impl Iterator<Item = &RoleRow> {
        self.roles.iter().filter(move |row| row.holder == Holder::Group(group))
    }

    /// Ids of all users, in the order in which they were added.
    pub fn user_ids(&self) -> impl Iterator<Item = &str> {
        self.users.iter().filter(|row| !row.gone).map(|row| row.user.id.as_str())
    }

    /// Id and name of every group, in the order in which they were added.
    pub fn group_names(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.groups
            .iter()
            .filter(|row| !row.gone)
            .map(|row| (row.group.id.as_str(), row.group.name.as_deref()))
    }

    /// Whether the user (id or login) is in the group (id or name).
    pub fn is_member(&self, group: &str, user: &str) -> bool {
        let group = self.find_group(group).and_then(|index| self.groups.get(index));
        let user = self.find_user(user);
        group.zip(user).is_some_and(|(group, user)| group.members.contains(user))
    }

    /// Ids of the members of a group (id or name).
    pub fn members(&self, group: &str) -> Vec<&str> {
        let row = self.find_group(group).and_then(|index| self.groups.get(index));
        row.into_iter()
            .flat_map(|row| row.members.iter())
            .filter_map(|user| self.users.get(user))
            .map(|row| row.user.id.as_str())
            .collect()
    }
}
