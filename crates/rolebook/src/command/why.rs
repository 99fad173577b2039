//! `rolebook why`.

use std::process::ExitCode;

use rolebook_insight::{Answer, RolePattern, Scope};

use crate::{
    arguments::WhyArguments,
    command::sync::now,
    failure::Failure,
    question,
    render::why::{rows, text},
};

pub(crate) fn run(arguments: &WhyArguments) -> Result<ExitCode, Failure> {
    let readings = question::open_for(&arguments.snapshot, Scope::Person(&arguments.person))?;
    let why = rolebook_insight::why(&readings, &arguments.person, &RolePattern::parse(&arguments.role))?;
    question::print(&Answer::new(why, &readings, now()), &arguments.snapshot, rows, text)
}
