//! The tables inside a snapshot, as every reader of the format expects them.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

pub(crate) const RESOURCE_TYPES: &str = "v1_resource_types";
pub(crate) const RESOURCES: &str = "v1_resources";
pub(crate) const ENTITLEMENTS: &str = "v1_entitlements";
pub(crate) const GRANTS: &str = "v1_grants";
pub(crate) const SYNC_RUNS: &str = "v1_sync_runs";
pub(crate) const ASSETS: &str = "v1_assets";

/// A table that a writer fills row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    ResourceTypes,
    Resources,
    Entitlements,
    Grants,
    Assets,
}

impl Table {
    pub(crate) const ALL: [Self; 5] =
        [Self::ResourceTypes, Self::Resources, Self::Entitlements, Self::Grants, Self::Assets];

    /// The statement that inserts a row; what all rows of a sync share is part of it.
    pub(crate) fn insert(self, sync_id: &str, discovered_at: &str) -> String {
        let (table, columns, values) = match self {
            Self::ResourceTypes => (RESOURCE_TYPES, "external_id, data", "?1, ?2"),
            Self::Resources => (
                RESOURCES,
                "resource_type_id, external_id, parent_resource_type_id, parent_resource_id, data",
                "?1, ?2, ?3, ?4, ?5",
            ),
            Self::Entitlements => {
                (ENTITLEMENTS, "resource_type_id, resource_id, external_id, data", "?1, ?2, ?3, ?4")
            }
            Self::Grants => (
                GRANTS,
                "resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
                 principal_resource_id, external_id, expansion, needs_expansion, data",
                "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7 is not null, ?8",
            ),
            Self::Assets => (ASSETS, "external_id, content_type, data", "?1, ?2, ?3"),
        };
        format!(
            "insert into {table} ({columns}, sync_id, discovered_at) \
             values ({values}, '{sync_id}', '{discovered_at}')"
        )
    }
}

/// The tables in the order in which Baton creates them.
pub(crate) const CREATE_TABLES: &str = "
create table v1_resource_types (
    id integer primary key,
    external_id text not null,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
);
create table v1_resources (
    id integer primary key,
    resource_type_id text not null,
    external_id text not null,
    parent_resource_type_id text,
    parent_resource_id text,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
);
create table v1_entitlements (
    id integer primary key,
    resource_type_id text not null,
    resource_id text not null,
    external_id text not null,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
);
create table v1_sync_runs (
    id integer primary key,
    sync_id text not null,
    started_at datetime not null,
    ended_at datetime,
    sync_token text not null,
    sync_type text not null default 'full',
    parent_sync_id text not null default '',
    linked_sync_id text not null default '',
    supports_diff integer not null default 0,
    grants_backfilled integer not null default 0,
    stats text,
    ingest_invariant_generation text not null default '',
    ingest_invariant_coverage text not null default '',
    ingest_invariant_mode text not null default ''
);
create table v1_grants (
    id integer primary key,
    resource_type_id text not null,
    resource_id text not null,
    entitlement_id text not null,
    principal_resource_type_id text not null,
    principal_resource_id text not null,
    external_id text not null,
    expansion blob,
    needs_expansion integer not null default 0,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
);
create table v1_assets (
    id integer primary key,
    external_id text not null,
    content_type text not null,
    data blob not null,
    sync_id text not null,
    discovered_at datetime not null
);
create table v1_connector_sessions (
    id integer primary key,
    sync_id text not null,
    key text not null,
    value blob not null
);
";

/// Indexes of the few grants that are expandable: cheaper to keep up than to look through all grants for them.
pub(crate) const CREATE_INDEXES_FIRST: &str = "
create index idx_grants_sync_expansion_v1 on v1_grants (sync_id) where expansion is not null;
create index idx_grants_sync_needs_expansion_v1 on v1_grants (sync_id) where needs_expansion = 1;
";

