//! Which row of the audit record was written last, kept in two places and sealed under the vault's key.
//!
//! The chain of hashes shows a row that was changed, and a gap. It shows neither rows that are missing at its end nor a
//! record that was hashed again from a changed row on: that takes a memory outside of the record. There are two. The
//! database holds the head in a setting, written in the same transaction as the row. The data folder holds it in the file
//! `audit.head`, written after each change that lasts, so a kill in between leaves it behind the record, which means
//! nothing. The setting shows that the file was removed; the file shows that an older copy of the whole database was put
//! back. When either does not fit the record, or is missing, the next change notes that in the record itself before it
//! goes on. Processes that share a database each have a file of their own.
//!
//! Whoever holds the vault's key can seal another head. Against them only a head that left the host helps: see
//! [`crate::head_export`].

use std::{
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use sea_orm::{ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};

use super::{
    audit,
    entity::audit::{Entity, Model},
    people, settings,
};
use crate::{ConsoleError, vault::Vault};

/// The file in the data folder.
const FILE: &str = "audit.head";
/// What it is sealed for.
const PLACE: &str = "audit/head";
/// The setting in the database.
pub(super) const SETTING: &str = "audit.head";
/// What the migration writes there.
pub(super) const UPGRADED: &str = "upgraded";
/// The row that a restore writes.
pub(crate) const RESTORED: &str = "backup.restored";

/// A row of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) hash: String,
}

impl Head {
    /// The head of an empty record.
    fn none() -> Self {
        Self { seq: 0, hash: String::new() }
    }

    pub(crate) fn of(row: &Model) -> Self {
        Self { seq: row.seq, hash: row.hash.clone() }
    }
}

fn seal(vault: &Vault, head: &Head) -> Result<String, ConsoleError> {
    vault.seal(PLACE, &super::to_json(head))
}

fn unseal(vault: &Vault, sealed: &str) -> Option<Head> {
    let text = vault.open_sealed(PLACE, sealed).ok()?;
    serde_json::from_str(&text).ok()
}

/// Whether the record, which ends with `last`, holds this row.
pub(crate) async fn is_there(
    db: &impl ConnectionTrait,
    head: &Head,
    last: Option<&Model>,
) -> Result<bool, ConsoleError> {
    Ok(match last {
        _ if head.seq == 0 => true,
        // Usually it is the last one itself; others may have gone on, and a kill leaves the file behind.
        Some(last) if last.seq == head.seq => last.hash == head.hash,
        Some(last) if last.seq > head.seq => {
            Entity::find_by_id(head.seq).one(db).await?.is_some_and(|row| row.hash == head.hash)
        }
        _ => false,
    })
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    /// There is none.
    Nothing,
    Head(Head),
    /// It does not open.
    Sealed,
}

/// What the setting of the database says.
enum Noted {
    /// There is none.
    Nothing,
    /// The migration that introduced it left this mark.
    Upgraded,
    Head(Head),
    /// It does not open.
    Sealed,
}

/// What is wrong with the end of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Short {
    /// It does not hold a row that was written.
    Row { written: i64, ends: i64 },
    /// What was written last cannot be told, and why.
    Unknown(&'static str),
}

impl Short {
    /// In words that accuse nobody: whoever puts an older copy of the database back sees the same.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Row { written, ends } => format!(
                "rows up to {written} were written, and the record that was found ended at row {ends} or went on \
                 differently: an older state of the database was put back, or rows were removed"
            ),
            Self::Unknown(why) => format!("{why}: whether rows are missing at the end cannot be told"),
        }
    }
}

const FILE_SEALED: &str = "audit.head does not open under the vault's key";
const FILE_MISSING: &str = "audit.head is missing from the data folder, where this console keeps it";
const NOTE_SEALED: &str = "the head of the record in the database does not open under the vault's key";
const NOTE_MISSING: &str = "the head of the record is missing from the database, where this console keeps it";

/// Remembers the last row.
pub(crate) struct Keeper {
    path: PathBuf,
    /// Other processes have files of their own.
    shared: bool,
    vault: Arc<Vault>,
    known: Mutex<Known>,
}

