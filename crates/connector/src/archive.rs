//! An archive of sealed snapshots: `<org>/<app>/<time>_<sync>.c1z`, each with its SHA-256 sum in `SHA256SUMS` of the same
//! folder, in the form that `sha256sum -c` reads. A sync file keeps two syncs; questions about last year need more.
//!
//! A file is copied, made durable and put in its place in one step; then its sum is noted. A crash between the two
//! leaves a file without a sum, which is told. Nothing in an archive is ever written to.

use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};

const SUMS: &str = "SHA256SUMS";
const LOCK: &str = ".lock";
const SUFFIX: &str = ".c1z";
/// Begins the name of a copy under way.
const UNDER_WAY: &str = ".copy-";
/// The time in a name: no colons, which some file systems refuse, and sorted by age.
const TIME: &str = "%Y-%m-%dT%H%M%SZ";

/// Why an archive cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The disk.
    #[error("archive {}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An id that is no name of a folder.
    #[error("`{id}` cannot name a folder of the archive")]
    Id {
        /// The id.
        id: String,
    },
    /// The place of the copy is taken by something else.
    #[error("archive {}: is there already, with other contents", .path.display())]
    Taken {
        /// The place.
        path: PathBuf,
    },
}

impl ArchiveError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "make room, make the folder writable, or choose another with --archive",
            Self::Id { .. } => "the id comes from Okta: report it",
            Self::Taken { .. } => {
                "nothing was overwritten: rolebook archive list --verify tells which file is whole"
            }
        }
    }
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> ArchiveError {
    let path = path.to_owned();
    move |source| ArchiveError::Io { path, source }
}

/// A folder of snapshots.
#[derive(Debug, Clone)]
pub struct Archive {
    root: PathBuf,
}

/// A snapshot of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// Org id.
    pub org: String,
    /// App id.
    pub app: String,
    /// When it was sealed, to the second.
    pub at: Timestamp,
    /// Where it lies, or should.
    pub path: PathBuf,
    /// Bytes; none when a sum names it and it is gone.
    pub bytes: Option<u64>,
    /// Its noted SHA-256 sum, in hex; none when the copying was cut off behind the file.
    pub sum: Option<String>,
}

/// What an entry's bytes say of its sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soundness {
    /// They agree.
    Whole,
    /// They differ: the file was changed or damaged.
    Changed,
    /// The file is gone.
    Missing,
    /// There is no sum to compare with.
    Unsummed,
}

impl Soundness {
    /// Name for people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Changed => "CHANGED",
            Self::Missing => "MISSING",
            Self::Unsummed => "no sum",
        }
    }
}

impl Archive {
    /// Takes a folder, which is made when it is not there (for its owner alone).
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, ArchiveError> {
        let root = root.into();
        make(&root)?;
        Ok(Self { root })
    }

    /// Copies a sealed snapshot in. The same snapshot twice is kept once.
    ///
    /// # Errors
    /// [`ArchiveError`]; the archive is then as it was, but for a file without a sum at worst.
    pub fn keep(
        &self,
        file: &Path,
        org: &str,
        app: &str,
        at: Timestamp,
        sync: &str,
    ) -> Result<Archived, ArchiveError> {
        for id in [org, app, sync] {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if id.is_empty() || !id.chars().all(fits) {
                return Err(ArchiveError::Id {
                    id: id.chars().take(100).flat_map(char::escape_debug).collect(),
                });
            }
        }
        let folder = self.root.join(org).join(app);
        make(&folder)?;
        let _lock = lock(&folder)?;
        let name = format!("{}_{sync}{SUFFIX}", at.strftime(TIME));
        let path = folder.join(&name);
        let copy = folder.join(format!("{UNDER_WAY}{name}"));
        let sum = copy_summed(file, &copy).map_err(io_at(&copy))?;
        let mut sums = read_sums(&folder)?;
        if path.exists() {
            let same = sum_of(&path).map_err(io_at(&path))? == sum;
            fs::remove_file(&copy).map_err(io_at(&copy))?;
            if !same {
                return Err(ArchiveError::Taken { path });
            }
        } else {
            fs::rename(&copy, &path).map_err(io_at(&path))?;
            sync_folder(&folder).map_err(io_at(&folder))?;
        }
        if sums.get(&name) != Some(&sum) {
            sums.insert(name.clone(), sum.clone());
            write_sums(&folder, &sums)?;
        }
        let bytes = fs::metadata(&path).map_err(io_at(&path))?.len();
        Ok(Archived {
            org: org.to_owned(),
            app: app.to_owned(),
            at,
            path,
            bytes: Some(bytes),
            sum: Some(sum),
        })
    }

