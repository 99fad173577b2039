//! How long snapshots and logs are kept.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, Person, cookie_of, http};

const DAY: i64 = 24 * 3600;

/// Time passes, and Sue signs in again.
async fn days(house: &House, days: i64) -> Person {
    house.advance(days * DAY);
    let form = [("email", "sue@acme.test"), ("password", PASSWORD)];
    let again = http().post(format!("{}/sign-in", house.url)).form(&form).send().await.unwrap();
    Person::with(&house.url, &cookie_of(&again)).await
}

async fn sync(house: &House, sue: &Person, id: &str) -> String {
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await;
    let view = house.settled(sue, id).await;
    view["good_sync"].as_str().unwrap().to_owned()
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !so().await {
        assert!(begin.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn one(sue: &Person, id: &str, sync: &str) -> Value {
    sue.get(&format!("/api/connectors/{id}/syncs/{sync}")).await.json(StatusCode::OK).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_goes_and_the_history_says_so() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let usual = sue.get("/api/retention").await.json(StatusCode::OK).await;
    assert_eq!((&usual["snapshot_days"], &usual["log_days"]), (&json!(400), &json!(90)));
    for (name, value) in
        [("snapshot_days", 0), ("snapshot_count", 0), ("log_days", 0), ("one_per_day_after", -1)]
    {
        let mut bad = usual.clone();
        bad[name] = json!(value);
        let answer = sue.send(Method::PUT, "/api/retention", Some(&bad)).await;
        assert!(answer.status().is_client_error(), "{name}");
    }
    let page = sue.form("/settings/retention", &[("snapshot_days", "soon")]).await;
    assert_eq!(page.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let short = json!({ "snapshot_days": 2, "snapshot_count": 1, "one_per_day_after": 0, "log_days": 2 });
    sue.send(Method::PUT, "/api/retention", Some(&short)).await.json(StatusCode::OK).await;
    assert_eq!(sue.get("/api/retention").await.json(StatusCode::OK).await, short);
    let changed = sue.audit("console").await;
    let changed = changed.iter().find(|row| row["action"] == "retention.changed").unwrap();
    assert_eq!((&changed["detail"]["from"], &changed["detail"]["to"]), (&usual, &short));
    let rita = house.invite(&sue, "Rita", "read-only-administrator").await;
    rita.send(Method::PUT, "/api/retention", Some(&usual)).await.json(StatusCode::FORBIDDEN).await;

    let first =
        sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await["good_sync"].clone();
    let first = first.as_str().unwrap().to_owned();
    accept_one(&sue, &id).await;
    let second = sync(&house, &sue, &id).await;
    let place = |sync: &str| house.data.join("snapshots").join(&id).join(format!("{sync}.c1z"));
    let log = |sync: &str| house.data.join("logs").join(&id).join(format!("{sync}.ndjson"));
    let before = one(&sue, &id, &second).await["report"]["counts"].clone();

    let sue = days(&house, 3).await;
    // This day's clean-up is over: the second is shown, so it stays, but its log is old.
    until("its log goes", async || !log(&second).exists()).await;
    let third = sync(&house, &sue, &id).await;
    // A file that cannot be removed, as when the clean-up is killed between its record and its work.
    let kept = std::fs::read(place(&second)).unwrap();
    std::fs::remove_file(place(&second)).unwrap();
    std::fs::create_dir(place(&second)).unwrap();
    let sue = days(&house, 1).await;
    until("the second goes", async || !one(&sue, &id, &second).await["report"]["removed_at"].is_null()).await;
    let view = one(&sue, &id, &second).await;
    assert_eq!((&view["snapshot"], &view["report"]["counts"]), (&json!(false), &before), "its numbers stay");
    for path in ["diff", "snapshot"] {
        let answer = sue.get(&format!("/api/connectors/{id}/syncs/{second}/{path}")).await;
        let refused = answer.json(StatusCode::CONFLICT).await;
        assert!(
            refused["detail"].as_str().unwrap().contains("was removed for its age, 2026-09-0"),
            "{refused}"
        );
    }
    let page = sue.get(&format!("/connectors/{id}/syncs/{second}")).await.text(StatusCode::OK).await;
    assert!(page.contains("it cannot be opened any more"), "{page}");
    assert!(place(&second).exists(), "it could not be removed");
    assert!(place(&first).exists(), "somebody accepted a finding while it was shown");
    assert!(place(&third).exists());
    assert!(!sue.get("/api/people").await.json(StatusCode::OK).await["items"].as_array().unwrap().is_empty());
    let audit = sue.audit("console").await;
    let swept: Vec<&Value> = audit.iter().filter(|row| row["action"] == "retention.cleaned-up").collect();
    assert!(swept.iter().any(|row| row["detail"]["snapshots"].as_u64() > Some(0)), "{swept:#?}");
    assert!(swept.iter().any(|row| row["detail"]["logs"].as_u64() > Some(0)), "{swept:#?}");

    // The next one takes it up.
    std::fs::remove_dir(place(&second)).unwrap();
    std::fs::write(place(&second), kept).unwrap();
    days(&house, 1).await;
    until("what was left is removed", async || !place(&second).exists()).await;
}

/// Accepts a finding of the connector.
async fn accept_one(sue: &Person, id: &str) {
    let found = crate::findings::findings(&sue.get("/api/findings").await.json(StatusCode::OK).await);
    let body =
        json!({ "connector": id, "finding": found[0]["id"], "reason": "known", "until": "2026-12-01" });
    sue.post("/api/findings/acceptances", &body).await.json(StatusCode::CREATED).await;
}
