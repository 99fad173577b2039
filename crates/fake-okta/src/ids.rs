//! Ids and token values that look like Okta's and are the same for the same seed.

use rand::distr::{Alphanumeric, SampleString};
use rand::{RngCore as _, SeedableRng as _, rngs::SmallRng};

/// Hands out 20-character ids with Okta's prefixes: `00u…`, `00g…`, `0oa…`.
#[derive(Clone, Debug)]
pub(crate) struct IdSource {
    seed: u64,
    drawn: u64,
}

impl IdSource {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, drawn: 0 }
    }

    pub(crate) fn next(&mut self, prefix: &str) -> String {
        self.drawn += 1;
        let mut id = String::with_capacity(20);
        id.push_str(prefix);
        let mut rng = SmallRng::seed_from_u64(self.seed ^ self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Alphanumeric.append_string(&mut rng, &mut id, 20_usize.saturating_sub(prefix.len()));
        id
    }

    /// The id of a log entry.
    pub(crate) fn next_uuid(&mut self) -> String {
        self.drawn += 1;
        let high = SmallRng::seed_from_u64(self.seed.wrapping_add(self.drawn)).next_u64();
        let low = high.rotate_left(29) ^ self.drawn.wrapping_mul(0x2545_f491_4f6c_dd1d);
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xfff);
        format!("{a:08x}-{b:04x}-4{c:03x}-8{:03x}-{:012x}", (low >> 48) & 0xfff, low & 0xffff_ffff_ffff)
    }
}

/// An id that follows from other ids and from nothing else.
pub(crate) fn derived(prefix: &str, of: &[&str]) -> String {
    let seed =
        of.iter().flat_map(|id| id.bytes().chain([0])).fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    IdSource::new(seed).next(prefix)
}

/// The secret of the token called `name`: 42 characters that begin with `00`, as Okta's do.
pub(crate) fn token_value(seed: u64, name: &str) -> String {
    let salt = name.bytes().fold(seed ^ 0x5357_5353, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
    });
    let mut value = String::from("00");
    Alphanumeric.append_string(&mut SmallRng::seed_from_u64(salt), &mut value, 40);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_twenty_characters_and_repeat_only_with_the_seed() {
        let (mut one, mut same, mut other) = (IdSource::new(7), IdSource::new(7), IdSource::new(8));
        let first = one.next("00u");
        assert_eq!(first.len(), 20);
        assert!(first.starts_with("00u"));
        assert_eq!(first, same.next("00u"));
        assert_ne!(first, other.next("00u"));
        assert_ne!(first, one.next("00u"));
    }

    #[test]
    fn token_values_differ_by_name_and_seed() {
        assert_eq!(token_value(1, "super"), token_value(1, "super"));
        assert_ne!(token_value(1, "super"), token_value(1, "read_only"));
        assert_ne!(token_value(1, "super"), token_value(2, "super"));
        assert!(token_value(1, "super").starts_with("00"));
    }
}
