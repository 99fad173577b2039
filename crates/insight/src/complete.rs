//! How complete one row of an answer is: a group whose members were not read may give its roles to more people than
//! the answer shows.

use std::collections::BTreeSet;

use rolebook_federation::{GroupIx, Mode, RoleIx, UserIx};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{GroupRef, Reading, Readings};

/// Whether everything that a result depends on was read. Where it was not, counts and lists are lower bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Completeness {
    /// Everything that the result depends on was read.
    pub complete: bool,
    /// Groups that matter for the result and whose members were not read to the end.
    #[serde(default)]
    pub unread_groups: Vec<GroupRef>,
}

impl Default for Completeness {
    fn default() -> Self {
        Self { complete: true, unread_groups: Vec::new() }
    }
}

/// How many groups a sentence names.
const NAMED: usize = 5;

impl Completeness {
    /// The two together: complete only when both are.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.complete &= other.complete;
        self.unread_groups.extend(other.unread_groups);
        self.unread_groups.sort_by(|a, b| (a.label(), &a.id).cmp(&(b.label(), &b.id)));
        self.unread_groups.dedup();
        self
    }

    /// Labels of the groups that were not read.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        self.unread_groups.iter().map(|group| group.label().to_owned()).collect()
    }

    /// What was not read, as a clause; nothing when the result is complete.
    #[must_use]
    pub fn gap(&self) -> Option<String> {
        if self.complete {
            return None;
        }
        if self.unread_groups.is_empty() {
            return Some("the token may see less than there is".to_owned());
        }
        let labels = self.labels();
        let more = labels.len().saturating_sub(NAMED);
        let shown: Vec<String> = labels.iter().take(NAMED).map(|label| format!("`{label}`")).collect();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!("members of {}{more} were not read", shown.join(", ")))
    }
}

impl Reading {
    /// Whether everybody who can assume a role is known.
    #[must_use]
    pub fn completeness_of_role(&self, role: RoleIx) -> Completeness {
        self.completeness(self.unread_groups().filter(|group| self.confers(*group, role).is_some()))
    }

    /// Whether every role of a person is known. A group gives nothing new to a person whom the rules of the app stop,
    /// or who has its roles already.
    #[must_use]
    pub fn completeness_of_person(&self, user: UserIx) -> Completeness {
        if !self.may_have_roles(user) {
            return Completeness::default();
        }
        let gives = |group: &GroupIx| {
            !self.members(*group).contains(&user)
                && self.conferred_by(*group).iter().any(|grant| self.grant(user, grant.role).is_none())
        };
        self.completeness(self.unread_groups().filter(gives))
    }

    /// Whether the members of a group are known.
    #[must_use]
    pub fn completeness_of_group(&self, group: GroupIx) -> Completeness {
        let unread = self.facts().groups.get(group as usize).is_some_and(|record| !record.members_read);
        self.completeness(unread.then_some(group).into_iter())
    }

    /// Whether everything of this app was read that access depends on.
    #[must_use]
    pub fn completeness_of_app(&self) -> Completeness {
        self.completeness(self.unread_groups())
    }

    fn completeness(&self, groups: impl Iterator<Item = GroupIx>) -> Completeness {
        let unread_groups: Vec<GroupRef> = groups.filter_map(|group| self.group(group)).collect();
        let complete = unread_groups.is_empty() && !self.facts().coverage.token_sees_less();
        Completeness { complete, unread_groups: Vec::new() }
            .and(Completeness { complete: true, unread_groups })
    }

    /// Groups that give a role to each member and whose members were not read. In direct mode the profile of the
    /// assignment decides, unless the app joins the roles of all groups.
    fn unread_groups(&self) -> impl Iterator<Item = GroupIx> + '_ {
        let members_decide = match self.rules().mode() {
            Mode::Mapping(_) => true,
            Mode::Direct(direct) => direct.join(),
        };
        let groups = (0..).zip(&self.facts().groups).filter(move |_| members_decide);
        groups
            .filter(|(ix, record)| !record.members_read && !self.conferred_by(*ix).is_empty())
            .map(|(ix, _)| ix)
    }
}

impl Readings {
    /// Whether everything that access depends on was read, of all apps.
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        let each = self.all().iter().map(Reading::completeness_of_app);
        each.fold(Completeness::default(), Completeness::and)
    }

    /// Ids of the apps of which something was not read.
    #[must_use]
    pub fn incomplete_apps(&self) -> BTreeSet<String> {
        let apps = self.all().iter().filter(|reading| !reading.completeness_of_app().complete);
        apps.map(|reading| reading.facts().app.id.to_string()).collect()
    }
}
