//! The cover: what an auditor asks first.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Making, apps};
use crate::{CoverageNote, MEANING, Readings, settings::settings_in_force};

/// The line that tells when an export was made.
pub(super) const MADE_AT: &str = "Made at";

/// The cover of an export.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Cover {
    /// Lines of label and value.
    pub lines: Vec<(String, String)>,
}

/// The cover of an export of these readings.
#[must_use]
pub fn cover(readings: &Readings, making: &Making<'_>) -> Cover {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut line = |label: &str, value: String| lines.push((label.to_owned(), value));
    line("Made by", making.tool.to_owned());
    line(MADE_AT, making.at.to_string());
    line("Meaning", MEANING.to_owned());
    line(
        "Filters used",
        if making.filters.is_empty() {
            "none: everything is in it".to_owned()
        } else {
            making.filters.join("; ")
        },
    );
    for reading in apps(readings) {
        let note = crate::SnapshotNote::of(reading);
        let time =
            |at: Option<jiff::Timestamp>| at.map_or_else(|| "not known".to_owned(), |at| at.to_string());
        line("Org", format!("{} ({}, {})", note.org, note.app.org_domain, note.app.org_id));
        line("App", format!("{} \"{}\"", note.app.id, note.app.label));
        line("Mode", note.mode.clone());
        line(
            "Token's owner",
            note.coverage.reader.clone().unwrap_or_else(|| "none: a service app".to_owned()),
        );
        line("Read from", time(note.from));
        line("Read until", time(note.to));
        line("Snapshot", note.snapshot.clone());
        line("SHA-256 of the file", note.sha256.clone());
        line("Snapshot written by", note.coverage.writer.clone());
        coverage(&note.coverage, &mut line);
        for (name, value) in settings_in_force(&reading.facts().app) {
            line(&format!("Setting {name}"), value);
        }
        for (name, count) in reading.counts() {
            line(&format!("Number of {name}"), count.to_string());
        }
    }
    Cover { lines }
}

fn coverage(coverage: &CoverageNote, line: &mut impl FnMut(&str, String)) {
    line("Complete", if coverage.complete { "yes".to_owned() } else { "NO".to_owned() });
    for sign in &coverage.partial {
        line("Partial", sign.clone());
    }
    for not in &coverage.not_read {
        line("Not read", format!("{}: {}", not.list, not.why));
    }
    for (name, value) in &coverage.switches {
        line("Assumed", format!("{name}={value}"));
    }
}
