//! One writer per file: whoever syncs into a file holds a lock beside it from before the first request to the end.
//!
//! The lock dies with its process, so a crash leaves no claim, only a file of a few bytes that the next run takes over.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::SyncError;

/// The right to write one snapshot file, until dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    path: PathBuf,
    _lock: File,
}

impl Claim {
    /// Takes the file, or says who has it.
    ///
    /// # Errors
    /// [`SyncError::Held`] when another run is at work on it, [`SyncError::Beside`] when no lock can be put there.
    pub(crate) fn take(target: &Path, now: Timestamp) -> Result<Self, SyncError> {
        let path = beside(target, "lock");
        let failed = |source| SyncError::Beside { path: path.clone(), source };
        loop {
            let mut lock = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)
                .map_err(failed)?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut by = String::new();
                    // What cannot be read is not known; that it is held is.
                    let _ = lock.take(200).read_to_string(&mut by);
                    let by = by.trim().to_owned();
                    return Err(SyncError::Held { file: target.to_owned(), by });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
            // Between opening and locking, the one before us may have finished and removed the file: then again.
            if !same_file(&lock, &path).map_err(failed)? {
                continue;
            }
            let holder = format!("process {} since {now:.0}", std::process::id());
            let note =
                lock.rewind().and_then(|()| lock.set_len(0)).and_then(|()| lock.write_all(holder.as_bytes()));
            // On a full disk the claim holds all the same; only its note is missing.
            drop(note);
            return Ok(Self { path, _lock: lock });
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // While the lock is held, so that nobody else's file is removed.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn same_file(open: &File, path: &Path) -> io::Result<bool> {
    let open = open.metadata()?;
    match std::fs::metadata(path) {
        Ok(named) => Ok((open.dev(), open.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The file itself; of a link, the file that it names, because companions lie beside that.
pub(crate) fn named_by(file: &Path) -> PathBuf {
    if file.is_symlink() {
        std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
    } else {
        file.to_owned()
    }
}

/// A hidden companion of a file, in the same folder: `.<file>.<purpose>`.
pub(crate) fn beside(target: &Path, purpose: &str) -> PathBuf {
    let target = named_by(target);
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".");
    name.push(purpose);
    target.with_file_name(name)
}
