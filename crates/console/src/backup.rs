//! Backup and restore: one tar file with the database, the snapshots and the logs.
//!
//! A console may run meanwhile: the database is copied as of one moment, and files that the copy names never change
//! after they are sealed. Secrets stay sealed as they lie in the database, and the vault's key is never in it. The
//! last entry is a list of everything with its hashes: a file that was cut off has none, and is refused.

use std::{
    collections::HashMap,
    io::{Read, Write},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    ConsoleConfig, ConsoleError,
    blobs::Blobs,
    console::Clock,
    private, reseal, secrets,
    store::{self, Store, Who},
    vault::Vault,
};

mod scratch;

use scratch::Scratch;

const FORMAT: &str = "rolebook-backup/1";
const MANIFEST: &str = "manifest.json";
const FOLDERS: [&str; 2] = ["snapshots", "logs"];
/// What a cut-off run left beside its files is not taken: the next sync begins anew.
const KINDS: [&str; 5] = [".c1z", ".c1z.held", ".accepted.jsonl", ".events", ".ndjson"];

/// What is in a backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Manifest {
    format: String,
    writer: String,
    at: jiff::Timestamp,
    /// Ids of the keys that its secrets are sealed under.
    key_ids: Vec<String>,
    files: Vec<Entry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    path: String,
    bytes: u64,
    sha256: String,
    /// A second name of a file that stands before.
    same_as: Option<String>,
}

/// How a backup went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    /// Files in it.
    pub files: usize,
    /// Ids of the keys that its secrets are sealed under.
    pub key_ids: Vec<String>,
    /// Where snapshots and logs lie, when they are not in it.
    pub elsewhere: Option<String>,
}

/// How a restore went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was made.
    pub at: jiff::Timestamp,
    /// Files in it.
    pub files: usize,
    /// Secrets that the configured key does not open (all of them, when none is configured): the name of each, and
    /// the id of the key that it is sealed under.
    pub unopened: Vec<(String, String)>,
}

/// Writes a backup of a data folder, also while a console runs on it.
///
/// # Errors
/// There is no console in the folder, the file is there already, or something cannot be read or written.
pub async fn backup(config: &ConsoleConfig, file: &Path) -> Result<BackedUp, ConsoleError> {
    only_here(config, "a backup")?;
    if file.exists() {
        return Err(ConsoleError::Backup(format!("{} is there already", file.display())));
    }
    let store =
        Store::attach(config.database_url.as_deref(), &config.data, Arc::clone(&config.clock)).await?;
    let change = store.change(Who::host(), false).await?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    change.audit("backup.made", "console", json!({ "file": name })).await?;
    let at = change.now;
    change.commit().await?;
    let folder = beside(file);
    remove_killed(&config.data, at);
    let scratch = Scratch::of_backup(&folder, &config.data, at)?;
    let copy = scratch.path().join(store::FILE);
    store.copy_to(&copy).await?;
    let key_ids = key_ids(&store).await?;
    let mut manifest = Manifest {
        format: FORMAT.to_owned(),
        writer: config.writer.clone(),
        at,
        key_ids: key_ids.clone(),
        files: Vec::new(),
    };
    let blobs = Blobs::open(config.blobs.as_deref(), config.blobs_endpoint.as_deref(), &config.data)?;
    let elsewhere = !blobs.here();
    let place = elsewhere.then_some(blobs.place);
    let (data, file) = (config.data.clone(), file.to_path_buf());
    tokio::task::spawn_blocking(move || {
        let out = tempfile::NamedTempFile::new_in(scratch.path())
            .map_err(ConsoleError::file("write into", &folder))?;
        let mut tar = tar::Builder::new(out);
        let failed = |source| ConsoleError::File { action: "write", path: file.clone(), source };
        let mut seen = HashMap::new();
        manifest.add(&mut tar, &copy, store::FILE.to_owned(), &mut seen, at)?;
        // What lies in the data folder is then a copy of some of it.
        let files = if elsewhere { Vec::new() } else { files(&data)? };
        for (path, name) in files {
            manifest.add(&mut tar, &path, name, &mut seen, at)?;
        }
        let list = store::to_json(&manifest);
        tar.append_data(&mut header(list.len() as u64, at), MANIFEST, list.as_bytes()).map_err(failed)?;
        let out = tar.into_inner().map_err(failed)?;
        out.as_file().sync_all().map_err(failed)?;
        out.persist_noclobber(&file).map_err(|error| failed(error.error))?;
        drop(scratch);
        Ok(BackedUp { files: manifest.files.len(), key_ids, elsewhere: place })
    })
    .await
    .map_err(|error| ConsoleError::Connector(error.to_string()))?
}

