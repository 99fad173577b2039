//! What of earlier syncs a new file holds.

use std::path::Path;

use rolebook_snapshot::{Error, SnapshotWriter, SyncId, SyncKind};

use crate::golden::golden;
use crate::raw::tampered;
use crate::sample::{self, open, options, read_all, records, seal, write_all};

fn syncs(target: &Path) -> Vec<SyncId> {
    open(target).syncs().unwrap().into_iter().map(|sync| sync.id).collect()
}

#[test]
fn the_newest_full_sync_stays_beside_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    for seed in 1..=4 {
        seal(&target, seed);
    }
    assert_eq!(syncs(&target), [sample::sync_id(3), sample::sync_id(4)]);
    let snapshot = open(&target);
    assert_eq!(snapshot.latest_full().unwrap().id, sample::sync_id(4), "same end, greater id");
    for seed in [3, 4] {
        let rows = read_all(&snapshot, &sample::sync_id(seed));
        assert_eq!(rows.grants, records().grants);
        assert_eq!(rows.resources, records().resources);
        let counted = snapshot.rows(&sample::sync_id(seed)).count().unwrap();
        assert_eq!(counted, snapshot.rows(&sample::sync_id(seed)).stats().unwrap());
    }
}

#[test]
fn how_many_to_keep_can_be_said() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    for (seed, keep, expected) in
        [(1, 2, vec![1]), (2, 3, vec![1, 2]), (3, 3, vec![1, 2, 3]), (4, 1, vec![4]), (5, 0, vec![5])]
    {
        let mut options = options(&target, seed);
        options.keep_syncs = keep;
        let mut writer = SnapshotWriter::create(options).unwrap();
        write_all(&mut writer, &records()).unwrap();
        writer.seal(sample::end(), None).unwrap();
        let expected: Vec<_> = expected.into_iter().map(sample::sync_id).collect();
        assert_eq!(syncs(&target), expected);
    }
}

#[test]
fn a_file_of_the_go_writer_goes_on_with_us() {
    for name in ["fed_map_acctfirst_ext.c1z", "okta_map_acctfirst_sqlite.c1z"] {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sync.c1z");
        std::fs::copy(golden(name), &target).unwrap();
        let before = open(&target);
        let theirs = before.latest_full().unwrap();
        seal(&target, 1);

        let after = open(&target);
        assert_eq!(syncs(&target), [theirs.id, sample::sync_id(1)], "{name}");
        assert_eq!(after.syncs().unwrap()[0], theirs, "{name}");
        let (was, is) = (read_all(&before, &theirs.id), read_all(&after, &theirs.id));
        assert_eq!(is.types, was.types, "{name}");
        assert_eq!(is.resources, was.resources, "{name}");
        assert_eq!(is.entitlements, was.entitlements, "{name}");
        assert_eq!(is.grants, was.grants, "{name}");
        assert_eq!(read_all(&after, &sample::sync_id(1)).grants, records().grants, "{name}");
    }
}

#[test]
fn assets_go_along() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let mut writer = SnapshotWriter::create(options(&target, 1)).unwrap();
    writer.asset("a", "", b"x").unwrap();
    writer.asset("empty", "text/plain", b"").unwrap();
    writer.seal(sample::end(), None).unwrap();
    seal(&target, 2);
    let snapshot = open(&target);
    let asset = snapshot.rows(&sample::sync_id(1)).asset("a").unwrap().unwrap();
    assert_eq!((asset.content_type.as_str(), asset.data.as_slice()), ("unknown", &b"x"[..]));
    assert_eq!(snapshot.rows(&sample::sync_id(1)).asset("empty").unwrap(), None);
    assert_eq!(snapshot.rows(&sample::sync_id(2)).asset("a").unwrap(), None);
}

#[test]
fn partial_and_unfinished_syncs_are_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let mut partial = options(&target, 2);
    partial.kind = SyncKind::Partial;
    SnapshotWriter::create(partial).unwrap().seal(sample::end(), None).unwrap();
    assert_eq!(syncs(&target), [sample::sync_id(1), sample::sync_id(2)]);
    // The Go writers keep a sync that they have not finished, to go on with it.
    let unfinished = sample::sync_id(9);
    tampered(
        &target,
        folder.path(),
        &format!(
            "insert into v1_sync_runs (sync_id, started_at, sync_token) values ('{unfinished}', '2026-03-02 00:00:00', '{{}}')"
        ),
    );
    assert_eq!(open(&target).syncs().unwrap()[2].ended_at, None);
    seal(&target, 3);
    assert_eq!(syncs(&target), [sample::sync_id(1), sample::sync_id(3)]);
}

#[test]
fn an_empty_target_is_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    std::fs::write(&target, "").unwrap();
    seal(&target, 1);
    assert_eq!(syncs(&target), [sample::sync_id(1)]);
}

#[test]
fn a_target_that_cannot_be_read_stays_and_the_error_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let good = std::fs::read(&target).unwrap();
    let pebble = std::fs::read(golden("okta_map_acctfirst_pebble.c1z")).unwrap();
    for bad in [b"PK\x03\x04 a zip".to_vec(), good[..good.len() - 9].to_vec(), pebble] {
        std::fs::write(&target, &bad).unwrap();
        let error = SnapshotWriter::create(options(&target, 2)).unwrap_err();
        assert!(matches!(error, Error::Target { .. }), "{error}");
        assert!(error.to_string().contains("move it away"), "{error}");
        assert_eq!(std::fs::read(&target).unwrap(), bad);
        assert_eq!(crate::raw::names(folder.path()), ["sync.c1z"]);
    }
}

#[test]
fn an_id_that_is_there_already_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let error = SnapshotWriter::create(options(&target, 1)).unwrap_err();
    assert!(matches!(error, Error::SyncExists { .. }), "{error}");
    assert_eq!(syncs(&target), [sample::sync_id(1)]);
}
