//! Custom admin roles, resource sets, and who is bound to them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{GroupId, UserId, or_default};

/// A custom admin role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct CustomRole {
    /// Its id, `cr0…`, or the type of a standard role that Okta lists here, such as `WORKFLOWS_ADMIN`.
    pub id: String,
    /// Name for people.
    #[serde(default)]
    pub label: Option<String>,
    /// Longer text.
    #[serde(default)]
    pub description: Option<String>,
}

/// What a custom role allows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Permission {
    /// Such as `okta.users.read`.
    pub label: String,
}

/// A set of resources that roles are limited to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ResourceSet {
    /// Its id, `iam…`.
    pub id: String,
    /// Name for people.
    #[serde(default)]
    pub label: Option<String>,
    /// Longer text.
    #[serde(default)]
    pub description: Option<String>,
}

/// A member of a resource set.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct SetResource {
    /// Id of its place in the set, `ire…`.
    pub id: String,
    /// Okta resource name.
    #[serde(default)]
    pub orn: Option<String>,
    #[serde(default, rename = "_links", deserialize_with = "or_default")]
    links: serde_json::Map<String, Value>,
}

impl SetResource {
    /// What it is: the path of its link where it has one, else its resource name, else its id.
    #[must_use]
    pub fn name(&self) -> &str {
        let link = self.links.values().filter_map(|link| link.get("href")?.as_str()).find_map(api_path);
        link.or(self.orn.as_deref()).unwrap_or(&self.id)
    }
}

/// A custom role bound to a resource set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Binding {
    /// Id of the role.
    pub id: String,
}

/// Who has a role within a resource set.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct BindingMember {
    /// Id of the membership, `irb…`. It does not tell who it is.
    pub id: String,
    #[serde(default, rename = "_links", deserialize_with = "or_default")]
    links: serde_json::Map<String, Value>,
}

/// Who a member of a binding is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    /// A user.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// Something else, such as a service app: its path, or the id of the membership when there is none.
    Other(String),
}

impl BindingMember {
    /// Who it is; only the link tells.
    #[must_use]
    pub fn who(&self) -> Member {
        let href = self.links.get("self").and_then(|link| link.get("href")?.as_str());
        let path = href.map(|href| api_path(href).unwrap_or(href));
        let id_below = |kind: &str| {
            let id = path?.strip_prefix(kind)?;
            (!id.contains(['/', '?', '#'])).then_some(id)
        };
        if let Some(Ok(user)) = id_below("/api/v1/users/").map(UserId::new) {
            return Member::User(user);
        }
        if let Some(Ok(group)) = id_below("/api/v1/groups/").map(GroupId::new) {
            return Member::Group(group);
        }
        Member::Other(path.unwrap_or(&self.id).to_owned())
    }
}

/// `/api/v1/…` of an absolute URL.
fn api_path(href: &str) -> Option<&str> {
    href.find("/api/v1/").and_then(|at| href.get(at..))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_member_is_who_its_link_says() {
        let who = |links: Value| {
            serde_json::from_value::<BindingMember>(json!({ "id": "irb1", "_links": links })).unwrap().who()
        };
        let link = |href: &str| json!({ "self": { "href": href } });
        assert_eq!(
            who(link("https://acme-admin.okta.com/api/v1/users/00uA")),
            Member::User("00uA".parse().unwrap())
        );
        assert_eq!(
            who(link("https://acme.okta.com/api/v1/groups/00gX")),
            Member::Group("00gX".parse().unwrap())
        );
        let other = "https://acme.okta.com/oauth2/v1/clients/0oa1";
        assert_eq!(who(link(other)), Member::Other(other.to_owned()));
        for odd in ["https://acme.okta.com/api/v1/users/", "https://acme.okta.com/api/v1/users/00uA/roles"] {
            assert!(matches!(who(link(odd)), Member::Other(_)), "{odd}");
        }
        assert_eq!(who(Value::Null), Member::Other("irb1".to_owned()));
        assert_eq!(who(json!({})), Member::Other("irb1".to_owned()));
    }

    #[test]
    fn a_resource_is_named_by_its_link_then_by_its_orn() {
        let name = |value: Value| serde_json::from_value::<SetResource>(value).unwrap().name().to_owned();
        let link = json!({ "groups": { "href": "https://acme.okta.com/api/v1/groups" } });
        assert_eq!(name(json!({ "id": "ire1", "orn": "orn:x", "_links": link })), "/api/v1/groups");
        assert_eq!(name(json!({ "id": "ire1", "orn": "orn:x" })), "orn:x");
        assert_eq!(name(json!({ "id": "ire1", "_links": null })), "ire1");
    }
}
