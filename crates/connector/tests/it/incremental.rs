//! Incremental syncs: what they cost, when they are full after all, and what they leave.

use std::time::Duration;

use rolebook_ledger::Facts;

use crate::run::Run;

/// The facts, without when and how they were read, and without what leaves no trace.
pub(crate) fn content(mut facts: Facts) -> Facts {
    (facts.coverage.from, facts.coverage.to, facts.coverage.log_from) = (None, None, None);
    facts.coverage.incremental = None;
    facts
}

/// Time passes, for both sides.
pub(crate) fn pass(run: &Run, seconds: u64) {
    run.fake.advance(Duration::from_secs(seconds));
    run.later(seconds.try_into().unwrap());
}
