//! Which change made a difference, and on which object.

use std::collections::BTreeSet;

use rolebook_federation::Scope;
use rolebook_ledger::{GroupRecord, UserRecord};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    ChangedAt, settings,
    sides::{Mix, PARTS, Pair, Part, Sides, Triple, UserPair},
};
use crate::Error;

/// What changed. `kind` is one of `setting`, `group-assigned`, `group-unassigned`, `group-priority`, `group-profile`,
/// `group-renamed`, `group-appeared`, `group-gone`, `group-source`, `member-added`, `member-removed`, `user-status`,
/// `person-gone` (from every group and the app at once, as after a deactivation), `assigned`, `unassigned`,
/// `assignment-status`, `scope`, `profile`, `several`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Cause {
    /// See the type.
    pub kind: String,
    /// Okta id of the object, or the name of the setting.
    pub id: String,
    /// Name of the object as it is now, else as it was.
    pub name: String,
    /// Before, where that is one value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Now, where that is one value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// When the object was last changed, as far as Okta's dates tell: the change is no younger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<jiff::Timestamp>,
}

impl Cause {
    /// Settings first, then groups, then people; within these by name.
    pub(super) fn order(&self) -> (u8, String, String, String) {
        let rank = match self.kind.as_str() {
            "setting" => 0,
            kind if kind.starts_with("group") => 1,
            kind if kind.starts_with("member") => 2,
            _ => 3,
        };
        (rank, self.name.to_lowercase(), self.id.clone(), self.kind.clone())
    }
}

/// The access under every mix that a cause is found by, of the users concerned.
pub(super) struct Causes<'a> {
    sides: &'a Sides<'a>,
    users: Vec<usize>,
    /// Old facts with one part of the new ones.
    forward: Vec<(Part, BTreeSet<Triple>)>,
    /// New facts with one part of the old ones.
    backward: Vec<(Part, BTreeSet<Triple>)>,
    /// Old facts with one setting of the new ones.
    by_setting: Vec<(String, BTreeSet<Triple>)>,
}

impl<'a> Causes<'a> {
    pub(super) fn new(sides: &'a Sides<'a>, deltas: &[(Triple, bool)]) -> Result<Self, Error> {
        let users: BTreeSet<usize> = deltas.iter().map(|(triple, _)| triple.user).collect();
        let users: Vec<usize> = users.into_iter().collect();
        let mut causes =
            Self { sides, users, forward: Vec::new(), backward: Vec::new(), by_setting: Vec::new() };
        if causes.users.is_empty() {
            return Ok(causes);
        }
        for part in PARTS {
            causes.forward.push((part, sides.access(Mix::OLD.flipped(part), &causes.users)?));
            causes.backward.push((part, sides.access(Mix::NEW.flipped(part), &causes.users)?));
        }
        let (old, new) = (&sides.old.facts().app, &sides.new.facts().app);
        for change in settings::changes(old, new) {
            let app = settings::with(old, new, &change.name);
            let access = sides.access_with(Mix::OLD, &app, &causes.users)?;
            causes.by_setting.push((change.name, access));
        }
        Ok(causes)
    }

    /// The cause of one difference, and the kinds of others that had their part in it.
    pub(super) fn of(&self, triple: &Triple, is_gain: bool) -> (Cause, Vec<String>) {
        if let Some(user) = self.sides.users.get(triple.user).filter(|user| !is_gain && self.is_gone(user)) {
            return (person(user, "person-gone", None, None, None), Vec::new());
        }
        let enough: Vec<Part> = self
            .forward
            .iter()
            .filter(|(_, access)| access.contains(triple) == is_gain)
            .map(|(part, _)| *part)
            .collect();
        let parts = if enough.is_empty() {
            let needed = self.backward.iter().filter(|(_, access)| access.contains(triple) != is_gain);
            needed.map(|(part, _)| *part).collect()
        } else {
            enough
        };
        let mut causes: Vec<Cause> = parts.iter().map(|part| self.cause(*part, triple, is_gain)).collect();
        let first = if causes.is_empty() { self.several(triple) } else { causes.remove(0) };
        let mut also: Vec<String> = causes.into_iter().map(|cause| cause.kind).collect();
        also.sort();
        also.dedup();
        also.retain(|kind| *kind != first.kind);
        (first, also)
    }

    /// Whether somebody left everything at once, as after a deactivation: the new file does not hold them.
    fn is_gone(&self, user: &UserPair<'a>) -> bool {
        let still_there =
            |ix: &&u32| self.sides.groups.get(**ix as usize).is_some_and(|pair| pair.new.is_some());
        let individually = user.pair.old.and_then(|user| user.user.app_user.as_ref());
        let individually = individually.is_some_and(|app_user| app_user.scope != Scope::Group);
        user.pair.new.is_none()
            && user.old_groups.iter().filter(still_there).count() + usize::from(individually) > 1
    }

