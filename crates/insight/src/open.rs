//! Opening: one file, several, or a folder of them.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs::File,
    io,
    path::{Path, PathBuf},
};

use rolebook_ledger::{PersonName, ReadError, after_path, overlay, read_after};
use rolebook_snapshot::{Limits, Snapshot, SyncRows};
use sha2::{Digest, Sha256};

use crate::{Cache, Error, Origin, Reading, Readings, RolePattern};

/// Opens the newest full sync of every file, and nothing but that: for what stands as evidence. A folder stands for the `.c1z` files in it. Of several snapshots of one
/// app the newest is taken, and a notice says so: an answer must not count a person twice.
///
/// # Errors
/// A file is missing, damaged or not one of ours; a folder holds none.
pub fn open(paths: &[PathBuf], limits: &Limits) -> Result<Readings, Error> {
    open_with(
        paths,
        &OpenOptions { limits: limits.clone(), cache: None, scope: Scope::Everything, after: false },
    )
}

/// How snapshots are opened.
#[derive(Debug, Clone)]
pub struct OpenOptions<'a> {
    /// What a file may ask of the machine.
    pub limits: Limits,
    /// Where decompressed copies are kept, if anywhere.
    pub cache: Option<Cache>,
    /// What the question is about. The answer is the same, whatever is read for it.
    pub scope: Scope<'a>,
    /// Whether what was read after writes (`<file>.after.c1z`) is laid over the sync; a notice then says so.
    pub after: bool,
}

/// Like [`open`], with a cache and for one kind of question.
///
/// # Errors
/// Those of [`open`].
pub fn open_with(paths: &[PathBuf], options: &OpenOptions<'_>) -> Result<Readings, Error> {
    let mut newest: BTreeMap<(String, String), Reading> = BTreeMap::new();
    let mut notices = Vec::new();
    for path in snapshot_files(paths)? {
        let (reading, notice) = open_one(&path, options)?;
        notices.extend(notice);
        let key = (reading.facts().org.id.to_string(), reading.facts().app.id.to_string());
        match newest.entry(key) {
            Entry::Vacant(place) => {
                place.insert(reading);
            }
            Entry::Occupied(mut place) => {
                let kept = place.get();
                let is_newer = reading.facts().coverage.to > kept.facts().coverage.to;
                let (stays, goes) = if is_newer { (&reading, kept) } else { (kept, &reading) };
                notices.push(format!(
                    "{} and {} are of the same app: the newer, {}, is asked",
                    goes.origin().file,
                    stays.origin().file,
                    stays.origin().file
                ));
                if is_newer {
                    place.insert(reading);
                }
            }
        }
    }
    let mut readings = Readings::new(newest.into_values().collect());
    readings.notices = notices;
    Ok(readings)
}

/// The files that paths stand for: a folder stands for the `.c1z` files in it.
///
/// # Errors
/// A folder cannot be read, or holds none.
pub fn snapshot_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let failed = |source: io::Error| Error::Io { path: path.clone(), source };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?.path();
            let hidden = entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            // What was read after writes belongs to its snapshot, it is none of its own.
            let after = entry.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".after.c1z"));
            let snapshot = entry.extension().is_some_and(|extension| extension == "c1z") && !after;
            if snapshot && entry.is_file() && !hidden {
                found.push(entry);
            }
        }
        if found.is_empty() {
            return Err(Error::NoSnapshot { path: path.clone() });
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// What a question is about: of a large snapshot only that much is read.
#[derive(Debug, Clone)]
pub enum Scope<'a> {
    /// Everything.
    Everything,
    /// One person, by any name.
    Person(&'a str),
    /// Whoever holds the roles of a pattern.
    Holders(&'a RolePattern),
    /// These and some more.
    HoldersAnd(&'a RolePattern, Also<'a>),
}

/// Names more people, by id, once the groups and settings of a snapshot are known.
#[derive(Clone, Copy)]
pub struct Also<'a>(pub &'a dyn Fn(&Reading) -> Result<Vec<String>, Error>);

impl std::fmt::Debug for Also<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Also")
    }
}

