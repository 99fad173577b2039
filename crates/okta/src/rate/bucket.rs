//! One bucket as a state machine. It owns no clock: every step takes the moment at which it happens.

use std::time::Duration;

use super::Reading;

/// A point in time, counted from an arbitrary start.
pub(crate) type Moment = Duration;

/// How long a window is taken to last while Okta has not said so.
const USUAL_WINDOW: Duration = Duration::from_secs(60);

/// Windows for which others are remembered after they were last seen. Our own requests come in a burst at the
/// start of a window and see little of what happens in the rest of it.
const OTHERS_REMEMBERED: u8 = 10;

/// What a bucket keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// Share of the limit for our own use, in percent, 1 to 100.
    pub(crate) budget: u8,
    /// Share of the limit that is left to others once others are seen, in percent.
    pub(crate) reserve: u8,
    /// Added to the end of a window, against rounding and unequal clocks among Okta's machines.
    pub(crate) margin: Duration,
}

/// Whether a request may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Now.
    Go,
    /// Not before that moment.
    Until(Moment),
    /// When an answer that is under way has come in.
    AfterAnswer,
}

/// The window in which requests are now counted.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// Okta's own end of it, once an answer told.
    reset: Option<i64>,
    /// When the next one may safely be assumed.
    ends: Moment,
    /// Okta's time of the first answer that told of it.
    since: Option<i64>,
    /// The least that an answer said is left.
    remaining: Option<u32>,
}

/// What is known of a bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    rules: Rules,
    /// Some answer has come, whatever it said.
    answered: bool,
    limit: Option<u32>,
    window: Option<Window>,
    /// Reset of the window before, to know its late answers.
    past_reset: Option<i64>,
    /// Our own requests that are counted in this window.
    spent: u32,
    /// Those of them whose answer did not come or did not say: they may belong to the next window.
    unplaced: u32,
    in_flight: u32,
    /// Windows for which the bucket still counts as shared with others.
    shared_for: u8,
    held_until: Option<Moment>,
}

