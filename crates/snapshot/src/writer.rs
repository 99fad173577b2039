//! Writing one sync into a snapshot.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use prost::Message;

use crate::grant_row::GrantRow;
use crate::loader::{Field, Loader};
use crate::proto::{Entitlement, Grant, GrantExpandable, Resource, ResourceId, ResourceType};
use crate::schema::{ASSETS, ENTITLEMENTS, GRANTS, RESOURCE_TYPES, RESOURCES, Table};
use crate::stats::{self, Stats};
use crate::working::{self, WorkingFile};
use crate::{Error, Limits, SyncId, SyncKind, annotation, database, id, retention, seal, time};

/// What a new sync is and where it goes.
#[derive(Clone, Debug)]
pub struct WriterOptions {
    /// The snapshot to write. Its folder must exist; the file may, and is then replaced at the seal.
    pub target: PathBuf,
    /// The new sync's id.
    pub sync_id: SyncId,
    /// When the sync began; also the time at which its rows count as discovered.
    pub started_at: Timestamp,
    /// What the sync covers.
    pub kind: SyncKind,
    /// The full sync that a partial one adds to.
    pub parent: Option<SyncId>,
    /// How many full syncs the file may hold, this one included (`BATON_KEEP_SYNC_COUNT`).
    pub keep_syncs: usize,
    /// For reading the target's earlier sync.
    pub limits: Limits,
    /// Threads that compress; does not change the bytes.
    pub workers: u32,
}

impl WriterOptions {
    /// A full sync into `target`, beside the newest full one that is there.
    pub fn new(target: PathBuf, sync_id: SyncId, started_at: Timestamp) -> Self {
        Self {
            target,
            sync_id,
            started_at,
            kind: SyncKind::Full,
            parent: None,
            keep_syncs: 2,
            limits: Limits::default(),
            workers: 2,
        }
    }
}

/// A sealed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Where it is.
    pub path: PathBuf,
    /// The new sync's rows.
    pub stats: Stats,
    /// Size of the file.
    pub bytes: u64,
    /// Size of the database inside.
    pub database_bytes: u64,
}

/// A sync being written. Dropped before it is sealed, it leaves no trace.
#[derive(Debug)]
pub struct SnapshotWriter {
    // Before the file: it must have stopped writing when the file is removed.
    loader: Loader,
    working: WorkingFile,
    options: WriterOptions,
    last: Last,
    stats: Stats,
    expandable: bool,
    record: Vec<u8>,
}

/// The last external id of each table.
#[derive(Debug, Default)]
struct Last {
    resource_type: String,
    resource: String,
    entitlement: String,
    grant: String,
    asset: String,
}

impl SnapshotWriter {
    /// Begins a sync: clears away what crashed writers left, opens a working file beside the target and copies the
    /// target's newest full sync into it.
    ///
    /// # Errors
    /// [`Error::InUse`] if another sync writes the same target, [`Error::Target`] if the target exists and cannot be
    /// read, [`Error::Io`] if the folder is missing or cannot be written, or the target is not a file.
    pub fn create(mut options: WriterOptions) -> Result<Self, Error> {
        let exists = existing(&mut options.target)?;
        working::sweep(&options.target)?;
        let working = WorkingFile::create(&options.target, "working")?;
        let connection = database::create(working.path())?;
        if exists && options.keep_syncs > 1 {
            let keep = options.keep_syncs - 1;
            retention::carry_over(&connection, &options.target, &options.sync_id, keep, &options.limits)?;
        }
        let discovered_at = time::to_column(options.started_at);
        Ok(Self {
            loader: Loader::start(connection, options.sync_id.as_str(), &discovered_at),
            working,
            options,
            last: Last::default(),
            stats: Stats::default(),
            expandable: false,
            record: Vec::new(),
        })
    }

    /// Writes a resource type; its key is its id.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::Incomplete`] without an id, or the disk's.
    pub fn resource_type(&mut self, resource_type: &ResourceType) -> Result<(), Error> {
        let key = required(RESOURCE_TYPES, &resource_type.id, &resource_type.id, "id")?;
        in_order(RESOURCE_TYPES, &mut self.last.resource_type, key)?;
        encode(&mut self.record, resource_type);
        self.stats.resource_types += 1;
        let row = [Field::Text(key), Field::Blob(&self.record)];
        self.loader.push(Table::ResourceTypes, &row, self.working.path())
    }

