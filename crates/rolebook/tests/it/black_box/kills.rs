//! The console is killed in the middle of what it does, and goes on: nothing half, nothing twice, nothing lost.

use std::{
    path::Path,
    process::Command,
    thread::{sleep, spawn},
    time::Duration,
};

use rolebook_fake_okta::{App, AppGroup, FakeOkta, Fault, Group, Org, User, orgs};
use serde_json::{Value, json};

use super::{
    operations::{Browser, SERVE, again, house},
    place::{Place, okta, until},
    serve::Serving,
};

const READ: &str = "aws_111122223333_ReadOnly";

fn org() -> Org {
    let people = ["ann@acme.test", "bob@acme.test"];
    Org::new("acme")
        .user(User::new(people[0]))
        .user(User::new(people[1]))
        .group(Group::new(READ).members([people[1]]))
        .group(Group::new("aws_111122223333_Viewer").members([people[1]]))
        .group(Group::new("aws-users").members(people))
        .app(App::aws_mapping("0oaAWS").group(AppGroup::new("aws-users")))
}

/// A console that may write.
fn writing(place: &Place, fake: &FakeOkta) -> (Serving, Browser, String) {
    let (serving, sue, id) = house(place, fake);
    let on = json!({ "enabled": true, "reason": "trying it out" });
    sue.json("PATCH", &format!("/api/connectors/{id}/provisioning"), &on).json(200);
    (serving, sue, id)
}

fn plan(sue: &Browser, id: &str, role: &str) -> Value {
    let grant =
        json!({ "action": "grant", "person": "ann@acme.test", "role": format!("111122223333/{role}") });
    sue.json("POST", &format!("/api/connectors/{id}/plans"), &grant).json(201)
}

fn path(id: &str, plan: &Value) -> String {
    format!("/api/connectors/{id}/plans/{}", plan["id"].as_str().unwrap())
}

fn apply(sue: &Browser, id: &str, plan: &Value) -> Value {
    sue.json("POST", &format!("{}/apply", path(id, plan)), &json!({ "digest": plan["digest"] })).json(200)
}

/// Sends the wish to apply from a thread of its own: the answer may never come.
fn begin(sue: &Browser, id: &str, plan: &Value) {
    let (sue, path, body) = (sue.clone(), path(id, plan), json!({ "digest": plan["digest"] }));
    spawn(move || sue.tell("POST", &format!("{path}/apply"), &body));
}

fn puts(fake: &FakeOkta) -> usize {
    fake.log().iter().filter(|call| call.method == "PUT").count()
}

