//! What the file held before: whose it is, and what the new sync is measured against.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use rolebook_ledger::{AppRecord, Facts, Head, Org, head, read, resource_type};
use rolebook_snapshot::{Error, GrantFilter, GrantRow, Limits, Snapshot, SyncId, SyncRun};

use crate::SyncError;

/// The newest full sync of a file.
#[derive(Debug)]
pub(crate) struct Baseline {
    snapshot: Snapshot,
    run: SyncRun,
    /// Org, app and coverage; none when Rolebook did not write the file.
    pub(crate) head: Option<Head>,
    /// Rows of each resource type.
    pub(crate) resources: BTreeMap<String, u64>,
    /// Grants on entitlements of each resource type.
    pub(crate) grants: BTreeMap<String, u64>,
}

impl Baseline {
    /// Looks at the file that is about to be replaced; none when there is none, or it holds no full sync.
    ///
    /// # Errors
    /// [`SyncError::Snapshot`] when there is a file that cannot be read: it is not replaced blindly.
    pub(crate) fn open(file: &Path) -> Result<Option<Self>, SyncError> {
        match std::fs::metadata(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            // Baton takes a file of no bytes for a new one; a folder fails with its own words.
            Ok(found) if found.is_file() && found.len() == 0 => return Ok(None),
            _ => {}
        }
        // Decompressed where the snapshot itself will need the room too.
        let scratch = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let limits = Limits { scratch: scratch.map(Path::to_owned), ..Limits::default() };
        let unreadable = |source| Error::Target { path: file.to_owned(), source: Box::new(source) };
        let snapshot = Snapshot::open(file, &limits).map_err(unreadable)?;
        let run = match snapshot.latest_full() {
            Ok(run) => run,
            Err(Error::NoFullSync { .. }) => return Ok(None),
            Err(error) => return Err(unreadable(error).into()),
        };
        let rows = snapshot.rows(&run.id);
        let stats = rows.stats().map_err(unreadable)?;
        // A file of another tool has no such record; its rows still count.
        let head = head(&rows).ok();
        Ok(Some(Self {
            head,
            resources: stats.resources_by_resource_type,
            grants: stats.grants_by_resource_type,
            run,
            snapshot,
        }))
    }

    /// All that the sync says, or why it cannot be told.
    pub(crate) fn facts(&self) -> Result<Facts, String> {
        read(&self.snapshot.rows(&self.run.id))
            .map_err(|error| format!("the last sync cannot be read: {error}"))
    }

    /// Refuses a file of another org or another app. Orgs are told apart by id: domains change.
    pub(crate) fn check_owner(&self, file: &Path, org: &Org, app: &AppRecord) -> Result<(), SyncError> {
        let Some(head) = &self.head else { return Ok(()) };
        let other = |what: &'static str, theirs: String, ours: String| SyncError::OtherOwner {
            file: file.to_owned(),
            what,
            theirs,
            ours,
        };
        if !head.org.id.as_str().is_empty() && head.org.id != org.id {
            let named = |org: &Org| format!("{} ({})", org.id, org.domain);
            return Err(other("org", named(&head.org), named(org)));
        }
        if head.app.id != app.id {
            let named = |app: &AppRecord| format!("{} \"{}\"", app.id, app.label.escape_debug());
            return Err(other("app", named(&head.app), named(app)));
        }
        Ok(())
    }

    /// People and groups assigned to the app.
    pub(crate) fn assigned(&self) -> u64 {
        self.grants.get(resource_type::APP).copied().unwrap_or_default()
    }

    /// Id of the sync.
    pub(crate) fn id(&self) -> SyncId {
        self.run.id
    }

    /// When it was finished.
    pub(crate) fn ended(&self) -> Timestamp {
        self.run.ended_at.unwrap_or(self.run.started_at)
    }

    /// Every grant on entitlements of one resource type.
    pub(crate) fn each_grant(
        &self,
        resource_type: &str,
        mut each: impl FnMut(&GrantRow<'_>) -> Result<(), Error>,
    ) -> Result<(), SyncError> {
        let rows = self.snapshot.rows(&self.run.id);
        Ok(rows.grants(GrantFilter::ResourceType(resource_type), |row| each(&row))?)
    }

    /// Grants of one entitlement.
    pub(crate) fn grants_of(&self, entitlement: &str) -> Result<u64, SyncError> {
        let mut count = 0;
        let rows = self.snapshot.rows(&self.run.id);
        rows.grants(GrantFilter::Entitlement(entitlement), |_| {
            count += 1;
            Ok::<_, Error>(())
        })?;
        Ok(count)
    }

    /// Entitlements of one resource type that a principal held.
    pub(crate) fn held_by(
        &self,
        principal_type: &str,
        principal: &str,
        resource_type: &str,
    ) -> Result<BTreeSet<String>, SyncError> {
        let mut held = BTreeSet::new();
        let filter = GrantFilter::Principal { resource_type: principal_type, resource: principal };
        self.snapshot.rows(&self.run.id).grants(filter, |row| {
            if row.resource_type == resource_type {
                held.insert(row.entitlement_id.to_owned());
            }
            Ok::<_, Error>(())
        })?;
        Ok(held)
    }
}
