//! What is inside a sealed file, as far as a search for text goes.

use std::{io::Read, path::Path};

const ZSTD_FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The snapshot's database, and behind it what its assets hold when they are compressed.
pub(crate) fn contents(file: &Path) -> Vec<u8> {
    let sealed = std::fs::read(file).unwrap();
    let mut bytes = zstd::decode_all(sealed.strip_prefix(b"C1ZF\0").unwrap()).unwrap();
    assert!(bytes.starts_with(b"SQLite format 3\0"));
    let starts: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&ZSTD_FRAME)).collect();
    for start in starts {
        let mut inner = Vec::new();
        let decoder = zstd::Decoder::new(&bytes[start..]).unwrap().single_frame();
        // Four bytes that only look like the start of a frame end in an error.
        let _ = decoder.take(1 << 24).read_to_end(&mut inner);
        bytes.extend(inner);
    }
    bytes
}

pub(crate) fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
