//! `sync` and `check`: what they print, what they leave behind, and how they are stopped.

use std::{
    io::{BufRead, BufReader, Read},
    time::Duration,
};

use rolebook_fake_okta::{FakeOkta, Fault, Options};
use serde_json::Value;

use super::{
    orgs,
    place::{Place, ended, okta, unlimited, until},
    redaction::redacted,
};

#[test]
fn text() {
    for (name, org, token) in [
        ("super", orgs::small(), "super"),
        ("read_only", orgs::small(), "read_only"),
        ("direct", orgs::direct(), "super"),
    ] {
        let end = Place::new().synced(&okta(org), token);
        insta::assert_snapshot!(format!("sync_{name}"), redacted(&end.out));
    }
}

/// The second run says what the first one said: the file is named as it was given.
#[test]
fn the_file_is_named_as_given() {
    let place = Place::new();
    let fake = okta(orgs::small());
    for _ in 0..2 {
        let end = place.synced(&fake, "super");
        assert!(end.out.contains("\nWrote      sync.c1z ("), "{}", end.out);
        let end = place.connected(&fake, "super", "sync -o json -f ./other.c1z").end().succeeded();
        assert_eq!(end.json()["file"], "./other.c1z");
    }
}

#[test]
fn json() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let end = place.connected(&fake, "super", "sync -o json").end().succeeded();
    end.json();
    insta::assert_snapshot!(redacted(&end.out));
}

#[test]
fn a_partial_sync_says_so() {
    let place = Place::new();
    let fake = okta(orgs::small());
    fake.add_fault(Fault::on("/api/v1/groups/00gOps/users").status(403));
    let end = place.connected(&fake, "super", "sync").end();
    assert_eq!(end.code, Some(6), "{end:#?}");
    let end = end.says(["warning: sync.c1z is PARTIAL", "--allow-partial"]);
    assert!(end.out.contains("PARTIAL"), "{end:#?}");
    insta::assert_snapshot!(redacted(&end.out));
    let end = place.connected(&fake, "super", "sync -o json --allow-partial").end().succeeded();
    assert_eq!(end.json()["complete"], false);
}

#[test]
fn counts_are_those_that_show_shows() {
    for org in [
        orgs::small(),
        orgs::direct(),
        rolebook_fake_okta::orgs::demo(),
        rolebook_fake_okta::orgs::demo_direct(),
    ] {
        let place = Place::new();
        let fake = okta(org);
        let summary = place.connected(&fake, "super", "sync -o json").end().succeeded().json();
        let rows = |what: &str| {
            let shown = place.run(&format!("show {what} -o json")).succeeded().json();
            shown.as_array().unwrap().clone()
        };
        let counts = &summary["counts"];
        for what in ["accounts", "roles", "groups", "users", "grants"] {
            assert_eq!(counts[what], rows(what).len(), "{what}: {counts}");
        }
        let users = rows("users");
        assert_eq!(counts["assigned"], users.iter().filter(|user| !user["assigned"].is_null()).count());
        assert_eq!(counts["with_role"], users.iter().filter(|user| user["roles"] != 0).count());
        assert_eq!(summary["app"]["id"], rows("apps")[0]["id"]);
        assert_eq!(summary["bytes"], std::fs::metadata(place.path("sync.c1z")).unwrap().len());
        // Both ways of counting people per role agree.
        let of_roles: u64 = rows("roles").iter().map(|role| role["people"].as_u64().unwrap()).sum();
        assert_eq!(counts["grants"], of_roles);
    }
}

#[test]
fn progress_is_json_lines() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let end = place.synced(&fake, "super");
    let mut stages = Vec::new();
    for line in end.err.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for key in ["timestamp", "level", "message", "target"] {
            assert!(line[key].is_string(), "{line}");
        }
        if line["message"] == "end" {
            stages.push(line["stage"].as_str().unwrap().to_owned());
        }
    }
    for stage in ["probe", "app-users", "app-groups", "groups", "members", "seal"] {
        assert!(stages.iter().any(|ended| ended == stage), "{stage} not in {stages:?}");
    }
    let quiet = place.connected(&fake, "super", "sync --log-level error").end().succeeded();
    assert_eq!(quiet.err, "");
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let fake = okta(orgs::small());
    let mode = || std::fs::metadata(place.path("sync.c1z")).unwrap().permissions().mode() & 0o777;
    place.synced(&fake, "super");
    assert_eq!(mode(), 0o600);
    // A file that was open to all before is so no longer.
    std::fs::set_permissions(place.path("sync.c1z"), std::fs::Permissions::from_mode(0o644)).unwrap();
    place.synced(&fake, "super");
    assert_eq!(mode(), 0o600);
    assert_eq!(place.files(), ["sync.c1z"]);
}

