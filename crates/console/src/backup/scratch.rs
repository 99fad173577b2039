//! The hidden folder in which a backup or a restore is made until it is whole.
//!
//! A kill leaves it behind. Whoever makes it holds a lock inside of it, so the next one in the same place sees which
//! folders nobody is at work in, and removes them. A backup is made beside its file, so a note in the data folder says
//! where: the next start of a console there removes what a killed one left.

use std::{
    fs::{File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use tempfile::{NamedTempFile, TempDir};

use crate::{ConsoleError, private};

/// The lock: also the one of a data folder, which a restored folder becomes.
const LOCK: &str = "lock";
/// A folder without a lock is one whose maker was killed in its first moment, when it has stood so long.
const FIRST_MOMENT: SignedDuration = SignedDuration::from_hours(1);

/// What the folder of a backup begins with.
pub(super) const BACKUP: &str = ".rolebook-backup-";
/// What the folder of a restore begins with.
pub(super) const RESTORE: &str = ".rolebook-restore-";
/// What the name of a note in the data folder begins with.
const NOTE: &str = ".backup-in-";

pub(super) struct Scratch {
    // Dropped in this order: the folder goes while it is still held, and the note of it last.
    folder: TempDir,
    _lock: File,
    _note: Option<NamedTempFile>,
}

impl Scratch {
    /// Makes one for a backup of a data folder, and leaves a note there.
    pub(super) fn of_backup(place: &Path, data: &Path, now: Timestamp) -> Result<Self, ConsoleError> {
        let failed = ConsoleError::file("write into", data);
        let note = || {
            let mut note = tempfile::Builder::new().prefix(NOTE).tempfile_in(data)?;
            note.as_file().try_lock()?;
            note.write_all(std::path::absolute(place)?.as_os_str().as_encoded_bytes())?;
            Ok(note)
        };
        let note = note().map_err(failed)?;
        Ok(Self { _note: Some(note), ..Self::new(place, BACKUP, now)? })
    }

    /// Makes one in `place`, and removes what dead processes left there.
    pub(super) fn new(place: &Path, prefix: &str, now: Timestamp) -> Result<Self, ConsoleError> {
        remove_left(place, prefix, now);
        let failed = ConsoleError::file("write into", place);
        let make = || {
            let mut builder = tempfile::Builder::new();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                // The whole database is copied into it.
                builder.permissions(std::fs::Permissions::from_mode(0o700));
            }
            let folder = builder.prefix(prefix).tempdir_in(place)?;
            // Locked before it has its name: one that has the name and is not locked is nobody's.
            let unnamed = folder.path().join("unnamed");
            let lock = private::options().write(true).create_new(true).open(&unnamed)?;
            lock.try_lock()?;
            std::fs::rename(&unnamed, folder.path().join(LOCK))?;
            Ok(Self { folder, _lock: lock, _note: None })
        };
        make().map_err(failed)
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives it its name for good.
    pub(super) fn become_folder(self, name: &Path) -> Result<(), ConsoleError> {
        std::fs::rename(self.folder.path(), name).map_err(ConsoleError::file("create", name))?;
        let _ = self.folder.keep();
        Ok(())
    }
}

/// Removes what killed backups of a data folder left, wherever they were made, and killed restores beside it.
pub(super) fn remove_killed(data: &Path, beside: &Path, now: Timestamp) {
    remove_left(beside, RESTORE, now);
    for entry in std::fs::read_dir(data).into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_name().to_string_lossy().starts_with(NOTE) {
            continue;
        }
        // A backup that is at work holds its note.
        let Ok(note) = File::options().read(true).write(true).open(&path) else { continue };
        if note.try_lock().is_err() {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let place = PathBuf::from(text);
        remove_left(&place, BACKUP, now);
        if !holds(&place, BACKUP) {
            let _ = std::fs::remove_file(&path);
        }
    }
}

fn holds(place: &Path, prefix: &str) -> bool {
    let mut entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
}

/// What cannot be looked at or removed stays: it is in nobody's way.
fn remove_left(place: &Path, prefix: &str, now: Timestamp) {
    let Ok(entries) = std::fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(prefix);
        if ours
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
            && is_left(&entry.path(), now)
            && let Err(error) = std::fs::remove_dir_all(entry.path())
        {
            tracing::warn!(%error, folder = %entry.path().display(), "what a killed command left stays");
        }
    }
}

fn is_left(folder: &Path, now: Timestamp) -> bool {
    match File::options().write(true).open(folder.join(LOCK)).map(|lock| lock.try_lock()) {
        Ok(Ok(())) => true,
        Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) => false,
        Err(_) => {
            let made = std::fs::metadata(folder).and_then(|known| known.modified()).ok();
            let made = made.and_then(|at| Timestamp::try_from(at).ok());
            made.is_some_and(|at| now.duration_since(at) > FIRST_MOMENT)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_goes_and_what_is_at_work_stays() {
        let place = tempfile::tempdir().unwrap();
        let made = std::fs::metadata(place.path()).unwrap().modified().unwrap();
        let now = Timestamp::try_from(made).unwrap();
        let new = |now| Scratch::new(place.path(), ".rolebook-backup-", now).unwrap();
        let at_work = new(now);
        let left = place.path().join(".rolebook-backup-dead");
        let begun = place.path().join(".rolebook-backup-begun");
        for folder in [&left, &begun] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("half.tar"), "half").unwrap();
        }
        for other in ["rolebook-backup-mine", ".rolebook-restore-x"] {
            std::fs::create_dir(place.path().join(other)).unwrap();
        }
        std::fs::write(left.join(LOCK), "").unwrap();
        drop(new(now));
        assert!(!left.exists() && begun.exists(), "without a lock it may be in its first moment");
        let next = new(now + SignedDuration::from_hours(2));
        assert!(!begun.exists());
        assert!(at_work.path().exists() && next.path().exists(), "however long they take");
        assert!(place.path().join("rolebook-backup-mine").exists(), "not ours");
        assert!(place.path().join(".rolebook-restore-x").exists(), "of another command");
    }
}
