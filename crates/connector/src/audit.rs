//! The audit: JSON lines, each holding the hash of the one before. An intent is on disk before its call is made.

mod chain;
mod entry;

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;

pub(crate) use chain::sha256 as digest;
pub use chain::{Chain, Head};
pub use entry::{AuditEvent, Entry, Outcome, Who};

/// Why there is no audit, and therefore no write.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file system says no.
    #[error("cannot {doing} the audit {}: {source}", .path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another run holds it.
    #[error("another run is writing to the audit {}", .path.display())]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// The chain does not hold.
    #[error("the audit {} is broken at line {line}: {reason}", .path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The file belongs to another org.
    #[error("the audit {} is of org {found}, not of {wanted}", .path.display())]
    OtherOrg {
        /// Which file.
        path: PathBuf,
        /// Org id in the file.
        found: String,
        /// Org id of the connection.
        wanted: String,
    },
    /// There is no such record.
    #[error("the audit {} has no change {op}", .path.display())]
    NoSuchChange {
        /// Which file.
        path: PathBuf,
        /// Which change.
        op: String,
    },
}

impl AuditError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => {
                "without an audit nothing is changed: make the folder writable, or name a file with --audit"
            }
            Self::InUse { .. } => "changes of one org are made one after the other: wait for the other run",
            Self::Broken { .. } => {
                "somebody or something changed the file: keep it as evidence, and name a new one with --audit"
            }
            Self::OtherOrg { .. } => "each org has an audit of its own: name another file with --audit",
            Self::NoSuchChange { .. } => "rolebook audit lists the changes and their ids",
        }
    }

    fn io<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

/// The audit of one org, open for writing. Nobody else writes while it lives.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    file: File,
    org: String,
    chain: Chain,
    requests: HashSet<String>,
}

const LOCK_PAUSE: Duration = Duration::from_millis(50);

impl Audit {
    /// Opens the audit and waits so long for another run to end; makes the file, readable by its owner only, when there
    /// is none. The chain is checked whole; what a crash left of a line is sealed by a record of its own.
    ///
    /// # Errors
    /// [`AuditError`].
    pub async fn open(
        path: &Path,
        org: &str,
        now: Timestamp,
        patience: Duration,
    ) -> Result<Self, AuditError> {
        let (file, fresh) = create(path)?;
        lock(&file, path, patience).await?;
        owner_only(&file, path)?;
        if fresh {
            durable_folder(path)?;
        }
        let bytes = fs::read(path).map_err(AuditError::io("read", path))?;
        let chain = Chain::read(&bytes, path)?;
        if let Some(found) = chain.entries.first().map(|entry| &entry.org)
            && found != org
        {
            return Err(AuditError::OtherOrg {
                path: path.to_owned(),
                found: found.clone(),
                wanted: org.to_owned(),
            });
        }
        let requests = chain.entries.iter().flat_map(Entry::request_ids).cloned().collect();
        let mut audit = Self { path: path.to_owned(), file, org: org.to_owned(), chain, requests };
        audit.mend(now)?;
        Ok(audit)
    }

    /// Ends a last line that a crash left open.
    fn mend(&mut self, now: Timestamp) -> Result<(), AuditError> {
        match self.chain.tail.take() {
            None => Ok(()),
            Some(chain::Tail::Unended) => self.push(b"\n"),
            Some(chain::Tail::Torn { bytes, sha256 }) => {
                self.push(b"\n")?;
                self.append(now, "", "", AuditEvent::Torn { bytes, sha256 }).map(drop)
            }
        }
    }

    /// Appends a record. It is on disk when this returns.
    ///
    /// # Errors
    /// [`AuditError::Io`]: the caller must not go on.
    pub fn append(
        &mut self,
        at: Timestamp,
        app: &str,
        op: &str,
        event: AuditEvent,
    ) -> Result<Head, AuditError> {
        let entry = Entry {
            seq: self.chain.head.count + 1,
            at,
            org: self.org.clone(),
            app: app.to_owned(),
            op: op.to_owned(),
            event,
            prev: self.chain.head.hash.clone(),
        };
        let (line, hash) = chain::line(&entry).map_err(|error| AuditError::Io {
            doing: "write",
            path: self.path.clone(),
            source: io::Error::other(error),
        })?;
        self.push(line.as_bytes())?;
        self.requests.extend(entry.request_ids().cloned());
        self.chain.extend(entry, hash);
        Ok(self.chain.head.clone())
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), AuditError> {
        // One write, so that a crash tears at most this line.
        self.file.write_all(bytes).map_err(AuditError::io("write", &self.path))?;
        self.file.sync_data().map_err(AuditError::io("write out", &self.path))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All records.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.chain.entries
    }

    /// Intents without an outcome: what a run that was killed may or may not have done.
    #[must_use]
    pub fn open_intents(&self) -> Vec<Entry> {
        self.chain.open_intents()
    }

    /// Whether the request was one of ours.
    #[must_use]
    pub fn knows_request(&self, id: &str) -> bool {
        self.requests.contains(id)
    }

    /// The records of one change.
    ///
    /// # Errors
    /// [`AuditError::NoSuchChange`].
    pub fn change(&self, op: &str) -> Result<Vec<Entry>, AuditError> {
        let entries: Vec<Entry> =
            self.chain.entries.iter().filter(|entry| entry.op == op && !op.is_empty()).cloned().collect();
        if entries.is_empty() {
            return Err(AuditError::NoSuchChange { path: self.path.clone(), op: op.to_owned() });
        }
        Ok(entries)
    }
}

/// Reads and checks an audit without locking it.
///
/// # Errors
/// [`AuditError::Io`] when it cannot be read, [`AuditError::Broken`] when it was tampered with.
pub fn read_audit(path: &Path) -> Result<Chain, AuditError> {
    let bytes = fs::read(path).map_err(AuditError::io("read", path))?;
    Chain::read(&bytes, path)
}

fn create(path: &Path) -> Result<(File, bool), AuditError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folder(folder).map_err(AuditError::io("make the folder of", path))?;
    }
    let fresh = !path.exists();
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(path).map_err(AuditError::io("open", path))?;
    Ok((file, fresh))
}

pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

#[cfg(unix)]
fn owner_only(file: &File, path: &Path) -> Result<(), AuditError> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(AuditError::io("restrict", path))
}

#[cfg(not(unix))]
fn owner_only(_file: &File, _path: &Path) -> Result<(), AuditError> {
    Ok(())
}

/// A new file is durable once its folder is.
fn durable_folder(path: &Path) -> Result<(), AuditError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(AuditError::io("write out", path))
}

async fn lock(file: &File, path: &Path, patience: Duration) -> Result<(), AuditError> {
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if waited < patience => {
                tokio::time::sleep(LOCK_PAUSE).await;
                waited += LOCK_PAUSE;
            }
            Err(TryLockError::WouldBlock) => return Err(AuditError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(AuditError::io("lock", path)(source)),
        }
    }
}
