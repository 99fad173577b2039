//! `rolebook why`.

use std::process::ExitCode;

use rolebook_insight::{Answer, RolePattern};

use crate::{
    arguments::WhyArguments,
    command::sync::now,
    failure::Failure,
    question,
    render::why::{rows, text},
};

pub(crate) fn run(arguments: &WhyArguments) -> Result<ExitCode, Failure> {
    let readings = question::open(&arguments.snapshot)?;
    let why = rolebook_insight::why(&readings, &arguments.person, &RolePattern::parse(&arguments.role))?;
    question::print(&Answer::new(why, &readings, now()), &arguments.snapshot, rows, text)
}
