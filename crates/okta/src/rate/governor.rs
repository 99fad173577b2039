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
        let mut announced = false;
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
                    if !announced {
                        announced = true;
                        lane.state().counts.waits += 1;
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
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Headers of an answer that Okta sent `age` seconds after an arbitrary start.
    fn headers(age: i64, limit: u32, remaining: u32, reset: i64) -> HeaderMap {
        let date = timestamp(1_800_000_000 + age).unwrap();
        let mut headers = HeaderMap::new();
        let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        for (name, value) in [
            ("date", date),
            ("x-rate-limit-limit", limit.to_string()),
            ("x-rate-limit-remaining", remaining.to_string()),
            ("x-rate-limit-reset", (1_800_000_000 + reset).to_string()),
        ] {
            headers.insert(name, HeaderValue::from_str(&value).unwrap());
        }
        headers
    }

    fn governor(change: impl FnOnce(&mut GovernorConfig)) -> Governor {
        let mut config =
            GovernorConfig { rate_budget: 100, jitter: Duration::ZERO, ..GovernorConfig::default() };
        change(&mut config);
        Governor::new(config)
    }

    const PATIENT: Duration = Duration::from_secs(600);

    #[tokio::test(start_paused = true)]
    async fn the_budget_of_a_window_is_kept_and_the_next_one_used() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = Arc::clone(&told);
        let governor = governor(|config| {
            config.rate_budget = 50;
            config.on_wait = Some(Arc::new(move |waiting| tell.lock().unwrap().push(*waiting)));
        });
        let cancel = CancellationToken::new();
        let start = Instant::now();
        for sent in 0..11 {
            let mut ticket = governor.admit(BucketName::Apps, PATIENT, &cancel).await.unwrap();
            if sent < 10 {
                assert_eq!(start.elapsed(), Duration::ZERO);
                ticket.heard(200, &headers(0, 20, 19 - sent, 60));
            } else {
                // Reset − Date + 1 s, by Okta's clock and in our time.
                assert_eq!(start.elapsed(), Duration::from_secs(61));
                assert_eq!(ticket.waited, Duration::from_secs(61));
            }
        }
        let stats = governor.stats();
        assert_eq!((stats[0].requests, stats[0].waits, stats[0].allowance), (11, 1, Some(10)));
        let expected = Waiting {
            bucket: BucketName::Apps,
            wait: Duration::from_secs(61),
            until: timestamp(1_800_000_060),
        };
        assert_eq!(*told.lock().unwrap(), [expected]);
    }

    #[tokio::test(start_paused = true)]
    async fn x6_only_the_bucket_that_runs_dry_waits() {
        let governor = governor(|_| {});
        let cancel = CancellationToken::new();
        for name in [BucketName::Apps, BucketName::Groups] {
            let mut ticket = governor.admit(name, PATIENT, &cancel).await.unwrap();
            // 5 % left of the one: the others of the org use it.
            ticket.heard(200, &headers(0, 100, if name == BucketName::Apps { 5 } else { 90 }, 30));
        }
        let start = Instant::now();
        drop(governor.admit(BucketName::Groups, PATIENT, &cancel).await.unwrap());
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(governor.admit(BucketName::Apps, PATIENT, &cancel).await.unwrap());
        assert_eq!(start.elapsed(), Duration::from_secs(31));
    }

    #[tokio::test(start_paused = true)]
    async fn until_the_first_answer_requests_go_one_by_one_and_then_to_the_cap() {
        let governor = governor(|config| config.in_flight = 4);
        let together = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..20)
            .map(|task| {
                let (governor, together) = (governor.clone(), Arc::clone(&together));
                tokio::spawn(async move {
                    let cancel = CancellationToken::new();
                    let mut ticket = governor.admit(BucketName::Groups, PATIENT, &cancel).await.unwrap();
                    let now = together.fetch_add(1, Ordering::SeqCst) + 1;
                    tokio::time::sleep(Duration::from_millis(10 + task % 3)).await;
                    together.fetch_sub(1, Ordering::SeqCst);
                    ticket.heard(200, &headers(0, 1000, 900, 60));
                    now
                })
            })
            .collect();
        let mut seen = Vec::new();
        for task in tasks {
            seen.push(task.await.unwrap());
        }
        assert_eq!(seen[0], 1);
        assert_eq!(seen.iter().max(), Some(&4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_at_cancellation_and_never_starts_beyond_patience() {
        let governor = governor(|_| {});
        let cancel = CancellationToken::new();
        governor
            .admit(BucketName::Logs, PATIENT, &cancel)
            .await
            .unwrap()
            .heard(429, &headers(0, 50, 0, 3600));
        let refused = governor.admit(BucketName::Logs, PATIENT, &cancel).await.err();
        assert_eq!(refused, Some(Refusal::TooLong { reset: timestamp(1_800_003_600) }));

        let start = Instant::now();
        let waiting = tokio::spawn({
            let (governor, cancel) = (governor.clone(), cancel.clone());
            async move { governor.admit(BucketName::Logs, PATIENT * 10, &cancel).await.err() }
        });
        tokio::time::sleep(Duration::from_secs(5)).await;
        cancel.cancel();
        assert_eq!(waiting.await.unwrap(), Some(Refusal::Cancelled));
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        // Nobody is left at the turnstile.
        let fresh = CancellationToken::new();
        assert!(governor.admit(BucketName::Logs, PATIENT * 10, &fresh).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_date_the_last_one_serves() {
        let governor = governor(|_| {});
        let cancel = CancellationToken::new();
        governor
            .admit(BucketName::Rest, PATIENT, &cancel)
            .await
            .unwrap()
            .heard(200, &headers(0, 100, 99, 60));
        tokio::time::sleep(Duration::from_secs(10)).await;
        let mut dateless = headers(0, 100, 0, 60);
        dateless.remove("date");
        let mut ticket = governor.admit(BucketName::Apps, PATIENT, &cancel).await.unwrap();
        assert_eq!(ticket.heard(429, &dateless).unwrap().until_reset(), Some(Duration::from_secs(50)));
    }
}
