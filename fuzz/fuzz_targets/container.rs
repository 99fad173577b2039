//! Snapshots from anywhere: any bytes are a snapshot or an error, within the limits. Inputs that begin with `Z` are the
//! container itself; others are patches of a sound database, so that the search gets behind the compression.
#![no_main]

use std::io::Write;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rolebook_snapshot::{GrantFilter, Limits, Snapshot};

static DATABASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let sealed = include_bytes!("../../crates/snapshot/tests/golden/fed_map_acctfirst_ext.c1z");
    zstd::decode_all(&sealed[5..]).expect("a sound frame")
});

/// Four bytes each: where, in three of them, and what.
fn patched(patches: &[u8]) -> Vec<u8> {
    let mut database = DATABASE.clone();
    for patch in patches.chunks_exact(4) {
        let at = usize::from(patch[0]) << 16 | usize::from(patch[1]) << 8 | usize::from(patch[2]);
        let at = at % database.len();
        database[at] = patch[3];
    }
    database
}

fuzz_target!(|data: &[u8]| {
    let mut bytes = Vec::new();
    match data.strip_prefix(b"Z") {
        Some(sealed) => bytes.extend_from_slice(sealed),
        None => {
            bytes.extend_from_slice(b"C1ZF\0");
            bytes.extend(zstd::encode_all(&patched(data)[..], 1).expect("in memory"));
        }
    }
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(&bytes).expect("a temporary file");
    let limits = Limits { max_decoded_bytes: 4 << 20, max_window_bytes: 8 << 20, ..Limits::default() };
    let Ok(snapshot) = Snapshot::open(file.path(), &limits) else { return };
    let Ok(sync) = snapshot.latest_full() else { return };
    let rows = snapshot.rows(&sync.id);
    let _ = rolebook_ledger::read(&rows);
    let _ = rows.grants(GrantFilter::All, |row| row.grant().map(drop));
});
