//! The audit record: what was changed, or cut off, shows.

use reqwest::StatusCode;
use rolebook_console::{backup, doctor, restore, rotate_key};
use rolebook_fake_okta::{Options, orgs};
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::Value;

use crate::{
    bases::Base,
    house::{House, Person},
};

/// Does something to the console's database behind its back.
async fn meddle(url: &str, statements: &[&str]) {
    let db = Database::connect(url).await.unwrap();
    for statement in statements {
        db.execute_unprepared(statement).await.unwrap();
    }
    db.close().await.unwrap();
}

async fn rows(url: &str) -> i64 {
    let db = Database::connect(url).await.unwrap();
    let count = Statement::from_string(db.get_database_backend(), "SELECT count(*) AS n FROM audit");
    let count = db.query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap();
    db.close().await.unwrap();
    count
}

/// What the doctor says of the record: whether all of it is well, and its words.
async fn said(house: &House) -> (bool, String) {
    let found = doctor(house.config()).await.unwrap();
    let of: Vec<_> = found.lines.iter().filter(|(what, ..)| *what == "audit record").collect();
    (of.iter().all(|(_, fine, _)| *fine), of.iter().map(|(.., text)| format!("{text}\n")).collect())
}

async fn notice(sue: &Person) -> Value {
    sue.get("/api/audit?limit=1").await.json(StatusCode::OK).await["notice"].clone()
}

