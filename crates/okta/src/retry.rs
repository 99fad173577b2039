//! How often and how long a request is repeated.

use std::time::Duration;

use rand::Rng;

use crate::error::Error;
use crate::reply::Leg;

/// Limits of repetition, per request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts in all when the network or Okta's servers fail. Default 5. A 429 does not count, only patience does.
    pub attempts: u32,
    /// Attempts after which a 500 or 504 on a page makes the page smaller instead. Default 2.
    pub attempts_per_page_size: u32,
    /// First pause of the exponential backoff. Default 1 s.
    pub base: Duration,
    /// Longest single pause of the backoff. Default 30 s.
    pub ceiling: Duration,
    /// Sum of all pauses after which a request gives up. Default 10 min.
    pub max_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            attempts_per_page_size: 2,
            base: Duration::from_secs(1),
            ceiling: Duration::from_secs(30),
            max_wait: Duration::from_secs(600),
        }
    }
}

impl RetryPolicy {
    /// The pause before repetition number `count` (from 0): doubling from the base up to the ceiling, and up to
    /// half of it more at random. Never zero, unless the base is.
    pub(crate) fn backoff(&self, count: u32, rng: &mut impl Rng) -> Duration {
        let doubled = self.base.saturating_mul(2u32.saturating_pow(count.min(30)));
        doubled.min(self.ceiling).mul_f64(1.0 + rng.random::<f64>() / 2.0)
    }
}

/// What an attempt that failed means for the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Give the error to the caller.
    Final,
    /// Try again after a backoff; counts as an attempt.
    Fault,
    /// Refused for the rate; try again when the bucket is open.
    Rate,
}

/// Judges a failure. A write that may have reached Okta is never repeated here: only its caller can find out
/// whether it took effect. `repeatable` is said of requests that change nothing.
pub(crate) fn judge(error: &Error, repeatable: bool) -> Verdict {
    match error {
        // Okta refuses these before it does anything.
        Error::RateLimited { .. } => Verdict::Rate,
        Error::Transport { leg: Leg::RefusedAddress | Leg::Tls | Leg::ProxyCredentials, .. } => {
            Verdict::Final
        }
        Error::Transport { leg, .. } if leg.is_unsent() || repeatable => Verdict::Fault,
        Error::Server(_) | Error::ReadOnly(_) if repeatable => Verdict::Fault,
        _ => Verdict::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    #[test]
    fn the_backoff_doubles_to_its_ceiling() {
        let policy = RetryPolicy::default();
        let mut rng = SmallRng::seed_from_u64(1);
        for (count, seconds) in
            [(0, 1.0), (1, 2.0), (2, 4.0), (4, 16.0), (5, 30.0), (31, 30.0), (u32::MAX, 30.0)]
        {
            for _ in 0..50 {
                let pause = policy.backoff(count, &mut rng).as_secs_f64();
                assert!((seconds..=seconds * 1.5).contains(&pause), "{count}: {pause}");
            }
        }
    }

    #[test]
    fn writes_are_repeated_only_when_they_cannot_have_happened() {
        let failed =
            |leg| Error::Transport { leg, method: Method::POST, target: "/".into(), detail: String::new() };
        for leg in [Leg::Dns, Leg::Connect] {
            assert_eq!(judge(&failed(leg), false), Verdict::Fault);
        }
        for leg in [Leg::Timeout, Leg::Broken] {
            assert_eq!(judge(&failed(leg), false), Verdict::Final);
            assert_eq!(judge(&failed(leg), true), Verdict::Fault);
            assert!(failed(leg).outcome_unknown());
        }
        assert_eq!(judge(&failed(Leg::RefusedAddress), true), Verdict::Final);
    }
}
