//! What is wrong, or soon will be: rules over one reading, each finding with a stable id, evidence and a remedy.
//!
//! A rule whose source was not read is off and says so: an empty list of findings must not look like a clean org.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rolebook_federation::RoleIx;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{AppRef, Completeness, Error, Reading, Readings, RoleRef, Shape, role_pattern::Glob};

mod accepted;
mod admins;
mod custom_admins;
mod groups;
mod names;
mod people;

pub use accepted::{Acceptance, Policy, PolicyError};

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth tidying up.
    Low,
    /// Worth a look.
    Medium,
    /// Worth acting on.
    High,
    /// Worth acting on now.
    Critical,
}

impl Severity {
    fn raised(self, by: u8) -> Self {
        match self as u8 + by {
            0 => Self::Low,
            1 => Self::Medium,
            2 => Self::High,
            _ => Self::Critical,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// All findings.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Findings {
    /// The findings, worst first, then by id.
    pub findings: Vec<Finding>,
    /// The rules, by name and app: which were asked, and why the others were not.
    pub rules: Vec<RuleState>,
    /// With an older snapshot to compare: how many findings are in it too and were left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_before: Option<usize>,
    /// Whether everything was read that the rules look at access by; where not, there may be more findings.
    #[serde(flatten)]
    pub completeness: Completeness,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// Rule and objects: the same finding has the same id in every snapshot. Where several apps are asked, `@` and the
    /// app's id follow: the same objects may be a finding in each.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// How bad: the rule, raised by what it reaches.
    pub severity: Severity,
    /// The app.
    pub app: AppRef,
    /// What was found.
    pub text: String,
    /// The objects, with their Okta ids.
    pub objects: Vec<ObjectRef>,
    /// What it reaches.
    pub reach: Reach,
    /// What was seen.
    pub evidence: Vec<String>,
    /// What to do.
    pub remedy: String,
    /// Somebody has accepted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Acceptance>,
}

/// An object of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ObjectRef {
    /// `user`, `group`, `role`, `setting`.
    pub kind: String,
    /// Okta id, `ACCOUNT/ROLE` or the setting's name.
    pub id: String,
    /// Name to show.
    pub name: String,
}

/// Which roles a finding is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reach {
    /// The roles as `ACCOUNT/ROLE`, at most ten.
    pub roles: Vec<String>,
    /// How many in all.
    pub total: usize,
    /// How many of them have a name that counts as privileged.
    pub privileged: usize,
    /// How many of them are in a production account.
    pub production: usize,
    /// All of them, by their positions in the reading; for those who ask in this program.
    #[serde(skip)]
    pub every: Vec<RoleIx>,
}

/// Whether a rule was asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct RuleState {
    /// The rule.
    pub rule: String,
    /// Okta id of the app.
    pub app: String,
    /// It was asked.
    pub on: bool,
    /// Why it was not, or what it could not see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Shape for Findings {
    const SHAPE: &'static str = "rolebook.findings/1";

    fn completeness(&self) -> Completeness {
        self.completeness.clone()
    }
}

impl Finding {
    /// The id without the app, as it is where one app is asked.
    #[must_use]
    pub fn id_within_app(&self) -> &str {
        let end = self.id.strip_suffix(self.app.id.as_str()).and_then(|id| id.strip_suffix('@'));
        end.unwrap_or(&self.id)
    }

    /// Whether a pattern of an acceptance takes it, with or without the app.
    pub(crate) fn is_taken_by(&self, pattern: &Glob) -> bool {
        let id = self.id_within_app();
        pattern.matches(id) || pattern.matches(&format!("{id}@{}", self.app.id))
    }
}

impl Findings {
    /// Whether a finding at or above a severity stands that nobody has accepted.
    #[must_use]
    pub fn fail_on(&self, severity: Severity) -> bool {
        self.findings.iter().any(|finding| finding.accepted.is_none() && finding.severity >= severity)
    }
}

/// Every finding of all readings on a day. With `since`, those that an older snapshot shows too are left out.
///
/// # Errors
/// [`Error::Rules`] when a reading cannot be resolved in the other way that a rule compares it with.
pub fn findings(
    readings: &Readings,
    policy: &Policy,
    today: Date,
    since: Option<&Readings>,
) -> Result<Findings, Error> {
    let mut all = collect(readings, policy)?;
    let mut known_before = None;
    if let Some(since) = since {
        let of_app = |finding: Finding| (finding.app.id, finding.id);
        let before: BTreeSet<(String, String)> =
            collect(since, policy)?.findings.into_iter().map(of_app).collect();
        let count = all.findings.len();
        all.findings.retain(|finding| !before.contains(&(finding.app.id.clone(), finding.id.clone())));
        known_before = Some(count - all.findings.len());
    }
    if readings.all().len() > 1 {
        for finding in &mut all.findings {
            finding.id = format!("{}@{}", finding.id, finding.app.id);
        }
    }
    accepted::apply(&mut all.findings, readings, policy, today, since.is_some());
    all.findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.id.cmp(&b.id)));
    all.rules.sort();
    Ok(Findings { known_before, ..all })
}

