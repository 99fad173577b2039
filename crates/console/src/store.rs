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
pub(crate) mod messages;
pub(crate) mod oidc;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod plans;
pub(crate) mod provisioning;
mod provisioning_schema;
mod schema;
pub(crate) mod settings;
mod sign_in_schema;
pub(crate) mod syncs;

/// Name of the database in the data folder.
pub(crate) const FILE: &str = "rolebook.db";

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
        let db = connect(url, data, "rwc").await?;
        migrate(&db, data).await?;
        Ok(Self { db, turn: Mutex::new(()), clock })
    }

    /// Opens the database beside a console that may be running: nothing is migrated.
    pub(crate) async fn attach(url: Option<&str>, data: &Path, clock: Clock) -> Result<Self, ConsoleError> {
        if url.is_none() && !data.join(FILE).exists() {
            return Err(ConsoleError::Backup(format!("there is no console in {}", data.display())));
        }
        let db = connect(url, data, "rw").await?;
        let (known, applied) = (known(), applied(&db).await);
        refuse_newer(&known, &applied)?;
        if applied.len() < known.len() {
            return Err(ConsoleError::Backup(
                "the database is of an older version: start the console once, then make the backup"
                    .to_owned(),
            ));
        }
        Ok(Self { db, turn: Mutex::new(()), clock })
    }

    /// Copies the database as of one moment.
    pub(crate) async fn copy_to(&self, path: &Path) -> Result<(), ConsoleError> {
        let path = path.display().to_string().replace('\'', "''");
        self.db.execute_unprepared(&format!("VACUUM INTO '{path}'")).await?;
        Ok(())
    }

    /// Works what stands beside the database's file into it: what was overwritten is then nowhere.
    pub(crate) async fn settle_log(&self) -> Result<(), ConsoleError> {
        self.db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        Ok(())
    }

    /// Whether the database can be written: writes a number that nobody reads.
    pub(crate) async fn try_write(&self) -> Result<(), ConsoleError> {
        let _turn = self.turn.lock().await;
        self.db.execute_unprepared("PRAGMA user_version = 1").await?;
        Ok(())
    }

    /// Closes the database; what stands beside its file is worked into it.
    pub(crate) async fn close(self) -> Result<(), ConsoleError> {
        Ok(self.db.close().await?)
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

async fn connect(url: Option<&str>, data: &Path, mode: &str) -> Result<DatabaseConnection, ConsoleError> {
    check_url(url)?;
    let url =
        url.map_or_else(|| format!("sqlite://{}?mode={mode}", data.join(FILE).display()), str::to_owned);
    let mut options = ConnectOptions::new(url);
    options.max_connections(4).sqlx_logging(false).map_sqlx_sqlite_opts(|options| {
        options
            .foreign_keys(true)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            // What is overwritten is gone from the file too: ciphertexts of destroyed secrets.
            .pragma("secure_delete", "ON")
            .busy_timeout(std::time::Duration::from_secs(5))
    });
    Ok(Database::connect(options).await?)
}

/// Names of the migrations that this version knows, oldest first.
fn known() -> Vec<String> {
    schema::Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// Names of the migrations that a database has; none where there is none.
async fn applied(db: &DatabaseConnection) -> Vec<String> {
    let ask = "SELECT version FROM seaql_migrations ORDER BY version";
    match db.query_all_raw(Statement::from_string(db.get_database_backend(), ask)).await {
        Ok(rows) => rows.iter().filter_map(|row| row.try_get("", "version").ok()).collect(),
        Err(_) => Vec::new(),
    }
}

fn refuse_newer(known: &[String], applied: &[String]) -> Result<(), ConsoleError> {
    match applied.iter().find(|version| !known.contains(version)) {
        Some(found) => Err(ConsoleError::Newer {
            found: found.clone(),
            known: known.last().cloned().unwrap_or_default(),
        }),
        None => Ok(()),
    }
}

async fn migrate(db: &DatabaseConnection, data: &Path) -> Result<(), ConsoleError> {
    let (known, applied) = (known(), applied(db).await);
    refuse_newer(&known, &applied)?;
    if !applied.is_empty() && applied.len() < known.len() {
        let next = known.get(applied.len()).cloned().unwrap_or_default();
        let copy = data.join(format!("{FILE}.before-{next}"));
        // A start that was killed while it copied leaves half a copy, and one that was killed after it a whole one.
        let half = data.join(format!("{FILE}.copy"));
        match std::fs::remove_file(&half) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ConsoleError::file("replace", half)(error));
            }
            _ => {}
        }
        let quoted = half.display().to_string().replace('\'', "''");
        db.execute_unprepared(&format!("VACUUM INTO '{quoted}'")).await?;
        std::fs::rename(&half, &copy).map_err(ConsoleError::file("write", copy))?;
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
