//! Decompressed snapshots by the hash of their content, so that the next question does not decompress again.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use rolebook_snapshot::{Error, Limits, Snapshot};

/// How long an unused copy stays.
const UNUSED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Where copies are kept. They hold what the snapshots hold: folder and files are their owner's alone.
#[derive(Debug, Clone)]
pub struct Cache {
    /// The folder; made when it is not there.
    pub folder: PathBuf,
    /// Bytes that all copies together may take. The longest unused go first; what is larger alone is not kept.
    pub max_bytes: u64,
    /// Now.
    pub now: Timestamp,
}

impl Cache {
    /// Opens a snapshot through its copy, which is made when there is none. Whatever stands in the way of keeping one
    /// only costs time: then the snapshot is opened without.
    ///
    /// # Errors
    /// Those of [`Snapshot::open`].
    pub fn open(&self, path: &Path, sha256: &str, limits: &Limits) -> Result<Snapshot, Error> {
        let copy = self.folder.join(format!("{sha256}.db"));
        if self.prepare().is_err() || !is_ours(&copy) {
            return Snapshot::open(path, limits);
        }
        if copy.exists() {
            // Its time tells when it was last used.
            let _ = File::open(&copy).and_then(|file| file.set_modified(self.time()));
            match Snapshot::open_cached(path, &copy, limits) {
                Ok(snapshot) => return Ok(snapshot),
                // A copy that cannot be read is made again.
                Err(_) => drop(fs::remove_file(&copy)),
            }
        }
        let made = self.folder.join(format!(".{sha256}.{}", std::process::id()));
        let snapshot = match Snapshot::open_cached(path, &made, limits) {
            Ok(snapshot) => snapshot,
            // A full or read-only folder costs time, not the answer; a damaged file fails again, with its own words.
            Err(_) => {
                let _ = fs::remove_file(&made);
                return Snapshot::open(path, limits);
            }
        };
        if self.keep(&made, &copy).is_err() {
            let _ = fs::remove_file(&made);
        }
        self.tidy(&copy);
        Ok(snapshot)
    }

    /// Puts a fresh copy in its place once it would survive a loss of power.
    fn keep(&self, made: &Path, copy: &Path) -> io::Result<()> {
        fs::set_permissions(made, fs::Permissions::from_mode(0o600))?;
        let file = File::open(made)?;
        if file.metadata()?.len() > self.max_bytes {
            return Err(io::Error::other("larger than the cache"));
        }
        file.sync_all()?;
        file.set_modified(self.time())?;
        fs::rename(made, copy)
    }

    fn prepare(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let folder = fs::symlink_metadata(&self.folder)?;
        if !folder.is_dir() || folder.mode() & 0o022 != 0 {
            return Err(io::Error::other("others may write to the cache folder"));
        }
        Ok(())
    }

    fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.now.as_second().max(0).unsigned_abs())
    }

    /// Removes what was not used for a week, and the longest unused of what is too much. Files of other names stay.
    fn tidy(&self, in_use: &Path) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut copies: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let (path, metadata) = (entry.path(), entry.metadata().ok()?);
                let name = entry.file_name().to_string_lossy().into_owned();
                let hash = name.trim_start_matches('.').split('.').next().unwrap_or_default();
                let is_copy = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
                (is_copy && metadata.is_file()).then(|| (metadata.modified().ok(), metadata.len(), path))
            })
            .filter_map(|(used, bytes, path)| Some((used?, bytes, path)))
            .collect();
        copies.sort();
        let mut total: u64 = copies.iter().map(|(_, bytes, _)| bytes).sum();
        for (used, bytes, path) in copies {
            let unused = self.time().duration_since(used).unwrap_or_default() > UNUSED;
            if path != in_use && (unused || total > self.max_bytes) && fs::remove_file(&path).is_ok() {
                total -= bytes;
            }
        }
    }
}

/// Not somebody's link to elsewhere.
fn is_ours(copy: &Path) -> bool {
    fs::symlink_metadata(copy).map_or(true, |found| found.is_file() && found.mode() & 0o077 == 0)
}
