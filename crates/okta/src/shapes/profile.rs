//! Profiles: objects whose fields each org defines.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// A profile, kept as the JSON that Okta sent and read only when asked. Mostly a few fields of it matter, and
/// half a million of them parsed would not fit anywhere.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Profile(Option<Box<RawValue>>);

impl Profile {
    /// The JSON text; `null` when there was no profile.
    #[must_use]
    pub fn json(&self) -> &str {
        self.0.as_deref().map_or("null", RawValue::get)
    }

    /// Reads the profile into a type that names the fields of interest. All of them should be optional: Okta
    /// leaves out or sends as `null` what is not set.
    ///
    /// # Errors
    /// When a field is of another type than asked for.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.json())
    }

    /// As [`Profile::read`], for types that borrow from the profile.
    ///
    /// # Errors
    /// When a field is of another type than asked for, or a text has escapes and cannot be borrowed.
    pub fn borrow<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.json())
    }
}

impl fmt::Debug for Profile {
    /// Only the size: a profile is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile({} bytes)", self.json().len())
    }
}

impl PartialEq for Profile {
    /// By the JSON as Okta wrote it.
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}
