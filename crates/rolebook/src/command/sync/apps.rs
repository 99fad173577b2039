//! `rolebook sync -f DIR/`: several AWS apps, one file each.

use std::{path::Path, process::ExitCode};

use rolebook_connector::{AppEnd, AppsChoice, AppsOptions, AppsSync, Archive};

use super::{WRITER, events_wanted, now, waits};
use crate::{
    accounts,
    arguments::{SummaryFormat, SyncArguments},
    connection,
    failure::Failure,
    memory,
    progress::Display,
    summary::{OneApp, SeveralApps},
};

/// The apps to read, when they go into a folder; none for one app and its file.
pub(super) fn choice(arguments: &SyncArguments) -> Result<Option<AppsChoice>, Failure> {
    let ids = &arguments.connection.aws_okta_app_id;
    if arguments.all_aws_apps && !ids.is_empty() {
        return Err(Failure::usage(
            "--all-aws-apps and --aws-okta-app-id exclude each other",
            "name apps, or take all; --all-aws-apps=false overrules a setting",
        ));
    }
    if let Some(twice) =
        ids.iter().enumerate().find_map(|(at, id)| ids.iter().take(at).find(|same| *same == id))
    {
        return Err(Failure::usage(
            format!("app {twice} is named twice"),
            "name each app once: one file is written for each",
        ));
    }
    let several = arguments.all_aws_apps || ids.len() > 1;
    match is_folder(&arguments.file) {
        false if several => Err(Failure::usage(
            format!("several apps need a folder, and {} is none", arguments.file.display()),
            "name one with -f DIR/ (with the slash it is made); each app gets its own file there",
        )),
        false => Ok(None),
        true if arguments.all_aws_apps => Ok(Some(AppsChoice::All)),
        true if ids.is_empty() => Ok(Some(AppsChoice::Find)),
        true => Ok(Some(AppsChoice::Ids(ids.clone()))),
    }
}

/// A folder, or what is written like one.
pub(super) fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// Syncs one app after the other; none spoils another.
pub(super) async fn run(
    arguments: SyncArguments,
    apps: AppsChoice,
    archive: Option<&Archive>,
) -> Result<ExitCode, Failure> {
    let display = Display::new();
    let client = connection::client(&arguments.connection, display.on_wait())?;
    let described = accounts::described(arguments.accounts.as_ref(), &arguments.file)?;
    let options = AppsOptions {
        folder: arguments.file,
        apps,
        read: connection::read_options(&arguments.read),
        accounts: described.records,
        accounts_of: described.of,
        switches: connection::switches(&arguments.read)?,
        resume_max_age: arguments.guard.resume_max_age,
        incremental: arguments.incremental.options(),
        writer: WRITER.to_owned(),
    };
    let events = events_wanted(arguments.sync_events, archive);
    display.watch(client.governor());
    let begun = AppsSync::begin(&client, &options, &now, display.as_ref()).await;
    if begun.is_err() {
        display.clear();
    }
    let mut sync = begun?;
    let org = sync.org().clone();
    let mut each = Vec::new();
    while let Some(done) = sync.next(connection::random()?).await {
        let mut app = OneApp::new(done);
        if let AppEnd::Sealed(sealed) = &app.done.end {
            app.waits = waits(sealed, &arguments.guard);
            app.memory = Some(memory::keep(&client, sealed, archive, events, display.as_ref()).await);
            sync.keep(&app.done);
        }
        each.push(app);
    }
    let cost = sync.end();
    display.clear();
    let several = SeveralApps { org, folder: options.folder, each, cost };
    match arguments.output {
        SummaryFormat::Text => several.print_text()?,
        SummaryFormat::Json => several.print_json()?,
    }
    Ok(several.report())
}
