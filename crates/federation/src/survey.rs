//! What the group filter made of all groups of the org, in numbers and samples.

use crate::{Group, GroupFilter, GroupKind, GroupVerdict, Mode, NameMatch, Rules, Warnings};

/// Watches every group of the org go by in group mapping mode and says afterwards what a person should know.
#[derive(Debug, Default)]
pub struct FilterSurvey {
    groups: u64,
    found: u64,
    samples: Vec<String>,
    /// The filter read with single backslashes, when the stored one holds double ones.
    unescaped: Option<GroupFilter>,
    unescaped_found: u64,
    /// The filter without regard to case.
    caseless: Option<GroupFilter>,
    warnings: Warnings,
}

impl FilterSurvey {
    /// A survey for these rules.
    #[must_use]
    pub fn new(rules: &Rules) -> Self {
        let Mode::Mapping(mapping) = rules.mode() else { return Self::default() };
        let text = mapping.filter().text();
        let reading = rules.switches().filter_match;
        let unescaped = text
            .contains(r"\\")
            .then(|| GroupFilter::compile(&text.replace(r"\\", r"\"), reading).ok())
            .flatten();
        let caseless = GroupFilter::compile(&format!("(?i){text}"), reading).ok();
        Self { unescaped, caseless, ..Self::default() }
    }

    /// Takes note of one group and its verdict. In direct mode names say nothing, and nothing is noted.
    pub fn observe(&mut self, group: &Group, verdict: &GroupVerdict) {
        if matches!(verdict, GroupVerdict::NotMapping) {
            return;
        }
        let name = group.name.as_deref().unwrap_or("");
        self.groups += 1;
        self.found += u64::from(verdict.found());
        if !verdict.found() && !name.is_empty() && self.samples.len() < 3 {
            self.samples.push(name.to_owned());
        }
        if let Some(filter) = &self.unescaped {
            self.unescaped_found += u64::from(matches!(filter.matches(name), NameMatch::Yes { .. }));
        }
        let mut warn = |code, text: &str| self.warnings.add(code, text, name);
        match verdict {
            GroupVerdict::NoName => warn("group-no-name", "a group without a name was skipped"),
            GroupVerdict::Undecided => {
                warn(
                    "filter-undecided",
                    "the group filter needs too many steps on a name, the group was skipped",
                );
            }
            GroupVerdict::SourceNotAllowed => {
                warn(
                    "filter-source",
                    "a group matches the filter but comes from a source that appFilter leaves out",
                );
            }
            GroupVerdict::BogusAccount(_) => {
                warn("filter-bogus-account", "a group matches the filter but names no 12-digit account");
            }
            GroupVerdict::EmptyRole => {
                warn("filter-empty-role", "a group matches the filter but names no role")
            }
            GroupVerdict::NotTaken(sent) => self.warnings.add(
                "role-value-not-taken",
                "AWS cannot take the value that the role value pattern gives; no group gives a role by it",
                sent.value.as_str(),
            ),
            GroupVerdict::Confers(conferral) => {
                if conferral.partial {
                    warn(
                        "filter-partial",
                        "a group's name matches the filter only in part; whether Okta counts it is not documented",
                    );
                }
                if group.kind == GroupKind::BuiltIn {
                    warn("everyone-confers", "a built-in group confers a role on everybody");
                }
            }
            GroupVerdict::NoMatch => {
                let matches = |filter: &GroupFilter| matches!(filter.matches(name), NameMatch::Yes { .. });
                if self.caseless.as_ref().is_some_and(matches) {
                    warn(
                        "filter-case",
                        "a group would match the filter if case were ignored; as it is, it confers nothing",
                    );
                }
            }
            GroupVerdict::NotMapping => {}
        }
    }

    /// What was seen.
    #[must_use]
    pub fn finish(mut self, filter: &str) -> Warnings {
        if self.found == 0 && self.groups > 0 {
            let text = format!("the group filter {filter} finds none of {} groups", self.groups);
            if self.samples.is_empty() {
                self.warnings.add("filter-finds-nothing", text.as_str(), "");
            }
            for sample in &self.samples {
                self.warnings.add("filter-finds-nothing", text.as_str(), sample.as_str());
            }
            if self.unescaped_found > 0 {
                self.warnings.add(
                    "filter-double-escaped",
                    format!(
                        "the group filter is escaped twice; with single backslashes it would find {} groups. Okta \
                         keeps the text as it is, so this gives no access",
                        self.unescaped_found
                    ),
                    filter,
                );
            }
        }
        self.warnings
    }
}
