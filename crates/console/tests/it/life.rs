//! The life of a connector in a running console: holds, pauses, failures, cancels, restarts.

use std::time::Duration;

use reqwest::StatusCode;
use rolebook_fake_okta::Fault;
use serde_json::{Value, json};

use crate::house::{House, between};

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_would_remove_too_much_is_held_until_somebody_decides() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let before = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
    house.almost_all_leave();
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    let view = house.until(&sue, &id, |view| !view["held_sync"].is_null()).await;
    assert_eq!((&view["label"], &view["life"]["hold"]), (&json!("paused"), &json!("anomaly")));
    assert_eq!(
        sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"],
        before,
        "pages show the last good state"
    );
    for page in
        ["/people", "/accounts", "/findings", "/explorer", "/explorer?ask=who&role=*", "/", "/plans", "/apps"]
    {
        let text = sue.get(page).await.text(StatusCode::OK).await;
        let says = "This page shows the last good state, of <time datetime=\"2026-09-01T08:";
        assert!(text.contains(says), "{page} says so, and its age");
    }
    let text = sue.get(&format!("/connectors/{id}")).await.text(StatusCode::OK).await;
    let status = between(&text, "<h2>Status</h2>", "</section>");
    assert!(status.contains(&format!("<b>{before}</b> grants")), "counts of the last good sync: {status}");
    assert!(house.mail_to("sue@acme.test", 1).await[0].contains("is held"));
    let held = view["held_sync"].as_str().unwrap();
    let diff = sue.get(&format!("/api/connectors/{id}/syncs/{held}/diff")).await.json(StatusCode::OK).await;
    assert_eq!(diff["from"], view["good_sync"]);
    let named: usize = diff["names"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["lost"].as_array().unwrap().len())
        .sum();
    assert!(named > 0 && diff["lost"] == named, "exactly what would vanish: {diff:#}");
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::CONFLICT).await;
    sue.post(&format!("/api/connectors/{id}/hold/confirm"), &json!({ "reason": " " }))
        .await
        .json(StatusCode::UNPROCESSABLE_ENTITY)
        .await;
    let view = sue
        .post(&format!("/api/connectors/{id}/hold/confirm"), &json!({ "reason": "they left" }))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(view["label"], "connected", "{view:#}");
    let after = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
    assert!(after.as_u64() < before.as_u64());
    let audit = sue.audit(&format!("connector/{id}")).await;
    assert!(
        audit
            .iter()
            .any(|event| event["action"] == "hold.confirmed" && event["detail"]["reason"] == "they left")
    );
    // The next sync compares with what was confirmed.
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    assert_eq!(house.settled(&sue, &id).await["label"], "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_token_is_an_error_with_a_way_out_and_a_mail_after_the_third() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    house.fake.add_fault(Fault::everywhere().status(401).code("E0000011").done());
    let mut view = Value::Null;
    for _ in 0..3 {
        sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
        view = house.settled(&sue, &id).await;
    }
    assert_eq!(view["label"], "error", "{view:#}");
    assert!(view["reason"].as_str().unwrap().starts_with("since "));
    assert_eq!(view["life"]["failures"], 3);
    assert!(!view["life"]["next_at"].is_null(), "it is never disabled by itself");
    let page = sue.get(&format!("/connectors/{id}")).await.text(StatusCode::OK).await;
    assert!(
        page.contains("The last sync failed")
            && page.contains("E0000011")
            && page.contains("create a new one")
    );
    let letter = house.mail_to("sue@acme.test", 1).await;
    assert!(letter[0].contains("cannot sync since"));
    house.fake.clear_faults();
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    let view = house.settled(&sue, &id).await;
    assert_eq!((&view["label"], &view["life"]["failures"]), (&json!("connected"), &json!(0)));
    assert_eq!(house.mail().iter().filter(|letter| letter.contains("cannot sync")).count(), 1);
    assert!(house.mail_to("sue@acme.test", 2).await.iter().any(|letter| letter.contains("works again")));
}

/// Lets one more sync run, and waits for its end.
async fn sync(house: &House, sue: &crate::house::Person, id: &str) -> Value {
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.settled(sue, id).await
}

