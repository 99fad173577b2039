//! What happened between snapshots, as Okta's System Log told it: who did what to whom. Where the log is kept is not
//! known here; whoever asks brings it along.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// Somebody or something that an event speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EventParty {
    /// Okta id.
    pub id: String,
    /// Okta's word: `User`, `UserGroup`, `AppInstance`, `SystemPrincipal`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Login of a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// Name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl EventParty {
    /// The login, else the name, else the id.
    #[must_use]
    pub fn label(&self) -> &str {
        self.login.as_deref().or(self.name.as_deref()).unwrap_or(&self.id)
    }
}

/// One entry of the System Log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Okta's id of the entry.
    pub uuid: String,
    /// When, by Okta's clock.
    pub at: Timestamp,
    /// Okta's event type, as in `group.user_membership.add`.
    pub kind: String,
    /// It did what it says.
    pub succeeded: bool,
    /// Who did it.
    pub actor: Option<EventParty>,
    /// Whom and what it concerns, in no order.
    pub targets: Vec<EventParty>,
}

impl LoggedEvent {
    /// Whether an id is among the targets.
    #[must_use]
    pub fn concerns(&self, id: &str) -> bool {
        self.targets.iter().any(|target| target.id == id)
    }

    /// The target of a type, as in `User`.
    #[must_use]
    pub fn target(&self, kind: &str) -> Option<&EventParty> {
        self.targets.iter().find(|target| target.kind == kind)
    }
}

/// An event as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EventNote {
    /// When, by Okta's clock.
    pub at: Timestamp,
    /// Okta's event type.
    pub event: String,
    /// Okta's id of the entry.
    pub uuid: String,
    /// Who did it, where the log says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<EventParty>,
}

impl EventNote {
    /// The note of an event.
    #[must_use]
    pub fn of(event: &LoggedEvent) -> Self {
        Self { at: event.at, event: event.kind.clone(), uuid: event.uuid.clone(), actor: event.actor.clone() }
    }
}

/// A time of which the log is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Gap {
    /// Its beginning.
    pub since: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

/// How far the log of an answer reaches.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct LogNote {
    /// From when on the log is known, but for gaps.
    pub since: Option<Timestamp>,
    /// Until when the log was read; absent when a reading never came to its end.
    pub read_to: Option<Timestamp>,
    /// Times in question that Okta had forgotten when it was asked.
    pub gaps: Vec<Gap>,
}

/// The log of one app, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    events: Vec<LoggedEvent>,
    /// How far it reaches.
    pub note: LogNote,
}

/// Beginnings of the event types that tell of access.
const OF_ACCESS: [&str; 7] = [
    "group.user_membership.add",
    "group.user_membership.remove",
    "group.lifecycle.",
    "group.profile.update",
    "group.application_assignment.",
    "application.",
    "user.lifecycle.",
];

impl Log {
    /// Takes events in any order. Those that failed, and those that do not tell of access, are left out.
    #[must_use]
    pub fn new(mut events: Vec<LoggedEvent>, note: LogNote) -> Self {
        events.retain(|event| event.succeeded && Self::is_of_access(&event.kind));
        events.sort_by(|a, b| (a.at, &a.uuid).cmp(&(b.at, &b.uuid)));
        Self { events, note }
    }

    /// Whether an event of this type tells of access.
    #[must_use]
    pub fn is_of_access(kind: &str) -> bool {
        OF_ACCESS.iter().any(|start| kind.starts_with(start))
    }

    /// Events after one moment and up to another, oldest first; without the first, from the beginning.
    pub fn between(
        &self,
        after: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> impl DoubleEndedIterator<Item = &LoggedEvent> {
        self.events.iter().filter(move |event| {
            after.is_none_or(|after| event.at > after) && until.is_none_or(|until| event.at <= until)
        })
    }
}
