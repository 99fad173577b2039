//! Rate buckets and their windows.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::route::Bucket;

/// Requests allowed in each bucket per window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// `/api/v1/apps*`.
    pub apps: u32,
    /// `/api/v1/apps/{id}`.
    pub app_by_id: u32,
    /// `/api/v1/groups*`.
    pub groups: u32,
    /// `/api/v1/groups/{id}`.
    pub group_by_id: u32,
    /// `/api/v1/users` and below.
    pub users: u32,
    /// `GET /api/v1/users/{id}`.
    pub user_by_id: u32,
    /// Writes to `/api/v1/users/{id}`.
    pub user_write: u32,
    /// `/api/v1/logs`.
    pub logs: u32,
    /// `/api/v1/iam*`; Okta does not publish this one.
    pub iam: u32,
    /// `/oauth2/v1/token`; Okta does not publish this one.
    pub access_token: u32,
    /// `/oauth2/v1/clients*`.
    pub clients: u32,
    /// Everything else.
    pub rest: u32,
}

impl RateLimits {
    /// The last published defaults of a Workforce org.
    pub const WORKFORCE: Self = Self {
        apps: 100,
        app_by_id: 500,
        groups: 500,
        group_by_id: 1000,
        users: 600,
        user_by_id: 2000,
        user_write: 600,
        logs: 120,
        iam: 600,
        access_token: 600,
        clients: 100,
        rest: 1200,
    };

    /// The last published defaults of a free (Integrator) org.
    pub const INTEGRATOR: Self = Self {
        apps: 20,
        app_by_id: 100,
        groups: 100,
        group_by_id: 100,
        users: 100,
        user_by_id: 100,
        user_write: 100,
        logs: 20,
        iam: 100,
        access_token: 100,
        clients: 25,
        rest: 100,
    };

    /// Limits that no test reaches, for benchmarks.
    pub const UNLIMITED: Self = Self::all(1_000_000_000);

    /// The same limit for every bucket.
    pub const fn all(limit: u32) -> Self {
        Self {
            apps: limit,
            app_by_id: limit,
            groups: limit,
            group_by_id: limit,
            users: limit,
            user_by_id: limit,
            user_write: limit,
            logs: limit,
            iam: limit,
            access_token: limit,
            clients: limit,
            rest: limit,
        }
    }

    /// The limit of one bucket.
    pub fn of(&self, bucket: Bucket) -> u32 {
        match bucket {
            Bucket::Apps => self.apps,
            Bucket::AppById => self.app_by_id,
            Bucket::Groups => self.groups,
            Bucket::GroupById => self.group_by_id,
            Bucket::Users => self.users,
            Bucket::UserById => self.user_by_id,
            Bucket::UserWrite => self.user_write,
            Bucket::Logs => self.logs,
            Bucket::Iam => self.iam,
            Bucket::AccessToken => self.access_token,
            Bucket::Clients => self.clients,
            Bucket::Rest => self.rest,
        }
    }
}

/// What the three rate headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Seconds since 1970, rounded up.
    pub(crate) reset: i64,
    pub(crate) exceeded: bool,
}

#[derive(Clone, Debug)]
struct Window {
    ends: Timestamp,
    used: u32,
    used_by: HashMap<String, u32>,
}

/// The windows of all buckets: each begins at its first use and is shared by the whole org.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rate {
    windows: HashMap<Bucket, Window>,
}

impl Rate {
    /// Draws one request. `share` is the part of a bucket, in percent, that one token may use.
    pub(crate) fn draw(
        &mut self,
        bucket: Bucket,
        token: &str,
        now: Timestamp,
        (limit, share, length): (u32, u32, Duration),
    ) -> Allowance {
        let fresh = || Window { ends: now + length, used: 0, used_by: HashMap::new() };
        let window = self.windows.entry(bucket).or_insert_with(fresh);
        if now >= window.ends {
            *window = fresh();
        }
        let by_token = window.used_by.entry(token.to_owned()).or_default();
        let own_limit = u32::try_from(u64::from(limit) * u64::from(share) / 100).unwrap_or(limit);
        let exceeded = window.used >= limit || *by_token >= own_limit;
        if !exceeded {
            window.used += 1;
            *by_token += 1;
        }
        let remaining = limit.saturating_sub(window.used).min(own_limit.saturating_sub(*by_token));
        let reset = window.ends.as_second() + i64::from(window.ends.subsec_nanosecond() > 0);
        Allowance { limit: own_limit, remaining, reset, exceeded }
    }

    pub(crate) fn clear(&mut self) {
        self.windows.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_window_begins_at_first_use_and_ends_by_the_clock() {
        let mut rate = Rate::default();
        let start: Timestamp = "2026-09-01T08:00:00.500Z".parse().unwrap();
        let mut draw = |at, token| rate.draw(Bucket::Apps, token, at, (2, 100, MINUTE));
        let first = draw(start, "a");
        assert_eq!((first.limit, first.remaining, first.exceeded), (2, 1, false));
        assert_eq!(first.reset, start.as_second() + 61);
        assert_eq!(draw(start, "b").remaining, 0);
        assert!(draw(start + MINUTE - Duration::from_millis(1), "b").exceeded);
        assert!(!draw(start + MINUTE, "b").exceeded);
    }

    #[test]
    fn a_token_has_its_share() {
        let mut rate = Rate::default();
        let start: Timestamp = "2026-09-01T08:00:00Z".parse().unwrap();
        let mut draw = |token| rate.draw(Bucket::Apps, token, start, (4, 50, MINUTE));
        assert_eq!((draw("a").limit, draw("a").remaining), (2, 0));
        assert!(draw("a").exceeded);
        assert!(!draw("b").exceeded && !draw("b").exceeded && draw("b").exceeded);
        assert!(draw("c").exceeded, "the bucket is empty");
    }
}
