//! The rows of one sync, streamed: memory does not grow with their number.

use std::collections::BTreeMap;
use std::path::Path;

use prost::{DecodeError, Message};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use crate::proto::{Entitlement, Grant, Resource, ResourceType};
use crate::schema::{ASSETS, ENTITLEMENTS, GRANTS, Layout, RESOURCE_TYPES, RESOURCES, SYNC_RUNS};
use crate::{Error, GrantRow, Stats, SyncId, id};

/// The rows of one sync.
///
/// The methods that list call a function for each row, in the order of external ids (bytewise), and stop at its
/// first error, which may be of the caller's own type.
#[derive(Clone, Copy, Debug)]
pub struct SyncRows<'a> {
    connection: &'a Connection,
    layout: &'a Layout,
    path: &'a Path,
    sync: SyncId,
}

/// Which grants to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantFilter<'a> {
    /// Every grant.
    All,
    /// Those of one entitlement, by its id.
    Entitlement(&'a str),
    /// Those whose entitlement belongs to a resource of this type.
    ResourceType(&'a str),
    /// Those whose entitlement belongs to this resource.
    Resource {
        /// Its type.
        resource_type: &'a str,
        /// Its id.
        resource: &'a str,
    },
    /// Those of one holder.
    Principal {
        /// Its type.
        resource_type: &'a str,
        /// Its id.
        resource: &'a str,
    },
}

/// Bytes kept beside the records: an icon, or anything a connector wants to take along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its id.
    pub id: String,
    /// Its media type; `unknown` if nobody said.
    pub content_type: String,
    /// The bytes.
    pub data: Vec<u8>,
}

const GRANT_COLUMNS: &str = "resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
                             principal_resource_id, external_id, data";

const ENTITLEMENT_AND_SYNC: &str = "idx_grants_entitlement_sync_grant_v1";

impl<'a> SyncRows<'a> {
    pub(crate) fn new(connection: &'a Connection, layout: &'a Layout, path: &'a Path, sync: SyncId) -> Self {
        Self { connection, layout, path, sync }
    }

    /// Lists the resource types.
    ///
    /// # Errors
    /// A row cannot be read, or the function's own.
    pub fn resource_types<E: From<Error>>(
        &self,
        each: impl FnMut(ResourceType) -> Result<(), E>,
    ) -> Result<(), E> {
        self.records(RESOURCE_TYPES, "idx_resource_types_external_sync_v1", None, each)
    }

    /// Lists the resources, all or those of one type.
    ///
    /// # Errors
    /// A row cannot be read, or the function's own.
    pub fn resources<E: From<Error>>(
        &self,
        resource_type: Option<&str>,
        each: impl FnMut(Resource) -> Result<(), E>,
    ) -> Result<(), E> {
        // The index with the columns (external_id, sync_id), in spite of its name.
        self.records(RESOURCES, "idx_resources_parent_resource_id_v1", resource_type, each)
    }

    /// Lists the entitlements, all or those of resources of one type.
    ///
    /// # Errors
    /// A row cannot be read, or the function's own.
    pub fn entitlements<E: From<Error>>(
        &self,
        resource_type: Option<&str>,
        each: impl FnMut(Entitlement) -> Result<(), E>,
    ) -> Result<(), E> {
        self.records(ENTITLEMENTS, "idx_entitlements_external_sync_v1", resource_type, each)
    }

