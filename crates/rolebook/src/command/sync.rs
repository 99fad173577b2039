//! `rolebook sync`.

mod apps;

use std::{process::ExitCode, time::Duration};

use jiff::Timestamp;
use rolebook_connector::{Archive, Audit, Summary, SyncError, SyncOptions};
use rolebook_snapshot::{Limits, Snapshot};

use crate::{
    accounts,
    arguments::{GuardArguments, SummaryFormat, SyncArguments, SyncEventsArgument},
    change::{self, audit_file, new_op},
    command::archive,
    connection,
    failure::Failure,
    memory,
    progress::Display,
    question, summary,
};

/// Name and version of this program, for the coverage record.
pub(crate) const WRITER: &str = concat!("rolebook ", env!("CARGO_PKG_VERSION"));

/// How long a change of the same org is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(30);

pub(crate) async fn run(arguments: SyncArguments) -> Result<ExitCode, Failure> {
    let archive = archive::of_sync(arguments.archive.as_ref())?;
    if arguments.guard.accept_loss {
        return accept(&arguments, archive.as_ref()).await;
    }
    if arguments.guard.reason.is_some() {
        return Err(Failure::usage(
            "--reason belongs to --accept-loss",
            "leave it out, or add --accept-loss",
        ));
    }
    if let Some(choice) = apps::choice(&arguments)? {
        return apps::run(arguments, choice, archive.as_ref()).await;
    }
    let display = Display::new();
    let client = connection::client(&arguments.connection, display.on_wait())?;
    let described = accounts::described(arguments.accounts.as_ref(), &arguments.file)?;
    let options = SyncOptions {
        file: arguments.file,
        app: connection::app_choice(&arguments.connection)?,
        read: connection::read_options(&arguments.read),
        accounts: described.records,
        accounts_of: described.of,
        switches: connection::switches(&arguments.read)?,
        resume_max_age: arguments.guard.resume_max_age,
        incremental: arguments.incremental.options(),
        writer: WRITER.to_owned(),
        random: connection::random()?,
    };
    display.watch(client.governor());
    let result = rolebook_connector::sync(&client, &options, &now, display.as_ref()).await;
    display.clear();
    let done = result?;
    let events = events_wanted(arguments.sync_events, archive.as_ref());
    let memory = memory::keep(&client, &done, archive.as_ref(), events, display.as_ref()).await;
    display.clear();
    match arguments.output {
        SummaryFormat::Text => summary::print_text(&done).and_then(|()| memory.print())?,
        SummaryFormat::Json => summary::print_json(&done, &memory.json())?,
    }
    if let Some(failure) = memory.failure() {
        return Err(failure);
    }
    let stopped = waits(&done, &arguments.guard);
    Ok(if stopped { ExitCode::from(6) } else { ExitCode::SUCCESS })
}

/// Events are read with an archive, unless something else was asked for.
fn events_wanted(asked: Option<SyncEventsArgument>, archive: Option<&Archive>) -> SyncEventsArgument {
    let by_default = if archive.is_some() { SyncEventsArgument::Auto } else { SyncEventsArgument::Off };
    asked.unwrap_or(by_default)
}

/// Whether a person has to look at it: the file is held, lacks something, or shows a gain that is not to pass.
fn waits(done: &Summary, guard: &GuardArguments) -> bool {
    let gained = done.since.as_ref().is_some_and(|since| !since.gains.is_empty());
    let partial = !done.coverage.is_complete();
    if partial {
        question::note(&format!(
            "{} is PARTIAL: the token may see less than there is{}",
            done.sealed.path.display(),
            if guard.allow_partial { "" } else { "; --allow-partial takes it with exit code 0" }
        ));
    }
    done.held.is_some() || guard.fail_on_gain && gained || partial && !guard.allow_partial
}

async fn accept(arguments: &SyncArguments, archive: Option<&Archive>) -> Result<ExitCode, Failure> {
    if apps::is_folder(&arguments.file) {
        return Err(Failure::usage(
            format!("{} is a folder, and a loss is accepted of one file", arguments.file.display()),
            "name the file, as in -f DIR/0oa1b2c3d4.c1z",
        ));
    }
    let reason = arguments.guard.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let Some(reason) = reason else {
        return Err(Failure::usage(
            "--accept-loss needs a reason",
            "say why with --reason TEXT; it is kept in the audit and beside the file",
        ));
    };
    let file = &arguments.file;
    let held = rolebook_connector::held_path(file);
    if !held.exists() {
        return Err(SyncError::NothingHeld { file: file.clone() }.into());
    }
    // The org is told by the file itself: Okta is not asked.
    let snapshot = Snapshot::open(&held, &Limits::default())?;
    let full = snapshot.latest_full()?;
    let org = rolebook_ledger::head(&snapshot.rows(&full.id))
        .map_err(|error| Failure::failed(error.to_string(), "the held file is not one of rolebook sync"))?
        .org;
    let audit = audit_file(arguments.guard.audit.as_deref(), org.id.as_str())?;
    let mut audit = Audit::open(&audit, org.id.as_str(), now(), LOCK_WAIT).await?;
    let who = change::who();
    let accepted = rolebook_connector::accept_recorded(&mut audit, &new_op()?, file, reason, &who, now())?;
    summary::print_accepted(&arguments.file, &accepted, arguments.output)?;
    if let Some(archive) = archive {
        archive::keep_newest(archive, &arguments.file)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The machine's clock; the only place of the program that reads it.
#[expect(clippy::disallowed_methods, reason = "the edge where time comes in")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
