//! Why a sync ended without a snapshot.
//!
//! Every error says what, why and what to do: the text says the first two, [`SyncError::hint`] the third. The kind
//! is what a program can act on; the binary turns it into an exit code.

use rolebook_federation::RulesError;

use crate::FoundApp;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Something failed that trying again, or repairing a machine, may cure.
    Failed,
    /// The question was not clear: a choice is missing or wrong.
    Usage,
    /// The thing asked for does not exist.
    NotFound,
    /// Okta refused it.
    Refused,
    /// Another run holds the file.
    Conflict,
}

/// Why a sync ended without a snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// A list without which the result would be a lie could not be read.
    #[error("cannot read {what}: {source}")]
    Essential {
        /// Which.
        what: String,
        /// Why.
        source: Box<rolebook_okta::Error>,
    },
    /// The org has no AWS Account Federation app, or the token does not see it.
    #[error("no AWS Account Federation app (amazon_aws) found in the org")]
    NoApp,
    /// The org has several, and none was chosen.
    #[error("the org has {} AWS Account Federation apps: {}", .0.len(), list(.0))]
    SeveralApps(Vec<FoundApp>),
    /// The app id names an app that does not exist, or that the token does not see.
    #[error("there is no app {id} in the org, or the token does not see it")]
    UnknownApp {
        /// The id that was given.
        id: String,
    },
    /// The app id names another kind of app.
    #[error("app {id} is `{name}`, not an AWS Account Federation app (amazon_aws)")]
    OtherApp {
        /// The id that was given.
        id: String,
        /// Its catalogue name.
        name: String,
    },
    /// The app's settings make no rules.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The file.
    #[error(transparent)]
    Snapshot(#[from] rolebook_snapshot::Error),
}

fn list(apps: &[FoundApp]) -> String {
    let each: Vec<String> = apps.iter().map(FoundApp::to_string).collect();
    each.join("; ")
}

impl SyncError {
    pub(crate) fn reading(what: impl Into<String>) -> impl FnOnce(rolebook_okta::Error) -> Self {
        let what = what.into();
        move |source| Self::Essential { what, source: Box::new(source) }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Essential { source, .. } if refusal(source) => ErrorKind::Refused,
            Self::Snapshot(rolebook_snapshot::Error::InUse { .. }) => ErrorKind::Conflict,
            Self::Essential { .. } | Self::Rules(_) | Self::Snapshot(_) => ErrorKind::Failed,
            Self::NoApp | Self::UnknownApp { .. } => ErrorKind::NotFound,
            Self::SeveralApps(_) | Self::OtherApp { .. } => ErrorKind::Usage,
        }
    }

    /// Whether the caller cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Essential { source, .. } if matches!(**source, rolebook_okta::Error::Cancelled))
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Essential { source, .. } => source.hint().to_owned(),
            Self::NoApp => {
                "add the app in Okta, or use a token whose owner may see it (Read-only Administrator is enough)".into()
            }
            Self::SeveralApps(_) => "choose one with --aws-okta-app-id".into(),
            Self::UnknownApp { .. } => "leave --aws-okta-app-id out to let Rolebook find the app".into(),
            Self::OtherApp { name, .. } if name == "amazon_aws_sso" => {
                "this is AWS IAM Identity Center, where AWS itself holds the assignments: it is not supported".into()
            }
            Self::OtherApp { .. } => "leave --aws-okta-app-id out to let Rolebook find the app".into(),
            Self::Rules(error) => error.hint().to_owned(),
            Self::Snapshot(_) => "the file that was there is unchanged".into(),
        }
    }
}

/// 401, 403 and 404 of a list that must be read: Okta does not let us.
fn refusal(error: &rolebook_okta::Error) -> bool {
    error.is_unauthenticated() || error.is_refused() || error.is_gone() || error.is_unavailable_here()
}
