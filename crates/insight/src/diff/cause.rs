//! Which change made a difference, and on which object.

use std::collections::BTreeSet;

use rolebook_federation::Scope;
use rolebook_ledger::UserRecord;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    settings,
    sides::{Mix, PARTS, Part, Sides, Triple, UserPair},
};
use crate::Error;

mod object;

use object::{named, person};

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
}
