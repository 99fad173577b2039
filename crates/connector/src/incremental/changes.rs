//! What the System Log and the dates of groups say has changed since a snapshot, as far as it concerns that snapshot.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rolebook_federation::{GroupKind, Rules};
use rolebook_ledger::{Facts, GroupName, GroupRecord};
use rolebook_okta::shapes::{self, LogEvent};

use crate::{app::time, intake::federation_group};

/// Entries that are read: everything that may change what a snapshot holds. Names as in Okta's list of event types.
pub(super) fn filter(app: &str) -> String {
    let begins = [
        "group.user_membership.",
        "group.lifecycle.",
        "user.lifecycle.",
        "user.account.",
        "directory.app_user_profile.",
        "app.user_management.user_group_import.",
        "iam.",
    ];
    let exactly = ["group.profile.update", "group.privilege.grant", "group.privilege.revoke"];
    let of_app = ["application.", "group.application_assignment."];
    let starts = |kinds: &[&str]| {
        kinds.iter().map(|kind| format!("eventType sw \"{kind}\"")).collect::<Vec<_>>().join(" or ")
    };
    let equals =
        exactly.iter().map(|kind| format!("eventType eq \"{kind}\"")).collect::<Vec<_>>().join(" or ");
    format!("{} or {equals} or (target.id eq \"{app}\" and ({}))", starts(&begins), starts(&of_app))
}

/// What is to be read again. Nothing in it means that nothing changed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// People whose assignment and person are read again.
    pub(crate) users: BTreeSet<String>,
    /// People whose groups are read again too: their life cycle changed.
    pub(crate) lifecycle: BTreeSet<String>,
    /// Groups that were made, renamed or deleted.
    pub(crate) groups: BTreeSet<String>,
    /// Groups whose members are read again.
    pub(crate) members: BTreeSet<String>,
    /// The app's groups changed: both lists of the app are read again.
    pub(crate) assignments: bool,
    /// Groups as Okta lists them now, of those whose dates have moved.
    pub(crate) listed: BTreeMap<String, shapes::Group>,
    /// Entries of the log that were looked at.
    pub(crate) entries: u64,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.lifecycle.is_empty()
            && self.groups.is_empty()
            && self.members.is_empty()
            && !self.assignments
    }
}

/// A snapshot, in the shape in which changes are looked up.
pub(super) struct Known<'a> {
    facts: &'a Facts,
    rules: &'a Rules,
    groups: HashMap<&'a str, &'a GroupRecord>,
    names: HashMap<&'a str, &'a GroupName>,
    users: BTreeSet<&'a str>,
    /// Groups that hold an Okta admin role.
    admins: BTreeSet<&'a str>,
}

impl<'a> Known<'a> {
    pub(super) fn new(facts: &'a Facts, rules: &'a Rules) -> Self {
        Self {
            facts,
            rules,
            groups: facts.groups.iter().map(|group| (group.id.as_str(), group)).collect(),
            names: facts.group_names.iter().map(|name| (name.id.as_str(), name)).collect(),
            users: facts.users.iter().map(|user| user.id.as_str()).collect(),
            admins: facts
                .admin_roles
                .iter()
                .flat_map(|role| role.groups.keys())
                .map(rolebook_ledger::GroupId::as_str)
                .collect(),
        }
    }

    fn holds_admin_roles(&self) -> bool {
        let stage = crate::Stage::AdminRoles.as_str();
        let read = self.facts.coverage.lists.get(stage);
        matches!(read, Some(rolebook_ledger::ListCoverage::Full { .. }))
    }

