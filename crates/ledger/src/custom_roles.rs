//! Custom admin roles, resource sets and who is bound to them, as far as a snapshot keeps them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{AdminHolder, GroupId, UserId};

/// What was read of custom roles. Roles and sets are ascending by id, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomRoles {
    /// The roles.
    pub roles: Vec<CustomRole>,
    /// The resource sets, with the roles bound to them.
    pub sets: Vec<ResourceSet>,
}

/// A custom admin role and who holds it in any resource set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomRole {
    /// Its id; of a role that Okta lists beside the custom ones, its type.
    pub id: String,
    /// Okta's label.
    pub label: String,
    /// Okta's description.
    pub description: String,
    /// What it allows, sorted.
    pub permissions: Vec<String>,
    /// Users who hold it, by id; targets are `resource-set:<id>`.
    pub users: BTreeMap<UserId, AdminHolder>,
    /// Groups of the snapshot that hold it, by id, with the resource sets that it is limited to.
    pub groups: BTreeMap<GroupId, Vec<String>>,
}

/// A resource set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceSet {
    /// Its id.
    pub id: String,
    /// Okta's label.
    pub label: String,
    /// Okta's description.
    pub description: String,
    /// Paths or resource names of what is in it, sorted.
    pub resources: Vec<String>,
    /// Roles bound to it, by id, and to whom.
    pub bindings: BTreeMap<String, Binding>,
}

/// Who has a role within a resource set, by Okta's own list of members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Binding {
    /// Users.
    pub users: BTreeSet<UserId>,
    /// Groups of the snapshot.
    pub groups: BTreeSet<GroupId>,
    /// Groups outside the snapshot: id and, when known, name.
    pub outside: BTreeMap<GroupId, Option<String>>,
    /// Anything else, such as a service app: its address.
    pub others: BTreeSet<String>,
}
