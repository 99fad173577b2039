//! Orgs as YAML files: the words of the file. What they do is in `read`, how an org becomes them in `write`.

mod read;
mod write;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A whole org. Everything but `subdomain` may be left out.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct OrgFile {
    subdomain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// `created` of everything that does not say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    everyone: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<UserFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<GroupFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    apps: Vec<AppFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<RuleFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<RoleFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_roles: Vec<CustomRoleFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_sets: Vec<ResourceSetFile>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct UserFile {
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    login: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    profile: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_login: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GroupFile {
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    /// Left out for a group whose name is `null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Id of the app that it is imported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    built_in: bool,
    #[serde(skip_serializing_if = "Map::is_empty")]
    profile: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_membership_updated: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AppFile {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// `NONE` is `null` on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_on_mode: Option<String>,
    /// Over the defaults of a fresh app.
    #[serde(skip_serializing_if = "Map::is_empty")]
    settings: Map<String, Value>,
    /// Settings that are missing altogether.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without: Vec<String>,
    /// Over the defaults of `settings.signOn`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    sign_on: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    implicit_assignment: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    features: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    union: bool,
    #[serde(skip_serializing_if = "Map::is_empty")]
    custom_properties: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_schema: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<AppGroupFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    users: Vec<AppUserFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AppGroupFile {
    group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_profile: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AppUserFile {
    user: String,
    /// `USER` (default), `GROUP`, or `NONE` for a missing one.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_profile: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_updated: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RuleFile {
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
    name: String,
    expression: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    excludes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<String>,
}

/// Either a user or a group holds it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RoleFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    role: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    target_groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    target_apps: Vec<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CustomRoleFile {
    id: String,
    label: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ResourceSetFile {
    id: String,
    label: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>,
    /// Custom role → members.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    bindings: BTreeMap<String, Vec<String>>,
}