    /// Lists grants as rows, which lend their bytes for the time of the call; [`GrantRow::grant`] decodes one.
    ///
    /// # Errors
    /// A row cannot be read, or the function's own.
    pub fn grants<E: From<Error>>(
        &self,
        filter: GrantFilter<'_>,
        mut each: impl FnMut(GrantRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let expansion = self.layout.column(GRANTS, "expansion", "null");
        let index = match filter {
            // Most of the table: cheaper to pass over the others than to sort these.
            GrantFilter::ResourceType(kind) if self.are_most_grants(kind)? => "idx_grants_external_sync_v1",
            GrantFilter::All => "idx_grants_external_sync_v1",
            // The newest files have an index that knows the sync too.
            GrantFilter::Entitlement(_) if self.layout.has_index(ENTITLEMENT_AND_SYNC) => {
                ENTITLEMENT_AND_SYNC
            }
            GrantFilter::Entitlement(_) => "idx_grants_entitlement_id_principal_id_v1",
            GrantFilter::ResourceType(_) | GrantFilter::Resource { .. } => {
                "idx_grants_resource_type_id_resource_id_v1"
            }
            GrantFilter::Principal { .. } => "idx_grants_principal_id_v1",
        };
        let index = self.layout.indexed_by(index);
        let (condition, first, second) = match filter {
            GrantFilter::All => ("", None, None),
            GrantFilter::Entitlement(id) => ("and entitlement_id = ?2", Some(id), None),
            GrantFilter::ResourceType(kind) => ("and resource_type_id = ?2", Some(kind), None),
            GrantFilter::Resource { resource_type, resource } => {
                ("and resource_type_id = ?2 and resource_id = ?3", Some(resource_type), Some(resource))
            }
            GrantFilter::Principal { resource_type, resource } => (
                "and principal_resource_type_id = ?2 and principal_resource_id = ?3",
                Some(resource_type),
                Some(resource),
            ),
        };
        let sql = format!(
            "select {GRANT_COLUMNS}, {expansion} from {GRANTS} {index} where sync_id = ?1 {condition} \
             order by external_id"
        );
        let sync = self.sync.as_str();
        let on_row = |row: &Row<'_>| each(grant_row(row).map_err(self.failed(GRANTS))?);
        match (first, second) {
            (Some(first), Some(second)) => self.query(GRANTS, &sql, params![sync, first, second], on_row),
            (Some(first), None) => self.query(GRANTS, &sql, params![sync, first], on_row),
            _ => self.query(GRANTS, &sql, params![sync], on_row),
        }
    }

    /// One resource type by its id.
    ///
    /// # Errors
    /// The row cannot be read.
    pub fn resource_type(&self, id: &str) -> Result<Option<ResourceType>, Error> {
        self.record(RESOURCE_TYPES, id)
    }

    /// One resource by its type and id.
    ///
    /// # Errors
    /// The row cannot be read.
    pub fn resource(&self, resource_type: &str, resource: &str) -> Result<Option<Resource>, Error> {
        self.record(RESOURCES, &id::resource_key(resource_type, resource))
    }

    /// One entitlement by its id.
    ///
    /// # Errors
    /// The row cannot be read.
    pub fn entitlement(&self, id: &str) -> Result<Option<Entitlement>, Error> {
        self.record(ENTITLEMENTS, id)
    }

    /// One grant by its id.
    ///
    /// # Errors
    /// The row cannot be read.
    pub fn grant(&self, id: &str) -> Result<Option<Grant>, Error> {
        let expansion = self.layout.column(GRANTS, "expansion", "null");
        let sql = format!(
            "select {GRANT_COLUMNS}, {expansion} from {GRANTS} where external_id = ?1 and sync_id = ?2"
        );
        let mut found = None;
        self.query(GRANTS, &sql, params![id, self.sync.as_str()], |row| {
            found = Some(grant_row(row).map_err(self.failed(GRANTS))?.grant()?);
            Ok::<_, Error>(())
        })?;
        Ok(found)
    }

    /// One asset by its id.
    ///
    /// # Errors
    /// The row cannot be read.
    pub fn asset(&self, id: &str) -> Result<Option<Asset>, Error> {
        if !self.layout.has_table(ASSETS) {
            return Ok(None);
        }
        let sql = format!("select content_type, data from {ASSETS} where external_id = ?1 and sync_id = ?2");
        let read = |row: &Row<'_>| Ok(Asset { id: id.into(), content_type: row.get(0)?, data: row.get(1)? });
        let found = self.connection.query_row(&sql, [id, self.sync.as_str()], read).optional();
        found.map_err(self.failed(ASSETS))
    }

    /// How many rows there are: as the writer stated, or counted if it did not.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub fn stats(&self) -> Result<Stats, Error> {
        self.stated()?.map_or_else(|| self.count(), Ok)
    }

    fn stated(&self) -> Result<Option<Stats>, Error> {
        let stats = self.layout.column(SYNC_RUNS, "stats", "null");
        let sql = format!("select {stats} from {SYNC_RUNS} where sync_id = ?1");
        let stated = self.connection.query_row(&sql, [self.sync.as_str()], |row| row.get(0)).optional();
        let stated: Option<String> = stated.map_err(self.failed(SYNC_RUNS))?.flatten();
        let stated = stated.and_then(|stats| serde_json::from_str::<Stats>(&stats).ok());
        // Baton's readers take the same sign for a statement worth its name.
        Ok(stated.filter(|stats| stats.resource_types > 0))
    }

    fn are_most_grants(&self, resource_type: &str) -> Result<bool, Error> {
        Ok(self.stated()?.is_some_and(|stats| {
            stats.grants_by_resource_type.get(resource_type).is_some_and(|count| *count > stats.grants / 3)
        }))
    }

