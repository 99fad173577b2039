//! Makes requests wait their turn: one queue per bucket, one cap over all.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::bucket::{Bucket, Moment, Rules, Turn};
use super::{BucketName, BucketStats, GovernorConfig, Reading, Waiting, server_date};

/// A wait that grows by more than this is told anew.
const TOLD_ANEW: Duration = Duration::from_secs(5);

/// Keeps all requests to one org inside its limits. Clones share their state: give every client of the same org
/// the same governor.
#[derive(Clone)]
pub struct Governor {
    shared: Arc<Shared>,
}

struct Shared {
    config: GovernorConfig,
    start: Instant,
    lanes: Mutex<HashMap<BucketName, Arc<Lane>>>,
    cap: Arc<Semaphore>,
    rng: Mutex<SmallRng>,
    /// Okta's clock as last heard: its seconds at one of our moments.
    clock: Mutex<Option<(Moment, i64)>>,
}

/// A bucket and those who wait for it. Whoever holds the turnstile is next; the lock is fair, so nobody starves.
struct Lane {
    turnstile: tokio::sync::Mutex<()>,
    news: Notify,
    state: Mutex<LaneState>,
}

struct LaneState {
    bucket: Bucket,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    requests: u64,
    retries: u64,
    refusals: u64,
    waits: u64,
    waited: Duration,
    in_flight: u32,
}

/// Why a request was not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The caller cancelled.
    Cancelled,
    /// The window opens later than the request is ready to wait.
    TooLong { reset: Option<Timestamp> },
}

impl Governor {
    /// A governor that knows nothing of the org yet.
    #[must_use]
    pub fn new(config: GovernorConfig) -> Self {
        let cap = Arc::new(Semaphore::new(config.in_flight.clamp(1, Semaphore::MAX_PERMITS)));
        let rng = Mutex::new(SmallRng::seed_from_u64(config.seed));
        Self {
            shared: Arc::new(Shared {
                config,
                start: Instant::now(),
                lanes: Mutex::default(),
                cap,
                rng,
                clock: Mutex::default(),
            }),
        }
    }

    /// The counters of every bucket used so far, in a fixed order.
    #[must_use]
    pub fn stats(&self) -> Vec<BucketStats> {
        let lanes: Vec<_> =
            lock(&self.shared.lanes).iter().map(|(name, lane)| (*name, Arc::clone(lane))).collect();
        let mut stats: Vec<_> = lanes.into_iter().map(|(name, lane)| lane.stats(name)).collect();
        stats.sort_by_key(|stats| stats.bucket);
        stats
    }

    /// Waits until a request may go. `patience` bounds a single wait for a window, not the queue before it.
    pub(crate) async fn admit(
        &self,
        name: BucketName,
        patience: Duration,
        cancel: &CancellationToken,
    ) -> Result<Ticket, Refusal> {
        let lane = self.lane(name);
        let mut waited = Duration::ZERO;
        {
            let _turn = cancel.run_until_cancelled(lane.turnstile.lock()).await.ok_or(Refusal::Cancelled)?;
            // Between "may go" and "goes" lies the cap over all buckets, where time can pass.
            let permit = loop {
                self.await_turn(&lane, name, patience, &mut waited, cancel).await?;
                let permit = cancel
                    .run_until_cancelled(Arc::clone(&self.shared.cap).acquire_owned())
                    .await
                    .ok_or(Refusal::Cancelled)?;
                let now = self.now();
                let mut state = lane.state();
                if state.bucket.turn(now) == Turn::Go {
                    state.bucket.take(now);
                    state.counts.requests += 1;
                    state.counts.in_flight += 1;
                    break permit;
                }
            };
            Ok(Ticket {
                governor: self.clone(),
                lane: Arc::clone(&lane),
                waited,
                settled: false,
                _permit: permit.ok(),
            })
        }
    }

