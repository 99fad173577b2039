//! `groupFilter`: a Java regular expression over group names in which two marks, `(?{{accountid}}…)` and
//! `(?{{role}}…)`, say which parts name the AWS account and the role.
//!
//! The marks become named groups and are read by name, since both orders occur in the field; everything else keeps
//! its Java meaning. The linear-time engine is tried first; what only a backtracking engine knows (lookaround,
//! possessive quantifiers, back-references) goes to one with a step limit, because the filter is configuration but
//! group names are anybody's.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::FilterMatch;

mod engine;
mod java;

use engine::{Engine, GaveUp};

/// Name that the account mark's group gets; no administrator would write it.
const ACCOUNT_GROUP: &str = "okta_accountid";
/// Name that the role mark's group gets.
const ROLE_GROUP: &str = "okta_role";

/// Why a filter is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("group filter `{filter}` is not valid at character {position}: {reason}")]
pub struct FilterError {
    /// The filter as stored in Okta.
    pub filter: String,
    /// Where, counted in characters from 1.
    pub position: usize,
    /// What is wrong there.
    pub reason: String,
}

/// What the two marks caught; `None` where the filter lacks the mark or the mark took no part in the match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// Text of the account mark.
    pub account: Option<String>,
    /// Text of the role mark.
    pub role: Option<String>,
}

/// What the filter says of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameMatch {
    /// The name does not match.
    No,
    /// It matches; `partial` when finding and matching the whole name do not agree (no full match, or other marks).
    Yes {
        /// The marks under the reading in force.
        marks: Marks,
        /// The two readings differ.
        partial: bool,
    },
    /// The backtracking engine gave up on this name.
    Undecided,
}

/// A compiled filter.
#[derive(Debug, Clone)]
pub struct GroupFilter {
    text: String,
    engine: Engine,
    has_account: bool,
    has_role: bool,
    reading: FilterMatch,
    interrupt: Option<Interrupt>,
}

/// Ends the matching of names from outside, for a question whose asker no longer waits.
///
/// One name costs a bounded number of steps; thousands of them under a filter that uses up each bound cost minutes. From
/// the moment it is set, every name is [`NameMatch::Undecided`] at once, so the answer must be thrown away.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Ends the matching.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the matching was ended: what was answered since is worth nothing.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl GroupFilter {
    /// Compiles a filter once for a whole sync.
    ///
    /// # Errors
    /// [`FilterError`] with the position in the filter as the administrator wrote it: a mark used twice or unknown,
    /// an escape that Java does not know, unbalanced brackets, too large an expression.
    pub fn compile(filter: &str, reading: FilterMatch) -> Result<Self, FilterError> {
        let fail = |at: usize, reason: String| FilterError {
            filter: filter.to_owned(),
            position: filter.get(..at).map_or(0, |head| head.chars().count()) + 1,
            reason,
        };
        let (engine, java) = Engine::compile(filter).map_err(|e| fail(e.at, e.reason))?;
        Ok(Self {
            text: filter.to_owned(),
            engine,
            has_account: java.has_account,
            has_role: java.has_role,
            reading,
            interrupt: None,
        })
    }

    pub(crate) fn end_at(&mut self, interrupt: Interrupt) {
        self.interrupt = Some(interrupt);
    }

    /// The filter as stored in Okta.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the filter names the account.
    #[must_use]
    pub fn has_account(&self) -> bool {
        self.has_account
    }

    /// Whether the filter names the role.
    #[must_use]
    pub fn has_role(&self) -> bool {
        self.has_role
    }

    /// Evaluates both readings of one name.
    #[must_use]
    pub fn matches(&self, name: &str) -> NameMatch {
        if self.interrupt.as_ref().is_some_and(Interrupt::is_set) {
            return NameMatch::Undecided;
        }
        let found = match self.engine.find(name) {
            Ok(Some(found)) => Some(found),
            // Where nothing is found, the whole name does not match either.
            Ok(None) => return NameMatch::No,
            Err(GaveUp) => return NameMatch::Undecided,
        };
        let Ok(whole) = self.engine.whole(name) else { return NameMatch::Undecided };
        let partial = found != whole;
        let chosen = match self.reading {
            FilterMatch::Find => found,
            FilterMatch::Full => whole,
        };
        match chosen {
            None => NameMatch::No,
            Some(marks) => NameMatch::Yes { marks, partial },
        }
    }
}
