//! Profiles and metadata, read leniently: what is absent or of another shape is absent.

use jiff::Timestamp;
use rolebook_snapshot::{
    annotation, json,
    proto::{Grant, GrantMetadata, Resource},
};
use serde_json::{Map, Value};

/// A profile or metadata object.
pub(super) struct View(Map<String, Value>);

impl View {
    pub(super) fn profile(resource: &Resource) -> Self {
        Self(resource.profile.as_ref().map(json::from_struct).unwrap_or_default())
    }

    pub(super) fn metadata(grant: &Grant) -> Self {
        let metadata = annotation::find::<GrantMetadata>(&grant.annotations).ok().flatten();
        Self(metadata.and_then(|found| found.metadata).as_ref().map(json::from_struct).unwrap_or_default())
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(Value::as_str)
    }

    pub(super) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.0.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        self.0.get(key).and_then(Value::as_i64)
    }

    pub(super) fn time(&self, key: &str) -> Option<Timestamp> {
        self.text(key).and_then(|text| text.parse().ok())
    }

    /// A list of strings; one string alone is a list of one.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        match self.0.get(key) {
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn list(&self, key: &str) -> &[Value] {
        self.0.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(super) fn object(&self, key: &str) -> Map<String, Value> {
        self.0.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    pub(super) fn value(&self, key: &str) -> Value {
        self.0.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}
