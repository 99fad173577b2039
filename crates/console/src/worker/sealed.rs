//! The files of a sync: what it writes over, what it seals, and what of it is kept for good.

use std::path::{Path, PathBuf};

use rolebook_connector::{Summary, held_path};

use crate::{
    ConsoleError, blobs,
    console::Console,
    hosted::Hosted,
    lens::sha256,
    private,
    store::{entity::sync, syncs},
};

/// The name of the snapshot that this worker seals.
pub(super) fn snapshot_name(taken: &sync::Model) -> String {
    blobs::snapshot_name(&taken.connector_id, &blobs::snapshot_file(&taken.id, taken.fence))
}

/// Makes the file that syncs write the last good snapshot, whichever process read it: the guard compares with it.
pub(super) async fn bring_current(console: &Console, hosted: &Hosted) -> Result<(), ConsoleError> {
    let Some(good) = &hosted.row.good_sync else { return Ok(()) };
    let good = console.snapshot(&hosted.row.id, good).await?;
    bring(good, console.current_path(&hosted.row.id)).await
}

/// Makes the file beside it the held snapshot, so that it can be taken over here.
pub(crate) async fn bring_held(console: &Console, hosted: &Hosted) -> Result<(), ConsoleError> {
    let Some(held) = &hosted.row.held_sync else { return Ok(()) };
    bring_current(console, hosted).await?;
    let held = console.snapshot(&hosted.row.id, held).await?;
    bring(held, held_path(&console.current_path(&hosted.row.id))).await
}

/// Gives a sealed file a second name, by rename, unless it has it.
async fn bring(sealed: PathBuf, name: PathBuf) -> Result<(), ConsoleError> {
    let bring = move || {
        if is_same(&sealed, &name) {
            return Ok(());
        }
        let failed = ConsoleError::file("write", &name);
        let beside = name.with_extension("bringing");
        let _ = std::fs::remove_file(&beside);
        let named =
            std::fs::hard_link(&sealed, &beside).or_else(|_| std::fs::copy(&sealed, &beside).map(drop));
        named.and_then(|()| std::fs::rename(&beside, &name)).map_err(failed)
    };
    tokio::task::spawn_blocking(bring).await.map_err(|error| ConsoleError::Connector(error.to_string()))?
}

/// Whether two names are of the same file, or of files with the same bytes.
fn is_same(one: &Path, other: &Path) -> bool {
    let (Ok(a), Ok(b)) = (std::fs::metadata(one), std::fs::metadata(other)) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if (a.dev(), a.ino()) == (b.dev(), b.ino()) {
            return true;
        }
    }
    a.len() == b.len() && matches!((sha256(one), sha256(other)), (Ok(a), Ok(b)) if a == b)
}

/// Writes beside the snapshots which one is the last good one, for a rebuild that has only the blobs.
///
/// Runs after the commit that made it so, never inside: a bucket that does not answer must not hold up the database. A
/// note that could not be written is written at the connector's next sync.
pub(crate) async fn note_good(console: &Console, connector: &str, sync: &str) {
    if console.blobs.here() {
        return;
    }
    let noted = async {
        match syncs::by_id(console.store.db(), sync).await?.and_then(|row| row.file) {
            Some(file) => console.blobs.put_text(&blobs::good_name(connector), &file).await,
            None => Ok(()),
        }
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, connector, "the note of the last good snapshot is written at the next sync");
    }
}

/// Keeps what a sync sealed under its own name: the file that syncs write is replaced by the next one.
pub(super) fn archive(summary: &Summary, current: &Path, kept: &Path) -> Result<(), ConsoleError> {
    let sealed = if summary.held.is_some() { held_path(current) } else { current.to_path_buf() };
    // A second name costs no space; where the file system has none, a copy does.
    if std::fs::hard_link(&sealed, kept).is_ok() {
        return Ok(());
    }
    std::fs::copy(&sealed, kept).map(drop).map_err(ConsoleError::file("write", kept))
}

pub(super) fn prepare(file: &Path) -> Result<(), ConsoleError> {
    let Some(folder) = file.parent() else { return Ok(()) };
    private::create_folder(folder)
}
