//! The file of events beside a snapshot: one SQLite database, in which a page and the place that follows it are one
//! commit. A crash at any moment leaves whole pages; an entry that comes again is the same row.

use std::{
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rolebook_okta::{Cursor, shapes::LogEvent};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

/// Version of the tables.
const FORMAT: i32 = 1;

const TABLES: &str = "
create table place (key text primary key, value text not null) without rowid;
create table event (
    uuid text primary key, published text not null, kind text not null, outcome text, actor text, targets text not null,
    request_id text
) without rowid;
create index event_by_time on event (published);
create table party (id text not null, uuid text not null, primary key (id, uuid)) without rowid;
create table gap (since text not null, until text not null);
";

/// Why a file of events cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// There is none.
    #[error("no event file {}", .path.display())]
    Absent {
        /// Where they should be.
        path: PathBuf,
    },
    /// The database.
    #[error("events {}: {source}", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file cannot be made.
    #[error("events {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A later version wrote it.
    #[error("events {}: their format {found} is newer than this program", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i32,
    },
}

impl EventsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "rolebook sync --sync-events auto reads the System Log",
            Self::Database { .. } | Self::Io { .. } => {
                "check disk and rights; a damaged file can be moved away, Okta still knows 90 days"
            }
            Self::Newer { .. } => "use a newer rolebook",
        }
    }
}

/// Somebody or something that an event speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventParty {
    /// Id; of an `AppUser` it is the assignment's own, not the user's.
    pub id: String,
    /// `User`, `UserGroup`, `AppInstance`, `AppUser`, …
    pub kind: String,
    /// Login of a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An entry of the System Log, as far as it is kept: who did what to whom, and how it ended. Addresses and devices are
/// not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Okta's id of the entry.
    pub uuid: String,
    /// When, by Okta's clock.
    pub published: Timestamp,
    /// `group.user_membership.add`, …
    pub kind: String,
    /// `SUCCESS`, `FAILURE`, …
    pub outcome: Option<String>,
    /// Who did it.
    pub actor: Option<EventParty>,
    /// Whom and what it concerns.
    pub targets: Vec<EventParty>,
    /// The request that did it.
    pub request_id: Option<String>,
}

impl Event {
    /// Takes an entry; none when it lacks what identifies it.
    fn of(entry: &LogEvent) -> Option<Self> {
        let party = |party: &rolebook_okta::shapes::Party| {
            Some(EventParty {
                id: party.id.clone()?,
                kind: party.kind.clone().unwrap_or_default(),
                login: party.alternate_id.clone().filter(|login| login != "unknown"),
                name: party.display_name.clone(),
            })
        };
        Some(Self {
            uuid: entry.uuid.clone()?,
            published: entry.published.as_deref()?.parse().ok()?,
            kind: entry.event_type.clone()?,
            outcome: entry.outcome().map(str::to_owned),
            actor: entry.actor.as_ref().and_then(party),
            targets: entry.target.iter().filter_map(party).collect(),
            request_id: entry.request_id().map(str::to_owned),
        })
    }
}

/// Events that were read, and where to read on.
#[derive(Debug)]
pub struct EventStore {
    path: PathBuf,
    database: Connection,
}

/// What one page added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Added {
    pub(crate) new: u64,
    pub(crate) unreadable: u64,
}

impl EventStore {
    /// Opens a file that is there.
    ///
    /// # Errors
    /// [`EventsError`].
    pub fn open(path: &Path) -> Result<Self, EventsError> {
        if !path.exists() {
            return Err(EventsError::Absent { path: path.to_owned() });
        }
        Self::at(path)
    }

