//! How a command ends when it does not end well: what, why, what to do, and an exit code that a program can act on.

use std::{io::Write, process::ExitCode};

use rolebook_connector::{AuditError, ChangeError, ErrorKind, EventsError, SyncError};

use crate::{connection, output::visible};

/// A command that did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    text: String,
    /// Lines between text and hint.
    notes: Vec<String>,
    hint: String,
}

impl Failure {
    pub(crate) fn failed(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: 1, text: text.into(), notes: Vec::new(), hint: hint.into() }
    }

    pub(crate) fn usage(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: 2, text: text.into(), notes: Vec::new(), hint: hint.into() }
    }

    pub(crate) fn not_found(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: 3, text: text.into(), notes: Vec::new(), hint: hint.into() }
    }

    pub(crate) fn refused(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: 4, text: text.into(), notes: Vec::new(), hint: hint.into() }
    }

    pub(crate) fn conflict(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: 5, text: text.into(), notes: Vec::new(), hint: hint.into() }
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// What and why.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> &str {
        &self.hint
    }

    pub(crate) fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }

    /// The same with what else went wrong in its notes.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.notes.push(format!("besides: {}", other.text));
        self.notes.extend(other.notes);
        self
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    /// Waits for somebody's word.
    pub(crate) fn held(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { code: 6, text: text.into(), notes: Vec::new(), hint: hint.into() }
    }

    /// Ended by a signal.
    fn stopped(hint: &str) -> Self {
        Self { code: connection::stop_code(), ..Self::failed("stopped, nothing was written", hint) }
    }

    /// Says it on stderr.
    pub(crate) fn report(&self) -> ExitCode {
        self.say(&self.text);
        ExitCode::from(self.code)
    }

    /// Says it of one among several.
    pub(crate) fn report_of(&self, which: &str) {
        self.say(&format!("{which}: {}", self.text));
    }

    fn say(&self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        // A closed stderr leaves nobody to tell.
        let _ = writeln!(stderr, "error: {text}");
        for note in &self.notes {
            let _ = writeln!(stderr, "  {note}");
        }
        if !self.hint.is_empty() {
            let _ = writeln!(stderr, "  hint: {}", self.hint);
        }
    }
}

impl From<SyncError> for Failure {
    fn from(error: SyncError) -> Self {
        if error.is_cancelled() {
            return Self::stopped("run the same command again: it goes on where it stopped");
        }
        Self { code: code(error.kind()), text: error.to_string(), notes: Vec::new(), hint: error.hint() }
    }
}

impl From<EventsError> for Failure {
    fn from(error: EventsError) -> Self {
        let (text, hint) = (error.to_string(), error.hint());
        match error {
            EventsError::Absent { .. } => Self::not_found(text, hint),
            _ => Self::failed(text, hint),
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        if error.is_cancelled() {
            return Self::stopped("run the same command again");
        }
        let (text, hint) = (visible(&error.to_string()), visible(&error.hint()));
        Self { code: code(error.kind()), text, notes: Vec::new(), hint }
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        ChangeError::from(error).into()
    }
}

fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Failed => 1,
        ErrorKind::Usage => 2,
        ErrorKind::NotFound => 3,
        ErrorKind::Refused => 4,
        ErrorKind::Conflict => 5,
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
        Self { code, text: visible(&error.to_string()), notes: Vec::new(), hint: visible(&error.hint()) }
    }
}
