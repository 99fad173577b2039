//! The accounts file of `--accounts`, and accounts named on the command line.

use std::{io::Read, path::PathBuf};

use rolebook_ledger::{AccountError, AccountNames, AccountRecord};

use crate::failure::Failure;

/// Ten thousand accounts with many tags take a few megabytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Reads an accounts file; none describes nothing.
pub(crate) fn read(file: Option<&PathBuf>) -> Result<Vec<AccountRecord>, Failure> {
    let Some(path) = file else { return Ok(Vec::new()) };
    let name = path.display();
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(
        |error| {
            Failure::not_found(format!("cannot read the accounts file {name}: {error}"), "check --accounts")
        },
    )?;
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
