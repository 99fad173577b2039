//! Raw identifiers. They are plain joins without escaping: opaque keys, never to be split, because a part may
//! itself hold a `:`. Where parts must be told apart again, use [`crate::bid`].

/// The key of a resource: `<resource type>:<resource id>`.
pub fn resource_key(resource_type: &str, resource: &str) -> String {
    format!("{resource_type}:{resource}")
}

/// An entitlement's id: `<resource type>:<resource id>:<slug>`.
pub fn entitlement_id(resource_type: &str, resource: &str, slug: &str) -> String {
    format!("{resource_type}:{resource}:{slug}")
}

/// A grant's id: `<entitlement id>:<principal type>:<principal id>`.
pub fn grant_id(entitlement_id: &str, principal_type: &str, principal: &str) -> String {
    format!("{entitlement_id}:{principal_type}:{principal}")
}
