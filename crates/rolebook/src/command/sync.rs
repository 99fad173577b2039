//! `rolebook sync`.

use std::process::ExitCode;

use jiff::Timestamp;
use rolebook_connector::SyncOptions;

use crate::{
    accounts,
    arguments::{SummaryFormat, SyncArguments},
    connection,
    failure::Failure,
    progress::Display,
    summary,
};

/// Name and version of this program, for the coverage record.
pub(crate) const WRITER: &str = concat!("rolebook ", env!("CARGO_PKG_VERSION"));

pub(crate) async fn run(arguments: SyncArguments) -> Result<ExitCode, Failure> {
    let display = Display::new();
    let client = connection::client(&arguments.connection, display.on_wait())?;
    let options = SyncOptions {
        file: arguments.file,
        app: connection::app_choice(&arguments.connection),
        read: connection::read_options(&arguments.read),
        accounts: accounts::read(arguments.accounts.as_ref())?,
        switches: connection::switches(&arguments.read)?,
        writer: WRITER.to_owned(),
        random: connection::random()?,
    };
    display.watch(client.governor());
    let result = rolebook_connector::sync(&client, &options, &now, display.as_ref()).await;
    display.clear();
    let done = result?;
    match arguments.output {
        SummaryFormat::Text => summary::print_text(&done)?,
        SummaryFormat::Json => summary::print_json(&done)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The machine's clock; the only place of the program that reads it.
#[expect(clippy::disallowed_methods, reason = "the edge where time comes in")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
