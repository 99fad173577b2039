//! Who had a role at any time: an archive of snapshots, one after the other, and between them what the System Log tells.
//!
//! Two snapshots at a time are held, and of each only the people concerned. Between them the people whom the log
//! speaks of are resolved again after each of their events, by the same rules as everywhere: that shows access which
//! came and went without any sync having seen it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    Answer, AppRef, Completeness, Error, EventNote, Log, LogNote, OpenOptions, PersonRef, Reading,
    RolePattern, RoleRef, Scope, Shape, SnapshotNote,
    archive::{ArchivedSync, before_archive, by_app, minute, open_archived},
    diff::actor::overlapping,
    names,
};

mod replay;
mod timeline;

use timeline::Timelines;

/// Who had the roles that were asked for, and when.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct History {
    /// The roles as they were asked for.
    pub asked: String,
    /// The time in question.
    pub between: Period,
    /// What archive and log do not tell of this time, in words.
    pub limits: Vec<String>,
    /// One entry for each role that somebody had, ordered by app, account and name.
    pub roles: Vec<RoleHistory>,
}

/// A time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Period {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// Everybody who had one role.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RoleHistory {
    /// Through which app.
    pub app: AppRef,
    /// The role, as the newest snapshot that has it shows it.
    pub role: RoleRef,
    /// Who, by login; where `complete` is false, at least these.
    pub people: Vec<PersonHistory>,
    /// Whether every snapshot asked knows everybody who had the role.
    #[serde(flatten)]
    pub completeness: Completeness,
}

/// One person's times with a role.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PersonHistory {
    /// Who, as last seen.
    pub person: PersonRef,
    /// When, oldest first.
    pub spans: Vec<Span>,
}

/// A time with a role.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Span {
    /// When it was first seen: the end of the sync that shows it, or the event's time.
    pub first_seen: Timestamp,
    /// End of the sync before, which does not show it; absent where the first sync asked shows it already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The event that gave it, where the log tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<EventNote>,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// End of the first sync that does not show it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone_by: Option<Timestamp>,
    /// The event that took it, where the log tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<EventNote>,
    /// Nothing that was asked shows its end.
    pub lasts: bool,
    /// How many of the snapshots asked show it: with none, only the log tells of it.
    pub seen_in: usize,
    /// The app or the group was changed in the same time: that the role came with the event is certain under the rules
    /// of one of the two snapshots only.
    pub uncertain: bool,
    /// Through what: groups by name, else the source in one word.
    pub through: Vec<String>,
}

impl Shape for History {
    const SHAPE: &'static str = "rolebook.history/1";

    fn completeness(&self) -> Completeness {
        let each = self.roles.iter().map(|role| role.completeness.clone());
        each.fold(Completeness::default(), Completeness::and)
    }
}

/// Gives the log of an app, by org and app id, for a time; none where no events are kept.
pub type LogOf<'a> = &'a dyn Fn(&str, &str, Period) -> Result<Option<Log>, Error>;

/// Everybody who had the roles of a pattern at any time between two moments.
///
/// # Errors
/// [`Error::Unknown`] when no snapshot of that time knows such a role, [`Error::BeforeArchive`] when the archive begins
/// after it; those of opening and of `log_of`.
pub fn history(
    archive: &[ArchivedSync],
    pattern: &RolePattern,
    between: Period,
    options: &OpenOptions<'_>,
    log_of: LogOf<'_>,
    now: Timestamp,
) -> Result<Answer<History>, Error> {
    let mut limits: Vec<String> = archive
        .iter()
        .filter(|sync| !sync.present && sync.at <= between.to && sync.at >= between.from)
        .map(|sync| format!("the sync of app {} at {} is gone from the archive", sync.app, minute(sync.at)))
        .collect();
    let mut roles = Vec::new();
    let mut notes = Vec::new();
    let mut newest = Vec::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for syncs in by_app(archive).values() {
        let chosen = chosen(syncs, between);
        let mut walk = Walk { pattern, between, log_of, now, timelines: Timelines::default(), log: None };
        let mut before: Option<Reading> = None;
        for (at, sync) in chosen.iter().enumerate() {
            let until = chosen.get(at + 1).map_or(between.to, |next| next.at);
            let reading = walk.next(sync, before.as_ref(), until, options)?;
            known.extend(
                reading.access().roles.roles().iter().map(|role| format!("{}/{}", role.account, role.name)),
            );
            notes.push(SnapshotNote::of(&reading));
            before = Some(reading);
        }
        if let (Some(last), Some(sync)) = (&before, chosen.last()) {
            newest.extend(last.facts().coverage.to);
            walk.tail(sync, last)?;
            walk.limits(&chosen, syncs, last, &mut limits);
            roles.extend(walk.timelines.finish(last, between));
        }
    }
    if notes.is_empty() {
        return Err(before_archive(archive, between.to));
    }
    if roles.is_empty() {
        return Err(Error::Unknown {
            kind: "role",
            text: pattern.text().to_owned(),
            place: format!("any of {} archived snapshots", notes.len()),
            nearest: names::nearest(pattern.text(), known.iter().map(String::as_str)),
        });
    }
    limits.sort();
    let result = History { asked: pattern.text().to_owned(), between, limits, roles };
    Ok(Answer::of_notes(result, notes, newest.into_iter().min(), now))
}

