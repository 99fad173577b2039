//! Row counts of a sync.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many rows a sync holds. This is also the JSON of the `stats` column.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stats {
    /// Rows of the table of resource types.
    #[serde(skip_serializing_if = "is_zero")]
    pub resource_types: u64,
    /// Rows of the table of resources.
    #[serde(skip_serializing_if = "is_zero")]
    pub resources: u64,
    /// Rows of the table of entitlements.
    #[serde(skip_serializing_if = "is_zero")]
    pub entitlements: u64,
    /// Rows of the table of grants.
    #[serde(skip_serializing_if = "is_zero")]
    pub grants: u64,
    /// Rows of the table of assets.
    #[serde(skip_serializing_if = "is_zero")]
    pub assets: u64,
    /// Resources by their type.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resources_by_resource_type: BTreeMap<String, u64>,
    /// Grants by the type of the entitlement's resource, not of the principal.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub grants_by_resource_type: BTreeMap<String, u64>,
    /// Entitlements by the type of their resource.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub entitlements_by_resource_type: BTreeMap<String, u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Adds one to a type's count, allocating only for a type not seen before.
pub(crate) fn count(by_type: &mut BTreeMap<String, u64>, resource_type: &str) {
    match by_type.get_mut(resource_type) {
        Some(count) => *count += 1,
        None => {
            by_type.insert(resource_type.into(), 1);
        }
    }
}
