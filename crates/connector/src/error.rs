//! Why a sync ended without a snapshot.
//!
//! Every error says what, why and what to do: the text says the first two, [`SyncError::hint`] the third. The kind
//! is what a program can act on; the binary turns it into an exit code.

use std::path::PathBuf;

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
    /// Another run is at work on the file.
    #[error("{} is being written by another run{}", .file.display(), by_words(.by))]
    Held {
        /// The snapshot.
        file: PathBuf,
        /// Who, as the other run noted it; may be empty.
        by: String,
    },
    /// The file belongs to another org or app.
    #[error("{} belongs to {what} {theirs}, not to {ours}", .file.display())]
    OtherOwner {
        /// The snapshot.
        file: PathBuf,
        /// `org` or `app`.
        what: &'static str,
        /// Whose it is.
        theirs: String,
        /// What was to be read.
        ours: String,
    },
    /// A companion of the file cannot be written or read.
    #[error("cannot write {}: {source}", .path.display())]
    Beside {
        /// The companion.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file of events.
    #[error(transparent)]
    Events(#[from] crate::EventsError),
    /// There is no held file to accept.
    #[error("nothing is held beside {}", .file.display())]
    NothingHeld {
        /// The snapshot.
        file: PathBuf,
    },
    /// The snapshot is not the one that the held file was measured against.
    #[error("{} has changed since the file beside it was held", .file.display())]
    HeldOutdated {
        /// The snapshot.
        file: PathBuf,
    },
    /// A service app got empty lists: its scopes are granted, but it has no admin role that shows anything.
    #[error("the service app {client_id} sees an empty org")]
    SeesNothing {
        /// Its client id.
        client_id: String,
    },
    /// The app's settings make no rules.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The file.
    #[error(transparent)]
    Snapshot(#[from] rolebook_snapshot::Error),
}

fn by_words(by: &str) -> String {
    // Written by a program, but any program may have written it.
    let by: String = by.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    if by.is_empty() { String::new() } else { format!(" ({by})") }
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
            Self::SeesNothing { .. } => ErrorKind::Refused,
            Self::Snapshot(rolebook_snapshot::Error::InUse { .. }) => ErrorKind::Conflict,
            Self::Held { .. } | Self::OtherOwner { .. } | Self::HeldOutdated { .. } => ErrorKind::Conflict,
            Self::Essential { .. }
            | Self::Rules(_)
            | Self::Snapshot(_)
            | Self::Beside { .. }
            | Self::Events(_) => ErrorKind::Failed,
            Self::NoApp | Self::UnknownApp { .. } | Self::NothingHeld { .. } => ErrorKind::NotFound,
            Self::SeveralApps(_) | Self::OtherApp { .. } => ErrorKind::Usage,
        }
    }

    /// Whether the caller cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Essential { source, .. } if matches!(**source, rolebook_okta::Error::Cancelled))
    }

    /// Whether Okta did not accept the credential.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        matches!(self, Self::Essential { source, .. } if source.is_unauthenticated())
    }

    /// Whether the same run, taken up, may get further: the network or Okta failed, not what was asked.
    pub(crate) fn may_be_cured_by_asking_again(&self) -> bool {
        matches!(self, Self::Essential { source, .. } if !refusal(source) || source.is_unauthenticated())
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Essential { source, .. } => source.hint().to_owned(),
            Self::NoApp => {
                "add the app in Okta, or use a token whose owner may see it (Read-only Administrator is enough)".into()
            }
            Self::SeveralApps(_) => {
"choose one with --aws-okta-app-id; rolebook sync --all-aws-apps -f DIR/ reads them all".into()
}
            Self::UnknownApp { .. } => "leave --aws-okta-app-id out to let Rolebook find the app".into(),
            Self::OtherApp { name, .. } if name == "amazon_aws_sso" => {
                "this is AWS IAM Identity Center, where AWS itself holds the assignments: it is not supported".into()
            }
            Self::OtherApp { .. } => "leave --aws-okta-app-id out to let Rolebook find the app".into(),
            Self::SeesNothing { .. } => {
                "scopes alone show nothing: give the app an admin role too, under Admin roles on its page in Okta \
                 (Read-Only Administrator is enough)"
                    .into()
            }
            Self::Rules(error) => error.hint().to_owned(),
            Self::Held { .. } => "wait until it is done, or write to another file with --file".into(),
            Self::OtherOwner { what: "org", .. } => {
                "check --domain, or write to another file with --file: a file holds one org".into()
            }
            Self::OtherOwner { .. } => {
                "check --aws-okta-app-id, or write to another file with --file: a file holds one app".into()
            }
            Self::Events(error) => error.hint().to_owned(),
            Self::Beside { .. } => "make the folder writable, or choose another with --file".into(),
            Self::NothingHeld { .. } => "run rolebook sync; a held file lies beside the snapshot as <file>.held".into(),
            Self::HeldOutdated { .. } => "run rolebook sync again: it measures against the file of today".into(),
            Self::Snapshot(_) => "the file that was there is unchanged".into(),
        }
    }
}

/// 401, 403 and 404 of a list that must be read: Okta does not let us.
fn refusal(error: &rolebook_okta::Error) -> bool {
    error.is_unauthenticated() || error.is_refused() || error.is_gone() || error.is_unavailable_here()
}
