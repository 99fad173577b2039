//! The two regular-expression engines behind one face.

use super::{
    ACCOUNT_GROUP, Marks, ROLE_GROUP,
    java::{JavaError, Translated},
};

/// Steps that the backtracking engine may take on one name: far more than any sane filter needs, few enough that a
/// hostile name cannot hold a sync.
const BACKTRACK_LIMIT: usize = 200_000;

#[derive(Debug, Clone)]
pub(super) enum Engine {
    Linear { find: regex::Regex, whole: regex::Regex },
    Backtracking { find: fancy_regex::Regex, whole: fancy_regex::Regex },
}

/// The backtracking engine gave up.
#[derive(Debug)]
pub(super) struct GaveUp;

impl Engine {
    pub(super) fn compile(java: &Translated) -> Result<Self, JavaError> {
        let whole = format!(r"\A(?:{})\z", java.pattern);
        let syntax = regex_syntax::ast::parse::Parser::new().parse(&java.pattern);
        if !java.backtracking && syntax.is_ok() {
            let compiled =
                regex::Regex::new(&java.pattern).and_then(|find| Ok((find, regex::Regex::new(&whole)?)));
            match compiled {
                Ok((find, whole)) => return Ok(Self::Linear { find, whole }),
                Err(regex::Error::CompiledTooBig(limit)) => {
                    return Err(JavaError { at: 0, reason: format!("compiles to more than {limit} bytes") });
                }
                Err(_) => {} // an error beyond the grammar: let the other engine judge it
            }
        }
        let fancy =
            |pattern: &str| fancy_regex::RegexBuilder::new(pattern).backtrack_limit(BACKTRACK_LIMIT).build();
        match fancy(&java.pattern).and_then(|find| Ok((find, fancy(&whole)?))) {
            Ok((find, whole)) => Ok(Self::Backtracking { find, whole }),
            Err(error) => Err(match (syntax, error) {
                // The linear engine's grammar error is the better text, unless it only says that it lacks a feature.
                (Err(syntax), _) if !lacks_feature(syntax.kind()) => JavaError {
                    at: java.origin(syntax.span().start.offset),
                    reason: syntax.kind().to_string(),
                },
                (_, fancy_regex::Error::ParseError(at, reason)) => {
                    JavaError { at: java.origin(at), reason: reason.to_string() }
                }
                (_, other) => JavaError { at: 0, reason: other.to_string() },
            }),
        }
    }

    pub(super) fn find(&self, name: &str) -> Result<Option<Marks>, GaveUp> {
        match self {
            Self::Linear { find, .. } => Ok(linear(find, name)),
            Self::Backtracking { find, .. } => backtracking(find, name),
        }
    }

    pub(super) fn whole(&self, name: &str) -> Result<Option<Marks>, GaveUp> {
        match self {
            Self::Linear { whole, .. } => Ok(linear(whole, name)),
            Self::Backtracking { whole, .. } => backtracking(whole, name),
        }
    }
}

fn lacks_feature(kind: &regex_syntax::ast::ErrorKind) -> bool {
    use regex_syntax::ast::ErrorKind;
    matches!(kind, ErrorKind::UnsupportedLookAround | ErrorKind::UnsupportedBackreference)
}

fn linear(regex: &regex::Regex, name: &str) -> Option<Marks> {
    regex.captures(name).map(|found| Marks {
        account: found.name(ACCOUNT_GROUP).map(|m| m.as_str().to_owned()),
        role: found.name(ROLE_GROUP).map(|m| m.as_str().to_owned()),
    })
}

fn backtracking(regex: &fancy_regex::Regex, name: &str) -> Result<Option<Marks>, GaveUp> {
    let found = regex.captures(name).map_err(|_| GaveUp)?;
    Ok(found.map(|found| Marks {
        account: found.name(ACCOUNT_GROUP).map(|m| m.as_str().to_owned()),
        role: found.name(ROLE_GROUP).map(|m| m.as_str().to_owned()),
    }))
}