impl Keeper {
    pub(crate) fn open(data: &Path, vault: Arc<Vault>, shared: bool) -> Result<Self, ConsoleError> {
        let path = data.join(FILE);
        let known = match std::fs::read_to_string(&path) {
            Ok(sealed) => unseal(&vault, sealed.trim()).map_or(Known::Sealed, Known::Head),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Known::Nothing,
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Known::Sealed,
            Err(error) => return Err(ConsoleError::file("read", path)(error)),
        };
        Ok(Self { path, shared, vault, known: Mutex::new(known) })
    }

    /// The vault that heads are sealed in.
    pub(crate) fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn noted(&self, db: &impl ConnectionTrait) -> Result<Noted, ConsoleError> {
        Ok(match settings::get(db, SETTING).await?.as_deref() {
            None => Noted::Nothing,
            Some(UPGRADED) => Noted::Upgraded,
            Some(sealed) => unseal(&self.vault, sealed).map_or(Noted::Sealed, Noted::Head),
        })
    }

    /// Begins to remember, where there is nothing to remember yet: the record is empty, comes from a backup that was just
    /// restored, or was written by a version without the setting.
    pub(crate) async fn begin(&self, db: &impl ConnectionTrait) -> Result<(), ConsoleError> {
        let last = audit::last(db).await?;
        let head = last.as_ref().map_or_else(Head::none, Head::of);
        let restored = last.as_ref().is_some_and(|row| row.action == RESTORED);
        // A record that is empty although there are users was emptied.
        let is_new = last.is_none() && people::count(db).await? == 0;
        let noted = self.noted(db).await?;
        let known = self.known();
        let file_fits = match &known {
            Known::Head(head) => is_there(db, head, last.as_ref()).await?,
            // A process that is new to a shared database has no file yet.
            Known::Nothing => self.shared,
            Known::Sealed => false,
        };
        let begins = match noted {
            Noted::Nothing => restored && known == Known::Nothing,
            Noted::Upgraded => is_new || restored || file_fits,
            Noted::Head(_) | Noted::Sealed => false,
        };
        if begins {
            settings::set(db, SETTING, &seal(&self.vault, &head)?).await?;
        }
        let fits = match self.noted(db).await? {
            Noted::Head(noted) => is_there(db, &noted, last.as_ref()).await?,
            _ => false,
        };
        if known == Known::Nothing && (begins || (self.shared && fits)) {
            self.keep(head);
        }
        Ok(())
    }

    /// Whether the record, which ends with `last`, still holds what was written.
    pub(crate) async fn look(
        &self,
        db: &impl ConnectionTrait,
        last: Option<&Model>,
    ) -> Result<Option<Short>, ConsoleError> {
        let mut heads = Vec::new();
        match self.known() {
            Known::Head(head) => heads.push(head),
            Known::Sealed => return Ok(Some(Short::Unknown(FILE_SEALED))),
            Known::Nothing if self.shared => {}
            Known::Nothing => return Ok(Some(Short::Unknown(FILE_MISSING))),
        }
        match self.noted(db).await? {
            Noted::Head(head) => heads.push(head),
            Noted::Sealed => return Ok(Some(Short::Unknown(NOTE_SEALED))),
            Noted::Nothing | Noted::Upgraded => return Ok(Some(Short::Unknown(NOTE_MISSING))),
        }
        for head in heads {
            if !is_there(db, &head, last).await? {
                let ends = last.map_or(0, |last| last.seq);
                return Ok(Some(Short::Row { written: head.seq, ends }));
            }
        }
        Ok(None)
    }

    /// Writes into the database which row a change wrote last, as a part of that change.
    pub(crate) async fn note(
        db: &impl ConnectionTrait,
        head: &Head,
        vault: &Vault,
    ) -> Result<(), ConsoleError> {
        settings::set(db, SETTING, &seal(vault, head)?).await
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
        let sealed = seal(vault, head)?;
        let failed = |source| ConsoleError::File { action: "write", path: self.path.clone(), source };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".audit-head-").tempfile_in(folder).map_err(failed)?;
        file.write_all(sealed.as_bytes()).and_then(|()| file.as_file().sync_data()).map_err(failed)?;
        file.persist(&self.path).map(drop).map_err(|error| failed(error.error))
    }
}
