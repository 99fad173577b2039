//! Custom admin roles, resource sets and bindings.

use rolebook_snapshot::{
    Error, SnapshotWriter, annotation, id,
    proto::{Entitlement, Grant, Resource, ResourceId, ResourceType, RoleTrait},
};
use serde_json::{Value, json};

use super::{
    admin_role::holder_grants,
    order::{Block, write_blocks},
    profile::{Profile, display_name},
};
use crate::{
    Binding, CustomRole, CustomRoles, ResourceSet,
    words::{ASSIGNED, BINDINGS, CUSTOM_ROLE, GROUP, MEMBER, RESOURCE_SET, RESOURCE_SET_BINDING, USER, key},
};

/// A role bound to a set.
struct Bound<'a> {
    set: &'a ResourceSet,
    role: &'a str,
    label: &'a str,
    binding: &'a Binding,
}

impl Bound<'_> {
    fn id(&self) -> String {
        format!("{}:{}", self.set.id, self.role)
    }

    fn resource(&self) -> Resource {
        let name = format!("{} on {}", named(self.label, self.role), named(&self.set.label, &self.set.id));
        Resource::new(ResourceId::new(RESOURCE_SET_BINDING, &self.id()), &display_name(&name, "Binding"))
    }

    fn entitlement_id(&self) -> String {
        id::entitlement_id(RESOURCE_SET_BINDING, &self.id(), MEMBER)
    }
}

fn named<'a>(label: &'a str, id: &'a str) -> &'a str {
    if label.trim().is_empty() { id } else { label }
}

/// All bindings, in the order of their ids.
fn bound(custom: &CustomRoles) -> Vec<Bound<'_>> {
    let label = |id: &str| {
        let role = custom.roles.iter().find(|role| role.id == id);
        role.map_or("", |role| role.label.as_str())
    };
    let mut all: Vec<Bound<'_>> = custom
        .sets
        .iter()
        .flat_map(|set| {
            set.bindings.iter().map(move |(role, binding)| Bound { set, role, label: label(role), binding })
        })
        .collect();
    all.sort_by_cached_key(Bound::id);
    all
}

pub(super) fn types() -> [ResourceType; 3] {
    [
        ResourceType::new(
            CUSTOM_ROLE,
            "Custom Role",
            &[rolebook_snapshot::proto::resource_type::Trait::Role],
        ),
        ResourceType::new(RESOURCE_SET, "Resource Set", &[]),
        ResourceType::new(RESOURCE_SET_BINDING, "Resource Set Binding", &[]),
    ]
}

fn described(label: &str, description: &str) -> Profile {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Profile::default().with_some(key::LABEL, text(label)).with_some(key::DESCRIPTION, text(description))
}

fn role_resource(role: &CustomRole) -> Resource {
    Resource::new(ResourceId::new(CUSTOM_ROLE, &role.id), &display_name(&role.label, &role.id))
}

fn set_resource(set: &ResourceSet) -> Resource {
    Resource::new(ResourceId::new(RESOURCE_SET, &set.id), &display_name(&set.label, &set.id))
}

pub(super) fn role_resources(custom: &CustomRoles, writer: &mut SnapshotWriter) -> Result<(), Error> {
    for role in &custom.roles {
        let profile = described(&role.label, &role.description)
            .with(key::PERMISSIONS, role.permissions.clone())
            .to_struct();
        // readers before SDK 0.25 look for the profile on the trait only
        let role_trait = RoleTrait { profile: Some(profile.clone()), ..RoleTrait::default() };
        let mut resource = role_resource(role);
        resource.annotations.push(annotation::pack(&role_trait));
        resource.profile = Some(profile);
        writer.resource(&resource)?;
    }
    Ok(())
}

pub(super) fn set_resources(custom: &CustomRoles, writer: &mut SnapshotWriter) -> Result<(), Error> {
    for set in &custom.sets {
        let profile = described(&set.label, &set.description).with(key::RESOURCES, set.resources.clone());
        let mut resource = set_resource(set);
        resource.profile = Some(profile.to_struct());
        writer.resource(&resource)?;
    }
    for bound in bound(custom) {
        let outside: Vec<Value> = bound
            .binding
            .outside
            .iter()
            .map(|(id, name)| json!({ "id": id.as_str(), "name": name }))
            .collect();
        let others: Vec<String> = bound.binding.others.iter().cloned().collect();
        let profile = Profile::default()
            .with(key::RESOURCE_SET, bound.set.id.as_str())
            .with(key::ROLE, bound.role)
            .with_some(key::OUTSIDE_GROUPS, (!outside.is_empty()).then_some(outside))
            .with_list(key::OTHER_MEMBERS, &others);
        let mut resource = bound.resource();
        resource.profile = Some(profile.to_struct());
        writer.resource(&resource)?;
    }
    Ok(())
}

