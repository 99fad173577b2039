//! `rolebook who`.

use std::process::ExitCode;

use rolebook_insight::{Answer, RolePattern, Scope};

use crate::{
    arguments::WhoArguments,
    command::sync::now,
    failure::Failure,
    question,
    render::who::{rows, text},
};

pub(crate) fn run(arguments: &WhoArguments) -> Result<ExitCode, Failure> {
    let pattern = match &arguments.pattern {
        Some(pattern) => RolePattern::parse(pattern),
        None => RolePattern::of(arguments.account.as_deref(), arguments.role.as_deref()),
    };
    let readings = question::open_for(&arguments.snapshot, Scope::Holders(&pattern))?;
    let who = rolebook_insight::who(&readings, &pattern)?;
    question::print(&Answer::new(who, &readings, now()), &arguments.snapshot, rows, text)
}
