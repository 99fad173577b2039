//! What a record holds.

use std::{fmt, path::PathBuf};

use jiff::Timestamp;
use rolebook_federation::plan::{Named, Row, Step};
use serde::{Deserialize, Serialize};

use crate::{apply::ObjectState, plan::Call};

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Who {
    /// The operating system's user.
    pub os_user: String,
    /// Who asked `sudo` for that user, as `sudo` says; no proof, since it comes from the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sudo_user: Option<String>,
    /// The machine.
    pub host: String,
    /// The user of the console, when the change comes from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console_user: Option<String>,
    /// The owner of the token, whom Okta's System Log names; `None` for a service app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_owner: Option<Named>,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.console_user {
            Some(user) => write!(f, "{user} (console)")?,
            None => match &self.sudo_user {
                Some(user) => write!(f, "{}@{} (by sudo from {user})", self.os_user, self.host)?,
                None => write!(f, "{}@{}", self.os_user, self.host)?,
            },
        }
        match &self.token_owner {
            Some(owner) => write!(f, " with the token of {owner}"),
            None => Ok(()),
        }
    }
}

/// How a step or a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Okta shows it.
    Done,
    /// It was so before; nothing was written.
    AlreadySo,
    /// A rule or Okta refused; nothing changed.
    Refused,
    /// Nothing changed.
    Failed,
    /// It may have changed: somebody must look.
    Unknown,
}

impl Outcome {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::AlreadySo => "already so",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "a handful of them exist at a time, and half are intents")]
pub enum AuditEvent {
    /// A call is about to be made.
    Intent {
        /// Which step of the change, from 1.
        step: usize,
        /// How many there are.
        of: usize,
        /// Which attempt at it, from 1.
        attempt: usize,
        /// What it is to do.
        write: Step,
        /// How.
        call: Call,
        /// The object as it was read right before.
        before: ObjectState,
        /// Who does it.
        who: Who,
        /// Who made the plan, when that was somebody else or earlier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<Who>,
        /// The change that this one takes back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undoes: Option<String>,
    },
    /// The call was made, or not.
    Outcome {
        /// See [`AuditEvent::Intent`].
        step: usize,
        /// See [`AuditEvent::Intent`].
        attempt: usize,
        /// How it ended.
        outcome: Outcome,
        /// In words.
        says: String,
        /// The object as it was read afterwards.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<ObjectState>,
        /// Okta's ids of the calls.
        request_ids: Vec<String>,
        /// The row of the token's matrix that turned out to be *no*.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<Row>,
        /// A later run found out.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        settled: bool,
    },
    /// A snapshot that lost too much is about to be put in force, because somebody says that this is right.
    AcceptLoss {
        /// Who says so.
        who: Who,
        /// Why.
        reason: String,
        /// The snapshot.
        file: PathBuf,
        /// SHA-256 of the held file, which becomes the snapshot as it is.
        sha256: String,
        /// Its sync.
        sync: String,
        /// The sync that it replaces; none when there is no file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaced: Option<String>,
    },
    /// The change is over.
    End {
        /// How it ended.
        outcome: Outcome,
        /// In words.
        says: String,
        /// Steps that were done.
        done: usize,
        /// Steps in all.
        of: usize,
    },
    /// A crash left a part of a line above this record.
    Torn {
        /// Its length.
        bytes: u64,
        /// Its SHA-256.
        sha256: String,
    },
}

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counted from 1.
    pub seq: u64,
    /// By this machine's clock.
    pub at: Timestamp,
    /// Org id.
    pub org: String,
    /// App id.
    pub app: String,
    /// Id of the change, shared by all its records.
    pub op: String,
    /// What happened.
    #[serde(flatten)]
    pub event: AuditEvent,
    /// Hash of the record before.
    pub prev: String,
}

impl Entry {
    /// Okta's ids of the calls that the record speaks of.
    pub fn request_ids(&self) -> impl Iterator<Item = &String> {
        match &self.event {
            AuditEvent::Outcome { request_ids, .. } => request_ids.as_slice(),
            _ => &[],
        }
        .iter()
    }
}
