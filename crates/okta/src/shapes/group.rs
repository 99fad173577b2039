//! Groups and the rules that fill them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{GroupId, GroupRuleId, UserId, or_default};

/// A group.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Group {
    /// `00g…`.
    pub id: GroupId,
    /// `OKTA_GROUP`, `APP_GROUP` (imported, not writable), `BUILT_IN` (Everyone), or what Okta adds.
    #[serde(default, rename = "type")]
    pub group_type: Option<String>,
    /// `okta:user_group`, `okta:windows_security_principal` and others.
    #[serde(default, deserialize_with = "or_default")]
    pub object_class: Vec<String>,
    /// Date of creation.
    #[serde(default)]
    pub created: Option<String>,
    /// Date of the last change of the profile.
    #[serde(default)]
    pub last_updated: Option<String>,
    /// Date of the last change of the members; [`Group::last_updated`] does not follow them.
    #[serde(default)]
    pub last_membership_updated: Option<String>,
    /// Name and description.
    #[serde(default, deserialize_with = "or_default")]
    pub profile: GroupProfile,
    #[serde(default, deserialize_with = "or_default")]
    source: Source,
    #[serde(default, rename = "_embedded", deserialize_with = "or_default")]
    embedded: Embedded,
}

/// The fields of a group's profile that all kinds of groups share, and the directory's name of an imported one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupProfile {
    /// Up to 255 characters, unique per source.
    #[serde(default)]
    pub name: Option<String>,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// `DOMAIN\name` of a group from Active Directory.
    #[serde(default)]
    pub windows_domain_qualified_name: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
struct Source {
    #[serde(default)]
    id: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
struct Embedded {
    #[serde(default)]
    stats: Option<GroupStats>,
    #[serde(default)]
    app: Option<Value>,
}

/// Counts, with `expand=stats`. Hints only: they lag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupStats {
    /// Members.
    #[serde(default)]
    pub users_count: Option<u64>,
    /// Apps assigned.
    #[serde(default)]
    pub apps_count: Option<u64>,
    /// Whether the group carries an admin role. Okta spells the field `hasAdminPrivlege` in answers and
    /// `hasAdminPrivileges` in its notes; both are read.
    #[serde(default, rename = "hasAdminPrivlege", alias = "hasAdminPrivileges", alias = "hasAdminPrivilege")]
    pub has_admin_privilege: Option<bool>,
}

impl Group {
    /// The name, empty when Okta sent none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.profile.name.as_deref().unwrap_or_default()
    }

    /// Id of the app that an `APP_GROUP` was imported from.
    #[must_use]
    pub fn source_id(&self) -> Option<&str> {
        self.source.id.as_deref()
    }

    /// Counts, when asked for with `expand=stats`.
    #[must_use]
    pub fn stats(&self) -> Option<&GroupStats> {
        self.embedded.stats.as_ref()
    }

    /// The source app as Okta sent it, when asked for with `expand=app`.
    #[must_use]
    pub fn source_app(&self) -> Option<&Value> {
        self.embedded.app.as_ref()
    }
}

/// A rule that puts users into groups.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GroupRule {
    /// `0pr…`.
    pub id: GroupRuleId,
    /// The name.
    #[serde(default)]
    pub name: Option<String>,
    /// `ACTIVE`, `INACTIVE` or `INVALID`.
    #[serde(default)]
    pub status: Option<String>,
    /// Date of creation.
    #[serde(default)]
    pub created: Option<String>,
    /// Date of the last change.
    #[serde(default)]
    pub last_updated: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    conditions: Conditions,
    #[serde(default, deserialize_with = "or_default")]
    actions: Actions,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
struct Conditions {
    #[serde(default, deserialize_with = "or_default")]
    expression: Expression,
    #[serde(default, deserialize_with = "or_default")]
    people: People,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
struct Expression {
    #[serde(default)]
    value: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
struct People {
    #[serde(default, deserialize_with = "or_default")]
    users: Excluded<UserId>,
    #[serde(default, deserialize_with = "or_default")]
    groups: Excluded<GroupId>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Excluded<T> {
    #[serde(default = "Vec::new", deserialize_with = "or_default")]
    exclude: Vec<T>,
}

impl<T> Default for Excluded<T> {
    fn default() -> Self {
        Self { exclude: Vec::new() }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Actions {
    #[serde(default, deserialize_with = "or_default")]
    assign_user_to_groups: Assigned,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Assigned {
    #[serde(default, deserialize_with = "or_default")]
    group_ids: Vec<GroupId>,
}

impl GroupRule {
    /// The condition, in Okta's expression language.
    #[must_use]
    pub fn expression(&self) -> Option<&str> {
        self.conditions.expression.value.as_deref()
    }

    /// Users that the rule leaves out.
    #[must_use]
    pub fn excluded_users(&self) -> &[UserId] {
        &self.conditions.people.users.exclude
    }

    /// Groups whose members the rule leaves out.
    #[must_use]
    pub fn excluded_groups(&self) -> &[GroupId] {
        &self.conditions.people.groups.exclude
    }

    /// The groups it fills.
    #[must_use]
    pub fn target_groups(&self) -> &[GroupId] {
        &self.actions.assign_user_to_groups.group_ids
    }
}