/// A shared database has tools of its own.
fn only_here(config: &ConsoleConfig, what: &str) -> Result<(), ConsoleError> {
    if !store::is_shared(config.database_url.as_deref()) {
        return Ok(());
    }
    Err(ConsoleError::NotHere {
        what: format!("{what} by this command is for SQLite in a data folder; this database is PostgreSQL"),
        hint: "use pg_dump and pg_restore for the database, and the means of the place where snapshots and logs lie; \
               keep the vault's key apart",
    })
}

/// Ids of the keys that stored secrets are sealed under.
async fn key_ids(store: &Store) -> Result<Vec<String>, ConsoleError> {
    let mut all = secrets::all(store.db()).await?;
    all.extend(secrets::waiting(store.db()).await?);
    let mut ids: Vec<String> = all.iter().map(|secret| secret.key_id().to_owned()).collect();
    ids.sort();
    ids.dedup();
    Ok(ids)
}

impl Manifest {
    fn add<W: Write>(
        &mut self,
        tar: &mut tar::Builder<W>,
        path: &Path,
        name: String,
        seen: &mut HashMap<(u64, u64), String>,
        at: jiff::Timestamp,
    ) -> Result<(), ConsoleError> {
        let file = match std::fs::File::open(path) {
            // Retention took it since the folder was listed.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(ConsoleError::file("read", path))?,
        };
        let known = file.metadata().map_err(ConsoleError::file("read", path))?;
        let bytes = known.len();
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let inode = (known.dev(), known.ino());
            if let Some(first) = seen.get(&inode)
                && let Some(entry) = self.files.iter().find(|entry| entry.path == *first)
            {
                let entry = Entry { path: name, same_as: Some(first.clone()), ..entry.clone() };
                self.files.push(entry);
                return Ok(());
            }
            seen.insert(inode, name.clone());
        }
        // A log may grow while it is read: only what was there at the beginning is taken.
        let mut hashing = Hashing { inner: file.take(bytes), context: digest::Context::new(&digest::SHA256) };
        tar.append_data(&mut header(bytes, at), &name, &mut hashing)
            .map_err(ConsoleError::file("copy", path))?;
        let sha256 = HEXLOWER.encode(hashing.context.finish().as_ref());
        self.files.push(Entry { path: name, bytes, sha256, same_as: None });
        Ok(())
    }
}

fn header(bytes: u64, at: jiff::Timestamp) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(at.as_second()).unwrap_or(0));
    header
}

