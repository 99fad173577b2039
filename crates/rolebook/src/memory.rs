//! What a sync keeps for later beside its file: events of the System Log, a copy in an archive. The file is sealed by
//! then; what goes wrong here is told, and does not take it back.

use std::io::Write;

use rolebook_connector::{
    Archive, Archived, ErrorKind, EventsRead, Progress, Summary, SyncError, read_events,
};
use rolebook_okta::Client;
use serde_json::{Value, json};

use crate::{
    arguments::SyncEventsArgument,
    command::{archive, sync::now},
    failure::Failure,
    output::{finish, visible},
};

/// What was kept, and what was not.
#[derive(Default)]
pub(crate) struct Memory {
    events: Option<Events>,
    archived: Option<Archived>,
    failures: Vec<Failure>,
}

enum Events {
    Read(EventsRead),
    /// The token may not read the log, which is no failure unless it was asked for.
    Refused(String),
}

/// Keeps what is to be kept. A held file is not archived: it is not in force.
pub(crate) async fn keep(
    client: &Client,
    done: &Summary,
    archive: Option<&Archive>,
    wanted: SyncEventsArgument,
    progress: &dyn Progress,
) -> Memory {
    let mut memory = Memory::default();
    let file = done.held.as_ref().map_or(&done.sealed.path, |held| &held.file);
    if let Some(archive) = archive.filter(|_| done.held.is_none()) {
        let (org, app) = (done.org.id.as_str(), done.app.id.as_str());
        match archive::keep(archive, file, org, app, done.to, &done.sync_id.to_string()) {
            Ok(archived) => memory.archived = Some(archived),
            Err(failure) => memory.failures.push(failure),
        }
    }
    if wanted == SyncEventsArgument::Off {
        return memory;
    }
    match read_events(client, file, &done.org, &done.app, &now, progress).await {
        Ok(read) => memory.events = Some(Events::Read(read)),
        Err(error) if wanted == SyncEventsArgument::Auto && is_refusal(&error) => {
            memory.events = Some(Events::Refused(error.to_string()));
        }
        Err(error) => {
            let note = format!("{} is sealed, but the events are not read to their end", file.display());
            memory.failures.push(Failure::from(error).with_notes(vec![note]));
        }
    }
    memory
}

fn is_refusal(error: &SyncError) -> bool {
    error.kind() == ErrorKind::Refused && !error.is_unauthenticated()
}

impl Memory {
    /// Lines under the summary of a sync.
    pub(crate) fn print(&self) -> Result<(), Failure> {
        finish(self.text(&mut std::io::stdout().lock()))
    }

    pub(crate) fn text(&self, out: &mut impl Write) -> std::io::Result<()> {
        match &self.events {
            Some(Events::Read(read)) => {
                let path = read.path.display().to_string();
                writeln!(out, "Events     {} new, {} kept in {}", read.new, read.kept, visible(&path))?;
                if read.unreadable > 0 {
                    writeln!(out, "           {} entries of the log could not be read", read.unreadable)?;
                }
                if let Some((since, until)) = read.gap {
                    writeln!(
                        out,
                        "           GAP: Okta has forgotten what happened from {since:.0} to {until:.0}"
                    )?;
                }
            }
            Some(Events::Refused(why)) => writeln!(out, "Events     not read: {}", visible(why))?,
            None => {}
        }
        match &self.archived {
            Some(archived) => writeln!(out, "Archived   {}", visible(&archived.path.display().to_string())),
            None => Ok(()),
        }
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let events = match &self.events {
            Some(Events::Read(read)) => json!({
                "file": read.path.display().to_string(), "new": read.new, "kept": read.kept,
                "unreadable": read.unreadable,
                "gap": read.gap.map(|(since, until)| json!({
                    "since": since.to_string(), "until": until.to_string(),
                })),
            }),
            Some(Events::Refused(why)) => json!({ "refused": why }),
            None => Value::Null,
        };
        let archived = self.archived.as_ref().map(|archived| {
            json!({ "file": archived.path.display().to_string(), "sha256": archived.sum, "bytes": archived.bytes })
        });
        json!({ "events": events, "archived": archived })
    }

    /// All that went wrong.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.failures.iter()
    }

    /// What went wrong, in one.
    pub(crate) fn failure(self) -> Option<Failure> {
        self.failures.into_iter().reduce(Failure::and)
    }
}