/// Waits until the outbox is empty and this many letters are about this.
async fn letters(house: &House, about: &str, count: usize) {
    for _ in 0..200 {
        if house.mail().iter().filter(|letter| letter.contains(about)).count() == count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // One too many would come with the next look at the outbox.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let found = house.mail().into_iter().filter(|letter| letter.contains(about)).count();
    assert_eq!(found, count, "{about}: {:#?}", house.mail());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_read_less_is_told_of_once() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let known = async || {
        let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
        let rows = view["matrix"].as_array().unwrap().clone();
        rows.iter().find(|row| row["capability"] == "review-admin-roles").unwrap()["known"].clone()
    };
    assert_eq!(known().await, "yes");
    house.fake.add_fault(Fault::on("/api/v1/iam/assignees/users").status(403).code("E0000006").done());
    for _ in 0..2 {
        assert_eq!(sync(&house, &sue, &id).await["label"], "connected");
    }
    assert_eq!(known().await, "no");
    letters(&house, "may read less than before", 1).await;
    let letter =
        house.mail().into_iter().find(|letter| letter.contains("may read less than before")).unwrap();
    assert!(letter.contains("To: sue@acme.test") && letter.contains("admin-roles"), "{letter}");
    // It may again, and then again not.
    house.fake.clear_faults();
    sync(&house, &sue, &id).await;
    assert_eq!(known().await, "yes");
    house.fake.add_fault(Fault::on("/api/v1/iam/assignees/users").status(403).code("E0000006").done());
    sync(&house, &sue, &id).await;
    letters(&house, "may read less than before", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_between_two_letters_is_a_day_and_no_date() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    // Nobody owns it: the Super Administrators hear of it.
    let owners = json!({ "owners": [] });
    let path = format!("/api/connectors/{id}/owners");
    sue.send(reqwest::Method::PUT, &path, Some(&owners)).await.json(StatusCode::OK).await;
    house.fake.add_fault(Fault::everywhere().status(401).code("E0000011").done());
    // It is ten in the evening; sessions end at night.
    house.advance(14 * 3600);
    let sue = house.again().await;
    house.until(&sue, &id, |view| view["open_sync"].is_null() && view["life"]["failures"] != 0).await;
    for _ in 0..2 {
        sync(&house, &sue, &id).await;
    }
    letters(&house, "cannot sync since", 1).await;
    for (hours, count) in [(3, 1), (20, 1), (2, 2)] {
        house.advance(hours * 3600);
        let sue = house.again().await;
        house.settled(&sue, &id).await;
        sync(&house, &sue, &id).await;
        letters(&house, "cannot sync since", count).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_to_decide_a_held_sync_is_reminded_daily_seven_times() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let olga = house.invite(&sue, "Olga", "basic-user").await;
    let id = house.connected(&sue, "super").await;
    let owner = json!({ "owners": ["olga@acme.test"] });
    let path = format!("/api/connectors/{id}/owners");
    sue.send(reqwest::Method::PUT, &path, Some(&owner)).await.json(StatusCode::OK).await;
    house.almost_all_leave();
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.until(&sue, &id, |view| !view["held_sync"].is_null()).await;
    // The owner and the Super Administrator.
    letters(&house, "is held", 2).await;
    drop(olga);
    for day in 1..=8 {
        house.advance(24 * 3600);
        let known = 2 * (day + 1).min(7);
        for _ in 0..400 {
            if house.mail().iter().filter(|letter| letter.contains("is held")).count() >= known {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    letters(&house, "is held", 14).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_handed_the_set_up_over_hears_that_it_is_finished() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let olga = house.invite(&sue, "Olga", "basic-user").await;
    let id = house.added(&sue).await;
    let owner = json!({ "owners": ["olga@acme.test"] });
    let path = format!("/api/connectors/{id}/owners");
    sue.send(reqwest::Method::PUT, &path, Some(&owner)).await.json(StatusCode::OK).await;
    house.save(&olga, &id, "super").await;
    house.settled(&sue, &id).await;
    let letter = house.mail_to("sue@acme.test", 1).await;
    assert!(letter[0].contains("is set up") && letter[0].contains("Olga finished"), "{letter:?}");
    house.save(&olga, &id, "super").await;
    house.settled(&sue, &id).await;
    letters(&house, "is set up", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_without_end_is_told_can_be_stopped_and_is_survived() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    house.fake.add_fault(Fault::everywhere().rate_limited());
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    let open = house.until(&sue, &id, |view| !view["waiting"].is_null()).await;
    let log = format!("/api/connectors/{id}/syncs/{}/log", open["open_sync"].as_str().unwrap());
    let text = sue.get(&log).await.text(StatusCode::OK).await;
    assert!(text.contains("for Okta's rate limit"), "the log tells of the wait: {text}");
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    assert_eq!(view["label"], "syncing", "{view:#}");
    assert!(view["waiting"].as_str().is_some_and(|text| text.contains("rate limit")), "{view:#}");
    let page = sue.get(&format!("/connectors/{id}")).await.text(StatusCode::OK).await;
    assert!(page.contains("for Okta&#39;s rate limit") || page.contains("for Okta's rate limit"), "{page}");
    // The first is a short pause; the next one lasts until Okta's window ends, and is told as long as it is.
    house
        .until(&sue, &id, |view| {
            view["waiting"].as_str().is_some_and(|text| !text.starts_with("waiting 1 s"))
        })
        .await;
    // A person can stop it in the middle of a wait.
    sue.post(&format!("/api/connectors/{id}/cancel"), &json!({})).await.json(StatusCode::OK).await;
    let begin = std::time::Instant::now();
    let view = house.settled(&sue, &id).await;
    assert!(begin.elapsed() < Duration::from_secs(5), "stopped after {:?}", begin.elapsed());
    assert_eq!((&view["label"], &view["life"]["last"]), (&json!("connected"), &json!("cancelled")));
    // When Okta answers again, the sync that waits goes on by itself, with the next window.
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.until(&sue, &id, |view| !view["waiting"].is_null()).await;
    house.fake.clear_faults();
    // A window is a minute long: its end may lie further ahead than `settled` waits.
    tokio::time::sleep(Duration::from_secs(20)).await;
    let view = house.settled(&sue, &id).await;
    assert_eq!((&view["label"], &view["life"]["failures"]), (&json!("connected"), &json!(0)), "{view:#}");
    assert_eq!(view["waiting"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_at_any_moment_neither_loses_nor_doubles_a_sync() {
    let mut house = House::demo().await;
    let mut sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let mut asked = 1;
    house.fake.configure(|options| options.latency = Duration::from_millis(15));
    for (wait, deed) in [0, 10, 40, 120, 300]
        .into_iter()
        .flat_map(|wait| ["", "cancel", "pause", "sync"].into_iter().map(move |deed| (wait, deed)))
    {
        sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
        asked += 1;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        if !deed.is_empty() {
            let answer = sue.post(&format!("/api/connectors/{id}/{deed}"), &json!({})).await;
            // Where it had ended by then, another one begins, or there is nothing to stop.
            let begun = answer.status() == StatusCode::ACCEPTED;
            let syncs =
                sue.get(&format!("/api/connectors/{id}/syncs?limit=200")).await.json(StatusCode::OK).await;
            let count = syncs["items"].as_array().unwrap().len();
            assert!(count == asked || (begun && count == asked + 1), "{wait} {deed}: {count} of {asked}");
            asked = count;
        }
        house.stop().await;
        house.start().await;
        sue = crate::house::Person::with(&house.url, &sue.cookie).await;
        let view = house.settled(&sue, &id).await;
        let paused = deed == "pause";
        assert_eq!(view["label"], if paused { "paused" } else { "connected" }, "{wait} {deed}: {view:#}");
        if paused {
            sue.post(&format!("/api/connectors/{id}/resume"), &json!({})).await.json(StatusCode::OK).await;
        }
        let syncs =
            sue.get(&format!("/api/connectors/{id}/syncs?limit=200")).await.json(StatusCode::OK).await;
        let items = syncs["items"].as_array().unwrap();
        assert_eq!(items.len(), asked, "{wait} {deed}: neither lost nor doubled");
        let result = items[0]["result"].as_str().unwrap();
        assert!(
            result == "succeeded" || (deed == "cancel" && result == "cancelled"),
            "{wait} {deed}: {result}"
        );
    }
    let record = sue.get(&format!("/api/audit?limit=200&object=connector/{id}&action=sync.ended")).await;
    let ended = record.json(StatusCode::OK).await["items"].as_array().unwrap().len();
    assert!(ended <= asked, "{ended} ends of {asked} syncs");
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_resume_and_schedule() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let post = |path: &str| {
        let (sue, path) = (sue.clone(), format!("/api/connectors/{id}/{path}"));
        async move { sue.post(&path, &json!({})).await }
    };
    assert_eq!(post("pause").await.json(StatusCode::OK).await["label"], "paused");
    post("sync").await.json(StatusCode::CONFLICT).await;
    house.pass(&sue, 2 * 3600).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    assert_eq!(syncs["items"].as_array().unwrap().len(), 1, "nothing runs while paused");
    post("resume").await.json(StatusCode::OK).await;
    let schedule = json!({ "kind": "every", "minutes": 30 });
    let put = |body: Value| {
        let (sue, path) = (sue.clone(), format!("/api/connectors/{id}/schedule"));
        async move { sue.send(reqwest::Method::PUT, &path, Some(&body)).await }
    };
    put(schedule).await.json(StatusCode::OK).await;
    put(json!({ "kind": "every", "minutes": 5 })).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    house.advance(31 * 60);
    let view =
        house.until(&sue, &id, |view| view["life"]["good_at"].as_str() > Some("2026-09-01T10:2")).await;
    assert_eq!(view["label"], "connected");
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    assert_eq!(
        (&syncs["items"][0]["cause"], &syncs["items"][0]["actor"]),
        (&json!("schedule"), &json!("Rolebook"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_is_stopped_by_a_person() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    house.fake.configure(|options| options.latency = Duration::from_millis(400));
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    let view = house.until(&sue, &id, |view| !view["stages"].as_array().unwrap().is_empty()).await;
    assert_eq!(view["label"], "syncing");
    sue.post(&format!("/api/connectors/{id}/cancel"), &json!({})).await.json(StatusCode::OK).await;
    let view = house.settled(&sue, &id).await;
    assert_eq!((&view["label"], &view["life"]["last"]), (&json!("connected"), &json!("cancelled")));
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    assert_eq!(syncs["items"][0]["result"], "cancelled");
    sue.post(&format!("/api/connectors/{id}/cancel"), &json!({})).await.json(StatusCode::CONFLICT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_begins_the_sync_anew_once() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let id = house.added(&sue).await;
    house.fake.configure(|options| options.latency = Duration::from_millis(150));
    house.save(&sue, &id, "super").await;
    house.until(&sue, &id, |view| view["stages"].as_array().unwrap().len() > 1).await;
    house.stop().await;
    house.fake.configure(|options| options.latency = Duration::ZERO);
    house.start().await;
    let sue = crate::house::Person::with(&house.url, &sue.cookie).await;
    let view = house.settled(&sue, &id).await;
    assert_eq!(view["label"], "connected", "{view:#}");
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    let items = syncs["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "neither lost nor doubled: {syncs:#}");
    assert_eq!((&items[0]["result"], &items[0]["begun_anew"]), (&json!("succeeded"), &json!(true)));
    let log = sue
        .get(&format!("/api/connectors/{id}/syncs/{}/log", items[0]["id"].as_str().unwrap()))
        .await
        .text(StatusCode::OK)
        .await;
    assert!(log.contains("begins anew"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_app_starts_a_sync_within_five_minutes() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    house.fake.advance(Duration::from_secs(60));
    house.fake.change(|org| org.change_app("0oaAWS", |app| app.setting("sessionDuration", 7200)));
    house.advance(301);
    house.until(&sue, &id, |view| view["life"]["good_at"].as_str() > Some("2026-09-01T08:05")).await;
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    assert_eq!(syncs["items"][0]["cause"], "settings-changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn live_events_tell_labels_stages_and_log() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let mut stream = sue.get(&format!("/api/events?connector={id}")).await.0;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    let mut text = String::new();
    // The end of the sync before may still be told.
    let connected = |text: &str| {
        text.split_once("Syncing").is_some_and(|(_, then)| then.contains("\"text\":\"Connected\""))
    };
    while !connected(&text) {
        let chunk =
            tokio::time::timeout(Duration::from_secs(30), stream.chunk()).await.unwrap().unwrap().unwrap();
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    for sign in
        ["event: label", "\"text\":\"Syncing\"", "event: stage", "event: log", "\"stage\":\"members\""]
    {
        assert!(text.contains(sign), "{sign}: {text}");
    }
    assert!(!text.contains(&house.fake.token("super")));
}
