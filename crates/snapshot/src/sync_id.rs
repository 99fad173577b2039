//! The id of a sync: a KSUID, 27 characters `[0-9A-Za-z]`.

use std::fmt;
use std::str::FromStr;

/// KSUID time starts here (2014-05-13T16:53:20Z).
const EPOCH: i64 = 1_400_000_000;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 27;

/// The id of a sync.
///
/// 4 bytes of seconds since 2014 and 16 random bytes, in base 62. Ids order by their time, which is also the
/// order of their text. Any text of the right shape is accepted when read, as Baton itself does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SyncId([u8; LENGTH]);

/// A text that is not a sync id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a sync id: 27 letters and digits are expected")]
pub struct SyncIdError(String);

impl SyncId {
    /// Makes an id of a time, in Unix seconds, and 16 bytes that must be random.
    ///
    /// Times outside 2014 to 2150, which a KSUID cannot hold, are moved to the nearest that it can.
    pub fn new(unix_seconds: i64, random: [u8; 16]) -> Self {
        let seconds = u32::try_from(unix_seconds.saturating_sub(EPOCH).max(0)).unwrap_or(u32::MAX);
        let mut text = [b'0'; LENGTH];
        let mut low = u128::from_be_bytes(random);
        let mut high = u128::from(seconds);
        for place in text.iter_mut().rev() {
            // One step of long division of `high · 2¹²⁸ + low` by 62, the low part in two halves so that the
            // running remainder fits.
            let middle = (high % 62) << 64 | low >> 64;
            high /= 62;
            let bottom = (middle % 62) << 64 | (low & u128::from(u64::MAX));
            low = ((middle / 62) << 64) | (bottom / 62);
            *place = usize::try_from(bottom % 62)
                .ok()
                .and_then(|digit| ALPHABET.get(digit))
                .copied()
                .unwrap_or(b'0');
        }
        Self(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// When the sync began, in Unix seconds; none when the text is larger than a KSUID can be.
    pub fn unix_seconds(&self) -> Option<i64> {
        let mut high: u128 = 0;
        let mut low: u128 = 0;
        for char in self.0 {
            let digit = ALPHABET.iter().position(|letter| *letter == char)?;
            let bottom = (low & u128::from(u64::MAX)) * 62 + u128::try_from(digit).ok()?;
            let middle = (low >> 64) * 62 + (bottom >> 64);
            high = high * 62 + (middle >> 64);
            low = middle << 64 | (bottom & u128::from(u64::MAX));
        }
        u32::try_from(high).ok().map(|seconds| i64::from(seconds) + EPOCH)
    }
}

impl fmt::Display for SyncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SyncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyncId({self})")
    }
}

impl FromStr for SyncId {
    type Err = SyncIdError;

    fn from_str(text: &str) -> Result<Self, SyncIdError> {
        match <[u8; LENGTH]>::try_from(text.as_bytes()) {
            Ok(bytes) if bytes.iter().all(u8::is_ascii_alphanumeric) => Ok(Self(bytes)),
            _ => Err(SyncIdError(text.into())),
        }
    }
}
