//! What lies in the database of letters and messages: nothing in the clear, and nothing for ever.

use std::path::Path;

use reqwest::StatusCode;
use rolebook_console::{MailConfig, backup};
use rolebook_fake_okta::{Options, orgs};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::json;

use crate::{
    bases::Base,
    house::{House, PASSWORD, Person, between, http},
};

async fn execute(house: &House, statements: &[&str]) {
    let db = Database::connect(database(house)).await.unwrap();
    // As the console writes: what SQLite moves leaves no copy behind.
    db.execute_unprepared("PRAGMA secure_delete = ON").await.unwrap();
    for statement in statements {
        db.execute_unprepared(statement).await.unwrap();
    }
    db.close().await.unwrap();
}

fn database(house: &House) -> String {
    format!("sqlite://{}", house.data.join("rolebook.db").display())
}

async fn count(url: &str, table: &str) -> i64 {
    let db = Database::connect(url).await.unwrap();
    let count =
        Statement::from_string(db.get_database_backend(), format!("SELECT count(*) AS n FROM {table}"));
    let count = db.query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap();
    db.close().await.unwrap();
    count
}

/// Files in a folder that hold a text.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.filter(|path| path.is_file() && holds(path));
    found.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

/// The database as it lies there and every backup of it, searched for a text.
async fn is_clean(house: &House, text: &str, when: &str) {
    let beside = house.data.with_file_name(format!("backups {when}"));
    std::fs::create_dir(&beside).unwrap();
    backup(&house.config(), &beside.join("b.tar")).await.unwrap();
    assert_eq!(holding(&beside, text), [""; 0], "{when}");
    assert_eq!(holding(&house.data, text), [""; 0], "{when}");
}

async fn invite(sue: &Person) -> String {
    let bob = json!({ "name": "Bob", "email": "bob@acme.test", "roles": ["read-only-administrator"] });
    let invited = sue.post("/api/users", &bob).await.json(StatusCode::CREATED).await;
    invited["link"].as_str().unwrap().to_owned()
}

