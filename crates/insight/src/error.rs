//! Why a question has no answer. A name that nobody has and a name that several have are different things to do for
//! the one who asked, so they are variants of their own and carry what to choose from.

use std::path::PathBuf;

/// The error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The snapshot cannot be opened.
    #[error(transparent)]
    Snapshot(#[from] rolebook_snapshot::Error),
    /// The snapshot's rows are no facts.
    #[error("{}: {source}", path.display())]
    Facts {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<rolebook_ledger::ReadError>,
    },
    /// The app's settings give no rules.
    #[error(transparent)]
    Rules(#[from] rolebook_federation::RulesError),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A folder without snapshots.
    #[error("the folder {} holds no .c1z file", path.display())]
    NoSnapshot {
        /// The folder.
        path: PathBuf,
    },
    /// No such object.
    #[error("no {kind} `{text}` in {place}")]
    Unknown {
        /// What was looked for: person, group, role, account.
        kind: &'static str,
        /// The name given.
        text: String,
        /// Where it was looked for, and as of when.
        place: String,
        /// The names that are nearest, best first; at most three.
        nearest: Vec<String>,
    },
    /// Several objects of that name.
    #[error("`{text}` names several {}", plural(kind))]
    Ambiguous {
        /// What was looked for.
        kind: &'static str,
        /// The name given.
        text: String,
        /// How to name each of them alone.
        candidates: Vec<String>,
    },
    /// The archive begins later.
    #[error("nothing is known of {}: the archive {}", at(*asked), first.map_or_else(|| "is empty".to_owned(), |first| format!("begins at {}", at(first))))]
    BeforeArchive {
        /// The moment asked for.
        asked: jiff::Timestamp,
        /// When the first sync of the archive was sealed.
        first: Option<jiff::Timestamp>,
    },
    /// A file of the archive is not what was put there.
    #[error("{} is not what was archived: its SHA-256 is another", path.display())]
    ChangedInArchive {
        /// The file.
        path: PathBuf,
    },
    /// The events that are kept cannot be read.
    #[error("{text}")]
    Events {
        /// Why.
        text: String,
        /// What to do about it.
        hint: String,
    },
    /// A question that makes no sense as it was put.
    #[error("{text}")]
    Question {
        /// What is wrong with it.
        text: String,
        /// How to put it.
        hint: String,
    },
}

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Repair or replace something.
    Failed,
    /// Ask differently.
    Usage,
    /// Name something else.
    NotFound,
}

impl Error {
    /// What kind of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Snapshot(rolebook_snapshot::Error::Io { source, .. }) | Self::Io { source, .. }
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                ErrorKind::NotFound
            }
            Self::Unknown { .. } | Self::NoSnapshot { .. } | Self::BeforeArchive { .. } => {
                ErrorKind::NotFound
            }
            Self::Ambiguous { .. } | Self::Question { .. } => ErrorKind::Usage,
            Self::Snapshot(_)
            | Self::Facts { .. }
            | Self::Rules(_)
            | Self::Io { .. }
            | Self::ChangedInArchive { .. }
            | Self::Events { .. } => ErrorKind::Failed,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Snapshot(_) | Self::Io { .. } | Self::NoSnapshot { .. } => {
                "name a snapshot of rolebook sync, or a folder of them, with -f".to_owned()
            }
            Self::Facts { .. } => {
                "name a snapshot of rolebook sync with -f; the baton command shows those of other connectors"
                    .to_owned()
            }
            Self::Rules(error) => error.hint().to_owned(),
            Self::Unknown { kind, nearest, .. } if nearest.is_empty() => {
                format!("the snapshot holds no {kind} at all: is it the right file?")
            }
            Self::Unknown { nearest, .. } => format!("nearest: {}", nearest.join(", ")),
            Self::Ambiguous { candidates, .. } => format!("choose one: {}", candidates.join(", ")),
            Self::BeforeArchive { .. } => "rolebook archive list tells what there is".to_owned(),
            Self::ChangedInArchive { .. } => {
                "rolebook archive list --verify tells which files are whole".to_owned()
            }
            Self::Question { hint, .. } | Self::Events { hint, .. } => hint.clone(),
        }
    }
}

fn at(moment: jiff::Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

fn plural(kind: &str) -> String {
    if kind == "person" { "people".to_owned() } else { format!("{kind}s") }
}