    /// Opens a file, or makes it for its owner alone.
    pub(crate) fn make(path: &Path) -> Result<Self, EventsError> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|source| EventsError::Io { path: path.to_owned(), source })?;
        Self::at(path)
    }

    fn at(path: &Path) -> Result<Self, EventsError> {
        let failed = |source| EventsError::Database { path: path.to_owned(), source };
        let mut database = Connection::open(path).map_err(failed)?;
        let found: i32 = database.query_row("pragma user_version", [], |row| row.get(0)).map_err(failed)?;
        if found > FORMAT {
            return Err(EventsError::Newer { path: path.to_owned(), found });
        }
        if found == 0 {
            let make = |database: &mut Connection| {
                let change = database.transaction()?;
                change.execute_batch(TABLES)?;
                change.pragma_update(None, "user_version", FORMAT)?;
                change.commit()
            };
            make(&mut database).map_err(failed)?;
        }
        Ok(Self { path: path.to_owned(), database })
    }

    fn failed(&self) -> impl FnOnce(rusqlite::Error) -> EventsError + use<> {
        let path = self.path.clone();
        move |source| EventsError::Database { path, source }
    }

    /// A note: `org`, `app`, `filter`, `cursor`, `since`, `read-to`.
    pub(crate) fn note(&self, key: &str) -> Result<Option<String>, EventsError> {
        self.database
            .query_row("select value from place where key = ?1", [key], |row| row.get(0))
            .optional()
            .map_err(self.failed())
    }

    pub(crate) fn set(&self, notes: &[(&str, &str)]) -> Result<(), EventsError> {
        let change = || {
            let change = self.database.unchecked_transaction()?;
            for (key, value) in notes {
                set(&change, key, value)?;
            }
            change.commit()
        };
        change().map_err(self.failed())
    }

    /// Adds a page and the place behind it, both or neither.
    pub(crate) fn add(&mut self, page: &[LogEvent], next: &Cursor) -> Result<Added, EventsError> {
        let failed = self.failed();
        let mut add = || {
            let change = self.database.transaction()?;
            let mut added = Added::default();
            for entry in page {
                match Event::of(entry) {
                    Some(event) => added.new += u64::from(insert(&change, &event)?),
                    None => added.unreadable += 1,
                }
            }
            set(&change, "cursor", next.as_str())?;
            change.commit()?;
            Ok(added)
        };
        add().map_err(failed)
    }

    pub(crate) fn add_gap(&self, since: Timestamp, until: Timestamp) -> Result<(), EventsError> {
        let sql = "insert into gap (since, until) values (?1, ?2)";
        self.database.execute(sql, params![key(since), key(until)]).map(drop).map_err(self.failed())
    }

    /// Times of which nothing is known, because Okta had forgotten them when they were asked for.
    ///
    /// # Errors
    /// [`EventsError::Database`].
    pub fn gaps(&self) -> Result<Vec<(Timestamp, Timestamp)>, EventsError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut rows = self.database.prepare("select since, until from gap order by since")?;
            rows.query_map([], |row| Ok((time(row, 0)?, time(row, 1)?)))?.collect()
        };
        read().map_err(self.failed())
    }

    /// Until when the log was read; none before the first reading ended.
    ///
    /// # Errors
    /// [`EventsError::Database`].
    pub fn read_to(&self) -> Result<Option<Timestamp>, EventsError> {
        Ok(self.note("read-to")?.and_then(|text| text.parse().ok()))
    }

    /// The newest event's time.
    pub(crate) fn newest(&self) -> Result<Option<Timestamp>, EventsError> {
        let newest: Option<String> = self
            .database
            .query_row("select max(published) from event", [], |row| row.get(0))
            .map_err(self.failed())?;
        Ok(newest.and_then(|text| text.parse().ok()))
    }

    /// How many events are kept.
    ///
    /// # Errors
    /// [`EventsError::Database`].
    pub fn count(&self) -> Result<u64, EventsError> {
        let count: i64 = self
            .database
            .query_row("select count(*) from event", [], |row| row.get(0))
            .map_err(self.failed())?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Org and app whose events these are; none before the first reading.
    ///
    /// # Errors
    /// [`EventsError::Database`].
    pub fn owner(&self) -> Result<Option<(String, String)>, EventsError> {
        Ok(self.note("org")?.zip(self.note("app")?))
    }

    /// From when on the log is known, but for gaps; none before the first reading began.
    ///
    /// # Errors
    /// [`EventsError::Database`].
    pub fn known_since(&self) -> Result<Option<Timestamp>, EventsError> {
        if let Some(since) = self.note("since")?.and_then(|text| text.parse().ok()) {
            return Ok(Some(since));
        }
        let oldest: Option<String> = self
            .database
            .query_row("select min(published) from event", [], |row| row.get(0))
            .map_err(self.failed())?;
        Ok(oldest.and_then(|text| text.parse().ok()))
    }

    /// Gives every event, oldest first; with `about`, those of which this id is actor or target.
    ///
    /// # Errors
    /// [`EventsError::Database`].
    pub fn each(&self, about: Option<&str>, take: impl FnMut(Event)) -> Result<(), EventsError> {
        let sql = "select uuid, published, kind, outcome, actor, targets, request_id from event
            where ?1 is null or uuid in (select uuid from party where id = ?1) order by published, uuid";
        self.rows(sql, params![about], take)
    }

    /// Gives the events of a time, both ends included, oldest first.
    ///
    /// # Errors
    /// [`EventsError::Database`].
    pub fn between(
        &self,
        since: Timestamp,
        until: Timestamp,
        take: impl FnMut(Event),
    ) -> Result<(), EventsError> {
        let sql = "select uuid, published, kind, outcome, actor, targets, request_id from event
            where published between ?1 and ?2 order by published, uuid";
        self.rows(sql, params![key(since), key(until)], take)
    }

    fn rows(
        &self,
        sql: &str,
        parameters: &[&dyn rusqlite::ToSql],
        mut take: impl FnMut(Event),
    ) -> Result<(), EventsError> {
        let mut read = || {
            let mut statement = self.database.prepare(sql)?;
            let mut rows = statement.query(parameters)?;
            while let Some(row) = rows.next()? {
                let actor: Option<String> = row.get(4)?;
                let targets: String = row.get(5)?;
                take(Event {
                    uuid: row.get(0)?,
                    published: time(row, 1)?,
                    kind: row.get(2)?,
                    outcome: row.get(3)?,
                    actor: actor.and_then(|actor| serde_json::from_str(&actor).ok()),
                    targets: serde_json::from_str(&targets).unwrap_or_default(),
                    request_id: row.get(6)?,
                });
            }
            Ok(())
        };
        read().map_err(self.failed())
    }
}

