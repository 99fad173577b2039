//! What must hold of the store, on each database that there is.

#![expect(clippy::disallowed_methods, reason = "the environment says which databases there are")]

#[path = "../../tests/it/bases.rs"]
mod bases;

use std::{collections::HashSet, sync::Arc};

use bases::Base;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::{
    Store, Who, audit, audit::Wanted, connectors, entity::app, head::Keeper, messages, outbox,
    outbox::Letter, people, shared, syncs,
};
use crate::{Clock, VaultKeySource, origin::Origin, policy::Roles, vault::Vault};

fn clock() -> Clock {
    Arc::new(|| "2026-09-01T08:00:00Z".parse::<Timestamp>().unwrap())
}

async fn open(base: &Base) -> Arc<Store> {
    Arc::new(Store::open(base.url.as_deref(), base.folder.path(), clock()).await.unwrap())
}

/// One that seals.
async fn open_with_vault(base: &Base) -> (Arc<Store>, Arc<Vault>) {
    let folder = base.folder.path();
    let mut store = Store::open(base.url.as_deref(), folder, clock()).await.unwrap();
    let vault = Arc::new(Vault::open(&VaultKeySource::default(), folder).unwrap());
    store.keep_head(Keeper::open(folder, Arc::clone(&vault), store.shared()).unwrap());
    (Arc::new(store), vault)
}