    /// Writes a resource; its key is `<type>:<id>`.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::Incomplete`] without type or id, or the disk's.
    pub fn resource(&mut self, resource: &Resource) -> Result<(), Error> {
        let (resource_type, resource_id) = parts(RESOURCES, "", resource.id.as_ref(), "id")?;
        let key = id::resource_key(resource_type, resource_id);
        in_order(RESOURCES, &mut self.last.resource, &key)?;
        encode(&mut self.record, resource);
        self.stats.resources += 1;
        stats::count(&mut self.stats.resources_by_resource_type, resource_type);
        let parent = resource.parent_resource_id.as_ref();
        let row = [
            Field::Text(resource_type),
            Field::Text(&key),
            Field::from(parent.map(|parent| parent.resource_type.as_str())),
            Field::from(parent.map(|parent| parent.resource.as_str())),
            Field::Blob(&self.record),
        ];
        self.loader.push(Table::Resources, &row, self.working.path())
    }

    /// Writes an entitlement; its key is its id.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::Incomplete`] without id or resource, or the disk's.
    pub fn entitlement(&mut self, entitlement: &Entitlement) -> Result<(), Error> {
        let key = required(ENTITLEMENTS, &entitlement.id, &entitlement.id, "id")?;
        let of = entitlement.resource.as_ref().and_then(|resource| resource.id.as_ref());
        let (resource_type, resource) = parts(ENTITLEMENTS, key, of, "resource")?;
        in_order(ENTITLEMENTS, &mut self.last.entitlement, key)?;
        encode(&mut self.record, entitlement);
        self.stats.entitlements += 1;
        stats::count(&mut self.stats.entitlements_by_resource_type, resource_type);
        let row =
            [Field::Text(resource_type), Field::Text(resource), Field::Text(key), Field::Blob(&self.record)];
        self.loader.push(Table::Entitlements, &row, self.working.path())
    }

    /// Writes a grant; its key is its id. A `GrantExpandable` among its annotations goes to its own column; one
    /// that names no entitlement is dropped.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::Incomplete`] without id, entitlement, its resource or principal, or the disk's.
    pub fn grant(&mut self, grant: &Grant) -> Result<(), Error> {
        let key = required(GRANTS, &grant.id, &grant.id, "id")?;
        let entitlement = grant.entitlement.as_ref();
        let entitlement_id = entitlement.map_or("", |entitlement| &entitlement.id);
        let entitlement_id = required(GRANTS, key, entitlement_id, "entitlement")?;
        let resource = entitlement.and_then(|entitlement| entitlement.resource.as_ref());
        let resource = resource.and_then(|resource| resource.id.as_ref());
        let (resource_type, resource) = parts(GRANTS, key, resource, "entitlement.resource")?;
        let principal = grant.principal.as_ref().and_then(|principal| principal.id.as_ref());
        let (principal_type, principal) = parts(GRANTS, key, principal, "principal")?;

        let mut record = std::mem::take(&mut self.record);
        let expansion = encode_grant(&mut record, grant).map_err(|source| Error::Row {
            table: GRANTS,
            external_id: key.into(),
            reason: source.to_string(),
        });
        let written = expansion.and_then(|expansion| {
            self.grant_row(&GrantRow {
                resource_type,
                resource,
                entitlement_id,
                principal_type,
                principal,
                external_id: key,
                expansion: expansion.as_deref(),
                data: &record,
            })
        });
        self.record = record;
        written
    }

    /// Writes a grant that is encoded already, perhaps by [`GrantPart::assemble`](crate::GrantPart::assemble). The
    /// caller vouches that columns and record agree and that `data` holds no `GrantExpandable`.
    ///
    /// # Errors
    /// [`Error::Order`], or the disk's.
    pub fn grant_row(&mut self, row: &GrantRow<'_>) -> Result<(), Error> {
        in_order(GRANTS, &mut self.last.grant, row.external_id)?;
        self.stats.grants += 1;
        stats::count(&mut self.stats.grants_by_resource_type, row.resource_type);
        self.expandable |= row.expansion.is_some();
        let fields = [
            Field::Text(row.resource_type),
            Field::Text(row.resource),
            Field::Text(row.entitlement_id),
            Field::Text(row.principal_type),
            Field::Text(row.principal),
            Field::Text(row.external_id),
            Field::from(row.expansion),
            Field::Blob(row.data),
        ];
        self.loader.push(Table::Grants, &fields, self.working.path())
    }

