//! What changed between two snapshots: who gained and lost which role, and through which change.
//!
//! Both sides are resolved by the same rules, and only what both covered is compared. A cause is found by trying: the
//! old facts with one kind of change taken from the new ones are resolved again, and what then comes out as it did in
//! the new snapshot was caused by that change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{Completeness, Error, EventNote, Log, LogNote, PersonRef, Reading, RoleRef, Shape, SnapshotNote};

pub(crate) mod actor;
mod cause;
mod settings;
mod sides;

pub use cause::Cause;
pub use settings::SettingChange;
use sides::{Sides, Triple};

/// The difference of two snapshots.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Diff {
    /// The snapshot that counts as before.
    pub old: SnapshotNote,
    /// Settings of the app that changed, whether or not anybody's access did.
    pub settings: Vec<SettingChange>,
    /// Every change of the app that the log tells of, when settings changed: it does not say which setting it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub setting_events: Vec<EventNote>,
    /// How far the log reaches that events are named from; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogNote>,
    /// What was not compared, since one side did not read it.
    pub not_compared: Vec<NotCompared>,
    /// Grants that are there now and were not.
    pub gained: usize,
    /// Grants that were there and are not.
    pub lost: usize,
    /// The changes, settings first, then groups, then people.
    pub changes: Vec<Change>,
    /// Whether both sides were read in full; where not, there may be more changes.
    #[serde(flatten)]
    pub completeness: Completeness,
}

/// Something that is neither gain nor loss, since one side does not know it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct NotCompared {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// One change and everything that follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Change {
    /// What changed.
    pub cause: Cause,
    /// What the log tells of it. Of a membership each person has an event of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventNote>,
    /// Who gained what by it.
    pub gained: Vec<Delta>,
    /// Who lost what by it.
    pub lost: Vec<Delta>,
}

/// One person and one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Delta {
    /// Who.
    pub person: PersonRef,
    /// Which role.
    pub role: RoleRef,
    /// Kinds of other changes that had the same effect, or were needed for it too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The event of the log by which this person joined or left the group that the change is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventNote>,
}

impl Shape for Diff {
    const SHAPE: &'static str = "rolebook.diff/1";

    fn completeness(&self) -> Completeness {
        self.completeness.clone()
    }
}

/// The difference between two snapshots of one org.
///
/// # Errors
/// [`Error::Question`] when they are of different orgs; [`Error::Rules`] when the settings of a mix of both give no
/// rules.
pub fn diff(old: &Reading, new: &Reading) -> Result<Diff, Error> {
    let (of_old, of_new) = (&old.facts().org.id, &new.facts().org.id);
    if of_old != of_new {
        return Err(Error::Question {
            text: format!("{} is of org {of_old}, {} of org {of_new}", old.origin().file, new.origin().file),
            hint: "compare two snapshots of one org".to_owned(),
        });
    }
    let sides = Sides::new(old, new)?;
    let deltas = sides.deltas()?;
    let causes = cause::Causes::new(&sides, &deltas)?;
    let mut changes: BTreeMap<Cause, Change> = BTreeMap::new();
    let (mut gained, mut lost) = (0, 0);
    for (triple, is_gain) in &deltas {
        let (cause, also) = causes.of(triple, *is_gain);
        let Some(delta) = delta(&sides, triple, *is_gain, also) else { continue };
        let change = changes.entry(cause.clone()).or_insert_with(|| Change {
            cause,
            events: Vec::new(),
            gained: Vec::new(),
            lost: Vec::new(),
        });
        if *is_gain {
            gained += 1;
            change.gained.push(delta);
        } else {
            lost += 1;
            change.lost.push(delta);
        }
    }
    let mut changes: Vec<Change> = changes.into_values().collect();
    for change in &mut changes {
        for deltas in [&mut change.gained, &mut change.lost] {
            deltas.sort_by(|a, b| {
                (a.person.label(), &a.person.id, &a.role).cmp(&(b.person.label(), &b.person.id, &b.role))
            });
        }
    }
    changes.sort_by_key(|change| change.cause.order());
    Ok(Diff {
        old: SnapshotNote::of(old),
        settings: settings::changes(&old.facts().app, &new.facts().app),
        setting_events: Vec::new(),
        log: None,
        not_compared: sides.not_compared(),
        gained,
        lost,
        changes,
        completeness: old.completeness_of_app().and(new.completeness_of_app()),
    })
}

/// The same with the events of the log that made each change, as far as it has them.
///
/// # Errors
/// Those of [`diff`].
pub fn diff_with_log(old: &Reading, new: &Reading, log: &Log) -> Result<Diff, Error> {
    let mut found = diff(old, new)?;
    actor::name(&mut found, old, new, log);
    Ok(found)
}

fn delta(sides: &Sides<'_>, triple: &Triple, is_gain: bool, also: Vec<String>) -> Option<Delta> {
    let side = if is_gain { sides.new } else { sides.old };
    let id = sides.user_id(triple.user)?;
    let role = side.access().roles.find(&triple.account, &triple.role)?;
    let known = [sides.new, sides.old].into_iter().find_map(|of| of.person(of.user_by_id(id)?));
    Some(Delta { person: known?, role: side.role(role)?, also, event: None })
}

/// When something was seen to change last, for the evidence of a cause.
pub(crate) type ChangedAt = Option<Timestamp>;
