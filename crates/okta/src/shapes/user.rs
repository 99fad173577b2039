//! Users.

use serde::{Deserialize, Serialize};

use super::{Profile, UserId};

/// A user of the org. Comes from `/users`, from group members and embedded in app users.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// `00u…`.
    pub id: UserId,
    /// `STAGED`, `PROVISIONED`, `ACTIVE`, `RECOVERY`, `PASSWORD_EXPIRED`, `LOCKED_OUT`, `SUSPENDED`,
    /// `DEPROVISIONED`, or what Okta adds.
    #[serde(default)]
    pub status: Option<String>,
    /// Date of creation.
    #[serde(default)]
    pub created: Option<String>,
    /// Date of the last activation.
    #[serde(default)]
    pub activated: Option<String>,
    /// Date of the last change of status.
    #[serde(default)]
    pub status_changed: Option<String>,
    /// Date of the last sign-in to Okta.
    #[serde(default)]
    pub last_login: Option<String>,
    /// Date of the last change.
    #[serde(default)]
    pub last_updated: Option<String>,
    /// `login`, `email`, `firstName`, `lastName` and what the org defines.
    #[serde(default)]
    pub profile: Profile,
}