struct Hashing<R> {
    inner: R,
    context: digest::Context,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into)?;
        self.context.update(into.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Everything that belongs into a backup beside the database: where it lies, and its name in there.
fn files(data: &Path) -> Result<Vec<(PathBuf, String)>, ConsoleError> {
    let mut found = Vec::new();
    for top in FOLDERS {
        let folder = data.join(top);
        let list = |folder: &Path| -> Result<Vec<std::fs::DirEntry>, ConsoleError> {
            std::fs::read_dir(folder).and_then(Iterator::collect).map_err(ConsoleError::file("list", folder))
        };
        if !folder.exists() {
            continue;
        }
        for connector in list(&folder)? {
            if !connector.path().is_dir() {
                continue;
            }
            for file in list(&connector.path())? {
                let name = file.file_name().to_string_lossy().into_owned();
                if KINDS.iter().any(|kind| name.ends_with(kind)) {
                    let inside = format!("{top}/{}/{name}", connector.file_name().to_string_lossy());
                    found.push((file.path(), inside));
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Brings a backup into a data folder that is empty or not there. All of it is checked before the folder appears.
///
/// # Errors
/// The folder holds something, the file is no backup or is damaged, or it was written by a newer version.
pub async fn restore(config: &ConsoleConfig, file: &Path) -> Result<Restored, ConsoleError> {
    only_here(config, "a restore")?;
    let data = config.data.clone();
    let empty = !data.exists() || std::fs::read_dir(&data).is_ok_and(|mut entries| entries.next().is_none());
    if !empty {
        return Err(ConsoleError::Backup(format!("the data folder {} is not empty", data.display())));
    }
    let beside = beside(&data);
    std::fs::create_dir_all(&beside).map_err(ConsoleError::file("create", &beside))?;
    // Before anything is made: a key that cannot be read is told first.
    let vault = Vault::configured(&config.vault)?;
    let scratch = Scratch::new(&beside, scratch::RESTORE, (config.clock)())?;
    let (from, into) = (file.to_path_buf(), scratch.path().to_path_buf());
    let manifest = tokio::task::spawn_blocking(move || unpack(&from, &into))
        .await
        .map_err(|error| ConsoleError::Connector(error.to_string()))??;
    let unopened = settle(scratch.path(), &manifest, vault.as_ref(), Arc::clone(&config.clock)).await?;
    if data.exists() {
        std::fs::remove_dir(&data).map_err(ConsoleError::file("replace", &data))?;
    }
    scratch.become_folder(&data)?;
    Ok(Restored { at: manifest.at, files: manifest.files.len(), unopened })
}

/// The folder that a path lies in.
fn beside(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Removes what killed backups and restores of this data folder left.
pub(crate) fn remove_killed(data: &Path, now: jiff::Timestamp) {
    scratch::remove_killed(data, &beside(data), now);
}

/// What was open when the backup was made is not open now: sessions and links end, and the restore is recorded. Gives
/// the secrets that do not open.
async fn settle(
    folder: &Path,
    manifest: &Manifest,
    vault: Option<&Vault>,
    clock: Clock,
) -> Result<Vec<(String, String)>, ConsoleError> {
    let store = Store::open(None, folder, clock).await?;
    let change = store.change(Who::host(), false).await?;
    change.close_everything().await?;
    // The record goes on from the backup's end.
    change.forget_head().await?;
    change.audit(store::head::RESTORED, "console", json!({ "made_at": manifest.at.to_string() })).await?;
    change.commit().await?;
    // A backup of an older version: with the key here, its secrets are bound now, and else at the first start.
    if let Some(vault) = vault {
        reseal::bind(&store, vault).await?;
    }
    let all = secrets::all(store.db()).await?.into_iter();
    let unopened = all.filter(|secret| !vault.is_some_and(|vault| secret.opens(vault)));
    let unopened = unopened.map(|secret| (secret.name.clone(), secret.key_id().to_owned())).collect();
    store.close().await?;
    Ok(unopened)
}

fn unpack(file: &Path, into: &Path) -> Result<Manifest, ConsoleError> {
    let damaged = |why: &str| ConsoleError::Backup(format!("{} is no whole backup: {why}", file.display()));
    let open = std::fs::File::open(file).map_err(ConsoleError::file("read", file))?;
    let mut tar = tar::Archive::new(std::io::BufReader::new(open));
    let mut hashes: HashMap<String, String> = HashMap::new();
    let mut manifest: Option<Manifest> = None;
    for entry in tar.entries().map_err(|error| damaged(&error.to_string()))? {
        let mut entry = entry.map_err(|error| damaged(&error.to_string()))?;
        let name = entry.path().map_err(|error| damaged(&error.to_string()))?.to_string_lossy().into_owned();
        if entry.header().entry_type() != tar::EntryType::Regular || !fits(&name) {
            return Err(damaged(&format!("{name} does not belong into one")));
        }
        if name == MANIFEST {
            let mut text = String::new();
            entry.read_to_string(&mut text).map_err(|error| damaged(&error.to_string()))?;
            manifest = serde_json::from_str(&text).ok();
            continue;
        }
        let path = into.join(&name);
        let mut out = create(&path)?;
        let mut hashing = Hashing { inner: entry, context: digest::Context::new(&digest::SHA256) };
        std::io::copy(&mut hashing, &mut out)
            .and_then(|_| out.sync_all())
            .map_err(ConsoleError::file("write", &path))?;
        hashes.insert(name, HEXLOWER.encode(hashing.context.finish().as_ref()));
    }
    let manifest = manifest.ok_or_else(|| damaged("its list is missing, so it was cut off"))?;
    if manifest.format != FORMAT {
        return Err(damaged(&format!("its form {} is unknown", manifest.format)));
    }
    for entry in &manifest.files {
        let of = entry.same_as.as_ref().unwrap_or(&entry.path);
        if hashes.get(of) != Some(&entry.sha256) || !fits(&entry.path) {
            return Err(damaged(&format!("{} is missing or was changed", entry.path)));
        }
        if let Some(same) = &entry.same_as {
            let (first, second) = (into.join(same), into.join(&entry.path));
            if std::fs::hard_link(&first, &second).is_err() {
                std::fs::copy(&first, &second).map_err(ConsoleError::file("write", &second))?;
            }
        }
    }
    if !hashes.contains_key(store::FILE) || hashes.len() > manifest.files.len() {
        return Err(damaged("it holds what its list does not"));
    }
    Ok(manifest)
}

fn create(path: &Path) -> Result<std::fs::File, ConsoleError> {
    if let Some(folder) = path.parent() {
        private::create_folder(folder)?;
    }
    private::options().write(true).create_new(true).open(path).map_err(ConsoleError::file("create", path))
}

/// Whether a name is one that a backup has: nothing leads out of the folder.
fn fits(name: &str) -> bool {
    let parts: Vec<Component<'_>> = Path::new(name).components().collect();
    let plain = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    let known = name == store::FILE
        || name == MANIFEST
        || (parts.len() == 3 && FOLDERS.iter().any(|folder| name.starts_with(&format!("{folder}/"))));
    plain && known
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn nothing_leads_out_of_the_folder() {
        for good in ["rolebook.db", "manifest.json", "snapshots/con_a/syn_b.c1z", "logs/con_a/syn_b.ndjson"] {
            assert!(fits(good), "{good}");
        }
        for bad in
            ["../rolebook.db", "/etc/passwd", "snapshots/../../x", "vault.key", "snapshots/a", "logs/a/b/c"]
        {
            assert!(!fits(bad), "{bad}");
        }
    }
}
