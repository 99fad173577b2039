//! The catalogue of connectors: one entry, told as data so that pages draw it from here.

use serde::Serialize;
use utoipa::ToSchema;

use crate::settings::{MatrixRow, TokenKind, matrix};

/// Name of the one kind of connector.
pub(crate) const KIND: &str = "okta-aws-federation";
/// What people call it.
pub(crate) const NAME: &str = "Okta AWS Federation";

/// A kind of connector.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CatalogEntry {
    /// Name in the API.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// One sentence.
    pub purpose: &'static str,
    /// Where more is told.
    pub docs: &'static str,
    /// What it reads and changes.
    pub resources: Vec<ResourceCapability>,
    /// Where it can run.
    pub hosting: Vec<Hosting>,
    /// What which token may.
    pub matrix: Vec<MatrixRow>,
}

/// What a connector does with one kind of resource.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ResourceCapability {
    /// Which.
    pub name: &'static str,
    /// It reads them.
    pub sync: bool,
    /// It can change them.
    pub provision: bool,
}

/// Where a connector can run.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Hosting {
    /// How.
    pub name: &'static str,
    /// Whether this version offers it.
    pub available: bool,
    /// More about it.
    pub notes: &'static str,
}

/// The whole catalogue.
pub(crate) fn all() -> Vec<CatalogEntry> {
    let resource = |name, provision| ResourceCapability { name, sync: true, provision };
    vec![CatalogEntry {
        id: KIND,
        name: NAME,
        purpose: "Works through Okta groups, for orgs whose SAML app turns group memberships and assignments into \
                  AWS IAM roles.",
        docs: "/help/okta",
        resources: vec![
            resource("Accounts", false),
            resource("Groups assigned to the AWS app", true),
            resource("Application assignments for the AWS app", true),
        ],
        hosting: vec![
            Hosting { name: "In this console", available: true, notes: "Built in: nothing to install." },
            Hosting {
                name: "Separate runner",
                available: false,
                notes: "Not available yet: syncs run in the console's own process.",
            },
        ],
        matrix: matrix(None, TokenKind::Unknown),
    }]
}

/// The entries that contain every word, whatever its case.
pub(crate) fn search(words: &str) -> Vec<CatalogEntry> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    all()
        .into_iter()
        .filter(|entry| {
            let text = format!("{} {}", entry.name, entry.purpose).to_lowercase();
            words.iter().all(|word| text.contains(word))
        })
        .collect()
}

/// One entry.
pub(crate) fn entry(id: &str) -> Option<CatalogEntry> {
    all().into_iter().find(|entry| entry.id == id)
}
