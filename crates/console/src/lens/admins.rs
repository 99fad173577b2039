//! Who holds which Okta admin role: the standard ones, and the custom ones where they were read.

use rolebook_ledger::{AdminHolder, CustomRoles, Facts, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::login;
use crate::run::clean;

/// Somebody holds an Okta admin role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AdminRow {
    /// Okta's role type; the id of a custom role.
    pub role: String,
    /// Okta's label.
    pub label: String,
    /// Login, or what Okta names somebody outside the snapshot by.
    pub holder: String,
    /// Assigned directly.
    pub direct: bool,
    /// What it is limited to; empty means everything.
    pub targets: Vec<String>,
}

/// Standard roles first, then custom ones.
pub(super) fn rows(facts: &Facts) -> Vec<AdminRow> {
    let mut rows: Vec<AdminRow> = facts
        .admin_roles
        .iter()
        .flat_map(|role| {
            role.users.iter().map(|(id, holder)| held(facts, &role.kind, &role.label, id, holder))
        })
        .collect();
    if let Some(custom) = &facts.custom_roles {
        for role in &custom.roles {
            rows.extend(role.users.iter().map(|(id, holder)| AdminRow {
                targets: holder.targets.iter().map(|target| named(custom, target)).collect(),
                ..held(facts, &role.id, &role.label, id, holder)
            }));
        }
        rows.extend(beyond(custom));
    }
    rows
}

fn held(facts: &Facts, role: &str, label: &str, id: &UserId, holder: &AdminHolder) -> AdminRow {
    AdminRow {
        role: clean(role),
        label: clean(label),
        holder: facts.users.iter().find(|user| user.id == *id).map_or_else(|| id.as_str().to_owned(), login),
        direct: holder.direct,
        targets: holder.targets.iter().map(|target| clean(target)).collect(),
    }
}

/// A resource set by its label, where the target is one.
fn named(custom: &CustomRoles, target: &str) -> String {
    let set = target.strip_prefix("resource-set:").and_then(|id| custom.sets.iter().find(|set| set.id == id));
    clean(set.map_or(target, |set| &set.label))
}

/// Who is bound to a custom role and is no person of the snapshot: groups outside, and service apps.
fn beyond(custom: &CustomRoles) -> Vec<AdminRow> {
    let mut rows = Vec::new();
    for set in &custom.sets {
        for (id, binding) in &set.bindings {
            let label = custom.roles.iter().find(|role| role.id == *id).map_or("", |role| &role.label);
            let groups = binding
                .outside
                .iter()
                .map(|(group, name)| format!("group {}", name.as_deref().unwrap_or_else(|| group.as_str())));
            rows.extend(groups.chain(binding.others.iter().cloned()).map(|holder| AdminRow {
                role: clean(id),
                label: clean(label),
                holder: clean(&holder),
                direct: true,
                targets: vec![clean(&set.label)],
            }));
        }
    }
    rows
}