/// Beyond this many people, reading everything is cheaper.
const FEW: usize = 500;

/// Opens one file; with a notice, where there is one.
pub(crate) fn open_one(path: &Path, options: &OpenOptions<'_>) -> Result<(Reading, Option<String>), Error> {
    let sha256 = sha256(path)?;
    let snapshot = match &options.cache {
        Some(cache) => cache.open(path, &sha256, &options.limits)?,
        None => Snapshot::open(path, &options.limits)?,
    };
    let sync = snapshot.latest_full()?;
    let rows = snapshot.rows(&sync.id);
    let origin = Origin { file: path.display().to_string(), snapshot: sync.id.to_string(), sha256 };
    let failed = |source| Error::Facts { path: path.to_owned(), source: Box::new(source) };
    if let Some(newer) = if options.after { read_after(path, &sync) } else { None } {
        let facts = overlay(rolebook_ledger::read(&rows).map_err(failed)?, &newer);
        let notice = format!("includes changes made since the sync: {}", after_path(path).display());
        return Ok((Reading::new(facts, origin)?, Some(notice)));
    }
    let reading = match few(&rows, &options.scope, &origin).map_err(|error| match error {
        Few::Read(source) => failed(source),
        Few::Other(error) => error,
    })? {
        Some(reading) => reading,
        None => Reading::new(rolebook_ledger::read(&rows).map_err(failed)?, origin)?,
    };
    Ok((reading, None))
}

enum Few {
    Read(ReadError),
    Other(Error),
}

impl From<ReadError> for Few {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

/// The reading of the people that the question is about; none when they are many, or unknown: then all are needed.
fn few(rows: &SyncRows<'_>, scope: &Scope<'_>, origin: &Origin) -> Result<Option<Reading>, Few> {
    let ids = match scope {
        Scope::Everything => return Ok(None),
        Scope::Person(text) => named(rows, text)?,
        Scope::Holders(pattern) | Scope::HoldersAnd(pattern, _) => {
            let nobody = rolebook_ledger::read_people(rows, &[])?;
            let empty = Reading::new(nobody, origin.clone()).map_err(Few::Other)?;
            let mut ids = Vec::new();
            for role in empty.access().roles.roles() {
                let arn = role.arns.role.as_ref().map(ToString::to_string);
                if !pattern.takes(&empty.account(&role.account), &role.name, arn.as_deref()) {
                    continue;
                }
                let entitlement = rolebook_ledger::role_entitlement(role);
                match rolebook_ledger::role_holders(rows, &entitlement, FEW)? {
                    Some(holders) => ids.extend(holders),
                    None => return Ok(None),
                }
            }
            if let Scope::HoldersAnd(_, Also(more)) = scope {
                ids.extend(more(&empty).map_err(Few::Other)?);
            }
            ids.sort();
            ids.dedup();
            ids
        }
    };
    // Of somebody unknown the nearest names are told, which takes all; that a role has no holder is an answer.
    let unknown = ids.is_empty() && !matches!(scope, Scope::HoldersAnd(..));
    if unknown || ids.len() > FEW {
        return Ok(None);
    }
    let facts = rolebook_ledger::read_people(rows, &ids)?;
    Reading::new(facts, origin.clone()).map(Some).map_err(Few::Other)
}

/// Everybody whom a text may name in any way that names are looked for.
fn named(rows: &SyncRows<'_>, text: &str) -> Result<Vec<String>, ReadError> {
    let names = rolebook_ledger::people_names(rows)?;
    let is = |name: &PersonName| {
        name.id == text
            || name.login.as_deref().is_some_and(|login| login.eq_ignore_ascii_case(text))
            || name.display_name == text
    };
    Ok(names.into_iter().filter(is).map(|name| name.id).collect())
}

fn sha256(path: &Path) -> Result<String, Error> {
    let failed = |source: io::Error| Error::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = Hashing(Sha256::new());
    io::copy(&mut file, &mut hasher).map_err(failed)?;
    Ok(hasher.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
