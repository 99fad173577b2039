//! Short ways to make records, with the defaults that Baton's own builders set.

use crate::id;
use crate::proto::resource_type::Trait;
use crate::proto::{Entitlement, Grant, Resource, ResourceId, ResourceType, entitlement::PurposeValue};

impl ResourceType {
    /// A type with this id, name and traits.
    pub fn new(id: &str, display_name: &str, traits: &[Trait]) -> Self {
        Self {
            id: id.into(),
            display_name: display_name.into(),
            traits: traits.iter().map(|r#trait| *r#trait as i32).collect(),
            ..Self::default()
        }
    }
}

impl ResourceId {
    /// The id `resource` of type `resource_type`.
    pub fn new(resource_type: &str, resource: &str) -> Self {
        Self { resource_type: resource_type.into(), resource: resource.into(), baton_resource: false }
    }
}

impl Resource {
    /// A resource with a display name.
    pub fn new(id: ResourceId, display_name: &str) -> Self {
        Self { display_name: display_name.into(), ..Self::stub(id) }
    }

    /// The id alone, which is how a grant names its principal and its entitlement's resource.
    pub fn stub(id: ResourceId) -> Self {
        Self { id: Some(id), ..Self::default() }
    }
}

impl Entitlement {
    /// An assignment entitlement of `resource`, which is embedded; the slug is also its display name.
    pub fn assignment(resource: Resource, slug: &str) -> Self {
        let id = resource.id.as_ref().map_or_else(
            || id::entitlement_id("", "", slug),
            |id| id::entitlement_id(&id.resource_type, &id.resource, slug),
        );
        Self {
            resource: Some(resource),
            id,
            display_name: slug.into(),
            slug: slug.into(),
            purpose: PurposeValue::Assignment as i32,
            ..Self::default()
        }
    }
}

impl Grant {
    /// `principal` holds `entitlement_id` of `resource`; ids only, no more is embedded.
    pub fn new(entitlement_id: &str, resource: ResourceId, principal: ResourceId) -> Self {
        Self {
            id: id::grant_id(entitlement_id, &principal.resource_type, &principal.resource),
            entitlement: Some(Entitlement {
                id: entitlement_id.into(),
                resource: Some(Resource::stub(resource)),
                ..Entitlement::default()
            }),
            principal: Some(Resource::stub(principal)),
            ..Self::default()
        }
    }
}
