//! The head of a zstd frame (RFC 8878, §3.1.1.1): what the frame says it needs, before a byte is decompressed.

/// What the head says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// Memory that the decoder must keep.
    pub(crate) window_bytes: u64,
    /// Size once decompressed, if the writer told.
    pub(crate) content_bytes: Option<u64>,
}

impl FrameHeader {
    /// No head is longer.
    pub(crate) const MAX_LEN: usize = 18;
    const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

    /// Reads the head at the start of `bytes`; none if these are not the start of a frame.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (&descriptor, mut rest) = bytes.strip_prefix(&Self::MAGIC)?.split_first()?;
        let single_segment = descriptor & 0x20 != 0;
        let window_byte = if single_segment { None } else { Some(split_byte(&mut rest)?) };
        let dictionary_len = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied()?;
        rest = rest.get(dictionary_len..)?;
        let content_bytes = match (descriptor >> 6, single_segment) {
            (0, false) => None,
            (0, true) => Some(little_endian(rest.get(..1)?)),
            (1, _) => Some(little_endian(rest.get(..2)?) + 256),
            (2, _) => Some(little_endian(rest.get(..4)?)),
            _ => Some(little_endian(rest.get(..8)?)),
        };
        let window_bytes = match window_byte {
            None => content_bytes?,
            Some(byte) => {
                let base = 1_u64 << (10 + u32::from(byte >> 3));
                base + base / 8 * u64::from(byte & 7)
            }
        };
        Some(Self { window_bytes, content_bytes })
    }
}

fn split_byte(bytes: &mut &[u8]) -> Option<u8> {
    let (&first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(first)
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
