//! Custom admin roles, resource sets and bindings, back from their rows.

use std::collections::BTreeMap;

use rolebook_snapshot::{GrantFilter, SyncRows};
use serde_json::Value;

use super::{ReadError, assignment, id, of, principal, view::View};
use crate::{
    Binding, CustomRole, CustomRoles, GroupId, ResourceSet, UserId,
    words::{CUSTOM_ROLE, GROUP, RESOURCE_SET, RESOURCE_SET_BINDING, USER, key},
};

/// `None` when they were not asked for.
pub(super) fn read(rows: &SyncRows<'_>) -> Result<Option<CustomRoles>, ReadError> {
    let mut asked_for = false;
    rows.resource_types(|row| {
        asked_for |= row.id == CUSTOM_ROLE;
        Ok::<_, ReadError>(())
    })?;
    if !asked_for {
        return Ok(None);
    }
    Ok(Some(CustomRoles { roles: roles(rows)?, sets: sets(rows)? }))
}

fn roles(rows: &SyncRows<'_>) -> Result<Vec<CustomRole>, ReadError> {
    let mut roles = BTreeMap::new();
    rows.resources(Some(CUSTOM_ROLE), |row| {
        let profile = View::profile(&row);
        let role = CustomRole {
            id: id(&row).to_owned(),
            label: profile.owned(key::LABEL).unwrap_or_default(),
            description: profile.owned(key::DESCRIPTION).unwrap_or_default(),
            permissions: profile.texts(key::PERMISSIONS),
            ..CustomRole::default()
        };
        roles.insert(role.id.clone(), role);
        Ok::<_, ReadError>(())
    })?;
    rows.grants(GrantFilter::ResourceType(CUSTOM_ROLE), |row| {
        let grant = row.grant()?;
        let Some(role) = of(&grant).and_then(|id| roles.get_mut(id)) else { return Ok(()) };
        let metadata = View::metadata(&grant);
        match principal(&grant) {
            Some((GROUP, id)) => {
                role.groups.insert(GroupId::new(id), metadata.texts(key::TARGETS));
            }
            Some((USER, id)) => {
                role.users.insert(UserId::new(id), assignment::admin(&grant, &metadata));
            }
            _ => {}
        }
        Ok::<_, ReadError>(())
    })?;
    Ok(roles.into_values().collect())
}

fn sets(rows: &SyncRows<'_>) -> Result<Vec<ResourceSet>, ReadError> {
    let mut sets = BTreeMap::new();
    rows.resources(Some(RESOURCE_SET), |row| {
        let profile = View::profile(&row);
        let set = ResourceSet {
            id: id(&row).to_owned(),
            label: profile.owned(key::LABEL).unwrap_or_default(),
            description: profile.owned(key::DESCRIPTION).unwrap_or_default(),
            resources: profile.texts(key::RESOURCES),
            bindings: BTreeMap::new(),
        };
        sets.insert(set.id.clone(), set);
        Ok::<_, ReadError>(())
    })?;
    // A binding's id joins the ids of set and role; its profile keeps them apart.
    let mut parts: BTreeMap<String, (String, String)> = BTreeMap::new();
    rows.resources(Some(RESOURCE_SET_BINDING), |row| {
        let profile = View::profile(&row);
        let (Some(set), Some(role)) = (profile.owned(key::RESOURCE_SET), profile.owned(key::ROLE)) else {
            return Ok(());
        };
        if let Some(set) = sets.get_mut(&set) {
            let binding = Binding {
                outside: profile.list(key::OUTSIDE_GROUPS).iter().filter_map(outside).collect(),
                others: profile.texts(key::OTHER_MEMBERS).into_iter().collect(),
                ..Binding::default()
            };
            set.bindings.insert(role.clone(), binding);
        }
        parts.insert(id(&row).to_owned(), (set, role));
        Ok::<_, ReadError>(())
    })?;
    rows.grants(GrantFilter::ResourceType(RESOURCE_SET_BINDING), |row| {
        let grant = row.grant()?;
        let binding = of(&grant)
            .and_then(|id| parts.get(id))
            .and_then(|(set, role)| sets.get_mut(set)?.bindings.get_mut(role));
        match (binding, principal(&grant)) {
            (Some(binding), Some((GROUP, id))) => {
                binding.groups.insert(GroupId::new(id));
            }
            (Some(binding), Some((USER, id))) => {
                binding.users.insert(UserId::new(id));
            }
            _ => {}
        }
        Ok::<_, ReadError>(())
    })?;
    Ok(sets.into_values().collect())
}

fn outside(group: &Value) -> Option<(GroupId, Option<String>)> {
    let id = group.get("id")?.as_str()?;
    Some((GroupId::new(id), group.get("name").and_then(Value::as_str).map(str::to_owned)))
}
