//! Passwords: argon2id, and how often one may guess.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

use std::sync::Arc;

use axum::http::StatusCode;
use tokio::sync::Semaphore;

use crate::{ConsoleError, fresh, problem::Problem};

/// Shortest password. Length is the only rule that helps.
pub(crate) const SHORTEST: usize = 12;
/// Longest, so that hashing stays cheap.
pub(crate) const LONGEST: usize = 256;
/// Wrong guesses in a row before an account waits.
const FREE_GUESSES: i32 = 5;
/// Longest wait after a wrong guess.
const LONGEST_WAIT_MS: i64 = 15 * 60 * 1000;

/// The hash of a password that nobody has.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5MTIzNA$5Q7cYk0Kv2J8Nn3m2b1xq0b8m1yVw3n5wQ2tq4m9d0E";

/// Bounds the passwords that are hashed at once: each takes 19 MiB, and strangers may ask for it.
pub(crate) struct Hashing {
    permits: Arc<Semaphore>,
    /// Permits and those that wait for one.
    places: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::new(cores, cores * 17)
    }
}

impl Hashing {
    fn new(permits: usize, places: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(permits)), places: Arc::new(Semaphore::new(places)) }
    }

    /// Runs the work on a thread of its own when its turn comes.
    ///
    /// # Errors
    /// 429 when too many wait already.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| busy())?;
        // The thread holds the permit: a client that hangs up does not make room while its hash goes on.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, permit);
            work()
        });
        done.await.map_err(|error| ConsoleError::Connector(error.to_string()).into())
    }
}

fn busy() -> Problem {
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "busy",
        "too many people sign in at this moment",
        "the console checks only a few passwords at a time",
        "try again in a few seconds",
    )
}

/// Hashes a password; takes about 20 ms and 19 MiB.
pub(crate) fn hash(password: &str) -> Result<String, ConsoleError> {
    let salt = fresh::bytes::<16>()?;
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| ConsoleError::Connector(format!("a password cannot be hashed: {error}")))
}

/// Whether the password is the one that was hashed. Without a hash the same work is done, so that time tells nothing.
pub(crate) fn verify(password: &str, hash: Option<&str>) -> bool {
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY));
    let fits =
        parsed.is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
    fits && hash.is_some()
}

/// What is wrong with a new password, in words.
pub(crate) fn refuse(password: &str) -> Option<String> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Some(format!("a password needs at least {SHORTEST} characters, this one has {length}"));
    }
    (password.len() > LONGEST).then(|| format!("a password may have at most {LONGEST} bytes"))
}

/// Milliseconds to wait after so many wrong guesses in a row: none for five, then doubling from 2 s to 15 minutes.
pub(crate) fn wait_ms(failures: i32) -> i64 {
    let beyond = failures - FREE_GUESSES;
    if beyond < 0 {
        return 0;
    }
    2_000_i64
        .checked_shl(u32::try_from(beyond).unwrap_or(0).min(20))
        .unwrap_or(LONGEST_WAIT_MS)
        .min(LONGEST_WAIT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn of_800_at_once_few_are_hashed_and_the_rest_are_refused() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let hashing = Arc::new(Hashing::new(2, 8));
        let gate = Arc::new(tokio::sync::RwLock::new(()));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let closed = gate.write().await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..800 {
            let (hashing, gate) = (Arc::clone(&hashing), Arc::clone(&gate));
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            tasks.spawn(async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    drop(gate.blocking_read());
                    running.fetch_sub(1, Ordering::SeqCst);
                };
                hashing.run(work).await.map_err(|problem| problem.status)
            });
        }
        for _ in 0..792 {
            assert_eq!(tasks.join_next().await.unwrap().unwrap(), Err(429));
        }
        drop(closed);
        assert_eq!(tasks.join_all().await, vec![Ok(()); 8]);
        assert!(most.load(Ordering::SeqCst) <= 2, "no more at once than permits");
    }

    #[test]
    fn only_the_password_verifies() {
        let hash = hash("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify("correct horse battery", Some(&hash)));
        assert!(!verify("correct horse batterz", Some(&hash)));
        assert!(!verify("correct horse battery", None));
        assert!(PasswordHash::new(NOBODY).is_ok(), "an unknown address costs as much time as a known one");
    }

    #[test]
    fn waiting_grows_to_a_quarter_of_an_hour() {
        let waits: Vec<i64> = [0, 4, 5, 6, 7, 14, 1000].into_iter().map(wait_ms).collect();
        assert_eq!(waits, [0, 0, 2_000, 4_000, 8_000, 900_000, 900_000]);
    }
}
