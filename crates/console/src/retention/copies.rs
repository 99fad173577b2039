//! Copies of blobs in the data folder, where blobs lie elsewhere: trimmed, so that the folder does not grow for ever.
//!
//! A copy goes unless a connector shows or holds it, or somebody has just asked for it; it comes again when it is asked
//! for. A log that could not be brought to its place when its sync ended is brought there now; until then it stays.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    ConsoleError, blobs,
    console::Console,
    store::{connectors, entity::sync, syncs},
};

use super::{DAY_MS, DELETED_DAYS, Retention};

/// So often it looks; and so long a copy is spared that somebody has asked for.
const EVERY: Duration = Duration::from_secs(3600);
const FOLDERS: [&str; 2] = ["snapshots", "logs"];

/// When it looked last.
#[derive(Default)]
pub(super) struct Copies {
    looked: Option<Instant>,
}

impl Copies {
    pub(super) async fn round(&mut self, console: &Console) -> Result<(), ConsoleError> {
        if console.blobs.here() || self.looked.is_some_and(|at| at.elapsed() < EVERY) {
            return Ok(());
        }
        self.looked = Some(Instant::now());
        trim(console).await
    }
}

async fn trim(console: &Console) -> Result<(), ConsoleError> {
    let db = console.store.db();
    let data = &console.config.data;
    let mut ended = Vec::new();
    // Files first, then what is known of them: whatever lies there of a sync under way is seen to be so.
    for name in files(data) {
        let row = match sync_of(&name) {
            Some(sync) => syncs::by_id(db, sync).await?,
            None => None,
        };
        ended.extend(row.filter(|row| row.state == "ended").map(|row| (name, row)));
    }
    let needed: BTreeSet<String> = connectors::all(db)
        .await?
        .into_iter()
        .flat_map(|row| [row.good_sync, row.held_sync])
        .flatten()
        .collect();
    let logs: BTreeSet<String> = console.blobs.list("logs").await?.into_iter().collect();
    let now = console.now().as_millisecond();
    let log_days = Retention::load(console).await?.log_days;
    let is_over =
        |row: &sync::Model| row.ended_at.is_none_or(|at| now - at > log_days.saturating_mul(DAY_MS));
    for (name, row) in ended {
        let is_log = name.starts_with("logs/");
        if !is_log && (needed.contains(&row.id) || console.blobs.asked_within(&name, EVERY)) {
            continue;
        }
        if is_log && !logs.contains(&name) && !is_over(&row) {
            console.blobs.put(&name).await?;
        }
        let path = console.blobs.path(&name);
        std::fs::remove_file(&path).map_err(ConsoleError::file("remove", path))?;
    }
    // What syncs of a deleted connector wrote over lies only here.
    for id in connectors::deleted_before(db, now - DELETED_DAYS * DAY_MS).await? {
        for folder in FOLDERS.map(|folder| data.join(folder).join(&id)) {
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(ConsoleError::file("remove", folder)(error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn sync_of(name: &str) -> Option<&str> {
    let file = name.rsplit('/').next()?;
    blobs::sync_of(file).or_else(|| file.strip_suffix(".ndjson"))
}

/// Names of everything that lies in the folders of connectors.
fn files(data: &Path) -> Vec<String> {
    let list = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    let mut names = Vec::new();
    for folder in FOLDERS {
        for connector in list(&data.join(folder)) {
            let inside = data.join(folder).join(&connector);
            names.extend(list(&inside).into_iter().map(|file| format!("{folder}/{connector}/{file}")));
        }
    }
    names
}

/// Removes what a killed process left of copies that had not come whole; the data folder is held by this one.
pub(crate) fn remove_halves(data: &Path) {
    for name in files(data) {
        if name.rsplit('/').next().is_some_and(|file| file.starts_with(blobs::HALF)) {
            let _ = std::fs::remove_file(data.join(name));
        }
    }
}