fn actions(sue: &Browser, id: &str) -> Vec<String> {
    let page = sue.get(&format!("/api/audit?limit=200&object=connector/{id}")).json(200);
    page["items"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
}

fn well(place: &Place) {
    let end = place.run("doctor").succeeded();
    assert!(end.out.contains("ok    audit record") && !end.out.contains("NOT"), "{end:#?}");
}

/// Starts it anew; the same session goes on.
fn anew(place: &Place, sue: &Browser) -> (Serving, Browser) {
    let serving = Serving::start(place, SERVE);
    let sue = sue.moved(&serving);
    (serving, sue)
}

#[test]
fn a_plan_that_was_being_applied() {
    for written in [true, false] {
        let (place, fake) = (Place::new(), okta(org()));
        let (serving, sue, id) = writing(&place, &fake);
        let first = plan(&sue, &id, "ReadOnly");
        let slow = Duration::from_secs(30);
        if written {
            // Okta has done it, its answer is on the way.
            fake.add_fault(Fault::on("/api/v1/groups/**").method("PUT").latency(slow));
            begin(&sue, &id, &first);
            until("Okta has got the call", || puts(&fake) == 1);
        } else {
            fake.add_fault(Fault::on("/api/v1/groups/**").method("GET").latency(slow));
            begin(&sue, &id, &first);
            until("it is being applied", || sue.get(&path(&id, &first)).json(200)["state"] == "applying");
        }
        serving.kill();
        fake.clear_faults();

        let (serving, sue) = anew(&place, &sue);
        until("it is known to be lost", || sue.get(&path(&id, &first)).json(200)["state"] == "ended");
        let lost = sue.get(&path(&id, &first)).json(200);
        let says =
            if written { ("unknown", "Okta may show it or not") } else { ("failed", "nothing was changed") };
        assert_eq!(lost["result"]["outcome"], says.0, "{lost:#}");
        assert!(lost["result"]["says"].as_str().unwrap().contains(says.1), "{lost:#}");
        let again =
            sue.json("POST", &format!("{}/apply", path(&id, &first)), &json!({ "digest": first["digest"] }));
        assert_eq!(again.json(409)["detail"], "it was applied before");
        // A sync by itself shows what Okta has.
        until("a sync has followed", || {
            let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).json(200);
            syncs["items"]
                .as_array()
                .unwrap()
                .iter()
                .any(|sync| sync["cause"] == "plan" && sync["state"] == "ended")
        });
        let grants = sue.get("/api/grants?q=ann").body;
        assert_eq!(grants.contains("ReadOnly"), written, "{grants}");

        // The next change settles it.
        let second = plan(&sue, &id, "Viewer");
        assert_eq!(apply(&sue, &id, &second)["result"]["outcome"], "done");
        let told = sue.get(&path(&id, &first)).json(200);
        assert_eq!(told["result"]["outcome"], if written { "done" } else { "failed" }, "{told:#}");
        let of_connector = actions(&sue, &id);
        let count = |action: &str| of_connector.iter().filter(|known| *known == action).count();
        assert_eq!((count("plan.lost"), count("plan.applying")), (1, 2), "{of_connector:?}");
        assert_eq!(count("plan.settled"), usize::from(written), "{of_connector:?}");
        if !written {
            // Nothing was written, so it can be wished again.
            let third = plan(&sue, &id, "ReadOnly");
            assert_eq!(apply(&sue, &id, &third)["result"]["outcome"], "done");
        }
        assert_eq!(puts(&fake), 2, "nothing twice");
        sue.settled();
        serving.stop();
        well(&place);
        let chain =
            place.files_in("rolebook-data").into_iter().find(|name| name.ends_with(".jsonl")).unwrap();
        place.run(&format!("audit --audit rolebook-data/{chain} --verify")).succeeded();
    }
}

/// Makes what lies in the data folder large enough for a kill to fall into the middle.
fn fill(place: &Place, id: &str) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(1 << 20)
    .flatten()
    .collect();
    for n in 0..6 {
        place.write(&format!("rolebook-data/snapshots/{id}/large{n}.events"), &bytes);
    }
}

/// Runs a command and kills it after so long; whether it had ended before.
fn killed_after(place: &Place, arguments: &str, wait: Duration) -> bool {
    let mut child = place.call(arguments).spawn();
    sleep(wait);
    let ended = child.try_wait().unwrap().is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    ended
}

