//! A whole console's life, on each database and with each place for snapshots that there is.

use reqwest::{Method, StatusCode};
use rolebook_console::{Server, doctor};
use rolebook_fake_okta::{Options, orgs};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::{
    bases::Base,
    buckets,
    house::{House, Person},
    upgrade::TO_FIRST,
};

/// The demo house on every database with every place.
async fn houses(test: &str) -> Vec<House> {
    let mut houses = Vec::new();
    for blobs in [None, buckets::fresh(test).await] {
        if blobs.is_none() && !houses.is_empty() {
            continue;
        }
        for base in Base::all(test).await {
            // A bucket is of one database.
            let blobs = blobs.as_ref().map(|(place, endpoint)| {
                (format!("{place}/{}", base.kind().to_lowercase()), endpoint.clone())
            });
            houses.push(House::on(orgs::demo(), Options::default(), base, blobs).await);
        }
    }
    houses
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_lives_the_same_life_everywhere() {
    for mut house in houses("a console's life").await {
        let sue = house.sue().await;
        let id = house.connected(&sue, "super").await;
        let total = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
        assert!(total.as_u64() > Some(10), "{total}");

        // A plan, made and applied.
        let on = json!({ "enabled": true, "reason": "trying it out" });
        let path = format!("/api/connectors/{id}/provisioning");
        sue.send(Method::PATCH, &path, Some(&on)).await.json(StatusCode::OK).await;
        let people = sue.get("/api/people?limit=100").await.json(StatusCode::OK).await;
        let groups = sue.get("/api/groups?limit=100").await.json(StatusCode::OK).await;
        let groups = groups["items"].as_array().unwrap();
        let group = groups.iter().find(|group| group["kind"] == "OKTA_GROUP").unwrap()["id"].clone();
        let mut plan = Value::Null;
        for person in people["items"].as_array().unwrap() {
            let wanted = json!({ "action": "grant", "person": person["login"], "group": group });
            let made = sue.post(&format!("/api/connectors/{id}/plans"), &wanted).await;
            plan = made.json(StatusCode::CREATED).await;
            if !plan["steps"].as_array().unwrap().is_empty() {
                break;
            }
        }
        let apply = format!("/api/connectors/{id}/plans/{}/apply", plan["id"].as_str().unwrap());
        let done = sue.post(&apply, &json!({ "digest": plan["digest"] })).await.json(StatusCode::OK).await;
        assert_eq!(done["result"]["outcome"], "done", "{done:#}");
        house.settled(&sue, &id).await;

        // The process goes away with its data folder; another one finds everything where it lies for good.
        house.stop().await;
        let elsewhere = house.config().blobs.is_some() && house.config().database_url.is_some();
        let mut house = if elsewhere { house.elsewhere("another") } else { house };
        house.start().await;
        let sue = Person::with(&house.url, &sue.cookie).await;
        let after = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
        assert!(after.as_u64() >= total.as_u64(), "{after} of {total}");
        let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
        let first = syncs["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
        let log =
            sue.get(&format!("/api/connectors/{id}/syncs/{first}/log")).await.text(StatusCode::OK).await;
        assert!(log.contains("sync succeeded"), "{log}");
        let file = sue.get(&format!("/api/connectors/{id}/syncs/{first}/snapshot")).await;
        assert_eq!(file.status(), StatusCode::OK);

        // Its guard compares with what the first one read.
        house.almost_all_leave();
        sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
        house.until(&sue, &id, |view| !view["held_sync"].is_null()).await;
        // And again elsewhere, where the held file was never read: somebody decides there.
        house.stop().await;
        let mut house = if elsewhere { house.elsewhere("third") } else { house };
        house.start().await;
        let sue = Person::with(&house.url, &sue.cookie).await;
        let view = sue
            .post(&format!("/api/connectors/{id}/hold/confirm"), &json!({ "reason": "they left" }))
            .await
            .json(StatusCode::OK)
            .await;
        assert_eq!(view["label"], "connected", "{view:#}");
        let fewer = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
        assert!(fewer.as_u64() < after.as_u64());
        sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
        assert_eq!(
            house.settled(&sue, &id).await["label"],
            "connected",
            "it compares with what was confirmed"
        );

        house.stop().await;
        let diagnosis = doctor(house.config()).await.unwrap();
        assert!(diagnosis.lines.iter().all(|(_, well, _)| *well), "{diagnosis:#?}");
        assert!(diagnosis.lines.iter().any(|(what, _, _)| *what == "blobs"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_version_is_brought_up_on_postgresql_too_and_a_newer_one_is_refused() {
    let Some(base) = Base::postgres("migrations from the first version").await else { return };
    let url = base.url.clone().unwrap();
    let mut house = House::on(orgs::demo(), Options::default(), base, None).await;
    let sue = house.sue().await;
    house.connected(&sue, "super").await;
    house.stop().await;
    let db = Database::connect(&url).await.unwrap();
    for statement in TO_FIRST {
        db.execute_unprepared(statement).await.unwrap();
    }
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    assert_eq!(sue.get("/api/watches").await.json(StatusCode::OK).await["total"], 0);
    assert_eq!(sue.get("/api/connectors").await.json(StatusCode::OK).await["items"][0]["label"], "connected");
    house.stop().await;
    db.execute_unprepared("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)")
        .await
        .unwrap();
    let error = Server::start(house.config(), "127.0.0.1:0".parse().unwrap()).await.err().unwrap();
    assert!(error.to_string().contains("newer rolebook (it holds m9999_later"), "{error}");
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_rebuilt_from_a_bucket() {
    let Some(blobs) = buckets::fresh("a rebuild").await else { return };
    let mut house = House::on(orgs::demo(), Options::default(), Base::sqlite(), Some(blobs)).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let total = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
    // The newest snapshot is one that is held: it must not come back as the good one.
    house.almost_all_leave();
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.until(&sue, &id, |view| !view["held_sync"].is_null()).await;
    house.stop().await;
    let mut house = house.elsewhere("another");
    let error = Server::start(house.config(), "127.0.0.1:0".parse().unwrap()).await.err().unwrap();
    assert!(error.to_string().starts_with("s3://"), "{error}");
    assert!(error.to_string().contains("holds snapshots, but its database is gone"), "{error}");
    house.start_with(|config| config.rebuild = true).await;
    let sue = house.sue().await;
    assert_eq!(sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"], total);
    assert_eq!(sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await["label"], "error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_damaged_snapshot_says_so_and_the_next_sync_goes_on() {
    for mut house in houses("a damaged snapshot").await {
        let sue = house.sue().await;
        let id = house.connected(&sue, "super").await;
        let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
        let name = format!("{}.c1z", view["good_sync"].as_str().unwrap());
        let copy = house.data.join("snapshots").join(&id).join(&name);
        // What was opened before is kept open: the next start finds what lies there.
        house.stop().await;
        if house.config().blobs.is_none() {
            // The file that syncs write is another name of it, and is not the one that is damaged.
            std::fs::remove_file(&copy).unwrap();
        }
        std::fs::write(&copy, "damaged").unwrap();
        house.start().await;
        let sue = Person::with(&house.url, &sue.cookie).await;
        let path = "/api/grants?limit=1";
        let problem = sue.get(path).await;
        let status = problem.status();
        assert!(status.is_server_error(), "{status}");
        std::fs::remove_file(&copy).unwrap();
        if house.config().blobs.is_some() {
            // It was a copy: the bucket has it.
            sue.get(path).await.json(StatusCode::OK).await;
        } else {
            let problem = sue.get(path).await.text(StatusCode::INTERNAL_SERVER_ERROR).await;
            assert!(
                !problem.contains(house.data.to_str().unwrap()),
                "where it lies is nobody's business: {problem}"
            );
        }
        sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
        assert_eq!(house.settled(&sue, &id).await["label"], "connected");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_sqlite_to_postgresql_by_the_snapshots() {
    let Some(base) = Base::postgres("a move from SQLite").await else { return };
    let mut small = House::demo().await;
    let sue = small.sue().await;
    let id = small.connected(&sue, "super").await;
    let total = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
    // The newest snapshot is one that is held: it must not come back as the good one.
    small.almost_all_leave();
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    small.until(&sue, &id, |view| !view["held_sync"].is_null()).await;
    small.stop().await;
    // As docs/CONSOLE.md says: `snapshots` and `logs` are copied to the new place.
    let place = base.folder.path().join("place");
    for folder in ["snapshots", "logs"] {
        std::fs::create_dir_all(place.join(folder).join(&id)).unwrap();
        for entry in std::fs::read_dir(small.data.join(folder).join(&id)).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), place.join(folder).join(&id).join(entry.file_name())).unwrap();
        }
    }
    let mut large = small.moved(base, (place.display().to_string(), String::new()));
    let error = Server::start(large.config(), "127.0.0.1:0".parse().unwrap()).await.err().unwrap();
    assert!(error.to_string().contains("holds snapshots, but its database is gone"), "{error}");
    large.start_with(|config| config.rebuild = true).await;
    let sue = large.sue().await;
    assert_eq!(sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"], total);
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    assert_eq!((&view["label"], &view["token"]), (&json!("error"), &Value::Null), "{view:#}");
    let first = view["good_sync"].as_str().unwrap();
    let log = sue.get(&format!("/api/connectors/{id}/syncs/{first}/log")).await.text(StatusCode::OK).await;
    assert!(log.contains("sync succeeded"), "{log}");
    large.save(&sue, &id, "super").await;
    // It is compared with what was good before, so the loss is held again.
    large.until(&sue, &id, |view| !view["held_sync"].is_null()).await;
}