    fn cause(&self, part: Part, triple: &Triple, is_gain: bool) -> Cause {
        let Some(user) = self.sides.users.get(triple.user) else { return self.several(triple) };
        match part {
            Part::Settings => self.setting(triple, is_gain),
            Part::Status => {
                let word = |user: Option<&UserRecord>| user.and_then(|user| user.person.status.clone());
                person(user, "user-status", word(user.pair.old), word(user.pair.new), None)
            }
            Part::GroupAssignment => self.group_assignment(user, triple).unwrap_or(self.several(triple)),
            Part::Name => self.name(user, triple).unwrap_or(self.several(triple)),
            Part::Membership => {
                self.membership(user, triple, is_gain).unwrap_or_else(|| self.several(triple))
            }
            Part::Assignment => self.assignment(user),
            Part::Profile => {
                let words = |user: Option<&UserRecord>| {
                    let profile = &user?.user.app_user.as_ref()?.profile;
                    Some(profile.effective().join(", "))
                };
                let at = user.pair.new.and_then(|user| user.assignment.as_ref()?.last_updated);
                person(user, "profile", words(user.pair.old), words(user.pair.new), at)
            }
        }
    }

    fn several(&self, triple: &Triple) -> Cause {
        let user = self.sides.users.get(triple.user);
        user.map_or_else(|| named("several", "", "", None), |user| person(user, "several", None, None, None))
    }

    fn setting(&self, triple: &Triple, is_gain: bool) -> Cause {
        let (old, new) = (&self.sides.old.facts().app, &self.sides.new.facts().app);
        let changes = settings::changes(old, new);
        let alone = self.by_setting.iter().find(|(_, access)| access.contains(triple) == is_gain);
        match alone.and_then(|(name, _)| changes.iter().find(|change| change.name == *name)) {
            Some(change) => Cause {
                kind: "setting".to_owned(),
                id: change.name.clone(),
                name: change.name.clone(),
                from: change.old.clone(),
                to: change.new.clone(),
                changed_at: new.last_updated,
            },
            None => {
                let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
                let all = names.join(", ");
                named("setting", &all, &all, new.last_updated)
            }
        }
    }

