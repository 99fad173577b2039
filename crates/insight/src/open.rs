//! Opening: one file, several, or a folder of them.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs::File,
    io,
    path::{Path, PathBuf},
};

use rolebook_snapshot::{Limits, Snapshot};
use sha2::{Digest, Sha256};

use crate::{Error, Origin, Reading, Readings};

/// Opens the newest full sync of every file. A folder stands for the `.c1z` files in it. Of several snapshots of one
/// app the newest is taken, and a notice says so: an answer must not count a person twice.
///
/// # Errors
/// A file is missing, damaged or not one of ours; a folder holds none.
pub fn open(paths: &[PathBuf], limits: &Limits) -> Result<Readings, Error> {
    let mut newest: BTreeMap<(String, String), Reading> = BTreeMap::new();
    let mut notices = Vec::new();
    for path in files(paths)? {
        let reading = open_one(&path, limits)?;
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

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
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
            if entry.extension().is_some_and(|extension| extension == "c1z") && entry.is_file() && !hidden {
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

fn open_one(path: &Path, limits: &Limits) -> Result<Reading, Error> {
    let snapshot = Snapshot::open(path, limits)?;
    let sync = snapshot.latest_full()?;
    let facts = rolebook_ledger::read(&snapshot.rows(&sync.id))
        .map_err(|source| Error::Facts { path: path.to_owned(), source })?;
    let origin = Origin {
        file: path.display().to_string(),
        snapshot: sync.id.to_string(),
        sha256: sha256(path)?,
    };
    Reading::new(facts, origin)
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
