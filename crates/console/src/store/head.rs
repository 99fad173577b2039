//! Which row of the audit record this process wrote last, kept beside the database and sealed under the vault's key.
//!
//! The chain of hashes shows a row that was changed, and a gap; that rows are missing at its end only somebody knows who
//! remembers them. The file `audit.head` in the data folder does: it is written after each change that lasts, so a kill
//! in between leaves it behind the record, which means nothing. When it is ahead, the record is of an older state: the
//! next change notes that in the record itself before it goes on, so that it is never forgotten. Processes that share a
//! database each remember what they wrote themselves.

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use sea_orm::{ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};

use super::entity::audit::{Entity, Model};
use crate::{ConsoleError, vault::Vault};

/// The file in the data folder.
const FILE: &str = "audit.head";
/// What it is sealed for.
const PLACE: &str = "audit/head";

/// A row of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) hash: String,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    /// There is none: nothing was written since it is kept, or a backup was restored.
    Nothing,
    Head(Head),
    /// It does not open.
    Sealed,
}

/// What is wrong with the end of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Short {
    /// It does not hold a row that was written.
    Row { written: i64, ends: i64 },
    /// Nobody knows what was written last.
    Unknown,
}

impl Short {
    /// In words that accuse nobody: whoever puts an older copy of the database back sees the same.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Row { written, ends } => format!(
                "rows up to {written} were written, and the record that was found ended at row {ends} or went on \
                 differently: an older state of the database was put back, or rows were removed"
            ),
            Self::Unknown => format!(
                "{FILE} does not open under the vault's key: whether rows are missing at the end cannot be told"
            ),
        }
    }
}

/// Remembers the last row.
pub(crate) struct Keeper {
    path: PathBuf,
    vault: Arc<Vault>,
    known: Mutex<Known>,
}

impl Keeper {
    pub(crate) fn open(data: &Path, vault: Arc<Vault>) -> Result<Self, ConsoleError> {
        let path = data.join(FILE);
        let known = match std::fs::read_to_string(&path) {
            Ok(sealed) => vault
                .open_sealed(PLACE, sealed.trim())
                .ok()
                .and_then(|text| serde_json::from_str(&text).ok())
                .map_or(Known::Sealed, Known::Head),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Known::Nothing,
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Known::Sealed,
            Err(error) => return Err(ConsoleError::file("read", path)(error)),
        };
        Ok(Self { path, vault, known: Mutex::new(known) })
    }

    /// Whether the record, which ends with `last`, still holds what was written.
    pub(crate) async fn look(
        &self,
        db: &impl ConnectionTrait,
        last: Option<&Model>,
    ) -> Result<Option<Short>, ConsoleError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let head = match known {
            Known::Nothing => return Ok(None),
            Known::Sealed => return Ok(Some(Short::Unknown)),
            Known::Head(head) => head,
        };
        let ends = last.map_or(0, |last| last.seq);
        let there = match last {
            // Usually it is the last one itself; others may have gone on, and a kill leaves the file behind.
            Some(last) if last.seq == head.seq => last.hash == head.hash,
            Some(last) if last.seq > head.seq => {
                Entity::find_by_id(head.seq).one(db).await?.is_some_and(|row| row.hash == head.hash)
            }
            _ => false,
        };
        Ok((!there).then_some(Short::Row { written: head.seq, ends }))
    }

    /// Remembers a row of a change that lasts. The change is made: that this failed is only told.
    pub(crate) fn keep(&self, head: Head) {
        if let Err(error) = self.write(&head, &self.vault) {
            tracing::warn!(%error, "the last row of the audit record cannot be remembered");
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known::Head(head);
    }

    /// Seals what is known under another key.
    pub(crate) fn move_to(&self, vault: &Vault) -> Result<(), ConsoleError> {
        match &*self.known.lock().unwrap_or_else(PoisonError::into_inner) {
            Known::Head(head) => self.write(head, vault),
            Known::Nothing | Known::Sealed => Ok(()),
        }
    }

    /// The file appears whole or not at all.
    fn write(&self, head: &Head, vault: &Vault) -> Result<(), ConsoleError> {
        let sealed = vault.seal(PLACE, &super::to_json(head))?;
        let failed = |source| ConsoleError::File { action: "write", path: self.path.clone(), source };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".audit-head-").tempfile_in(folder).map_err(failed)?;
        file.write_all(sealed.as_bytes()).and_then(|()| file.as_file().sync_data()).map_err(failed)?;
        file.persist(&self.path).map(drop).map_err(|error| failed(error.error))
    }
}
