//! Opening the SQLite database inside a snapshot, which its author may have made to harm.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use crate::Error;
use crate::schema::{self, Layout};

/// Opens the database at `database`, which came out of the snapshot `origin`, for reading.
pub(crate) fn open(database: &Path, origin: &Path) -> Result<(Connection, Layout), Error> {
    let failed = || Error::sqlite("open the database of", origin);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(read_only_uri(database), flags).map_err(failed())?;
    harden(&connection).map_err(failed())?;
    limit(&connection).map_err(failed())?;
    connection.pragma_update(None, "query_only", true).map_err(failed())?;
    // The look-ups of one question touch few pages; a scan touches each once.
    connection.pragma_update(None, "cache_size", -16_384).map_err(failed())?;
    let layout = Layout::inspect(&connection, "main").map_err(failed())?;
    let layout = layout.map_err(|reason| Error::Schema { path: origin.into(), reason })?;
    Ok((connection, layout))
}

/// Turns the empty working file into a database that is quick to fill and worthless if interrupted.
pub(crate) fn create(working: &Path) -> Result<Connection, Error> {
    let failed = || Error::sqlite("open", working);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // No locks of SQLite's own: ours is on the file already, and on some network file systems the two would meet.
    let connection = Connection::open_with_flags_and_vfs(working, flags, c"unix-none").map_err(failed())?;
    // Rows come in order, so the cache has nothing to keep; its size is also what an index sorts at a time, and
    // small sorts on a second thread are quicker than one large sort.
    let settings = "pragma page_size = 4096;
         pragma journal_mode = off;
         pragma synchronous = off;
         pragma locking_mode = exclusive;
         pragma cache_size = -8192;
         pragma threads = 1;";
    connection.execute_batch(settings).map_err(failed())?;
    // Only now: hardened, SQLite would insist on a journal.
    harden(&connection).map_err(failed())?;
    if !can_spill() {
        connection.execute_batch("pragma temp_store = memory").map_err(failed())?;
    }
    connection.execute_batch(schema::CREATE_TABLES).map_err(failed())?;
    connection.execute_batch(schema::CREATE_INDEXES_FIRST).map_err(failed())?;
    Ok(connection)
}

/// Whether SQLite will find a folder for what it sorts: it tries about these. A container may have none, which would
/// come out only at the end of a long sync.
fn can_spill() -> bool {
    let folders = [std::env::temp_dir(), "/var/tmp".into(), "/tmp".into(), ".".into()];
    folders.iter().any(|folder| tempfile::tempfile_in(folder).is_ok())
}

/// Switches off what a schema could run and makes SQLite check pages as it reads them.
pub(crate) fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

/// Longest text or blob of a foreign database, in bytes. The largest of our own are the names of all groups of an org,
/// compressed: 20 MB for a million groups. A packed kilobyte may hold a blob of gigabytes.
const LONGEST_VALUE: i32 = 64 << 20;

/// Bounds what a foreign schema or row can make SQLite do.
fn limit(connection: &Connection) -> rusqlite::Result<()> {
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_COLUMN, 200),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 10),
        (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
    ] {
        connection.set_limit(limit, most)?;
    }
    Ok(())
}

/// A path as a `file:` URI. `immutable`, because nobody else has the file and because a header that says WAL, which
/// Baton's writers leave, would make SQLite look for more files.
pub(crate) fn read_only_uri(path: &Path) -> String {
    // With the empty authority, a path may begin with any number of slashes.
    let mut uri = String::from(if path.is_absolute() { "file://" } else { "file:" });
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02x}"));
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    uri
}