fn collect(readings: &Readings, policy: &Policy) -> Result<Findings, Error> {
    let completeness = readings.completeness();
    let mut all = Findings { findings: Vec::new(), rules: Vec::new(), known_before: None, completeness };
    for reading in readings.all() {
        let mut watch = Watch::new(reading, policy);
        groups::look(&mut watch)?;
        names::look(&mut watch);
        people::look(&mut watch);
        admins::look(&mut watch);
        custom_admins::look(&mut watch);
        all.findings.extend(watch.findings);
        all.rules.extend(watch.rules);
    }
    Ok(all)
}

/// What a rule is called and how bad it is by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule(pub(crate) &'static str, pub(crate) Severity);

/// A finding before its severity is known.
pub(crate) struct Draft {
    pub(crate) rule: Rule,
    /// Ids of the objects that make it this finding and no other.
    pub(crate) key: Vec<String>,
    pub(crate) text: String,
    pub(crate) objects: Vec<ObjectRef>,
    pub(crate) roles: Vec<RoleRef>,
    pub(crate) evidence: Vec<String>,
    pub(crate) remedy: String,
}

/// One reading under inspection.
pub(crate) struct Watch<'a> {
    pub(crate) reading: &'a Reading,
    privileged: Vec<Glob>,
    production: Vec<Glob>,
    findings: Vec<Finding>,
    rules: Vec<RuleState>,
}

const SHOWN_ROLES: usize = 10;

impl<'a> Watch<'a> {
    fn new(reading: &'a Reading, policy: &Policy) -> Self {
        let globs = |texts: &[String]| texts.iter().map(|text| Glob::new(text)).collect();
        Self {
            reading,
            privileged: globs(&policy.privileged),
            production: globs(&policy.production),
            findings: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// Notes that a rule was asked; `limit` says what it could not see.
    pub(crate) fn on(&mut self, rule: Rule, limit: Option<String>) {
        self.state(rule, true, limit);
    }

    /// Notes that a rule was not asked, and why.
    pub(crate) fn off(&mut self, rule: Rule, why: impl Into<String>) {
        self.state(rule, false, Some(why.into()));
    }

    fn state(&mut self, rule: Rule, on: bool, why: Option<String>) {
        let app = self.reading.facts().app.id.to_string();
        self.rules.push(RuleState { rule: rule.0.to_owned(), app, on, why });
    }

    pub(crate) fn add(&mut self, draft: Draft) {
        let reach = self.reach(&draft.roles);
        let raise = u8::from(reach.privileged > 0) + u8::from(reach.production > 0);
        let Rule(rule, severity) = draft.rule;
        self.findings.push(Finding {
            id: std::iter::once(rule.to_owned()).chain(draft.key).collect::<Vec<_>>().join(":"),
            rule: rule.to_owned(),
            severity: severity.raised(raise),
            app: self.reading.app(),
            text: draft.text,
            objects: draft.objects,
            reach,
            evidence: draft.evidence,
            remedy: draft.remedy,
            accepted: None,
        });
    }

    fn reach(&self, roles: &[RoleRef]) -> Reach {
        let mut roles: Vec<&RoleRef> = roles.iter().collect();
        roles.sort();
        roles.dedup();
        let any = |globs: &[Glob], text: &str| globs.iter().any(|glob| glob.matches(text));
        let production = |role: &&&RoleRef| {
            role.account.is_production() || role.account.names().any(|name| any(&self.production, name))
        };
        let access = self.reading.access();
        Reach {
            every: roles.iter().filter_map(|role| access.roles.find(&role.account.id, &role.role)).collect(),
            roles: roles.iter().take(SHOWN_ROLES).map(|role| role.key()).collect(),
            total: roles.len(),
            privileged: roles.iter().filter(|role| any(&self.privileged, &role.role)).count(),
            production: roles.iter().filter(production).count(),
        }
    }

    pub(crate) fn roles_of_group(&self, group: u32) -> Vec<RoleRef> {
        let reading = self.reading;
        reading.conferred_by(group).iter().filter_map(|grant| reading.role(grant.role)).collect()
    }

    pub(crate) fn user(&self, user: u32) -> Option<ObjectRef> {
        let person = self.reading.person(user)?;
        Some(ObjectRef { kind: "user".to_owned(), id: person.id.clone(), name: person.label().to_owned() })
    }

    pub(crate) fn group(&self, group: u32) -> Option<ObjectRef> {
        let group = self.reading.group(group)?;
        Some(ObjectRef { kind: "group".to_owned(), id: group.id.clone(), name: group.label().to_owned() })
    }
}

/// Names in backquotes, the first few.
pub(crate) fn few<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const SHOWN: usize = 5;
    let all: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let more = all.len().saturating_sub(SHOWN);
    let shown = all.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
