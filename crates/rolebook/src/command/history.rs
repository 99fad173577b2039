//! `rolebook history`.

use std::process::ExitCode;

use jiff::Timestamp;
use rolebook_insight::{Period, RolePattern, Scope, Shape};

use crate::{
    arguments::{HistoryArguments, TableFormat},
    command::sync::now,
    failure::Failure,
    output::finish,
    past, question,
    render::{
        Page,
        history::{rows, text},
    },
};

pub(crate) fn run(arguments: &HistoryArguments) -> Result<ExitCode, Failure> {
    let pattern = match &arguments.pattern {
        Some(pattern) => RolePattern::parse(pattern),
        None => RolePattern::of(arguments.account.as_deref(), arguments.role.as_deref()),
    };
    let archive = past::archived(arguments.archive.as_ref())?;
    let now = now();
    let (from, to) = arguments.between.unwrap_or_default();
    let first = || archive.iter().map(|sync| sync.at).min().unwrap_or(Timestamp::MIN);
    let between = Period { from: from.unwrap_or_else(first), to: to.unwrap_or(now) };
    if between.from > now {
        return Err(Failure::usage("--between: that time is still to come", "it begins after now"));
    }
    if between.from > between.to {
        let text = format!("--between: the archive begins after that, at {}", between.from);
        return Err(Failure::not_found(text, "rolebook archive list tells what there is"));
    }
    let events = past::events(&arguments.file)?;
    let options = question::options(arguments.cache_dir.as_ref(), Scope::Everything);
    let log_of = |org: &str, app: &str, time: Period| past::log_of(&events, org, app, time);
    let answer = rolebook_insight::history(&archive, &pattern, between, &options, &log_of, now)?;
    match arguments.output {
        TableFormat::Json => question::json(&answer)?,
        TableFormat::Csv => rows(&answer).print(TableFormat::Csv)?,
        TableFormat::Table => {
            let mut page = Page::stdout();
            let written = text(&answer, &mut page);
            finish(written.and_then(|()| page.flush()))?;
        }
    }
    question::incomplete(&answer.result.completeness());
    Ok(ExitCode::SUCCESS)
}
