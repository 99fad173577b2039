//! What a group filter says, before anybody saves it in Okta: explained part by part, tried on names.

use rolebook_federation::{
    App, DEFAULT_ROLE_VALUE_PATTERN, FilterMatch, FilterSurvey, Group, GroupFilter, GroupKind, GroupOrigin,
    GroupVerdict, NameMatch, Rules, RulesError, Settings, Switches, Union, Warnings,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Shape;

mod parts;

pub use parts::Part;
use parts::{mark, parts};

/// What there is to say about a filter.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FilterLint {
    /// Name and version of this shape.
    pub shape: String,
    /// The filter.
    pub filter: String,
    /// The role value pattern it was read with.
    pub role_value_pattern: String,
    /// Why Okta's rules cannot be made of it; absent when they can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<FilterProblem>,
    /// The parts that a reader may stumble over, in their order.
    pub parts: Vec<Part>,
    /// What should be looked at.
    pub warnings: Vec<FilterWarning>,
    /// What becomes of each name, in the order given.
    pub names: Vec<NameLint>,
}

/// Why a filter is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FilterProblem {
    /// What is wrong.
    pub text: String,
    /// Where, in characters from 1, when it is at one place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// What to do.
    pub hint: String,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct FilterWarning {
    /// Stable name of the kind.
    pub code: String,
    /// What it means.
    pub text: String,
    /// Names it was met on, and how many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<String>,
}

/// What becomes of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NameLint {
    /// The name.
    pub name: String,
    /// `match`, `partial-match`, `no-match`, `bogus-account`, `empty-role`, `value-not-taken`, `undecided`, `no-name`.
    pub verdict: String,
    /// The account that Okta would send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The role that Okta would send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The value that Okta would send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// It would match if case were ignored, and does not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only_without_case: bool,
    /// It would match if the filter were escaped once, and does not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only_unescaped: bool,
}

impl Shape for FilterLint {
    const SHAPE: &'static str = "rolebook.lint-filter/1";
}

/// Explains a filter and tries it on names, as local groups of that name. Without a pattern, Okta's default.
#[must_use]
pub fn lint_filter(filter: &str, pattern: Option<&str>, names: &[String], switches: &Switches) -> FilterLint {
    let pattern = pattern.unwrap_or(DEFAULT_ROLE_VALUE_PATTERN);
    let mut lint = FilterLint {
        shape: FilterLint::SHAPE.to_owned(),
        filter: filter.to_owned(),
        role_value_pattern: pattern.to_owned(),
        error: None,
        parts: parts(filter),
        warnings: Vec::new(),
        names: Vec::new(),
    };
    let app = App {
        status: "ACTIVE".to_owned(),
        sign_on_mode: Some("SAML_2_0".to_owned()),
        implicit_assignment: false,
        settings: Settings {
            use_group_mapping: true,
            group_filter: filter.to_owned(),
            role_value_pattern: pattern.to_owned(),
            ..Settings::default()
        },
    };
    match Rules::compile(&app, Union::Disabled, switches, &mut Warnings::new()) {
        Err(error) => lint.error = Some(problem(&error)),
        Ok(rules) => {
            lint.warnings = of_the_filter(filter);
            let survey = try_names(filter, &rules, names, switches.filter_match, &mut lint.names);
            lint.warnings.extend(survey.iter().map(|warning| FilterWarning {
                code: warning.code.to_owned(),
                text: format!("{} ({} of {} names)", warning.text, warning.count, names.len()),
                samples: warning.samples.clone(),
            }));
        }
    }
    lint
}

fn problem(error: &RulesError) -> FilterProblem {
    match error {
        RulesError::Filter(filter) => FilterProblem {
            text: filter.reason.clone(),
            position: Some(filter.position),
            hint: error.hint().to_owned(),
        },
        other => FilterProblem { text: other.to_string(), position: None, hint: other.hint().to_owned() },
    }
}

fn of_the_filter(filter: &str) -> Vec<FilterWarning> {
    let mut warnings = Vec::new();
    let mut warn = |code: &str, text: String| {
        warnings.push(FilterWarning { code: code.to_owned(), text, samples: Vec::new() });
    };
    if !filter.starts_with('^') || !filter.ends_with('$') {
        warn(
            "not-anchored",
            "without ^ in front and $ behind, a match anywhere in a name may count: whether Okta finds or wants the \
             whole name is not documented"
                .to_owned(),
        );
    }
    if filter.contains(r"\\") {
        warn(
            "escaped-twice",
            concat!(
                r"\\ stands for a backslash in the name, which no group has: a filter copied out of a program's ",
                "text is escaped twice, and Okta keeps it so"
            )
            .to_owned(),
        );
    }
    if let Some(inner) = mark(filter, "role") {
        let whole = GroupFilter::compile(&format!("(?{{{{role}}}}{inner})"), FilterMatch::Full);
        let stopped: String = whole.map_or_else(
            |_| String::new(),
            |filter| {
                let takes = |c: &char| matches!(filter.matches(&format!("a{c}b")), NameMatch::Yes { .. });
                "+=,.@-_".chars().filter(|c| !takes(c)).collect()
            },
        );
        if !stopped.is_empty() {
            let shown: Vec<String> = stopped.chars().map(String::from).collect();
            warn(
                "role-characters",
                format!("AWS allows {} in role names, which the role mark does not take", shown.join(" ")),
            );
        }
    }
    if let Some(inner) = mark(filter, "accountid") {
        let whole = GroupFilter::compile(&format!("(?{{{{accountid}}}}{inner})"), FilterMatch::Full);
        let takes = |text: &str| {
            whole.as_ref().is_ok_and(|filter| matches!(filter.matches(text), NameMatch::Yes { .. }))
        };
        if takes("1234") || takes("abcd") {
            warn(
                "account-digits",
                r"the account mark takes other texts than 12 digits: \d{12} keeps bogus accounts out"
                    .to_owned(),
            );
        }
    }
    warnings
}

fn try_names(
    filter: &str,
    rules: &Rules,
    names: &[String],
    reading: FilterMatch,
    found: &mut Vec<NameLint>,
) -> Warnings {
    let mut survey = FilterSurvey::new(rules);
    let other = |text: String| GroupFilter::compile(&text, reading).ok();
    let caseless = other(format!("(?i){filter}"));
    let unescaped = filter.contains(r"\\").then(|| other(filter.replace(r"\\", r"\"))).flatten();
    let matches = |filter: &Option<GroupFilter>, name: &str| {
        filter.as_ref().is_some_and(|filter| matches!(filter.matches(name), NameMatch::Yes { .. }))
    };
    for name in names {
        let group = Group {
            name: Some(name.clone()),
            kind: GroupKind::Okta,
            origin: GroupOrigin::default(),
            assignment: None,
        };
        let verdict = rules.verdict(&group);
        survey.observe(&group, &verdict);
        let missed = !verdict.found();
        let mut lint = NameLint {
            name: name.clone(),
            verdict: verdict.as_str().to_owned(),
            account: None,
            role: None,
            value: None,
            only_without_case: missed && matches(&caseless, name),
            only_unescaped: missed && matches(&unescaped, name),
        };
        match verdict {
            GroupVerdict::Confers(conferral) => {
                lint.account = Some(conferral.account.to_string());
                lint.role = Some(conferral.role);
                lint.value = Some(conferral.value);
            }
            GroupVerdict::NotTaken(sent) => lint.value = Some(sent.value),
            GroupVerdict::BogusAccount(account) => lint.account = Some(account),
            _ => {}
        }
        found.push(lint);
    }
    survey.finish(filter)
}
