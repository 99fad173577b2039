//! `rolebook show`.

use std::{io::Write, process::ExitCode};

use rolebook_ledger::{after_path, overlay, read_after};
use rolebook_snapshot::{Limits, Snapshot};

use crate::{
    arguments::{ShowArguments, Subject},
    failure::Failure,
    show::{self, View},
};

pub(crate) fn run(arguments: &ShowArguments) -> Result<ExitCode, Failure> {
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
    let view = View::of(facts, &arguments.account)?;
    let rows = match arguments.what {
        Subject::Accounts => show::accounts(&view),
        Subject::Roles => show::roles(&view),
        Subject::Groups => show::groups(&view),
        Subject::Users => show::users(&view),
        Subject::Apps => show::apps(&view),
        Subject::Grants => show::grants(&view),
    };
    rows.print(arguments.output)?;
    Ok(ExitCode::SUCCESS)
}
