//! Small builders for profiles, metadata and texts within Baton's limits.

use jiff::Timestamp;
use rolebook_snapshot::{
    annotation, json,
    proto::{
        EntitlementImmutable, Grant, GrantImmutable, GrantMetadata, GrantSources, grant_sources::GrantSource,
    },
};
use serde_json::{Map, Value};

use crate::words::{GROUP, MEMBER};

/// Baton: display names are at most 1024 bytes.
const MAX_NAME: usize = 1024;

/// A profile under construction; what is absent stays absent.
#[derive(Default)]
pub(super) struct Profile(Map<String, Value>);

impl Profile {
    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    pub(super) fn with_some(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub(super) fn with_time(self, key: &str, value: Option<Timestamp>) -> Self {
        self.with_some(key, value.map(|time| time.to_string()))
    }

    pub(super) fn with_list(self, key: &str, items: &[String]) -> Self {
        if items.is_empty() { self } else { self.with(key, items.to_vec()) }
    }

    pub(super) fn to_struct(&self) -> prost_types::Struct {
        json::to_struct(&self.0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A name that fits, with `fallback` where Okta shows none.
pub(super) fn display_name(name: &str, fallback: &str) -> String {
    let name = if name.trim().is_empty() { fallback } else { name };
    let mut end = name.len().min(MAX_NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or(name).to_owned()
}

/// Attaches metadata, unless there is none.
pub(super) fn describe(grant: &mut Grant, metadata: &Profile) {
    if !metadata.is_empty() {
        grant.annotations.push(annotation::pack(&GrantMetadata { metadata: Some(metadata.to_struct()) }));
    }
}

/// Marks a grant that cannot be taken back where it stands.
pub(super) fn immutable(grant: &mut Grant) {
    grant.annotations.push(annotation::pack(&GrantImmutable::default()));
}

/// Marks an entitlement that cannot be given.
pub(super) fn entitlement_immutable() -> prost_types::Any {
    annotation::pack(&EntitlementImmutable::default())
}

/// The entitlements that explain a grant: the memberships of these groups, and its own entitlement when the own
/// assignment confers it beside them.
pub(super) fn sources<'a>(
    groups: impl IntoIterator<Item = &'a str>,
    own: Option<&str>,
) -> Option<GrantSources> {
    let direct = || GrantSource { is_direct: true };
    let mut sources: std::collections::BTreeMap<String, GrantSource> =
        groups.into_iter().map(|group| (member_entitlement(group), direct())).collect();
    if sources.is_empty() {
        return None;
    }
    if let Some(own) = own {
        sources.insert(own.to_owned(), direct());
    }
    Some(GrantSources { sources })
}

/// Id of a group's membership entitlement.
pub(super) fn member_entitlement(group: &str) -> String {
    rolebook_snapshot::id::entitlement_id(GROUP, group, MEMBER)
}
