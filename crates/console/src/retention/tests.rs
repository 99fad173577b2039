use jiff::SignedDuration;

use super::*;
use crate::{
    console::Clock,
    life::Life,
    schedule::Schedule,
    settings::Settings,
    store::{
        Store,
        entity::{connector, plan},
    },
};

fn now() -> Timestamp {
    "2026-09-01T08:00:00Z".parse().unwrap()
}

/// A sync that ended so many hours ago.
fn sync(id: &str, hours: i64, result: &str) -> sync::Model {
    let at = (now() - SignedDuration::from_hours(hours)).as_millisecond();
    sync::Model {
        id: id.to_owned(),
        connector_id: "con_a".to_owned(),
        cause: "schedule".to_owned(),
        actor: "Rolebook".to_owned(),
        state: "ended".to_owned(),
        result: Some(result.to_owned()),
        queued_at: at,
        started_at: Some(at),
        ended_at: Some(at),
        lease_owner: None,
        lease_until: None,
        fence: 1,
        report: "{}".to_owned(),
        file: Some(format!("{id}.c1z")),
    }
}

fn rules(snapshot_days: i64, snapshot_count: usize, one_per_day_after: i64) -> Retention {
    Retention { snapshot_days, snapshot_count, one_per_day_after, log_days: 90, ..Retention::default() }
}

fn gone(history: &[sync::Model], needed: &[&str], rules: Retention) -> Vec<String> {
    let needed = needed.iter().map(|id| (*id).to_owned()).collect();
    too_old(history, &needed, &rules, now()).into_iter().collect()
}

#[test]
fn of_a_day_long_ago_the_newest_stays() {
    // Every six hours, for ten days; the first of them at eight in the morning.
    let history: Vec<sync::Model> =
        (0..40).map(|at| sync(&format!("syn_{at:02}"), at * 6, "succeeded")).collect();
    let gone = gone(&history, &[], rules(400, 1, 3));
    // Three days stay whole; of each day before, the one at 20:00, and not those at 14:00, 8:00 and 2:00.
    let stays: Vec<&str> =
        history.iter().map(|row| row.id.as_str()).filter(|id| !gone.iter().any(|gone| gone == id)).collect();
    let thinned = ["syn_14", "syn_18", "syn_22", "syn_26", "syn_30", "syn_34", "syn_38"];
    assert_eq!(stays[..13], (0..13).map(|at| history[at].id.as_str()).collect::<Vec<_>>());
    assert_eq!(stays[13..], thinned);
    assert!(super::tests::gone(&history, &[], rules(400, 1, 0)).is_empty(), "0 keeps all of them");
    let needed = ["syn_15", "syn_39"];
    let gone = super::tests::gone(&history, &needed, rules(400, 1, 3));
    assert!(needed.iter().all(|id| !gone.iter().any(|gone| gone == id)));
}

#[test]
fn what_nobody_was_shown_does_not_take_the_days_place() {
    let history = [
        sync("syn_new", 1, "succeeded"),
        sync("syn_discarded", 24 * 40, "discarded"),
        sync("syn_cancelled", 24 * 40 + 1, "cancelled"),
        sync("syn_good", 24 * 40 + 2, "succeeded-with-warnings"),
        sync("syn_earlier", 24 * 40 + 3, "confirmed"),
    ];
    assert_eq!(
        gone(&history, &[], rules(400, 1, 30)),
        ["syn_cancelled", "syn_discarded", "syn_earlier"],
        "the newest that was shown stays"
    );
}

#[test]
fn the_newest_stay_however_old_they_are() {
    let history: Vec<sync::Model> =
        (0..5).map(|at| sync(&format!("syn_{at}"), 24 * (500 + at), "succeeded")).collect();
    assert_eq!(gone(&history, &[], rules(400, 3, 0)), ["syn_3", "syn_4"]);
    assert_eq!(gone(&history, &[], rules(501, 1, 0)), ["syn_2", "syn_3", "syn_4"], "by the day");
    assert_eq!(gone(&history, &["syn_4"], rules(400, 1, 0)), ["syn_1", "syn_2", "syn_3"]);
}

