//! Polling the System Log, against a server that links as it is told.

use jiff::Timestamp;
use rolebook_okta::{BucketName, Cursor, Error};

use crate::client;
use crate::scripted::{Say, Server, refuse, say};

fn page(uuids: &[&str], next: &str) -> Say {
    let entries: Vec<String> = uuids.iter().map(|uuid| format!(r#"{{"uuid":"{uuid}"}}"#)).collect();
    say(200, format!("[{}]", entries.join(","))).header("link", format!("<{next}>; rel=\"next\""))
}

fn since() -> Timestamp {
    "2026-09-01T08:00:00Z".parse().unwrap()
}

/// It never ends: an empty page leads on, and another day goes on from there, out of a stored text.
#[tokio::test]
async fn there_is_always_a_next_page() {
    let server = Server::in_order([
        page(&["a", "b"], "/api/v1/logs?after=1"),
        page(&[], "/api/v1/logs?after=2"),
        page(&[], "/api/v1/logs?after=2"),
        page(&["c"], "/api/v1/logs?after=3"),
    ])
    .await;
    let client = client(&server.url);
    let mut walk = client.log_since(since(), "eventType sw \"group.\"").unwrap();
    assert_eq!(walk.next_page().await.unwrap().events.len(), 2);
    let stored = walk.next_page().await.unwrap();
    assert!(stored.events.is_empty());
    let place = Cursor::parse(stored.next.as_str()).unwrap();
    let mut walk = client.log_from(&place);
    // The place may stay what it was while nothing happens.
    assert!(walk.next_page().await.unwrap().events.is_empty());
    let page = walk.next_page().await.unwrap();
    assert_eq!(page.events[0].uuid.as_deref(), Some("c"));
    assert_eq!(
        server.targets(),
        [
            "/api/v1/logs?since=2026-09-01T08%3A00%3A00.000Z&sortOrder=ASCENDING\
             &filter=eventType%20sw%20%22group.%22&limit=1000",
            "/api/v1/logs?after=1",
            "/api/v1/logs?after=2",
            "/api/v1/logs?after=2",
        ]
    );
    let buckets = client.governor().stats();
    assert!(buckets.iter().all(|bucket| bucket.bucket == BucketName::Logs), "{buckets:?}");
}

#[tokio::test]
async fn a_full_page_that_leads_to_itself_is_a_circle() {
    let server = Server::start(|_, _| page(&["a"], "/api/v1/logs?after=1").into()).await;
    let mut walk = client(&server.url).log_from(&Cursor::parse("/api/v1/logs?after=1").unwrap());
    assert!(matches!(walk.next_page().await.unwrap_err(), Error::PagingLoop { .. }));
}

#[tokio::test]
async fn the_token_goes_nowhere_else_and_an_unknown_place_says_so() {
    let server = Server::in_order([page(&["a"], "https://evil.test/api/v1/logs?after=1")]).await;
    let mut walk = client(&server.url).log_since(since(), "x").unwrap();
    assert!(matches!(walk.next_page().await.unwrap_err(), Error::ForeignNext { .. }));
    let server = Server::in_order([refuse(400, "E0000001")]).await;
    let mut walk = client(&server.url).log_from(&Cursor::parse("/api/v1/logs?after=1").unwrap());
    assert!(matches!(walk.next_page().await.unwrap_err(), Error::BadCursor(_)));
}
