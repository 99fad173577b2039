//! `rolebook what`.

use std::process::ExitCode;

use rolebook_insight::{Answer, Scope};

use crate::{
    arguments::WhatArguments,
    command::sync::now,
    failure::Failure,
    past, question,
    render::what::{group_rows, group_text, rows, text},
};

pub(crate) fn run(arguments: &WhatArguments) -> Result<ExitCode, Failure> {
    if let Some(group) = &arguments.group {
        let (readings, moment) = past::open(&arguments.snapshot, &arguments.past, Scope::Everything)?;
        let (what, at) = rolebook_insight::what_group(&readings, group)?;
        let then = moment.as_ref().map_or_else(now, |at| at.moment);
        let mut answer = Answer::about(what, readings.get(at).into_iter(), then);
        answer.at = moment;
        return question::print(&answer, &arguments.snapshot, group_rows, group_text);
    }
    let person = arguments.person.as_deref().unwrap_or_default();
    let (readings, at) = past::open(&arguments.snapshot, &arguments.past, Scope::Person(person))?;
    let what = rolebook_insight::what(&readings, person)?;
    question::print(&past::answer(what, &readings, at), &arguments.snapshot, rows, text)
}
