//! What can go wrong, a variant for each thing a caller can do differently.
//!
//! A file that cannot be *read* says what it is instead of a snapshot ([`Error::NotASnapshot`], [`Error::Pebble`],
//! [`Error::Empty`]) or what is broken in it; a file that cannot be *written* is always left as it was.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::sync_id::{SyncId, SyncIdError};

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused something about a file.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// SQLite refused something.
    #[error("cannot {action} {path}: {source}")]
    Sqlite {
        /// What was tried, as a verb.
        action: &'static str,
        /// The snapshot or its working copy.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
    /// A file of no bytes.
    #[error("{path} is empty: no sync has been sealed into it yet")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The first bytes are not those of any snapshot.
    #[error("{path} is not a Baton snapshot: it does not begin with C1ZF; check that this is the right file")]
    NotASnapshot {
        /// The file.
        path: PathBuf,
    },
    /// A snapshot of Baton's storage engine `pebble`.
    #[error(
        "{path} is a version 3 snapshot (engine pebble), which is not read here; \
         ask its producer to run with --storage-engine sqlite (or BATON_STORAGE_ENGINE=sqlite) on a new file"
    )]
    Pebble {
        /// The file.
        path: PathBuf,
    },
    /// The file, or the database inside, is damaged or cut short.
    #[error("{path} is damaged: {reason}; restore it or sync again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// More bytes than allowed would come out of the file.
    #[error(
        "{path} ({packed} bytes) holds more than {limit} bytes once decompressed, which no snapshot does; \
         make it again with the connector that wrote it"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes of the file.
        packed: u64,
        /// Bytes that it may unpack to under [`Limits`](crate::Limits).
        limit: u64,
    },
    /// Decompressing would need more memory than allowed.
    #[error(
        "{path} needs more than {limit} bytes of memory to decompress; \
         make it again with the connector that wrote it"
    )]
    WindowTooLarge {
        /// The file.
        path: PathBuf,
        /// [`Limits::max_window_bytes`](crate::Limits::max_window_bytes).
        limit: u64,
    },
    /// The database inside lacks something or has something it must not have.
    #[error("{path} is not a usable snapshot: {reason}; make it again with the connector that wrote it")]
    Schema {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A row whose bytes or columns do not make sense.
    #[error("row {external_id:?} of {table} cannot be read: {reason}; make the snapshot again")]
    Row {
        /// The table.
        table: &'static str,
        /// The row's external id.
        external_id: String,
        /// What does not fit.
        reason: String,
    },
    /// A finished full sync was asked for and there is none.
    #[error("{path} holds no finished full sync; run a sync to its end first")]
    NoFullSync {
        /// The file.
        path: PathBuf,
    },
    /// The record handed to the writer lacks a field that its columns need.
    #[error("{table} record {id:?} has no {field}: set it before writing")]
    Incomplete {
        /// The table.
        table: &'static str,
        /// What is known of the record's id.
        id: String,
        /// The missing field.
        field: &'static str,
    },
    /// Rows must come sorted by external id, each once.
    #[error("{table} row {next:?} came after {previous:?}: hand rows over sorted by external id, each once")]
    Order {
        /// The table.
        table: &'static str,
        /// The row before.
        previous: String,
        /// The row that is out of order.
        next: String,
    },
    /// The sync token is not a JSON object.
    #[error("the sync token is not a JSON object: {source}")]
    Token {
        /// Where it breaks.
        source: serde_json::Error,
    },
    /// The target already holds a sync with the id of the new one.
    #[error("{path} already holds sync {sync_id}: use a new sync id")]
    SyncExists {
        /// The target.
        path: PathBuf,
        /// The id.
        sync_id: SyncId,
    },
    /// Another writer works on the same target.
    #[error("another sync is writing {target} (it holds {working}): wait for it, or stop it")]
    InUse {
        /// The target.
        target: PathBuf,
        /// The other writer's working file.
        working: PathBuf,
    },
    /// The target exists and its earlier sync cannot be carried over.
    #[error(
        "the existing snapshot {path} cannot be read, and was left untouched: {source}; \
         move it away to start a new file, or put a good copy in its place"
    )]
    Target {
        /// The target.
        path: PathBuf,
        /// Why it cannot be read.
        source: Box<Error>,
    },
    /// The writer went on after an error.
    #[error("writing {path} had failed before: give the sync up and begin a new one")]
    Stopped {
        /// The working file.
        path: PathBuf,
    },
    /// A text that is not a sync id.
    #[error(transparent)]
    SyncId(#[from] SyncIdError),
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.into(), source }
    }

    pub(crate) fn sqlite(action: &'static str, path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path: path.into(), reason: source.to_string() }
            }
            _ => Self::Sqlite { action, path: path.into(), source },
        }
    }
}
