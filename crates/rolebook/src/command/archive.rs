//! `rolebook archive`, and what a sync does for it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use jiff::{SignedDuration, Timestamp};
use rolebook_connector::{Archive, ArchiveError, Archived, Soundness};
use rolebook_snapshot::{Limits, Snapshot};

use crate::{
    arguments::{ArchiveAction, ArchiveArguments},
    command::sync::now,
    failure::Failure,
    output::{Cell, Rows},
};

pub(crate) fn run(arguments: &ArchiveArguments) -> Result<ExitCode, Failure> {
    let Some(folder) = &arguments.archive else {
        return Err(Failure::usage("no archive was given", "name its folder with --archive DIR"));
    };
    if !folder.is_dir() {
        return Err(Failure::not_found(
            format!("there is no archive {}", folder.display()),
            "rolebook sync --archive DIR makes one",
        ));
    }
    let archive = Archive::open(folder)?;
    let (entries, state): (Vec<Archived>, Option<&str>) = match arguments.action {
        ArchiveAction::List => (archive.list()?, None),
        ArchiveAction::Prune => {
            let keep = SignedDuration::from_hours(24 * i64::from(arguments.keep_days));
            let state = if arguments.dry_run { "would go" } else { "removed" };
            (archive.prune(now(), keep, arguments.dry_run)?, Some(state))
        }
    };
    let mut sound = true;
    let mut rows = Vec::new();
    for entry in &entries {
        let state = match state {
            Some(state) => state,
            None => {
                let soundness = soundness(&archive, entry, arguments.verify)?;
                sound &= soundness.is_none_or(|soundness| soundness == Soundness::Whole);
                soundness.map_or("present", Soundness::as_str)
            }
        };
        rows.push(vec![
            Cell::from(entry.org.as_str()),
            entry.app.as_str().into(),
            format!("{:.0}", entry.at).into(),
            entry.bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)).into(),
            state.into(),
            entry.path.display().to_string().into(),
        ]);
    }
    Rows { columns: vec!["org", "app", "time", "bytes", "state", "file"], rows }.print(arguments.output)?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(6) })
}

/// What is known without reading every byte, unless it is wanted.
fn soundness(archive: &Archive, entry: &Archived, verify: bool) -> Result<Option<Soundness>, Failure> {
    match (verify, entry.bytes, &entry.sum) {
        (true, ..) => Ok(Some(archive.verify(entry)?)),
        (false, None, _) => Ok(Some(Soundness::Missing)),
        (false, _, None) => Ok(Some(Soundness::Unsummed)),
        (false, Some(_), Some(_)) => Ok(None),
    }
}

/// Opens the archive of a sync, before anything is asked of Okta.
pub(crate) fn of_sync(folder: Option<&PathBuf>) -> Result<Option<Archive>, Failure> {
    Ok(folder.map(Archive::open).transpose()?)
}

/// Keeps what a sync sealed.
pub(crate) fn keep(
    archive: &Archive,
    file: &Path,
    org: &str,
    app: &str,
    at: Timestamp,
    sync: &str,
) -> Result<Archived, Failure> {
    archive.keep(file, org, app, at, sync).map_err(|error| {
        let failure = Failure::from(error);
        failure.with_notes(vec![format!("{} is sealed and in force, but not archived", file.display())])
    })
}

/// Keeps the newest full sync of a file, whoever sealed it.
pub(crate) fn keep_newest(archive: &Archive, file: &Path) -> Result<Archived, Failure> {
    let snapshot = Snapshot::open(file, &Limits::default())?;
    let run = snapshot.latest_full()?;
    let facts = rolebook_ledger::read(&snapshot.rows(&run.id)).map_err(|error| {
        Failure::failed(error.to_string(), "rolebook sync --archive archives the next one")
    })?;
    let at = run.ended_at.unwrap_or(run.started_at);
    keep(archive, file, facts.org.id.as_str(), facts.app.id.as_str(), at, &run.id.to_string())
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        Self::failed(error.to_string(), error.hint())
    }
}
