//! The life of a connector: five axes, the events that move them, and the one label that people see.
//!
//! Pure: what time it is comes in with each event. A connector is never disabled by itself; when syncs keep failing
//! the pauses between tries grow, never beyond the schedule's own, and the label says since when.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Failures in a row after which the label is an error and somebody is told.
pub(crate) const TELL_AFTER: u32 = 3;
/// First pause after a transient failure; doubles with each further one.
const FIRST_BACK_OFF: SignedDuration = SignedDuration::from_secs(60);
/// Data is stale when no sync succeeded for twice the interval, and never before this.
const STALE_AT_LEAST: SignedDuration = SignedDuration::from_hours(2);

/// Whether the settings work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setup {
    /// Never saved.
    #[default]
    Incomplete,
    /// The last check passed.
    Valid,
    /// Okta refuses what once worked.
    Invalid,
}

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Run {
    /// Nothing.
    #[default]
    Idle,
    /// A sync waits for a worker.
    Queued,
    /// Pages are read.
    Syncing,
    /// Everything was read; it is compared and taken over.
    Processing,
    /// Somebody asked to stop.
    Cancelling,
}

/// What keeps syncs from running, or a result from being shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// Nothing.
    #[default]
    None,
    /// A person paused it.
    PausedByUser,
    /// The newest sync would remove too much: somebody has to look.
    Anomaly,
}

/// How the last sync ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Last {
    /// There was none.
    #[default]
    None,
    /// Well.
    Succeeded,
    /// Well, with something to look at.
    SucceededWithWarnings,
    /// Trying again may cure it.
    FailedTransient,
    /// Somebody has to change something.
    FailedConfig,
    /// A person stopped it.
    Cancelled,
}

/// All axes of one connector.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Life {
    /// Settings.
    pub setup: Setup,
    /// Activity.
    pub run: Run,
    /// Hold.
    pub hold: Hold,
    /// Last result.
    pub last: Last,
    /// When a sync with data was last taken over: what pages show is of then.
    pub good_at: Option<Timestamp>,
    /// What is shown has something to look at: it is empty, or signs say that the token sees less than there is.
    pub attention: bool,
    /// Failures since the last success.
    pub failures: u32,
    /// First of these failures.
    pub failing_since: Option<Timestamp>,
    /// When the next sync is due; nothing while held or not set up.
    pub next_at: Option<Timestamp>,
    /// The next sync is a retry after a failure, ahead of the schedule.
    pub retrying: bool,
}

/// What happens to a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Settings passed their checks and were saved.
    Saved,
    /// Somebody or something wants a sync.
    Wanted {
        /// A person asked: back-off does not matter.
        by_person: bool,
    },
    /// A worker took the sync.
    Claimed,
    /// All pages are in.
    Fetched,
    /// The result was taken over.
    Committed {
        /// Something to look at, an empty result included.
        warnings: bool,
    },
    /// The result was put aside: it would remove too much.
    Held,
    /// The sync failed, and trying again may help.
    FailedTransient,
    /// The sync failed on something that somebody has to change.
    FailedConfig,
    /// Stop the sync.
    Cancel,
    /// It stopped.
    Cancelled,
    /// The worker is gone; the sync begins anew.
    Lost,
    /// Pause.
    Pause,
    /// Go on.
    Resume,
    /// The result put aside is right: take it over.
    Confirm {
        /// Something to look at, an empty result included.
        warnings: bool,
    },
    /// The result put aside is wrong: drop it.
    Discard,
}

/// Why an event cannot happen now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing to sync with.
    #[error("its set-up is not finished")]
    NotSetUp,
    /// Paused.
    #[error("it is paused")]
    Paused,
    /// A held result waits for somebody.
    #[error("a sync is held until somebody confirms or discards it")]
    Anomaly,
    /// Too early after a failure.
    #[error("it waits after a failure")]
    BackOff,
    /// The event does not fit what is going on.
    #[error("nothing is going on that this could end")]
    NotNow,
}

/// How often syncs run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// When the schedule would start the next sync.
    pub next: Timestamp,
    /// The time between two of them.
    pub interval: SignedDuration,
}

