//! `rolebook who`.

use std::process::ExitCode;

use rolebook_insight::{RolePattern, Scope};

use crate::{
    arguments::WhoArguments,
    failure::Failure,
    past, question,
    render::who::{rows, text},
};

pub(crate) fn run(arguments: &WhoArguments) -> Result<ExitCode, Failure> {
    let pattern = match &arguments.pattern {
        Some(pattern) => RolePattern::parse(pattern),
        None => RolePattern::of(arguments.account.as_deref(), arguments.role.as_deref()),
    };
    let scope = Scope::Holders(&pattern);
    let (readings, at) = past::open(&arguments.snapshot, &arguments.past, scope)?;
    let who = rolebook_insight::who(&readings, &pattern)?;
    question::print(&past::answer(who, &readings, at), &arguments.snapshot, rows, text)
}
