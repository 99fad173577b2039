//! From a filled working file to the file in the target's place.

use std::io::{BufWriter, Seek};
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::working::{self, WorkingFile};
use crate::writer::WriterOptions;
use crate::{Error, Stats, SyncId, container, schema, time};

/// Adds the sync itself and the indexes, and closes the database.
pub(crate) fn complete(
    connection: Connection,
    working: &Path,
    options: &WriterOptions,
    stats: &Stats,
    ended_at: Timestamp,
    token: &str,
) -> Result<(), Error> {
    add_run(&connection, options, stats, ended_at, token).map_err(Error::sqlite("write", working))?;
    for index in schema::CREATE_INDEXES_LAST {
        connection.execute_batch(index).map_err(Error::sqlite("index", working))?;
    }
    connection.close().map_err(|(_, source)| Error::sqlite("close", working)(source))
}

fn add_run(
    connection: &Connection,
    options: &WriterOptions,
    stats: &Stats,
    ended_at: Timestamp,
    token: &str,
) -> rusqlite::Result<()> {
    let stats = serde_json::to_string(stats)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    let insert = "insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token, sync_type, \
                  parent_sync_id, supports_diff, grants_backfilled, stats) \
                  values (?1, ?2, ?3, ?4, ?5, ?6, 1, 1, ?7)";
    let run = params![
        options.sync_id.as_str(),
        time::to_column(options.started_at),
        time::to_column(ended_at),
        token,
        options.kind.as_str(),
        options.parent.as_ref().map_or("", SyncId::as_str),
        stats,
    ];
    connection.execute(insert, run).map(drop)
}

/// Compresses the closed database beside `path`, then renames it to that. Returns the sizes of file and database.
pub(crate) fn pack(
    mut working: WorkingFile,
    path: &Path,
    options: &WriterOptions,
) -> Result<(u64, u64), Error> {
    let from = working.path().to_path_buf();
    let database = working.file();
    let database_bytes = database.metadata().map_err(Error::io("look at", &from))?.len();
    database.rewind().map_err(Error::io("read", &from))?;

    if path != options.target {
        working::sweep(path)?;
    }
    let mut sealing = WorkingFile::create(path, "sealing")?;
    let into = sealing.path().to_path_buf();
    let out = BufWriter::new(sealing.file());
    container::pack(database, database_bytes, options.workers, out).map_err(Error::io("write", &into))?;
    let bytes = sealing.file().metadata().map_err(Error::io("look at", &into))?.len();
    sealing.persist(path)?;
    Ok((bytes, database_bytes))
}