/// Times as texts that sort by age.
fn key(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn time(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: jiff::Error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

fn set(change: &Transaction<'_>, key: &str, value: &str) -> rusqlite::Result<()> {
    let sql =
        "insert into place (key, value) values (?1, ?2) on conflict do update set value = excluded.value";
    change.execute(sql, [key, value]).map(drop)
}

/// Whether it was new.
fn insert(change: &Transaction<'_>, event: &Event) -> rusqlite::Result<bool> {
    let json = |value: &EventParty| serde_json::to_string(value).unwrap_or_default();
    let sql = "insert into event (uuid, published, kind, outcome, actor, targets, request_id)
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict do nothing";
    let new = change.prepare_cached(sql)?.execute(params![
        event.uuid,
        key(event.published),
        event.kind,
        event.outcome,
        event.actor.as_ref().map(json),
        serde_json::to_string(&event.targets).unwrap_or_default(),
        event.request_id,
    ])?;
    if new == 0 {
        return Ok(false);
    }
    let sql = "insert into party (id, uuid) values (?1, ?2) on conflict do nothing";
    let mut party = change.prepare_cached(sql)?;
    for id in event.targets.iter().chain(&event.actor).map(|party| &party.id) {
        party.execute([id, &event.uuid])?;
    }
    Ok(true)
}
