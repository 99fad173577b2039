//! Files and folders that only the owner of the process can read.
//!
//! The command sets its umask, but the library may run under another one: what is confidential is made with its mode.
//! On systems without such modes the folders of the user protect them.

use std::path::{Path, PathBuf};

use crate::ConsoleError;

/// Makes a folder, and those above it that are missing, for its owner only. A folder that is there stays as it is.
pub(crate) fn create_folder(path: &Path) -> Result<(), ConsoleError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path).map_err(ConsoleError::file("create", path))
}

/// Options for a file that is readable by its owner only when they create it.
pub(crate) fn options() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Makes an empty file where none is: SQLite takes over its mode, also for the files beside it.
pub(crate) fn create_file(path: &Path) -> Result<(), ConsoleError> {
    options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map(drop)
        .map_err(ConsoleError::file("create", path))
}

/// Takes the rights of others from one file or folder.
pub(crate) fn close(path: &Path) -> Result<(), ConsoleError> {
    #[cfg(unix)]
    if let Some(mode) = open_mode(path) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o700))
            .map_err(ConsoleError::file("make private", path))?;
    }
    Ok(())
}

/// Takes the rights of others from a folder that the console made, and from everything inside of it. Links are not
/// followed.
pub(crate) fn close_all(folder: &Path) -> Result<(), ConsoleError> {
    close(folder)?;
    let entries = std::fs::read_dir(folder).map_err(ConsoleError::file("list", folder))?;
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => close_all(&entry.path())?,
            // One that went away since it was listed is nobody's any more.
            Ok(kind) if kind.is_file() && entry.path().exists() => close(&entry.path())?,
            _ => {}
        }
    }
    Ok(())
}

/// Those of the folders that others may look into, in words.
pub(crate) fn open_to_others(folders: impl IntoIterator<Item = PathBuf>) -> Vec<String> {
    let words = |path: PathBuf| {
        let mode = open_mode(&path)?;
        Some(format!(
            "other users of this machine may look into {} (mode {mode:03o}): chmod 700 closes it",
            path.display()
        ))
    };
    folders.into_iter().filter_map(words).collect()
}

/// The mode of a path that others have rights on.
#[cfg(unix)]
fn open_mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_mode(_: &Path) -> Option<u32> {
    None
}
