//! Two processes on one database and one bucket share the work.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use rolebook_console::{ConsoleError, Server, rotate_key};
use rolebook_fake_okta::{Options, orgs};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::json;

use crate::{
    bases::Base,
    buckets,
    house::{House, Person},
};

/// Two consoles that share everything but their data folders, and Sue at both.
struct Pair {
    one: House,
    two: House,
    url: String,
}

impl Pair {
    async fn new(test: &str) -> Option<Self> {
        let (base, blobs) = (Base::postgres(test).await?, buckets::fresh(test).await?);
        let url = base.url.clone()?;
        let one = House::on(orgs::demo(), Options::default(), base, Some(blobs)).await;
        let mut two = one.elsewhere("two");
        two.start().await;
        Some(Self { one, two, url })
    }

    async fn sue(&self) -> (Person, Person) {
        // The newest one-time link is the one that works.
        let too = self.two.sue().await;
        let sue = Person::with(&self.one.url, &too.cookie).await;
        (sue, too)
    }
}

async fn start(sue: &Person, id: &str) {
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_does_the_other_shows_and_stops() {
    let Some(pair) = Pair::new("two processes").await else { return };
    let (sue, too) = pair.sue().await;
    let id = pair.one.connected(&sue, "super").await;
    let total = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
    assert_eq!(too.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"], total);

    // Pages at both hear of the label, whoever runs the sync.
    let mut streams = [
        sue.get(&format!("/api/events?connector={id}")).await.0,
        too.get(&format!("/api/events?connector={id}")).await.0,
    ];
    pair.one.fake.configure(|options| options.latency = Duration::from_millis(200));
    start(&too, &id).await;
    for stream in &mut streams {
        let mut text = String::new();
        while !text.contains("\"text\":\"Connected\"") || !text.contains("\"text\":\"Syncing\"") {
            let chunk = tokio::time::timeout(Duration::from_secs(30), stream.chunk()).await;
            text.push_str(&String::from_utf8_lossy(&chunk.unwrap().unwrap().unwrap()));
        }
    }

    // While it runs, the other says where; and a person there can stop it.
    pair.one.fake.configure(|options| options.latency = Duration::from_millis(600));
    start(&sue, &id).await;
    let view = pair.one.until(&sue, &id, |view| {
        !view["runs_in"].is_null() || !view["stages"].as_array().unwrap().is_empty()
    });
    let runs_in_two = !view.await["runs_in"].is_null();
    let (other, house, name) = if runs_in_two { (&sue, &pair.one, "two") } else { (&too, &pair.two, "data") };
    let view = house.until(other, &id, |view| !view["runs_in"].is_null()).await;
    assert_eq!(view["runs_in"], name);
    let sync = view["open_sync"].as_str().unwrap().to_owned();
    let log = format!("/api/connectors/{id}/syncs/{sync}/log");
    let live = other.get(&log).await.text(StatusCode::OK).await;
    assert!(live.contains(&format!("this sync runs in the process {name}")), "{live}");
    let page = other.get(&format!("/connectors/{id}")).await.text(StatusCode::OK).await;
    assert!(page.contains(&format!("It runs in the process {name}")));
    other.post(&format!("/api/connectors/{id}/cancel"), &json!({})).await.json(StatusCode::OK).await;
    house.settled(other, &id).await;
    let ended = other.get(&format!("/api/connectors/{id}/syncs/{sync}")).await.json(StatusCode::OK).await;
    assert_eq!(ended["result"], "cancelled", "{ended:#}");
    let text = until_log(other, &log, "stopped by a person").await;
    assert!(text.contains("sync begins"), "its log is there when it has ended: {text}");
}

async fn until_log(who: &Person, path: &str, word: &str) -> String {
    let begin = Instant::now();
    loop {
        let text = who.get(path).await.text(StatusCode::OK).await;
        if text.contains(word) {
            return text;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "{text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn syncs_of_one_org_stay_in_one_process_and_nothing_is_lost_or_doubled() {
    let Some(pair) = Pair::new("syncs of one org").await else { return };
    let (sue, too) = pair.sue().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(pair.one.connected(&sue, "super").await);
    }
    pair.one.fake.configure(|options| options.latency = Duration::from_millis(60));
    let db = Database::connect(&pair.url).await.unwrap();
    let owners = "SELECT count(DISTINCT lease_owner) AS n FROM sync WHERE state = 'running'";
    for (at, id) in ids.iter().enumerate() {
        start(if at % 2 == 0 { &sue } else { &too }, id).await;
    }
    let begin = Instant::now();
    loop {
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), owners)).await.unwrap();
        let owners: i64 = row.unwrap().try_get("", "n").unwrap();
        assert!(owners <= 1, "{owners} processes read the same org");
        let connectors = sue.get("/api/connectors").await.json(StatusCode::OK).await;
        if connectors["items"].as_array().unwrap().iter().all(|one| one["open_sync"].is_null()) {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // All of them are due at once: each gets one sync, whichever process looks.
    pair.one.fake.configure(|options| options.latency = Duration::ZERO);
    pair.one.pass(&sue, 70 * 60).await;
    for id in &ids {
        let path = format!("/api/connectors/{id}/syncs");
        let begin = Instant::now();
        loop {
            let syncs = sue.get(&path).await.json(StatusCode::OK).await;
            let items = syncs["items"].as_array().unwrap();
            if items.len() > 2 && items.iter().all(|sync| sync["state"] == "ended") {
                let due = items.iter().filter(|sync| sync["cause"] == "schedule").count();
                assert_eq!(due, 1, "{syncs:#}");
                assert!(items.iter().all(|sync| sync["result"].as_str().unwrap().starts_with("succeeded")));
                break;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "{syncs:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_sent_once_and_settings_are_looked_at_once() {
    let Some(pair) = Pair::new("letters").await else { return };
    let (sue, _too) = pair.sue().await;
    let id = pair.one.connected(&sue, "super").await;
    pair.one.fake.clear_log();
    pair.one.advance(301);
    tokio::time::sleep(Duration::from_secs(11)).await;
    let looks = pair.one.fake.log_lines().iter().filter(|line| line.contains("/api/v1/apps/0oaAWS")).count();
    assert_eq!(looks, 1, "{:#?}", pair.one.fake.log_lines());
    pair.one.almost_all_leave();
    start(&sue, &id).await;
    pair.one.until(&sue, &id, |view| !view["held_sync"].is_null()).await;
    let begin = Instant::now();
    let letters = || {
        let all = pair.one.mail().into_iter().chain(pair.two.mail());
        all.filter(|letter| letter.contains("is held")).count()
    };
    while letters() == 0 {
        assert!(begin.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(letters(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_agree_on_key_and_place_before_they_work_together() {
    let Some(mut pair) = Pair::new("keys and places").await else { return };
    let (sue, _) = pair.sue().await;
    pair.one.connected(&sue, "super").await;
    let third = pair.one.elsewhere("third");
    let start = async |change: &dyn Fn(&mut rolebook_console::ConsoleConfig)| {
        let mut config = third.config();
        change(&mut config);
        Server::start(config, "127.0.0.1:0".parse().unwrap()).await
    };
    let other = "bm90LXRoZS1zYW1lLWtleS1hcy1iZWZvcmUtMTIzNDU=";
    let error = start(&|config| config.vault.text = Some(other.to_owned().into())).await.err().unwrap();
    assert!(
        error.to_string().starts_with("the database's secrets are sealed under the vault key "),
        "{error}"
    );
    assert!(error.hint().starts_with("give every process the same key"), "{}", error.hint());
    let error = start(&|config| config.vault.text = None).await.err().unwrap();
    assert!(
        matches!(error, ConsoleError::OtherKey { .. }),
        "a key that is made here is another one: {error}"
    );
    let lost = |config: &mut rolebook_console::ConsoleConfig| {
        config.vault.text = Some(other.to_owned().into());
        config.vault_key_lost = true;
    };
    let error = start(&lost).await.err().unwrap();
    assert!(error.to_string().starts_with("other processes are at work on this database: "), "{error}");
    let error = start(&|config| config.blobs = None).await.err().unwrap();
    assert!(error.to_string().contains("the snapshots of this database do not lie in"), "{error}");
    let file = third.data.with_file_name("new.key");
    let error = rotate_key(third.config(), Some(file)).await.err().unwrap();
    assert!(matches!(&error, ConsoleError::OthersAtWork(names) if names.len() == 2), "{error}");
    let mut config = third.config();
    config.database_url = config.database_url.map(|url| url.replace(":rolebook@", ":wrong-secret@"));
    let error = Server::start(config, "127.0.0.1:0".parse().unwrap()).await.err().unwrap();
    assert!(error.to_string().starts_with("cannot open the database: "), "{error}");
    assert!(!error.to_string().contains("wrong-secret"), "{error}");
    let error = rolebook_console::backup(&third.config(), &third.data.with_file_name("b.tar")).await;
    let error = error.err().unwrap();
    assert!(error.to_string().contains("this database is PostgreSQL") && error.hint().contains("pg_dump"));

    // When both have ended in order, the lost key's place can be taken: everything reads, tokens are asked for.
    pair.one.stop().await;
    pair.two.stop().await;
    let server = start(&lost).await.unwrap();
    assert_eq!(server.unopened().await.unwrap().len(), 1);
    let sue = Person::with(server.url(), &sue.cookie).await;
    assert!(sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].as_u64() > Some(0));
    server.stop().await;
}