impl Life {
    /// Whether a sync is queued or under way.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.run != Run::Idle
    }

    /// Whether a sync is due.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.run == Run::Idle && self.hold == Hold::None && self.next_at.is_some_and(|next| next <= now)
    }

    /// Whether what is shown is older than it should be.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp, interval: SignedDuration) -> bool {
        let limit = interval.saturating_mul(2).max(STALE_AT_LEAST);
        self.good_at.is_some_and(|at| now.duration_since(at) > limit)
    }

    /// Moves the axes, or says why not; then nothing has changed.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn apply(&mut self, event: Event, now: Timestamp, pace: Pace) -> Result<(), Refusal> {
        match event {
            Event::Saved => {
                self.setup = Setup::Valid;
                if self.run == Run::Idle && self.hold == Hold::None {
                    self.run = Run::Queued;
                }
            }
            Event::Wanted { by_person } => self.wanted(by_person, now)?,
            Event::Claimed => self.step(&[Run::Queued], Run::Syncing)?,
            Event::Fetched => self.step(&[Run::Syncing], Run::Processing)?,
            Event::Committed { warnings } => {
                self.step(&[Run::Processing], Run::Idle)?;
                self.succeeded(warnings, now);
                self.schedule(pace);
            }
            Event::Held => {
                self.step(&[Run::Processing], Run::Idle)?;
                self.hold = Hold::Anomaly;
                self.next_at = None;
                // Everything was read: whatever failed before does so no more.
                self.worked();
            }
            Event::FailedTransient => {
                self.step(&[Run::Syncing, Run::Processing], Run::Idle)?;
                self.failed(Last::FailedTransient, now);
                self.back_off(now, pace);
            }
            Event::FailedConfig => {
                self.step(&[Run::Syncing, Run::Processing], Run::Idle)?;
                self.failed(Last::FailedConfig, now);
                self.setup = Setup::Invalid;
                self.schedule(pace);
            }
            Event::Cancel => match self.run {
                Run::Queued => {
                    self.run = Run::Idle;
                    self.last = Last::Cancelled;
                    self.schedule(pace);
                }
                Run::Syncing => self.run = Run::Cancelling,
                _ => return Err(Refusal::NotNow),
            },
            Event::Cancelled => {
                self.step(&[Run::Cancelling, Run::Syncing], Run::Idle)?;
                self.last = Last::Cancelled;
                self.schedule(pace);
            }
            Event::Lost => self.step(&[Run::Syncing, Run::Processing], Run::Queued)?,
            Event::Pause => {
                if self.hold != Hold::None {
                    return Err(if self.hold == Hold::Anomaly { Refusal::Anomaly } else { Refusal::Paused });
                }
                self.hold = Hold::PausedByUser;
                self.next_at = None;
            }
            Event::Resume => {
                if self.hold != Hold::PausedByUser {
                    return Err(Refusal::NotNow);
                }
                self.hold = Hold::None;
                self.schedule(pace);
            }
            Event::Confirm { .. } | Event::Discard => {
                if self.hold != Hold::Anomaly {
                    return Err(Refusal::NotNow);
                }
                self.hold = Hold::None;
                if let Event::Confirm { warnings } = event {
                    self.succeeded(warnings, now);
                }
                self.schedule(pace);
            }
        }
        Ok(())
    }

    fn wanted(&mut self, by_person: bool, now: Timestamp) -> Result<(), Refusal> {
        match (self.setup, self.hold) {
            (Setup::Incomplete, _) => return Err(Refusal::NotSetUp),
            (_, Hold::PausedByUser) => return Err(Refusal::Paused),
            (_, Hold::Anomaly) => return Err(Refusal::Anomaly),
            _ => {}
        }
        if self.run != Run::Idle {
            // One that is queued or under way serves this wish too.
            return Ok(());
        }
        if !by_person && self.retrying && self.next_at.is_some_and(|next| next > now) {
            return Err(Refusal::BackOff);
        }
        self.run = Run::Queued;
        Ok(())
    }

    fn step(&mut self, from: &[Run], to: Run) -> Result<(), Refusal> {
        if !from.contains(&self.run) {
            return Err(Refusal::NotNow);
        }
        self.run = to;
        Ok(())
    }

    fn succeeded(&mut self, warnings: bool, now: Timestamp) {
        self.last = if warnings { Last::SucceededWithWarnings } else { Last::Succeeded };
        self.attention = warnings;
        self.good_at = Some(now);
        self.worked();
    }

    fn worked(&mut self) {
        self.setup = Setup::Valid;
        self.failures = 0;
        self.failing_since = None;
    }

    fn failed(&mut self, last: Last, now: Timestamp) {
        self.last = last;
        self.failures = self.failures.saturating_add(1);
        self.failing_since.get_or_insert(now);
    }

    fn schedule(&mut self, pace: Pace) {
        self.retrying = false;
        self.next_at = (self.hold == Hold::None && self.setup != Setup::Incomplete).then_some(pace.next);
    }

    fn back_off(&mut self, now: Timestamp, pace: Pace) {
        self.schedule(pace);
        let doublings = self.failures.saturating_sub(1).min(16);
        let pause = FIRST_BACK_OFF.saturating_mul(1 << doublings).min(pace.interval);
        let retry = now.saturating_add(pause).unwrap_or(pace.next);
        if self.next_at.is_some_and(|next| retry < next) {
            self.next_at = Some(retry);
            self.retrying = true;
        }
    }

    /// The one label, first match wins. A sync that a person stopped says nothing about the ones before it, so what
    /// fails, and what wants a look, is not read from the last result.
    #[must_use]
    pub fn label(&self, now: Timestamp, interval: SignedDuration) -> Label {
        match (self.run, self.hold) {
            (Run::Queued | Run::Syncing | Run::Cancelling, _) => return Label::Syncing,
            (Run::Processing, _) => return Label::Processing,
            (Run::Idle, Hold::PausedByUser | Hold::Anomaly) => return Label::Paused,
            (Run::Idle, Hold::None) => {}
        }
        let attention = self.attention || self.last == Last::SucceededWithWarnings;
        match (self.good_at.is_some(), self.setup) {
            (false, Setup::Incomplete | Setup::Invalid) => Label::NotConnected,
            (true, Setup::Invalid) => Label::Error,
            _ if self.failures >= TELL_AFTER => Label::Error,
            _ if self.failures > 0 => Label::Retrying,
            (false, _) => Label::NotConnected,
            _ if self.is_stale(now, interval) => Label::Stale,
            _ if attention => Label::NeedsAttention,
            _ => Label::Connected,
        }
    }
}

