//! What keeps the console from starting or from doing its own part of a request.
//!
//! What a person did wrong is a [`crate::problem::Problem`]; what is here is the machine's fault, and a request that
//! meets it is answered with an error id that the log repeats.

use std::{net::SocketAddr, path::PathBuf};

/// The console itself failed.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The database answered with an error.
    #[error("the database: {0}")]
    Database(#[from] sea_orm::DbErr),
    /// The database has tables that this version does not know.
    #[error("the database was written by a newer rolebook (it holds {found}, this version knows {known})")]
    Newer {
        /// Newest migration found.
        found: String,
        /// Newest migration known.
        known: String,
    },
    /// SQLite and PostgreSQL are offered.
    #[error("the database URL {0} is of a kind that is not offered")]
    DatabaseKind(String),
    /// A URL of PostgreSQL that says nothing; it may hold a password, so it is not repeated.
    #[error("the database URL cannot be read")]
    DatabaseUrl,
    /// PostgreSQL does not answer, or does not let us in.
    #[error("cannot open the database: {0}")]
    DatabaseAway(sea_orm::DbErr),
    /// What a data folder with SQLite can do, and a shared database cannot.
    #[error("{what}")]
    NotHere {
        /// What was asked for, and why not.
        what: String,
        /// What to use instead.
        hint: &'static str,
    },
    /// A file or folder of the data folder.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Where snapshots are to lie cannot be used.
    #[error("snapshots and logs cannot lie where --blobs says: {0}")]
    BlobPlace(String),
    /// The place of snapshots and logs does not do what it is asked.
    #[error("cannot {action} {name} in {place}: {reason}")]
    Blob {
        /// What was tried.
        action: &'static str,
        /// Which blob.
        name: String,
        /// Where.
        place: String,
        /// Why not.
        reason: String,
    },
    /// A snapshot or a log is gone.
    #[error("{name} is missing in {place}")]
    BlobMissing {
        /// Which blob.
        name: String,
        /// Where it should be.
        place: String,
    },
    /// Another process holds the data folder.
    #[error("the data folder {0} is in use by another rolebook")]
    InUse(PathBuf),
    /// The vault's key cannot be used.
    #[error("the vault key from {place}: {reason}")]
    VaultKey {
        /// File, variable or credential.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The secrets of a shared database are sealed under another key.
    #[error("the database's secrets are sealed under the vault key {known}, and this process has {found}")]
    OtherKey {
        /// The key of this process.
        found: String,
        /// The key of the secrets.
        known: String,
    },
    /// The vault cannot be moved to that key.
    #[error("the vault's key cannot be rotated: {0}")]
    Rotation(&'static str),
    /// Other processes are at work on the same database.
    #[error("other processes are at work on this database: {}", .0.join(", "))]
    OthersAtWork(Vec<String>),
    /// A backup cannot be made from, or restored to, what is there.
    #[error("{0}")]
    Backup(String),
    /// Snapshots lie there, and no database.
    #[error("{0} holds snapshots, but its database is gone")]
    DatabaseGone(String),
    /// A rebuild would write over a database.
    #[error("the data folder {0} has a database: there is nothing to rebuild")]
    DatabaseThere(PathBuf),
    /// A secret was sealed under another key, or is damaged.
    #[error("a stored secret cannot be opened: {0}")]
    Sealed(&'static str),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// The sign-in provider cannot be used.
    #[error("the sign-in provider: {0}")]
    Oidc(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The address can be reached from elsewhere, and nothing encrypts.
    #[error("{0} can be reached from other machines, and nothing encrypts what it says")]
    Exposed(SocketAddr),
    /// Certificate or key cannot be used.
    #[error("the TLS file {} cannot be used: {reason}", path.display())]
    Tls {
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        reason: String,
    },
    /// What stands in a row is not what was written.
    #[error("a record of {table} cannot be read: {reason}")]
    Record {
        /// The table.
        table: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A page cannot be drawn.
    #[error("a page cannot be drawn: {0}")]
    Page(#[from] askama::Error),
    /// Something of the connector, where no person is to blame.
    #[error("{0}")]
    Connector(String),
}

impl ConsoleError {
    /// A failed file operation.
    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// Whether there is no room for what was to be written.
    pub(crate) fn is_full(&self) -> bool {
        // A snapshot is unpacked beside other files when it is read.
        matches!(self, Self::Database(_) | Self::File { .. } | Self::Blob { .. } | Self::Connector(_))
            && full(&self.to_string())
    }

    /// A peer that the console cannot do without does not answer: which.
    pub(crate) fn away(&self) -> Option<&'static str> {
        match self {
            Self::DatabaseAway(_) => Some(DATABASE),
            Self::Database(error) if is_away(error) => Some(DATABASE),
            Self::Blob { .. } => Some("the place of snapshots and logs"),
            _ => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Newer { .. } => {
                "start the newer version again, or restore the copy made before its migration"
            }
            Self::DatabaseKind(_) | Self::DatabaseUrl => {
                "leave --database-url out: SQLite in the data folder; or give postgres://USER:PASSWORD@HOST/DATABASE"
            }
            Self::DatabaseAway(_) => {
                "check that PostgreSQL runs, that the database exists, and that user and password are right"
            }
            Self::NotHere { hint, .. } => hint,
            Self::BlobPlace(_) => "name a folder, or s3://BUCKET/PREFIX with the usual AWS_… variables",
            Self::Blob { .. } => {
                "check that the place of snapshots and logs answers and lets this process read and write: rolebook doctor"
            }
            Self::BlobMissing { .. } => "bring it back from a backup, or start a sync",
            Self::InUse(_) => "stop the other one, or name another folder with --data-dir",
            Self::VaultKey { .. } => {
                "give 32 bytes in base64; without any key, one is made in the data folder"
            }
            Self::OthersAtWork(_) => "stop them first; one that was killed counts for half a minute",
            Self::OtherKey { .. } => {
                "give every process the same key, by --vault-key-file or ROLEBOOK_VAULT_KEY; when the key is lost for \
                 good, start once with --vault-key-lost and enter the tokens again"
            }
            Self::Rotation(_) => {
                "name a file that is not there yet: rolebook admin rotate-key FILE; the new key is made in it"
            }
            Self::Backup(_) => "give a file that rolebook admin backup made, and a data folder that is empty",
            Self::DatabaseGone(_) => {
                "restore a backup, or bring history and snapshots back with rolebook serve --rebuild"
            }
            Self::DatabaseThere(_) => "start without --rebuild",
            Self::Sealed(_) => {
                "bring the old vault key back, or enter the secret again in the connector's settings"
            }
            Self::Oidc(_) => "check --oidc-issuer, --oidc-client-id and --oidc-client-secret-file",
            Self::Listen { .. } => "choose another address or port with --listen",
            Self::Exposed(_) => {
                "listen on 127.0.0.1, give --tls-certificate and --tls-key, or put a proxy with TLS in front and say \
                 --behind-proxy"
            }
            Self::Tls { .. } => "give the certificate with its chain, and its private key, in PEM",
            Self::File { .. } => "check that the folder exists, has space, and belongs to this user",
            _ => "see the log",
        }
    }
}

/// Whether an error of the system says that there is no room: a full disk, a quota, or a limit on files. SQLite calls
/// the last of them an I/O error.
const DATABASE: &str = "the database";

/// Whether the database was not reached, or has just gone.
fn is_away(error: &sea_orm::DbErr) -> bool {
    use sea_orm::{DbErr, RuntimeErr};
    use sqlx::Error;
    match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            match &**error {
                Error::Io(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => true,
                // Connections that fail, and an operator who intervenes.
                Error::Database(error) => {
                    error.code().is_some_and(|code| code.starts_with("08") || code.starts_with("57P"))
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether the words of an error say that a disk is full.
pub(crate) fn full(words: &str) -> bool {
    let words = words.to_lowercase();
    ["is full", "no space", "quota", "file too large", "disk i/o error"]
        .iter()
        .any(|sign| words.contains(sign))
}
