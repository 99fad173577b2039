//! What is written is what is read.

use proptest::prelude::*;
use rolebook_snapshot::proto::{
    Entitlement, Grant, GrantExpandable, GrantImmutable, Resource, ResourceId, ResourceType,
};
use rolebook_snapshot::{Error, GrantFilter, GrantRow, SnapshotWriter, SyncKind, annotation};

use crate::sample::{self, Records, open, options, read_all, read_grants, records, seal, write_all};

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

#[test]
fn the_same_rows_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.c1z"), folder.path().join("another name.c1z"));
    for seed in [1, 2] {
        seal(&a, seed);
        let mut options = options(&b, seed);
        options.workers = 7;
        let mut writer = SnapshotWriter::create(options).unwrap();
        write_all(&mut writer, &records()).unwrap();
        writer.seal(sample::end(), None).unwrap();
        assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    }
}

/// Large enough that the frame is compressed in several jobs and the rows travel in several batches.
#[test]
fn the_same_rows_give_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let mut state = 1_u32;
    let mut noise = vec![0_u8; 3 << 20];
    for byte in &mut noise {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = state.to_be_bytes()[0];
    }
    let files = [1, 2, 5].map(|workers| {
        let target = folder.path().join(format!("{workers}.c1z"));
        let mut options = options(&target, 1);
        options.workers = workers;
        let mut writer = SnapshotWriter::create(options).unwrap();
        for at in 0..8 {
            writer.asset(&format!("{at}"), "noise", &noise[at..]).unwrap();
        }
        writer.seal(sample::end(), None).unwrap();
        std::fs::read(target).unwrap()
    });
    assert_eq!(files[0], files[1]);
    assert_eq!(files[0], files[2]);
}

#[test]
fn rows_out_of_order_or_twice_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let mut writer = SnapshotWriter::create(options(&target, 1)).unwrap();
    let all = records();
    let is_order = |written: Result<(), Error>, last: &str| match written {
        Err(Error::Order { previous, .. }) => assert_eq!(previous, last),
        other => panic!("{other:?}"),
    };
    write_all(&mut writer, &all).unwrap();
    is_order(writer.resource_type(&all.types[0]), "user");
    is_order(writer.resource(&all.resources[3]), "user:00u2");
    is_order(writer.entitlement(&all.entitlements[0]), "group:00g1:member");
    is_order(writer.grant(&all.grants[0]), "group:00g1:member:user:00u1");
    writer.asset("b", "", b"1").unwrap();
    is_order(writer.asset("a", "", b"1"), "b");
    // The refused rows are not in the file.
    assert_eq!(writer.seal(sample::end(), None).unwrap().stats.grants, 3);
    assert_eq!(read_all(&open(&target), &sample::sync_id(1)).grants, all.grants);
}

#[test]
fn a_record_without_the_fields_of_its_columns_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = SnapshotWriter::create(options(&folder.path().join("sync.c1z"), 1)).unwrap();
    let account = || ResourceId::new("account", "1");
    let good = Grant::new("account:1:Admin", account(), ResourceId::new("user", "2"));
    let missing = |written: Result<(), Error>, expected: &str| match written {
        Err(Error::Incomplete { field, .. }) => assert_eq!(field, expected),
        other => panic!("{other:?}"),
    };
    missing(writer.resource_type(&ResourceType::default()), "id");
    missing(writer.resource(&Resource::default()), "id");
    missing(writer.resource(&Resource::new(ResourceId::new("account", ""), "x")), "id");
    missing(writer.entitlement(&Entitlement::default()), "id");
    missing(writer.entitlement(&Entitlement { id: "e".into(), ..Entitlement::default() }), "resource");
    missing(writer.grant(&Grant { id: String::new(), ..good.clone() }), "id");
    missing(writer.grant(&Grant { entitlement: None, ..good.clone() }), "entitlement");
    missing(writer.grant(&Grant { principal: None, ..good.clone() }), "principal");
    let bare = Entitlement { id: "e".into(), ..Entitlement::default() };
    missing(writer.grant(&Grant { entitlement: Some(bare), ..good.clone() }), "entitlement.resource");
    missing(writer.asset("", "", b"1"), "id");
    writer.grant(&good).unwrap();
}

