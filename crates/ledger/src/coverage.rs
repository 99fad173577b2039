//! The record of what a sync read, what it could not read and why: without it, an empty list would look like nobody.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rolebook_federation::{RESOLVER_VERSION, Switches};
use serde::{Deserialize, Serialize};

/// The sign in [`Coverage::partial`] for groups whose members could not be read, behind their number.
pub const MEMBERS_NOT_READ: &str =
    "a group matters whose members could not be read (the right to view them is missing)";

/// Asset under which a snapshot carries its coverage.
pub const COVERAGE_ASSET: &str = "rolebook:coverage";

/// What was read, by whom, when, and under which rules.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Coverage {
    /// Version of the program that wrote the snapshot.
    pub writer: String,
    /// Version of the resolution rules.
    pub resolver: u32,
    /// The choices in force where Okta's behaviour is unproven.
    pub switches: Switches,
    /// Whose credential read the org.
    pub reader: Option<Reader>,
    /// First request.
    pub from: Option<Timestamp>,
    /// Last request.
    pub to: Option<Timestamp>,
    /// The org that was read.
    pub org: OrgSeen,
    /// Every list of the reading plan, by name.
    pub lists: BTreeMap<String, ListCoverage>,
    /// Signs that the credential sees less than there is; empty when there are none.
    pub partial: Vec<String>,
    /// What the reading was told to take over; compared, never parsed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub options: String,
    /// `from` by Okta's clock: the snapshot need not show what the System Log holds from there on. None when Okta did not
    /// say what time it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_from: Option<Timestamp>,
    /// How the snapshot follows from an older one; none when every list was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incremental: Option<Incremental>,
    /// When the accounts file was read whose names the snapshot carries; a later sync without one keeps them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts_of: Option<Timestamp>,
}

/// A snapshot that takes most of its facts from an older one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incremental {
    /// Id of the sync before.
    pub based_on: String,
    /// When the last sync that read every list began: facts that leave no trace in Okta's log are as old as that.
    pub full: Timestamp,
    /// From where on the System Log was read, by Okta's clock.
    pub log_since: Timestamp,
    /// Entries of the log since then that speak of access.
    pub entries: u64,
}

/// The org as the coverage record names it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OrgSeen {
    /// Org id.
    pub id: String,
    /// Company name.
    pub name: String,
    /// Host that was asked.
    pub domain: String,
}

/// The owner of the credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    /// User id; of a service app its client id.
    pub id: String,
    /// Login; empty for a service app.
    pub login: String,
}

/// How one list was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "read", rename_all = "kebab-case")]
pub enum ListCoverage {
    /// To its end.
    Full {
        /// Objects in it.
        items: u64,
    },
    /// Not, or not all of it.
    Not {
        /// Why, in words for people.
        why: String,
    },
}

impl Coverage {
    /// A record for this program's rules.
    #[must_use]
    pub fn new(writer: impl Into<String>, switches: Switches) -> Self {
        Self { writer: writer.into(), resolver: RESOLVER_VERSION, switches, ..Self::default() }
    }

    /// Whether no sign says that the credential sees less than there is. An optional list that was not read (see
    /// [`Coverage::lists`]) is no such sign.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.partial.is_empty()
    }

    /// Whether a sign says that the credential sees less than there is, beyond groups whose members could not be
    /// read: those are known one by one.
    #[must_use]
    pub fn token_sees_less(&self) -> bool {
        self.partial.iter().any(|sign| !sign.ends_with(MEMBERS_NOT_READ))
    }
}
