//! What goes wrong around a sync stays with that sync: other connectors, other changes and the numbers are untouched.

use reqwest::StatusCode;
use rolebook_fake_okta::{Options, orgs};
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::{
    bases::Base,
    buckets,
    house::{House, Person},
    wire::Wire,
};

async fn synced(house: &House, sue: &Person, id: &str) -> Value {
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.settled(sue, id).await;
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    syncs["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_counts_its_own_requests_only() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    for _ in 0..3 {
        house.fake.clear_log();
        let sync = synced(&house, &sue, &id).await;
        let sent = house.fake.log().len();
        assert_eq!(sync["report"]["requests"], sent, "{sync:#}");
        let path = format!("/api/connectors/{id}/syncs/{}/log", sync["id"].as_str().unwrap());
        let log = sue.get(&path).await.text(StatusCode::OK).await;
        assert!(log.contains(&format!("{sent} requests")), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_be_read_stops_its_own_connector_only() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let (broken, good) = (house.connected(&sue, "super").await, house.connected(&sue, "super").await);
    let url = format!("sqlite://{}?mode=rw", house.data.join("rolebook.db").display());
    let db = Database::connect(url).await.unwrap();
    // As a newer version might write it, whose values this one does not know.
    let newer = "UPDATE connector SET life = '{\"run\":\"hovering\"}', created_at = 0 WHERE id = ";
    db.execute_unprepared(&format!("{newer}'{broken}'")).await.unwrap();
    db.close().await.unwrap();
    let before = sue.get(&format!("/api/connectors/{good}")).await.json(StatusCode::OK).await;
    house.pass(&sue, 2 * 60 * 60).await;
    let after = house.until(&sue, &good, |view| view["good_sync"] != before["good_sync"]).await;
    assert_eq!(after["label"], "connected", "{after:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_stands_still_holds_up_no_other_change() {
    let Some((bucket, endpoint)) = buckets::fresh("a decision while a bucket hangs").await else { return };
    let wire = Wire::to(endpoint.strip_prefix("http://").unwrap()).await;
    let blobs = Some((bucket, format!("http://{}", wire.address)));
    let mut house = House::on(orgs::demo(), Options::default(), Base::sqlite(), blobs).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    house.almost_all_leave();
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.until(&sue, &id, |view| !view["held_sync"].is_null()).await;

    wire.stand_still();
    let (confirming, path) = (sue.clone(), format!("/api/connectors/{id}/hold/confirm"));
    let confirm =
        tokio::spawn(async move { confirming.post(&path, &json!({ "reason": "they left" })).await.status() });
    // The decision holds at once; only the note for a rebuild still waits for the bucket.
    house.until(&sue, &id, |view| view["held_sync"].is_null()).await;
    let key = sue.post("/api/keys", &json!({ "name": "meanwhile", "role": "basic-user", "days": 3 })).await;
    assert_eq!(key.status(), StatusCode::CREATED);
    assert!(!confirm.is_finished(), "the bucket does not answer yet");
    wire.mend();
    assert_eq!(confirm.await.unwrap(), StatusCode::OK);
    house.stop().await;
}
