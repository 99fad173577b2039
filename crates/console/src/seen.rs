//! What a caller has seen of something: which state an answer showed, and whether a change is made over that state.
//!
//! A tag is `"STATE-BODY"`: the state is what people edit (a version, or a hash over it), the body is the hash of the
//! whole answer, in which times and progress change too. `If-None-Match` asks for the whole, `If-Match` for the state.
//! Where an answer is nothing but its state, the tag is `"STATE"`.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde::Serialize;

/// The states that a change may be made over, from `If-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen(Vec<String>);

impl Seen {
    /// Nothing for `*`: whatever is there.
    pub(crate) fn of(header: &str) -> Option<Self> {
        let all = tags(header);
        if all.contains(&"*") {
            return None;
        }
        // A proxy that compresses makes our tags weak; the state in them is the same.
        Some(Self(all.into_iter().filter_map(|tag| tag.split('-').next()).map(str::to_owned).collect()))
    }

    /// Whether this state was seen.
    pub(crate) fn is(&self, state: &str) -> bool {
        self.0.iter().any(|seen| seen == state)
    }
}

/// The tags of a header, without marks.
pub(crate) fn tags(header: &str) -> Vec<&str> {
    header.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"')).collect()
}

/// The state of something that is given whole.
pub(crate) fn state(of: &impl Serialize) -> String {
    hash(&serde_json::to_vec(of).unwrap_or_default())
}

/// 128 bits of the hash over an answer.
pub(crate) fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref().get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_found_in_its_tags_and_in_no_other() {
        let seen = Seen::of("\"7-abc\", W/\"8\"").unwrap();
        assert!(seen.is("7") && seen.is("8") && !seen.is("abc") && !seen.is("9"));
        assert_eq!(Seen::of("*"), None);
        assert!(!Seen::of("").unwrap().is("7"));
    }
}
