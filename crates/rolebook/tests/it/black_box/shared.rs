//! Two real processes on one PostgreSQL and one bucket: one of them goes away, or stands still, in the middle of a sync.

#![expect(clippy::disallowed_methods, reason = "the environment says which services there are")]

#[allow(dead_code, reason = "a console of its own is tested elsewhere")]
#[path = "../../../../console/tests/it/bases.rs"]
mod bases;
#[path = "../../../../console/tests/it/buckets.rs"]
mod buckets;

use std::{process::Command, time::Duration};

use rolebook_fake_okta::{FakeOkta, orgs};
use serde_json::{Value, json};

use super::{
    operations::Browser,
    place::{Place, okta, until},
    serve::Serving,
};

const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// Two processes, what they share, and a connector that is connected.
struct Pair {
    place: Place,
    fake: FakeOkta,
    /// Where they lie, in this order: `one`, `two`.
    serving: Vec<Serving>,
    sue: Browser,
    id: String,
    bucket: String,
    url: String,
}

impl Pair {
    fn new(test: &str) -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let base = runtime.block_on(bases::Base::postgres(test))?;
        let (bucket, endpoint) = runtime.block_on(buckets::fresh(test))?;
        let (place, fake) = (Place::new(), okta(orgs::demo()));
        let url = base.url.clone().unwrap();
        let environment = [
            ("ROLEBOOK_DATABASE_URL", url.as_str()),
            ("ROLEBOOK_VAULT_KEY", KEY),
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        let serving: Vec<Serving> = ["one", "two"]
            .into_iter()
            .map(|name| {
                let arguments = format!(
                    "serve --listen 127.0.0.1:0 --allow-loopback --data-dir {name} \
                     --blobs {bucket}/rolebook"
                );
                let environment = [&environment[..], &[("ROLEBOOK_PROCESS_NAME", name)]].concat();
                Serving::start_with(&place, &arguments, &environment)
            })
            .collect();
        let sue = Browser::sue(&serving[1], serving[1].word("for 15 minutes:"));
        let id = sue.connected(&fake);
        let bucket = bucket.replace("s3:/", &endpoint);
        Some(Self { place, fake, serving, sue, id, bucket, url })
    }

    /// Starts a slow sync; which process runs it, and Sue at the other one.
    fn begin(&self) -> (usize, Browser) {
        self.fake.configure(|options| options.latency = Duration::from_millis(700));
        self.sue.json("POST", &format!("/api/connectors/{}/sync", self.id), &json!({})).json(202);
        let mut runner = None;
        until("a process reads", || {
            runner = (0..2).find(|at| {
                let view = self.sue.at(self.serving[*at].address()).connector();
                view["runs_in"].is_null() && view["stages"].as_array().unwrap().len() > 1
            });
            runner.is_some()
        });
        let runner = runner.unwrap();
        let other = self.sue.at(self.serving[1 - runner].address());
        assert_eq!(other.connector()["runs_in"], ["one", "two"][runner]);
        (runner, other)
    }

    /// The newest sync, when there are just two and no more.
    #[track_caller]
    fn newest(&self, who: &Browser) -> Value {
        let syncs = who.get(&format!("/api/connectors/{}/syncs", self.id)).json(200);
        let items = syncs["items"].as_array().unwrap();
        assert_eq!(items.len(), 2, "neither lost nor doubled: {syncs:#}");
        items[0].clone()
    }

    /// Names of the snapshots that lie in the bucket.
    fn snapshots(&self) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let list = format!("{}?list-type=2&prefix=rolebook/snapshots/", self.bucket);
        let text = runtime
            .block_on(async { reqwest::Client::new().get(list).send().await.unwrap().text().await.unwrap() });
        text.split("<Key>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().rsplit('/').next().unwrap().to_owned())
            .filter(|name| name.ends_with(".c1z"))
            .collect()
    }

    fn put(&self, name: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let path = format!("{}/rolebook/snapshots/{}/{name}", self.bucket, self.id);
        let put = async { reqwest::Client::new().put(path).body("sealed").send().await.unwrap().status() };
        assert!(runtime.block_on(put).is_success());
        assert!(self.snapshots().contains(&name.to_owned()));
    }

