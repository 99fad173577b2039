//! Groups, who is in them, and the rules that put people there.

use super::{Group, GroupRow, GroupRule, Holder, IndexSet, Org};

impl Org {
    /// Adds a group, or replaces the one with the same id; members named in it are joined, none is removed.
    pub fn put_group(&mut self, group: Group) {
        self.insert_group(group);
    }

    pub(crate) fn insert_group(&mut self, mut group: Group) -> usize {
        if group.id.is_empty() {
            group.id = self.ids.next("00g");
        }
        let members = std::mem::take(&mut group.members);
        let index = self.group_ids.get(&group.id).copied().unwrap_or(self.groups.len());
        self.group_ids.insert(group.id.clone(), index);
        match self.groups.get(index).and_then(|row| row.group.name.as_ref()) {
            Some(old) if group.name.as_ref() != Some(old) => _ = self.group_names.remove(old),
            _ => {}
        }
        if let Some(name) = &group.name {
            self.group_names.insert(name.clone(), index);
        }
        match self.groups.get_mut(index) {
            Some(row) => {
                row.group = group;
                row.last_updated = self.now;
                row.gone = false;
                self.record("group.profile.update", [self.group_target(index)]);
            }
            None => self.new_group(group),
        }
        for member in members {
            let user = self.user_or_new(&member);
            self.join_group(index, user);
        }
        index
    }

    fn new_group(&mut self, group: Group) {
        let created = group.created.unwrap_or(self.now);
        let last_updated = group.last_updated.unwrap_or(created);
        let last_membership_updated = group.last_membership_updated.unwrap_or(created);
        let members = IndexSet::default();
        let row = GroupRow { group, created, last_updated, last_membership_updated, members, gone: false };
        self.groups.push(row);
        self.record("group.lifecycle.create", [self.group_target(self.groups.len() - 1)]);
    }

    /// Deletes a group with its memberships and app assignments. False when there is no such group.
    pub fn remove_group(&mut self, group: &str) -> bool {
        let Some(index) = self.find_group(group) else { return false };
        let Some(row) = self.groups.get_mut(index) else { return false };
        row.gone = true;
        let id = row.group.id.clone();
        let members = std::mem::take(&mut row.members);
        self.group_ids.remove(&id);
        if let Some(name) = &row.group.name {
            self.group_names.remove(name);
        }
        for app in &mut self.apps {
            app.groups.remove(index);
        }
        for user in members.iter() {
            if let Some(row) = self.users.get_mut(user) {
                row.groups.remove(index);
            }
            self.resettle_user(user);
        }
        self.roles.retain(|role| role.holder != Holder::Group(index));
        self.unbind(Holder::Group(index));
        for rule in self.rules.iter_mut().filter(|rule| rule.groups.contains(&id)) {
            rule.status = "INVALID";
        }
        self.record("group.lifecycle.delete", [self.group_target(index)]);
        true
    }

    /// Puts a user into a group; both are made when they do not exist. False when it was in before.
    pub fn add_member(&mut self, group: &str, user: &str) -> bool {
        let group = self.group_or_new(group);
        let user = self.user_or_new(user);
        self.join_group(group, user)
    }

    /// Takes a user out of a group. False when it was not in. A user whom a rule holds there becomes an exception of
    /// that rule.
    pub fn remove_member(&mut self, group: &str, user: &str) -> bool {
        let (Some(group), Some(user)) = (self.find_group(group), self.find_user(user)) else { return false };
        self.leave_group(group, user)
    }

    pub(super) fn join_group(&mut self, group: usize, user: usize) -> bool {
        let joined = self.join(group, user);
        if joined {
            self.touch_membership(group);
            self.record("group.user_membership.add", [self.user_target(user), self.group_target(group)]);
            self.resettle_user(user);
        }
        joined
    }

    pub(super) fn leave_group(&mut self, group: usize, user: usize) -> bool {
        let left = self.leave(group, user);
        if left {
            self.touch_membership(group);
            self.except_from_rules(group, user);
            // Okta does not promise an order of targets; readers must go by type.
            self.record("group.user_membership.remove", [self.group_target(group), self.user_target(user)]);
            self.resettle_user(user);
        }
        left
    }

    fn except_from_rules(&mut self, group: usize, user: usize) {
        let (group_id, user_id) = (self.group_id(group), self.user_id(user));
        let held = |rule: &GroupRule| rule.groups.contains(&group_id) && rule.holds.contains(&user_id);
        let mut excepted = false;
        for rule in self.rules.iter_mut().filter(|rule| held(rule)) {
            rule.holds.retain(|held| *held != user_id);
            rule.excluded_users.push(user_id.clone());
            excepted = true;
        }
        if excepted {
            let targets = [self.group_target(group), self.user_target(user)];
            self.record("group.user_membership.rule.add_exclusion", targets);
        }
    }

    /// The bare fact of membership, without log or consequences.
    pub(crate) fn join(&mut self, group: usize, user: usize) -> bool {
        self.unsettled = true;
        let (Some(g), Some(u)) = (self.groups.get_mut(group), self.users.get_mut(user)) else { return false };
        u.groups.insert(group);
        g.members.insert(user)
    }

    fn leave(&mut self, group: usize, user: usize) -> bool {
        let (Some(g), Some(u)) = (self.groups.get_mut(group), self.users.get_mut(user)) else { return false };
        u.groups.remove(group);
        g.members.remove(user)
    }

    fn touch_membership(&mut self, group: usize) {
        let now = self.now;
        if let (true, Some(row)) = (self.live, self.groups.get_mut(group)) {
            row.last_membership_updated = now;
        }
    }

    /// Adds a group rule, or replaces the one with the same id. The users it holds join its groups.
    pub fn put_rule(&mut self, mut rule: GroupRule) {
        if rule.id.is_empty() {
            rule.id = self.ids.next("0pr");
        }
        rule.created.get_or_insert(self.now);
        for group in &mut rule.groups {
            let index = self.group_or_new(group);
            *group = self.group_id(index);
        }
        for user in rule.excluded_users.iter_mut().chain(&mut rule.holds) {
            let index = self.user_or_new(user);
            *user = self.user_id(index);
        }
        if rule.status == "ACTIVE" {
            for (group, user) in
                rule.groups.iter().flat_map(|group| rule.holds.iter().map(move |user| (group, user)))
            {
                self.add_member(group, user);
            }
        }
        let kind = match rule.status {
            "ACTIVE" => "group.user_membership.rule.trigger",
            _ => "group.user_membership.rule.deactivated",
        };
        let known = self.rules.iter().any(|old| old.id == rule.id);
        if known || rule.status == "ACTIVE" {
            self.record_rule(kind, &rule);
        }
        match self.rules.iter_mut().find(|old| old.id == rule.id) {
            Some(old) => *old = rule,
            None => self.rules.push(rule),
        }
    }

    /// What a rule does to its groups. A rule that was made and never active leaves no entry that is known of.
    fn record_rule(&mut self, kind: &'static str, rule: &GroupRule) {
        let groups: Vec<_> =
            rule.groups.iter().filter_map(|id| self.group_target(self.find_group(id)?)).map(Some).collect();
        self.record(kind, groups);
    }

    /// Removes a group rule; whom it held stays a member. False when there is no such rule.
    pub fn remove_rule(&mut self, id: &str) -> bool {
        let Some(at) = self.rules.iter().position(|rule| rule.id == id) else { return false };
        let rule = self.rules.remove(at);
        self.record_rule("group.user_membership.rule.deactivated", &rule);
        true
    }
}
