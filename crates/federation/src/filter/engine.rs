//! The two regular-expression engines behind one face.

use std::sync::OnceLock;

use super::{
    ACCOUNT_GROUP, Marks, ROLE_GROUP,
    java::{JavaError, Translated},
};

/// Steps that the backtracking engine may take on one name: far more than any sane filter needs, few enough that a
/// hostile name cannot hold a sync.
const BACKTRACK_LIMIT: usize = 200_000;

#[derive(Debug, Clone)]
pub(super) struct Engine {
    plain: Both,
    /// For names that end in a line terminator, where `$` means another place. Hardly any does, so it is compiled at
    /// the first that does.
    terminated: Option<Terminated>,
}

#[derive(Debug, Clone)]
struct Terminated {
    pattern: String,
    compiled: OnceLock<Option<Both>>,
}

/// Finding, and matching the whole name.
#[derive(Debug, Clone)]
enum Both {
    Linear { find: regex::Regex, whole: regex::Regex },
    Backtracking { find: fancy_regex::Regex, whole: fancy_regex::Regex },
}

/// The backtracking engine gave up.
#[derive(Debug)]
pub(super) struct GaveUp;

impl Engine {
    pub(super) fn compile(java: &Translated) -> Result<Self, JavaError> {
        let plain = if java.backtracking {
            backtracking(&java.pattern, |at| java.origin(at))?
        } else {
            linear(java)?
        };
        let terminated = java.terminated().map(|pattern| Terminated { pattern, compiled: OnceLock::new() });
        Ok(Self { plain, terminated })
    }

    pub(super) fn find(&self, name: &str) -> Result<Option<Marks>, GaveUp> {
        match self.for_name(name)? {
            Both::Linear { find, .. } => Ok(by_linear(find, name)),
            Both::Backtracking { find, .. } => by_backtracking(find, name),
        }
    }

    pub(super) fn whole(&self, name: &str) -> Result<Option<Marks>, GaveUp> {
        match self.for_name(name)? {
            Both::Linear { whole, .. } => Ok(by_linear(whole, name)),
            Both::Backtracking { whole, .. } => by_backtracking(whole, name),
        }
    }

    fn for_name(&self, name: &str) -> Result<&Both, GaveUp> {
        match &self.terminated {
            Some(terminated) if name.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) => {
                let compile = || backtracking(&terminated.pattern, |_| 0).ok();
                terminated.compiled.get_or_init(compile).as_ref().ok_or(GaveUp)
            }
            _ => Ok(&self.plain),
        }
    }
}

fn whole(pattern: &str) -> String {
    format!(r"\A(?:{pattern})\z")
}

fn linear(java: &Translated) -> Result<Both, JavaError> {
    let refused = |at: usize, reason: String| JavaError { at: java.origin(at), reason };
    regex_syntax::Parser::new().parse(&java.pattern).map_err(|error| match error {
        regex_syntax::Error::Parse(error) => refused(error.span().start.offset, error.kind().to_string()),
        regex_syntax::Error::Translate(error) => refused(error.span().start.offset, error.kind().to_string()),
        other => refused(0, other.to_string()),
    })?;
    let compile = |pattern: &str| {
        regex::Regex::new(pattern).map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => refused(0, format!("compiles to more than {limit} bytes")),
            other => refused(0, other.to_string()),
        })
    };
    Ok(Both::Linear { find: compile(&java.pattern)?, whole: compile(&whole(&java.pattern))? })
}

fn backtracking(pattern: &str, origin: impl Fn(usize) -> usize) -> Result<Both, JavaError> {
    let compile = |pattern: &str| {
        fancy_regex::RegexBuilder::new(pattern).backtrack_limit(BACKTRACK_LIMIT).build().map_err(|error| {
            match error {
                fancy_regex::Error::ParseError(at, reason) => {
                    JavaError { at: origin(at), reason: reason.to_string() }
                }
                other => JavaError { at: 0, reason: other.to_string() },
            }
        })
    };
    Ok(Both::Backtracking { find: compile(pattern)?, whole: compile(&whole(pattern))? })
}

fn by_linear(regex: &regex::Regex, name: &str) -> Option<Marks> {
    regex.captures(name).map(|found| Marks {
        account: found.name(ACCOUNT_GROUP).map(|m| m.as_str().to_owned()),
        role: found.name(ROLE_GROUP).map(|m| m.as_str().to_owned()),
    })
}

fn by_backtracking(regex: &fancy_regex::Regex, name: &str) -> Result<Option<Marks>, GaveUp> {
    let found = regex.captures(name).map_err(|_| GaveUp)?;
    Ok(found.map(|found| Marks {
        account: found.name(ACCOUNT_GROUP).map(|m| m.as_str().to_owned()),
        role: found.name(ROLE_GROUP).map(|m| m.as_str().to_owned()),
    }))
}
