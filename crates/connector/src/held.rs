//! A file that waits: what a sync wrote when it would have lost too much, beside the file that stays in force.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rolebook_snapshot::{Error, Limits, Snapshot, SyncId};
use serde::Serialize;

use crate::{
    SyncError,
    claim::{Claim, named_by},
};

/// Where the held file of a snapshot lies: `<file>.held`.
#[must_use]
pub fn held_path(file: &Path) -> PathBuf {
    with_suffix(file, ".held")
}

/// Where acceptances are noted, one JSON object a line: `<file>.accepted.jsonl`.
#[must_use]
pub fn accepted_path(file: &Path) -> PathBuf {
    with_suffix(file, ".accepted.jsonl")
}

pub(crate) fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let file = named_by(file);
    let mut name = OsString::from(file.file_name().unwrap_or_default());
    name.push(suffix);
    file.with_file_name(name)
}

/// A held file that was put in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// When.
    pub at: Timestamp,
    /// The sync now in force.
    pub sync: String,
    /// The sync that it replaced; none when there was no file.
    pub replaced: Option<String>,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Puts the held file of `file` in force, exactly as it is, without asking Okta. The reason is noted, durably, before.
///
/// # Errors
/// [`SyncError::NothingHeld`], [`SyncError::HeldOutdated`] when the file has changed since, or the disk's.
pub fn accept_held(file: &Path, reason: &str, by: &str, now: Timestamp) -> Result<Accepted, SyncError> {
    accept(file, reason, by, now, |_, _| Ok(()))
}

/// The same, with something to be done, or to be found wrong, at the last moment before the file is put in force:
/// nobody else can change it any more.
pub(crate) fn accept<E: From<SyncError>>(
    file: &Path,
    reason: &str,
    by: &str,
    now: Timestamp,
    before: impl FnOnce(&Path, &Accepted) -> Result<(), E>,
) -> Result<Accepted, E> {
    let _claim = Claim::take(file, now)?;
    let held = held_path(file);
    if !held.exists() {
        return Err(SyncError::NothingHeld { file: file.to_owned() }.into());
    }
    let mut waiting = newest_two(&held)?.into_iter();
    let sync = waiting.next().ok_or_else(|| SyncError::from(Error::NoFullSync { path: held.clone() }))?;
    // The held file was measured against one sync and carries it along: only in its place does it belong.
    let measured_against = waiting.next();
    let in_force = match std::fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Ok(found) if found.len() == 0 => None,
        _ => newest_two(file)?.into_iter().next(),
    };
    if in_force != measured_against {
        return Err(SyncError::HeldOutdated { file: file.to_owned() }.into());
    }
    let accepted = Accepted {
        at: now,
        sync: sync.to_string(),
        replaced: in_force.map(|sync| sync.to_string()),
        by: by.to_owned(),
        reason: reason.to_owned(),
    };
    before(&held, &accepted)?;
    note(&accepted_path(file), &accepted)?;
    let target = named_by(file);
    let failed = |source| SyncError::Beside { path: held.clone(), source };
    std::fs::rename(&held, &target).map_err(failed)?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(accepted)
}

/// A good sync has been sealed: what was held before it is of no use any more.
pub(crate) fn discard_held(file: &Path) -> Result<(), SyncError> {
    let held = held_path(file);
    match std::fs::remove_file(&held) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(SyncError::Beside { path: held, source })
        }
        _ => Ok(()),
    }
}

fn newest_two(file: &Path) -> Result<Vec<SyncId>, SyncError> {
    let mut syncs = Snapshot::open(file, &Limits::default())?.syncs()?;
    syncs.retain(|sync| sync.kind == rolebook_snapshot::SyncKind::Full && sync.ended_at.is_some());
    syncs.sort_by_key(|sync| std::cmp::Reverse((sync.ended_at, sync.id)));
    Ok(syncs.into_iter().take(2).map(|sync| sync.id).collect())
}

fn note(path: &Path, accepted: &Accepted) -> Result<(), SyncError> {
    let failed = |source| SyncError::Beside { path: path.to_owned(), source };
    let mut line = serde_json::to_vec(accepted).map_err(|error| failed(error.into()))?;
    line.push(b'\n');
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(&line).and_then(|()| file.sync_all()).map_err(failed)
}
