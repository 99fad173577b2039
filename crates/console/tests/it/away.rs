//! Peers that the console cannot do without go away, stand still, and come back: the database, the place of snapshots.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use rolebook_fake_okta::{Options, orgs};
use serde_json::json;

use crate::{
    bases::Base,
    buckets,
    house::{House, Person, http},
    wire::Wire,
};

async fn ready(house: &House) -> (u16, String) {
    let answer = http().get(format!("{}/ready", house.url)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn until_ready(house: &House) {
    let begin = Instant::now();
    loop {
        let (status, text) = ready(house).await;
        if (status, text.as_str()) == (200, "ready\n") {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{status} {text}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn begin_sync(sue: &Person, id: &str) {
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_goes_away_in_the_middle_of_a_sync_and_comes_back() {
    let Some(mut base) = Base::postgres("a lost connection").await else { return };
    let url = url::Url::parse(&base.url.unwrap()).unwrap();
    let wire = Wire::to(&format!("127.0.0.1:{}", url.port().unwrap())).await;
    base.url = Some(url.as_str().replace(&format!("127.0.0.1:{}", url.port().unwrap()), &wire.address));
    let mut house = House::on(orgs::demo(), Options::default(), base, None).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let total = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();

    house.fake.configure(|options| options.latency = Duration::from_millis(300));
    begin_sync(&sue, &id).await;
    house.until(&sue, &id, |view| !view["stages"].as_array().unwrap().is_empty()).await;
    wire.cut();
    let (status, text) = ready(&house).await;
    assert_eq!(status, 503, "{text}");
    assert!(text.starts_with("not ready: the database does not answer"), "{text}");
    assert!(!text.contains("rolebook:rolebook"), "{text}");
    let problem = sue.get("/api/grants?limit=1").await.json(StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(problem["title"], "the database does not answer", "{problem:#}");
    assert!(problem["error_id"].as_str().unwrap().starts_with("err_"));
    // Long enough for the sync to end with nobody to tell.
    house.fake.configure(|options| options.latency = Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(http().get(format!("{}/live", house.url)).send().await.unwrap().status(), StatusCode::OK);
    wire.mend();
    until_ready(&house).await;
    // The lease runs out by the console's clock; then it begins anew.
    house.advance(60);
    let view = house.settled(&sue, &id).await;
    assert_eq!(view["label"], "connected", "{view:#}");
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    assert_eq!(syncs["items"].as_array().unwrap().len(), 2, "neither lost nor doubled: {syncs:#}");
    assert_eq!(sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"], total);

    // One that says nothing at all is told apart from one that answers, before whoever asks gives up.
    wire.stand_still();
    let begin = Instant::now();
    let (status, text) = ready(&house).await;
    assert!(status == 503 && text.contains("does not answer"), "{status} {text}");
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    wire.mend();
    until_ready(&house).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_stands_still_and_comes_back() {
    let Some((bucket, endpoint)) = buckets::fresh("a bucket that hangs").await else { return };
    let wire = Wire::to(endpoint.strip_prefix("http://").unwrap()).await;
    let blobs = Some((bucket, format!("http://{}", wire.address)));
    let mut house = House::on(orgs::demo(), Options::default(), Base::sqlite(), blobs).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    let first = view["good_sync"].as_str().unwrap().to_owned();
    until_ready(&house).await;

    wire.stand_still();
    begin_sync(&sue, &id).await;
    // What is shown has its copy here.
    let grants = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await;
    assert!(grants["total"].as_u64() > Some(0));
    let view = house.settled(&sue, &id).await;
    assert_eq!(view["label"], "retrying", "{view:#}");
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    let text = syncs["items"][0]["report"]["error"]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("s3://"), "{text}");
    assert_eq!(
        ready(&house).await,
        (200, "ready, but: the place of snapshots and logs fails (put)\n".to_owned())
    );
    // What has no copy here says what is wrong.
    std::fs::remove_file(house.data.join("snapshots").join(&id).join(format!("{first}.c1z"))).unwrap();
    let problem = sue.get(&format!("/api/connectors/{id}/syncs/{first}/snapshot")).await;
    let problem = problem.json(StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(problem["title"], "the place of snapshots and logs does not answer", "{problem:#}");

    // It does not keep the console from stopping in the middle of a sync.
    begin_sync(&sue, &id).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let begin = Instant::now();
    house.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    wire.mend();
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    assert_eq!(house.settled(&sue, &id).await["label"], "connected");
    until_ready(&house).await;
}
