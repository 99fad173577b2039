//! An intake that begins with the facts of a snapshot, and what a newer reading takes out of it again.

use std::collections::BTreeSet;

use rolebook_federation::GroupOrigin;
use rolebook_ledger::Facts;
use rolebook_okta::shapes;

use super::{Described, Intake, Seen, federation_group, time};
use crate::PersonRules;

impl Intake {
    /// Everything that a snapshot says of groups, people and who is in what. A person that is read again counts.
    pub(crate) fn seeded(rules: PersonRules, base: &Facts) -> Self {
        let mut intake = Self::new(rules);
        for record in &base.groups {
            let Some(draft) = intake.groups.draft(record.id.as_str()) else { continue };
            let mut group = record.group.clone();
            draft.assignment =
                group.assignment.take().map(|assignment| (assignment, record.assignment_updated));
            draft.members_read = record.members_read;
            draft.described = Some(Described {
                listed: true,
                name: group.name,
                kind: group.kind,
                origin: group.origin,
                created: record.created,
                last_updated: record.last_updated,
                last_membership_updated: record.last_membership_updated,
            });
        }
        for record in &base.users {
            let Some(draft) = intake.users.draft(record.id.as_str()) else { continue };
            draft.person = Some(Seen { last_updated: None, person: record.person.clone() });
            draft.app_user = record.user.app_user.clone().zip(record.assignment.clone());
            let user = intake.users.at(record.id.as_str());
            let held = record.user.groups.iter().filter_map(|ix| base.groups.get(*ix as usize));
            for group in held {
                let group = intake.groups.at(group.id.as_str());
                intake.memberships.push((group, user));
            }
        }
        intake.names =
            base.group_names.iter().map(|name| (name.id.as_str().to_owned(), name.clone())).collect();
        intake
    }

    /// Describes a group anew. Of one that the filter does not find, a full sync knows what the assignment embeds, which
    /// does not name the source app.
    pub(crate) fn describe_again(&mut self, okta: &shapes::Group, found: bool) {
        let group = federation_group(okta);
        let origin = if found { group.origin } else { GroupOrigin { app_name: None, ..group.origin } };
        if let Some(draft) = self.groups.draft(okta.id.as_str()) {
            draft.gone = false;
            draft.described = Some(Described {
                listed: true,
                name: group.name,
                kind: group.kind,
                origin,
                created: time(okta.created.as_deref()),
                last_updated: time(okta.last_updated.as_deref()),
                last_membership_updated: time(okta.last_membership_updated.as_deref()),
            });
        }
    }

    /// A group left the org: its name too.
    pub(crate) fn forget_name(&mut self, group: &str) {
        self.names.remove(group);
    }

    /// Nobody is assigned, until a list says who.
    pub(crate) fn forget_app_users(&mut self) {
        self.users.drafts.iter_mut().for_each(|draft| draft.app_user = None);
    }

    /// One person is not assigned.
    pub(crate) fn forget_app_user(&mut self, user: &str) {
        if let Some(draft) = self.users.draft(user) {
            draft.app_user = None;
        }
    }

    /// No group is assigned, until a list says which.
    pub(crate) fn forget_assignments(&mut self) {
        self.groups.drafts.iter_mut().for_each(|draft| draft.assignment = None);
    }

    /// Takes the members of a group out, and says who they were.
    pub(crate) fn forget_members(&mut self, group: &str) -> BTreeSet<String> {
        let members = self.members_of(group);
        let at = self.groups.at(group);
        self.memberships.retain(|(group, _)| *group != at);
        if let Some(draft) = self.groups.draft(group) {
            draft.members_read = false;
        }
        members
    }

    /// Who is in a group.
    pub(crate) fn members_of(&self, group: &str) -> BTreeSet<String> {
        let Some(at) = self.groups.by_id.get(group) else { return BTreeSet::new() };
        let members: BTreeSet<u32> =
            self.memberships.iter().filter(|(group, _)| group == at).map(|(_, user)| *user).collect();
        self.users.by_id.iter().filter(|(_, ix)| members.contains(*ix)).map(|(id, _)| id.clone()).collect()
    }

    /// Puts a user into exactly those of the groups whose members are known.
    pub(crate) fn member_of_only(&mut self, user: &str, groups: &BTreeSet<String>) {
        let known: Vec<u32> = self
            .groups
            .by_id
            .iter()
            .filter(|(id, _)| groups.contains(*id))
            .filter(|(_, ix)| self.groups.drafts.get(**ix as usize).is_some_and(|draft| draft.members_read))
            .map(|(_, ix)| *ix)
            .collect();
        let user = self.users.at(user);
        self.memberships.retain(|(_, member)| *member != user);
        self.memberships.extend(known.into_iter().map(|group| (group, user)));
    }

    /// Whether the user is assigned to the app.
    pub(crate) fn is_assigned(&self, user: &str) -> bool {
        self.users.get(user).is_some_and(|draft| draft.app_user.is_some())
    }

    /// Groups of the snapshot, by id: whether assigned, whether the members were read, and what the filter needs.
    pub(crate) fn standing(&self) -> Vec<(String, bool, bool, rolebook_federation::Group)> {
        let of = |(id, ix): (&String, &u32)| {
            let draft = self.groups.drafts.get(*ix as usize).filter(|draft| !draft.gone)?;
            let described = draft.described.as_ref();
            let group = rolebook_federation::Group {
                name: described.and_then(|described| described.name.clone()),
                kind: described.map_or(rolebook_federation::GroupKind::Unknown, |described| described.kind),
                origin: described.map(|described| described.origin.clone()).unwrap_or_default(),
                assignment: None,
            };
            Some((id.clone(), draft.assignment.is_some(), draft.members_read, group))
        };
        let mut standing: Vec<_> = self.groups.by_id.iter().filter_map(of).collect();
        standing.sort_by(|a, b| a.0.cmp(&b.0));
        standing
    }
}
