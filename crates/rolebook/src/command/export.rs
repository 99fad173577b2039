//! `rolebook export`.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use rolebook_insight::{
    Answer, Readings,
    export::{
        Cover, ExportError, Making, ReviewKind, SplitBy, Table, Value, cover, cover_file, export_json,
        is_own_text, review, tables, text_tree, write_csv, write_html, write_opengraph, write_xlsx,
    },
};
use rolebook_snapshot::Limits;

use crate::{
    arguments::{ExportArguments, ExportFormat, ReviewArgument, SplitArgument},
    command::sync::{WRITER, now},
    failure::Failure,
    output::finish,
    question,
};

pub(crate) fn run(arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let readings = rolebook_insight::open(&arguments.file, &Limits::default())?;
    readings.notices.iter().for_each(|notice| question::note(notice));
    fs::create_dir_all(&arguments.out).map_err(|error| cannot(&arguments.out, &error))?;
    question::incomplete(&readings.completeness());
    let making = Making { tool: WRITER, at: now(), filters: Vec::new() };
    let written = match arguments.review {
        Some(kind) => reviews(arguments, &readings, kind, making)?,
        None => whole(arguments, &readings, &making)?,
    };
    let mut out = io::stdout().lock();
    for (path, rows) in written {
        finish(writeln!(out, "{} ({rows} rows)", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

type Written = Vec<(PathBuf, u64)>;

fn cannot(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!("cannot write {}: {error}", path.display()), "choose another folder with --out")
}

/// Writes beside the file and puts it in its place when it is whole. Only its owner can read it: it names people.
fn put(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<u64, ExportError>,
) -> Result<(PathBuf, u64), Failure> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| cannot(parent, &error))?;
    }
    let part =
        path.with_file_name(format!(".{}.part", path.file_name().unwrap_or_default().to_string_lossy()));
    let failed = |error: &dyn std::fmt::Display| cannot(&path, error);
    // A part left by a run that was killed is nobody's.
    let _ = fs::remove_file(&part);
    let file = OpenOptions::new().write(true).read(true).create_new(true).mode(0o600).open(&part);
    let mut file = BufWriter::new(file.map_err(|error| failed(&error))?);
    let rows = write(&mut file).and_then(|rows| {
        file.flush()?;
        Ok(rows)
    });
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => {
            let _ = fs::remove_file(&part);
            return Err(failed(&error));
        }
    };
    fs::rename(&part, &path).map_err(|error| failed(&error))?;
    Ok((path, rows))
}

fn cover_table(cover: &Cover) -> Table<'static> {
    let rows: Vec<Vec<Value>> =
        cover.lines.iter().map(|(label, value)| vec![Value::text(label), Value::text(value)]).collect();
    Table {
        name: "cover".to_owned(),
        columns: vec!["label", "value"],
        choices: Default::default(),
        rows: Box::new(rows.into_iter()),
    }
}

fn whole(arguments: &ExportArguments, readings: &Readings, making: &Making<'_>) -> Result<Written, Failure> {
    let out = &arguments.out;
    let cover = cover(readings, making);
    let as_of = readings.all().iter().filter_map(|reading| reading.facts().coverage.to).max();
    Ok(match arguments.format {
        ExportFormat::Csv => {
            let mut written = vec![put(out, "cover.csv", |file| write_csv(cover_table(&cover), file))?];
            for table in tables(readings) {
                let name = format!("{}.csv", table.name);
                written.push(put(out, &name, |file| write_csv(table, file))?);
            }
            written
        }
        ExportFormat::Xlsx => {
            vec![put(out, "rolebook.xlsx", |file| write_xlsx(&cover, tables(readings), as_of, file))?]
        }
        ExportFormat::Html => {
            vec![put(out, "rolebook.html", |file| write_html(&cover, tables(readings), file))?]
        }
        ExportFormat::Opengraph => {
            // A graph has no place for a cover of its own.
            vec![
                put(out, "opengraph-cover.csv", |file| write_csv(cover_table(&cover), file))?,
                put(out, "opengraph.json", |file| write_opengraph(readings, file))?,
            ]
        }
        ExportFormat::Json => {
            let export = export_json(readings, making);
            let rows = export.grants.len() as u64;
            let answer = Answer::new(export, readings, making.at);
            vec![put(out, "rolebook.json", |file| {
                serde_json::to_writer_pretty(&mut *file, &answer).map_err(io::Error::from)?;
                writeln!(file)?;
                Ok(rows)
            })?]
        }
        ExportFormat::Git => git(out, readings, &cover)?,
    })
}