/// All other indexes, to be made when the rows are there. The names of two indexes of `v1_resources` are swapped relative to their columns; they must stay
/// so, because writers create indexes `if not exists` by name.
pub(crate) const CREATE_INDEXES_LAST: [&str; 14] = [
    "create unique index idx_resource_types_external_sync_v1 on v1_resource_types (external_id, sync_id)",
    "create index idx_resources_resource_type_id_v1 on v1_resources (resource_type_id)",
    "create index idx_resources_external_sync_v1 on v1_resources (parent_resource_type_id, parent_resource_id)",
    "create unique index idx_resources_parent_resource_id_v1 on v1_resources (external_id, sync_id)",
    "create index idx_entitlements_resource_id_v1 on v1_entitlements (resource_type_id, resource_id)",
    "create unique index idx_entitlements_external_sync_v1 on v1_entitlements (external_id, sync_id)",
    "create unique index idx_sync_runs_sync_id_v1 on v1_sync_runs (sync_id)",
    "create index idx_grants_resource_type_id_resource_id_v1 on v1_grants (resource_type_id, resource_id)",
    "create index idx_grants_principal_id_v1 on v1_grants (principal_resource_type_id, principal_resource_id)",
    "create index idx_grants_entitlement_id_principal_id_v1 on v1_grants \
     (entitlement_id, principal_resource_type_id, principal_resource_id)",
    "create unique index idx_grants_external_sync_v1 on v1_grants (external_id, sync_id)",
    "create index idx_grants_entitlement_sync_grant_v1 on v1_grants (entitlement_id, sync_id, id)",
    "create unique index idx_assets_external_sync_v1 on v1_assets (external_id, sync_id)",
    "create unique index idx_session_store_sync_key_v1 on v1_connector_sessions (sync_id, key)",
];

/// The columns without which a table cannot be read. The others came with later versions of the format.
const REQUIRED: [(&str, &[&str]); 5] = [
    (RESOURCE_TYPES, &["id", "external_id", "data", "sync_id"]),
    (RESOURCES, &["id", "resource_type_id", "external_id", "data", "sync_id"]),
    (ENTITLEMENTS, &["id", "resource_type_id", "resource_id", "external_id", "data", "sync_id"]),
    (
        GRANTS,
        &[
            "id",
            "resource_type_id",
            "resource_id",
            "entitlement_id",
            "principal_resource_type_id",
            "principal_resource_id",
            "external_id",
            "data",
            "sync_id",
        ],
    ),
    (SYNC_RUNS, &["id", "sync_id", "started_at", "ended_at", "sync_token"]),
];

/// What a file's database really has, since files of every age are read.
#[derive(Debug)]
pub(crate) struct Layout {
    tables: BTreeMap<String, BTreeSet<String>>,
    indexes: BTreeSet<String>,
}

impl Layout {
    /// Looks at the database `schema` of the connection. The inner error is what makes it no snapshot.
    pub(crate) fn inspect(
        connection: &Connection,
        schema: &'static str,
    ) -> rusqlite::Result<Result<Self, String>> {
        let mut layout = Self { tables: BTreeMap::new(), indexes: BTreeSet::new() };
        let mut objects = connection
            .prepare(&format!("select type, name, coalesce(sql, '') from {schema}.sqlite_schema"))?;
        let mut rows = objects.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, name, sql): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            match kind.as_str() {
                // Neither view nor trigger nor virtual table has a place among ours: they would run code of the
                // file's author when we believe to read rows.
                "table" if is_plain_table(&sql) => {
                    let columns = columns(connection, schema, &name)?;
                    layout.tables.insert(name, columns);
                }
                "index" => {
                    layout.indexes.insert(name);
                }
                _ if name.starts_with("v1_") || kind == "trigger" => {
                    return Ok(Err(format!("{name} is a {kind} of its own making, not a plain table")));
                }
                _ => {}
            }
        }
        Ok(layout.check())
    }

    fn check(self) -> Result<Self, String> {
        for (table, columns) in REQUIRED {
            let present = self.tables.get(table).ok_or_else(|| format!("the table {table} is missing"))?;
            if let Some(missing) = columns.iter().find(|column| !present.contains(**column)) {
                return Err(format!("the column {missing} of {table} is missing"));
            }
        }
        Ok(self)
    }

    pub(crate) fn has_table(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// The column, or what stands for it in files that are older than it.
    pub(crate) fn column<'a>(&self, table: &str, column: &'a str, otherwise: &'a str) -> &'a str {
        let present = self.tables.get(table).is_some_and(|columns| columns.contains(column));
        if present { column } else { otherwise }
    }

    pub(crate) fn has_index(&self, index: &str) -> bool {
        self.indexes.contains(index)
    }

    /// `indexed by` clause, if the file has that index.
    pub(crate) fn indexed_by(&self, index: &str) -> String {
        if self.has_index(index) { format!("indexed by {index}") } else { String::new() }
    }
}

fn is_plain_table(sql: &str) -> bool {
    let mut words = sql.split_ascii_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("create"))
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case("table"))
}

fn columns(connection: &Connection, schema: &str, table: &str) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = connection.prepare("select name from pragma_table_info(?1, ?2)")?;
    let names = statement.query_map([table, schema], |row| row.get(0))?;
    names.collect()
}
