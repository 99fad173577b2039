//! What would happen: the facts are changed as Okta would change them, and resolved by the same rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rolebook_federation::{GroupVerdict, Interrupt, PairFault, Rules, Warnings};
use rolebook_ledger::Facts;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{Change, Error, NotRead, Origin, Reading, SettingChange, Shape, diff};

mod apply;
mod change;
mod extra;

pub use change::ChangeRequest;
pub use extra::{Extra, with_extra};

/// What the changes would do.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WhatIf {
    /// The changes, in words.
    pub changes_asked: Vec<String>,
    /// Settings that would differ.
    pub settings: Vec<SettingChange>,
    /// Grants that would be there and are not.
    pub gained: usize,
    /// Grants that are there and would not be.
    pub lost: usize,
    /// Who would gain and lose what, grouped by cause.
    pub changes: Vec<Change>,
    /// More people may gain something than are listed: members of these groups are not in the snapshot.
    pub lower_bound: bool,
    /// What else stands in the way of a full answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// What would be wrong then: values that AWS cannot take.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The names of the org's groups would have to be read to know which of them the filter finds.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unread_names: bool,
    /// Groups whose members would have to be read for the full answer.
    pub unread_groups: Vec<UnreadGroup>,
    /// Requests that this takes at least: one for each group and each further thousand members.
    pub requests: u64,
    /// What was read beyond the snapshot for this answer; absent when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Fetched>,
}

/// What was read beyond the snapshot. Everything else is as of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fetched {
    /// When.
    pub at: Timestamp,
    /// Requests that it took.
    pub requests: u64,
    /// The names of the org's groups were read.
    pub names: bool,
    /// Groups whose members were read, by Okta id.
    pub groups: Vec<String>,
    /// What was asked for and not read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_read: Vec<NotRead>,
}

/// A group that would count and whose members are not in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct UnreadGroup {
    /// Okta group id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The role that it would give, as `ACCOUNT/ROLE`; absent where it would assign the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

impl Shape for WhatIf {
    const SHAPE: &'static str = "rolebook.whatif/1";
}

/// What a list of changes would do, made one after the other.
///
/// # Errors
/// [`Error::Unknown`] or [`Error::Ambiguous`] for a name, [`Error::Question`] for a change that cannot be,
/// [`Error::Rules`] when the changed settings give no rules.
pub fn whatif(reading: &Reading, changes: &[ChangeRequest]) -> Result<WhatIf, Error> {
    whatif_until(reading, changes, &Interrupt::default())
}

/// Like [`whatif`], for an asker who may give up: a changed group filter can cost minutes over thousands of names.
///
/// # Errors
/// Those of [`whatif`]; once `interrupt` is set, [`Error::Question`].
pub fn whatif_until(
    reading: &Reading,
    changes: &[ChangeRequest],
    interrupt: &Interrupt,
) -> Result<WhatIf, Error> {
    let facts = changed(reading, changes)?;
    let origin = Origin { file: "what-if".to_owned(), ..Origin::default() };
    let (mut facts, unread_groups) = completed(facts, reading, interrupt)?;
    // A comparison leaves out groups that one side did not read; here they are told of by themselves.
    for group in &mut facts.groups {
        group.members_read = true;
    }
    let after = Reading::until(facts, origin, reading.rules().switches(), interrupt)?;
    if interrupt.is_set() {
        return Err(Error::Question {
            text: "the question was given up before it was answered".to_owned(),
            hint: "ask for less: fewer changes, or a simpler group filter".into(),
        });
    }
    let found = diff(reading, &after)?;
    let mut limits = Vec::new();
    let unread_names = after.rules().maps_groups() && reading.facts().group_names.is_empty();
    if unread_names {
        limits.push("the names of the org's groups are not in the snapshot: which of them the filter finds is not known".to_owned());
    }
    let warnings = not_taken(&after);
    Ok(WhatIf {
        warnings,
        changes_asked: changes.iter().map(ToString::to_string).collect(),
        settings: found.settings,
        gained: found.gained,
        lost: found.lost,
        changes: found.changes,
        lower_bound: !unread_groups.is_empty() || !limits.is_empty(),
        limits,
        unread_names,
        requests: unread_groups.len() as u64,
        unread_groups,
        fetched: None,
    })
}

/// Values that Okta would send and AWS cannot take: one for each fault.
pub(crate) fn not_taken(after: &Reading) -> Vec<String> {
    let mut found: BTreeMap<PairFault, (&str, usize)> = BTreeMap::new();
    for verdict in &after.access().verdicts {
        if let GroupVerdict::NotTaken(sent) = verdict {
            found.entry(sent.fault).or_insert((sent.value.as_str(), 0)).1 += 1;
        }
    }
    let said = |(fault, (value, groups)): (PairFault, (&str, usize))| {
        format!("for {groups} groups Okta would send a value like `{value}`, which AWS cannot take: {fault}")
    };
    found.into_iter().map(said).collect()
}

/// The facts after the changes, as a sync would find them.
fn changed(reading: &Reading, changes: &[ChangeRequest]) -> Result<Facts, Error> {
    let mut work = apply::Work::new(reading);
    for change in changes {
        work.apply(change)?;
    }
    Ok(work.finish())
}

/// Takes in groups of the org that the changed rules would count, and lists those whose members are not known.
fn completed(
    facts: Facts,
    reading: &Reading,
    interrupt: &Interrupt,
) -> Result<(Facts, Vec<UnreadGroup>), Error> {
    let mut warnings = Warnings::new();
    let app = facts.app.to_federation(&mut warnings);
    let rules = Rules::compile(&app, facts.app.union, reading.rules().switches(), &mut warnings)?
        .until(interrupt.clone());
    let mut unread = Vec::new();
    for group in &facts.groups {
        let verdict = rules.verdict(&group.group);
        let counts = matches!(verdict, GroupVerdict::Confers(_)) || group.group.assignment.is_some();
        let counted = reading.group_by_id(group.id.as_str()).is_some_and(|ix| {
            let before = reading.facts().groups.get(ix as usize);
            let conferred = reading.access().verdicts.get(ix as usize);
            matches!(conferred, Some(GroupVerdict::Confers(_)))
                || before.is_some_and(|before| before.group.assignment.is_some())
        });
        if counts && !group.members_read && !counted {
            unread.push(note(group.id.as_str(), group.group.name.as_deref(), &verdict));
        }
    }
    if rules.maps_groups() {
        for name in &facts.group_names {
            if facts.groups.iter().any(|group| group.id == name.id) {
                continue;
            }
            let group = change::group_of(name);
            let verdict = rules.verdict(&group.group);
            if matches!(verdict, GroupVerdict::Confers(_)) {
                unread.push(note(name.id.as_str(), name.name.as_deref(), &verdict));
            }
        }
    }
    unread.sort();
    Ok((facts, unread))
}

fn note(id: &str, name: Option<&str>, verdict: &GroupVerdict) -> UnreadGroup {
    UnreadGroup {
        id: id.to_owned(),
        name: name.unwrap_or(id).to_owned(),
        role: match verdict {
            GroupVerdict::Confers(conferral) => Some(format!("{}/{}", conferral.account, conferral.role)),
            _ => None,
        },
    }
}

/// When a change is made up, no date tells of it.
const NEVER: Option<Timestamp> = None;