#[test]
fn a_backup_and_a_restore_are_whole_or_not_there() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    let (serving, _, id) = house(&place, &fake);
    fill(&place, &id);
    let (mut cut, mut wait) = (0, 20);
    loop {
        let name = format!("b{wait}.tar");
        let ended = killed_after(&place, &format!("admin backup {name}"), Duration::from_millis(wait));
        if place.path(&name).exists() {
            place.run(&format!("admin restore {name} --data-dir of{wait}")).succeeded();
        } else {
            assert!(!ended, "it ended well without a backup");
            cut += 1;
        }
        if ended {
            break;
        }
        wait += wait / 4 + 1;
    }
    assert!(cut > 0, "it was never cut off");
    place.run("admin backup whole.tar").succeeded();
    serving.stop();

    let (mut cut, mut wait) = (0, 20);
    loop {
        let ended =
            killed_after(&place, "admin restore whole.tar --data-dir there", Duration::from_millis(wait));
        // What is there is whole; what is not can be restored.
        if place.path("there").exists() {
            std::fs::copy(place.path("rolebook-data/vault.key"), place.path("there/vault.key")).unwrap();
            let end = place.run("doctor --data-dir there").succeeded();
            assert!(end.out.contains(": can be opened") && end.out.contains("ok    snapshot"), "{end:#?}");
            std::fs::remove_dir_all(place.path("there")).unwrap();
        } else {
            assert!(!ended, "it ended well without a folder");
            cut += 1;
        }
        if ended {
            break;
        }
        wait += wait / 4 + 1;
    }
    assert!(cut > 0, "it was never cut off");
    place.run("admin restore whole.tar --data-dir there").succeeded();
    let (serving, sue) = again(&place, "--data-dir there");
    assert_eq!(sue.connector()["id"], json!(id));
    serving.stop();
    // What the kills left is gone: the last backup and the last restore were whole.
    let left: Vec<String> = place.files().into_iter().filter(|name| name.starts_with('.')).collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn another_vault_key_opens_whenever_it_is_cut_off() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    let (serving, sue, id) = house(&place, &fake);
    serving.stop();
    let key = || std::fs::read_to_string(place.path("rolebook-data/vault.key")).unwrap();
    let (old, mut wait, mut cut) = (key(), 2, 0);
    loop {
        let ended = killed_after(&place, "admin rotate-key", Duration::from_millis(wait));
        let end = place.run("doctor").succeeded();
        assert!(end.out.contains(": can be opened"), "after {wait} ms: {end:#?}");
        if ended {
            break;
        }
        cut += 1;
        wait += wait / 4 + 1;
    }
    assert!(cut > 0, "it was never cut off");
    assert_ne!(key(), old);
    assert!(!place.path("rolebook-data/vault.key.next").exists());
    let (serving, sue) = anew(&place, &sue);
    assert_eq!(sue.sync(&id)["label"], "connected");
    serving.stop();
}

/// Brings the database back to the tables of the first version.
fn to_first(data: &Path) {
    let db = rusqlite::Connection::open(data.join("rolebook.db")).unwrap();
    let tables: Vec<String> = db
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let first = [
        "console_user",
        "session",
        "one_time_link",
        "api_key",
        "okta_org",
        "app",
        "app_owner",
        "connector",
        "connector_owner",
        "sync",
        "audit",
        "outbox",
        "kept_answer",
        "seaql_migrations",
    ];
    for table in tables.iter().filter(|name| !first.contains(&name.as_str()) && !name.starts_with("sqlite_"))
    {
        db.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }
    db.execute_batch("DELETE FROM seaql_migrations WHERE version <> 'm0001_first'").unwrap();
}

#[test]
fn a_migration_goes_on_at_the_next_start() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    let (serving, sue, _) = house(&place, &fake);
    let grants = sue.grants();
    serving.stop();
    let data = place.path("rolebook-data");
    let (mut wait, mut copies) = (5, 0);
    loop {
        for entry in std::fs::read_dir(&data).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.contains(".before-") || name.ends_with(".copy") {
                std::fs::remove_file(data.join(name)).unwrap();
            }
        }
        to_first(&data);
        let ended = killed_after(&place, "doctor", Duration::from_millis(wait));
        let copied = data.join("rolebook.db.before-m0002_acceptances").exists();
        copies += usize::from(copied);
        let (serving, sue) = anew(&place, &sue);
        assert_eq!(sue.grants(), grants, "after {wait} ms");
        assert_eq!(sue.get("/api/watches").json(200)["total"], 0);
        serving.stop();
        let before = rusqlite::Connection::open(data.join("rolebook.db.before-m0002_acceptances"));
        let count = |db: &rusqlite::Connection, table: &str| -> Result<i64, rusqlite::Error> {
            db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        };
        let before = before.unwrap();
        assert!(
            count(&before, "audit").unwrap() > 0 && count(&before, "watch").is_err(),
            "the copy is as it was"
        );
        if ended {
            break;
        }
        wait += wait / 4 + 1;
    }
    assert!(copies > 0);
    // Killed between the copy and the first change, as seldom happens; and in the middle of the copy.
    to_first(&data);
    std::fs::write(data.join("rolebook.db.copy"), "half").unwrap();
    assert!(data.join("rolebook.db.before-m0002_acceptances").exists());
    let (serving, sue) = anew(&place, &sue);
    assert_eq!(sue.grants(), grants);
    serving.stop();
    assert!(!data.join("rolebook.db.copy").exists());
    well(&place);
}