#[test]
fn an_expansion_of_blank_ids_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let mut grant = records().grants.swap_remove(1);
    let blank = GrantExpandable {
        entitlement_ids: vec![String::new(), "  ".into()],
        shallow: true,
        ..GrantExpandable::default()
    };
    annotation::put(&mut grant.annotations, &blank);
    annotation::put(&mut grant.annotations, &GrantImmutable::default());
    let mut writer = SnapshotWriter::create(options(&target, 1)).unwrap();
    writer.grant(&grant).unwrap();
    writer.seal(sample::end(), None).unwrap();

    let snapshot = open(&target);
    let sync = snapshot.latest_full().unwrap();
    assert_eq!(sync.token, r#"{"completed_actions_count":4,"version":1}"#);
    annotation::take::<GrantExpandable>(&mut grant.annotations).unwrap();
    assert_eq!(read_grants(&snapshot, &sync.id, GrantFilter::All), [grant]);
}

#[test]
fn rows_can_be_copied_without_decoding_them() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from.c1z"), folder.path().join("to.c1z"));
    seal(&from, 1);
    let snapshot = open(&from);
    let mut writer = SnapshotWriter::create(options(&to, 1)).unwrap();
    let copied = snapshot
        .rows(&sample::sync_id(1))
        .grants(GrantFilter::All, |row: GrantRow<'_>| writer.grant_row(&row));
    copied.unwrap();
    writer.seal(sample::end(), None).unwrap();
    assert_eq!(read_grants(&open(&to), &sample::sync_id(1), GrantFilter::All), records().grants);
}

#[test]
fn a_token_must_be_an_object() {
    let folder = tempfile::tempdir().unwrap();
    for token in ["", "7", "[]", "{", "\"done\""] {
        let writer = SnapshotWriter::create(options(&folder.path().join("sync.c1z"), 1)).unwrap();
        assert!(matches!(writer.seal(sample::end(), Some(token)), Err(Error::Token { .. })), "{token:?}");
    }
    assert!(crate::raw::names(folder.path()).is_empty());
}

