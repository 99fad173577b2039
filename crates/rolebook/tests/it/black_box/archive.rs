//! An archive that syncs fill.

use std::path::PathBuf;

use serde_json::Value;

use super::{
    guard, orgs,
    place::{Place, okta},
};

fn listed(place: &Place, more: &str) -> Vec<Value> {
    let end = place.run(&format!("archive list --archive kept -o json {more}")).succeeded();
    end.json().as_array().unwrap().clone()
}

#[test]
fn every_sealed_snapshot_is_kept_and_readable() {
    let place = Place::new();
    let fake = okta(orgs::small());
    for _ in 0..2 {
        place.connected(&fake, "super", "sync --archive kept").end().succeeded();
    }
    place.connected(&fake, "super", "sync -f other.c1z --archive kept").end().succeeded();
    let entries = listed(&place, "--verify");
    assert_eq!(entries.len(), 3);
    assert!(
        entries.iter().all(|entry| entry["state"] == "whole" && entry["app"] == orgs::APP),
        "{entries:?}"
    );
    // The newest is the file itself, and each is a snapshot.
    let newest = entries.iter().filter(|entry| {
        std::fs::read(place.path(entry["file"].as_str().unwrap())).unwrap()
            == std::fs::read(place.path("other.c1z")).unwrap()
    });
    assert_eq!(newest.count(), 1);
    for entry in &entries {
        place.run(&format!("show roles -f {}", entry["file"].as_str().unwrap())).succeeded();
    }
    assert_eq!(place.files(), ["kept", "other.c1z", "other.c1z.events", "sync.c1z", "sync.c1z.events"]);
    // Nothing is old enough to go.
    let gone = place.run("archive prune --archive kept -o json").succeeded();
    assert_eq!(gone.json(), serde_json::json!([]));
    assert_eq!(listed(&place, "").len(), 3);
}

#[test]
fn damage_is_a_finding() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.connected(&fake, "super", "sync").env("ROLEBOOK_ARCHIVE", "kept").end().succeeded();
    let file = PathBuf::from(listed(&place, "")[0]["file"].as_str().unwrap());
    let mut bytes = std::fs::read(place.path(file.to_str().unwrap())).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(place.path(file.to_str().unwrap()), bytes).unwrap();
    let end = place.run("archive list --archive kept --verify");
    assert_eq!(end.code, Some(6), "{end:#?}");
    assert!(end.out.contains("CHANGED"), "{end:#?}");
    std::fs::remove_file(place.path(file.to_str().unwrap())).unwrap();
    let end = place.run("archive list --archive kept");
    assert_eq!(end.code, Some(6), "{end:#?}");
    assert!(end.out.contains("MISSING"), "{end:#?}");
}

/// What waits for a confirmation is not sealed; once it is accepted it is kept, too.
#[test]
fn a_held_file_is_kept_when_it_is_accepted() {
    let place = Place::new();
    let fake = okta(guard::org(50));
    place.connected(&fake, "super", "sync --archive kept").end().succeeded();
    guard::members(&fake, "00gA", 10..50, false);
    let end = place.connected(&fake, "super", "sync --archive kept").end();
    assert_eq!(end.code, Some(6), "{end:#?}");
    assert_eq!(listed(&place, "").len(), 1);
    place.run("sync --archive kept --accept-loss --reason planned --audit audit.jsonl").succeeded();
    assert_eq!(listed(&place, "--verify").len(), 2);
}

#[test]
fn an_archive_that_cannot_be_is_told() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.write("taken", "a file");
    place.connected(&fake, "super", "sync --archive taken").end().failed(1).says(["taken", "--archive"]);
    assert!(fake.log().is_empty());
    assert_eq!(place.files(), ["taken"]);
    place.run("archive list").failed(2).says(["--archive"]);
    place.run("archive list --archive absent").failed(3).says(["absent"]);
    assert_eq!(place.files(), ["taken"]);
    // It turns bad while Okta is asked: the snapshot is sealed all the same, and the command says what is missing.
    let org = place.connected(&fake, "super", "sync -o json").end().succeeded().json()["org"]["id"].clone();
    place.write(&format!("kept/{}", org.as_str().unwrap()), "a file");
    let end = place.connected(&fake, "super", "sync --archive kept").end();
    assert_eq!(end.code, Some(1), "{end:#?}");
    assert!(end.err.contains("sealed and in force, but not archived"), "{end:#?}");
    place.run("show roles").succeeded();
}
