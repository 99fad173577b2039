//! The governor under load, against the fake's counting of buckets.

use std::sync::Arc;
use std::time::Duration;

use rolebook_fake_okta::{App, FakeOkta, Group, Options, Org, RateLimits};
use rolebook_okta::shapes::AppId;
use rolebook_okta::{BucketName, Client};

use crate::{governor, quick};

/// A window as short as whole seconds allow, and room for what the test is about.
fn start(limits: RateLimits) -> FakeOkta {
    let org = Org::new("acme").group(Group::new("g").id("00g1")).app(App::aws("0oaAWS"));
    let options = Options { rate_limits: limits, rate_window: Duration::from_secs(1), ..Options::default() };
    FakeOkta::start(org, options).unwrap()
}

/// `count` reads of the bucket `apps`, all wanted at once.
async fn load(client: &Client, count: usize) {
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let app = AppId::new("0oaAWS").unwrap();
                client.app_groups(&app, false).unwrap().next_page().await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn under_load_every_window_is_used_in_full_and_none_is_overrun() {
    let fake = start(RateLimits::all(40));
    let mut config = quick(fake.url(), &fake.token("super"));
    config.governor = governor(|governor| {
        governor.rate_budget = 50;
        governor.margin = Duration::from_secs(1);
    });
    let client = Client::new(config).unwrap();
    // Three windows of 20 hold 60 requests, if each is used to its last one.
    load(&client, 60).await;
    let log = fake.log();
    assert_eq!(log.len(), 60);
    assert_eq!(log.iter().filter(|logged| logged.limited).count(), 0, "a 429 of our own making");
    let stats = client.governor().stats();
    let apps = stats.iter().find(|stats| stats.bucket == BucketName::Apps).unwrap();
    assert_eq!((apps.limit, apps.allowance, apps.requests), (Some(40), Some(20), 60));
    // A third wait would mean that some window was left before it was used up.
    assert!((1..=2).contains(&apps.waits), "{}", apps.waits);
}

#[tokio::test]
async fn the_token_share_in_the_header_is_what_the_budget_is_of() {
    let fake = start(RateLimits::all(40));
    fake.configure(|options| options.token_share = 50);
    let mut config = quick(fake.url(), &fake.token("super"));
    config.governor = governor(|governor| governor.margin = Duration::from_secs(1));
    let client = Client::new(config).unwrap();
    load(&client, 40).await;
    assert_eq!(fake.log().iter().filter(|logged| logged.limited).count(), 0);
    assert!(client.governor().stats()[0].waits <= 1);
}

#[tokio::test]
async fn two_clients_with_one_governor_keep_one_budget() {
    let fake = start(RateLimits::all(20));
    let shared = governor(|governor| governor.margin = Duration::from_secs(1));
    let clients: Vec<_> = ["super", "read_only"]
        .iter()
        .map(|name| {
            let mut config = quick(fake.url(), &fake.token(name));
            config.governor = shared.clone();
            Client::new(config).unwrap()
        })
        .collect();
    tokio::join!(load(&clients[0], 15), load(&clients[1], 15));
    assert_eq!(fake.log().iter().filter(|logged| logged.limited).count(), 0);
}

#[tokio::test]
async fn when_others_empty_the_bucket_the_429_is_sat_out() {
    let fake = Arc::new(start(RateLimits::all(10)));
    fake.configure(|options| options.frozen_clock = true);
    let greedy = Client::new(quick(fake.url(), &fake.token("read_only"))).unwrap();
    load(&greedy, 10).await;
    let mut config = quick(fake.url(), &fake.token("super"));
    config.governor = governor(|governor| {
        governor.margin = Duration::from_secs(1);
        // The fake's clock stands still, so that its window is over only when the client says it waits for that.
        let fake = Arc::clone(&fake);
        governor.on_wait = Some(Arc::new(move |waiting| fake.advance(waiting.wait)));
    });
    let client = Client::new(config).unwrap();
    load(&client, 1).await;
    let stats = client.governor().stats();
    assert_eq!((stats[0].refusals, stats[0].requests, stats[0].retries), (1, 2, 1));
}

#[tokio::test]
async fn an_org_that_takes_few_requests_at_once_is_served_in_the_end() {
    let fake = start(RateLimits::UNLIMITED);
    fake.configure(|options| {
        options.concurrency = 3;
        options.latency = Duration::from_millis(5);
    });
    let client = Client::new(quick(fake.url(), &fake.token("super"))).unwrap();
    load(&client, 40).await;
    let limited = fake.log().iter().filter(|logged| logged.limited).count() as u64;
    assert!(limited > 0, "ten at once were never too many");
    assert_eq!(client.governor().stats()[0].refusals, limited);
}
