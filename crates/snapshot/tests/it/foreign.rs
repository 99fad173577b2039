//! Files that are damaged, cut short, or made to harm.

use std::path::{Path, PathBuf};

use rolebook_snapshot::{Error, GrantFilter, Limits, Snapshot};

use crate::raw::{pack, tampered};
use crate::sample::{self, seal};

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("sync.c1z")
    }

    fn sealed() -> Self {
        let place = Self::new();
        seal(&place.file(), 1);
        place
    }

    fn holding(bytes: &[u8]) -> Self {
        let place = Self::new();
        std::fs::write(place.file(), bytes).unwrap();
        place
    }

    fn tampered(statements: &str) -> Self {
        let place = Self::sealed();
        tampered(&place.file(), place.0.path(), statements);
        place
    }

    /// Opens with a scratch folder of its own, in which nothing may be left.
    fn open(&self, limits: &Limits) -> Result<Snapshot, Error> {
        let scratch = tempfile::tempdir().unwrap();
        let limits = Limits { scratch: Some(scratch.path().into()), ..limits.clone() };
        let opened = Snapshot::open(&self.file(), &limits);
        assert!(crate::raw::names(scratch.path()).is_empty(), "no copy is left behind");
        opened
    }

    fn error(&self) -> Error {
        self.open(&Limits::default()).unwrap_err()
    }
}

#[test]
fn what_is_not_a_snapshot_says_so() {
    assert!(matches!(Place::holding(b"").error(), Error::Empty { .. }));
    assert!(matches!(Place::holding(b"C1").error(), Error::NotASnapshot { .. }));
    assert!(matches!(Place::holding(b"SQLite format 3\0").error(), Error::NotASnapshot { .. }));
    assert!(matches!(Place::holding(b"C1Z3\0").error(), Error::Pebble { .. }));
    let missing = Snapshot::open(Path::new("/nowhere/sync.c1z"), &Limits::default()).unwrap_err();
    assert!(
        matches!(&missing, Error::Io { path, .. } if path == Path::new("/nowhere/sync.c1z")),
        "{missing}"
    );
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Snapshot::open(folder.path(), &Limits::default()).unwrap_err(), Error::Io { .. }));
}

#[test]
fn garbage_after_the_magic_is_damage() {
    for rest in
        [&b""[..], b"\x28", b"garbage garbage", b"\x28\xB5\x2F\xFD", b"\x28\xB5\x2F\xFD\x04\x68junkjunkjunk"]
    {
        let error = Place::holding(&[b"C1ZF\0", rest].concat()).error();
        assert!(matches!(error, Error::Damaged { .. }), "{rest:?}: {error}");
    }
}

#[test]
fn a_file_cut_short_anywhere_is_damage() {
    let whole = std::fs::read(Place::sealed().file()).unwrap();
    for len in (5..whole.len()).step_by(97).chain([whole.len() - 1]) {
        let error = Place::holding(&whole[..len]).error();
        assert!(matches!(error, Error::Damaged { .. }), "{len}: {error}");
    }
}

#[test]
fn a_flipped_bit_is_damage() {
    let whole = std::fs::read(Place::sealed().file()).unwrap();
    for at in (20..whole.len()).step_by(61) {
        let mut bent = whole.clone();
        bent[at] ^= 0x10;
        let error = Place::holding(&bent).error();
        assert!(matches!(error, Error::Damaged { .. }), "{at}: {error}");
    }
}

#[test]
fn bytes_after_the_frame_are_damage() {
    let mut file = std::fs::read(Place::sealed().file()).unwrap();
    file.extend(b"more");
    assert!(matches!(Place::holding(&file).error(), Error::Damaged { .. }));
}

#[test]
fn a_frame_that_is_no_database_is_damage() {
    let place = Place::new();
    pack(&[b'x'; 10_000], &place.file());
    assert!(matches!(place.error(), Error::Damaged { .. }), "{}", place.error());
}

#[test]
fn a_frame_that_claims_too_much_is_refused_before_it_is_decoded() {
    // Magic, then a frame of the header alone: single segment, 8 bytes of content size.
    let mut file = b"C1ZF\0\x28\xB5\x2F\xFD\xE0".to_vec();
    file.extend((11_u64 << 30).to_le_bytes());
    let error = Place::holding(&file).error();
    assert!(matches!(error, Error::TooLarge { limit, .. } if limit == 64 << 20), "{error}");
    let limits = Limits { bound_ratio: false, ..Limits::default() };
    let error = Place::holding(&file).open(&limits).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit, .. } if limit == 10 << 30), "{error}");
}