    /// Every snapshot that lies there or that a sum names, by org, app and age. Other files are passed over.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn list(&self) -> Result<Vec<Archived>, ArchiveError> {
        let mut entries = Vec::new();
        for (org, folder) in folders(&self.root)? {
            for (app, folder) in folders(&folder)? {
                let sums = read_sums(&folder)?;
                let mut names: BTreeMap<String, Option<u64>> =
                    sums.keys().map(|name| (name.clone(), None)).collect();
                for item in fs::read_dir(&folder).map_err(io_at(&folder))? {
                    let item = item.map_err(io_at(&folder))?;
                    let (Ok(name), Ok(kind)) = (item.file_name().into_string(), item.file_type()) else {
                        continue;
                    };
                    if kind.is_file() && time_of(&name).is_some() {
                        names.insert(name, Some(item.metadata().map_err(io_at(&item.path()))?.len()));
                    }
                }
                entries.extend(names.into_iter().filter_map(|(name, bytes)| {
                    Some(Archived {
                        org: org.clone(),
                        app: app.clone(),
                        at: time_of(&name)?,
                        path: folder.join(&name),
                        bytes,
                        sum: sums.get(&name).cloned(),
                    })
                }));
            }
        }
        Ok(entries)
    }

    /// Reads an entry's file and compares its sum.
    ///
    /// # Errors
    /// [`ArchiveError::Io`].
    pub fn verify(&self, entry: &Archived) -> Result<Soundness, ArchiveError> {
        if entry.bytes.is_none() {
            return Ok(Soundness::Missing);
        }
        let Some(noted) = &entry.sum else { return Ok(Soundness::Unsummed) };
        let found = sum_of(&entry.path).map_err(io_at(&entry.path))?;
        Ok(if found == *noted { Soundness::Whole } else { Soundness::Changed })
    }

    /// Removes snapshots older than `keep`, but never the newest of an app; says which. With `pretend`, it only says.
    ///
    /// # Errors
    /// [`ArchiveError::Io`]; what was removed before is gone.
    pub fn prune(
        &self,
        now: Timestamp,
        keep: SignedDuration,
        pretend: bool,
    ) -> Result<Vec<Archived>, ArchiveError> {
        let mut by_folder: BTreeMap<PathBuf, Vec<Archived>> = BTreeMap::new();
        for entry in self.list()? {
            let folder = entry.path.parent().unwrap_or(&self.root).to_owned();
            by_folder.entry(folder).or_default().push(entry);
        }
        let mut removed = Vec::new();
        for (folder, entries) in by_folder {
            let newest = entries.iter().filter(|entry| entry.bytes.is_some()).map(|entry| entry.at).max();
            let old: Vec<Archived> = entries
                .into_iter()
                .filter(|entry| Some(entry.at) != newest && now.duration_since(entry.at) > keep)
                .collect();
            if !pretend && !old.is_empty() {
                let _lock = lock(&folder)?;
                let mut sums = read_sums(&folder)?;
                for entry in &old {
                    sums.remove(name_of(&entry.path));
                }
                // Sums first: what a crash leaves behind has no sum, and goes the next time.
                write_sums(&folder, &sums)?;
                for entry in old.iter().filter(|entry| entry.bytes.is_some()) {
                    fs::remove_file(&entry.path).map_err(io_at(&entry.path))?;
                }
            }
            removed.extend(old);
        }
        Ok(removed)
    }
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or_default()
}

fn make(folder: &Path) -> Result<(), ArchiveError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io_at(folder))
}

/// One writer per folder; waits for the other.
fn lock(folder: &Path) -> Result<File, ArchiveError> {
    let path = folder.join(LOCK);
    let open = || {
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        lock.lock()?;
        Ok(lock)
    };
    open().map_err(io_at(&path))
}

/// The time in a name of ours.
fn time_of(name: &str) -> Option<Timestamp> {
    let (time, rest) = name.split_once('_')?;
    rest.strip_suffix(SUFFIX)?;
    jiff::civil::DateTime::strptime(TIME, time)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|at| at.timestamp())
}

fn folders(of: &Path) -> Result<Vec<(String, PathBuf)>, ArchiveError> {
    let mut found = Vec::new();
    for item in fs::read_dir(of).map_err(io_at(of))? {
        let item = item.map_err(io_at(of))?;
        if let (Ok(name), Ok(kind)) = (item.file_name().into_string(), item.file_type())
            && kind.is_dir()
            && !name.starts_with('.')
        {
            found.push((name, item.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn read_sums(folder: &Path) -> Result<BTreeMap<String, String>, ArchiveError> {
    let path = folder.join(SUMS);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        text => text.map_err(io_at(&path))?,
    };
    let line = |line: &str| line.split_once("  ").map(|(sum, name)| (name.to_owned(), sum.to_owned()));
    // A name that leads out of the folder is none of ours.
    Ok(text
        .lines()
        .filter_map(line)
        .filter(|(name, _)| time_of(name).is_some() && !name.contains('/'))
        .collect())
}

fn write_sums(folder: &Path, sums: &BTreeMap<String, String>) -> Result<(), ArchiveError> {
    let text: String = sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
    let (path, new) = (folder.join(SUMS), folder.join(format!(".{SUMS}")));
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        sync_folder(folder)
    };
    write().map_err(io_at(&path))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn sum_of(path: &Path) -> io::Result<String> {
    summed(File::open(path)?, &mut io::sink())
}

/// Copies durably and sums what it copied.
fn copy_summed(from: &Path, to: &Path) -> io::Result<String> {
    let mut copy = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to)?;
    let copied = File::open(from).and_then(|source| summed(source, &mut copy)).and_then(|sum| {
        copy.sync_all()?;
        Ok(sum)
    });
    if copied.is_err() {
        // Half a copy helps nobody; the disk may be full.
        let _ = fs::remove_file(to);
    }
    copied
}

fn summed(mut from: impl Read, to: &mut impl Write) -> io::Result<String> {
    let mut digest = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut buffer)?;
        let chunk = buffer.get(..read).unwrap_or_default();
        if chunk.is_empty() {
            return Ok(HEXLOWER.encode(digest.finish().as_ref()));
        }
        digest.update(chunk);
        to.write_all(chunk)?;
    }
}
