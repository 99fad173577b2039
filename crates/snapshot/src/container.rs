//! The container: five magic bytes and one zstd frame that holds a SQLite database.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use rustix::fs::FallocateFlags;
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;
use zstd::zstd_safe::CParameter;

use crate::Error;
use crate::frame::FrameHeader;

const MAGIC: &[u8; 5] = b"C1ZF\0";
const PEBBLE_MAGIC: &[u8; 5] = b"C1Z3\0";
const LEVEL: i32 = 3;
/// What a thread compresses at a time. Part of the format's bytes: another size gives another frame.
const JOB_BYTES: u32 = 2 << 20;
const CHUNK: usize = 1 << 18;
/// How many times its own size a file may unpack to; snapshots reach thirty.
const MOST_FOLD: u64 = 256;
/// Any file may unpack to this much, however small it is.
const FREE_BYTES: u64 = 64 << 20;
/// Chunks on their way between decoding and writing.
const CHUNKS: usize = 8;

/// What a reader lets a file ask of the machine. A snapshot may come from anywhere, and a kilobyte of zstd can
/// decompress to terabytes.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of the database inside; more is refused. Default 10 GiB.
    pub max_decoded_bytes: u64,
    /// Refuses what unpacks to more than 256 times the file's size and more than 64 MiB: no snapshot does, and a bomb
    /// would fill the disk before it reaches [`Self::max_decoded_bytes`]. Default true.
    pub bound_ratio: bool,
    /// Bytes of memory the frame's window may need; more is refused. Default 128 MiB.
    pub max_window_bytes: u64,
    /// The folder for the decompressed copy, which is removed when no longer needed; none is the system's.
    pub scratch: Option<PathBuf>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_decoded_bytes: 10 << 30, bound_ratio: true, max_window_bytes: 128 << 20, scratch: None }
    }
}

/// Decompresses the database of the snapshot at `path` into `database`.
pub(crate) fn unpack(path: &Path, limits: &Limits, database: &mut File, into: &Path) -> Result<(), Error> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    let mut file = BufReader::with_capacity(CHUNK, file);
    check_magic(&mut file, path)?;

    let damaged = |source: io::Error| Error::Damaged { path: path.into(), reason: source.to_string() };
    let mut head = Vec::with_capacity(FrameHeader::MAX_LEN);
    let head_len = u64::try_from(FrameHeader::MAX_LEN).unwrap_or(u64::MAX);
    file.by_ref().take(head_len).read_to_end(&mut head).map_err(Error::io("read", path))?;
    let header = FrameHeader::parse(&head).ok_or_else(|| Error::Damaged {
        path: path.into(),
        reason: "no zstd frame follows the magic".into(),
    })?;
    let packed = std::fs::metadata(path).map_or(0, |found| found.len());
    let most_by_ratio =
        if limits.bound_ratio { packed.saturating_mul(MOST_FOLD).max(FREE_BYTES) } else { u64::MAX };
    let most = limits.max_decoded_bytes.min(most_by_ratio);
    let too_large = || Error::TooLarge { path: path.into(), packed, limit: most };
    if header.content_bytes.is_some_and(|bytes| bytes > most) {
        return Err(too_large());
    }
    if header.window_bytes > limits.max_window_bytes {
        return Err(Error::WindowTooLarge { path: path.into(), limit: limits.max_window_bytes });
    }

    reserve(database, header.content_bytes.unwrap_or(0).min(packed.saturating_mul(MOST_FOLD)));

    let mut decoder = Decoder::with_buffer(BufReader::new(head.chain(file))).map_err(damaged)?;
    decoder.window_log_max(limits.max_window_bytes.clamp(1 << 10, 1 << 31).ilog2()).map_err(damaged)?;
    // Decoding and writing take as long as each other, so each has a thread. A few chunks go round between them.
    let (full, to_write) = mpsc::sync_channel::<Vec<u8>>(CHUNKS);
    let (empty, to_fill) = mpsc::channel::<Vec<u8>>();
    thread::scope(|scope| {
        let decoding = scope.spawn(move || {
            let mut total: u64 = 0;
            for made in 0.. {
                let spare = if made < CHUNKS { None } else { to_fill.recv().ok() };
                let mut chunk = spare.unwrap_or_default();
                chunk.resize(CHUNK, 0);
                let read = fill(&mut decoder, &mut chunk).map_err(damaged)?;
                if read == 0 {
                    break;
                }
                total += u64::try_from(read).unwrap_or(u64::MAX);
                if total > most {
                    return Err(too_large());
                }
                chunk.truncate(read);
                // The writer is gone when it failed: its error is told.
                if full.send(chunk).is_err() {
                    break;
                }
            }
            Ok(())
        });
        let written = write_chunks(&to_write, &empty, database);
        // A decoder that waits to hand over its chunk sees that nobody takes it any more.
        drop(to_write);
        drop(empty);
        let decoded = decoding.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written.map_err(Error::io("write", into))?;
        decoded
    })
}

/// Asks the file system for room once, which spares it the search at every page: half of the time of a large copy. Where
/// it cannot, the copy is written all the same.
fn reserve(database: &File, bytes: u64) {
    if bytes > 0 {
        let _ = rustix::fs::fallocate(database, FallocateFlags::KEEP_SIZE, 0, bytes);
    }
}

/// Fills a chunk as far as the frame goes.
fn fill(decoder: &mut impl Read, chunk: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = chunk.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match decoder.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn write_chunks(
    chunks: &mpsc::Receiver<Vec<u8>>,
    empty: &mpsc::Sender<Vec<u8>>,
    database: &mut File,
) -> io::Result<()> {
    while let Ok(chunk) = chunks.recv() {
        database.write_all(&chunk)?;
        // At the end nobody wants it back.
        let _ = empty.send(chunk);
    }
    Ok(())
}

fn check_magic(file: &mut impl Read, path: &Path) -> Result<(), Error> {
    let mut magic = Vec::with_capacity(MAGIC.len());
    file.take(5).read_to_end(&mut magic).map_err(Error::io("read", path))?;
    match magic.as_slice() {
        magic if magic == MAGIC => Ok(()),
        magic if magic == PEBBLE_MAGIC => Err(Error::Pebble { path: path.into() }),
        [] => Err(Error::Empty { path: path.into() }),
        _ => Err(Error::NotASnapshot { path: path.into() }),
    }
}

/// Compresses the database, of `len` bytes, into `out`.
///
/// The same database gives the same bytes: the frame does not depend on the number of workers.
pub(crate) fn pack(database: &mut impl Read, len: u64, workers: u32, out: impl Write) -> io::Result<()> {
    let mut out = out;
    out.write_all(MAGIC)?;
    let mut encoder = Encoder::new(out, LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.include_contentsize(true)?;
    encoder.set_pledged_src_size(Some(len))?;
    // Never 0: without workers the compressor cuts its input elsewhere and the bytes would differ.
    encoder.multithread(workers.max(1))?;
    // Each thread holds a job and its output: zstd's own choice, four windows, is most of a small seal's memory.
    encoder.set_parameter(CParameter::JobSize(JOB_BYTES))?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = database.read(&mut chunk)?;
        match chunk.get(..read) {
            None | Some([]) => break,
            Some(bytes) => encoder.write_all(bytes)?,
        }
    }
    encoder.finish()?.flush()
}