/// A house with some rows in its record, stopped; and where its database is.
async fn stopped(base: Base) -> (House, String, Person) {
    let url = base.url.clone();
    let mut house = House::on(orgs::demo(), Options::default(), base, None).await;
    let sue = house.sue().await;
    house.added(&sue).await;
    house.stop().await;
    let url = url.unwrap_or_else(|| format!("sqlite://{}", house.data.join("rolebook.db").display()));
    (house, url, sue)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_changed_shows() {
    let (house, url, _) = stopped(Base::sqlite()).await;
    assert!(said(&house).await.0);
    meddle(&url, &["UPDATE audit SET actor = 'Mallory' WHERE seq = 2"]).await;
    let (well, text) = said(&house).await;
    assert!(!well && text.contains("row 2"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_was_cut_off_shows_and_stays_noted() {
    for base in Base::all("a cut-off tail").await {
        let kind = base.kind();
        let (mut house, url, sue) = stopped(base).await;
        let written = rows(&url).await;
        meddle(&url, &[&format!("DELETE FROM audit WHERE seq > {}", written - 2)]).await;
        let (well, text) = said(&house).await;
        assert!(!well, "{kind}: {text}");
        assert!(text.contains(&format!("rows up to {written} were written")), "{kind}: {text}");
        assert!(text.contains("an older state of the database was put back"), "{kind}: {text}");
        // Looking at it changes nothing; the next change notes it, once, and nobody can go on over it.
        house.start().await;
        let sue = Person::with(&house.url, &sue.cookie).await;
        assert!(notice(&sue).await.as_str().unwrap().starts_with("rows up to"), "{kind}");
        let page = sue.get("/activity").await.text(StatusCode::OK).await;
        assert!(page.contains("Rows may be missing from the record"), "{kind}");
        house.added(&sue).await;
        house.added(&sue).await;
        let events = sue.audit("audit").await;
        assert_eq!(events.len(), 1, "{kind}: {events:?}");
        assert_eq!(
            (&events[0]["action"], &events[0]["seq"]),
            (&"audit.shortened".into(), &(written - 1).into())
        );
        let noted = format!("row {} notes: rows up to {written}", written - 1);
        assert!(notice(&sue).await.as_str().unwrap().starts_with(&noted), "{kind}");
        assert!(sue.get("/activity").await.text(StatusCode::OK).await.contains(&noted), "{kind}");
        house.stop().await;
        let (well, text) = said(&house).await;
        assert!(well && text.contains(&noted), "{kind}: {text}");
        // Who takes the note away takes rows away.
        let written = rows(&url).await;
        meddle(&url, &["DELETE FROM audit WHERE action = 'audit.shortened' OR seq > 2"]).await;
        let (well, text) = said(&house).await;
        assert!(!well && text.contains(&format!("rows up to {written}")), "{kind}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_that_was_written_anew_shows() {
    let (mut house, url, sue) = stopped(Base::sqlite()).await;
    let head = std::fs::read(house.data.join("audit.head")).unwrap();
    let written = rows(&url).await;
    meddle(&url, &[&format!("DELETE FROM audit WHERE seq > {}", written - 2)]).await;
    // Another process, which does not remember, goes on.
    std::fs::remove_file(house.data.join("audit.head")).unwrap();
    house.start().await;
    let again = Person::with(&house.url, &sue.cookie).await;
    for _ in 0..3 {
        house.added(&again).await;
    }
    house.stop().await;
    std::fs::write(house.data.join("audit.head"), head).unwrap();
    let (well, text) = said(&house).await;
    assert!(!well && text.contains("went on differently"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_leaves_behind_accuses_nobody() {
    let (mut house, url, sue) = stopped(Base::sqlite()).await;
    // Killed between a change and its being remembered: the file is of before.
    let head = std::fs::read(house.data.join("audit.head")).unwrap();
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    house.added(&sue).await;
    house.stop().await;
    std::fs::write(house.data.join("audit.head"), &head).unwrap();
    assert!(said(&house).await.0);
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    house.added(&sue).await;
    assert_eq!(notice(&sue).await, Value::Null);
    // One that is left for good goes on from where it is.
    house.stop().await;
    assert_ne!(std::fs::read(house.data.join("audit.head")).unwrap(), head);
    // A dry run and a refused change leave it where it is.
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    let before = (rows(&url).await, std::fs::read(house.data.join("audit.head")).unwrap());
    let new = serde_json::json!({ "kind": "okta-aws-federation", "app": { "new": "AWS" } });
    sue.post("/api/connectors?dry_run=1", &new).await.json(StatusCode::OK).await;
    assert_eq!((rows(&url).await, std::fs::read(house.data.join("audit.head")).unwrap()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_moves_with_the_vaults_key_and_is_missed_when_it_does_not_open() {
    let (mut house, url, sue) = stopped(Base::sqlite()).await;
    rotate_key(house.config(), None).await.unwrap();
    let written = rows(&url).await;
    assert!(said(&house).await.0);
    meddle(&url, &[&format!("DELETE FROM audit WHERE seq = {written}")]).await;
    let (well, text) = said(&house).await;
    assert!(!well && text.contains(&format!("rows up to {written}")), "{text}");
    // Somebody who cannot seal writes something else.
    std::fs::write(house.data.join("audit.head"), "v1.aaaaaaaa.AAAA").unwrap();
    let (well, text) = said(&house).await;
    assert!(!well && text.contains("audit.head does not open"), "{text}");
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    house.added(&sue).await;
    assert!(notice(&sue).await.as_str().unwrap().contains("does not open"));
    house.stop().await;
    assert!(said(&house).await.0, "it is noted, and remembered anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_share_a_database_each_remember_what_they_wrote() {
    let Some(base) = Base::postgres("the record's end, by two processes").await else { return };
    let url = base.url.clone().unwrap();
    let mut one = House::on(orgs::demo(), Options::default(), base, None).await;
    let sue = one.sue().await;
    let mut two = one.elsewhere("two");
    // Snapshots lie in one place for both.
    let blobs = one.data.display().to_string();
    two.start_with(|config| config.blobs = Some(blobs.clone())).await;
    let too = Person::with(&two.url, &sue.cookie).await;
    for _ in 0..3 {
        one.added(&sue).await;
        two.added(&too).await;
    }
    assert_eq!((notice(&sue).await, notice(&too).await), (Value::Null, Value::Null));
    one.stop().await;
    two.stop().await;
    let written = rows(&url).await;
    meddle(&url, &[&format!("DELETE FROM audit WHERE seq = {written}")]).await;
    let mut config = two.config();
    config.blobs = Some(blobs);
    let found = doctor(config).await.unwrap();
    assert!(
        found.lines.iter().any(|(_, fine, text)| !fine && text.contains(&format!("rows up to {written}")))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_goes_on_where_it_ends_and_is_accused_of_nothing() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    house.added(&sue).await;
    let file = house.data.with_file_name("backup.tar");
    backup(&house.config(), &file).await.unwrap();
    house.added(&sue).await;
    house.stop().await;
    let mut there = house.elsewhere("restored");
    restore(&there.config(), &file).await.unwrap();
    std::fs::copy(house.data.join("vault.key"), there.data.join("vault.key")).unwrap();
    assert!(said(&there).await.0);
    there.start().await;
    let sue = there.again().await;
    there.added(&sue).await;
    assert_eq!(notice(&sue).await, Value::Null);
    // The same by hand, over a folder that remembers more: told as what it may be.
    there.stop().await;
    std::fs::copy(house.data.join("audit.head"), there.data.join("audit.head")).unwrap();
    let (well, text) = said(&there).await;
    assert!(!well && text.contains("an older state of the database was put back"), "{text}");
}

/// The hash of a row, as whoever has the database can compute it.
fn hash(row: &sea_orm::QueryResult, actor: &str, prev: &str) -> String {
    let text = |name: &str| row.try_get::<String>("", name).unwrap();
    let number = |name: &str| row.try_get::<i64>("", name).unwrap().to_string();
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let actor_id = text("actor_id");
    let parts = [
        prev,
        &number("seq"),
        &number("at"),
        &actor_id,
        actor,
        &text("action"),
        &text("object"),
        &text("detail"),
    ];
    for part in parts {
        context.update(format!("{}:{part}", part.len()).as_bytes());
    }
    data_encoding::HEXLOWER.encode(context.finish().as_ref())
}

/// Makes it another person's doing from a row on, and hashes the chain again.
async fn rewrite(url: &str, seq: i64, actor: &str) {
    let db = Database::connect(url).await.unwrap();
    let rows = db
        .query_all_raw(Statement::from_string(db.get_database_backend(), "SELECT * FROM audit ORDER BY seq"))
        .await
        .unwrap();
    let mut prev = String::new();
    for row in rows {
        let (own, hashed) =
            (row.try_get::<i64>("", "seq").unwrap(), row.try_get::<String>("", "hash").unwrap());
        if own < seq {
            prev = hashed;
            continue;
        }
        let kept: String = row.try_get("", "actor").unwrap();
        let actor = if own == seq { actor } else { &kept };
        let made = hash(&row, actor, &prev);
        db.execute_unprepared(&format!(
            "UPDATE audit SET actor = '{actor}', prev = '{prev}', hash = '{made}' WHERE seq = {own}"
        ))
        .await
        .unwrap();
        prev = made;
    }
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_the_file_that_remembers_the_end_hides_nothing() {
    // Removed rows, and a chain that was hashed again: the file goes with them, then also what the database remembers.
    for rewritten in [false, true] {
        for note in [
            "SELECT 1",
            "DELETE FROM console_setting WHERE name = 'audit.head'",
            "UPDATE console_setting SET value = 'upgraded' WHERE name = 'audit.head'",
        ] {
            let (mut house, url, sue) = stopped(Base::sqlite()).await;
            assert!(said(&house).await.0);
            if rewritten {
                rewrite(&url, 2, "Mallory").await;
            } else {
                meddle(&url, &[&format!("DELETE FROM audit WHERE seq > {}", rows(&url).await - 2)]).await;
            }
            meddle(&url, &[note]).await;
            std::fs::remove_file(house.data.join("audit.head")).unwrap();
            let (well, text) = said(&house).await;
            let case = format!("rewritten {rewritten}, {note}: {text}");
            assert!(!well && text.contains("rows, each follows from the one before"), "{case}");
            assert!(text.contains("cannot be told"), "{case}");
            house.start().await;
            let sue = Person::with(&house.url, &sue.cookie).await;
            assert!(notice(&sue).await.is_string(), "{case}");
            house.added(&sue).await;
            assert_eq!(sue.audit("audit").await.len(), 1, "the next change notes it: {case}");
            house.stop().await;
            assert!(said(&house).await.0, "and what is noted is known: {case}");
        }
    }
    // The database alone is enough to tell: another process's file is no secret of this one.
    let (house, url, _) = stopped(Base::sqlite()).await;
    let head = std::fs::read(house.data.join("audit.head")).unwrap();
    meddle(&url, &["DELETE FROM console_setting WHERE name = 'audit.head'"]).await;
    assert!(!said(&house).await.0);
    assert_eq!(std::fs::read(house.data.join("audit.head")).unwrap(), head, "looking changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_left_the_host_shows_what_the_vaults_key_can_hide() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    drop(sue);
    let file = house.data.join("audit-heads.ndjson");
    let begin = std::time::Instant::now();
    let sent = async |count: usize| loop {
        let heads = std::fs::read_to_string(&file).unwrap_or_default();
        if heads.lines().count() >= count {
            break heads;
        }
        assert!(begin.elapsed().as_secs() < 60, "{heads}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    sent(1).await;
    house.advance(24 * 3600);
    let heads = sent(2).await;
    assert!(heads.lines().all(|line| line.contains("\"event\":\"audit.head\"")), "{heads}");
    let again = house.again().await;
    house.added(&again).await;
    house.stop().await;
    let url = format!("sqlite://{}", house.data.join("rolebook.db").display());
    let compared = async |house: &House, heads: &str| {
        let found = rolebook_console::doctor_against(house.config(), Some(heads)).await.unwrap();
        let lines = found.lines.into_iter().filter(|(what, ..)| *what == "audit head");
        lines.map(|(_, well, text)| (well, text)).collect::<Vec<_>>()
    };
    let all = compared(&house, &heads).await;
    assert!(all.len() == 2 && all.iter().all(|(well, _)| *well), "{all:?}");
    assert!(!compared(&house, "nothing\n").await[0].0, "a file without a head proves nothing");
    rewrite(&url, 2, "Mallory").await;
    std::fs::remove_file(house.data.join("audit.head")).unwrap();
    let all = compared(&house, &heads).await;
    assert!(all.iter().any(|(well, text)| !well && text.contains("removed or rewritten since")), "{all:?}");
}
