//! The org.

use serde::Deserialize;

/// `GET /org`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Org {
    /// `00o…`.
    pub id: String,
    /// The organisation's name.
    #[serde(default)]
    pub company_name: Option<String>,
    /// `ACTIVE` or other.
    #[serde(default)]
    pub status: Option<String>,
    /// The label in front of `okta.com`, also where a custom domain is in use.
    #[serde(default)]
    pub subdomain: Option<String>,
    /// Date of creation.
    #[serde(default)]
    pub created: Option<String>,
    /// End of a trial.
    #[serde(default)]
    pub expires_at: Option<String>,
}
