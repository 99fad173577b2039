//! ETags: what somebody has already is not sent again, and a change is not made over a state that they did not see.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    api::{operations, parameters},
    house::{House, Person},
};

async fn tag(who: &Person, path: &str) -> String {
    let tag = who.get(path).await.header("etag");
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{path}: {tag:?}");
    tag
}

async fn asked(who: &Person, path: &str, tag: &str) -> StatusCode {
    let answer = who.send_with(Method::GET, path, None, &[("if-none-match", tag)]).await;
    let status = answer.status();
    if status == StatusCode::NOT_MODIFIED {
        assert_eq!((answer.header("etag"), answer.header("content-type")), (tag.to_owned(), String::new()));
        assert_eq!(answer.text(status).await, "", "{path}");
    }
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_again_unchanged_is_not_sent_again() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let document: Value = serde_json::from_str(&rolebook_console::openapi()).unwrap();
    let mut known = 0;
    for (_, path, operation) in operations(&document).iter().filter(|(method, ..)| *method == Method::GET) {
        let json = operation["responses"]["200"]["content"]["application/json"].is_object();
        assert_eq!(operation["responses"]["304"].is_object(), json, "{path}");
        // Answers of the explorer say when they were given.
        if !json || path.contains("/explorer/") {
            continue;
        }
        let path = path.replace("{id}", &id).replace("{kind}", "okta-aws-federation");
        if path.contains('{') {
            continue;
        }
        let tag = tag(&sue, &path).await;
        if path == "/api/findings" {
            continue;
        }
        known += 1;
        assert_eq!(asked(&sue, &path, &tag).await, StatusCode::NOT_MODIFIED, "{path}");
        assert_eq!(asked(&sue, &path, "\"other\"").await, StatusCode::OK, "{path}");
    }
    assert!(known > 15, "{known}");
    let grants = tag(&sue, "/api/grants").await;
    let any = format!("\"one\", W/{grants}");
    let answer = sue.send_with(Method::GET, "/api/grants", None, &[("if-none-match", &any)]).await;
    assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
    assert_ne!(tag(&sue, "/api/grants?limit=3").await, grants);

    // Something else to see has another tag: whom it is for, and what it says.
    let before = tag(&sue, "/api/users").await;
    house.invite(&sue, "Ann", "basic-user").await;
    assert_eq!(asked(&sue, "/api/users", &before).await, StatusCode::OK);
    let connector = format!("/api/connectors/{id}");
    let before = tag(&sue, &connector).await;
    sue.post(&format!("{connector}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.settled(&sue, &id).await;
    assert_eq!(asked(&sue, &connector, &before).await, StatusCode::OK);
    // Files and streams are not held back to be tagged.
    for path in ["/api/grants?format=csv".to_owned(), format!("/api/events?connector={id}")] {
        assert_eq!(sue.get(&path).await.header("etag"), "", "{path}");
    }
    // Nobody learns from a tag what they may not read.
    let bob = house.invite(&sue, "Bob", "basic-user").await;
    assert_eq!(asked(&bob, "/api/users", "*").await, StatusCode::FORBIDDEN);
}

/// Every change of something that people edit, and where it is read.
fn edits(id: &str, user: &str) -> Vec<(Method, String, String, Value)> {
    let connector = format!("/api/connectors/{id}");
    let of = |method, rest: &str, body| (method, format!("{connector}{rest}"), connector.clone(), body);
    let provisioning = format!("{connector}/provisioning");
    let user = format!("/api/users/{user}");
    let keeping =
        json!({ "snapshot_days": 100, "snapshot_count": 5, "one_per_day_after": 7, "log_days": 30 });
    vec![
        of(Method::PATCH, "", json!({ "name": "Renamed" })),
        of(Method::PUT, "/owners", json!({ "owners": [] })),
        of(Method::PUT, "/schedule", json!({ "kind": "every", "minutes": 90 })),
        of(Method::PATCH, "/settings", json!({ "allow_conversion": true })),
        of(Method::POST, "/pause", json!({})),
        of(Method::POST, "/resume", json!({})),
        of(Method::POST, "/sync", json!({})),
        of(Method::DELETE, "/token", json!({})),
        (
            Method::PATCH,
            provisioning.clone(),
            provisioning,
            json!({ "enabled": true, "reason": "trying it out" }),
        ),
        (Method::PUT, "/api/retention".to_owned(), "/api/retention".to_owned(), keeping),
        (Method::PATCH, user.clone(), user, json!({ "roles": ["read-only-administrator"] })),
        of(Method::DELETE, "", json!({ "confirm": "DELETE" })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_made_over_the_state_that_was_seen_or_not_at_all() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    house.invite(&sue, "Ann", "basic-user").await;
    let users = sue.get("/api/users").await.json(StatusCode::OK).await;
    let ann = users["items"].as_array().unwrap().iter().find(|user| user["name"] == "Ann").unwrap();
    for (method, path, read, body) in edits(&id, ann["id"].as_str().unwrap()) {
        let what = format!("{method} {path}");
        house.settled(&sue, &id).await;
        let seen = tag(&sue, &read).await;
        let with = |tag: String| {
            let (sue, method, path, body) = (sue.clone(), method.clone(), path.clone(), body.clone());
            async move { sue.send_with(method, &path, Some(&body), &[("if-match", &tag)]).await }
        };
        let refused = with("\"stale\"".to_owned()).await.json(StatusCode::PRECONDITION_FAILED).await;
        assert_eq!(refused["code"], "changed", "{what}");
        for words in ["title", "detail", "hint"] {
            assert!(!refused[words].as_str().unwrap().is_empty(), "{what}");
        }
        assert_eq!(tag(&sue, &read).await, seen, "{what} was refused, and done");
        let done = with(seen.clone()).await;
        assert!(done.status().is_success(), "{what}: {}", done.text(StatusCode::OK).await);
        if matches!(method, Method::PUT | Method::PATCH) && read == path {
            house.settled(&sue, &id).await;
            assert_eq!(done.header("etag"), tag(&sue, &read).await, "{what}: its answer shows the new state");
        }
        if path != format!("/api/connectors/{id}") || method != Method::DELETE {
            assert_ne!(tag(&sue, &read).await, seen, "{what}");
            let again = with(seen).await;
            assert_eq!(again.status(), StatusCode::PRECONDITION_FAILED, "{what} over what was there before");
        }
    }
}

#[test]
fn whatever_can_be_edited_can_be_guarded() {
    let document: Value = serde_json::from_str(&rolebook_console::openapi()).unwrap();
    for (method, path, operation) in operations(&document) {
        let guarded = parameters(&operation).contains(&("header".to_owned(), "If-Match".to_owned()));
        assert_eq!(guarded, operation["responses"]["412"].is_object(), "{method} {path}");
        if matches!(method, Method::PUT | Method::PATCH) {
            assert!(guarded, "{method} {path}");
        }
    }
}