fn role_entitlement_id(role: &CustomRole) -> String {
    id::entitlement_id(CUSTOM_ROLE, &role.id, ASSIGNED)
}

fn set_entitlement_id(set: &ResourceSet) -> String {
    id::entitlement_id(RESOURCE_SET, &set.id, BINDINGS)
}

pub(super) fn role_entitlements(
    custom: &CustomRoles,
    principals: &[ResourceType],
    writer: &mut SnapshotWriter,
) -> Result<(), Error> {
    let mut roles: Vec<&CustomRole> = custom.roles.iter().collect();
    roles.sort_by_cached_key(|role| role_entitlement_id(role));
    for role in roles {
        let mut entitlement = Entitlement::assignment(role_resource(role), ASSIGNED);
        entitlement.display_name =
            display_name(&format!("{} Assigned", named(&role.label, &role.id)), "Assigned");
        entitlement.description = "Holds the custom admin role in Okta, in some resource set".to_owned();
        entitlement.grantable_to = principals.to_vec();
        writer.entitlement(&entitlement)?;
    }
    Ok(())
}

pub(super) fn set_entitlements(
    custom: &CustomRoles,
    principals: &[ResourceType],
    writer: &mut SnapshotWriter,
) -> Result<(), Error> {
    let [role_type, _, _] = types();
    let mut sets: Vec<&ResourceSet> = custom.sets.iter().collect();
    sets.sort_by_cached_key(|set| set_entitlement_id(set));
    for set in sets {
        let mut entitlement = Entitlement::assignment(set_resource(set), BINDINGS);
        entitlement.display_name =
            display_name(&format!("{} Bindings", named(&set.label, &set.id)), "Bindings");
        entitlement.description = "Custom admin roles that are bound to the resource set".to_owned();
        entitlement.grantable_to = vec![role_type.clone()];
        writer.entitlement(&entitlement)?;
    }
    let mut bindings = bound(custom);
    bindings.sort_by_cached_key(Bound::entitlement_id);
    for bound in bindings {
        let resource = bound.resource();
        let name = display_name(&format!("{} Member", resource.display_name), "Member");
        let mut entitlement = Entitlement::assignment(resource, MEMBER);
        entitlement.display_name = name;
        entitlement.description = "Has the custom admin role within the resource set".to_owned();
        entitlement.grantable_to = principals.to_vec();
        writer.entitlement(&entitlement)?;
    }
    Ok(())
}

pub(super) fn role_grants(custom: &CustomRoles, writer: &mut SnapshotWriter) -> Result<(), Error> {
    let blocks = custom.roles.iter().map(|role| Block::new(&role_entitlement_id(role), role)).collect();
    write_blocks(blocks, writer, |role: &&CustomRole, row| {
        let resource = ResourceId::new(CUSTOM_ROLE, &role.id);
        holder_grants(&role_entitlement_id(role), &resource, &role.groups, &role.users, row)
    })
}

pub(super) fn set_grants(custom: &CustomRoles, writer: &mut SnapshotWriter) -> Result<(), Error> {
    let blocks = custom.sets.iter().map(|set| Block::new(&set_entitlement_id(set), set)).collect();
    write_blocks(blocks, writer, |set: &&ResourceSet, row| {
        for role in set.bindings.keys() {
            row(Grant::new(
                &set_entitlement_id(set),
                ResourceId::new(RESOURCE_SET, &set.id),
                ResourceId::new(CUSTOM_ROLE, role),
            ))?;
        }
        Ok(())
    })?;
    let blocks = bound(custom).into_iter().map(|bound| Block::new(&bound.entitlement_id(), bound)).collect();
    write_blocks(blocks, writer, |bound: &Bound<'_>, row| {
        let (entitlement, resource) =
            (bound.entitlement_id(), ResourceId::new(RESOURCE_SET_BINDING, &bound.id()));
        let grant =
            |kind: &str, id: &str| Grant::new(&entitlement, resource.clone(), ResourceId::new(kind, id));
        for group in &bound.binding.groups {
            row(grant(GROUP, group.as_str()))?;
        }
        for user in &bound.binding.users {
            row(grant(USER, user.as_str()))?;
        }
        Ok(())
    })
}
