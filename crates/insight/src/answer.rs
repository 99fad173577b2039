//! What stands around every answer: as of when, from what, and how complete.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rolebook_ledger::ListCoverage;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{AppRef, AtMoment, Completeness, Reading, Readings};

/// What *can assume* means, said once in every output.
pub const MEANING: &str =
    "Can assume: Okta would send the role if the person signed in now; AWS was not asked.";

/// A result that has a documented, versioned shape.
pub trait Shape {
    /// Name and version, as in `rolebook.who/1`. The number is raised when a field changes its meaning or goes away.
    const SHAPE: &'static str;

    /// Whether everything that the result depends on was read.
    fn completeness(&self) -> Completeness {
        Completeness::default()
    }
}

/// A result with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Answer<T> {
    /// Name and version of this shape.
    pub shape: String,
    /// The oldest end of reading among the snapshots; absent when a snapshot does not say.
    pub as_of: Option<Timestamp>,
    /// Seconds between `as_of` and the question.
    pub age_seconds: Option<i64>,
    /// The moment that the answer is of, when one was named: snapshots are then those of an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<AtMoment>,
    /// The snapshots asked, in their order.
    pub snapshots: Vec<SnapshotNote>,
    /// What *can assume* means.
    pub meaning: String,
    /// The result.
    #[serde(flatten)]
    pub result: T,
}

/// One snapshot that was asked.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SnapshotNote {
    /// The file as it was named.
    pub file: String,
    /// Id of the sync.
    pub snapshot: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// First request of the reading.
    pub from: Option<Timestamp>,
    /// Last request of the reading.
    pub to: Option<Timestamp>,
    /// Company name of the org.
    pub org: String,
    /// The app.
    pub app: AppRef,
    /// `group-mapping` or `direct`.
    pub mode: String,
    /// How complete.
    pub coverage: CoverageNote,
}

/// How complete a snapshot is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CoverageNote {
    /// No sign says that the credential saw less than there is.
    pub complete: bool,
    /// Such signs.
    pub partial: Vec<String>,
    /// Lists that were not read, or not to their end.
    pub not_read: Vec<NotRead>,
    /// Lists that were read to their end, with the number of objects in each.
    pub read: BTreeMap<String, u64>,
    /// Login of the credential's owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Program that wrote the snapshot.
    pub writer: String,
    /// The choice in force for each behaviour of Okta that is not documented.
    pub switches: BTreeMap<String, String>,
}

/// A list that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotRead {
    /// Its name.
    pub list: String,
    /// Why.
    pub why: String,
}

impl<T: Shape> Answer<T> {
    /// Wraps a result about all readings.
    #[must_use]
    pub fn new(result: T, readings: &Readings, now: Timestamp) -> Self {
        Self::about(result, readings.all().iter(), now)
    }

    /// Wraps a result about some readings.
    #[must_use]
    pub fn about<'a>(result: T, readings: impl Iterator<Item = &'a Reading>, now: Timestamp) -> Self {
        let snapshots: Vec<SnapshotNote> = readings.map(SnapshotNote::of).collect();
        let ends: Option<Vec<Timestamp>> = snapshots.iter().map(|note| note.to).collect();
        let as_of = ends.and_then(|ends| ends.into_iter().min());
        Self::of_notes(result, snapshots, as_of, now)
    }

    /// The same at a moment of the past: age is that of the snapshots then.
    #[must_use]
    pub fn at(result: T, readings: &Readings, at: AtMoment) -> Self {
        let moment = at.moment;
        Self { at: Some(at), ..Self::new(result, readings, moment) }
    }

    /// Wraps a result about snapshots that are open no more.
    #[must_use]
    pub fn of_notes(
        result: T,
        snapshots: Vec<SnapshotNote>,
        as_of: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        Self {
            shape: T::SHAPE.to_owned(),
            as_of,
            age_seconds: as_of.map(|as_of| now.duration_since(as_of).as_secs().max(0)),
            at: None,
            snapshots,
            meaning: MEANING.to_owned(),
            result,
        }
    }
}

impl SnapshotNote {
    /// The note of one reading.
    #[must_use]
    pub fn of(reading: &Reading) -> Self {
        let (origin, facts) = (reading.origin(), reading.facts());
        Self {
            file: origin.file.clone(),
            snapshot: origin.snapshot.clone(),
            sha256: origin.sha256.clone(),
            from: facts.coverage.from,
            to: facts.coverage.to,
            org: facts.org.name.clone(),
            app: reading.app(),
            mode: reading.mode().to_owned(),
            coverage: CoverageNote::of(reading),
        }
    }
}

impl CoverageNote {
    fn of(reading: &Reading) -> Self {
        let coverage = &reading.facts().coverage;
        let mut note = Self {
            complete: coverage.is_complete(),
            partial: coverage.partial.clone(),
            not_read: Vec::new(),
            read: BTreeMap::new(),
            reader: coverage.reader.as_ref().map(|reader| reader.login.clone()),
            writer: coverage.writer.clone(),
            switches: BTreeMap::new(),
        };
        for (name, list) in &coverage.lists {
            match list {
                ListCoverage::Full { items } => {
                    note.read.insert(name.clone(), *items);
                }
                ListCoverage::Not { why } => {
                    note.not_read.push(NotRead { list: name.clone(), why: why.clone() });
                }
            }
        }
        let switches = serde_json::to_value(coverage.switches).unwrap_or_default();
        for (name, value) in switches.as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            note.switches.insert(name.clone(), value);
        }
        note
    }
}
