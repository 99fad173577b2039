//! What was read so far, page by page, so that a run that was cut off can be taken up where it stopped.
//!
//! The journal is a file beside the snapshot (0600): records that are only ever appended, each one page with the
//! cursor that follows it, so that a page and its cursor are one commit. A record is a length and a zstd frame that
//! carries its own checksum; a tail that a crash or a full disk has torn is cut off when the journal is opened. Pages
//! are stored as Okta's objects, less what the snapshot will not keep of a person.
//!
//! A journal that cannot be written is no reason to stop: the sync goes on, and cannot be taken up.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use rolebook_okta::Cursor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::claim::beside;

/// Fast: the journal lives for one run.
const LEVEL: i32 = 1;
/// Longest record that is believed; a page of 1000 people is some hundred kilobytes.
const LONGEST: u32 = 256 << 20;

/// In front of what is no list; a path begins with a slash or a letter.
const MARK: &str = "= ";

/// The first record: when the reading began and what it was a reading of.
#[derive(Debug, Serialize, Deserialize)]
struct Heading {
    begun: Timestamp,
    /// Everything that makes another reading another: org, app with its settings, token's owner, options, version.
    of: String,
}

/// What stands before the objects of a page.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Place {
    /// The first page's path: it names the list.
    list: String,
    /// Where the list goes on; none after its last page.
    next: Option<Cursor>,
    /// Entries of the page that could not be read.
    skipped: Vec<String>,
    /// The pages of this list so far count no more: it was begun again.
    afresh: bool,
}

/// A list as far as an earlier run has read it.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// Where it goes on; none when it was read to its end.
    pub(crate) next: Option<Cursor>,
    /// Entries that could not be read.
    pub(crate) skipped: Vec<String>,
    pages: Vec<(u64, usize)>,
}

/// The journal of one run.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    begun: Timestamp,
    stored: HashMap<String, Stored>,
    /// Pages that were there when it was opened; none when nothing was taken up.
    taken_up: Option<u64>,
    file: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Where the next record goes.
    end: u64,
    /// A write has failed. What stands before stays readable, for this run and the next.
    closed: bool,
    /// What was appended since [`Journal::turn`].
    added: Vec<(Place, u64, usize)>,
}

impl Journal {
    /// Opens the journal of `target`: takes up one of the same reading that is younger than `max_age`, and begins
    /// anew otherwise. The caller holds the claim on `target`.
    pub(crate) fn open(
        target: &Path,
        of: String,
        now: Timestamp,
        max_age: jiff::SignedDuration,
    ) -> (Self, Option<io::Error>) {
        let path = beside(target, "journal");
        match Self::take_up(&path, &of, now, max_age) {
            Ok(Some(journal)) => return (journal, None),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the journal of an earlier run cannot be read"),
        }
        let (file, failed) = match begin(&path, of, now) {
            Ok(open) => (Some(open), None),
            Err(error) => (None, Some(error)),
        };
        let journal =
            Self { path, begun: now, stored: HashMap::new(), taken_up: None, file: Mutex::new(file) };
        (journal, failed)
    }

