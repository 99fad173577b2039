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
    let mut config = GovernorConfig { rate_budget: 100, jitter: Duration::ZERO, ..GovernorConfig::default() };
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
    let expected =
        Waiting { bucket: BucketName::Apps, wait: Duration::from_secs(61), until: timestamp(1_800_000_060) };
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
    governor.admit(BucketName::Logs, PATIENT, &cancel).await.unwrap().heard(429, &headers(0, 50, 0, 3600));
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
    governor.admit(BucketName::Rest, PATIENT, &cancel).await.unwrap().heard(200, &headers(0, 100, 99, 60));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut dateless = headers(0, 100, 0, 60);
    dateless.remove("date");
    let mut ticket = governor.admit(BucketName::Apps, PATIENT, &cancel).await.unwrap();
    assert_eq!(ticket.heard(429, &dateless).unwrap().until_reset(), Some(Duration::from_secs(50)));
}
