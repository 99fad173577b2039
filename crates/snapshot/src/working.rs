//! Files that exist only while a snapshot is being written.
//!
//! They lie in the target's folder, because only within one file system is a rename atomic, and are named
//! `.<target>.<purpose>-<process id>`. Who writes holds a lock on the file. The lock dies with the process, the
//! file may not: a file without a lock is a leftover, whatever its process id says (in a container every process
//! may have the same one).

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::Error;

const PURPOSES: [&str; 3] = ["working", "previous", "sealing"];

/// A locked file, readable by its owner only, that is removed when dropped.
#[derive(Debug)]
pub(crate) struct WorkingFile {
    path: PathBuf,
    file: File,
}

impl WorkingFile {
    /// Creates the file for a purpose, one of [`PURPOSES`].
    pub(crate) fn create(target: &Path, purpose: &str) -> Result<Self, Error> {
        let mut name = prefix(target);
        name.push(format!("{purpose}-{}", std::process::id()));
        let path = target.with_file_name(name);
        loop {
            let file =
                OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path).map_err(
                    |source| match source.kind() {
                        io::ErrorKind::AlreadyExists => {
                            Error::InUse { target: target.into(), working: path.clone() }
                        }
                        _ => Error::io("create", &path)(source),
                    },
                )?;
            let created = Self { path: path.clone(), file };
            match created.file.try_lock() {
                // Between creation and lock, another process may have taken the file for a leftover: then again.
                Ok(()) if created.has_name()? => return Ok(created),
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(Error::io("lock", &path)(source)),
            }
        }
    }

    fn has_name(&self) -> Result<bool, Error> {
        let found = self.file.metadata().map_err(Error::io("look at", &self.path))?;
        Ok(found.nlink() > 0)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Makes the content durable and puts it at `target`, over what is there.
    pub(crate) fn persist(self, target: &Path) -> Result<(), Error> {
        self.file.sync_all().map_err(Error::io("write out", &self.path))?;
        fs::rename(&self.path, target).map_err(Error::io("replace", target))?;
        let folder = folder(target);
        // The rename is durable once the folder is.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(Error::io("write out", folder))
    }
}

impl Drop for WorkingFile {
    fn drop(&mut self) {
        // After a rename there is nothing to remove; otherwise the next writer clears it away.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes what writers of `target` that are gone have left.
///
/// # Errors
/// [`Error::InUse`] if one is still at work.
pub(crate) fn sweep(target: &Path) -> Result<(), Error> {
    let folder = folder(target);
    let prefix = prefix(target);
    for entry in fs::read_dir(folder).map_err(Error::io("list", folder))? {
        let entry = entry.map_err(Error::io("list", folder))?;
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_file || !is_working_name(&entry.file_name(), &prefix) {
            continue;
        }
        let path = entry.path();
        // Not ours if it cannot be opened. For writing, because some network file systems ask that of a lock.
        let Ok(file) = OpenOptions::new().read(true).write(true).open(&path) else { continue };
        match file.try_lock() {
            Ok(()) => fs::remove_file(&path).or_else(gone).map_err(Error::io("remove", &path))?,
            Err(TryLockError::WouldBlock) => {
                return Err(Error::InUse { target: target.into(), working: path });
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", &path)(source)),
        }
    }
    Ok(())
}

fn gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// The folder of a file; the current one for a bare name.
pub(crate) fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn prefix(target: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(target.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

fn is_working_name(name: &OsStr, prefix: &OsStr) -> bool {
    let Some(rest) = name.as_encoded_bytes().strip_prefix(prefix.as_encoded_bytes()) else {
        return false;
    };
    PURPOSES.iter().any(|purpose| {
        rest.strip_prefix(purpose.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"-"))
            .is_some_and(|process| !process.is_empty() && process.iter().all(u8::is_ascii_digit))
    })
}

/// A temporary file beside `file`, readable by its owner only, to be renamed to it.
pub(crate) fn temporary_beside(file: &Path) -> Result<tempfile::NamedTempFile, Error> {
    let folder = folder(file);
    tempfile::Builder::new()
        .prefix(".c1z-")
        .tempfile_in(folder)
        .map_err(Error::io("create a temporary file in", folder))
}
