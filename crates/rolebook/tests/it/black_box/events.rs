//! Events of the System Log beside a snapshot.

use rolebook_fake_okta::Fault;

use super::{
    orgs,
    place::{Place, okta, until},
    redaction::redacted,
};

#[test]
fn are_read_when_they_are_wanted() {
    let place = Place::new();
    let fake = okta(orgs::small());
    // Not by default: they are more requests and another file.
    place.synced(&fake, "super");
    assert!(!fake.log().iter().any(|asked| asked.path == "/api/v1/logs"));
    place.run("show events").failed(3).says(["--sync-events"]);
    fake.change(|org| org.add_member("00gOps", "00uA"));
    let end = place.connected(&fake, "super", "sync --sync-events auto").end().succeeded();
    let line = |out: &str| out.lines().find(|line| line.starts_with("Events")).unwrap().to_owned();
    assert_eq!(line(&end.out), "Events     1 new, 1 kept in sync.c1z.events");
    assert_eq!(place.files(), ["sync.c1z", "sync.c1z.events"]);
    fake.change(|org| org.sign_on(orgs::APP, "00uA"));
    let end = place.connected(&fake, "super", "sync --sync-events on -o json").end().succeeded();
    assert_eq!(end.json()["memory"]["events"]["new"], 1);
    insta::assert_snapshot!("show_events", redacted(&place.run("show events").succeeded().out));
    let events = place.run("show events -o json").succeeded().json();
    assert_eq!(events[0]["about_ids"].as_array().unwrap().len(), 2);
    // An archive is memory, too.
    let end = place.connected(&fake, "super", "sync --archive kept").end().succeeded();
    assert_eq!(line(&end.out), "Events     0 new, 2 kept in sync.c1z.events");
    assert!(end.out.lines().any(|line| line.starts_with("Archived   kept/")), "{}", end.out);
}

#[test]
fn that_may_not_be_read_are_told_or_needed() {
    let place = Place::new();
    let fake = okta(orgs::small());
    fake.add_fault(Fault::on("/api/v1/logs").status(403));
    let end = place.connected(&fake, "super", "sync --sync-events auto").end().succeeded();
    assert!(end.out.contains("Events     not read: cannot read the System Log"), "{}", end.out);
    let end = place.connected(&fake, "super", "sync --sync-events on").end();
    assert_eq!(end.code, Some(4), "{end:#?}");
    assert!(end.err.contains("sync.c1z is sealed"), "{end:#?}");
    place.run("show roles").succeeded();
    place.write("sync.c1z.events", "no database, but long enough to look like one, as it were");
    let end = place.connected(&fake, "super", "sync --sync-events auto").end();
    assert_eq!(end.code, Some(1), "{end:#?}");
    assert!(end.err.contains("sync.c1z.events"), "{end:#?}");
}

/// Killed at the second page: the next run reads the rest, and nothing comes twice.
#[test]
fn survive_a_kill() {
    let place = Place::new();
    let fake = okta(orgs::small());
    fake.change(|org| {
        for _ in 0..1250 {
            org.add_member("00gOps", "00uA");
            org.remove_member("00gOps", "00uA");
        }
    });
    fake.add_fault(Fault::on("/api/v1/logs").skip(1).latency(std::time::Duration::from_secs(3600)));
    let mut child = place.connected(&fake, "super", "sync --sync-events on").spawn();
    until("the first page of the log is read", || {
        let count = place.run("show events -o csv");
        count.code == Some(0) && count.out.lines().count() == 1001
    });
    child.kill().unwrap();
    child.wait().unwrap();
    fake.clear_faults();
    fake.clear_log();
    let end = place.connected(&fake, "super", "sync --sync-events on").end().succeeded();
    assert!(end.out.contains("Events     1500 new, 2500 kept"), "{}", end.out);
    assert_eq!(fake.log().iter().filter(|asked| asked.path == "/api/v1/logs").count(), 3);
}
