//! Live streams follow the rights of the person who opened them, and are bounded.

use futures_util::{StreamExt, stream::BoxStream};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::json;

use crate::house::{House, Person, http};

async fn open(house: &House, who: &Person) -> Response {
    http().get(format!("{}/api/events", house.url)).header(header::COOKIE, &who.cookie).send().await.unwrap()
}

/// Waits until the server ends the stream.
async fn ended(mut stream: BoxStream<'static, reqwest::Result<impl AsRef<[u8]>>>) {
    while let Some(Ok(_)) = stream.next().await {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_rights_of_its_person() {
    let house = House::demo().await;
    let sue = house.sue().await;
    for patch in [json!({ "active": false }), json!({ "roles": ["basic-user"] })] {
        let name = format!("Bea{}", patch["active"].is_boolean());
        let bea = house.invite(&sue, &name, "read-only-administrator").await;
        let me = bea.get("/api/me").await.json(StatusCode::OK).await;
        let stream = open(&house, &bea).await;
        assert_eq!(stream.status(), StatusCode::OK);
        let path = format!("/api/users/{}", me["id"].as_str().unwrap());
        sue.send(Method::PATCH, &path, Some(&patch)).await.json(StatusCode::OK).await;
        // Five minutes is what it would last otherwise; the runner's patience is shorter.
        let stream = stream.bytes_stream().boxed();
        tokio::time::timeout(std::time::Duration::from_secs(60), ended(stream)).await.expect("it goes on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_has_ten_streams_at_most() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        let stream = open(&house, &sue).await;
        assert_eq!(stream.status(), StatusCode::OK);
        streams.push(stream);
    }
    assert_eq!(open(&house, &sue).await.status(), StatusCode::TOO_MANY_REQUESTS);
    streams.clear();
    // The server notices that the tabs are closed.
    while open(&house, &sue).await.status() != StatusCode::OK {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
