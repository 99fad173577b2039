//! What a reader of the result should know: counted by kind, with a few samples each.

use std::collections::BTreeMap;

/// How many subjects of one kind are kept as samples; the count goes on beyond them.
const SAMPLES: usize = 3;

/// One kind of irregularity, how often it was met and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Stable name of the kind, for machines: lower case, hyphens.
    pub code: &'static str,
    /// What it means and what follows, for people: lower case, no full stop.
    pub text: String,
    /// How many objects it was met on (at least 1).
    pub count: u64,
    /// The first few objects it was met on, as Okta names them. Text from Okta: escape it before showing it.
    pub samples: Vec<String>,
}

/// Warnings, one entry per kind, in stable order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings(BTreeMap<&'static str, Warning>);

impl Warnings {
    /// Nothing to warn of.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts one more of `code`. The text of the first one stays.
    pub fn add(&mut self, code: &'static str, text: impl Into<String>, subject: impl Into<String>) {
        let entry = self.0.entry(code).or_insert_with(|| Warning {
            code,
            text: text.into(),
            count: 0,
            samples: Vec::new(),
        });
        entry.count += 1;
        let subject = subject.into();
        if entry.samples.len() < SAMPLES && !subject.is_empty() && !entry.samples.contains(&subject) {
            entry.samples.push(subject);
        }
    }

    /// Adds everything that `other` counted.
    pub fn merge(&mut self, other: Warnings) {
        for (code, warning) in other.0 {
            let entry = self.0.entry(code).or_insert_with(|| Warning {
                code,
                text: warning.text.clone(),
                count: 0,
                samples: Vec::new(),
            });
            entry.count += warning.count;
            for sample in warning.samples {
                if entry.samples.len() < SAMPLES && !entry.samples.contains(&sample) {
                    entry.samples.push(sample);
                }
            }
        }
    }

    /// The warning of that kind, when there was one.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Warning> {
        self.0.get(code)
    }

    /// All kinds, ordered by code.
    pub fn iter(&self) -> impl Iterator<Item = &Warning> {
        self.0.values()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
