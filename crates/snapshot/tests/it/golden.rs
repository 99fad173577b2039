//! Files of the Go writers.

use std::path::PathBuf;

use rolebook_snapshot::{Error, Limits, Snapshot};

use crate::sample::{open, read_all};

pub(crate) fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn counts_of_files_of_both_schemas() {
    for (name, expected) in [
        ("fed_direct_join1_union0_ext.c1z", [3, 14, 9, 27]),
        ("fed_map_acctfirst_ext.c1z", [3, 18, 13, 34]),
        ("okta_map_acctfirst_sqlite.c1z", [5, 28, 20, 23]),
    ] {
        let snapshot = open(&golden(name));
        let sync = snapshot.latest_full().unwrap();
        let stats = snapshot.rows(&sync.id).stats().unwrap();
        assert_eq!(
            [stats.resource_types, stats.resources, stats.entitlements, stats.grants],
            expected,
            "{name}"
        );
        let all = read_all(&snapshot, &sync.id);
        let read = [all.types.len(), all.resources.len(), all.entitlements.len(), all.grants.len()];
        assert_eq!(read.map(|len| u64::try_from(len).unwrap()), expected, "{name}");
    }
}

#[test]
fn version_3_is_refused_with_the_way_out() {
    let error = Snapshot::open(&golden("okta_map_acctfirst_pebble.c1z"), &Limits::default()).unwrap_err();
    assert!(matches!(error, Error::Pebble { .. }));
    assert!(error.to_string().contains("--storage-engine sqlite"), "{error}");
}
