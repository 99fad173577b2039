//! The API document: checked in, complete, and true for what it promises.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::House;

#[test]
fn the_document_checked_in_is_the_one_generated() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let generated = rolebook_console::openapi();
    if std::fs::read_to_string(path).unwrap_or_default() != generated {
        std::fs::write(path, &generated).unwrap();
        panic!("openapi.json was out of date and has been written anew: look at the change and commit it");
    }
    let document: Value = serde_json::from_str(&generated).unwrap();
    assert_eq!(document["openapi"].as_str().unwrap(), "3.1.0");
    assert!(document["paths"].as_object().unwrap().keys().all(|path| path.starts_with("/api/")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let new = json!({ "kind": "okta-aws-federation", "app": { "new": "AWS" } });
    let shown = sue.post("/api/connectors?dry_run=1", &new).await.json(StatusCode::OK).await;
    assert_eq!(shown["name"], "Okta AWS Federation");
    assert_eq!(sue.get("/api/connectors").await.json(StatusCode::OK).await["total"], 0);
    assert_eq!(sue.get("/api/apps").await.json(StatusCode::OK).await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_does_a_change_once() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let new = json!({ "kind": "okta-aws-federation", "app": { "new": "AWS" } });
    let send = |key: &'static str, body: Value| {
        let sue = sue.clone();
        async move {
            sue.send_with(Method::POST, "/api/connectors", Some(&body), &[("idempotency-key", key)]).await
        }
    };
    let first = send("k1", new.clone()).await.json(StatusCode::CREATED).await;
    let second = send("k1", new).await;
    assert_eq!(second.header("idempotent-replay"), "true");
    assert_eq!(second.json(StatusCode::CREATED).await, first);
    let other = json!({ "kind": "okta-aws-federation", "app": { "new": "Other" } });
    send("k1", other.clone()).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    send("k2", other).await.json(StatusCode::CREATED).await;
    assert_eq!(sue.get("/api/connectors").await.json(StatusCode::OK).await["total"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etag_guards_against_overwriting() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.added(&sue).await;
    let tag = sue.get(&format!("/api/connectors/{id}")).await.header("etag");
    let rename = |name: &'static str, tag: String| {
        let (sue, path) = (sue.clone(), format!("/api/connectors/{id}"));
        async move {
            sue.send_with(Method::PATCH, &path, Some(&json!({ "name": name })), &[("if-match", &tag)]).await
        }
    };
    rename("One", tag.clone()).await.json(StatusCode::OK).await;
    let refused = rename("Two", tag).await.json(StatusCode::PRECONDITION_FAILED).await;
    assert_eq!(refused["code"], "changed");
    assert_eq!(sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await["name"], "One");
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_say_what_why_and_what_next() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let answer = sue.get("/api/connectors/con_nothing").await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json(StatusCode::NOT_FOUND).await;
    for field in ["type", "title", "detail", "hint", "code"] {
        assert!(!problem[field].as_str().unwrap().is_empty(), "{field}");
    }
    let bad =
        sue.post("/api/connectors", &json!({ "kind": 7 })).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(bad["code"], "bad-body");
}
