//! API tokens and what the admin role behind each may do.

use std::collections::BTreeSet;

/// The admin rights behind a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRole {
    /// Super Administrator: everything.
    Super,
    /// Read-Only Administrator: every list but admin roles.
    ReadOnly,
    /// Application Administrator: apps and their assignments; sees groups and users.
    AppAdmin,
    /// Group Administrator: groups and memberships, never Everyone; no apps.
    GroupAdmin,
    /// Read-Only, Application and Group Administrator together: what review and provisioning need.
    AppGroupAdmin,
    /// No admin role, or none any more: everything is forbidden, but the list of users is empty.
    NoRole,
}

/// A token that the fake accepts.
///
/// ```
/// use rolebook_fake_okta::{Token, TokenRole};
///
/// let half_blind = Token::new("half_blind", TokenRole::ReadOnly).deny("/api/v1/meta/");
/// let one_app = Token::new("one_app", TokenRole::AppAdmin).only_apps(["0oaAWS"]);
/// # let _ = (half_blind, one_app);
/// ```
#[derive(Clone, Debug)]
pub struct Token {
    pub(crate) name: String,
    pub(crate) role: TokenRole,
    pub(crate) owner: Option<String>,
    pub(crate) denied: Vec<String>,
    pub(crate) apps: Option<BTreeSet<String>>,
    pub(crate) groups: Option<BTreeSet<String>>,
    /// Scopes of an OAuth token; `None` for an API token, which has none.
    pub(crate) scopes: Option<BTreeSet<String>>,
}

impl Token {
    /// A token with a name by which [`FakeOkta::token`](crate::FakeOkta::token) gives its value.
    pub fn new(name: impl Into<String>, role: TokenRole) -> Self {
        Self {
            name: name.into(),
            role,
            owner: None,
            denied: Vec::new(),
            apps: None,
            groups: None,
            scopes: None,
        }
    }

    /// The five tokens every fake has: `super`, `read_only`, `app_admin`, `group_admin`, `app_group_admin`.
    pub(crate) fn standard() -> Vec<Self> {
        vec![
            Self::new("super", TokenRole::Super),
            Self::new("read_only", TokenRole::ReadOnly),
            Self::new("app_admin", TokenRole::AppAdmin),
            Self::new("group_admin", TokenRole::GroupAdmin),
            Self::new("app_group_admin", TokenRole::AppGroupAdmin),
        ]
    }

    /// The user (id or login) whom `/users/me` shows; by default somebody who is in no list.
    #[must_use]
    pub fn owner(mut self, user: impl Into<String>) -> Self {
        self.owner = Some(user.into());
        self
    }

    /// Refuses every path that begins with this text, whatever the role allows.
    #[must_use]
    pub fn deny(mut self, path_prefix: impl Into<String>) -> Self {
        self.denied.push(path_prefix.into());
        self
    }

    /// Limits the token to these apps, by id: lists show only them, others are forbidden.
    #[must_use]
    pub fn only_apps<S: Into<String>>(mut self, apps: impl IntoIterator<Item = S>) -> Self {
        self.apps = Some(apps.into_iter().map(Into::into).collect());
        self
    }

    /// Limits the token to these groups, by id: lists show only them, others are forbidden.
    #[must_use]
    pub fn only_groups<S: Into<String>>(mut self, groups: impl IntoIterator<Item = S>) -> Self {
        self.groups = Some(groups.into_iter().map(Into::into).collect());
        self
    }

    pub(crate) fn scoped(mut self, scopes: impl IntoIterator<Item = String>) -> Self {
        self.scopes = Some(scopes.into_iter().collect());
        self
    }

    /// The id of the owner when it is nobody in the org.
    pub(crate) fn stand_in_id(&self) -> String {
        format!("00u{:0<17.17}", self.name.replace('_', ""))
    }

    /// The login of the owner when it is nobody in the org.
    pub(crate) fn stand_in_login(&self, subdomain: &str) -> String {
        format!("{}@{subdomain}.test", self.name)
    }

    pub(crate) fn sees_app(&self, id: &str) -> bool {
        self.apps.as_ref().is_none_or(|apps| apps.contains(id))
    }

    pub(crate) fn sees_group(&self, id: &str, built_in: bool) -> bool {
        let in_scope = self.groups.as_ref().is_none_or(|groups| groups.contains(id));
        in_scope && !(built_in && self.role == TokenRole::GroupAdmin)
    }
}

/// A part of the API that a token may be allowed to read or to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    Org,
    Apps,
    Groups,
    Users,
    Schema,
    Rules,
    Roles,
    Types,
    Logs,
    EventHooks,
    ApiTokens,
    RateLimits,
    PrincipalLimits,
}

impl TokenRole {
    pub(crate) fn may_read(self, area: Area, types_for_read_only: bool) -> bool {
        match self {
            Self::Super => true,
            Self::NoRole => false,
            Self::ReadOnly => match area {
                Area::Roles | Area::EventHooks | Area::RateLimits | Area::PrincipalLimits => false,
                Area::Types => types_for_read_only,
                _ => true,
            },
            Self::AppAdmin => matches!(
                area,
                Area::Org | Area::Apps | Area::Groups | Area::Users | Area::Schema | Area::Types
            ),
            Self::GroupAdmin => matches!(area, Area::Org | Area::Groups | Area::Users | Area::Rules),
            Self::AppGroupAdmin => [Self::ReadOnly, Self::AppAdmin, Self::GroupAdmin]
                .iter()
                .any(|role| role.may_read(area, false)),
        }
    }

    pub(crate) fn may_write(self, area: Area) -> bool {
        match self {
            Self::Super => true,
            Self::ReadOnly | Self::NoRole => false,
            Self::AppAdmin => matches!(area, Area::Apps | Area::Schema),
            Self::GroupAdmin => matches!(area, Area::Groups | Area::Users | Area::Rules),
            Self::AppGroupAdmin => Self::AppAdmin.may_write(area) || Self::GroupAdmin.may_write(area),
        }
    }
}