fn secret(link: &str) -> &str {
    link.split("/join/").nth(1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_link_is_nowhere_in_the_clear_before_and_after_it_is_sent() {
    let mut house = House::demo().await;
    house.stop().await;
    house.mail = Some(MailConfig::Off);
    house.start().await;
    let sue = house.sue().await;
    let link = invite(&sue).await;
    is_clean(&house, secret(&link), "while it waits").await;

    // The vault's key changes meanwhile: the letter goes with it.
    house.stop().await;
    rolebook_console::rotate_key(house.config(), None).await.unwrap();
    house.mail = None;
    house.start().await;
    let mail = house.mail_to("bob@acme.test", 1).await;
    assert!(mail[0].contains(secret(&link)), "{mail:?}");
    let sent = "outbox WHERE sent_at IS NOT NULL AND body_text = '' AND body_html = '' AND subject = ''";
    let begin = std::time::Instant::now();
    while count(&database(&house), sent).await == 0 {
        assert!(begin.elapsed().as_secs() < 30);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    is_clean(&house, secret(&link), "when it is sent").await;
    let form = [("password", PASSWORD), ("again", PASSWORD)];
    let joined =
        http().post(link.replace(&between_host(&link), &house.url)).form(&form).send().await.unwrap();
    assert_eq!(joined.status(), StatusCode::SEE_OTHER, "it works");
}

/// Scheme and host of a link.
fn between_host(link: &str) -> String {
    format!("http://{}", between(link, "http://", "/join/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_of_an_earlier_version_are_sealed_at_the_next_start() {
    let mut house = House::demo().await;
    let _sue = house.sue().await;
    house.stop().await;
    let row = |id: &str, sent: &str| {
        format!(
            "INSERT INTO outbox (id, once, recipient, subject, body_text, body_html, created_at, next_at, attempts, sent_at, \
             error) VALUES ('{id}', '{id}', '{id}@acme.test', 'Hello', 'open http://x/join/S3CRET-{id}', '<p>S3CRET-{id}</p>', \
             1, 1, 0, {sent}, NULL)"
        )
    };
    let message = |id: &str, sent: &str| {
        format!(
            "INSERT INTO delivery (id, webhook_id, body, created_at, next_at, attempts, sent_at) VALUES ('{id}', 'whk_x', \
             '{{\"person\":\"S3CRET-{id}\"}}', 1, 1, 0, {sent})"
        )
    };
    execute(
        &house,
        &[
            &row("waits", "NULL"),
            &row("sent", "5"),
            &message("dlv_waits", "NULL"),
            &message("dlv_sent", "5"),
            "DELETE FROM seaql_migrations WHERE version = 'm0013_sealed'",
            "DELETE FROM console_setting WHERE name = 'audit.head'",
        ],
    )
    .await;
    assert_eq!(holding(&house.data, "S3CRET"), ["rolebook.db"], "as the earlier version left it");
    house.mail = Some(MailConfig::Off);
    house.start().await;
    let copies = std::fs::read_dir(&house.data).unwrap();
    let is_copy = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("rolebook.db.before-");
    assert!(
        copies.into_iter().any(|entry| is_copy(&entry.unwrap().file_name())),
        "copied before it is changed"
    );
    is_clean(&house, "S3CRET", "after the upgrade").await;
    house.stop().await;
    house.mail = None;
    house.start().await;
    let mail = house.mail_to("waits@acme.test", 1).await;
    assert!(mail[0].contains("Subject: Hello") && mail[0].contains("S3CRET-waits"), "{mail:?}");
    house.stop().await;
    let found = rolebook_console::doctor(house.config()).await.unwrap();
    assert!(found.lines.iter().all(|(_, well, _)| *well), "nobody is accused by an upgrade: {found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_goes_from_the_database() {
    let mut house = House::on(orgs::demo(), Options::default(), Base::sqlite(), None).await;
    let sue = house.sue().await;
    invite(&sue).await;
    let id = house.connected(&sue, "super").await;
    house.mail_to("bob@acme.test", 1).await;
    let rules = json!({
        "snapshot_days": 400, "snapshot_count": 10, "one_per_day_after": 30, "log_days": 90, "message_days": 20,
        "plan_days": 30,
    });
    for (name, bad) in [("message_days", 13), ("plan_days", 0)] {
        let mut rules = rules.clone();
        rules[name] = json!(bad);
        let answer = sue.send(reqwest::Method::PUT, "/api/retention", Some(&rules)).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{name}");
    }
    sue.send(reqwest::Method::PUT, "/api/retention", Some(&rules)).await.json(StatusCode::OK).await;
    let page = sue.get("/settings").await.text(StatusCode::OK).await;
    assert!(
        page.contains("Days that messages are kept") && page.contains("Days that plans are kept"),
        "{page}"
    );
    house.stop().await;
    // Beside what happened: a message that nobody takes, a plan that ended and one that waits.
    let now: i64 = "2026-09-01T08:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let plan = |id: &str, state: &str, ended: &str| {
        format!(
            "INSERT INTO change_plan (id, connector_id, created_at, author_id, author, says, body, digest, concerns, privileged, \
             state, ended_at) VALUES ('{id}', '{of}', {now}, 'u', 'Sue', 's', 'eve@acme.test gets Admin', 'd', '[]', 0, \
             '{state}', {ended})",
            of = "con_x"
        )
    };
    execute(
        &house,
        &[
            &plan("pln_ended", "ended", &now.to_string()),
            &plan("pln_never", "planned", "NULL"),
            &format!(
                "INSERT INTO delivery (id, webhook_id, body, created_at, next_at, attempts, sent_at) VALUES ('dlv_x', 'whk_x', \
                 'v1.x', {now}, {now}, 0, NULL)"
            ),
        ],
    )
    .await;
    house.start().await;
    let url = database(&house);
    let tables = ["outbox", "delivery", "change_plan", "one_time_link"];
    let all = async || {
        let mut counts = Vec::new();
        for table in tables {
            counts.push(count(&url, table).await);
        }
        counts
    };
    let before = all().await;
    assert!(before.iter().all(|count| *count > 0), "{before:?}");
    house.advance(19 * 24 * 3600);
    let sue = house.again().await;
    let begin = std::time::Instant::now();
    // Links are over, and so is the session of before; the rest is younger than its period.
    while all().await[3] > 0 || count(&url, "session").await > 1 {
        assert!(begin.elapsed().as_secs() < 60, "{:?}", all().await);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(all().await[..3], before[..3]);
    drop(sue);
    house.advance(12 * 24 * 3600);
    while all().await.iter().sum::<i64>() > 0 {
        assert!(begin.elapsed().as_secs() < 60, "{:?}", all().await);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let sue = house.again().await;
    let swept = sue.audit("console").await;
    let swept = swept.iter().find(|row| row["action"] == "retention.cleaned-up").unwrap();
    assert_eq!(
        (&swept["detail"]["messages"], &swept["detail"]["plans"]),
        (&json!(before[0] + 1), &json!(2)),
        "{swept:#}"
    );
    // The database's log is worked in after the rows are gone.
    while !holding(&house.data, "eve@acme.test").is_empty() {
        assert!(begin.elapsed().as_secs() < 60, "who gained what is still there");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
}
