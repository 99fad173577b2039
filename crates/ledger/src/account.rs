//! What an organisation knows of its AWS accounts and Okta does not: names, owners, places.

use std::collections::BTreeMap;

use rolebook_federation::AccountId;
use serde::{Deserialize, Serialize};

/// Asset under which a snapshot carries the facts of accounts that Okta shows no role of (JSON).
pub const OTHER_ACCOUNTS_ASSET: &str = "rolebook:other-accounts";

/// One AWS account as an accounts file describes it (`rolebook sync --accounts`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// The 12 digits.
    pub id: AccountId,
    /// Name in AWS Organizations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// IAM account alias; unique in AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Organisational unit: its name, id or path, as the file has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ou: Option<String>,
    /// `prod`, `test`, … in the organisation's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// E-mail address of the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The organisation's own tags.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl AccountRecord {
    /// An account of which only the id is known.
    #[must_use]
    pub fn new(id: AccountId) -> Self {
        Self { id, name: None, alias: None, ou: None, environment: None, owner: None, tags: BTreeMap::new() }
    }
}
