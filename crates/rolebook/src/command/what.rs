//! `rolebook what`.

use std::process::ExitCode;

use rolebook_insight::{Answer, Scope};

use crate::{
    arguments::WhatArguments,
    command::sync::now,
    failure::Failure,
    question,
    render::what::{group_rows, group_text, rows, text},
};

pub(crate) fn run(arguments: &WhatArguments) -> Result<ExitCode, Failure> {
    if let Some(group) = &arguments.group {
        let readings = question::open(&arguments.snapshot)?;
        let (what, at) = rolebook_insight::what_group(&readings, group)?;
        let answer = Answer::about(what, readings.get(at).into_iter(), now());
        return question::print(&answer, &arguments.snapshot, group_rows, group_text);
    }
    let person = arguments.person.as_deref().unwrap_or_default();
    let readings = question::open_for(&arguments.snapshot, Scope::Person(person))?;
    let what = rolebook_insight::what(&readings, person)?;
    question::print(&Answer::new(what, &readings, now()), &arguments.snapshot, rows, text)
}
