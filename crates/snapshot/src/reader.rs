//! Opening a snapshot.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row};

use crate::container::{self, Limits};
use crate::rows::SyncRows;
use crate::schema::{Layout, SYNC_RUNS};
use crate::sync_run::{SyncKind, SyncRun};
use crate::{Error, SyncId, database, time, working};

/// A snapshot open for reading.
///
/// It can move to another thread but not be shared between two: each opens its own.
#[derive(Debug)]
pub struct Snapshot {
    path: PathBuf,
    connection: Connection,
    layout: Layout,
}

impl Snapshot {
    /// Decompresses the file into a temporary copy that nobody else can read, and opens that. The copy is gone when
    /// the snapshot is dropped, and also when the process is killed.
    ///
    /// # Errors
    /// The file is missing, empty, damaged, of another format, or larger than `limits` allow.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self, Error> {
        let folder = limits.scratch.clone().unwrap_or_else(std::env::temp_dir);
        let mut copy = tempfile::Builder::new()
            .prefix(".c1z-")
            .tempfile_in(&folder)
            .map_err(Error::io("create a temporary file in", &folder))?;
        let copy_path = copy.path().to_path_buf();
        container::unpack(path, limits, copy.as_file_mut(), &copy_path)?;
        Self::over(path, &copy_path)
        // The name goes away here; the open database keeps the bytes until it is closed.
    }

    /// Like [`Self::open`], but keeps the decompressed database at `cache` and uses it when it is there already.
    ///
    /// The caller chooses a name that stands for the content (a hash of the file, say), and removes it in time: at
    /// the latest when the machine has been down, because the copy is not made to survive a loss of power.
    ///
    /// # Errors
    /// Those of [`Self::open`], and `cache` cannot be written.
    pub fn open_cached(path: &Path, cache: &Path, limits: &Limits) -> Result<Self, Error> {
        if !cache.exists() {
            let mut copy = working::temporary_beside(cache)?;
            let copy_path = copy.path().to_path_buf();
            container::unpack(path, limits, copy.as_file_mut(), &copy_path)?;
            copy.persist(cache).map_err(|failed| Error::io("create", cache)(failed.error))?;
        }
        Self::over(path, cache)
    }

    fn over(path: &Path, database: &Path) -> Result<Self, Error> {
        let (connection, layout) = database::open(database, path)?;
        Ok(Self { path: path.into(), connection, layout })
    }

    /// All syncs of the file in the order in which they were written.
    ///
    /// # Errors
    /// A row of the table makes no sense.
    pub fn syncs(&self) -> Result<Vec<SyncRun>, Error> {
        list(&self.connection, "main", &self.layout, &self.path)
    }

    /// The sync that every reader chooses by default: of the finished full ones that which ended last.
    ///
    /// # Errors
    /// [`Error::NoFullSync`] if there is none.
    pub fn latest_full(&self) -> Result<SyncRun, Error> {
        let syncs = self.syncs()?;
        newest_full(syncs).into_iter().next().ok_or_else(|| Error::NoFullSync { path: self.path.clone() })
    }

    /// The rows of one sync; of an id that the file does not hold, none.
    pub fn rows(&self, sync: &SyncId) -> SyncRows<'_> {
        SyncRows::new(&self.connection, &self.layout, &self.path, *sync)
    }

    /// The file that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The finished full syncs, newest first: by end, then by id.
pub(crate) fn newest_full(mut syncs: Vec<SyncRun>) -> Vec<SyncRun> {
    syncs.retain(|sync| sync.kind == SyncKind::Full && sync.ended_at.is_some());
    syncs.sort_by_key(|sync| Reverse((sync.ended_at, sync.id)));
    syncs
}

pub(crate) fn list(
    connection: &Connection,
    schema: &str,
    layout: &Layout,
    path: &Path,
) -> Result<Vec<SyncRun>, Error> {
    let column = |name, otherwise| layout.column(SYNC_RUNS, name, otherwise);
    let sql = format!(
        "select sync_id, started_at, ended_at, sync_token, {}, {}, {} from {schema}.{SYNC_RUNS} order by id",
        column("sync_type", "'full'"),
        column("parent_sync_id", "''"),
        column("stats", "null"),
    );
    let failed = || Error::sqlite("read the syncs of", path);
    let mut statement = connection.prepare(&sql).map_err(failed())?;
    let mut rows = statement.query([]).map_err(failed())?;
    let mut syncs = Vec::new();
    while let Some(row) = rows.next().map_err(failed())? {
        syncs.push(read_run(row, path)?);
    }
    Ok(syncs)
}

fn read_run(row: &Row<'_>, path: &Path) -> Result<SyncRun, Error> {
    let failed = || Error::sqlite("read the syncs of", path);
    let text = |index| row.get::<_, String>(index).map_err(failed());
    let optional = |index| row.get::<_, Option<String>>(index).map_err(failed());
    let id = text(0)?;
    let wrong = |reason: String| Error::Row { table: SYNC_RUNS, external_id: id.clone(), reason };
    let time = |text: &str| time::from_column(text).ok_or_else(|| wrong(format!("{text:?} is not a time")));
    let sync_id = |text: &str| text.parse::<SyncId>().map_err(|error| wrong(error.to_string()));
    let parent = text(5)?;
    // Counts can be made again, so counts that cannot be read are as good as none.
    let stats = optional(6)?.and_then(|stats| serde_json::from_str(&stats).ok());
    Ok(SyncRun {
        id: sync_id(&id)?,
        kind: SyncKind::from(text(4)?.as_str()),
        started_at: time(&text(1)?)?,
        ended_at: optional(2)?.filter(|ended| !ended.is_empty()).map(|ended| time(&ended)).transpose()?,
        token: text(3)?,
        parent: if parent.is_empty() { None } else { Some(sync_id(&parent)?) },
        stats,
    })
}
