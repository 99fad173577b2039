//! The fake's own clock: it starts at a given time, may stand still, and can be turned.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Every `Date`, `X-Rate-Limit-Reset` and `lastUpdated` is read off this clock, never off the machine's.
#[derive(Debug)]
pub(crate) struct Clock {
    start: Timestamp,
    running_since: Option<Instant>,
    turned_ms: AtomicI64,
}

impl Clock {
    pub(crate) fn new(start: Timestamp, frozen: bool) -> Self {
        Self { start, running_since: (!frozen).then(Instant::now), turned_ms: AtomicI64::new(0) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let ran = self.running_since.map_or(Duration::ZERO, |since| since.elapsed());
        let ran_ms = i64::try_from(ran.as_millis()).unwrap_or(i64::MAX);
        let ms = self.start.as_millisecond().saturating_add(ran_ms);
        Timestamp::from_millisecond(ms.saturating_add(self.turned_ms.load(Ordering::Relaxed)))
            .unwrap_or(self.start)
    }

    /// Turns the clock forward, or back when `ms` is negative.
    pub(crate) fn turn(&self, ms: i64) {
        self.turned_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_turned() {
        let start: Timestamp = "2026-09-01T08:00:00Z".parse().unwrap();
        let clock = Clock::new(start, true);
        assert_eq!(clock.now(), start);
        clock.turn(-1500);
        assert_eq!(clock.now().to_string(), "2026-09-01T07:59:58.5Z");
    }
}
