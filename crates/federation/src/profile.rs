//! The two attributes of an app-user or app-group profile that name roles.

use serde_json::Value;

use crate::Warnings;

/// `samlRoles` and `role` of one profile, as exact strings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RoleProfile {
    /// `samlRoles`: each once, in the order given. Strings are kept exactly as Okta stores them.
    pub saml_roles: Vec<String>,
    /// `role`: the fallback when `samlRoles` is empty. One string in practice; some orgs hold an array here.
    pub role: Vec<String>,
}

impl RoleProfile {
    /// Reads a profile of any shape. What is no role is counted in `warnings` under the owner's id and dropped;
    /// nothing here fails, since one odd value must not hide everybody else's access.
    pub fn from_json(profile: &Value, owner: &str, warnings: &mut Warnings) -> Self {
        Self {
            saml_roles: strings(profile.get("samlRoles"), "samlRoles", owner, warnings),
            role: strings(profile.get("role"), "role", owner, warnings),
        }
    }

    /// The roles that this profile alone gives: `samlRoles`, or `role` when no SAML roles are selected
    /// (Okta: `role` is used for SAML "if no SAML user roles are selected").
    #[must_use]
    pub fn effective(&self) -> &[String] {
        if self.saml_roles.is_empty() { &self.role } else { &self.saml_roles }
    }
}

fn strings(value: Option<&Value>, key: &'static str, owner: &str, warnings: &mut Warnings) -> Vec<String> {
    let mut roles = Vec::new();
    match value {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => {
            // `role` is a string by the schema; `samlRoles` as a string is an import gone wrong that Okta keeps.
            if key == "samlRoles" {
                warnings.add("saml-roles-not-a-list", "samlRoles is one string, read as one role", owner);
            }
            push(&mut roles, text, owner, warnings);
        }
        Some(Value::Array(items)) => {
            if key == "role" {
                warnings.add(
                    "role-is-a-list",
                    "role is a list, each of its strings is read as a role",
                    owner,
                );
            }
            for item in items {
                match item {
                    Value::String(text) => push(&mut roles, text, owner, warnings),
                    _ => {
                        warnings.add("role-not-a-string", "a role value that is no string was dropped", owner)
                    }
                }
            }
        }
        Some(_) => warnings.add("role-not-a-string", "a role value that is no string was dropped", owner),
    }
    roles
}

fn push(roles: &mut Vec<String>, text: &str, owner: &str, warnings: &mut Warnings) {
    if text.trim().is_empty() {
        if !text.is_empty() {
            warnings.add("role-empty", "a role value without a name was dropped", owner);
        }
        return;
    }
    if text.trim() != text {
        warnings.add(
            "role-padded",
            "a role value has blanks around its name, kept as its own exact string",
            owner,
        );
    }
    if !roles.iter().any(|r| r == text) {
        roles.push(text.to_owned());
    }
}
