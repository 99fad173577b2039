//! Rate buckets, windows, the concurrency limit, the clock and the request log.

use std::time::Duration;

use rolebook_fake_okta::{App, Bucket, Fault, Options, Org, RateLimits};

use crate::client::Client;

fn org() -> Org {
    Org::new("acme").app(App::aws("0oaAWS"))
}

fn frozen(rate_limits: RateLimits) -> Options {
    Options { rate_limits, frozen_clock: true, ..Options::default() }
}

#[tokio::test]
async fn every_answer_has_the_usual_headers() {
    let client = Client::with(org(), frozen(RateLimits::WORKFORCE));
    for (path, limit) in [("/api/v1/org", "1200"), ("/api/v1/apps", "100"), ("/api/v1/apps/0oaAWS", "500")] {
        let got = client.get(path).await;
        assert_eq!(got.header("x-rate-limit-limit"), limit, "{path}");
        assert_eq!(got.header("x-rate-limit-reset"), "1788249660");
        assert_eq!(got.header("date"), "Tue, 01 Sep 2026 08:00:00 GMT");
        assert_eq!(got.headers.get_all("date").iter().count(), 1);
        assert!(got.header("x-okta-request-id").len() == 20);
        assert_eq!(got.header("cache-control"), "no-cache, no-store");
        assert_eq!(got.header("content-type"), "application/json");
    }
    assert_eq!(client.get("/api/v1/apps").await.header("x-rate-limit-remaining"), "98");
}

#[tokio::test]
async fn an_empty_bucket_answers_429_until_the_window_ends() {
    let limits = RateLimits { apps: 2, ..RateLimits::WORKFORCE };
    let client = Client::with(org(), frozen(limits));
    for expected in [200, 200, 429, 429] {
        assert_eq!(client.get("/api/v1/apps/0oaAWS/users").await.status, expected);
    }
    let limited = client.get("/api/v1/apps").await;
    assert_eq!(limited.code(), "E0000047");
    assert_eq!((limited.header("x-rate-limit-limit"), limited.header("x-rate-limit-remaining")), ("2", "0"));
    assert_eq!(client.get("/api/v1/apps/0oaAWS").await.status, 200, "another bucket");
    client.fake.advance(Duration::from_secs(60));
    assert_eq!(client.get("/api/v1/apps").await.status, 200);
    let log = client.fake.log();
    assert_eq!(log.iter().filter(|entry| entry.limited).count(), 3);
    assert!(log.iter().all(|entry| entry.token.as_deref() == Some("super")));
    assert_eq!(log[0].bucket, Bucket::Apps);
    assert_eq!(client.fake.log_lines()[0], "GET /api/v1/apps/0oaAWS/users");
    client.fake.clear_log();
    assert!(client.fake.log().is_empty());
}

#[tokio::test]
async fn a_token_may_have_a_share_of_the_bucket() {
    let client = Client::with(org(), Options { token_share: 50, ..frozen(RateLimits::all(4)) });
    let first = client.get("/api/v1/apps").await;
    assert_eq!((first.header("x-rate-limit-limit"), first.header("x-rate-limit-remaining")), ("2", "1"));
    assert_eq!(client.get("/api/v1/apps").await.status, 200);
    assert_eq!(client.get("/api/v1/apps").await.status, 429);
    let client = client.token("read_only");
    assert_eq!(client.get("/api/v1/apps").await.status, 200);
}

#[tokio::test]
async fn too_many_at_once_get_a_429_without_a_reset_to_wait_for() {
    let client = Client::with(org(), Options { concurrency: 1, ..frozen(RateLimits::WORKFORCE) });
    client.fake.add_fault(Fault::everywhere().count(1).latency(Duration::from_secs(3600)));
    let hanging = async {
        client.get("/api/v1/org").await;
    };
    let asking = async {
        while client.fake.log().is_empty() {
            tokio::task::yield_now().await;
        }
        client.get("/api/v1/org").await
    };
    let limited = tokio::select! {
        () = hanging => panic!("it should hang"),
        limited = asking => limited,
    };
    assert_eq!((limited.status, limited.code().as_str()), (429, "E0000047"));
    assert_eq!((limited.header("x-rate-limit-limit"), limited.header("x-rate-limit-remaining")), ("0", "0"));
    assert_eq!(limited.header("x-rate-limit-reset"), "1788249600");
}

#[tokio::test]
async fn the_clock_can_be_turned() {
    let client = Client::with(org(), frozen(RateLimits::WORKFORCE));
    client.fake.skew(-3600);
    assert_eq!(client.get("/api/v1/org").await.header("date"), "Tue, 01 Sep 2026 07:00:00 GMT");
}

#[tokio::test]
async fn https_with_its_own_authority() {
    let client = Client::with(org(), Options { tls: true, ..Options::default() });
    assert!(client.fake.url().starts_with("https://"));
    assert_eq!(client.get("/api/v1/org").await.status, 200);
    let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(stranger.get(client.fake.url()).send().await.is_err());
}
