//! What happened in the org: the entries of its System Log.

use jiff::Timestamp;

use super::{Holder, Org, UserStatus};
use crate::ids;
use crate::token::Token;

/// One entry of the System Log.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) uuid: String,
    pub(crate) published: Timestamp,
    pub(crate) kind: &'static str,
    pub(crate) actor: Target,
    pub(crate) targets: Vec<Target>,
    /// `X-Okta-Request-Id` of the request that did it; empty when nobody asked.
    pub(crate) request_id: String,
}

/// Somebody or something an entry speaks of.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) alternate_id: String,
    pub(crate) display_name: String,
}

impl Target {
    /// Okta itself, which acts when nobody else does.
    pub(crate) fn system() -> Self {
        Self {
            id: "okta.2b1959c8-bcc0-56eb-a589-cfcfb7422f26".to_owned(),
            kind: "SystemPrincipal",
            alternate_id: "system@okta.com".to_owned(),
            display_name: "Okta System".to_owned(),
        }
    }
}

impl Org {
    /// From now on changes are logged and take effect one by one, as they do in an org that people work in.
    pub(crate) fn go_live(&mut self) {
        self.settle();
        self.live = true;
    }

    /// Writes an entry; an org that is still being put together writes none.
    pub(super) fn record(&mut self, kind: &'static str, targets: impl IntoIterator<Item = Option<Target>>) {
        if !self.live {
            return;
        }
        let targets: Vec<Target> = targets.into_iter().flatten().collect();
        let uuid = self.ids.next_uuid();
        let (actor, request_id) = (self.actor.clone(), self.request_id.clone());
        self.events.push(Event { uuid, published: self.now, kind, actor, targets, request_id });
    }

    /// Who acts when this token is used.
    pub(crate) fn token_owner(&self, token: &Token) -> Target {
        let owner = token.owner.as_deref().and_then(|owner| self.user_target(self.find_user(owner)?));
        owner.unwrap_or_else(|| Target {
            id: token.stand_in_id(),
            kind: if token.scopes.is_some() { "PublicClientApp" } else { "User" },
            alternate_id: token.stand_in_login(&self.subdomain),
            display_name: format!("Token {}", token.name),
        })
    }

    /// Whether the owner of this token has left, which makes the token worthless.
    pub(crate) fn has_left(&self, token: &Token) -> bool {
        let Some(owner) = &token.owner else { return false };
        let row = self.find_user(owner).and_then(|index| self.users.get(index));
        row.is_none_or(|row| row.gone || row.user.status == UserStatus::Deprovisioned)
    }

    pub(super) fn user_target(&self, user: usize) -> Option<Target> {
        let user = &self.users.get(user)?.user;
        Some(Target {
            id: user.id.clone(),
            kind: "User",
            alternate_id: user.login.clone(),
            display_name: format!("{} {}", user.first_name, user.last_name),
        })
    }

    pub(super) fn group_target(&self, group: usize) -> Option<Target> {
        let group = &self.groups.get(group)?.group;
        Some(Target {
            id: group.id.clone(),
            kind: "UserGroup",
            alternate_id: "unknown".to_owned(),
            display_name: group.name.clone().unwrap_or_default(),
        })
    }

    pub(super) fn app_target(&self, app: usize) -> Option<Target> {
        let app = &self.apps.get(app)?.app;
        Some(Target {
            id: app.id.clone(),
            kind: "AppInstance",
            alternate_id: app.label.clone(),
            display_name: app.label.clone(),
        })
    }

    /// The assignment itself: its id is neither the user's nor the app's.
    pub(super) fn app_user_target(&self, app: usize, user: usize) -> Option<Target> {
        let app = &self.apps.get(app)?.app;
        let user = &self.users.get(user)?.user;
        Some(Target {
            id: ids::derived("0ua", &[&app.id, &user.id]),
            kind: "AppUser",
            alternate_id: user.login.clone(),
            display_name: format!("{} {}", user.first_name, user.last_name),
        })
    }

    pub(super) fn holder_target(&self, holder: Holder) -> Option<Target> {
        match holder {
            Holder::User(user) => self.user_target(user),
            Holder::Group(group) => self.group_target(group),
        }
    }
}