    fn take_up(
        path: &Path,
        of: &str,
        now: Timestamp,
        max_age: jiff::SignedDuration,
    ) -> io::Result<Option<Self>> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut records = Records { input: BufReader::new(&file), at: 0 };
        let Some((heading, _, _)) = records.next::<Heading>()? else { return Ok(None) };
        let age = now.duration_since(heading.begun);
        if heading.of != of || age > max_age || age.is_negative() {
            return Ok(None);
        }
        let mut stored: HashMap<String, Stored> = HashMap::new();
        while let Some((place, at, length)) = records.next::<Place>()? {
            take_in(&mut stored, place, at, length);
        }
        let end = records.at;
        drop(records);
        file.set_len(end)?;
        let lists = stored.iter().filter(|(list, _)| !list.starts_with(MARK));
        let pages = lists.map(|(_, list)| list.pages.len() as u64).sum();
        let taken_up = (!stored.is_empty()).then_some(pages);
        Ok(Some(Self {
            path: path.to_owned(),
            begun: heading.begun,
            stored,
            taken_up,
            file: Mutex::new(Some(Open { file, end, closed: false, added: Vec::new() })),
        }))
    }

    /// When the reading began: now, or when the run that is taken up did.
    pub(crate) fn begun(&self) -> Timestamp {
        self.begun
    }

    /// Pages that an earlier run has read; none when this is no resumption.
    pub(crate) fn taken_up(&self) -> Option<u64> {
        self.taken_up
    }

    /// What this run has read counts like what an earlier one has: the next reading takes it from here.
    pub(crate) fn turn(&mut self) {
        let open = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (place, at, length) in open.iter_mut().flat_map(|open| open.added.drain(..)) {
            take_in(&mut self.stored, place, at, length);
        }
    }

    /// How far an earlier run got with a list.
    pub(crate) fn stored(&self, list: &str) -> Option<&Stored> {
        self.stored.get(list)
    }

    /// One page that an earlier run has read.
    pub(crate) fn page<T: DeserializeOwned>(
        &self,
        stored: &Stored,
        number: usize,
    ) -> Option<io::Result<Vec<T>>> {
        let (at, length) = *stored.pages.get(number)?;
        let open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = open.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)).and_then(|open| {
            let mut frame = vec![0; length];
            open.file.read_exact_at(&mut frame, at)?;
            let record = zstd::decode_all(frame.as_slice())?;
            let (_, items): (serde::de::IgnoredAny, Vec<T>) = serde_json::from_slice(&record)?;
            Ok(items)
        });
        Some(read)
    }

    /// Commits one page with the cursor after it.
    ///
    /// # Errors
    /// The disk's, once: afterwards nothing more is written.
    pub(crate) fn add<T: Serialize>(
        &self,
        list: &str,
        next: Option<&Cursor>,
        skipped: Vec<String>,
        items: &[T],
    ) -> io::Result<()> {
        let place = Place { list: list.to_owned(), next: next.cloned(), skipped, afresh: false };
        self.append(&place, &items)
    }

    /// Notes something other than a page.
    ///
    /// # Errors
    /// As for [`Self::add`].
    pub(crate) fn mark(&self, what: &str) -> io::Result<()> {
        self.add::<()>(&format!("{MARK}{what}"), None, Vec::new(), &[])
    }

    /// Whether an earlier run, or an earlier turn of this one, has noted it.
    pub(crate) fn is_marked(&self, what: &str) -> bool {
        self.stored.contains_key(&format!("{MARK}{what}"))
    }

    /// A list is begun again.
    ///
    /// # Errors
    /// As for [`Self::add`].
    pub(crate) fn begin_again(&self, list: &str) -> io::Result<()> {
        let place = Place { list: list.to_owned(), next: None, skipped: Vec::new(), afresh: true };
        self.append(&place, &())
    }

    fn append(&self, head: &Place, body: &impl Serialize) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match file.as_mut() {
            Some(open) if !open.closed => {
                let (at, length) = open.append(head, body).inspect_err(|_| open.closed = true)?;
                open.added.push((head.clone(), at, length));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The snapshot is sealed: the journal has done its work.
    pub(crate) fn remove(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// One record more of what was read.
fn take_in(stored: &mut HashMap<String, Stored>, place: Place, at: u64, length: usize) {
    if place.afresh {
        stored.remove(&place.list);
        return;
    }
    let list = stored.entry(place.list).or_insert_with(|| Stored {
        next: None,
        skipped: Vec::new(),
        pages: Vec::new(),
    });
    list.next = place.next;
    list.skipped.extend(place.skipped);
    list.pages.push((at, length));
}

fn begin(path: &Path, of: String, now: Timestamp) -> io::Result<Open> {
    // Another inode, so that nothing of an old journal can shine through.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    let mut open = Open { file, end: 0, closed: false, added: Vec::new() };
    open.append(&Heading { begun: now, of }, &())?;
    Ok(open)
}

impl Open {
    /// Writes one record; says where its frame stands and how long it is.
    fn append(&mut self, head: &impl Serialize, body: &impl Serialize) -> io::Result<(u64, usize)> {
        let mut encoder = zstd::Encoder::new(vec![0; 4], LEVEL)?;
        encoder.include_checksum(true)?;
        serde_json::to_writer(&mut encoder, &(head, body))?;
        let mut record = encoder.finish()?;
        let length = u32::try_from(record.len() - 4).map_err(io::Error::other)?;
        if let Some(prefix) = record.get_mut(..4) {
            prefix.copy_from_slice(&length.to_le_bytes());
        }
        self.file.write_all_at(&record, self.end).inspect_err(|_| {
            // A record that is written in part is cut off at once; if not now, then when the journal is opened.
            let _ = self.file.set_len(self.end);
        })?;
        let at = self.end + 4;
        self.end += record.len() as u64;
        Ok((at, length as usize))
    }
}

/// Walks the records that are whole.
struct Records<R> {
    input: R,
    at: u64,
}

impl<R: Read> Records<R> {
    /// The next record's head, where its frame stands and how long it is; none at the end, or where the tail is torn.
    fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<(T, u64, usize)>> {
        let mut length = [0; 4];
        if !filled(&mut self.input, &mut length)? {
            return Ok(None);
        }
        let length = u32::from_le_bytes(length);
        if length > LONGEST {
            return Ok(None);
        }
        let mut frame = vec![0; length as usize];
        if !filled(&mut self.input, &mut frame)? {
            return Ok(None);
        }
        let Ok(record) = zstd::decode_all(frame.as_slice()) else { return Ok(None) };
        let Ok((head, _)) = serde_json::from_slice::<(T, serde::de::IgnoredAny)>(&record) else {
            return Ok(None);
        };
        let at = self.at + 4;
        self.at = at + u64::from(length);
        Ok(Some((head, at, length as usize)))
    }
}

fn filled(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
