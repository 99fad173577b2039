//! `rolebook show`.

use std::{path::Path, process::ExitCode};

use rolebook_connector::{EventParty, EventStore, events_path};
use rolebook_insight::{Answer, Completeness};

use crate::{
    arguments::{ShowArguments, Subject},
    command::sync::now,
    failure::Failure,
    output::{Cell, Rows},
    question,
    show::{self, View},
};

pub(crate) fn run(arguments: &ShowArguments) -> Result<ExitCode, Failure> {
    let snapshot = &arguments.snapshot;
    let rows_of = match arguments.what {
        Subject::Accounts => show::accounts,
        Subject::Roles => show::roles,
        Subject::Groups => show::groups,
        Subject::Users => show::users,
        Subject::Apps => show::apps,
        Subject::Grants => show::grants,
        Subject::Events => {
            let files = rolebook_insight::snapshot_files(&snapshot.file)?;
            let each = files.iter().map(|file| Ok((file.display().to_string(), events(file)?)));
            together("file", each.collect::<Result<_, Failure>>()?).print(snapshot.output)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    let readings = question::open(snapshot)?;
    let mut parts = Vec::new();
    for reading in readings.all() {
        let view = View::of(reading, &arguments.account)?;
        parts.push((reading.facts().app.id.to_string(), rows_of(&view)));
    }
    together("app", parts).print(snapshot.output)?;
    let completeness = match arguments.what {
        Subject::Apps | Subject::Groups => Completeness::default(),
        _ => readings.completeness(),
    };
    let complete = question::incomplete(&completeness);
    let code = question::age(&Answer::new(Shown, &readings, now()), snapshot);
    Ok(if snapshot.strict && !complete { ExitCode::from(question::HELD) } else { code })
}

/// What is shown has no documented shape of its own; its age is judged like that of every answer.
struct Shown;

impl rolebook_insight::Shape for Shown {
    const SHAPE: &'static str = "rolebook.show/1";
}

/// The rows of several snapshots under each other, each with where it comes from; those of one as they are.
fn together(column: &'static str, mut parts: Vec<(String, Rows)>) -> Rows {
    if parts.len() < 2 {
        return parts.pop().map_or_else(|| Rows { columns: Vec::new(), rows: Vec::new() }, |(_, rows)| rows);
    }
    let mut columns = vec![column];
    columns.extend(
        parts
            .iter()
            .flat_map(|(_, rows)| rows.columns.clone())
            .take(parts.first().map_or(0, |(_, rows)| rows.columns.len())),
    );
    let mut all = Vec::new();
    for (name, rows) in parts {
        all.extend(rows.rows.into_iter().map(|row| {
            let mut with = vec![Cell::from(name.as_str())];
            with.extend(row);
            with
        }));
    }
    Rows { columns, rows: all }
}

/// Oldest first.
fn events(file: &Path) -> Result<Rows, Failure> {
    let store = EventStore::open(&events_path(file))?;
    let mut rows = Vec::new();
    store.each(None, |event| {
        let name =
            |party: &EventParty| party.login.clone().or(party.name.clone()).unwrap_or(party.id.clone());
        rows.push(vec![
            Cell::from(format!("{:.3}", event.published)),
            event.kind.into(),
            event.outcome.into(),
            event.actor.as_ref().map(name).into(),
            event.targets.iter().map(name).collect::<Vec<_>>().into(),
            event.targets.iter().map(|target| target.id.clone()).collect::<Vec<_>>().into(),
            event.uuid.into(),
        ]);
    })?;
    Ok(Rows { columns: vec!["time", "event", "outcome", "by", "about", "about_ids", "uuid"], rows })
}
