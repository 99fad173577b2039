//! Snapshots of an archive, by app and time: which of them holds for a moment.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{AppRef, Error, OpenOptions, Reading, Readings, open::open_one};

/// A sealed snapshot that an archive keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedSync {
    /// Where it lies.
    pub path: PathBuf,
    /// Org id.
    pub org: String,
    /// App id.
    pub app: String,
    /// When it was sealed, to the second.
    pub at: Timestamp,
    /// SHA-256 that was noted when it was kept.
    pub sha256: Option<String>,
    /// The file lies there; the archive may name some that do not any more.
    pub present: bool,
}

/// The moment that an answer is of, and the syncs that hold for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AtMoment {
    /// The moment asked for.
    pub moment: Timestamp,
    /// One entry for each app: the archived sync that holds for the moment.
    pub syncs: Vec<SyncAt>,
}

/// The last sync before a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SyncAt {
    /// The app.
    pub app: AppRef,
    /// When it was sealed: what happened between this and the moment it does not show.
    pub sealed: Timestamp,
    /// When the next one was sealed; absent when there is none yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// What the log tells of this app's access between the sync and the moment, in events; absent where none is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_since: Option<usize>,
}

/// The archive's snapshots by org and app, oldest first; those that are gone are left out.
pub(crate) fn by_app(archive: &[ArchivedSync]) -> BTreeMap<(&str, &str), Vec<&ArchivedSync>> {
    let mut apps: BTreeMap<(&str, &str), Vec<&ArchivedSync>> = BTreeMap::new();
    for sync in archive.iter().filter(|sync| sync.present) {
        apps.entry((&sync.org, &sync.app)).or_default().push(sync);
    }
    for syncs in apps.values_mut() {
        syncs.sort_by(|a, b| (a.at, &a.path).cmp(&(b.at, &b.path)));
    }
    apps
}

/// Opens what holds for a moment: of each app the last sync that was sealed by then.
///
/// # Errors
/// [`Error::BeforeArchive`] when every app's first sync is later; those of opening.
pub fn open_at(
    archive: &[ArchivedSync],
    moment: Timestamp,
    options: &OpenOptions<'_>,
) -> Result<(Readings, AtMoment), Error> {
    let mut readings = Vec::new();
    let mut syncs = Vec::new();
    let mut notices = Vec::new();
    for of_app in by_app(archive).values() {
        let later = of_app.partition_point(|sync| sync.at <= moment);
        let next = of_app.get(later).map(|sync| sync.at);
        let Some(sync) = later.checked_sub(1).and_then(|at| of_app.get(at)) else {
            notices.extend(of_app.first().map(|first| before(first)));
            continue;
        };
        let reading = open_archived(sync, options)?;
        syncs.push(SyncAt { app: reading.app(), sealed: sync.at, next, events_since: None });
        readings.push(reading);
    }
    if readings.is_empty() {
        return Err(before_archive(archive, moment));
    }
    let mut readings = Readings::new(readings);
    readings.notices = notices;
    Ok((readings, AtMoment { moment, syncs }))
}

fn before(first: &ArchivedSync) -> String {
    format!("the first archived sync of app {} is of {}: it is not asked", first.app, minute(first.at))
}

pub(crate) fn before_archive(archive: &[ArchivedSync], asked: Timestamp) -> Error {
    Error::BeforeArchive {
        asked,
        first: archive.iter().filter(|sync| sync.present).map(|sync| sync.at).min(),
    }
}

/// Opens one of the archive, which must be what was put there.
pub(crate) fn open_archived(sync: &ArchivedSync, options: &OpenOptions<'_>) -> Result<Reading, Error> {
    let (reading, _) = open_one(&sync.path, &OpenOptions { after: false, ..options.clone() })?;
    match &sync.sha256 {
        Some(sum) if *sum != reading.origin().sha256 => {
            Err(Error::ChangedInArchive { path: sync.path.clone() })
        }
        _ => Ok(reading),
    }
}

pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}