#[test]
fn a_frame_that_unpacks_to_too_many_times_its_size_is_refused() {
    let place = Place::new();
    // Of unknown size, as a stream is; a few kilobytes.
    pack(&vec![0; 80 << 20], &place.file());
    assert!(std::fs::metadata(place.file()).unwrap().len() < 20_000);
    assert!(matches!(place.error(), Error::TooLarge { limit, .. } if limit == 64 << 20), "{}", place.error());
    // Told to, it unpacks; then there is no database in it.
    let limits = Limits { bound_ratio: false, ..Limits::default() };
    assert!(matches!(place.open(&limits).unwrap_err(), Error::Damaged { .. }));
}

#[test]
fn a_row_with_a_giant_value_is_refused_before_it_is_in_memory() {
    let place = Place::tampered("update v1_grants set data = zeroblob(70000000)");
    let limits = Limits { bound_ratio: false, ..Limits::default() };
    let snapshot = place.open(&limits).unwrap();
    let sync = snapshot.latest_full().unwrap();
    let read = snapshot.rows(&sync.id).grants(GrantFilter::All, |_| Ok::<(), Error>(()));
    assert!(read.is_err());
}

#[test]
fn a_frame_that_turns_out_too_large_is_refused_at_the_limit() {
    let place = Place::new();
    // Of unknown size, as a stream is; a few kilobytes.
    pack(&vec![0; 64 << 20], &place.file());
    assert!(std::fs::metadata(place.file()).unwrap().len() < 10_000);
    let limits = Limits { max_decoded_bytes: 1 << 20, ..Limits::default() };
    let error = place.open(&limits).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit, .. } if limit == 1 << 20), "{error}");
}

#[test]
fn the_limit_itself_is_allowed() {
    let place = Place::new();
    let sealed = seal(&place.file(), 1);
    let exactly = Limits { max_decoded_bytes: sealed.database_bytes, ..Limits::default() };
    place.open(&exactly).unwrap();
    let less = Limits { max_decoded_bytes: sealed.database_bytes - 1, ..Limits::default() };
    assert!(matches!(place.open(&less).unwrap_err(), Error::TooLarge { .. }));
}

#[test]
fn a_window_beyond_the_limit_is_refused() {
    // A window of 2^(10 + 18) = 256 MiB, size unknown.
    let error = Place::holding(b"C1ZF\0\x28\xB5\x2F\xFD\x00\x90\x01\0\0").error();
    assert!(matches!(error, Error::WindowTooLarge { limit, .. } if limit == 128 << 20), "{error}");
}

#[test]
fn views_and_triggers_in_place_of_tables_are_refused() {
    for statements in [
        "drop table v1_assets; create view v1_assets as select 1 as external_id",
        "create trigger t after insert on v1_grants begin select 1; end",
        "alter table v1_grants rename to hidden; create view v1_grants as select * from hidden",
    ] {
        let error = Place::tampered(statements).error();
        assert!(matches!(error, Error::Schema { .. }), "{statements}: {error}");
    }
}

