//! What somebody wants changed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// To or fro.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Give.
    Grant,
    /// Take back.
    Revoke,
}

/// A role by the account's resource id and its own name, as a snapshot lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RoleName {
    /// Twelve digits, else the alias or name that Okta shows.
    pub account: String,
    /// The role's name.
    pub role: String,
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.role)
    }
}

/// Whose access changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "kebab-case")]
pub enum Principal {
    /// The person of the situation.
    User,
    /// The group with this id.
    Group(String),
}

/// What is given or taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of", rename_all = "kebab-case")]
pub enum Target {
    /// An account role.
    Role(RoleName),
    /// Membership of the group with this id.
    Membership(String),
    /// An assignment to the app.
    App,
    /// All there is, over every path. Only to be revoked.
    Everything,
}

/// The missing assignment to the app may be made too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", content = "group", rename_all = "kebab-case")]
pub enum WithApp {
    /// By an assignment of the person's own.
    Own,
    /// By membership of the group with this id, which is assigned to the app.
    Group(String),
}

/// Id of the group through which a role goes, where several confer it.
pub type Via = String;

/// What becomes of an assignment that loses its last role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LastRole {
    /// It stays, without roles.
    #[default]
    Keep,
    /// It goes too.
    Unassign,
    /// It returns to the groups that assign the person; without such groups it stays.
    Group,
}

/// A change that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// To or fro.
    pub action: Action,
    /// Whose access.
    pub principal: Principal,
    /// What.
    pub target: Target,
    /// See [`Via`].
    #[serde(default)]
    pub via: Option<Via>,
    /// See [`WithApp`].
    #[serde(default)]
    pub with_app: Option<WithApp>,
    /// A GROUP assignment may become an individual one.
    #[serde(default)]
    pub allow_conversion: bool,
    /// See [`LastRole`].
    #[serde(default)]
    pub last_role: LastRole,
}

impl Wish {
    /// A plain wish, without options.
    #[must_use]
    pub fn new(action: Action, principal: Principal, target: Target) -> Self {
        Self {
            action,
            principal,
            target,
            via: None,
            with_app: None,
            allow_conversion: false,
            last_role: LastRole::Keep,
        }
    }

    /// The role that is wished for or away.
    #[must_use]
    pub fn role(&self) -> Option<&RoleName> {
        match &self.target {
            Target::Role(role) => Some(role),
            _ => None,
        }
    }
}