    /// The groups that hold the user on either side.
    fn held<'u>(&'u self, user: &'u UserPair<'a>) -> impl Iterator<Item = (u32, Pair<'a, GroupRecord>)> + 'u {
        let all: BTreeSet<u32> = user.old_groups.iter().chain(&user.new_groups).copied().collect();
        all.into_iter().filter_map(|ix| self.sides.groups.get(ix as usize).map(|pair| (ix, *pair)))
    }

    /// Whether a group confers the role of a difference on a side.
    fn confers(&self, group: Option<&GroupRecord>, new: bool, triple: &Triple) -> bool {
        let reading = if new { self.sides.new } else { self.sides.old };
        let found = group.and_then(|group| reading.group_by_id(group.id.as_str()));
        let role = reading.access().roles.find(&triple.account, &triple.role);
        matches!((found, role), (Some(group), Some(role)) if reading.confers(group, role).is_some())
    }

    fn group_assignment(&self, user: &UserPair<'a>, triple: &Triple) -> Option<Cause> {
        let mut best: Option<(bool, Cause)> = None;
        for (_, pair) in self.held(user) {
            let of = |group: Option<&'a GroupRecord>| group.and_then(|group| group.group.assignment.as_ref());
            let (old, new) = (of(pair.old), of(pair.new));
            let kind = match (old, new) {
                (None, Some(_)) => "group-assigned",
                (Some(_), None) => "group-unassigned",
                (Some(old), Some(new)) if old.profile != new.profile => "group-profile",
                (Some(old), Some(new)) if old.priority != new.priority => "group-priority",
                _ => continue,
            };
            let words = |assignment: Option<&rolebook_federation::GroupAssignment>| {
                let assignment = assignment?;
                match kind {
                    "group-priority" => assignment.priority.map(|number| number.to_string()),
                    "group-profile" => Some(assignment.profile.effective().join(", ")),
                    _ => None,
                }
            };
            let record = pair.any()?;
            let at = pair.new.and_then(|group| group.assignment_updated);
            let mut cause = named(kind, record.id.as_str(), label(record), at);
            (cause.from, cause.to) = (words(old), words(new));
            let direct = self.confers(pair.old, false, triple) || self.confers(pair.new, true, triple);
            if best.as_ref().is_none_or(|(found, _)| direct && !found) {
                best = Some((direct, cause));
            }
        }
        best.map(|(_, cause)| cause)
    }

    fn name(&self, user: &UserPair<'a>, triple: &Triple) -> Option<Cause> {
        for (_, pair) in self.held(user) {
            if self.confers(pair.old, false, triple) == self.confers(pair.new, true, triple) {
                continue;
            }
            let record = pair.any()?;
            let at = pair.new.and_then(|group| group.last_updated);
            // A group that the filter does not find is not in the file, but its name may be.
            let elsewhere = |new: bool| {
                let reading = if new { self.sides.new } else { self.sides.old };
                let names = &reading.facts().group_names;
                names.iter().find(|group| group.id == record.id).and_then(|group| group.name.clone())
            };
            let name = |group: Option<&GroupRecord>, new: bool| match group {
                Some(group) => group.group.name.clone(),
                None => elsewhere(new),
            };
            let (old, new) = (name(pair.old, false), name(pair.new, true));
            let kind = match (&old, &new) {
                (None, Some(_)) => "group-appeared",
                (Some(_), None) => "group-gone",
                (old, new) if old != new => "group-renamed",
                _ => "group-source",
            };
            let mut cause = named(kind, record.id.as_str(), new.as_deref().unwrap_or(label(record)), at);
            if kind == "group-renamed" {
                (cause.from, cause.to) = (old, new);
            }
            return Some(cause);
        }
        None
    }

    fn membership(&self, user: &UserPair<'a>, triple: &Triple, is_gain: bool) -> Option<Cause> {
        let joined = |ix: &u32| user.new_groups.contains(ix) && !user.old_groups.contains(ix);
        let left = |ix: &u32| user.old_groups.contains(ix) && !user.new_groups.contains(ix);
        let changed = || self.held(user).filter(|(ix, _)| joined(ix) || left(ix));
        let confers = |pair: &Pair<'a, GroupRecord>| {
            self.confers(pair.old, false, triple) || self.confers(pair.new, true, triple)
        };
        let (ix, pair) = changed()
            .find(|(ix, pair)| joined(ix) == is_gain && confers(pair))
            .or_else(|| changed().next())?;
        let kind = if joined(&ix) { "member-added" } else { "member-removed" };
        let record = pair.any()?;
        let at = pair.new.and_then(|group| group.last_membership_updated);
        Some(named(kind, record.id.as_str(), label(record), at))
    }

    /// Where groups assign the app, the group is the cause and not each person.
    fn assignment(&self, user: &UserPair<'a>) -> Cause {
        let (old, new) = (user.pair.old, user.pair.new);
        let of = |user: Option<&'a UserRecord>| user.and_then(|user| user.user.app_user.as_ref());
        let status =
            |user: Option<&UserRecord>| user.and_then(|u| Some(u.assignment.as_ref()?.status.clone()));
        let at = new.and_then(|user| {
            let assignment = user.assignment.as_ref()?;
            assignment.status_changed.max(assignment.created)
        });
        match (of(old), of(new)) {
            (None, Some(app_user)) => self
                .assigning(user, app_user.scope, true)
                .unwrap_or_else(|| person(user, "assigned", None, status(new), at)),
            (Some(app_user), None) => self
                .assigning(user, app_user.scope, false)
                .unwrap_or_else(|| person(user, "unassigned", status(old), None, None)),
            (Some(before), Some(now)) if before.scope != now.scope => {
                let word = |user: Option<&UserRecord>| {
                    user.and_then(|user| user.assignment.as_ref()).and_then(|a| a.scope.clone())
                };
                person(user, "scope", word(old), word(new), at)
            }
            _ => person(user, "assignment-status", status(old), status(new), at),
        }
    }

    fn assigning(&self, user: &UserPair<'a>, scope: Scope, gained: bool) -> Option<Cause> {
        if scope != Scope::Group {
            return None;
        }
        let groups = if gained { &user.new_groups } else { &user.old_groups };
        let others = if gained { &user.old_groups } else { &user.new_groups };
        let assigned =
            |group: Option<&GroupRecord>| group.is_some_and(|group| group.group.assignment.is_some());
        for ix in groups {
            let pair = self.sides.groups.get(*ix as usize)?;
            if !assigned(pair.of(gained)) {
                continue;
            }
            let record = pair.any()?;
            let (kind, at): (&str, ChangedAt) = match (assigned(pair.of(!gained)), others.contains(ix)) {
                (false, _) if gained => ("group-assigned", record.assignment_updated),
                (false, _) => ("group-unassigned", None),
                (true, false) if gained => ("member-added", record.last_membership_updated),
                (true, false) => ("member-removed", record.last_membership_updated),
                (true, true) => continue,
            };
            return Some(named(kind, record.id.as_str(), label(record), at));
        }
        None
    }
}

fn label(group: &GroupRecord) -> &str {
    group.group.name.as_deref().unwrap_or(group.id.as_str())
}

fn named(kind: &str, id: &str, name: &str, changed_at: ChangedAt) -> Cause {
    Cause {
        kind: kind.to_owned(),
        id: id.to_owned(),
        name: name.to_owned(),
        from: None,
        to: None,
        changed_at,
    }
}

fn person(
    user: &UserPair<'_>,
    kind: &str,
    from: Option<String>,
    to: Option<String>,
    changed_at: ChangedAt,
) -> Cause {
    let (id, name) = user.pair.any().map_or(("", ""), |user| {
        (user.id.as_str(), user.person.login.as_deref().unwrap_or(user.id.as_str()))
    });
    Cause { kind: kind.to_owned(), id: id.to_owned(), name: name.to_owned(), from, to, changed_at }
}
