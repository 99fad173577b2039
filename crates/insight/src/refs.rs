//! How answers name people, groups, roles and apps: always with the id, so that a name can change.

use rolebook_federation::{GroupIx, RoleIx, UserIx};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{AccountRef, Reading};

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct PersonRef {
    /// Okta user id.
    pub id: String,
    /// Login, when it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// Name to show.
    pub name: String,
    /// Okta's user status, when it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

impl PersonRef {
    /// The login, else the id: what a command takes.
    #[must_use]
    pub fn label(&self) -> &str {
        self.login.as_deref().unwrap_or(&self.id)
    }
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct GroupRef {
    /// Okta group id.
    pub id: String,
    /// Name, when Okta showed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Okta's type.
    #[serde(rename = "type")]
    pub kind: String,
}

impl GroupRef {
    /// The name, else the id.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// A role of an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct RoleRef {
    /// The account.
    pub account: AccountRef,
    /// The role's name, with its path where it has one.
    pub role: String,
    /// ARN of the IAM role, when it can be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// ARN of the SAML provider, when it can be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_arn: Option<String>,
}

impl RoleRef {
    /// `ACCOUNT/ROLE` with the account's id.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.account.id, self.role)
    }

    /// `ACCOUNT/ROLE` for eyes: by the account's name where it has one.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}/{}", self.account.label(), self.role)
    }
}

/// The AWS app of an org.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct AppRef {
    /// Okta app id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Org id.
    pub org_id: String,
    /// Host of the org.
    pub org_domain: String,
}

impl Reading {
    /// A user by position.
    #[must_use]
    pub fn person(&self, user: UserIx) -> Option<PersonRef> {
        self.facts().users.get(user as usize).map(|user| PersonRef {
            id: user.id.as_str().to_owned(),
            login: user.person.login.clone(),
            name: user.person.display_name.clone(),
            status: user.person.status.clone(),
        })
    }

    /// A group by position.
    #[must_use]
    pub fn group(&self, group: GroupIx) -> Option<GroupRef> {
        self.facts().groups.get(group as usize).map(|group| GroupRef {
            id: group.id.as_str().to_owned(),
            name: group.group.name.clone(),
            kind: group.group.kind.as_str().to_owned(),
        })
    }

    /// A role by position.
    #[must_use]
    pub fn role(&self, role: RoleIx) -> Option<RoleRef> {
        self.access().roles.get(role).map(|role| RoleRef {
            account: self.account(&role.account),
            role: role.name.clone(),
            role_arn: role.arns.role.as_ref().map(ToString::to_string),
            provider_arn: role.arns.provider.as_ref().map(ToString::to_string),
        })
    }

    /// The app.
    #[must_use]
    pub fn app(&self) -> AppRef {
        let facts = self.facts();
        AppRef {
            id: facts.app.id.as_str().to_owned(),
            label: facts.app.label.clone(),
            org_id: facts.org.id.as_str().to_owned(),
            org_domain: facts.org.domain.clone(),
        }
    }
}