    /// What must be so after the other process has ended the sync.
    #[track_caller]
    fn taken_over_once(&self, other: &Browser, lost: &str) -> String {
        let sync = self.newest(other);
        assert_eq!((&sync["result"], &sync["begun_anew"]), (&json!("succeeded"), &json!(true)), "{sync:#}");
        let id = sync["id"].as_str().unwrap().to_owned();
        assert_eq!(other.connector()["good_sync"], id);
        let log = other.get(&format!("/api/connectors/{}/syncs/{id}/log", self.id)).body;
        assert!(
            log.contains(&format!("the process {lost} that ran this sync is gone; it begins anew")),
            "{log}"
        );
        let audit = other.get("/api/audit?limit=200").json(200);
        let rows = audit["items"].as_array().unwrap();
        let recovered: Vec<&Value> = rows.iter().filter(|row| row["action"] == "sync.recovered").collect();
        assert_eq!(recovered.len(), 1, "{audit:#}");
        assert_eq!(recovered[0]["detail"]["process"], lost);
        assert!(self.snapshots().contains(&format!("{id}-2.c1z")), "{:?}", self.snapshots());
        assert_eq!(self.snapshots().len(), 2, "{:?}", self.snapshots());
        id
    }
}

#[test]
fn a_process_is_killed_in_the_middle_of_a_sync_and_the_other_begins_it_anew() {
    let Some(mut pair) = Pair::new("two processes, one killed") else { return };
    let (runner, other) = pair.begin();
    // It was just about to take over what it had sealed: nobody needs that any more.
    let sealed = format!("{}.c1z", other.connector()["open_sync"].as_str().unwrap());
    pair.put(&sealed);
    let mut killed = pair.serving.remove(runner);
    killed.child.kill().unwrap();
    killed.child.wait().unwrap();
    pair.fake.configure(|options| options.latency = Duration::ZERO);
    assert_eq!(other.settled()["label"], "connected");
    pair.taken_over_once(&other, ["one", "two"][runner]);
    pair.serving.remove(0).stop();
    let doctor = format!(
        "doctor --data-dir {} --blobs {} --blobs-endpoint {}",
        ["two", "one"][runner],
        pair.bucket.rsplit_once('/').map(|(_, name)| format!("s3://{name}/rolebook")).unwrap(),
        pair.bucket.rsplit_once('/').unwrap().0,
    );
    let end = pair
        .place
        .call(&doctor)
        .env("ROLEBOOK_DATABASE_URL", &pair.url)
        .env("ROLEBOOK_VAULT_KEY", KEY)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .end()
        .succeeded();
    for line in ["ok    database      PostgreSQL: opened", "ok    blobs         s3://", "ok    audit record"]
    {
        assert!(end.out.contains(line), "{line}: {end:#?}");
    }
}

#[test]
fn a_process_that_stands_still_past_its_lease_comes_back_too_late() {
    let Some(mut pair) = Pair::new("two processes, one stopped for a while") else { return };
    let (runner, other) = pair.begin();
    let name = ["one", "two"][runner];
    let signal = |signal: &str| {
        let pid = pair.serving[runner].child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    };
    signal("-STOP");
    pair.fake.configure(|options| options.latency = Duration::ZERO);
    assert_eq!(other.settled()["label"], "connected");
    let id = pair.taken_over_once(&other, name);
    signal("-CONT");
    let log = pair.place.path(&format!("{name}/logs/{}/{id}.ndjson", pair.id));
    until("it has found out", || {
        std::fs::read_to_string(&log).unwrap().contains("another process has this sync")
    });
    // Nothing of it counts, and the process goes on working.
    assert_eq!(pair.taken_over_once(&other, name), id);
    let back = pair.sue.at(pair.serving[runner].address());
    assert_eq!(back.connector()["good_sync"], id);
    back.json("POST", &format!("/api/connectors/{}/sync", pair.id), &json!({})).json(202);
    assert_eq!(back.settled()["label"], "connected");
    for serving in pair.serving.drain(..) {
        serving.stop();
    }
}
