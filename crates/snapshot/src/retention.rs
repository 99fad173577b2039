//! What of the target's earlier syncs goes into the new file: the newest full ones, so that two syncs can be
//! compared. Older ones, partial ones and unfinished ones are left behind.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::container::{self, Limits};
use crate::schema::{ASSETS, ENTITLEMENTS, GRANTS, Layout, RESOURCE_TYPES, RESOURCES, SYNC_RUNS};
use crate::working::WorkingFile;
use crate::{Error, SyncId, database, reader};

const TABLES: [(&str, &[&str]); 5] = [
    (RESOURCE_TYPES, &["external_id", "data", "sync_id", "discovered_at"]),
    (
        RESOURCES,
        &[
            "resource_type_id",
            "external_id",
            "parent_resource_type_id",
            "parent_resource_id",
            "data",
            "sync_id",
            "discovered_at",
        ],
    ),
    (ENTITLEMENTS, &["resource_type_id", "resource_id", "external_id", "data", "sync_id", "discovered_at"]),
    (
        GRANTS,
        &[
            "resource_type_id",
            "resource_id",
            "entitlement_id",
            "principal_resource_type_id",
            "principal_resource_id",
            "external_id",
            "expansion",
            "needs_expansion",
            "data",
            "sync_id",
            "discovered_at",
        ],
    ),
    (ASSETS, &["external_id", "content_type", "data", "sync_id", "discovered_at"]),
];

const RUN_COLUMNS: [&str; 13] = [
    "sync_id",
    "started_at",
    "ended_at",
    "sync_token",
    "sync_type",
    "parent_sync_id",
    "linked_sync_id",
    "supports_diff",
    "grants_backfilled",
    "stats",
    "ingest_invariant_generation",
    "ingest_invariant_coverage",
    "ingest_invariant_mode",
];

/// Copies the newest `keep` full syncs of the snapshot at `target` into the database being written.
pub(crate) fn carry_over(
    connection: &Connection,
    target: &Path,
    new: &SyncId,
    keep: usize,
    limits: &Limits,
) -> Result<(), Error> {
    let mut previous = WorkingFile::create(target, "previous")?;
    let database = previous.path().to_path_buf();
    let unreadable = |source| Error::Target { path: target.into(), source: Box::new(source) };
    match container::unpack(target, limits, previous.file(), &database) {
        // Baton takes a file of no bytes for a new one.
        Err(Error::Empty { .. }) => return Ok(()),
        unpacked => unpacked.map_err(unreadable)?,
    }
    // Looked at on its own first: what is refused there must not be attached here.
    drop(database::open(&database, target).map_err(unreadable)?);
    let failed = || Error::sqlite("carry over the earlier sync of", target);
    connection.execute("attach ?1 as previous", [database::read_only_uri(&database)]).map_err(failed())?;
    let copied = copy_newest(connection, target, new, keep);
    connection.execute_batch("detach previous").map_err(failed())?;
    copied
}

fn copy_newest(connection: &Connection, target: &Path, new: &SyncId, keep: usize) -> Result<(), Error> {
    let unreadable = |source| Error::Target { path: target.into(), source: Box::new(source) };
    let failed = |source| unreadable(Error::sqlite("copy the rows of", target)(source));
    let layout = Layout::inspect(connection, "previous").map_err(failed)?;
    let layout = layout.map_err(|reason| unreadable(Error::Schema { path: target.into(), reason }))?;
    let syncs = reader::list(connection, "previous", &layout, target).map_err(unreadable)?;
    if syncs.iter().any(|sync| sync.id == *new) {
        return Err(Error::SyncExists { path: target.into(), sync_id: *new });
    }
    // Oldest first, as they were written.
    for sync in reader::newest_full(syncs).iter().take(keep).rev() {
        copy_sync(connection, &layout, &sync.id).map_err(failed)?;
    }
    Ok(())
}

fn copy_sync(connection: &Connection, layout: &Layout, sync: &SyncId) -> rusqlite::Result<()> {
    copy_rows(connection, layout, SYNC_RUNS, &RUN_COLUMNS, sync)?;
    for (table, columns) in TABLES {
        if layout.has_table(table) {
            copy_rows(connection, layout, table, columns, sync)?;
        }
    }
    Ok(())
}

fn copy_rows(
    connection: &Connection,
    layout: &Layout,
    table: &str,
    columns: &[&str],
    sync: &SyncId,
) -> rusqlite::Result<()> {
    let sources: Vec<&str> =
        columns.iter().map(|column| layout.column(table, column, absent(column))).collect();
    let sql = format!(
        "insert into main.{table} ({}) select {} from previous.{table} where sync_id = ?1 order by id",
        columns.join(", "),
        sources.join(", "),
    );
    connection.execute(&sql, params![sync.as_str()]).map(drop)
}

/// What a column holds in rows of a file that is older than the column.
fn absent(column: &str) -> &'static str {
    match column {
        "sync_type" => "'full'",
        "needs_expansion" | "supports_diff" | "grants_backfilled" => "0",
        "expansion" | "stats" | "parent_resource_type_id" | "parent_resource_id" => "null",
        _ => "''",
    }
}
