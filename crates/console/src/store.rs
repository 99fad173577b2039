//! Everything that is kept in the database, behind one interface.
//!
//! Reading needs nothing; every change is a [`Change`]: one transaction that also holds its audit row, so that what
//! could not be recorded did not happen. Changes take turns, which is what SQLite does anyway and what the audit's
//! chain of hashes needs; on PostgreSQL also those of different processes do.

use std::{
    path::Path,
    sync::{Arc, PoisonError},
};

use jiff::Timestamp;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::{Mutex, MutexGuard};

use crate::{Clock, ConsoleError, private, vault::Vault};

pub(crate) mod acceptances;
pub(crate) mod audit;
#[cfg(test)]
mod conformance;
pub(crate) mod connectors;
mod database;
pub(crate) mod entity;
pub(crate) mod head;
pub(crate) mod messages;
pub(crate) mod oidc;
mod origin_schema;
pub(crate) mod outbox;
pub(crate) mod people;
pub(crate) mod plans;
pub(crate) mod provisioning;
mod provisioning_schema;
mod schema;
mod sealed_schema;
mod second_person_schema;
pub(crate) mod settings;
pub(crate) mod shared;
mod shared_schema;
mod sign_in_schema;
pub(crate) mod syncs;
pub(crate) mod vouching;

use head::{Head, Keeper};

use database::{CHANGING, applied, connect, known, migrate, refuse_newer};
pub(crate) use database::{check_url, is_shared};

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

    /// A caller who has not proved who they are.
    pub(crate) fn stranger() -> Self {
        Self { id: "anonymous".to_owned(), name: "a caller who is not signed in".to_owned() }
    }

    /// Somebody with a shell on the host.
    pub(crate) fn host() -> Self {
        Self { id: "host".to_owned(), name: "a person on the host".to_owned() }
    }
}

/// The database.
pub(crate) struct Store {
    db: DatabaseConnection,
    /// Other processes may be at work on it.
    shared: bool,
    turn: Mutex<()>,
    clock: Clock,
    /// Remembers where the audit record ends.
    head: Option<Keeper>,
}

/// A change under way.
pub(crate) struct Change<'a> {
    tx: DatabaseTransaction,
    _turn: MutexGuard<'a, ()>,
    pub(crate) now: Timestamp,
    pub(crate) who: Who,
    dry: bool,
    head: Option<&'a Keeper>,
    /// Under which vault what it seals is sealed: the console's own, but for a rotation.
    vault: Option<Arc<Vault>>,
    /// The last row of the audit record, when this change has written it.
    written: std::sync::Mutex<Option<Head>>,
}

impl Store {
    /// Opens the database and brings its tables up to date; an existing SQLite file is copied before it changes.
    pub(crate) async fn open(url: Option<&str>, data: &Path, clock: Clock) -> Result<Self, ConsoleError> {
        let db = connect(url, data, "rwc").await?;
        let shared = is_shared(url);
        migrate(&db, shared, data).await?;
        Ok(Self { db, shared, turn: Mutex::new(()), clock, head: None })
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
        Ok(Self { db, shared: is_shared(url), turn: Mutex::new(()), clock, head: None })
    }

    /// Whether other processes may be at work on this database.
    pub(crate) fn shared(&self) -> bool {
        self.shared
    }

    /// Copies the SQLite database as of one moment.
    pub(crate) async fn copy_to(&self, path: &Path) -> Result<(), ConsoleError> {
        // An empty file is taken, with its mode.
        private::create_file(path)?;
        let path = path.display().to_string().replace('\'', "''");
        self.db.execute_unprepared(&format!("VACUUM INTO '{path}'")).await?;
        Ok(())
    }

    /// Works what stands beside the database's file into it: what was overwritten is then nowhere.
    pub(crate) async fn settle_log(&self) -> Result<(), ConsoleError> {
        if self.shared {
            // As far as the database can do it: its log and its backups keep what they have for as long as they live.
            for table in ["connector", "provisioning", "webhook", "kept_answer", "outbox", "delivery"] {
                self.db.execute_unprepared(&format!("VACUUM FULL {table}")).await?;
            }
            return Ok(());
        }
        self.db.execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        Ok(())
    }

    /// Whether the database can be written: writes a number that nobody reads.
    pub(crate) async fn try_write(&self) -> Result<(), ConsoleError> {
        if self.shared {
            return shared::try_write(&self.db).await;
        }
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
        if self.shared {
            tx.execute_unprepared(CHANGING).await?;
        }
        let (now, head) = ((self.clock)(), self.head.as_ref());
        let vault = head.map(|keeper| Arc::clone(keeper.vault()));
        Ok(Change { tx, _turn: turn, now, who, dry, head, vault, written: std::sync::Mutex::default() })
    }

    /// Remembers from now on where the audit record ends.
    pub(crate) fn keep_head(&mut self, keeper: Keeper) {
        self.head = Some(keeper);
    }

    /// Who remembers where the audit record ends.
    pub(crate) fn head(&self) -> Option<&Keeper> {
        self.head.as_ref()
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

    /// Seals from now on under another vault: a rotation is the change that moves to it.
    pub(crate) fn seal_under(&mut self, vault: &Arc<Vault>) {
        self.vault = Some(Arc::clone(vault));
    }

    /// Seals something for one place.
    pub(crate) fn seal(&self, place: &str, text: &str) -> Result<String, ConsoleError> {
        let Some(vault) = &self.vault else { return Err(ConsoleError::Sealed("no vault is open")) };
        vault.seal(place, text)
    }

    /// Makes it last; says whether it does.
    pub(crate) async fn commit(self) -> Result<bool, ConsoleError> {
        if self.dry {
            self.tx.rollback().await?;
            return Ok(false);
        }
        let written = self.written.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let (Some(vault), Some(head)) = (&self.vault, &written) {
            Keeper::note(&self.tx, head, vault).await?;
        }
        self.tx.commit().await?;
        if let (Some(keeper), Some(head)) = (self.head, written) {
            // Still in its turn, so that what is remembered never goes back.
            keeper.keep(head);
        }
        Ok(true)
    }
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
