//! The list of syncs in a file.

use jiff::Timestamp;

use crate::{Stats, SyncId};

/// One sync of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncRun {
    /// Its id, which every row of the sync carries.
    pub id: SyncId,
    /// What was synced.
    pub kind: SyncKind,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was finished; none while it runs or when it was given up.
    pub ended_at: Option<Timestamp>,
    /// The writer's own state, JSON; opaque.
    pub token: String,
    /// The full sync that a partial one adds to.
    pub parent: Option<SyncId>,
    /// Counts as the writer stated them; older files have none. [`crate::SyncRows::stats`] always has.
    pub stats: Option<Stats>,
}

/// What a sync covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncKind {
    /// Everything. Readers choose the newest finished one of these.
    Full,
    /// Some resources, as an addition to a full sync.
    Partial,
    /// No entitlements and grants.
    ResourcesOnly,
    /// Half of a comparison: rows to set.
    PartialUpserts,
    /// Half of a comparison: rows to delete.
    PartialDeletions,
    /// A kind unknown to this build.
    Other(String),
}

impl SyncKind {
    /// As the table writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::ResourcesOnly => "resources_only",
            Self::PartialUpserts => "partial_upserts",
            Self::PartialDeletions => "partial_deletions",
            Self::Other(kind) => kind,
        }
    }
}

impl From<&str> for SyncKind {
    fn from(kind: &str) -> Self {
        match kind {
            "full" => Self::Full,
            "partial" => Self::Partial,
            "resources_only" => Self::ResourcesOnly,
            "partial_upserts" => Self::PartialUpserts,
            "partial_deletions" => Self::PartialDeletions,
            other => Self::Other(other.into()),
        }
    }
}
