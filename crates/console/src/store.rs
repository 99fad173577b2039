//! Everything that is kept in the database, behind one interface.
//!
//! Reading needs nothing; every change is a [`Change`]: one transaction that also holds its audit row, so that what
//! could not be recorded did not happen. Changes take turns, which is what SQLite does anyway and what the audit's
//! chain of hashes needs.

use std::path::Path;

use jiff::Timestamp;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait;
use tokio::sync::{Mutex, MutexGuard};

use crate::{Clock, ConsoleError};

pub(crate) mod acceptances;
pub(crate) mod audit;
pub(crate) mod connectors;
pub(crate) mod entity;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod plans;
pub(crate) mod provisioning;
mod provisioning_schema;
mod schema;
pub(crate) mod syncs;

/// Name of the database in the data folder.
const FILE: &str = "rolebook.db";

/// Who changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Who {
    /// The console itself: schedules, retries, recovery.
    pub(crate) fn console() -> Self {
        Self { id: "console".to_owned(), name: "Rolebook".to_owned() }
    }

    /// Somebody with a shell on the host.
    pub(crate) fn host() -> Self {
        Self { id: "host".to_owned(), name: "a person on the host".to_owned() }
    }
}

/// The database.
pub(crate) struct Store {
    db: DatabaseConnection,
    turn: Mutex<()>,
    clock: Clock,
}

/// A change under way.
pub(crate) struct Change<'a> {
    tx: DatabaseTransaction,
    _turn: MutexGuard<'a, ()>,
    pub(crate) now: Timestamp,
    pub(crate) who: Who,
    dry: bool,
}

impl Store {
    /// Opens the database and brings its tables up to date; an existing SQLite file is copied before it changes.
    pub(crate) async fn open(url: Option<&str>, data: &Path, clock: Clock) -> Result<Self, ConsoleError> {
        check_url(url)?;
        let url =
            url.map_or_else(|| format!("sqlite://{}?mode=rwc", data.join(FILE).display()), str::to_owned);
        let mut options = ConnectOptions::new(url);
        options.max_connections(4).sqlx_logging(false).map_sqlx_sqlite_opts(|options| {
            options
                .foreign_keys(true)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .busy_timeout(std::time::Duration::from_secs(5))
        });
        let db = Database::connect(options).await?;
        migrate(&db, data).await?;
        Ok(Self { db, turn: Mutex::new(()), clock })
    }

    /// For reading.
    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Begins a change. A dry one is rolled back when it is committed.
    pub(crate) async fn change(&self, who: Who, dry: bool) -> Result<Change<'_>, ConsoleError> {
        let turn = self.turn.lock().await;
        // Taking the right to write at once: a transaction that reads first and is overtaken would fail at its first
        // write.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = self.db.begin_with_options(options).await?;
        Ok(Change { tx, _turn: turn, now: (self.clock)(), who, dry })
    }
}

impl Change<'_> {
    /// The transaction.
    pub(crate) fn tx(&self) -> &DatabaseTransaction {
        &self.tx
    }

    /// Now, as it is stored.
    pub(crate) fn now_ms(&self) -> i64 {
        self.now.as_millisecond()
    }

    /// Makes it last; says whether it does.
    pub(crate) async fn commit(self) -> Result<bool, ConsoleError> {
        if self.dry {
            self.tx.rollback().await?;
            return Ok(false);
        }
        self.tx.commit().await?;
        Ok(true)
    }
}

/// Whether a database of this URL can be used. The URL may hold a password: only its kind is repeated.
pub(crate) fn check_url(url: Option<&str>) -> Result<(), ConsoleError> {
    match url {
        Some(url) if !url.starts_with("sqlite:") => {
            let kind = url.split(':').next().unwrap_or_default();
            Err(ConsoleError::DatabaseKind(format!("{kind}:…")))
        }
        _ => Ok(()),
    }
}

async fn migrate(db: &DatabaseConnection, data: &Path) -> Result<(), ConsoleError> {
    let known: Vec<String> =
        schema::Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let backend = db.get_database_backend();
    let applied: Vec<String> = match db
        .query_all_raw(Statement::from_string(
            backend,
            "SELECT version FROM seaql_migrations ORDER BY version",
        ))
        .await
    {
        Ok(rows) => rows.iter().filter_map(|row| row.try_get("", "version").ok()).collect(),
        Err(_) => Vec::new(),
    };
    if let Some(found) = applied.iter().find(|version| !known.contains(version)) {
        return Err(ConsoleError::Newer {
            found: found.clone(),
            known: known.last().cloned().unwrap_or_default(),
        });
    }
    if !applied.is_empty() && applied.len() < known.len() {
        let next = known.get(applied.len()).cloned().unwrap_or_default();
        let copy = data.join(format!("{FILE}.before-{next}"));
        let copy = copy.display().to_string().replace('\'', "''");
        db.execute_unprepared(&format!("VACUUM INTO '{copy}'")).await?;
    }
    schema::Migrator::up(db, None).await?;
    Ok(())
}

/// Reads a JSON column.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    text: &str,
) -> Result<T, ConsoleError> {
    serde_json::from_str(text).map_err(|error| ConsoleError::Record { table, reason: error.to_string() })
}

/// Writes a JSON column.
pub(crate) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// A stored time.
pub(crate) fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