impl Bucket {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            answered: false,
            limit: None,
            window: None,
            past_reset: None,
            spent: 0,
            unplaced: 0,
            in_flight: 0,
            shared_for: 0,
            held_until: None,
        }
    }

    /// May a request go at `now`?
    pub(crate) fn turn(&mut self, now: Moment) -> Turn {
        self.roll(now);
        if let Some(until) = self.held_until {
            return Turn::Until(until);
        }
        let Some(limit) = self.limit else {
            // One at a time until the first answer; when that says nothing of limits, there is nothing to keep.
            return if self.in_flight > 0 && !self.answered { Turn::AfterAnswer } else { Turn::Go };
        };
        let Some(window) = self.window else { return Turn::Go };

        let budget_left = self.spent + self.in_flight < self.allowed(limit);
        let bucket_left = match window.remaining {
            // Answers under way are not in `remaining` yet.
            Some(remaining) => remaining.saturating_sub(self.in_flight) > self.floor(limit),
            // Whoever shares a bucket looks first how much of the new window the others have taken.
            None => self.shared_for == 0 || self.in_flight == 0,
        };
        if budget_left && bucket_left {
            Turn::Go
        } else if self.in_flight > 0 && (window.remaining.is_none() || budget_left) {
            Turn::AfterAnswer
        } else {
            Turn::Until(window.ends)
        }
    }

    /// A request goes. Only after [`Turn::Go`] at the same moment.
    pub(crate) fn take(&mut self, now: Moment) {
        self.in_flight += 1;
        let ends = now + USUAL_WINDOW + self.rules.margin;
        self.window.get_or_insert(Window { reset: None, ends, since: None, remaining: None });
    }

    /// A request is over. `reading` is what its answer said; nothing when there was no answer or it did not say.
    /// `refused` is a 429 for want of tokens.
    pub(crate) fn settle(&mut self, now: Moment, answered: bool, reading: Option<&Reading>, refused: bool) {
        self.roll(now);
        self.in_flight = self.in_flight.saturating_sub(1);
        self.answered |= answered;
        let Some(reading) = reading.filter(|reading| !reading.is_concurrency()) else {
            // It may have been counted.
            self.spent += 1;
            self.unplaced += 1;
            return;
        };
        if !self.place(now, reading, refused) {
            return;
        }
        self.limit = Some(reading.limit);
        if let Some(window) = &mut self.window {
            let left = if refused { 0 } else { reading.remaining };
            window.remaining = Some(window.remaining.map_or(left, |known| known.min(left)));
            let used = reading.limit.saturating_sub(reading.remaining);
            if used > self.spent + self.in_flight {
                self.shared_for = OTHERS_REMEMBERED;
            }
        }
    }

    /// Nothing goes before `until`.
    pub(crate) fn hold(&mut self, until: Moment) {
        self.held_until = Some(self.held_until.map_or(until, |held| held.max(until)));
    }

    /// How many requests a window allows us, once known.
    pub(crate) fn allowance(&self) -> Option<u32> {
        self.limit.map(|limit| self.allowed(limit))
    }

    /// Limit, remaining and reset as last heard.
    pub(crate) fn heard(&self) -> (Option<u32>, Option<u32>, Option<i64>) {
        let window = self.window.as_ref();
        (self.limit, window.and_then(|w| w.remaining), window.and_then(|w| w.reset).or(self.past_reset))
    }

    /// Counts the reading's request in its window; false when that window is over and the reading is of no use.
    fn place(&mut self, now: Moment, reading: &Reading, refused: bool) -> bool {
        let ends = reading.until_reset().map(|left| now + left + self.rules.margin);
        let known = self.window.and_then(|window| window.reset);
        match (known, reading.reset) {
            (Some(known), Some(reset)) if reset > known && reading.date.is_some_and(|date| date >= known) => {
                // Okta's window turned over before we took it to.
                self.open(reading, ends.unwrap_or(now + USUAL_WINDOW));
            }
            // A second's difference is rounding; more means another window.
            (Some(known), Some(reset)) if reset + 1 < known => {
                let open = reading.until_reset().is_some_and(|left| !left.is_zero());
                let since = self.window.and_then(|window| window.since);
                if open && reading.date >= since {
                    // Two windows at once: the org counts these paths apart. We keep to one budget for both, and
                    // to either's refusal.
                    self.spent += 1;
                    if let (true, Some(ends)) = (refused, ends) {
                        self.hold(ends);
                    }
                }
                return false;
            }
            (Some(known), Some(reset)) => {
                self.spent += 1;
                if let (Some(window), Some(ends)) = (&mut self.window, ends) {
                    window.reset = Some(known.max(reset));
                    window.ends = if reset > known { ends } else { window.ends.min(ends) };
                }
            }
            (None, Some(reset))
                if self.past_reset.is_some_and(|past| reset <= past) && !self.is_ahead(reading) =>
            {
                return false;
            }
            (None, Some(_)) => {
                let ends = ends.or(self.window.map(|window| window.ends)).unwrap_or(now + USUAL_WINDOW);
                // Nothing of this window had been heard yet; what was spent in it stays.
                let spent = (self.spent, self.unplaced);
                self.open(reading, ends);
                (self.spent, self.unplaced) = (spent.0 + 1, spent.1);
            }
            (_, None) => {
                self.spent += 1;
                let ends = now + USUAL_WINDOW;
                self.window.get_or_insert(Window { reset: None, ends, since: None, remaining: None });
            }
        }
        true
    }

    /// Whether the window of a reading was still open when it was sent. Then even a reset before the last one is
    /// new: Okta's clock was set back.
    fn is_ahead(&self, reading: &Reading) -> bool {
        self.past_reset != reading.reset && reading.until_reset().is_some_and(|left| !left.is_zero())
    }

    /// A window that has just counted one answered request of ours.
    fn open(&mut self, reading: &Reading, ends: Moment) {
        if let Some(past) = self.window.and_then(|window| window.reset) {
            self.past_reset = Some(past);
        }
        self.window = Some(Window { reset: reading.reset, ends, since: reading.date, remaining: None });
        self.spent = 1 + std::mem::take(&mut self.unplaced);
        self.shared_for = self.shared_for.saturating_sub(1);
    }

    fn roll(&mut self, now: Moment) {
        if self.held_until.is_some_and(|until| until <= now) {
            self.held_until = None;
        }
        if let Some(window) = self.window.filter(|window| window.ends <= now) {
            self.past_reset = window.reset.or(self.past_reset);
            self.window = None;
            self.spent = std::mem::take(&mut self.unplaced);
        }
    }

    /// Our own requests per window.
    fn allowed(&self, limit: u32) -> u32 {
        let share = u64::from(limit) * u64::from(self.rules.budget) / 100;
        u32::try_from(share).unwrap_or(limit).max(1)
    }

    /// What is never spent.
    fn floor(&self, limit: u32) -> u32 {
        if self.shared_for == 0 {
            return 0;
        }
        let share = (u64::from(limit) * u64::from(self.rules.reserve)).div_ceil(100);
        u32::try_from(share).unwrap_or(limit)
    }
}

#[cfg(test)]
mod tests;
