//! How a governor is told to behave, and what it tells.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::BucketName;

/// Who is told that a request waits.
pub type OnWait = Arc<dyn Fn(&Waiting) + Send + Sync>;

/// How the governor of one org behaves.
#[derive(Clone)]
#[non_exhaustive]
pub struct GovernorConfig {
    /// Share of each bucket that this client may use, in percent of `X-Rate-Limit-Limit` as received; 1 to 100,
    /// others are clamped. Default 50.
    ///
    /// Okta gives a token by default half of a bucket. Where the header names the org's limit, 50 is therefore the
    /// token's whole share; where it already names the token's share, 50 is half of that half.
    pub rate_budget: u8,
    /// Share of a bucket that is left to others as soon as others are seen to use it, in percent. Default 10.
    pub reserve: u8,
    /// Requests under way at once, over all buckets. Default 10; Okta's cap for the whole org is 35 on free plans.
    pub in_flight: usize,
    /// Added to Okta's reset before the next window is used. Default 1 s.
    pub margin: Duration,
    /// At most this much is added at random to every wait for a window, so that clients of one org do not all
    /// start at once. Default 500 ms.
    pub jitter: Duration,
    /// Seed of that randomness; draw it from the system.
    pub seed: u64,
    /// Told whenever a request starts waiting for a window.
    pub on_wait: Option<OnWait>,
}

impl Default for GovernorConfig {
    fn default() -> Self {
        Self {
            rate_budget: 50,
            reserve: 10,
            in_flight: 10,
            margin: Duration::from_secs(1),
            jitter: Duration::from_millis(500),
            seed: 0,
            on_wait: None,
        }
    }
}

impl fmt::Debug for GovernorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GovernorConfig")
            .field("rate_budget", &self.rate_budget)
            .field("reserve", &self.reserve)
            .field("in_flight", &self.in_flight)
            .field("margin", &self.margin)
            .field("jitter", &self.jitter)
            .finish_non_exhaustive()
    }
}

/// A request waits for the next window of its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// The bucket.
    pub bucket: BucketName,
    /// How long, from now.
    pub wait: Duration,
    /// Okta's own time of the reset, if it told.
    pub until: Option<Timestamp>,
}

/// What happened in one bucket since the governor was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketStats {
    /// The bucket.
    pub bucket: BucketName,
    /// Requests sent, retries among them.
    pub requests: u64,
    /// Requests that were repetitions.
    pub retries: u64,
    /// Answers 429 of both kinds.
    pub refusals: u64,
    /// Times a request waited for a window.
    pub waits: u64,
    /// The time that took, in sum.
    pub waited: Duration,
    /// Requests under way.
    pub in_flight: u32,
    /// `X-Rate-Limit-Limit` as last heard.
    pub limit: Option<u32>,
    /// Requests that we allow ourselves per window.
    pub allowance: Option<u32>,
    /// `X-Rate-Limit-Remaining` as last heard in the window that runs.
    pub remaining: Option<u32>,
    /// `X-Rate-Limit-Reset` as last heard.
    pub reset: Option<Timestamp>,
}
