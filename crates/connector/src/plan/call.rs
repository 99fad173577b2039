//! The call that a step makes.

use std::fmt;

use rolebook_federation::plan::Step;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One request that changes something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// HTTP method.
    pub method: String,
    /// Path, from `/api/v1/`.
    pub path: String,
    /// JSON, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

impl Call {
    /// The call of a step. Of a profile only `samlRoles` is sent; `scope` always when assigning, since Okta otherwise
    /// guesses it.
    #[must_use]
    pub fn of(step: &Step, app: &str) -> Self {
        let roles = |roles: &[String]| json!({ "samlRoles": roles });
        let (method, path, body) = match step {
            Step::AddMember { group, user } => {
                ("PUT", format!("groups/{}/users/{}", group.id, user.id), None)
            }
            Step::RemoveMember { group, user } => {
                ("DELETE", format!("groups/{}/users/{}", group.id, user.id), None)
            }
            Step::AssignUser { user, roles: given } => {
                let mut body = json!({ "id": user.id, "scope": "USER" });
                if let (Some(body), false) = (body.as_object_mut(), given.is_empty()) {
                    body.insert("profile".to_owned(), roles(given));
                }
                ("POST", format!("apps/{app}/users"), Some(body))
            }
            Step::SetUserRoles { user, after, convert, .. } => {
                let mut body = json!({ "profile": roles(after) });
                if let (Some(body), true) = (body.as_object_mut(), *convert) {
                    body.insert("scope".to_owned(), "USER".into());
                }
                ("POST", format!("apps/{app}/users/{}", user.id), Some(body))
            }
            Step::ReturnToGroups { user, .. } => {
                ("POST", format!("apps/{app}/users/{}", user.id), Some(json!({ "scope": "GROUP" })))
            }
            Step::UnassignUser { user, .. } => ("DELETE", format!("apps/{app}/users/{}", user.id), None),
            Step::AssignGroup { group, roles: given, priority } => {
                let mut body = serde_json::Map::new();
                if !given.is_empty() {
                    body.insert("profile".to_owned(), roles(given));
                }
                if let Some(priority) = priority {
                    body.insert("priority".to_owned(), (*priority).into());
                }
                ("PUT", format!("apps/{app}/groups/{}", group.id), Some(body.into()))
            }
            Step::SetGroupRoles { group, after, .. } => (
                "PATCH",
                format!("apps/{app}/groups/{}", group.id),
                Some(json!([{ "op": "replace", "path": "/profile/samlRoles", "value": after }])),
            ),
            Step::UnassignGroup { group, .. } => ("DELETE", format!("apps/{app}/groups/{}", group.id), None),
        };
        Self { method: method.to_owned(), path: format!("/api/v1/{path}"), body }
    }

    pub(crate) fn request(&self) -> Result<rolebook_okta::Request, rolebook_okta::Error> {
        let method = match self.method.as_str() {
            "PUT" => rolebook_okta::Method::PUT,
            "POST" => rolebook_okta::Method::POST,
            "PATCH" => rolebook_okta::Method::PATCH,
            "DELETE" => rolebook_okta::Method::DELETE,
            other => return Err(rolebook_okta::Error::Path(format!("{other} {}", self.path))),
        };
        let request = rolebook_okta::Request::new(method, &self.path)?;
        match &self.body {
            Some(body) => request.json(body),
            None => Ok(request),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        match &self.body {
            Some(body) => write!(f, " {body}"),
            None => Ok(()),
        }
    }
}
