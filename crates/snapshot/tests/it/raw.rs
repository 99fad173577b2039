//! The container taken apart and put together by hand, without the crate under test.

use std::path::Path;

use rusqlite::Connection;

/// Unpacks the database of a snapshot into `folder` and opens it.
pub(crate) fn unpack(snapshot: &Path, folder: &Path) -> Connection {
    let bytes = std::fs::read(snapshot).unwrap();
    let database = folder.join("unpacked.db");
    std::fs::write(&database, zstd::decode_all(bytes.strip_prefix(b"C1ZF\0").unwrap()).unwrap()).unwrap();
    Connection::open(database).unwrap()
}

/// A snapshot whose database the statements have changed first.
pub(crate) fn tampered(snapshot: &Path, folder: &Path, statements: &str) {
    let database = unpack(snapshot, folder);
    database.execute_batch("pragma writable_schema = on").unwrap();
    database.execute_batch(statements).unwrap();
    database.close().unwrap();
    pack(&std::fs::read(folder.join("unpacked.db")).unwrap(), snapshot);
}

/// The magic and one frame of these bytes.
pub(crate) fn pack(content: &[u8], snapshot: &Path) {
    let mut file = b"C1ZF\0".to_vec();
    file.extend(zstd::encode_all(content, 3).unwrap());
    std::fs::write(snapshot, file).unwrap();
}

/// Names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
