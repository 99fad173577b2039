//! Opening the SQLite database inside a snapshot, which its author may have made to harm.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::Error;
use crate::schema::Layout;

/// Opens the database at `database`, which came out of the snapshot `origin`, for reading.
pub(crate) fn open(database: &Path, origin: &Path) -> Result<(Connection, Layout), Error> {
    let failed = || Error::sqlite("open the database of", origin);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(read_only_uri(database), flags).map_err(failed())?;
    harden(&connection).map_err(failed())?;
    connection.pragma_update(None, "query_only", true).map_err(failed())?;
    // The look-ups of one question touch few pages; a scan touches each once.
    connection.pragma_update(None, "cache_size", -16_384).map_err(failed())?;
    let layout = Layout::inspect(&connection, "main").map_err(failed())?;
    let layout = layout.map_err(|reason| Error::Schema { path: origin.into(), reason })?;
    Ok((connection, layout))
}

/// Switches off what a schema could run and makes SQLite check pages as it reads them.
pub(crate) fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

/// A path as a `file:` URI. `immutable`, because nobody else has the file and because a header that says WAL, which
/// Baton's writers leave, would make SQLite look for more files.
pub(crate) fn read_only_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for char in path.to_string_lossy().chars() {
        match char {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            other => uri.push(other),
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    uri
}
