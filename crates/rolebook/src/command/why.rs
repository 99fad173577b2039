//! `rolebook why`.

use std::process::ExitCode;

use rolebook_insight::{RolePattern, Scope};

use crate::{
    arguments::WhyArguments,
    failure::Failure,
    past, question,
    render::why::{rows, text},
};

pub(crate) fn run(arguments: &WhyArguments) -> Result<ExitCode, Failure> {
    let scope = Scope::Person(&arguments.person);
    let (readings, at) = past::open(&arguments.snapshot, &arguments.past, scope)?;
    let why = rolebook_insight::why(&readings, &arguments.person, &RolePattern::parse(&arguments.role))?;
    question::print(&past::answer(why, &readings, at), &arguments.snapshot, rows, text)
}
