//! `rolebook show`.

use std::{io::Write, path::Path, process::ExitCode};

use rolebook_connector::{EventParty, EventStore, events_path};
use rolebook_ledger::{after_path, overlay, read_after};
use rolebook_snapshot::{Limits, Snapshot};

use crate::{
    arguments::{ShowArguments, Subject},
    failure::Failure,
    output::{Cell, Rows},
    show::{self, View},
};

pub(crate) fn run(arguments: &ShowArguments) -> Result<ExitCode, Failure> {
    let view = || view(arguments);
    let rows = match arguments.what {
        Subject::Accounts => show::accounts(&view()?),
        Subject::Roles => show::roles(&view()?),
        Subject::Groups => show::groups(&view()?),
        Subject::Users => show::users(&view()?),
        Subject::Apps => show::apps(&view()?),
        Subject::Grants => show::grants(&view()?),
        Subject::Events => events(&arguments.file)?,
    };
    rows.print(arguments.output)?;
    Ok(ExitCode::SUCCESS)
}

fn view(arguments: &ShowArguments) -> Result<View, Failure> {
    let snapshot = Snapshot::open(&arguments.file, &Limits::default())?;
    let sync = snapshot.latest_full()?;
    let facts = rolebook_ledger::read(&snapshot.rows(&sync.id))
        .map_err(|error| Failure::failed(error.to_string(), "Baton's own viewer reads any snapshot"))?;
    let facts = match read_after(&arguments.file, &sync) {
        Some(newer) => {
            let after = after_path(&arguments.file);
            // A closed stderr leaves nobody to tell.
            let _ = writeln!(std::io::stderr(), "with what was changed since the sync: {}", after.display());
            overlay(facts, &newer)
        }
        None => facts,
    };
    View::of(facts, &arguments.account)
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
