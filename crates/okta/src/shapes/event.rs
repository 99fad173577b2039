//! Entries of the System Log.

use serde::Deserialize;
use serde_json::Value;

use super::or_default;

/// One entry: who did what to whom.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LogEvent {
    /// Identifies the entry; polling may bring it twice.
    #[serde(default)]
    pub uuid: Option<String>,
    /// When it happened, by Okta's clock.
    #[serde(default)]
    pub published: Option<String>,
    /// Such as `application.user_membership.update`.
    #[serde(default)]
    pub event_type: Option<String>,
    /// Who did it.
    #[serde(default)]
    pub actor: Option<Party>,
    /// Whom and what it concerns, in no order that Okta promises.
    #[serde(default, deserialize_with = "or_default")]
    pub target: Vec<Party>,
    #[serde(default)]
    outcome: Option<Value>,
    #[serde(default)]
    debug_context: Option<Value>,
    #[serde(default)]
    transaction: Option<Value>,
}

/// Somebody or something that an entry speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Party {
    /// Id; for an `AppUser` it is the assignment's own, not the user's.
    #[serde(default)]
    pub id: Option<String>,
    /// `User`, `AppInstance`, `UserGroup`, …
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// Login of a user.
    #[serde(default)]
    pub alternate_id: Option<String>,
    /// Name for people.
    #[serde(default)]
    pub display_name: Option<String>,
}

impl LogEvent {
    /// How it ended: `SUCCESS`, `FAILURE`, `DENY`, …
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        self.outcome.as_ref()?.get("result")?.as_str()
    }

    /// The request that did it, as `X-Okta-Request-Id` of its answer named it.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        let debug = self.debug_context.as_ref().and_then(|debug| debug.pointer("/debugData/requestId"));
        let transaction = self.transaction.as_ref().and_then(|transaction| transaction.get("id"));
        debug.or(transaction)?.as_str()
    }
}