/// An Okta that answers everything but who is in a group: a sync stands still in its middle.
pub(crate) fn stuck() -> FakeOkta {
    let fake = okta(rolebook_fake_okta::orgs::demo());
    fake.add_fault(Fault::on("/api/v1/groups/*/users").latency(Duration::from_secs(3600)));
    fake
}

/// Waits until a sync has read the groups, of which it then asks the members.
pub(crate) fn until_stuck(fake: &FakeOkta) {
    until("the sync reads groups", || fake.log().iter().any(|asked| asked.path == "/api/v1/groups"));
}

#[test]
fn a_stopped_sync_leaves_nothing() {
    let place = Place::new();
    let fake = stuck();
    let running = place.connected(&fake, "super", "sync").start();
    until_stuck(&fake);
    running.terminate();
    let end = running.end().failed(143);
    insta::assert_snapshot!(end.words());
    assert_eq!(place.files(), [".sync.c1z.journal"], "only what the next run takes up");
}

#[test]
fn a_stopped_sync_leaves_the_earlier_file() {
    let place = Place::new();
    place.synced(&okta(rolebook_fake_okta::orgs::demo()), "super");
    let before = std::fs::read(place.path("sync.c1z")).unwrap();
    let fake = stuck();
    let running = place.connected(&fake, "super", "sync").start();
    until_stuck(&fake);
    running.terminate();
    running.end().failed(143);
    assert_eq!(place.files(), [".sync.c1z.journal", "sync.c1z"]);
    assert!(std::fs::read(place.path("sync.c1z")).unwrap() == before);
}

#[test]
fn a_failed_sync_leaves_the_earlier_file() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    let before = std::fs::read(place.path("sync.c1z")).unwrap();
    fake.add_fault(Fault::on("/api/v1/apps/0oaAWS/users").status(403));
    place.connected(&fake, "super", "sync").end().failed(4);
    assert_eq!(place.files(), ["sync.c1z"]);
    assert!(std::fs::read(place.path("sync.c1z")).unwrap() == before);
}

#[test]
fn a_stopped_check_ends() {
    let place = Place::new();
    let fake =
        FakeOkta::start(orgs::small(), Options { latency: Duration::from_secs(600), ..unlimited() }).unwrap();
    let running = place.connected(&fake, "super", "check").start();
    // The request is on its way once the fake's log or its listener shows it; a stop before that must work as well.
    std::thread::sleep(Duration::from_millis(500));
    running.terminate();
    let end = running.end();
    assert_ne!(end.code, Some(0), "{end:#?}");
    assert_eq!(end.out, "");
}

#[test]
fn output_that_nobody_reads_is_no_panic() {
    let place = Place::new();
    let fake = okta(rolebook_fake_okta::orgs::demo());
    place.synced(&fake, "super");
    for arguments in
        ["show grants", "show grants -o json", "show grants -o csv", "show roles", "demo -f other.c1z"]
    {
        // Before the first byte, and in the middle.
        for lines in [0, 1] {
            let mut child = place.call(arguments).spawn();
            let mut out = BufReader::with_capacity(16, child.stdout.take().unwrap());
            for _ in 0..lines {
                out.read_line(&mut String::new()).unwrap();
            }
            drop(out);
            let mut err = String::new();
            child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
            assert_eq!(ended(&mut child).code(), Some(0), "{arguments}: {err}");
            assert!(!err.contains("panicked") && !err.contains("error:"), "{arguments}: {err}");
        }
    }
}

#[test]
fn check() {
    let place = Place::new();
    let fake = okta(orgs::small());
    for token in ["super", "read_only"] {
        let end = place.connected(&fake, token, "check").end().succeeded();
        insta::assert_snapshot!(format!("check_{token}"), redacted(&end.out));
        let end = place.connected(&fake, token, "check -o json").end().succeeded();
        end.json();
        insta::assert_snapshot!(format!("check_{token}_json"), redacted(&end.out));
    }
    // It reads, and leaves nothing behind.
    assert!(fake.log().len() > 10);
    assert!(fake.log().iter().all(|asked| asked.method == "GET"), "{:?}", fake.log_lines());
    assert_eq!(place.files(), [""; 0]);
    let fake = okta(orgs::direct());
    let end = place.connected(&fake, "super", "check").end().succeeded();
    insta::assert_snapshot!("check_direct", redacted(&end.out));
}

#[test]
fn a_sync_only_reads() {
    for org in [orgs::small(), orgs::direct()] {
        let place = Place::new();
        let fake = okta(org);
        place.synced(&fake, "super");
        assert!(fake.log().iter().all(|asked| asked.method == "GET"), "{:?}", fake.log_lines());
        assert_eq!(place.files(), ["sync.c1z"]);
    }
}