fn syncs(sue: &Browser, id: &str) -> Vec<Value> {
    sue.get(&format!("/api/connectors/{id}/syncs?limit=100")).json(200)["items"].as_array().unwrap().clone()
}

#[test]
fn a_sync_wherever_it_is() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    let (mut serving, mut sue, id) = house(&place, &fake);
    let grants = sue.grants();
    let before = syncs(&sue, &id).len();
    let wish = |sue: &Browser| sue.json("POST", &format!("/api/connectors/{id}/sync"), &json!({})).json(202);
    fake.configure(|options| options.latency = Duration::from_millis(25));
    // Queued, asking for the org, reading lists, sealing, taking over.
    let waits = [0, 30, 90, 150, 250, 400, 700, 1100];
    for (done, wait) in (1..).zip(waits) {
        wish(&sue);
        sleep(Duration::from_millis(wait));
        serving.kill();
        (serving, sue) = anew(&place, &sue);
        assert_eq!(sue.settled()["label"], "connected", "after {wait} ms");
        let all = syncs(&sue, &id);
        assert_eq!(all.len(), before + done, "after {wait} ms neither lost nor doubled");
        assert_eq!(all[0]["result"], "succeeded", "after {wait} ms: {:#}", all[0]);
        assert_eq!(sue.grants(), grants);
    }
    let whole = before + waits.len();

    // Asked to stop: it stays stopped.
    fake.configure(|options| options.latency = Duration::from_secs(2));
    wish(&sue);
    until("it reads", || !sue.connector()["stages"].as_array().is_none_or(Vec::is_empty));
    sue.json("POST", &format!("/api/connectors/{id}/cancel"), &json!({})).json(200);
    serving.kill();
    fake.configure(|options| options.latency = Duration::ZERO);
    (serving, sue) = anew(&place, &sue);
    sue.settled();
    let all = syncs(&sue, &id);
    assert_eq!((all.len(), &all[0]["result"]), (whole + 1, &json!("cancelled")));

    // Waiting after a failure: the count of failures and the time of the next try are kept.
    fake.add_fault(Fault::everywhere().status(503));
    wish(&sue);
    let failed = sue.settled();
    assert_eq!(failed["life"]["failures"], 1, "{failed:#}");
    serving.kill();
    (serving, sue) = anew(&place, &sue);
    let after = sue.connector();
    for part in ["failures", "next_at", "failing_since"] {
        assert_eq!(after["life"][part], failed["life"][part], "{part}");
    }
    fake.clear_faults();
    assert_eq!(sue.sync(&id)["label"], "connected");

    // Paused, and held: both stay so until somebody decides.
    sue.json("POST", &format!("/api/connectors/{id}/pause"), &json!({})).json(200);
    serving.kill();
    (serving, sue) = anew(&place, &sue);
    assert_eq!(sue.connector()["label"], "paused");
    sue.json("POST", &format!("/api/connectors/{id}/resume"), &json!({})).json(200);
    sue.settled();
    let people: Vec<String> = fake.with_org(|org| org.user_ids().map(str::to_owned).collect());
    fake.change(|org| {
        for user in people.iter().skip(5) {
            org.remove_user(user);
        }
    });
    let held = sue.sync(&id)["held_sync"].clone();
    assert!(held.is_string());
    serving.kill();
    (serving, sue) = anew(&place, &sue);
    assert_eq!(sue.connector()["held_sync"], held);
    assert_eq!(sue.grants(), grants, "pages show the last good state");
    sue.json("POST", &format!("/api/connectors/{id}/hold/confirm"), &json!({ "reason": "they left" }))
        .json(200);
    assert!(sue.grants() < grants);
    serving.stop();
    well(&place);
}

