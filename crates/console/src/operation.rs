//! What can be done, whoever asks: pages and API call the same functions.
//!
//! The policy has decided before an operation runs; what remains here is which objects are within reach, and the
//! policy's word on a connector that a request's body names.

use std::sync::Arc;

use serde_json::json;

use crate::{
    actor::Actor,
    console::Console,
    policy::{Action, Relation},
    problem::Problem,
    run::clean,
    seen::Seen,
    store::Change,
};

pub(crate) mod about;
pub(crate) mod access;
pub(crate) mod apps;
pub(crate) mod attention;
pub(crate) mod catalog;
pub(crate) mod connectors;
pub(crate) mod discovery;
pub(crate) mod explore;
pub(crate) mod findings;
pub(crate) mod messages;
pub(crate) mod oidc;
pub(crate) mod orgs;
pub(crate) mod people;
pub(crate) mod plans;
pub(crate) mod provisioning;
pub(crate) mod records;
pub(crate) mod retention;
pub(crate) mod second_person;
pub(crate) mod settings;
pub(crate) mod syncs;

/// One request: who asks, of which console, and how.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) console: Arc<Console>,
    pub(crate) actor: Actor,
    /// Say what would happen, change nothing.
    pub(crate) dry_run: bool,
    /// The state that the caller saw, where they say so.
    pub(crate) if_match: Option<Seen>,
}

impl Context {
    /// Begins a change in the caller's name.
    pub(crate) async fn change(&self) -> Result<Change<'_>, Problem> {
        Ok(self.console.store.change(self.actor.who(), self.dry_run).await?)
    }

    /// Refuses, and records, what the caller may not do to a connector that only the request's body names; without one,
    /// what needs a role.
    pub(crate) async fn permit(&self, connector: Option<&str>, action: Action) -> Result<(), Problem> {
        let relation = match connector {
            Some(id) => self.actor.relation(&self.console, Some(id)).await?,
            None => Relation::default(),
        };
        if self.actor.may(relation, action) {
            return Ok(());
        }
        let connector = connector.map(|id| clean(id).chars().take(64).collect::<String>());
        let detail = json!({ "action": format!("{action:?}"), "connector": connector });
        let change = self.console.store.change(self.actor.who(), false).await?;
        change.audit("request.refused", &format!("user/{}", self.actor.user.id), detail).await?;
        change.commit().await?;
        Err(Problem::forbidden(action))
    }

    /// Refuses when what is now there is not what the caller saw. To be asked inside the change.
    pub(crate) fn expect(&self, state: &str) -> Result<(), Problem> {
        match &self.if_match {
            Some(seen) if !seen.is(state) => Err(Problem::changed()),
            _ => Ok(()),
        }
    }
}
