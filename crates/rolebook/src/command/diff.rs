//! `rolebook diff`.

use std::{path::Path, process::ExitCode};

use jiff::Timestamp;
use rolebook_insight::{Answer, Reading, Readings};
use rolebook_snapshot::Limits;

use crate::{
    arguments::DiffArguments,
    command::sync::now,
    failure::Failure,
    logged::Events,
    question,
    render::diff::{rows, text},
};

pub(crate) fn run(arguments: &DiffArguments) -> Result<ExitCode, Failure> {
    let open = |path| rolebook_insight::open(std::slice::from_ref(path), &Limits::default());
    let (before, after): (Readings, Readings) = (open(&arguments.old)?, open(&arguments.new)?);
    let (old, new) = (before.only()?, after.only()?);
    let diff = match events(arguments)?.filter(|events| events.are_of(new)) {
        Some(events) => rolebook_insight::diff_with_log(old, new, &log(&events, old, new)?)?,
        None => rolebook_insight::diff(old, new)?,
    };
    question::show(&Answer::new(diff, &after, now()), arguments.output, rows, text)?;
    Ok(ExitCode::SUCCESS)
}

/// The events that are named, else those beside one of the snapshots.
fn events(arguments: &DiffArguments) -> Result<Option<Events>, Failure> {
    if let Some(file) = &arguments.events {
        let missing = || {
            Failure::not_found(
                format!("there are no events beside {}", file.display()),
                "rolebook sync --sync-events auto reads the System Log",
            )
        };
        return Events::beside(file)?.ok_or_else(missing).map(Some);
    }
    let beside = |file: &Path| Events::beside(file);
    match beside(&arguments.new)? {
        Some(events) => Ok(Some(events)),
        None => beside(&arguments.old),
    }
}

fn log(events: &Events, old: &Reading, new: &Reading) -> Result<rolebook_insight::Log, Failure> {
    let since = old.facts().coverage.from.unwrap_or(Timestamp::MIN);
    let until = new.facts().coverage.to.unwrap_or_else(now);
    Ok(events.log(since, until)?)
}
