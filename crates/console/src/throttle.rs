//! What strangers may do before they have signed in: how often one peer may knock, and how often a password is guessed.
//!
//! Wrong passwords are counted by account *and* by where they come from, so that guesses of others keep nobody out, and
//! alike for addresses that have an account and those that have none. Everything lies in memory, within bounds; each
//! process counts for itself.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

use axum::http::StatusCode;

use crate::{fresh, password, problem::Problem};

/// Requests of a peer at once, before it has signed in.
const BURST: f64 = 120.0;
/// Requests of a peer each second, in the long run.
const PER_SECOND: f64 = 2.0;
/// Peers and lanes that are remembered; beyond, the one that was idle longest is forgotten.
const MOST: usize = 10_000;
/// A lane without a guess for so long begins anew, in milliseconds.
const FORGET_MS: i64 = 60 * 60 * 1000;

/// Where guesses at one account come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// An address.
    Peer(IpAddr),
    /// A browser in which this account has signed in before, by the hash of its cookie.
    Browser(String),
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at_ms: i64,
}

#[derive(Debug, Clone, Copy)]
struct Guesses {
    failures: i32,
    locked_until: i64,
    at_ms: i64,
}

/// Counts of strangers' requests and guesses.
#[derive(Default)]
pub(crate) struct Throttle {
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
    guesses: Mutex<HashMap<(String, Source), Guesses>>,
}

/// One guess that was let through: it counts as wrong until it is shown to be right.
pub(crate) struct Guess {
    lane: (String, Source),
    /// Guesses of this lane in a row, this one included.
    pub(crate) failures: i32,
}

impl Throttle {
    /// Takes one token of a peer's bucket.
    ///
    /// # Errors
    /// 429 when it is empty.
    pub(crate) fn knock(&self, peer: IpAddr, now_ms: i64) -> Result<(), Problem> {
        let peer = network(peer);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(&peer) {
            make_room(&mut buckets, |bucket| bucket.at_ms);
        }
        let bucket = buckets.entry(peer).or_insert(Bucket { tokens: BURST, at_ms: now_ms });
        let passed = i32::try_from((now_ms - bucket.at_ms).clamp(0, FORGET_MS)).unwrap_or(0);
        bucket.tokens = (bucket.tokens + f64::from(passed) / 1000.0 * PER_SECOND).min(BURST);
        bucket.at_ms = now_ms;
        if bucket.tokens < 1.0 {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "throttled",
                "too many sign-ins from your network",
                format!("one address may begin {PER_SECOND} sign-ins a second in the long run"),
                "wait a minute, then try again",
            ));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// Lets a guess at an account through, whether the account exists or not.
    ///
    /// # Errors
    /// 429 while this lane waits after wrong guesses.
    pub(crate) fn guess(&self, email: &str, source: Source, now_ms: i64) -> Result<Guess, Problem> {
        let lane = (fresh::hash(&email.trim().to_lowercase()), source);
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if !guesses.contains_key(&lane) {
            make_room(&mut guesses, |guesses| guesses.at_ms);
        }
        let none = Guesses { failures: 0, locked_until: 0, at_ms: now_ms };
        let counted = guesses.entry(lane.clone()).or_insert(none);
        if now_ms - counted.at_ms > FORGET_MS {
            *counted = none;
        }
        if counted.locked_until > now_ms {
            let seconds = (counted.locked_until - now_ms) / 1000 + 1;
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "throttled",
                format!("too many wrong passwords: wait {seconds} s"),
                "sign-ins to this account from here wait longer after each wrong password",
                "wait, then try again; a browser that has signed in to this account before does not wait with you",
            ));
        }
        // Counted before it is looked at: guesses at the same moment learn no more than guesses one after the other.
        counted.failures = counted.failures.saturating_add(1);
        let wait = password::wait_ms(counted.failures);
        (counted.locked_until, counted.at_ms) = (if wait > 0 { now_ms + wait } else { 0 }, now_ms);
        Ok(Guess { lane, failures: counted.failures })
    }

    /// The guess was right: its lane is forgotten.
    pub(crate) fn right(&self, guess: &Guess) {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner).remove(&guess.lane);
    }
}

/// A whole customer's network of IPv6 counts as one peer.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

fn make_room<K: Clone + Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>, at: impl Fn(&V) -> i64) {
    if map.len() < MOST {
        return;
    }
    if let Some(oldest) = map.iter().min_by_key(|(_, value)| at(value)).map(|(key, _)| key.clone()) {
        map.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_peer_uses_up_its_own_bucket_only() {
        let throttle = Throttle::default();
        let let_in = |peer| (0..5_000).filter(|_| throttle.knock(peer, 0).is_ok()).count();
        assert_eq!(let_in(peer(1)), 120);
        assert!(throttle.knock(peer(2), 0).is_ok());
        assert!(throttle.knock(peer(1), 1_000).is_ok(), "it fills again");
        let v6 = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(network(v6("2001:db8:1:2:3::4")), network(v6("2001:db8:1:2:ffff::1")));
        assert_eq!(network(v6("::ffff:192.0.2.1")), peer(1));
    }

    #[test]
    fn guesses_of_others_keep_nobody_out_and_unknown_addresses_count_alike() {
        let throttle = Throttle::default();
        for email in ["sue@acme.test", "unknown@acme.test"] {
            let looked_at =
                (0..100).filter(|_| throttle.guess(email, Source::Peer(peer(1)), 0).is_ok()).count();
            assert_eq!(looked_at, 5, "{email}");
        }
        let elsewhere = throttle.guess("SUE@acme.test", Source::Peer(peer(2)), 0).ok().unwrap();
        assert_eq!(elsewhere.failures, 1);
        let browser = Source::Browser("cookie".to_owned());
        let guess = throttle.guess("sue@acme.test", browser.clone(), 0).ok().unwrap();
        throttle.right(&guess);
        assert_eq!(throttle.guess("sue@acme.test", browser, 0).ok().unwrap().failures, 1);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = Throttle::default();
        for n in 0..30_000_i64 {
            let _ = throttle.guess(&format!("{n}@acme.test"), Source::Peer(peer(1)), n);
        }
        assert_eq!(throttle.guesses.lock().unwrap().len(), MOST);
    }
}
