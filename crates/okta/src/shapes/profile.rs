//! Profiles: objects whose fields each org defines.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A profile, kept as the JSON that Okta sent and read only when asked. Mostly a few fields of it matter, and
/// half a million of them parsed would not fit anywhere.
#[derive(Clone, Default, Deserialize, Serialize)]
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

    /// Keeps only some fields; a profile that is no object becomes none. What stays, stays as Okta wrote it.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let fields: Option<BTreeMap<String, Box<RawValue>>> = self.read().ok();
        let kept = fields.map(|mut fields| {
            fields.retain(|name, _| keep(name));
            fields
        });
        self.0 = kept.and_then(|kept| serde_json::value::to_raw_value(&kept).ok());
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