#[test]
fn a_table_that_must_be_there_is_missed_by_name() {
    for (statements, named) in [
        ("drop table v1_sync_runs", "v1_sync_runs"),
        ("drop table v1_grants", "v1_grants"),
        ("alter table v1_resources rename column data to dato", "data"),
    ] {
        let error = Place::tampered(statements).error();
        assert!(matches!(error, Error::Schema { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn tables_and_columns_of_later_times_may_be_there_or_not() {
    let place = Place::tampered(
        "drop table v1_assets; drop table v1_connector_sessions; \
         drop index idx_grants_sync_expansion_v1; drop index idx_grants_sync_needs_expansion_v1; \
         alter table v1_grants drop column expansion; alter table v1_grants drop column needs_expansion; \
         alter table v1_sync_runs drop column stats; alter table v1_sync_runs drop column sync_type; \
         alter table v1_grants add column from_the_future text default 'x'; create table v9_more (a)",
    );
    let snapshot = place.open(&Limits::default()).unwrap();
    let sync = snapshot.latest_full().unwrap();
    let rows = snapshot.rows(&sync.id);
    assert_eq!(sync.stats, None);
    assert_eq!(rows.stats().unwrap().grants, 3);
    assert_eq!(rows.asset("a").unwrap(), None);
    assert_eq!(sample::read_grants(&snapshot, &sync.id, GrantFilter::ResourceType("account")).len(), 2);
}

#[test]
fn a_missing_index_costs_time_only() {
    let place = Place::tampered(
        "drop index idx_grants_external_sync_v1; drop index idx_grants_principal_id_v1; \
         drop index idx_resources_parent_resource_id_v1",
    );
    let snapshot = place.open(&Limits::default()).unwrap();
    let read = sample::read_all(&snapshot, &sample::sync_id(1));
    assert_eq!(read.grants, sample::records().grants);
    assert_eq!(read.resources, sample::records().resources);
}

#[test]
fn a_row_that_is_no_record_is_named() {
    let place = Place::tampered(
        "update v1_grants set data = x'ff' where id = 2; update v1_resources set data = x'0aff' where id = 3",
    );
    let snapshot = place.open(&Limits::default()).unwrap();
    let rows = snapshot.rows(&sample::sync_id(1));
    let error = rows.grants(GrantFilter::All, |row| row.grant().map(drop)).unwrap_err();
    assert!(error.to_string().contains("account:111122223333:Admin:user:00u1"), "{error}");
    assert!(error.to_string().contains("v1_grants"), "{error}");
    let error = rows.resources(None, |_| Ok::<_, Error>(())).unwrap_err();
    assert!(
        matches!(&error, Error::Row { table: "v1_resources", external_id, .. } if external_id == "user:00u1"),
        "{error}"
    );
}

#[test]
fn columns_of_the_wrong_kind_are_an_error_and_no_panic() {
    let place = Place::tampered("update v1_grants set entitlement_id = x'00ff', data = 7 where id = 1");
    let snapshot = place.open(&Limits::default()).unwrap();
    let rows = snapshot.rows(&sample::sync_id(1));
    assert!(rows.grants(GrantFilter::All, |_| Ok::<_, Error>(())).is_err());

    let place = Place::tampered("update v1_sync_runs set ended_at = 'yesterday'");
    let error = place.open(&Limits::default()).unwrap().latest_full().unwrap_err();
    assert!(error.to_string().contains("yesterday"), "{error}");
}

#[test]
fn damaged_pages_are_damage_and_no_panic() {
    let place = Place::sealed();
    let database = crate::raw::unpack(&place.file(), place.0.path());
    database.close().unwrap();
    let mut bytes = std::fs::read(place.0.path().join("unpacked.db")).unwrap();
    for byte in bytes.iter_mut().skip(4096) {
        *byte = 0xA5;
    }
    pack(&bytes, &place.file());
    let error = match place.open(&Limits::default()) {
        Err(error) => error,
        Ok(snapshot) => snapshot.syncs().unwrap_err(),
    };
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[test]
fn rows_without_entitlement_and_principal_get_both_back() {
    // Grant { id: "g" } alone, which is how one mode of the Go writer stores a grant.
    let place = Place::tampered("update v1_grants set data = x'1a0167' where id = 3");
    let snapshot = place.open(&Limits::default()).unwrap();
    let id = "group:00g1:member:user:00u1";
    let grant = snapshot.rows(&sample::sync_id(1)).grant(id).unwrap().unwrap();
    let entitlement = grant.entitlement.unwrap();
    assert_eq!(entitlement.id, "group:00g1:member");
    assert_eq!(entitlement.resource.unwrap().id.unwrap().resource, "00g1");
    assert_eq!(grant.principal.unwrap().id.unwrap().resource, "00u1");
}

#[test]
fn a_file_without_a_finished_full_sync_says_so() {
    let place = Place::tampered("update v1_sync_runs set ended_at = null");
    let error = place.open(&Limits::default()).unwrap().latest_full().unwrap_err();
    assert!(matches!(error, Error::NoFullSync { .. }), "{error}");
}

#[test]
fn a_kept_copy_is_used_again() {
    let place = Place::sealed();
    let cache = place.0.path().join("copy of #1 50%?.db");
    let limits = Limits::default();
    let first = Snapshot::open_cached(&place.file(), &cache, &limits).unwrap().latest_full().unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&cache).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    // The snapshot itself is not looked at again.
    std::fs::remove_file(place.file()).unwrap();
    let second = Snapshot::open_cached(&place.file(), &cache, &limits).unwrap().latest_full().unwrap();
    assert_eq!(first, second);
    assert_eq!(crate::raw::names(place.0.path()), ["copy of #1 50%?.db"]);
}