    async fn await_turn(
        &self,
        lane: &Lane,
        name: BucketName,
        patience: Duration,
        waited: &mut Duration,
        cancel: &CancellationToken,
    ) -> Result<(), Refusal> {
        let mut announced: Option<Moment> = None;
        loop {
            let news = lane.news.notified();
            tokio::pin!(news);
            // From here on no answer goes unnoticed.
            news.as_mut().enable();
            let now = self.now();
            let (turn, reset) = {
                let mut state = lane.state();
                (state.bucket.turn(now), state.bucket.heard().2.and_then(timestamp))
            };
            match turn {
                Turn::Go => return Ok(()),
                Turn::AfterAnswer => {
                    cancel.run_until_cancelled(news).await.ok_or(Refusal::Cancelled)?;
                }
                Turn::Until(moment) => {
                    let wait = moment.saturating_sub(now) + self.jitter();
                    if wait > patience {
                        return Err(Refusal::TooLong { reset });
                    }
                    // A short hold may turn into a wait for the next window: whoever was told one hears of the other.
                    if announced.is_none_or(|told| moment > told + TOLD_ANEW) {
                        lane.state().counts.waits += u64::from(announced.is_none());
                        announced = Some(moment);
                        tracing::debug!(bucket = %name, wait_ms = wait.as_millis(), "waiting for the rate limit window");
                        if let Some(tell) = &self.shared.config.on_wait {
                            tell(&Waiting { bucket: name, wait, until: reset });
                        }
                    }
                    let sleep = async {
                        tokio::select! {
                            () = tokio::time::sleep(wait) => {}
                            () = news => {}
                        }
                    };
                    let done = cancel.run_until_cancelled(sleep).await;
                    let slept = self.now().saturating_sub(now);
                    *waited += slept;
                    lane.state().counts.waited += slept;
                    done.ok_or(Refusal::Cancelled)?;
                }
            }
        }
    }

    /// Keeps a bucket closed for a while, for a 429 that did not say how long.
    pub(crate) fn hold(&self, name: BucketName, wait: Duration) {
        let until = self.now() + wait;
        self.lane(name).state().bucket.hold(until);
    }

    pub(crate) fn count_retry(&self, name: BucketName) {
        self.lane(name).state().counts.retries += 1;
    }

    fn lane(&self, name: BucketName) -> Arc<Lane> {
        let config = &self.shared.config;
        let mut lanes = lock(&self.shared.lanes);
        let lane = lanes.entry(name).or_insert_with(|| {
            let rules = Rules {
                budget: config.rate_budget.clamp(1, 100),
                reserve: config.reserve.min(100),
                margin: config.margin,
            };
            Arc::new(Lane {
                turnstile: tokio::sync::Mutex::default(),
                news: Notify::new(),
                state: Mutex::new(LaneState { bucket: Bucket::new(rules), counts: Counts::default() }),
            })
        });
        Arc::clone(lane)
    }

    fn now(&self) -> Moment {
        self.shared.start.elapsed()
    }

    fn jitter(&self) -> Duration {
        let most = self.shared.config.jitter;
        if most.is_zero() { most } else { most.mul_f64(lock(&self.shared.rng).random::<f64>()) }
    }

    /// Okta's seconds now, as far as an earlier `Date` tells.
    fn server_now(&self, now: Moment) -> Option<i64> {
        let (then, seconds) = (*lock(&self.shared.clock))?;
        Some(seconds + i64::try_from(now.saturating_sub(then).as_secs()).unwrap_or(i64::MAX / 2))
    }
}

impl fmt::Debug for Governor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Governor").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

impl Lane {
    fn state(&self) -> MutexGuard<'_, LaneState> {
        lock(&self.state)
    }

    fn stats(&self, bucket: BucketName) -> BucketStats {
        let state = self.state();
        let (limit, remaining, reset) = state.bucket.heard();
        BucketStats {
            bucket,
            requests: state.counts.requests,
            retries: state.counts.retries,
            refusals: state.counts.refusals,
            waits: state.counts.waits,
            waited: state.counts.waited,
            in_flight: state.counts.in_flight,
            limit,
            allowance: state.bucket.allowance(),
            remaining,
            reset: reset.and_then(timestamp),
        }
    }
}

/// The right to one request. It counts as under way until dropped.
pub(crate) struct Ticket {
    governor: Governor,
    lane: Arc<Lane>,
    /// Time spent waiting for windows.
    pub(crate) waited: Duration,
    settled: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Ticket {
    /// Takes note of the headers of the answer, as soon as they are there.
    pub(crate) fn heard(&mut self, status: u16, headers: &HeaderMap) -> Option<Reading> {
        let now = self.governor.now();
        let reading = Reading::from_headers(headers, self.governor.server_now(now));
        if let Some(date) = server_date(headers) {
            *lock(&self.governor.shared.clock) = Some((now, date));
        }
        let refused = status == 429;
        self.settle(now, true, reading.as_ref(), refused);
        reading
    }

    fn settle(&mut self, now: Moment, answered: bool, reading: Option<&Reading>, refused: bool) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        {
            let mut state = self.lane.state();
            state.bucket.settle(now, answered, reading, refused);
            state.counts.refusals += u64::from(refused);
            state.counts.in_flight = state.counts.in_flight.saturating_sub(1);
        }
        self.lane.news.notify_waiters();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let now = self.governor.now();
        self.settle(now, false, None, false);
    }
}

fn timestamp(epoch: i64) -> Option<Timestamp> {
    Timestamp::from_second(epoch).ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves counters, not invariants, behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