    /// Writes an asset. Without bytes there is nothing to write; without a type it is `unknown`.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::Incomplete`] without an id, or the disk's.
    pub fn asset(&mut self, id: &str, content_type: &str, data: &[u8]) -> Result<(), Error> {
        let key = required(ASSETS, id, id, "id")?;
        in_order(ASSETS, &mut self.last.asset, key)?;
        if data.is_empty() {
            return Ok(());
        }
        let content_type = if content_type.is_empty() { "unknown" } else { content_type };
        self.stats.assets += 1;
        let row = [Field::Text(key), Field::Text(content_type), Field::Blob(data)];
        self.loader.push(Table::Assets, &row, self.working.path())
    }

    /// What has been written so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Finishes the sync and puts the file in the target's place, all or nothing.
    ///
    /// `token` is the state to keep with the sync, a JSON object; none writes one that says it is finished.
    ///
    /// # Errors
    /// [`Error::Token`], or the disk's. The target is then as it was.
    pub fn seal(self, ended_at: Timestamp, token: Option<&str>) -> Result<Sealed, Error> {
        let target = self.options.target.clone();
        self.seal_as(&target, ended_at, token)
    }

    /// Like [`Self::seal`], but into another file, so that someone can look at it before it takes the target's
    /// place. The target is not touched.
    ///
    /// # Errors
    /// As for [`Self::seal`].
    pub fn seal_as(self, path: &Path, ended_at: Timestamp, token: Option<&str>) -> Result<Sealed, Error> {
        let token = token.map_or_else(|| Ok(self.finished_token()), checked_token)?;
        let Self { loader, working, options, stats, .. } = self;
        let connection = loader.finish(working.path())?;
        seal::complete(connection, working.path(), &options, &stats, ended_at, &token)?;
        let (bytes, database_bytes) = seal::pack(working, path, &options)?;
        Ok(Sealed { path: path.into(), stats, bytes, database_bytes })
    }

    /// Gives the sync up. The target stays as it is; the same as dropping the writer.
    pub fn discard(self) {}

    fn finished_token(&self) -> String {
        // The four lists of a sync: types, resources, entitlements, grants.
        let expansion = if self.expandable { r#""needs_expansion":true,"# } else { "" };
        format!(r#"{{{expansion}"completed_actions_count":4,"version":1}}"#)
    }
}

/// Whether there is a file to replace. A link stays a link: the file that it names is then the target.
fn existing(target: &mut PathBuf) -> Result<bool, Error> {
    match fs::metadata(&*target) {
        Ok(found) if found.is_file() => {
            *target = fs::canonicalize(&*target).map_err(Error::io("look at", target))?;
            Ok(true)
        }
        Ok(_) => Err(Error::io("write", target)(io::ErrorKind::IsADirectory.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("look at", target)(error)),
    }
}

fn encode(record: &mut Vec<u8>, message: &impl Message) {
    record.clear();
    // A vector grows as needed, so this cannot fail.
    let _ = message.encode(record);
}

/// Encodes the grant without its `GrantExpandable`, and that apart.
fn encode_grant(record: &mut Vec<u8>, grant: &Grant) -> Result<Option<Vec<u8>>, prost::DecodeError> {
    if !annotation::has::<GrantExpandable>(&grant.annotations) {
        encode(record, grant);
        return Ok(None);
    }
    let mut grant = grant.clone();
    let expandable = annotation::take::<GrantExpandable>(&mut grant.annotations)?;
    encode(record, &grant);
    let names_one =
        |expandable: &GrantExpandable| expandable.entitlement_ids.iter().any(|id| !id.trim().is_empty());
    Ok(expandable.filter(names_one).map(|expandable| expandable.encode_to_vec()))
}

fn required<'a>(
    table: &'static str,
    id: &str,
    value: &'a str,
    field: &'static str,
) -> Result<&'a str, Error> {
    if value.is_empty() { Err(Error::Incomplete { table, id: id.into(), field }) } else { Ok(value) }
}

fn parts<'a>(
    table: &'static str,
    key: &str,
    id: Option<&'a ResourceId>,
    field: &'static str,
) -> Result<(&'a str, &'a str), Error> {
    let missing = || Error::Incomplete { table, id: key.into(), field };
    let id = id.ok_or_else(missing)?;
    Ok((required(table, key, &id.resource_type, field)?, required(table, key, &id.resource, field)?))
}

fn in_order(table: &'static str, last: &mut String, next: &str) -> Result<(), Error> {
    if next <= last.as_str() {
        return Err(Error::Order { table, previous: last.clone(), next: next.into() });
    }
    last.clear();
    last.push_str(next);
    Ok(())
}

fn checked_token(token: &str) -> Result<String, Error> {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(token)
        .map(|_| token.into())
        .map_err(|source| Error::Token { source })
}
