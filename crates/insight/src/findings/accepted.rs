//! `accepted.toml`: what counts as privileged, and findings that somebody has accepted for a time.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Finding, ObjectRef, Reach, Severity};
use crate::{Readings, role_pattern::Glob};

/// What findings are judged by.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Role names that count as privileged, with `*` and `?`.
    pub privileged: Vec<String>,
    /// Accounts that count as production beside those whose environment or name says so.
    pub production: Vec<String>,
    /// Accepted findings.
    pub accept: Vec<Accept>,
}

impl Default for Policy {
    fn default() -> Self {
        let privileged = ["*Admin*", "*PowerUser*", "*Billing*", "*Break*"];
        Self {
            privileged: privileged.map(str::to_owned).to_vec(),
            production: Vec::new(),
            accept: Vec::new(),
        }
    }
}

impl Policy {
    /// Whether a role of this name counts as privileged.
    #[must_use]
    pub fn is_privileged(&self, role: &str) -> bool {
        self.privileged.iter().any(|pattern| Glob::new(pattern).matches(role))
    }
}

/// One entry of `accepted.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// Id of a finding, or of several with `*` and `?`: `rule:*` takes a whole rule.
    pub finding: String,
    /// Why it is acceptable.
    pub reason: String,
    /// Who says so.
    pub by: String,
    /// The last day on which it is.
    pub until: toml::value::Datetime,
}

/// Why a finding does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Acceptance {
    /// Why it is acceptable.
    pub reason: String,
    /// Who says so.
    pub by: String,
    /// The last day on which it is.
    pub until: Date,
}

/// Why a file is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not TOML, or not of this shape.
    #[error("{0}")]
    Toml(String),
    /// `until` is no day.
    #[error("`until` of `{0}` is no day")]
    Until(String),
    /// An entry that would accept everything, or explains nothing.
    #[error("`{field}` of `{finding}` is empty")]
    Empty {
        /// Which field.
        field: &'static str,
        /// Of which entry.
        finding: String,
    },
}

impl PolicyError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        "each entry is [[accept]] with finding = \"ID\", reason = \"…\", by = \"…\" and until = 2026-12-31"
    }
}

impl Policy {
    /// Accepts a finding by its id until a day, as an entry of `accepted.toml` does.
    pub fn accept(&mut self, finding: &str, reason: &str, by: &str, until: Date) {
        let number = |part: i8| u8::try_from(part).unwrap_or(1);
        let day = toml::value::Date {
            year: u16::try_from(until.year()).unwrap_or(u16::MAX),
            month: number(until.month()),
            day: number(until.day()),
        };
        self.accept.push(Accept {
            finding: finding.to_owned(),
            reason: reason.to_owned(),
            by: by.to_owned(),
            until: toml::value::Datetime { date: Some(day), time: None, offset: None },
        });
    }

    /// Reads `accepted.toml`.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let policy: Self =
            toml::from_str(text).map_err(|error| PolicyError::Toml(error.message().to_owned()))?;
        for accept in &policy.accept {
            until(accept)?;
            for (field, text) in
                [("finding", &accept.finding), ("reason", &accept.reason), ("by", &accept.by)]
            {
                if text.trim().is_empty() {
                    return Err(PolicyError::Empty { field, finding: accept.finding.clone() });
                }
            }
        }
        Ok(policy)
    }
}

fn until(accept: &Accept) -> Result<Date, PolicyError> {
    let day = accept.until.date.map(|date| date.to_string());
    day.and_then(|day| day.parse().ok()).ok_or_else(|| PolicyError::Until(accept.finding.clone()))
}

/// Marks findings as accepted. An entry that has run out or accepts nothing is a finding itself; with `part` only some
/// findings are there, and nothing is said of entries that accept none of them.
pub(super) fn apply(
    findings: &mut Vec<Finding>,
    readings: &Readings,
    policy: &Policy,
    today: Date,
    part: bool,
) {
    let mut own = Vec::new();
    for accept in &policy.accept {
        let Ok(until) = until(accept) else { continue };
        let glob = Glob::new(&accept.finding);
        let mut used = false;
        for finding in findings.iter_mut().filter(|finding| finding.is_taken_by(&glob)) {
            used = true;
            if until >= today && finding.accepted.is_none() {
                finding.accepted =
                    Some(Acceptance { reason: accept.reason.clone(), by: accept.by.clone(), until });
            }
        }
        let Some(reading) = readings.all().first() else { continue };
        let mut add = |rule: &str, text: String, remedy: &str| {
            own.push(Finding {
                id: format!("{rule}:{}", accept.finding),
                rule: rule.to_owned(),
                severity: Severity::Low,
                app: reading.app(),
                text,
                objects: vec![ObjectRef {
                    kind: "acceptance".to_owned(),
                    id: accept.finding.clone(),
                    name: accept.reason.clone(),
                }],
                reach: Reach::default(),
                evidence: vec![format!("accepted by {} until {until}", accept.by)],
                remedy: remedy.to_owned(),
                accepted: None,
            });
        };
        if until < today {
            let text = format!("the acceptance of `{}` ran out on {until}", accept.finding);
            add("acceptance-expired", text, "repair the finding, or accept it anew with a later day");
        } else if !used && !part {
            let text = format!("the acceptance of `{}` accepts no finding", accept.finding);
            add("acceptance-unused", text, "take the entry out of the file");
        }
    }
    findings.extend(own);
}
