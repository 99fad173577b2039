//! The database inside a sealed file, as other readers of the format look at it.

use std::os::unix::fs::PermissionsExt;

use rolebook_snapshot::{SnapshotWriter, SyncKind};
use rusqlite::Connection;

use crate::golden::golden;
use crate::raw::unpack;
use crate::sample::{self, options, records, seal, write_all};

fn objects(database: &Connection) -> Vec<(String, String, String)> {
    let sql = "select type, name, tbl_name from sqlite_schema order by name";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// name, type, not null, default, for each table in turn.
fn columns(database: &Connection) -> Vec<(String, String, String, bool, Option<String>)> {
    let sql = "select m.name, c.name, lower(c.type), c.\"notnull\", c.dflt_value \
               from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table' order by m.name, c.cid";
    let mut statement = database.prepare(sql).unwrap();
    let read =
        |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?));
    statement.query_map([], read).unwrap().map(Result::unwrap).collect()
}

fn index_columns(database: &Connection) -> Vec<(String, bool, String, bool)> {
    let sql = "select i.name, i.\"unique\", group_concat(c.name), i.partial from sqlite_schema m, \
               pragma_index_list(m.name) i, pragma_index_info(i.name) c \
               where m.type = 'table' group by i.name order by i.name";
    let mut statement = database.prepare(sql).unwrap();
    let rows =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn tables_columns_and_indexes_are_those_of_the_current_go_writer() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let ours = unpack(&target, folder.path());
    let theirs_folder = tempfile::tempdir().unwrap();
    let theirs = unpack(&golden("okta_map_acctfirst_sqlite.c1z"), theirs_folder.path());

    assert_eq!(objects(&ours), objects(&theirs));
    assert_eq!(columns(&ours), columns(&theirs));
    assert_eq!(index_columns(&ours), index_columns(&theirs));
    assert_eq!(index_columns(&ours).len(), 16);
}

#[test]
fn the_database_is_sound_and_in_the_expected_form() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let database = unpack(&target, folder.path());
    let pragma = |name: &str| -> String {
        let sql = format!("select cast((select * from pragma_{name}) as text)");
        database.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(pragma("integrity_check"), "ok");
    assert_eq!(pragma("page_size"), "4096");
    assert_eq!(pragma("encoding"), "UTF-8");
    assert_eq!((pragma("user_version").as_str(), pragma("application_id").as_str()), ("0", "0"));
    let bytes = std::fs::read(folder.path().join("unpacked.db")).unwrap();
    assert_eq!(&bytes[18..20], [1, 1], "a rollback journal, not WAL");
}

#[test]
fn one_frame_with_size_and_checksum_and_a_small_window() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let sealed = seal(&target, 1);
    let file = std::fs::read(&target).unwrap();
    let frame = file.strip_prefix(b"C1ZF\0").unwrap();
    let stated = zstd::zstd_safe::get_frame_content_size(frame).unwrap();
    assert_eq!(stated, Some(sealed.database_bytes));
    assert_eq!(zstd::zstd_safe::find_frame_compressed_size(frame).unwrap(), frame.len(), "nothing follows");
    let descriptor = frame[4];
    assert_eq!(descriptor & 4, 4, "checksum");
    assert!(descriptor & 0x20 != 0 || frame[5] >> 3 <= 13, "a window of at most 8 MiB");
}

#[test]
fn only_the_owner_may_read_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let mut writer = SnapshotWriter::create(options(&target, 1)).unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in crate::raw::names(folder.path()) {
        assert_eq!(mode(&folder.path().join(&name)), 0o600, "{name}");
    }
    write_all(&mut writer, &records()).unwrap();
    writer.seal(sample::end(), None).unwrap();
    assert_eq!(mode(&target), 0o600);
}

#[test]
fn the_row_of_the_sync_says_what_other_readers_ask_for() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let mut partial = options(&target, 2);
    partial.kind = SyncKind::Partial;
    partial.parent = Some(sample::sync_id(1));
    let mut writer = SnapshotWriter::create(partial).unwrap();
    write_all(&mut writer, &records()).unwrap();
    writer.seal(sample::end(), Some(r#"{"version":1,"mine":true}"#)).unwrap();

    let database = unpack(&target, folder.path());
    let sql = "select sync_id || '|' || started_at || '|' || ended_at || '|' || sync_token || '|' || sync_type \
               || '|' || parent_sync_id || '|' || linked_sync_id || '|' || supports_diff || grants_backfilled \
               || '|' || ingest_invariant_generation || ingest_invariant_coverage || ingest_invariant_mode \
               || '|' || stats from v1_sync_runs";
    let row: String = database.query_row(sql, [], |row| row.get(0)).unwrap();
    let (id, parent) = (sample::sync_id(2), sample::sync_id(1));
    let stats = r#"{"resource_types":3,"resources":4,"entitlements":2,"grants":3,"resources_by_resource_type":{"account":1,"group":1,"user":2},"grants_by_resource_type":{"account":2,"group":1},"entitlements_by_resource_type":{"account":1,"group":1}}"#;
    assert_eq!(
        row,
        format!(
            "{id}|2026-03-01 10:00:00.25|2026-03-01 10:05:00|{{\"version\":1,\"mine\":true}}|partial|{parent}||11||{stats}"
        )
    );
}

#[test]
fn the_columns_of_a_grant_and_of_a_child() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let database = unpack(&target, folder.path());
    let sql = "select resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
               principal_resource_id, external_id, hex(expansion), needs_expansion, discovered_at \
               from v1_grants order by id limit 1";
    let row: Vec<String> = database
        .query_row(sql, [], |row| {
            (0..9)
                .map(|at| Ok(row.get_ref(at)?.as_str().map_or_else(|_| "1".into(), str::to_owned)))
                .collect()
        })
        .unwrap();
    let member = "0A1167726F75703A303067313A6D656D626572";
    assert_eq!(
        row,
        [
            "account",
            "111122223333",
            "account:111122223333:Admin",
            "group",
            "00g1",
            "account:111122223333:Admin:group:00g1",
            member,
            "1",
            "2026-03-01 10:00:00.25"
        ]
    );
    let in_data: i64 = database
        .query_row("select count(*) from v1_grants where instr(data, 'GrantExpandable') > 0", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(in_data, 0, "the annotation lives in its column only");
    let parents = "select group_concat(external_id || '<' || parent_resource_type_id || '/' || parent_resource_id) \
                   from v1_resources where parent_resource_id is not null";
    let parents: String = database.query_row(parents, [], |row| row.get(0)).unwrap();
    assert_eq!(parents, "user:00u2<group/00g1");
}