fn hosted(good: &str, held: Option<&str>) -> Hosted {
    Hosted {
        settings: Settings::default(),
        life: Life::default(),
        schedule: Schedule::default(),
        note: None,
        row: connector::Model {
            id: "con_a".to_owned(),
            name: "AWS".to_owned(),
            kind: "okta-aws-federation".to_owned(),
            app_id: "app_a".to_owned(),
            org_id: None,
            created_by: "host".to_owned(),
            created_at: 0,
            updated_at: 0,
            version: 1,
            settings: String::new(),
            secret: None,
            secret_note: None,
            life: String::new(),
            schedule: String::new(),
            good_sync: Some(good.to_owned()),
            held_sync: held.map(str::to_owned),
            deleted_at: None,
        },
    }
}

async fn open(hours_ago: i64, folder: &std::path::Path) -> Store {
    let at = now() - SignedDuration::from_hours(hours_ago);
    let clock: Clock = Arc::new(move || at);
    Store::open(None, folder, clock).await.unwrap()
}

#[tokio::test]
async fn what_somebody_still_refers_to_stays() {
    let folder = tempfile::tempdir().unwrap();
    let history: Vec<sync::Model> = [
        ("syn_good", 1, "succeeded"),
        ("syn_held", 2, "held"),
        ("syn_told", 40, "succeeded"),
        ("syn_before", 50, "succeeded"),
        ("syn_plan_discarded", 60, "discarded"),
        ("syn_plan", 70, "succeeded"),
        ("syn_accepted", 80, "confirmed"),
        ("syn_old", 90, "succeeded"),
    ]
    .into_iter()
    .map(|(id, hours, result)| sync(id, hours, result))
    .collect();
    let all = |needed: &BTreeSet<String>| needed.iter().cloned().collect::<Vec<_>>().join(" ");
    let store = open(0, folder.path()).await;
    let change = store.change(Who::console(), false).await.unwrap();
    let shown = needed(&change, &hosted("syn_good", Some("syn_held")), &history).await.unwrap();
    assert_eq!(all(&shown), "syn_good syn_held");
    change.tell_of("con_a", "syn_before", "syn_told").await.unwrap();
    change.commit().await.unwrap();

    let store = open(75, folder.path()).await;
    let change = store.change(Who::console(), false).await.unwrap();
    change.accept("con_a", "F1", "known", "2027-01-31".parse().unwrap()).await.unwrap();
    change.commit().await.unwrap();

    let store = open(55, folder.path()).await;
    let change = store.change(Who::console(), false).await.unwrap();
    for (id, state) in [("pln_a", "planned"), ("pln_b", "ended")] {
        let created_at = if state == "ended" { change.now_ms() - 40 * 3_600_000 } else { change.now_ms() };
        change.add_plan(waiting(id, state, created_at)).await.unwrap();
    }
    let kept = needed(&change, &hosted("syn_good", None), &history).await.unwrap();
    assert_eq!(all(&kept), "syn_accepted syn_before syn_good syn_plan syn_told");
    let gone = too_old(&history, &kept, &rules(1, 1, 0), now());
    assert_eq!(all(&gone), "syn_old syn_plan_discarded");
}

fn waiting(id: &str, state: &str, created_at: i64) -> plan::Model {
    plan::Model {
        reasons: None,
        id: id.to_owned(),
        connector_id: "con_a".to_owned(),
        created_at,
        author_id: "usr_a".to_owned(),
        author: "Sue".to_owned(),
        says: "grant".to_owned(),
        body: "{}".to_owned(),
        digest: String::new(),
        concerns: "[]".to_owned(),
        privileged: false,
        state: state.to_owned(),
        approver_id: None,
        approver: None,
        approved_at: None,
        applier: None,
        began_at: None,
        ended_at: None,
        result: None,
        worker: None,
    }
}
