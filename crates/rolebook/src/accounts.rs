//! The accounts file of `--accounts`, and accounts named on the command line.

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rolebook_ledger::{AccountError, AccountNames, AccountRecord};
use rolebook_snapshot::{Limits, Snapshot};

use crate::failure::Failure;

/// Ten thousand accounts with many tags take a few megabytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What is known of AWS accounts, and since when.
#[derive(Debug, Default)]
pub(crate) struct Described {
    pub(crate) records: Vec<AccountRecord>,
    /// When the accounts file was read, where its names are kept from the last sync.
    pub(crate) of: Option<Timestamp>,
}

/// The accounts file that is named; `none` describes nothing. Without one, the names stay that the last sync of the
/// file or folder had: leaving a flag out must not make production accounts nameless.
pub(crate) fn described(named: Option<&PathBuf>, last: &Path) -> Result<Described, Failure> {
    match named {
        Some(path) if path.as_os_str() == "none" => Ok(Described::default()),
        Some(path) => Ok(Described { records: read(path)?, of: None }),
        None => Ok(kept(last)),
    }
}

/// What the last syncs knew. A file that cannot be read has no names to keep: the sync itself says what is wrong.
fn kept(last: &Path) -> Described {
    let mut kept: BTreeMap<String, AccountRecord> = BTreeMap::new();
    let mut of: Option<Timestamp> = None;
    for file in rolebook_insight::snapshot_files(&[last.to_owned()]).unwrap_or_default() {
        let Ok(snapshot) = Snapshot::open(&file, &Limits::default()) else { continue };
        let Ok(sync) = snapshot.latest_full() else { continue };
        let Ok((records, at)) = rolebook_ledger::described_accounts(&snapshot.rows(&sync.id)) else {
            continue;
        };
        kept.extend(records.into_iter().map(|record| (record.id.to_string(), record)));
        of = [of, at].into_iter().flatten().min();
    }
    Described { records: kept.into_values().collect(), of }
}

fn read(path: &Path) -> Result<Vec<AccountRecord>, Failure> {
    let name = path.display();
    let mut bytes = Vec::new();
    let reading = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    reading.map_err(|error| {
        Failure::not_found(format!("cannot read the accounts file {name}: {error}"), "check --accounts")
    })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Failure::usage(
            format!("{name} is too large to be an accounts file"),
            "check --accounts",
        ));
    }
    rolebook_connector::parse_accounts(&bytes)
        .map_err(|error| Failure::usage(format!("{name}: {error}"), error.hint()))
}

/// Resource ids of the accounts that these texts name; `None` when no text limits them.
pub(crate) fn chosen(
    names: &AccountNames,
    texts: &[String],
) -> Result<Option<std::collections::BTreeSet<String>>, Failure> {
    if texts.is_empty() {
        return Ok(None);
    }
    let mut ids = std::collections::BTreeSet::new();
    for text in texts {
        ids.extend(names.find(text)?.into_iter().map(|account| account.id.clone()));
    }
    Ok(Some(ids))
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        match &error {
            AccountError::Unknown { .. } => Self::not_found(error.to_string(), error.hint()),
            AccountError::DroppedZero { .. } | AccountError::Several { .. } => {
                Self::usage(error.to_string(), error.hint())
            }
        }
    }
}
