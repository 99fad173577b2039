//! `rolebook lint-filter`.

use std::{
    io::{self, Read},
    path::Path,
    process::ExitCode,
};

use rolebook_insight::{FilterLint, lint_filter};

use crate::{
    arguments::{LintFilterArguments, TableFormat},
    connection::assumed,
    failure::Failure,
    output::finish,
    question,
    render::{Page, lint_filter as render},
};

/// Names beyond this are no list of groups but a mistake.
const MAX_NAMES_BYTES: u64 = 256 << 20;

pub(crate) fn run(arguments: &LintFilterArguments) -> Result<ExitCode, Failure> {
    let names = arguments.names.as_deref().map(names).transpose()?.unwrap_or_default();
    let switches = assumed(&arguments.assume)?;
    let lint = lint_filter(&arguments.filter, arguments.role_value_pattern.as_deref(), &names, &switches);
    match arguments.output {
        TableFormat::Json => question::json(&lint)?,
        TableFormat::Csv => render::rows(&lint).print(TableFormat::Csv)?,
        TableFormat::Table => print(&lint)?,
    }
    Ok(if lint.error.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print(lint: &FilterLint) -> Result<(), Failure> {
    let mut page = Page::stdout();
    let written = render::text(lint, &mut page);
    finish(written.and_then(|()| page.flush()))
}

fn names(path: &Path) -> Result<Vec<String>, Failure> {
    let failed = |error: io::Error| {
        Failure::not_found(
            format!("cannot read {}: {error}", path.display()),
            "name a text file with --names",
        )
    };
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        io::stdin().take(MAX_NAMES_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(MAX_NAMES_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > MAX_NAMES_BYTES {
        return Err(Failure::usage(
            format!("{} is larger than {} MB", path.display(), MAX_NAMES_BYTES >> 20),
            "one group name a line is wanted",
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        Failure::usage(format!("{} is not UTF-8 text", path.display()), "one group name a line is wanted")
    })?;
    Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