    /// Takes one entry in. An error is a doubt, in words: then everything is read.
    pub(super) fn event(&self, entry: &LogEvent, changes: &mut Changes) -> Result<(), String> {
        changes.entries += 1;
        let Some(kind) = entry.event_type.as_deref() else {
            return Err("an entry of Okta's log has no type".into());
        };
        // Their order is not given: what something is, only its type tells.
        let target = |of: &str| {
            let party = entry.target.iter().find(|party| party.kind.as_deref() == Some(of));
            party.and_then(|party| party.id.as_deref())
        };
        let user = || target("User").ok_or_else(|| format!("a {kind} in Okta's log names no user"));
        let group = || target("UserGroup").ok_or_else(|| format!("a {kind} in Okta's log names no group"));
        match kind {
            "group.user_membership.add" | "group.user_membership.remove" => {
                self.membership(user()?, group()?, changes)
            }
            _ if kind.starts_with("group.user_membership.rule.") => {
                Err(format!("a group rule was at work ({kind})"))
            }
            "group.lifecycle.create" | "group.lifecycle.delete" | "group.profile.update" => {
                let group = group()?;
                if self.rules.maps_groups() || self.groups.contains_key(group) {
                    changes.groups.insert(group.to_owned());
                }
                Ok(())
            }
            _ if kind.starts_with("user.account.privilege.")
                || kind.starts_with("group.privilege.")
                || kind.starts_with("iam.") =>
            {
                if self.holds_admin_roles() || self.facts.custom_roles.is_some() {
                    return Err(format!("Okta admin roles changed ({kind})"));
                }
                Ok(())
            }
            _ if kind.starts_with("user.lifecycle.") => self.life_cycle(user()?, changes),
            _ if kind.starts_with("user.account.") => {
                let user = user()?;
                if self.users.contains(user) {
                    changes.users.insert(user.to_owned());
                }
                Ok(())
            }
            _ if kind.starts_with("application.user_membership.") => {
                changes.users.insert(user()?.to_owned());
                Ok(())
            }
            "group.application_assignment.add"
            | "group.application_assignment.remove"
            | "group.application_assignment.update" => {
                changes.assignments = true;
                Ok(())
            }
            _ if kind.starts_with("directory.app_user_profile.") => {
                Err("the schema of an app's profile changed".into())
            }
            _ if kind.starts_with("application.lifecycle.") => Err(format!("the app changed ({kind})")),
            _ if kind.starts_with("app.user_management.") => {
                Err(format!("an import changed people or groups ({kind})"))
            }
            _ => Err(format!("Okta's log holds a {kind}, whose effect is not known")),
        }
    }

    /// Who holds an Okta admin role through which group is known only of the groups of the snapshot.
    pub(super) fn admins_unmoved(&self, changes: &Changes) -> Result<(), String> {
        if self.holds_admin_roles() && (changes.assignments || !changes.groups.is_empty()) {
            return Err("groups changed, and Okta admin roles are read".into());
        }
        Ok(())
    }

    fn membership(&self, user: &str, group: &str, changes: &mut Changes) -> Result<(), String> {
        match self.groups.get(group) {
            Some(_) if self.admins.contains(group) => {
                Err(format!("the members of group {group}, which holds an Okta admin role, changed"))
            }
            Some(record) if record.members_read => {
                changes.members.insert(group.to_owned());
                // What a group gives to an assignment follows its members.
                if record.group.assignment.is_some() {
                    changes.users.insert(user.to_owned());
                }
                Ok(())
            }
            Some(_) => Ok(()),
            None if self.holds_admin_roles() => Err(format!(
                "the members of group {group} changed, through which Okta admin roles may be held"
            )),
            None => Ok(()),
        }
    }

    fn life_cycle(&self, user: &str, changes: &mut Changes) -> Result<(), String> {
        if self
            .facts
            .groups
            .iter()
            .any(|record| record.members_read && record.group.kind == GroupKind::BuiltIn)
        {
            return Err("people came or went, and a group of everyone matters".into());
        }
        if self.users.contains(user) {
            changes.users.insert(user.to_owned());
            changes.lifecycle.insert(user.to_owned());
        }
        Ok(())
    }

    /// Takes in a group whose dates Okta has moved; also those that moved before the snapshot are listed again.
    pub(super) fn listed(&self, okta: shapes::Group, changes: &mut Changes) {
        let id = okta.id.as_str().to_owned();
        let known = self.groups.get(id.as_str());
        let moved = |new: Option<&str>, old: Option<jiff::Timestamp>| time(new) != old;
        if let Some(record) = known {
            if moved(okta.last_membership_updated.as_deref(), record.last_membership_updated) {
                // Also where the log has not said so yet, or never will.
                let of = if record.members_read { &mut changes.members } else { &mut changes.groups };
                of.insert(id.clone());
            }
            if moved(okta.last_updated.as_deref(), record.last_updated) {
                changes.groups.insert(id.clone());
            }
        } else if self.rules.maps_groups() {
            let group = federation_group(&okta);
            let same = self.names.get(id.as_str()).is_some_and(|name| name.name == group.name);
            // Without the names of all groups, only those that the filter finds can be news.
            if !same && (!self.names.is_empty() || self.rules.verdict(&group).found()) {
                changes.groups.insert(id.clone());
            }
        }
        changes.listed.insert(id, okta);
    }
}
