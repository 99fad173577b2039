//! `rolebook findings`.

use std::{path::Path, process::ExitCode};

use jiff::tz::TimeZone;
use rolebook_insight::{Answer, Policy, Severity};
use rolebook_snapshot::Limits;

use crate::{
    arguments::{FailOn, FindingsArguments},
    command::sync::now,
    failure::Failure,
    output::visible,
    question,
    render::findings::{rows, text},
};

pub(crate) fn run(arguments: &FindingsArguments) -> Result<ExitCode, Failure> {
    let readings = question::open(&arguments.snapshot)?;
    let policy = match &arguments.accepted {
        Some(path) => policy(path)?,
        None => Policy::default(),
    };
    let since = arguments
        .new_since
        .as_ref()
        .map(|path| rolebook_insight::open(std::slice::from_ref(path), &Limits::default()))
        .transpose()?;
    let now = now();
    let today = now.to_zoned(TimeZone::UTC).date();
    let found = rolebook_insight::findings(&readings, &policy, today, since.as_ref())?;
    let severity = match arguments.fail_on {
        FailOn::Low => Some(Severity::Low),
        FailOn::Medium => Some(Severity::Medium),
        FailOn::High => Some(Severity::High),
        FailOn::Critical => Some(Severity::Critical),
        FailOn::Never => None,
    };
    let fails = severity.is_some_and(|severity| found.fail_on(severity));
    let age = question::print(&Answer::new(found, &readings, now), &arguments.snapshot, rows, text)?;
    Ok(if fails { ExitCode::from(question::HELD) } else { age })
}

fn policy(path: &Path) -> Result<Policy, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::not_found(format!("cannot read {}: {error}", path.display()), "check --accepted")
    })?;
    Policy::parse(&text)
        .map_err(|error| Failure::usage(visible(&format!("{}: {error}", path.display())), error.hint()))
}
