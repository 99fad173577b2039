//! Events that a sync kept beside its file, as questions take them.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rolebook_connector::{EventParty, EventStore, EventsError, LoggedEvent as Event, events_path};
use rolebook_insight::{Gap, Log, LogNote, LoggedEvent, Reading};

use crate::{failure::Failure, question};

/// The events that stand beside a snapshot.
pub(crate) struct Events {
    pub(crate) path: PathBuf,
    /// Org and app whose events they are.
    pub(crate) owner: Option<(String, String)>,
    note: LogNote,
    store: EventStore,
}

impl Events {
    /// Those beside a snapshot, when there are any. A file of events may be named itself.
    pub(crate) fn beside(file: &Path) -> Result<Option<Self>, Failure> {
        let beside = events_path(file);
        let named = file.extension().is_some_and(|extension| extension == "events");
        let path = if named { file.to_owned() } else { beside };
        if !path.is_file() {
            return Ok(None);
        }
        let store = EventStore::open(&path)?;
        let gaps = store.gaps()?.into_iter().map(|(since, until)| Gap { since, until });
        let note = LogNote { since: store.known_since()?, read_to: store.read_to()?, gaps: gaps.collect() };
        Ok(Some(Self { owner: store.owner()?, note, path, store }))
    }

    /// Whether they are of this app; what is of another is told and not used.
    pub(crate) fn are_of(&self, reading: &Reading) -> bool {
        let facts = reading.facts();
        let ours = (facts.org.id.to_string(), facts.app.id.to_string());
        let fit = self.owner.as_ref().is_none_or(|owner| *owner == ours);
        if !fit {
            question::note(&format!("{} is of another app: no events are named", self.path.display()));
        }
        fit
    }

    /// What they tell of access in a time.
    pub(crate) fn log(&self, since: Timestamp, until: Timestamp) -> Result<Log, EventsError> {
        let mut events = Vec::new();
        self.store.between(since, until, |event| {
            if Log::is_of_access(&event.kind) {
                events.push(logged(event));
            }
        })?;
        Ok(Log::new(events, self.note.clone()))
    }
}

fn logged(event: Event) -> LoggedEvent {
    LoggedEvent {
        uuid: event.uuid,
        at: event.published,
        kind: event.kind,
        succeeded: event.outcome.as_deref().is_none_or(|outcome| outcome == "SUCCESS"),
        actor: event.actor.map(party),
        targets: event.targets.into_iter().map(party).collect(),
    }
}

fn party(party: EventParty) -> rolebook_insight::EventParty {
    rolebook_insight::EventParty { id: party.id, kind: party.kind, login: party.login, name: party.name }
}
