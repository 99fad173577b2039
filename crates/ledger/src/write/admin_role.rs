//! Okta's standard admin roles and who holds them.

use std::collections::BTreeMap;

use rolebook_snapshot::{
    Error, SnapshotWriter, annotation, id,
    proto::{Entitlement, Grant, Resource, ResourceId, ResourceType, RoleTrait},
};
use serde_json::{Value, json};

use super::{
    order::{Block, write_blocks},
    profile::{Profile, describe, display_name, immutable, sources},
};
use crate::{
    AdminHolder, AdminRole, Facts, GroupId, UserId,
    words::{ASSIGNED, GROUP, ROLE, USER, key},
};

pub(super) fn resources(facts: &Facts, writer: &mut SnapshotWriter) -> Result<(), Error> {
    for role in ordered(facts) {
        let profile = Profile::default()
            .with(key::TYPE, role.kind.as_str())
            .with(key::LABEL, role.label.as_str())
            .to_struct();
        // readers before SDK 0.25 look for the profile on the trait only
        let role_trait = RoleTrait { profile: Some(profile.clone()), ..RoleTrait::default() };
        let mut resource = resource(role);
        resource.annotations.push(annotation::pack(&role_trait));
        resource.profile = Some(profile);
        writer.resource(&resource)?;
    }
    Ok(())
}

fn ordered(facts: &Facts) -> Vec<&AdminRole> {
    let mut roles: Vec<&AdminRole> = facts.admin_roles.iter().collect();
    roles.sort_by(|a, b| a.kind.cmp(&b.kind));
    roles
}

fn resource(role: &AdminRole) -> Resource {
    Resource::new(ResourceId::new(ROLE, &role.kind), &display_name(&role.label, &role.kind))
}

fn entitlement_id(role: &AdminRole) -> String {
    id::entitlement_id(ROLE, &role.kind, ASSIGNED)
}

pub(super) fn entitlements(
    facts: &Facts,
    principals: &[ResourceType],
    writer: &mut SnapshotWriter,
) -> Result<(), Error> {
    let mut roles = ordered(facts);
    roles.sort_by_cached_key(|role| entitlement_id(role));
    for role in roles {
        let mut entitlement = Entitlement::assignment(resource(role), ASSIGNED);
        entitlement.display_name = display_name(&format!("{} Assigned", role.label), "Assigned");
        entitlement.description = "Holds the admin role in Okta".to_owned();
        entitlement.grantable_to = principals.to_vec();
        writer.entitlement(&entitlement)?;
    }
    Ok(())
}

pub(super) fn grants(facts: &Facts, writer: &mut SnapshotWriter) -> Result<(), Error> {
    let blocks = facts.admin_roles.iter().map(|role| Block::new(&entitlement_id(role), role)).collect();
    write_blocks(blocks, writer, |role: &&AdminRole, row| {
        let resource = ResourceId::new(ROLE, &role.kind);
        holder_grants(&entitlement_id(role), &resource, &role.groups, &role.users, row)
    })
}

/// The grants of an admin role, standard or custom: to groups, then to users.
pub(super) fn holder_grants(
    entitlement: &str,
    resource: &ResourceId,
    groups: &BTreeMap<GroupId, Vec<String>>,
    users: &BTreeMap<UserId, AdminHolder>,
    row: &mut dyn FnMut(Grant) -> Result<(), Error>,
) -> Result<(), Error> {
    let grant = |kind: &str, principal: &str| {
        Grant::new(entitlement, resource.clone(), ResourceId::new(kind, principal))
    };
    for (group, targets) in groups {
        let mut grant = grant(GROUP, group.as_str());
        describe(
            &mut grant,
            &Profile::default().with(key::ASSIGNMENT, "GROUP").with_list(key::TARGETS, targets),
        );
        row(grant)?;
    }
    for (user, holder) in users {
        let mut grant = grant(USER, user.as_str());
        describe(&mut grant, &metadata(holder));
        if !holder.direct {
            immutable(&mut grant);
        }
        let groups = holder.groups.iter().map(GroupId::as_str);
        grant.sources = sources(groups, holder.direct.then_some(entitlement));
        row(grant)?;
    }
    Ok(())
}

fn metadata(holder: &AdminHolder) -> Profile {
    let outside: Vec<Value> =
        holder.outside.iter().map(|(id, name)| json!({ "id": id.as_str(), "name": name })).collect();
    Profile::default()
        .with(key::ASSIGNMENT, if holder.direct { "USER" } else { "GROUP" })
        .with_list(key::TARGETS, &holder.targets)
        .with_some(key::OUTSIDE_GROUPS, (!outside.is_empty()).then_some(outside))
}
