//! How long snapshots and logs are kept.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{Options, orgs};
use serde_json::{Value, json};

use crate::{
    bases::Base,
    house::{House, PASSWORD, Person, cookie_of, http},
};

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
    let short = json!({
        "snapshot_days": 2, "snapshot_count": 1, "one_per_day_after": 0, "log_days": 2, "message_days": 14, "plan_days": 2,
    });
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

/// The copies that lie in its data folder, without what syncs write over.
fn copies(house: &House, id: &str) -> Vec<String> {
    let list = |folder: &str| {
        let entries = std::fs::read_dir(house.data.join(folder).join(id)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let mut names: Vec<String> = list("snapshots").into_iter().chain(list("logs")).collect();
    names.retain(|name| name.starts_with("syn_") || name.starts_with(".copy-"));
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_what_lies_elsewhere_are_trimmed_and_come_again() {
    let beside = tempfile::tempdir().unwrap();
    let place = beside.path().join("blobs");
    std::fs::create_dir(&place).unwrap();
    let blobs = Some((place.display().to_string(), String::new()));
    let mut house = House::on(orgs::demo(), Options::default(), Base::sqlite(), blobs).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    let first = view["good_sync"].as_str().unwrap().to_owned();
    let second = sync(&house, &sue, &id).await;
    house.almost_all_leave();
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await;
    let held = house.until(&sue, &id, |view| !view["held_sync"].is_null()).await["held_sync"].clone();
    let held = held.as_str().unwrap().to_owned();
    house.stop().await;
    assert_eq!(copies(&house, &id).len(), 6, "{:?}", copies(&house, &id));
    // A log that could not be brought away, and half a copy of a process that was killed.
    let log = |sync: &str| format!("logs/{id}/{sync}.ndjson");
    std::fs::remove_file(place.join(log(&second))).unwrap();
    std::fs::write(house.data.join("snapshots").join(&id).join(".copy-half"), "half").unwrap();

    house.start().await;
    let mut stays = [format!("{second}.c1z"), format!("{held}.c1z")];
    stays.sort();
    // What a message still to be told asked for at this start is spared for an hour, or until the next start.
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        if copies(&house, &id) == stays {
            break;
        }
        house.stop().await;
        house.start().await;
    }
    let sue = Person::with(&house.url, &sue.cookie).await;
    assert_eq!(copies(&house, &id), stays, "what is not shown goes");
    assert!(place.join(log(&second)).exists(), "it was brought there first");
    let text = sue.get(&format!("/api/connectors/{id}/syncs/{second}/log")).await.text(StatusCode::OK).await;
    assert!(text.contains("sync succeeded"), "{text}");
    let again = sue.get(&format!("/api/connectors/{id}/syncs/{first}/snapshot")).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert!(copies(&house, &id).contains(&format!("{first}.c1z")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_deleted_connector_read_goes_after_thirty_days() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let (gone, stays) = (house.connected(&sue, "super").await, house.connected(&sue, "super").await);
    let path = format!("/api/connectors/{gone}");
    let deleted = sue.send(Method::DELETE, &path, Some(&json!({ "confirm": "DELETE" }))).await;
    assert!(deleted.status().is_success(), "{}", deleted.status());
    let left = |id: &str| {
        ["snapshots", "logs"].map(|folder| {
            std::fs::read_dir(house.data.join(folder).join(id)).map_or(0, |entries| entries.count())
        })
    };
    let before = left(&gone);
    // A day at a time: the clean-up before the day comes takes nothing.
    let sue = days(&house, 29).await;
    let swept = async |sue: &Person| {
        let audit = sue.audit("console").await;
        audit.iter().filter(|row| row["action"] == "retention.cleaned-up").count()
    };
    assert_eq!((swept(&sue).await, left(&gone)), (0, before));
    let sue = days(&house, 2).await;
    until("what it read goes", async || left(&gone) == [0, 0]).await;
    assert!(left(&stays)[0] > 0);
    assert_eq!(swept(&sue).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_console_removes_nothing_until_somebody_says_how_long_things_are_kept() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    for _ in 0..11 {
        sync(&house, &sue, &id).await;
    }
    let count = |house: &House| {
        let entries = std::fs::read_dir(house.data.join("snapshots").join(&id)).unwrap();
        entries
            .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("syn_"))
            .count()
    };
    house.stop().await;
    for name in ["rolebook.db", "rolebook.db-wal", "rolebook.db-shm"] {
        let _ = std::fs::remove_file(house.data.join(name));
    }
    house.start_with(|config| config.rebuild = true).await;
    let sue = house.sue().await;
    let rules = sue.get("/api/retention").await.json(StatusCode::OK).await;
    assert_eq!((&rules["snapshot_days"], &rules["one_per_day_after"]), (&json!(36_500), &json!(0)));
    let sue = days(&house, 500).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(count(&house), 12, "by the usual rules, two were old by now");
    let usual =
        json!({ "snapshot_days": 400, "snapshot_count": 10, "one_per_day_after": 30, "log_days": 90 });
    sue.send(Method::PUT, "/api/retention", Some(&usual)).await.json(StatusCode::OK).await;
    days(&house, 2).await;
    until("it goes by what was said", async || count(&house) == 10).await;
}
