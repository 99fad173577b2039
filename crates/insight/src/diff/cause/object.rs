//! The very object that changed: the group, the assignment, the membership that stands behind a difference.

use std::collections::BTreeSet;

use rolebook_federation::Scope;
use rolebook_ledger::{GroupRecord, UserRecord};

use super::{Cause, Causes};
use crate::diff::{
    ChangedAt,
    sides::{Pair, Triple, UserPair},
};

impl<'a> Causes<'a> {
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

    pub(super) fn group_assignment(&self, user: &UserPair<'a>, triple: &Triple) -> Option<Cause> {
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
            let mut cause = named(kind, record.id.as_str(), label(&pair), at);
            (cause.from, cause.to) = (words(old), words(new));
            let direct = self.confers(pair.old, false, triple) || self.confers(pair.new, true, triple);
            if best.as_ref().is_none_or(|(found, _)| direct && !found) {
                best = Some((direct, cause));
            }
        }
        best.map(|(_, cause)| cause)
    }

    pub(super) fn name(&self, user: &UserPair<'a>, triple: &Triple) -> Option<Cause> {
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
            let mut cause = named(kind, record.id.as_str(), new.as_deref().unwrap_or(label(&pair)), at);
            if kind == "group-renamed" {
                (cause.from, cause.to) = (old, new);
            }
            return Some(cause);
        }
        None
    }

    pub(super) fn membership(&self, user: &UserPair<'a>, triple: &Triple, is_gain: bool) -> Option<Cause> {
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
        Some(named(kind, record.id.as_str(), label(&pair), at))
    }

    /// Where groups assign the app, the group is the cause and not each person.
    pub(super) fn assignment(&self, user: &UserPair<'a>) -> Cause {
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
            return Some(named(kind, record.id.as_str(), label(pair), at));
        }
        None
    }
}

/// The name as it is now, else as it was: a deleted group has none any more.
fn label<'a>(pair: &Pair<'a, GroupRecord>) -> &'a str {
    let name = |group: Option<&'a GroupRecord>| group.and_then(|group| group.group.name.as_deref());
    name(pair.new).or(name(pair.old)).or(pair.any().map(|group| group.id.as_str())).unwrap_or_default()
}

pub(super) fn named(kind: &str, id: &str, name: &str, changed_at: ChangedAt) -> Cause {
    Cause {
        kind: kind.to_owned(),
        id: id.to_owned(),
        name: name.to_owned(),
        from: None,
        to: None,
        changed_at,
    }
}

pub(super) fn person(
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
