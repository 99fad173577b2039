//! What is written is what is read.

use rolebook_snapshot::{GrantFilter, SyncKind};

use crate::sample::{self, open, read_all, read_grants, records, seal};

#[test]
fn every_record_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let sealed = seal(&target, 1);
    assert_eq!(sealed.path, target);
    assert_eq!(sealed.bytes, std::fs::metadata(&target).unwrap().len());
    assert_eq!((sealed.stats.grants, sealed.stats.resources), (3, 4));

    let snapshot = open(&target);
    let sync = snapshot.latest_full().unwrap();
    assert_eq!(sync.id, sample::sync_id(1));
    assert_eq!(sync.kind, SyncKind::Full);
    assert_eq!((sync.started_at, sync.ended_at), (sample::start(), Some(sample::end())));
    assert_eq!(sync.token, r#"{"needs_expansion":true,"completed_actions_count":4,"version":1}"#);
    assert_eq!(sync.stats.as_ref(), Some(&sealed.stats));

    let (written, read) = (records(), read_all(&snapshot, &sync.id));
    assert_eq!(read.types, written.types);
    assert_eq!(read.resources, written.resources);
    assert_eq!(read.entitlements, written.entitlements);
    assert_eq!(read.grants, written.grants);
    assert_eq!(snapshot.rows(&sync.id).count().unwrap(), sealed.stats);
}

#[test]
fn grants_are_found_by_each_key() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let snapshot = open(&target);
    let id = sample::sync_id(1);
    let ids = |filter| -> Vec<String> {
        read_grants(&snapshot, &id, filter).into_iter().map(|grant| grant.id).collect()
    };
    let admin = ["account:111122223333:Admin:group:00g1", "account:111122223333:Admin:user:00u1"];
    let member = "group:00g1:member:user:00u1";
    assert_eq!(ids(GrantFilter::All), [admin[0], admin[1], member]);
    assert_eq!(ids(GrantFilter::Entitlement("account:111122223333:Admin")), admin);
    assert_eq!(ids(GrantFilter::ResourceType("group")), [member]);
    assert_eq!(ids(GrantFilter::Resource { resource_type: "account", resource: "111122223333" }), admin);
    assert_eq!(ids(GrantFilter::Principal { resource_type: "user", resource: "00u1" }), [admin[1], member]);
    assert_eq!(ids(GrantFilter::Entitlement("account:111122223333:Nobody")), [""; 0]);
}
