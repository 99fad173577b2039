//! Admin roles and who holds them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{GroupId, UserId};

/// A user who holds some admin role, directly or through a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct RoleAssignee {
    /// The user.
    pub id: UserId,
    /// Okta resource name.
    #[serde(default)]
    pub orn: Option<String>,
}

/// A role as one user or group holds it.
///
/// Its id is not unique over principals: for roles that can have targets it is derived from the type alone.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RoleAssignment {
    /// Id of the assignment, to be read together with its principal.
    pub id: String,
    /// Name for people.
    #[serde(default)]
    pub label: Option<String>,
    /// `SUPER_ADMIN`, `APP_ADMIN`, … or `CUSTOM`.
    #[serde(default, rename = "type")]
    pub role_type: Option<String>,
    /// `ACTIVE` or `INACTIVE`.
    #[serde(default)]
    pub status: Option<String>,
    /// `USER` for a role held directly, `GROUP` for one that comes from a group.
    #[serde(default)]
    pub assignment_type: Option<String>,
    /// Date of assignment.
    #[serde(default)]
    pub created: Option<String>,
    /// Date of the last change.
    #[serde(default)]
    pub last_updated: Option<String>,
    /// Id of the custom role, `cr0…`.
    #[serde(default)]
    pub role: Option<String>,
    /// Id of the resource set, `iam…`.
    #[serde(default, rename = "resource-set")]
    pub resource_set: Option<String>,
    #[serde(default, rename = "_embedded")]
    embedded: Option<Value>,
    #[serde(default, rename = "_links")]
    links: Option<Value>,
}

impl RoleAssignment {
    /// The group that a role of a user comes from, where Okta's assignee link names one.
    #[must_use]
    pub fn granting_group(&self) -> Option<GroupId> {
        let href = self.links.as_ref()?.pointer("/assignee/href")?.as_str()?;
        let (_, id) = href.rsplit_once("/groups/")?;
        GroupId::new(id.split(['/', '?', '#']).next()?).ok()
    }

    /// The groups or apps that the role is limited to, as Okta sent them, when asked for with
    /// `expand=targets/…`. No targets means all.
    #[must_use]
    pub fn targets(&self) -> Option<&Value> {
        self.embedded.as_ref()?.get("targets")
    }
}