    /// Counts the rows, whatever the writer stated.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub fn count(&self) -> Result<Stats, Error> {
        let mut stats = Stats {
            resource_types: self.count_table(RESOURCE_TYPES)?,
            assets: if self.layout.has_table(ASSETS) { self.count_table(ASSETS)? } else { 0 },
            resources_by_resource_type: self.count_by_type(RESOURCES)?,
            entitlements_by_resource_type: self.count_by_type(ENTITLEMENTS)?,
            grants_by_resource_type: self.count_by_type(GRANTS)?,
            ..Stats::default()
        };
        stats.resources = stats.resources_by_resource_type.values().sum();
        stats.entitlements = stats.entitlements_by_resource_type.values().sum();
        stats.grants = stats.grants_by_resource_type.values().sum();
        Ok(stats)
    }

    fn count_table(&self, table: &'static str) -> Result<u64, Error> {
        let sql = format!("select count(*) from {table} where sync_id = ?1");
        self.connection
            .query_row(&sql, [self.sync.as_str()], |row| row.get::<_, i64>(0).map(i64::unsigned_abs))
            .map_err(self.failed(table))
    }

    fn count_by_type(&self, table: &'static str) -> Result<BTreeMap<String, u64>, Error> {
        let sql = format!("select resource_type_id, count(*) from {table} where sync_id = ?1 group by 1");
        let mut counts = BTreeMap::new();
        self.query(table, &sql, params![self.sync.as_str()], |row| {
            let read = || Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
            let (kind, count) = read().map_err(self.failed(table))?;
            counts.insert(kind, count);
            Ok::<_, Error>(())
        })?;
        Ok(counts)
    }

    fn records<M: Message + Default, E: From<Error>>(
        &self,
        table: &'static str,
        index: &str,
        resource_type: Option<&str>,
        mut each: impl FnMut(M) -> Result<(), E>,
    ) -> Result<(), E> {
        let on_row = |row: &Row<'_>| {
            let (external_id, data) = external_row(row).map_err(self.failed(table))?;
            each(decode(table, external_id, data)?)
        };
        let sync = self.sync.as_str();
        if let Some(resource_type) = resource_type {
            let sql = format!(
                "select external_id, data from {table} where sync_id = ?1 and resource_type_id = ?2 \
                 order by external_id"
            );
            return self.query(table, &sql, params![sync, resource_type], on_row);
        }
        let index = self.layout.indexed_by(index);
        let sql =
            format!("select external_id, data from {table} {index} where sync_id = ?1 order by external_id");
        self.query(table, &sql, params![sync], on_row)
    }

    fn record<M: Message + Default>(&self, table: &'static str, id: &str) -> Result<Option<M>, Error> {
        let sql = format!("select external_id, data from {table} where external_id = ?1 and sync_id = ?2");
        let mut found = None;
        self.query(table, &sql, params![id, self.sync.as_str()], |row| {
            let (external_id, data) = external_row(row).map_err(self.failed(table))?;
            found = Some(decode(table, external_id, data)?);
            Ok::<_, Error>(())
        })?;
        Ok(found)
    }

    fn query<E: From<Error>>(
        &self,
        table: &'static str,
        sql: &str,
        params: impl Params,
        mut each: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.connection.prepare_cached(sql).map_err(self.failed(table))?;
        let mut rows = statement.query(params).map_err(self.failed(table))?;
        while let Some(row) = rows.next().map_err(self.failed(table))? {
            each(row)?;
        }
        Ok(())
    }

    fn failed(&self, table: &'static str) -> impl FnOnce(rusqlite::Error) -> Error {
        let action = match table {
            RESOURCE_TYPES => "read the resource types of",
            RESOURCES => "read the resources of",
            ENTITLEMENTS => "read the entitlements of",
            GRANTS => "read the grants of",
            ASSETS => "read the assets of",
            _ => "read the syncs of",
        };
        Error::sqlite(action, self.path)
    }
}

fn external_row<'r>(row: &'r Row<'_>) -> rusqlite::Result<(&'r str, &'r [u8])> {
    Ok((row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_blob()?))
}

fn grant_row<'r>(row: &'r Row<'_>) -> rusqlite::Result<GrantRow<'r>> {
    let text = |index| Ok::<_, rusqlite::Error>(row.get_ref(index)?.as_str()?);
    Ok(GrantRow {
        resource_type: text(0)?,
        resource: text(1)?,
        entitlement_id: text(2)?,
        principal_type: text(3)?,
        principal: text(4)?,
        external_id: text(5)?,
        data: row.get_ref(6)?.as_blob()?,
        expansion: row.get_ref(7)?.as_blob_or_null()?,
    })
}

fn decode<M: Message + Default>(table: &'static str, external_id: &str, data: &[u8]) -> Result<M, Error> {
    M::decode(data).map_err(|source: DecodeError| Error::Row {
        table,
        external_id: external_id.into(),
        reason: source.to_string(),
    })
}
