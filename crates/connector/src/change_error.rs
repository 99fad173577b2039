//! Why a change was not planned or not applied.

use std::path::PathBuf;

use rolebook_federation::{RulesError, plan::Refusal};

use crate::{AuditError, ErrorKind, SyncError, lookup::Candidate};

/// Why a change was not planned or not applied. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Org, token or app.
    #[error(transparent)]
    Entrance(#[from] SyncError),
    /// A fact could not be read.
    #[error("cannot read {what}: {source}")]
    Reading {
        /// Which.
        what: String,
        /// Why.
        source: Box<rolebook_okta::Error>,
    },
    /// The app's settings make no rules.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// A rule says no.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// A name fits several.
    #[error("{what} `{name}` is ambiguous: {}", list(.candidates))]
    Ambiguous {
        /// What was looked for.
        what: &'static str,
        /// The name as given.
        name: String,
        /// All that fit.
        candidates: Vec<Candidate>,
    },
    /// A name fits nothing.
    #[error("there is no {what} `{name}`")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// The name as given.
        name: String,
        /// What to do.
        hint: String,
    },
    /// Roles are named by a snapshot, and there is none.
    #[error("there is no snapshot {} that would name the roles", .path.display())]
    NoSnapshot {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The snapshot is of another org or app.
    #[error("the snapshot {} is of {of}, not of {wanted}", .path.display())]
    OtherSnapshot {
        /// Which file.
        path: PathBuf,
        /// What it is of.
        of: String,
        /// What is connected to.
        wanted: String,
    },
    /// What must be so is not so any more.
    #[error("the plan is stale: {}", .0.iter().map(Mismatch::to_string).collect::<Vec<_>>().join("; "))]
    Stale(Vec<Mismatch>),
    /// The plan was changed after it was made.
    #[error("the plan was edited: its digest is {found}, its content has {computed}")]
    Edited {
        /// As the file states it.
        found: String,
        /// As it follows from the content.
        computed: String,
    },
    /// The plan is too old.
    #[error("the plan was made at {made}, more than 24 hours ago")]
    TooOld {
        /// When.
        made: jiff::Timestamp,
    },
    /// The plan is for another org or app.
    #[error("the plan is for {of}, not for {wanted}")]
    OtherPlan {
        /// What it is for.
        of: String,
        /// What is connected to.
        wanted: String,
    },
    /// The file is no plan.
    #[error("{0}")]
    NoPlan(String),
    /// A change cannot be taken back.
    #[error("change {op} cannot be undone: {why}")]
    NoUndo {
        /// Which change.
        op: String,
        /// Why.
        why: String,
    },
    /// Without an audit nothing is written.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The file beside the snapshot.
    #[error(transparent)]
    Snapshot(#[from] rolebook_snapshot::Error),
}

/// One thing that is not as the plan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What.
    pub subject: String,
    /// As the plan found it.
    pub planned: String,
    /// As it is.
    pub found: String,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} was {}, is {}", self.subject, self.planned, self.found)
    }
}

fn list(candidates: &[Candidate]) -> String {
    let each: Vec<String> = candidates.iter().map(Candidate::to_string).collect();
    each.join("; ")
}

impl From<Refusal> for ChangeError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl ChangeError {
    pub(crate) fn reading(what: impl Into<String>) -> impl FnOnce(rolebook_okta::Error) -> Self {
        let what = what.into();
        move |source| Self::Reading { what, source: Box::new(source) }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Entrance(error) => error.kind(),
            Self::Reading { source, .. } if source.is_unauthenticated() || source.is_refused() => {
                ErrorKind::Refused
            }
            Self::Reading { source, .. } if source.is_gone() => ErrorKind::NotFound,
            Self::Reading { .. } | Self::Rules(_) | Self::Snapshot(_) => ErrorKind::Failed,
            Self::Ambiguous { .. } | Self::NoPlan(_) => ErrorKind::Usage,
            Self::NotFound { .. } | Self::NoSnapshot { .. } => ErrorKind::NotFound,
            Self::Audit(AuditError::NoSuchChange { .. }) => ErrorKind::NotFound,
            Self::Audit(AuditError::InUse { .. } | AuditError::OtherOrg { .. }) => ErrorKind::Conflict,
            Self::Audit(_) => ErrorKind::Failed,
            Self::Refused(_)
            | Self::OtherSnapshot { .. }
            | Self::Stale(_)
            | Self::Edited { .. }
            | Self::TooOld { .. }
            | Self::OtherPlan { .. }
            | Self::NoUndo { .. } => ErrorKind::Conflict,
        }
    }

    /// Whether the caller cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Entrance(error) => error.is_cancelled(),
            Self::Reading { source, .. } => matches!(**source, rolebook_okta::Error::Cancelled),
            _ => false,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Entrance(error) => error.hint(),
            Self::Reading { source, .. } => source.hint().to_owned(),
            Self::Rules(error) => error.hint().to_owned(),
            Self::Refused(refusal) => refusal.hint(),
            Self::Ambiguous { .. } => "name one by its id; nothing was changed".into(),
            Self::NotFound { hint, .. } => hint.clone(),
            Self::NoSnapshot { .. } => "make one with rolebook sync, or name one with -f".into(),
            Self::OtherSnapshot { .. } => "name the snapshot of this org and app with -f".into(),
            Self::Stale(_) => "nothing was changed: plan again and look at what has changed meanwhile".into(),
            Self::Edited { .. } => {
                "make a new plan with rolebook plan; plans are applied as they were made".into()
            }
            Self::TooOld { .. } => "make a new plan with rolebook plan".into(),
            Self::OtherPlan { .. } => "connect to the org and app that the plan is for".into(),
            Self::NoPlan(_) => "give a file made by rolebook plan -o json, or a CSV of changes".into(),
            Self::NoUndo { .. } => {
                "nothing was changed: make the change that you want with grant or revoke".into()
            }
            Self::Audit(error) => error.hint().into(),
            Self::Snapshot(_) => "what was changed in Okta stays changed; the next sync shows it".into(),
        }
    }
}
