//! `Idempotency-Key`: whatever happens to a request that is sent twice, its change is done once.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode, header};
use rolebook_console::rotate_key;
use rolebook_fake_okta::{Options, orgs};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::{
    bases::Base,
    house::{Answer, House, Person, http},
};

fn new() -> Value {
    json!({ "kind": "okta-aws-federation", "app": { "new": "AWS" } })
}

async fn add(who: &Person, key: &str) -> Answer {
    who.send_with(Method::POST, "/api/connectors", Some(&new()), &[("idempotency-key", key)]).await
}

async fn total(who: &Person) -> Value {
    who.get("/api/connectors").await.json(StatusCode::OK).await["total"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_are_one_on_each_database_and_in_each_process() {
    for base in Base::all("one change, asked for twice at once").await {
        let kind = base.kind();
        let shared = base.url.is_some();
        let one = House::on(orgs::demo(), Options::default(), base, None).await;
        let sue = one.sue().await;
        let mut two = one.elsewhere("two");
        let too = if shared {
            let blobs = one.data.display().to_string();
            two.start_with(|config| config.blobs = Some(blobs)).await;
            Person::with(&two.url, &sue.cookie).await
        } else {
            sue.clone()
        };
        for round in 0..5_u64 {
            let key = format!("key-{round}");
            let app = json!({ "kind": "okta-aws-federation", "app": { "new": format!("AWS {round}") } });
            let headers = [("idempotency-key", key.as_str())];
            let send = |who: &Person| {
                let (who, app) = (who.clone(), app.clone());
                async move { who.send_with(Method::POST, "/api/connectors", Some(&app), &headers).await }
            };
            let (a, b, c) = tokio::join!(send(&sue), send(&too), send(&sue));
            let mut done = 0;
            for answer in [a, b, c] {
                let replay = answer.header("idempotent-replay") == "true";
                match answer.status() {
                    StatusCode::CREATED => done += u64::from(!replay),
                    StatusCode::CONFLICT => {
                        let problem = answer.json(StatusCode::CONFLICT).await;
                        assert_eq!(problem["title"], "the same request is under way", "{kind}");
                    }
                    other => panic!("{kind}: {other}"),
                }
            }
            assert_eq!((done, total(&too).await), (1, json!(round + 1)), "{kind}");
            assert_eq!(send(&too).await.header("idempotent-replay"), "true", "{kind}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_finds_the_answer_when_they_ask_again() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.added(&sue).await;
    house.fake.configure(|options| options.latency = Duration::from_millis(150));
    let patch = json!({ "domain": house.fake.url(), "api_token": house.fake.token("super") });
    let path = format!("/api/connectors/{id}/settings");
    let request = http()
        .patch(format!("{}{path}", house.url))
        .header(header::COOKIE, &sue.cookie)
        .header("x-csrf-token", &sue.csrf)
        .header("idempotency-key", "once")
        .json(&patch)
        .timeout(Duration::from_millis(100));
    assert!(request.send().await.unwrap_err().is_timeout(), "it takes longer than somebody waits");
    let begin = Instant::now();
    let again = loop {
        let again = sue.send_with(Method::PATCH, &path, Some(&patch), &[("idempotency-key", "once")]).await;
        if again.status() != StatusCode::CONFLICT {
            break again;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "it stays under way");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(again.header("idempotent-replay"), "true");
    again.json(StatusCode::OK).await;
    let saved = sue.audit(&format!("connector/{id}")).await;
    let saved = saved.iter().filter(|event| event["action"] == "connector.settings-saved").count();
    assert_eq!(saved, 1, "it was done once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_outlives_the_process_and_what_was_cut_off_says_so() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let first = add(&sue, "kept").await.json(StatusCode::CREATED).await;
    house.stop().await;
    // A request that a kill cut off leaves its row without an answer.
    let db =
        Database::connect(format!("sqlite://{}", house.data.join("rolebook.db").display())).await.unwrap();
    let cut = "UPDATE kept_answer SET status = 0, body = 'wrk_gone'";
    db.execute_unprepared("CREATE TEMP TABLE saved AS SELECT * FROM kept_answer").await.unwrap();
    db.execute_unprepared(cut).await.unwrap();
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    let problem = add(&sue, "kept").await.json(StatusCode::CONFLICT).await;
    assert_eq!(problem["detail"], "the console stopped in the middle of it", "{problem}");
    db.execute_unprepared("DELETE FROM kept_answer").await.unwrap();
    db.execute_unprepared("INSERT INTO kept_answer SELECT * FROM saved").await.unwrap();
    db.close().await.unwrap();
    let again = add(&sue, "kept").await;
    assert_eq!(again.header("idempotent-replay"), "true");
    assert_eq!(again.json(StatusCode::CREATED).await, first);
    assert_eq!(total(&sue).await, 1);
    // It moves to a new key of the vault, and is not opened without its key.
    house.stop().await;
    rotate_key(house.config(), None).await.unwrap();
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    assert_eq!(add(&sue, "kept").await.json(StatusCode::CREATED).await, first);
    house.stop().await;
    std::fs::remove_file(house.data.join("vault.key")).unwrap();
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    let problem = add(&sue, "kept").await.json(StatusCode::CONFLICT).await;
    assert_eq!(problem["title"], "this was done already", "{problem}");
    assert_eq!(total(&sue).await, 1);
    // A day later it is forgotten.
    house.advance(25 * 3600);
    let sue = house.again().await;
    let other = json!({ "kind": "okta-aws-federation", "app": { "new": "Other" } });
    let headers = [("idempotency-key", "kept")];
    let made = sue.send_with(Method::POST, "/api/connectors", Some(&other), &headers).await;
    made.json(StatusCode::CREATED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_not_passed_over() {
    let house = House::demo().await;
    let sue = house.sue().await;
    for key in [String::new(), "x".repeat(201)] {
        let refused = add(&sue, &key).await.json(StatusCode::BAD_REQUEST).await;
        assert_eq!(refused["code"], "bad-key");
    }
    let bytes = header::HeaderValue::from_bytes(b"\xe9").unwrap();
    let request = http()
        .post(format!("{}/api/connectors", house.url))
        .header(header::COOKIE, &sue.cookie)
        .header("x-csrf-token", &sue.csrf)
        .header("idempotency-key", bytes)
        .json(&new());
    assert_eq!(request.send().await.unwrap().status(), StatusCode::BAD_REQUEST);
    // Somebody who means to try a change out must not make it.
    for mode in ["yes", "2", ""] {
        let refused = sue.post(&format!("/api/connectors?dry_run={mode}"), &new()).await;
        assert_eq!(refused.json(StatusCode::BAD_REQUEST).await["code"], "bad-mode", "{mode}");
    }
    sue.post("/api/connectors?dry_run=true", &new()).await.json(StatusCode::OK).await;
    assert_eq!(total(&sue).await, 0);
    // Nobody has another's key.
    add(&sue, "mine").await.json(StatusCode::CREATED).await;
    let bob = house.invite(&sue, "Bob", "connector-administrator").await;
    let other = json!({ "kind": "okta-aws-federation", "app": { "new": "Bob's" } });
    let headers = [("idempotency-key", "mine")];
    let made = bob.send_with(Method::POST, "/api/connectors", Some(&other), &headers).await;
    assert_eq!(made.header("idempotent-replay"), "");
    made.json(StatusCode::CREATED).await;
    // A method that there is not: which there are.
    let answer = sue.send(Method::PUT, "/api/connectors", Some(&json!({}))).await;
    let allowed = answer.header("allow");
    assert!(allowed.contains("POST") && allowed.contains("GET"), "{allowed:?}");
    answer.json(StatusCode::METHOD_NOT_ALLOWED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_answer_belongs_to_the_credential_that_made_it() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let weak = json!({ "name": "weak", "role": "basic-user", "days": 1 });
    let weak = sue.post("/api/keys", &weak).await.json(StatusCode::CREATED).await;
    let weak = weak["secret"].as_str().unwrap();
    let requests = [
        ("/api/keys", json!({ "name": "ci", "role": "super-administrator", "days": 9 }), "secret"),
        ("/api/users", json!({ "name": "Eve", "email": "eve@example.com", "roles": ["basic-user"] }), "link"),
    ];
    for (path, body, secret) in requests {
        let headers = [("idempotency-key", path)];
        let first = sue.send_with(Method::POST, path, Some(&body), &headers).await;
        let first = first.json(StatusCode::CREATED).await;
        let secret = first[secret].as_str().unwrap_or_else(|| panic!("{path}: {first}"));
        let request = http()
            .post(format!("{}{path}", house.url))
            .bearer_auth(weak)
            .header("idempotency-key", path)
            .json(&body);
        let answer = request.send().await.unwrap();
        assert!(!answer.headers().contains_key("idempotent-replay"), "{path}");
        let said = answer.text().await.unwrap();
        assert!(!said.contains(secret), "{path}: {said}");
        // The one that made it gets it.
        let again = sue.send_with(Method::POST, path, Some(&body), &headers).await;
        assert_eq!(again.header("idempotent-replay"), "true", "{path}");
        assert_eq!(again.json(StatusCode::CREATED).await, first, "{path}");
    }
}
