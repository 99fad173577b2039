//! Who calls, and what they may.

use crate::{
    console::Console,
    policy::{self, Action, Relation, Role, Roles},
    problem::Problem,
    store::{Who, connectors, entity::user},
};

/// Somebody who is signed in, or a program with their key.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    pub(crate) user: user::Model,
    pub(crate) roles: Roles,
    pub(crate) via: Via,
}

/// How they came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Via {
    /// A browser: id of the session, and the token that its forms carry.
    Session { id: String, csrf: String },
    /// An API key: its id, and when it ends in milliseconds.
    Key { id: String, expires_at: i64 },
}

impl Actor {
    pub(crate) fn who(&self) -> Who {
        Who { id: self.user.id.clone(), name: self.user.name.clone() }
    }

    /// Names the credential and what it gives now: another one of the same person has another name, and so has this
    /// one after a change of roles.
    pub(crate) fn credential(&self) -> String {
        let via = match &self.via {
            Via::Session { id, .. } => format!("session {id}"),
            Via::Key { id, .. } => format!("key {id}"),
        };
        format!("{} {via} {}", self.user.id, self.roles.stored())
    }

    /// Whether they may, over this relation.
    pub(crate) fn may(&self, relation: Relation, action: Action) -> bool {
        policy::may(&self.roles, relation, action)
    }

    pub(crate) fn is_super(&self) -> bool {
        self.roles.has(Role::SuperAdministrator)
    }

    /// How they relate to a connector, or to any.
    pub(crate) async fn relation(
        &self,
        console: &Console,
        connector: Option<&str>,
    ) -> Result<Relation, Problem> {
        Ok(connectors::relation(console.store.db(), &self.user.id, connector).await?)
    }
}