/// The sync that holds for the beginning, and all until the end.
fn chosen<'a>(syncs: &[&'a ArchivedSync], between: Period) -> Vec<&'a ArchivedSync> {
    let from = syncs.partition_point(|sync| sync.at <= between.from).saturating_sub(1);
    let to = syncs.partition_point(|sync| sync.at <= between.to);
    syncs.get(from..to).unwrap_or_default().to_vec()
}

/// One app's snapshots, from the oldest to the newest.
struct Walk<'a> {
    pattern: &'a RolePattern,
    between: Period,
    log_of: LogOf<'a>,
    now: Timestamp,
    timelines: Timelines,
    /// How far the log reaches, as far as one is kept.
    log: Option<LogNote>,
}

impl Walk<'_> {
    /// Opens the next snapshot and takes in what happened since the one before.
    fn next(
        &mut self,
        sync: &ArchivedSync,
        before: Option<&Reading>,
        until: Timestamp,
        options: &OpenOptions<'_>,
    ) -> Result<Reading, Error> {
        // People of whom the log speaks are read too, from the sync before to the one after.
        let also = |nobody: &Reading| -> Result<Vec<String>, Error> {
            let since = start(before.unwrap_or(nobody), sync.at);
            let log = (self.log_of)(&sync.org, &sync.app, Period { from: since, to: until })?;
            Ok(log.map(|log| replay::people(&log, [Some(nobody), before])).unwrap_or_default())
        };
        let scope = Scope::HoldersAnd(self.pattern, crate::open::Also(&also));
        let reading = open_archived(sync, &OpenOptions { scope, ..options.clone() })?;
        let seen = reading.facts().coverage.to.unwrap_or(sync.at);
        if let Some(before) = before
            && let Some(log) = self.log(sync, start(before, sync.at), seen)?
        {
            let steps = replay::steps(before, Some(&reading), &log, self.pattern);
            self.timelines.take(&steps, before, Some(&reading), self.pattern);
        }
        self.timelines.sight(&reading, seen, self.pattern);
        Ok(reading)
    }

    /// What happened after the last snapshot.
    fn tail(&mut self, sync: &ArchivedSync, last: &Reading) -> Result<(), Error> {
        let until = self.between.to.min(self.now);
        if let Some(log) = self.log(sync, start(last, sync.at), until)? {
            let steps = replay::steps(last, None, &log, self.pattern);
            self.timelines.take(&steps, last, None, self.pattern);
        }
        Ok(())
    }

    fn log(&mut self, sync: &ArchivedSync, from: Timestamp, to: Timestamp) -> Result<Option<Log>, Error> {
        if from > to {
            return Ok(None);
        }
        let log = (self.log_of)(&sync.org, &sync.app, Period { from, to })?;
        if let Some(log) = &log {
            self.log = Some(log.note.clone());
        }
        Ok(log)
    }

    /// What was not seen of the time in question.
    fn limits(
        &self,
        chosen: &[&ArchivedSync],
        all: &[&ArchivedSync],
        last: &Reading,
        limits: &mut Vec<String>,
    ) {
        let Some(first) = chosen.first() else { return };
        let (app, between) = (&first.app, self.between);
        if first.at > between.from {
            limits.push(format!(
                "the archive of app {app} begins at {}: what was before is not known",
                minute(first.at)
            ));
        }
        let seen = last.facts().coverage.to.unwrap_or(first.at);
        let asked = between.to.min(self.now);
        let Some(log) = &self.log else {
            limits.push(format!(
                "no events of app {app} are kept: access that came and went between two syncs is not seen"
            ));
            if asked > seen && all.last().map(|sync| sync.at) == chosen.last().map(|sync| sync.at) {
                limits.push(format!(
                    "the last sync of app {app} is of {}: what came after is not known",
                    minute(seen)
                ));
            }
            return;
        };
        let begins = start(last, first.at).min(first.at).max(between.from);
        if log.since.is_none_or(|since| since > begins) {
            let since = log.since.map_or_else(|| "never".to_owned(), minute);
            limits.push(format!("events of app {app} are known since {since}: what came and went between two syncs before is not seen"));
        }
        if log.read_to.is_none_or(|read| read < asked) {
            let read = log.read_to.map_or_else(|| "an unknown time".to_owned(), minute);
            limits.push(format!("events of app {app} are known up to {read}"));
        }
        for gap in overlapping(&log.gaps, Some(begins), Some(asked)) {
            limits.push(format!(
                "events of app {app} from {} to {} are not known",
                minute(gap.since),
                minute(gap.until)
            ));
        }
    }
}

/// From when on events may not be in a snapshot.
fn start(reading: &Reading, sealed: Timestamp) -> Timestamp {
    let coverage = &reading.facts().coverage;
    coverage.from.or(coverage.to).unwrap_or(sealed)
}
