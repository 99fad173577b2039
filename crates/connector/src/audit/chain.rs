//! The chain: each line's hash covers the line, which holds the hash of the one before.

use std::{collections::HashSet, path::Path};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use super::{AuditError, AuditEvent, Entry};

/// What stands for the hash before the first record.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const HASH_KEY: &str = ",\"hash\":\"";
const HASH_LENGTH: usize = 64;

/// The end of a chain. Kept elsewhere, it proves later that nothing before it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Number of records.
    pub count: u64,
    /// Hash of the last.
    pub hash: String,
}

/// A chain that was read and holds.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The records.
    pub entries: Vec<Entry>,
    /// The end.
    pub head: Head,
    /// The hash of each record.
    hashes: Vec<String>,
    pub(crate) tail: Option<Tail>,
}

/// A last line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Whole but for the line end.
    Unended,
    /// A part of a line.
    Torn { bytes: u64, sha256: String },
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

/// The line of a record, with its end, and its hash.
pub(crate) fn line(entry: &Entry) -> Result<(String, String), serde_json::Error> {
    let body = serde_json::to_string(entry)?;
    let hash = sha256(body.as_bytes());
    let open = body.strip_suffix('}').unwrap_or(&body);
    Ok((format!("{open}{HASH_KEY}{hash}\"}}\n"), hash))
}

/// Takes a line apart again: the record and its hash. What was hashed is the text itself, so that nothing depends on how
/// it is read.
fn parse(line: &[u8]) -> Result<(Entry, String), String> {
    let text = std::str::from_utf8(line).map_err(|_| "not text".to_owned())?;
    let (body, hash) = text.rsplit_once(HASH_KEY).ok_or("no hash")?;
    let hash = hash.strip_suffix("\"}").ok_or("no end")?;
    if hash.len() != HASH_LENGTH {
        return Err("a hash of another length".to_owned());
    }
    let body = format!("{body}}}");
    if sha256(body.as_bytes()) != hash {
        return Err("the record does not have the hash that it states".to_owned());
    }
    let entry = serde_json::from_str(&body).map_err(|error| error.to_string())?;
    Ok((entry, hash.to_owned()))
}

impl Chain {
    pub(crate) fn read(bytes: &[u8], path: &Path) -> Result<Self, AuditError> {
        let mut chain = Self {
            entries: Vec::new(),
            head: Head { count: 0, hash: NOTHING.to_owned() },
            hashes: Vec::new(),
            tail: None,
        };
        let broken = |line: u64, reason: String| AuditError::Broken { path: path.to_owned(), line, reason };
        // A part of a line that the next record must vouch for.
        let mut torn: Option<(u64, String, String)> = None;
        let mut number = 0;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            number += 1;
            let whole = piece.strip_suffix(b"\n");
            let content = whole.unwrap_or(piece);
            let (entry, hash) = match parse(content) {
                Ok(parsed) => parsed,
                Err(_) if whole.is_none() && torn.is_none() => {
                    chain.tail = Some(Tail::Torn { bytes: content.len() as u64, sha256: sha256(content) });
                    break;
                }
                Err(reason) if torn.is_none() => {
                    torn = Some((content.len() as u64, sha256(content), reason));
                    continue;
                }
                Err(reason) => return Err(broken(number, reason)),
            };
            if let Some((bytes, sum, reason)) = torn.take() {
                let vouched = matches!(&entry.event, AuditEvent::Torn { bytes: of, sha256 } if *of == bytes && *sha256 == sum);
                if !vouched {
                    return Err(broken(number - 1, reason));
                }
            }
            if entry.prev != chain.head.hash || entry.seq != chain.head.count + 1 {
                return Err(broken(number, "a record before it is missing or was changed".to_owned()));
            }
            chain.extend(entry, hash);
            if whole.is_none() {
                chain.tail = Some(Tail::Unended);
            }
        }
        match torn {
            Some((_, _, reason)) => Err(broken(number, reason)),
            None => Ok(chain),
        }
    }

    pub(crate) fn extend(&mut self, entry: Entry, hash: String) {
        self.head = Head { count: entry.seq, hash: hash.clone() };
        self.hashes.push(hash);
        self.entries.push(entry);
    }

    /// The number of the record that has this hash: the chain still contains what was its end then.
    #[must_use]
    pub fn position_of(&self, hash: &str) -> Option<u64> {
        let at = self.hashes.iter().position(|known| known.eq_ignore_ascii_case(hash.trim()))?;
        Some(at as u64 + 1)
    }

    /// The hash of each record, in order.
    #[must_use]
    pub fn hashes(&self) -> &[String] {
        &self.hashes
    }

    /// Whether a crash left a part of a line at the end.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        matches!(self.tail, Some(Tail::Torn { .. }))
    }

    /// Intents without an outcome.
    #[must_use]
    pub fn open_intents(&self) -> Vec<Entry> {
        let closed: HashSet<(&str, usize, usize)> = self
            .entries
            .iter()
            .filter_map(|entry| match entry.event {
                AuditEvent::Outcome { step, attempt, .. } => Some((entry.op.as_str(), step, attempt)),
                _ => None,
            })
            .collect();
        let open = |entry: &&Entry| match entry.event {
            AuditEvent::Intent { step, attempt, .. } => !closed.contains(&(entry.op.as_str(), step, attempt)),
            _ => false,
        };
        self.entries.iter().filter(open).cloned().collect()
    }
}
