//! How a command ends when it does not end well: what, why, what to do, and an exit code that a program can act on.

use std::{io::Write, process::ExitCode};

use rolebook_connector::{ErrorKind, SyncError};

use crate::output::visible;

/// A command that did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
    hint: String,
}

impl Failure {
    pub(crate) fn failed(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: 1, text: text.into(), hint: hint.into() }
    }

    pub(crate) fn usage(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: 2, text: text.into(), hint: hint.into() }
    }

    pub(crate) fn not_found(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: 3, text: text.into(), hint: hint.into() }
    }

    /// Says it on stderr.
    pub(crate) fn report(&self) -> ExitCode {
        let mut stderr = std::io::stderr().lock();
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(stderr, "error: {}", self.text);
        if !self.hint.is_empty() {
            let _ = writeln!(stderr, "  hint: {}", self.hint);
        }
        ExitCode::from(self.code)
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        if error.is_cancelled() {
            return Self::failed(
                "stopped, nothing was written",
                "run the same command again: it goes on where it stopped",
            );
        }
        let code = match error.kind() {
            ErrorKind::Failed => 1,
            ErrorKind::Usage => 2,
            ErrorKind::NotFound => 3,
            ErrorKind::Refused => 4,
            ErrorKind::Conflict => 5,
        };
        Self { code, text: error.to_string(), hint: error.hint() }
    }
}

impl From<rolebook_snapshot::Error> for Failure {
    fn from(error: rolebook_snapshot::Error) -> Self {
        let missing = matches!(&error, rolebook_snapshot::Error::Io { source, .. }
            if source.kind() == std::io::ErrorKind::NotFound);
        if missing {
            Self::not_found(error.to_string(), "name the snapshot with -f, or make one with rolebook sync")
        } else {
            Self::failed(
                error.to_string(),
                "name a .c1z file of rolebook sync, or of a Baton connector, with -f",
            )
        }
    }
}

impl From<rolebook_insight::Error> for Failure {
    fn from(error: rolebook_insight::Error) -> Self {
        let code = match error.kind() {
            rolebook_insight::ErrorKind::Failed => 1,
            rolebook_insight::ErrorKind::Usage => 2,
            rolebook_insight::ErrorKind::NotFound => 3,
        };
        Self { code, text: visible(&error.to_string()), hint: visible(&error.hint()) }
    }
}
