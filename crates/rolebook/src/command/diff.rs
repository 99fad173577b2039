//! `rolebook diff`.

use std::process::ExitCode;

use rolebook_insight::{Answer, Readings};
use rolebook_snapshot::Limits;

use crate::{
    arguments::DiffArguments,
    command::sync::now,
    failure::Failure,
    question,
    render::diff::{rows, text},
};

pub(crate) fn run(arguments: &DiffArguments) -> Result<ExitCode, Failure> {
    let open = |path| rolebook_insight::open(std::slice::from_ref(path), &Limits::default());
    let (old, new): (Readings, Readings) = (open(&arguments.old)?, open(&arguments.new)?);
    let diff = rolebook_insight::diff(old.only()?, new.only()?)?;
    question::show(&Answer::new(diff, &new, now()), arguments.output, rows, text)?;
    Ok(ExitCode::SUCCESS)
}
