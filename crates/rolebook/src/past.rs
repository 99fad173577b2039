//! Questions to an archive: what it holds, and the events beside the file that fills it.

use std::path::PathBuf;

use rolebook_connector::Archive;
use rolebook_insight::{AtMoment, Error, Log, OpenOptions, Period, Readings, Scope, open_at};

use crate::{
    arguments::{PastArguments, SnapshotArguments},
    command::sync::now,
    failure::Failure,
    logged::Events,
    question,
};

/// What an archive holds, oldest first in each app.
pub(crate) fn archived(folder: Option<&PathBuf>) -> Result<Vec<rolebook_insight::ArchivedSync>, Failure> {
    let Some(folder) = folder else {
        return Err(Failure::usage("no archive was given", "name its folder with --archive DIR"));
    };
    let empty = |text: String| Failure::not_found(text, "rolebook sync --archive DIR fills one");
    if !folder.is_dir() {
        return Err(empty(format!("there is no archive {}", folder.display())));
    }
    let entries: Vec<_> = Archive::open(folder)?
        .list()?
        .into_iter()
        .map(|entry| rolebook_insight::ArchivedSync {
            present: entry.bytes.is_some(),
            path: entry.path,
            org: entry.org,
            app: entry.app,
            at: entry.at,
            sha256: entry.sum,
        })
        .collect();
    if !entries.iter().any(|entry| entry.present) {
        return Err(empty(format!("the archive {} holds no snapshot", folder.display())));
    }
    Ok(entries)
}

/// The events beside some files, and beside those in some folders; a file without any has none to tell.
pub(crate) fn events(files: &[PathBuf]) -> Result<Vec<Events>, Failure> {
    let mut all = Vec::new();
    for file in files {
        if !file.is_dir() {
            all.extend(Events::beside(file)?);
            continue;
        }
        let cannot = |error: std::io::Error| {
            Failure::failed(format!("cannot read {}: {error}", file.display()), "check -f")
        };
        for entry in std::fs::read_dir(file).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            if path.extension().is_some_and(|extension| extension == "c1z") {
                all.extend(Events::beside(&path)?);
            }
        }
    }
    Ok(all)
}

/// What the events of an app tell of a time; none where none are kept.
pub(crate) fn log_of(events: &[Events], org: &str, app: &str, time: Period) -> Result<Option<Log>, Error> {
    let ours = |events: &&Events| events.owner.as_ref().is_some_and(|(of, id)| of == org && id == app);
    let Some(events) = events.iter().find(ours) else { return Ok(None) };
    let log = events.log(time.from, time.to);
    log.map(Some).map_err(|error| Error::Events { text: error.to_string(), hint: error.hint().to_owned() })
}

/// Opens what a question goes to: the snapshots, or those of the archive that hold for the moment that is named.
pub(crate) fn open(
    snapshot: &SnapshotArguments,
    past: &PastArguments,
    scope: Scope<'_>,
) -> Result<(Readings, Option<AtMoment>), Failure> {
    let Some(moment) = past.at else {
        return Ok((question::open_for(snapshot, scope)?, None));
    };
    // The end of this day is meant as far as it has come.
    let moment = if moment.duration_since(now()).as_hours() < 24 { moment.min(now()) } else { moment };
    if moment > now() {
        return Err(Failure::usage("--at: that moment is still to come", "rolebook whatif looks ahead"));
    }
    let archive = archived(past.archive.as_ref())?;
    let options: OpenOptions<'_> = question::options(snapshot.cache_dir.as_ref(), scope);
    let (readings, mut at) = open_at(&archive, moment, &options)?;
    readings.notices.iter().for_each(|notice| question::note(notice));
    let events = events(&snapshot.file)?;
    for (sync, reading) in at.syncs.iter_mut().zip(readings.all()) {
        let from = reading.facts().coverage.to.unwrap_or(sync.sealed);
        let log = log_of(&events, &sync.app.org_id, &sync.app.id, Period { from, to: moment })?;
        let known = |log: &Log| {
            let note = &log.note;
            let gap = note.gaps.iter().any(|gap| gap.until > from && gap.since < moment);
            note.since.is_some_and(|since| since <= from)
                && note.read_to.is_some_and(|to| to >= moment)
                && !gap
        };
        sync.events_since = log.filter(known).map(|log| log.between(Some(from), Some(moment)).count());
    }
    Ok((readings, Some(at)))
}

/// Wraps a result about what [`open`] opened.
pub(crate) fn answer<T: rolebook_insight::Shape>(
    result: T,
    readings: &Readings,
    at: Option<AtMoment>,
) -> rolebook_insight::Answer<T> {
    match at {
        Some(at) => rolebook_insight::Answer::at(result, readings, at),
        None => rolebook_insight::Answer::new(result, readings, now()),
    }
}
