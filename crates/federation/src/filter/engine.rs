//! The two regular-expression engines behind one face.

use std::sync::OnceLock;

use super::{
    ACCOUNT_GROUP, Marks, ROLE_GROUP,
    java::{Dialect, JavaError, Translated, translate},
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
    /// The engine for a filter, and what the filter holds.
    pub(super) fn compile(filter: &str) -> Result<(Self, Translated), JavaError> {
        let java = translate(filter, Dialect::Linear)?;
        let plain = match java.backtracking {
            None => linear(&java.pattern)?,
            Some(at) => backtracking(&translate(filter, Dialect::Backtracking)?.pattern, at)?,
        };
        let terminated = if java.has_end {
            let pattern = translate(filter, Dialect::Terminated)?.pattern;
            Some(Terminated { pattern, compiled: OnceLock::new() })
        } else {
            None
        };
        Ok((Self { plain, terminated }, java))
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
                let compile = || backtracking(&terminated.pattern, 0).ok();
                terminated.compiled.get_or_init(compile).as_ref().ok_or(GaveUp)
            }
            _ => Ok(&self.plain),
        }
    }
}

fn whole(pattern: &str) -> String {
    format!(r"\A(?:{pattern})\z")
}

fn linear(pattern: &str) -> Result<Both, JavaError> {
    let compile = |pattern: &str| {
        regex::Regex::new(pattern).map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => refused(0, format!("compiles to more than {limit} bytes")),
            other => refused(0, other.to_string()),
        })
    };
    Ok(Both::Linear { find: compile(pattern)?, whole: compile(&whole(pattern))? })
}

/// `at` is the construct that asks for this engine: the one to name when it is not up to it.
fn backtracking(pattern: &str, at: usize) -> Result<Both, JavaError> {
    let compile = |pattern: &str| {
        fancy_regex::RegexBuilder::new(pattern).backtrack_limit(BACKTRACK_LIMIT).build().map_err(|error| {
            let reason = match error {
                // Its place is one in the translation.
                fancy_regex::Error::ParseError(_, reason) => reason.to_string(),
                fancy_regex::Error::CompileError(reason) => reason.to_string(),
                other => other.to_string(),
            };
            refused(at, format!("not supported here: {}", reason.to_lowercase()))
        })
    };
    Ok(Both::Backtracking { find: compile(pattern)?, whole: compile(&whole(pattern))? })
}

fn refused(at: usize, reason: String) -> JavaError {
    JavaError { at, reason }
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