/// What a column holds in every row.
async fn column(store: &Store, table: &str, column: &str) -> Vec<String> {
    let ask = Statement::from_string(
        store.db().get_database_backend(),
        format!("SELECT {column} AS it FROM {table}"),
    );
    let rows = store.db().query_all_raw(ask).await.unwrap();
    rows.iter().map(|row| row.try_get("", "it").unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_chain_holds_while_two_stores_change_at_once() {
    for base in Base::all("the audit chain").await {
        let stores = [open(&base).await, open(&base).await];
        let mut tasks = tokio::task::JoinSet::new();
        for at in 0..40_usize {
            let store = Arc::clone(&stores[at % 2]);
            tasks.spawn(async move {
                let change = store.change(Who::console(), at % 10 == 9).await.unwrap();
                change.audit("test.done", &format!("test/{at}"), json!({ "at": at })).await.unwrap();
                change.commit().await.unwrap()
            });
        }
        let lasting = tasks.join_all().await.into_iter().filter(|lasts| *lasts).count();
        assert_eq!(lasting, 36, "a dry change leaves nothing");
        let verified = audit::verify(stores[0].db()).await.unwrap();
        assert_eq!(verified, Ok(36), "{}", base.kind());
        // Capitals make no difference, on either database.
        let found = audit::page(stores[1].db(), &Wanted { word: "TEST/1".into(), ..Wanted::default() }, 100)
            .await
            .unwrap();
        assert!(found.len() > 5, "{}", base.kind());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_dropped_leaves_nothing_and_its_turn_goes_on() {
    for base in Base::all("a dropped change").await {
        let stores = [open(&base).await, open(&base).await];
        let change = stores[0].change(Who::console(), false).await.unwrap();
        change.audit("test.lost", "test/1", json!({})).await.unwrap();
        drop(change);
        let change = stores[1].change(Who::console(), false).await.unwrap();
        change.audit("test.kept", "test/2", json!({})).await.unwrap();
        change.commit().await.unwrap();
        let rows = audit::page(stores[0].db(), &Wanted::default(), 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(), ["test.kept"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_workers_one_gets_a_sync() {
    for base in Base::all("claims of syncs").await {
        let stores = [open(&base).await, open(&base).await];
        let change = stores[0].change(Who::console(), false).await.unwrap();
        for at in 0..10 {
            change.queue_sync(&format!("con_{at}"), "test").await.unwrap();
        }
        change.commit().await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for worker in 0..8_usize {
            let store = Arc::clone(&stores[worker % 2]);
            tasks.spawn(async move {
                let mut mine = Vec::new();
                for sync in syncs::claimable(store.db(), 0).await.unwrap() {
                    let change = store.change(Who::console(), false).await.unwrap();
                    let taken = change.claim_sync(&sync, &format!("wrk_{worker}")).await.unwrap();
                    change.commit().await.unwrap();
                    mine.extend(taken.map(|sync| sync.id));
                }
                mine
            });
        }
        let all: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
        let different: HashSet<&String> = all.iter().collect();
        assert_eq!((all.len(), different.len()), (10, 10), "{}", base.kind());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sync_of_a_connector_is_open() {
    for base in Base::all("one open sync").await {
        let store = open(&base).await;
        let change = store.change(Who::console(), false).await.unwrap();
        change.queue_sync("con_a", "test").await.unwrap();
        assert!(change.queue_sync("con_a", "test").await.is_err(), "{}", base.kind());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_worker_that_comes_late_is_dropped() {
    for base in Base::all("fencing").await {
        let stores = [open(&base).await, open(&base).await];
        let now = clock()().as_millisecond();
        let change = stores[0].change(Who::console(), false).await.unwrap();
        let queued = change.queue_sync("con_a", "test").await.unwrap();
        let late = change.claim_sync(&queued, "wrk_a").await.unwrap().unwrap();
        change.commit().await.unwrap();
        // Nobody may take it while the lease lasts; afterwards the other worker does.
        assert!(syncs::claimable(stores[1].db(), now).await.unwrap().is_empty());
        assert_eq!(syncs::elsewhere(stores[1].db(), "wrk_b", now).await.unwrap().len(), 1);
        let after = now + syncs::LEASE_MS + 1;
        let lost = syncs::claimable(stores[1].db(), after).await.unwrap().pop().unwrap();
        let change = stores[1].change(Who::console(), false).await.unwrap();
        let taken = change.claim_sync(&lost, "wrk_b").await.unwrap().unwrap();
        change.commit().await.unwrap();
        assert_eq!((late.fence, taken.fence), (1, 2));
        assert!(!syncs::heartbeat(stores[0].db(), &late.id, late.fence, now).await.unwrap());
        let change = stores[0].change(Who::console(), false).await.unwrap();
        let ended =
            change.end_sync(&late.id, late.fence, "succeeded", "{}".into(), Some("late".into())).await;
        assert!(!ended.unwrap(), "{}: its number is not the newest any more", base.kind());
        drop(change);
        let change = stores[1].change(Who::console(), false).await.unwrap();
        assert!(change.end_sync(&taken.id, 2, "succeeded", "{}".into(), Some("good".into())).await.unwrap());
        change.commit().await.unwrap();
        let row = syncs::by_id(stores[0].db(), &late.id).await.unwrap().unwrap();
        assert_eq!(row.file.as_deref(), Some("good"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_is_taken_once_and_comes_again() {
    for base in Base::all("turns").await {
        let stores = [open(&base).await, open(&base).await];
        let mut tasks = tokio::task::JoinSet::new();
        for at in 0..16_usize {
            let store = Arc::clone(&stores[at % 2]);
            tasks.spawn(async move { shared::take_turn(store.db(), "look", 1000, 500).await.unwrap() });
        }
        let taken = tasks.join_all().await.into_iter().filter(|taken| *taken).count();
        assert_eq!(taken, 1, "{}", base.kind());
        assert!(!shared::take_turn(stores[0].db(), "look", 1499, 500).await.unwrap());
        assert!(shared::take_turn(stores[1].db(), "look", 1500, 500).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_taken_by_one_process_for_each_attempt() {
    for base in Base::all("claims of messages").await {
        let (first, vault) = open_with_vault(&base).await;
        let stores = [first, open(&base).await];
        let letter = Letter { subject: "hush".into(), text: "hush".into(), html: "hush".into() };
        let change = stores[0].change(Who::console(), false).await.unwrap();
        assert!(change.post("once", "a@b.test", &letter).await.unwrap());
        assert!(!change.post("once", "a@b.test", &letter).await.unwrap());
        change.deliver("whk_a", "{\"hush\": 1}").await.unwrap();
        let now = change.now_ms();
        change.commit().await.unwrap();
        for (table, name) in
            [("outbox", "subject"), ("outbox", "body_text"), ("outbox", "body_html"), ("delivery", "body")]
        {
            let found = column(&stores[0], table, name).await;
            assert!(found.len() == 1 && !found[0].contains("hush"), "{}: {found:?}", base.kind());
        }
        let (mut letters, mut deliveries) = (0, 0);
        let seen = outbox::due(stores[0].db(), now).await.unwrap();
        let seen_too = messages::due(stores[0].db(), now).await.unwrap();
        for at in 0..6_usize {
            let db = stores[at % 2].db();
            letters += u32::from(outbox::claim(db, &mut seen[0].clone(), now + 60_000).await.unwrap());
            let mut delivery = seen_too[0].clone();
            deliveries += u32::from(messages::claim_delivery(db, &mut delivery, now + 60_000).await.unwrap());
        }
        assert_eq!((letters, deliveries), (1, 1), "{}", base.kind());
        assert!(outbox::due(stores[1].db(), now).await.unwrap().is_empty());
        assert_eq!(outbox::open(&vault, &seen[0]).unwrap(), letter);
        let mut taken = seen_too[0].clone();
        taken.sent_at = Some(now);
        messages::delivered(stores[0].db(), &taken).await.unwrap();
        assert_eq!(column(&stores[0], "delivery", "body").await, [""], "emptied");
        // Whoever took it and is gone: it is due again. Who comes late does not overwrite what the other wrote.
        let mut again = outbox::due(stores[1].db(), now + 60_000).await.unwrap().pop().unwrap();
        let mut late = again.clone();
        assert!(outbox::claim(stores[1].db(), &mut again, now + 120_000).await.unwrap());
        again.sent_at = Some(now + 60_000);
        outbox::keep(stores[1].db(), again).await.unwrap();
        late.error = Some("late".into());
        outbox::keep(stores[0].db(), late).await.unwrap();
        assert!(outbox::due(stores[0].db(), i64::MAX).await.unwrap().is_empty());
        assert_eq!(column(&stores[0], "outbox", "body_text").await, [""], "emptied");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_texts_and_switches_come_back_as_they_were() {
    for base in Base::all("columns").await {
        let store = open(&base).await;
        let change = store.change(Who::console(), false).await.unwrap();
        let roles = Roles::parse("super-administrator");
        let text = "Zoë \u{1f600} 'quoted' \"twice\" \\ %_";
        let user = change.add_user("Z@Acme.test", text, &roles, None).await.unwrap();
        let row = app::Model {
            id: "app_a".into(),
            org_id: None,
            okta_id: None,
            name: text.into(),
            kind: "made-here".into(),
            state: "managed".into(),
            provider_status: String::new(),
            created_at: i64::MAX,
            updated_at: i64::MIN,
        };
        change.add_app(row.clone()).await.unwrap();
        let acme = Origin::read("acme.okta.com").unwrap();
        change.see_org("00o1", text, &acme, true).await.unwrap();
        change.see_org("00o1", "renamed", &acme, false).await.unwrap();
        let other = Origin::read("evil.example").unwrap();
        let known = change.see_org("00o1", "poisoned", &other, true).await.unwrap();
        assert_eq!(known.as_deref(), Some("acme.okta.com"));
        change.keep_fact("a", "1").await.unwrap();
        change.keep_fact("a", "2").await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(people::by_email(store.db(), "z@ACME.test").await.unwrap(), Some(user));
        assert_eq!(connectors::app(store.db(), "app_a").await.unwrap(), Some(row));
        assert_eq!(connectors::orgs(store.db()).await.unwrap()[0].name, "renamed");
        assert_eq!(shared::fact(store.db(), "a").await.unwrap().as_deref(), Some("2"));
        store.try_write().await.unwrap();
        store.try_write().await.unwrap();
        store.settle_log().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_migrate_one_after_the_other() {
    for base in Base::all("migrations at once").await {
        if base.url.is_none() {
            // One process holds a data folder.
            continue;
        }
        let mut tasks = tokio::task::JoinSet::new();
        let (url, folder) = (base.url.clone(), base.folder.path().to_owned());
        for _ in 0..4 {
            let (url, folder) = (url.clone(), folder.clone());
            tasks.spawn(async move { Store::open(url.as_deref(), &folder, clock()).await.map(drop) });
        }
        for opened in tasks.join_all().await {
            opened.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_is_known_by_name_while_it_is_heard_of() {
    for base in Base::all("processes").await {
        let store = open(&base).await;
        shared::join(store.db(), "wrk_a", "one", 1_000_000).await.unwrap();
        shared::join(store.db(), "wrk_a", "one", 2_000_000).await.unwrap();
        let late = 2_000_000 + shared::SILENT_MS;
        assert_eq!(shared::at_work(store.db(), late).await.unwrap()["wrk_a"], "one");
        assert!(shared::at_work(store.db(), late + 1).await.unwrap().is_empty());
        shared::leave(store.db(), "wrk_a").await.unwrap();
        assert!(shared::at_work(store.db(), 2_000_000).await.unwrap().is_empty());
        assert_eq!(shared::name_of(store.db(), "wrk_a").await.unwrap().as_deref(), Some("one"));
    }
}