/// A limit on the size of files stands for a full disk.
fn limit(serving: &Serving, size: &str) {
    let pid = serving.child.id().to_string();
    let done = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={size}:unlimited")]).status();
    assert!(done.unwrap().success());
}

#[test]
fn the_disk_is_full_in_the_middle_of_a_sync() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    let (serving, sue, id) = house(&place, &fake);
    let (grants, before) = (sue.grants(), syncs(&sue, &id).len());
    // Slow enough for a busy machine: what is taken over before the limit stands would have to be opened under it.
    fake.configure(|options| options.latency = Duration::from_secs(1));
    sue.json("POST", &format!("/api/connectors/{id}/sync"), &json!({})).json(202);
    until("it reads", || !sue.connector()["stages"].as_array().is_none_or(Vec::is_empty));
    limit(&serving, "0");
    fake.configure(|options| options.latency = Duration::ZERO);
    // Long enough for the run to end and for its lease to run out.
    sleep(Duration::from_secs(3));
    assert!(serving.get("/ready").starts_with("HTTP/1.1 503"));
    assert_eq!(sue.grants(), grants);
    limit(&serving, "unlimited");
    until("it ended", || sue.connector()["open_sync"].is_null());
    if sue.connector()["label"] != "connected" {
        sue.sync(&id);
    }
    let all = syncs(&sue, &id);
    assert!(all.len() <= before + 2, "{all:#?}");
    assert_eq!((&all[0]["result"], sue.grants()), (&json!("succeeded"), grants), "{all:#?}");
    serving.stop();
    well(&place);
}

#[test]
fn the_disk_is_full_in_the_middle_of_a_change() {
    let (place, fake) = (Place::new(), okta(org()));
    let (serving, sue, id) = writing(&place, &fake);
    let first = plan(&sue, &id, "ReadOnly");
    fake.add_fault(Fault::on("/api/v1/groups/**").method("PUT").latency(Duration::from_secs(6)));
    let (asked, url) = (sue.clone(), format!("{}/apply", path(&id, &first)));
    let body = json!({ "digest": first["digest"] });
    let answer = spawn(move || asked.json("POST", &url, &body).json(507));
    until("Okta has got the call", || puts(&fake) == 1);
    limit(&serving, "0");
    let answer = answer.join().unwrap();
    assert_eq!(answer["title"], "what came of the plan could not be recorded yet");
    assert!(answer["hint"].as_str().unwrap().contains("do not make the change again"), "{answer}");
    // Nothing that cannot be recorded is begun.
    let second = sue.json(
        "POST",
        &format!("/api/connectors/{id}/plans"),
        &json!({ "action": "grant", "person": "ann@acme.test", "role": "111122223333/Viewer" }),
    );
    assert_eq!(second.status, 507, "{}", second.body);
    limit(&serving, "unlimited");
    until("it records by itself", || sue.get(&path(&id, &first)).json(200)["state"] == "ended");
    fake.clear_faults();
    sue.settled();
    assert!(sue.get("/api/grants?q=ann").body.contains("ReadOnly"));
    let second = plan(&sue, &id, "Viewer");
    assert_eq!(apply(&sue, &id, &second)["result"]["outcome"], "done");
    let told = sue.get(&path(&id, &first)).json(200);
    assert_eq!(told["result"]["outcome"], "done", "{told:#}");
    assert_eq!(puts(&fake), 2, "nothing twice");
    sue.settled();
    serving.stop();
    well(&place);
}