/// What people see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// Set-up is not finished, or no sync has brought data.
    NotConnected,
    /// A sync is queued or under way.
    Syncing,
    /// A sync is being compared and taken over.
    Processing,
    /// Paused, by a person or by a held sync.
    Paused,
    /// Somebody has to do something.
    Error,
    /// Failed, will try again by itself.
    Retrying,
    /// What is shown is old.
    Stale,
    /// Connected, with something to look at.
    NeedsAttention,
    /// Credentials work and a sync with data was taken over.
    Connected,
}

impl Label {
    /// Words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::NotConnected => "Not connected",
            Self::Syncing => "Syncing",
            Self::Processing => "Processing",
            Self::Paused => "Paused",
            Self::Error => "Error",
            Self::Retrying => "Retrying",
            Self::Stale => "Stale",
            Self::NeedsAttention => "Connected — needs attention",
            Self::Connected => "Connected",
        }
    }

    /// A sign, so that colour is never alone.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::NotConnected => "○",
            Self::Syncing => "↻",
            Self::Processing => "⋯",
            Self::Paused => "‖",
            Self::Error => "✕",
            Self::Retrying => "!",
            Self::Stale => "◷",
            Self::NeedsAttention | Self::Connected => "✓",
        }
    }

    /// The colour's name in the style sheet.
    #[must_use]
    pub fn tone(self) -> &'static str {
        match self {
            Self::NotConnected => "grey",
            Self::Syncing | Self::Processing => "blue",
            Self::Paused | Self::Retrying | Self::Stale => "amber",
            Self::Error => "red",
            Self::NeedsAttention | Self::Connected => "green",
        }
    }
}

#[cfg(test)]
mod tests;