/// Writes the tree and takes away what an earlier export wrote and this one does not; other files stay.
fn git(out: &Path, readings: &Readings, cover: &Cover) -> Result<Written, Failure> {
    let mut files = text_tree(readings);
    files.push(cover_file(cover));
    let paths: BTreeSet<PathBuf> = files.iter().map(|file| out.join(&file.path)).collect();
    for path in own_files(out).map_err(|error| cannot(out, &error))? {
        if !paths.contains(&path) {
            fs::remove_file(&path).map_err(|error| cannot(&path, &error))?;
        }
    }
    let count = files.len() as u64;
    for file in files {
        put(out, &file.path, |out| {
            out.write_all(file.text.as_bytes())?;
            Ok(1)
        })?;
    }
    Ok(vec![(out.to_owned(), count)])
}

fn own_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut own = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if kind.is_dir() && !hidden {
                folders.push(path);
            } else if kind.is_file()
                && path.extension().is_some_and(|e| e == "txt")
                && is_own_text(&fs::read(&path)?)
            {
                own.push(path);
            }
        }
    }
    Ok(own)
}

fn reviews(
    arguments: &ExportArguments,
    readings: &Readings,
    kind: ReviewArgument,
    mut making: Making<'_>,
) -> Result<Written, Failure> {
    let kind = match kind {
        ReviewArgument::GroupMembership => ReviewKind::GroupMembership,
        ReviewArgument::AppAssignment => ReviewKind::AppAssignment,
        ReviewArgument::OktaRoles => ReviewKind::OktaRoles,
        ReviewArgument::AwsRoles => ReviewKind::AwsRoles,
    };
    let split = arguments.split_by.map(|split| match split {
        SplitArgument::AccountOwner => SplitBy::AccountOwner,
        SplitArgument::Manager => SplitBy::Manager,
    });
    let since = arguments
        .since
        .as_ref()
        .map(|path| rolebook_insight::open(std::slice::from_ref(path), &Limits::default()))
        .transpose()?;
    making.filters.push(format!("review of {}", kind.as_str()));
    let as_of = readings.all().iter().filter_map(|reading| reading.facts().coverage.to).max();
    let mut written = Vec::new();
    for (number, (who, table)) in (1..).zip(review(readings, kind, split, since.as_ref())) {
        let mut filters = making.filters.clone();
        // Names of people and owners may hold anything: a number names the file, the cover names them.
        let name = if split.is_some() {
            filters.push(format!("only what {who} decides"));
            format!("review-{}-{number}", kind.as_str())
        } else {
            format!("review-{}", kind.as_str())
        };
        let making = Making { filters, ..making.clone() };
        let cover = cover(readings, &making);
        written.push(match arguments.format {
            ExportFormat::Csv => {
                put(&arguments.out, &format!("{name}-cover.csv"), |file| {
                    write_csv(cover_table(&cover), file)
                })?;
                put(&arguments.out, &format!("{name}.csv"), |file| write_csv(table, file))?
            }
            ExportFormat::Xlsx => put(&arguments.out, &format!("{name}.xlsx"), |file| {
                write_xlsx(&cover, vec![table], as_of, file)
            })?,
            _ => {
                return Err(Failure::usage(
                    "a review is written as csv or xlsx",
                    "use --format csv or --format xlsx",
                ));
            }
        });
    }
    Ok(written)
}
