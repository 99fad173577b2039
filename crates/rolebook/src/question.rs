//! What every question to a snapshot has in common: opening, age, and the three ways to print.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use rolebook_insight::{Answer, Cache, Completeness, OpenOptions, Readings, Scope, Shape};
use rolebook_snapshot::Limits;
use serde::Serialize;

use crate::{
    arguments::{SnapshotArguments, TableFormat},
    command::sync::now,
    failure::Failure,
    output::{Rows, finish, visible},
    render::{self, Page},
};

/// Exit code for *held, or findings present*.
pub(crate) const HELD: u8 = 6;

/// Bytes that decompressed copies may take.
const CACHE_BYTES: u64 = 4 << 30;

/// Opens the snapshots that a question goes to.
pub(crate) fn open(arguments: &SnapshotArguments) -> Result<Readings, Failure> {
    open_for(arguments, Scope::Everything)
}

/// How snapshots are opened: through the cache.
pub(crate) fn options<'a>(cache_dir: Option<&PathBuf>, scope: Scope<'a>) -> OpenOptions<'a> {
    let cache = cache_folder(cache_dir).map(|folder| Cache { folder, max_bytes: CACHE_BYTES, now: now() });
    OpenOptions { limits: Limits::default(), cache, scope, after: true }
}

/// Opens as much of them as a question about someone or something needs.
pub(crate) fn open_for(arguments: &SnapshotArguments, scope: Scope<'_>) -> Result<Readings, Failure> {
    let options = options(arguments.cache_dir.as_ref(), scope);
    let readings = rolebook_insight::open_with(&arguments.file, &options)?;
    for notice in &readings.notices {
        note(notice);
    }
    Ok(readings)
}

/// The folder that is named, else the one in the user's cache folder; none where there is no home.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment names the user's folders, it configures nothing"
)]
fn cache_folder(named: Option<&PathBuf>) -> Option<PathBuf> {
    if let Some(folder) = named {
        return (folder.as_os_str() != "off").then(|| folder.clone());
    }
    let folder =
        |name: &str| std::env::var(name).ok().filter(|path| path.starts_with('/')).map(PathBuf::from);
    let base = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("rolebook"))
}

/// Prints an answer: as JSON its documented shape, as CSV its rows, else what `text` draws below the header.
pub(crate) fn print<T: Shape + Serialize>(
    answer: &Answer<T>,
    arguments: &SnapshotArguments,
    rows: impl FnOnce(&T) -> Rows,
    text: impl FnOnce(&T, &mut Page) -> io::Result<()>,
) -> Result<ExitCode, Failure> {
    let complete = show(answer, arguments.output, rows, text)?;
    let code = age(answer, arguments);
    Ok(if arguments.strict && !complete { ExitCode::from(HELD) } else { code })
}

/// The same without looking at the age; returns whether the answer is complete.
pub(crate) fn show<T: Shape + Serialize>(
    answer: &Answer<T>,
    output: TableFormat,
    rows: impl FnOnce(&T) -> Rows,
    text: impl FnOnce(&T, &mut Page) -> io::Result<()>,
) -> Result<bool, Failure> {
    match output {
        TableFormat::Json => json(answer)?,
        TableFormat::Csv => render::with_evidence(rows(&answer.result), answer).print(TableFormat::Csv)?,
        TableFormat::Table => {
            let mut page = Page::stdout();
            let written = render::header(answer, &mut page).and_then(|()| text(&answer.result, &mut page));
            finish(written.and_then(|()| page.flush()))?;
        }
    }
    Ok(incomplete(&answer.result.completeness()))
}

/// Warns of what was not read, whatever the output format; returns whether everything was.
pub(crate) fn incomplete(completeness: &Completeness) -> bool {
    if let Some(gap) = completeness.gap() {
        note(&format!("{gap}: counts and lists are lower bounds, and nobody shown does not mean nobody"));
    }
    completeness.complete
}

/// Prints any documented shape as JSON.
pub(crate) fn json<T: Serialize>(answer: &T) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = serde_json::to_writer_pretty(&mut out, answer).map_err(io::Error::from);
    finish(written.and_then(|()| writeln!(out)).and_then(|()| out.flush()))
}

/// Warns of old snapshots; with `--strict` they are an exit code.
pub(crate) fn age<T>(answer: &Answer<T>, arguments: &SnapshotArguments) -> ExitCode {
    let limit = arguments.max_age.as_secs();
    let old = match answer.age_seconds {
        Some(age) if age < limit => return ExitCode::SUCCESS,
        Some(age) if answer.at.is_some() => {
            format!("the snapshot was {} old at that moment, --max-age is {}", words(age), words(limit))
        }
        Some(age) => format!("the snapshot is {} old, --max-age is {}", words(age), words(limit)),
        None => "the snapshot does not say when it was read".to_owned(),
    };
    note(&old);
    if arguments.strict { ExitCode::from(HELD) } else { ExitCode::SUCCESS }
}

/// Tells something on stderr beside the answer.
pub(crate) fn note(text: &str) {
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(io::stderr().lock(), "warning: {}", visible(text));
}

/// Tells what is about to happen.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", visible(text));
}

/// A duration for people: the two largest units.
pub(crate) fn words(seconds: i64) -> String {
    let units = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];
    let mut rest = seconds.max(0);
    let mut parts = Vec::new();
    for (name, length) in units {
        if rest >= length && parts.len() < 2 {
            parts.push(format!("{} {name}", rest / length));
            rest %= length;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}