#[test]
fn the_callers_own_error_ends_the_listing() {
    #[derive(Debug)]
    enum Mine {
        Enough,
        Snapshot(#[expect(dead_code, reason = "shown when the test fails")] Error),
    }
    impl From<Error> for Mine {
        fn from(error: Error) -> Self {
            Self::Snapshot(error)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let snapshot = open(&target);
    let mut seen = 0;
    let listed = snapshot.rows(&sample::sync_id(1)).resources(None, |_| {
        seen += 1;
        if seen == 2 { Err(Mine::Enough) } else { Ok(()) }
    });
    assert!(matches!(listed, Err(Mine::Enough)));
    assert_eq!(seen, 2);
}

/// Ids of any characters: colons, spaces, letters of every script, even the zero character.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c:]{1,3}", "\\PC{1,6}", "[\0a-b]{1,3}"]
}

fn any_records() -> impl Strategy<Value = Records> {
    let pair = || (name(), name());
    let grants = prop::collection::vec((pair(), name(), pair(), any::<bool>()), 0..12);
    let resources = prop::collection::vec((pair(), prop::option::of(pair())), 0..12);
    (prop::collection::vec(name(), 0..4), resources, prop::collection::vec((pair(), name()), 0..6), grants)
        .prop_map(|(types, resources, entitlements, grants)| {
            let id = |pair: &(String, String)| ResourceId::new(&pair.0, &pair.1);
            let resource = |(own, parent): &((String, String), Option<(String, String)>)| Resource {
                parent_resource_id: parent.as_ref().map(id),
                ..Resource::new(id(own), "name")
            };
            let grant = |(of, slug, to, expandable): &((String, String), String, (String, String), bool)| {
                let entitlement = rolebook_snapshot::id::entitlement_id(&of.0, &of.1, slug);
                let mut grant = Grant::new(&entitlement, id(of), id(to));
                if *expandable {
                    let entitlement_ids = vec!["e".into()];
                    let expandable = GrantExpandable { entitlement_ids, ..GrantExpandable::default() };
                    annotation::put(&mut grant.annotations, &expandable);
                }
                grant
            };
            let mut records = Records {
                types: types.iter().map(|id| ResourceType::new(id, id, &[])).collect(),
                resources: resources.iter().map(resource).collect(),
                entitlements: entitlements
                    .iter()
                    .map(|(of, slug)| Entitlement::assignment(Resource::stub(id(of)), slug))
                    .collect(),
                grants: grants.iter().map(grant).collect(),
            };
            sort_and_dedup(&mut records.types, |row| row.id.clone());
            sort_and_dedup(&mut records.resources, |row| {
                row.id.as_ref().map(|id| format!("{}:{}", id.resource_type, id.resource)).unwrap()
            });
            sort_and_dedup(&mut records.entitlements, |row| row.id.clone());
            sort_and_dedup(&mut records.grants, |row| row.id.clone());
            records
        })
}

fn sort_and_dedup<T>(rows: &mut Vec<T>, key: impl Fn(&T) -> String) {
    rows.sort_by_key(&key);
    rows.dedup_by_key(|row| key(row));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_records_come_back(written in any_records()) {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sync.c1z");
        let mut writer = SnapshotWriter::create(options(&target, 1)).unwrap();
        write_all(&mut writer, &written).unwrap();
        let sealed = writer.seal(sample::end(), None).unwrap();
        let snapshot = open(&target);
        let id = sample::sync_id(1);
        let read = read_all(&snapshot, &id);
        prop_assert_eq!(&read.types, &written.types);
        prop_assert_eq!(&read.resources, &written.resources);
        prop_assert_eq!(&read.entitlements, &written.entitlements);
        prop_assert_eq!(&read.grants, &written.grants);
        prop_assert_eq!(snapshot.rows(&id).count().unwrap(), sealed.stats);
        for grant in &written.grants {
            let of = grant.entitlement.as_ref().unwrap();
            let resource = of.resource.as_ref().unwrap().id.as_ref().unwrap();
            let principal = grant.principal.as_ref().unwrap().id.as_ref().unwrap();
            for filter in [
                GrantFilter::Entitlement(&of.id),
                GrantFilter::ResourceType(&resource.resource_type),
                GrantFilter::Resource {
                    resource_type: &resource.resource_type,
                    resource: &resource.resource,
                },
                GrantFilter::Principal {
                    resource_type: &principal.resource_type,
                    resource: &principal.resource,
                },
            ] {
                let found = read_grants(&snapshot, &id, filter);
                let expected: Vec<_> =
                    written.grants.iter().filter(|other| matches(other, filter)).cloned().collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}

/// The filter as one reads it.
fn matches(grant: &Grant, filter: GrantFilter<'_>) -> bool {
    let of = grant.entitlement.as_ref().unwrap();
    let is = |resource: &Resource, kind: &str, id: &str| {
        *resource.id.as_ref().unwrap() == ResourceId::new(kind, id)
    };
    match filter {
        GrantFilter::All => true,
        GrantFilter::Entitlement(id) => of.id == id,
        GrantFilter::ResourceType(kind) => {
            of.resource.as_ref().unwrap().id.as_ref().unwrap().resource_type == kind
        }
        GrantFilter::Resource { resource_type, resource } => {
            is(of.resource.as_ref().unwrap(), resource_type, resource)
        }
        GrantFilter::Principal { resource_type, resource } => {
            is(grant.principal.as_ref().unwrap(), resource_type, resource)
        }
    }
}
