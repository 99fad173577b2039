//! `appFilter`: the guard against look-alike groups pushed from another directory.

use crate::{Group, GroupKind};

/// The sources whose groups may map: `okta` for local groups, else app names or app ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppFilter(Vec<String>);

impl AppFilter {
    /// Splits the comma list; words are compared without case.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.split(',').map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty()).collect())
    }

    /// Whether a group of this source may confer a role. Everyone counts as a local group; an `APP_GROUP` whose
    /// source app could not be named is not allowed, unless its app id is listed.
    #[must_use]
    pub fn allows(&self, group: &Group) -> bool {
        match group.kind {
            GroupKind::Okta | GroupKind::BuiltIn => self.lists("okta"),
            GroupKind::App | GroupKind::Unknown => [&group.origin.app_name, &group.origin.app_id]
                .into_iter()
                .flatten()
                .map(|word| word.to_lowercase())
                // `okta` means local groups, whatever an app calls itself
                .any(|word| word != "okta" && self.lists(&word)),
        }
    }

    /// Whether any other source than local groups is allowed.
    #[must_use]
    pub fn beyond_okta(&self) -> bool {
        self.0.iter().any(|word| word != "okta")
    }

    fn lists(&self, word: &str) -> bool {
        self.0.iter().any(|listed| listed == word)
    }
}
