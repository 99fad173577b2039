//! What lies between two syncs of a connector: who gained and lost which role, and through which change.

use std::{collections::BTreeMap, sync::Arc};

use rolebook_insight::{AccountRef, Diff, RoleRef, SettingChange};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{super::access::aside, Context, row};
use crate::{
    lens::Lens,
    policy::{Action, Role},
    problem::Problem,
    run::clean,
    store::{entity::sync, syncs},
};

/// Against what a sync is compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Against {
    /// Another sync of the connector, earlier or later: the earlier one counts as before. When absent, the last good
    /// one before.
    pub with: String,
}

/// What changed between two syncs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SyncDiff {
    /// The earlier sync; absent when there is none to compare with.
    pub from: Option<String>,
    /// The later one.
    pub to: String,
    /// Grants that are there now and were not.
    pub gained: usize,
    /// Grants that were there and are not.
    pub lost: usize,
    /// Access gained and lost, per account and role.
    pub roles: Vec<RoleDelta>,
    /// Settings of the app that changed.
    #[schema(value_type = Vec<Object>)]
    pub settings: Vec<SettingChange>,
    /// Who gained and lost what, and through which change, as `rolebook diff` tells it; absent when names are hidden by
    /// your role, and when there is nothing to compare with.
    #[schema(value_type = Option<Object>)]
    pub names: Option<Diff>,
    /// Names are hidden by your role.
    pub hidden: bool,
}

/// Changes at one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RoleDelta {
    /// Account, by its id.
    pub account: String,
    /// What the account is called, when that is known.
    pub account_name: String,
    /// Role.
    pub role: String,
    /// People who gained it.
    pub gained: usize,
    /// People who lost it.
    pub lost: usize,
}

/// Compares a sync with another of the same connector. Names are for those who may see who has access.
pub(crate) async fn between(
    context: &Context,
    id: &str,
    sync: &str,
    against: &Against,
) -> Result<SyncDiff, Problem> {
    let this = sealed(row(context, id, sync).await?)?;
    let other = if against.with.is_empty() {
        before(context, &this).await?
    } else {
        Some(sealed(row(context, id, &against.with).await?)?)
    };
    let relation = context.actor.relation(&context.console, Some(id)).await?;
    // Who hosts connectors and has another role too still does not read names here: the duties are apart.
    let names = context.actor.may(relation, Action::SeeAccess)
        && !context.actor.roles.has(Role::ConnectorAdministrator)
        || context.actor.is_super();
    let Some(other) = other else { return Ok(SyncDiff::first(this.id, !names)) };
    let [from, to] = if (other.queued_at, &other.id) <= (this.queued_at, &this.id) {
        [other, this]
    } else {
        [this, other]
    };
    let old = context.console.lens(id, &from.id).await?;
    let new = context.console.lens(id, &to.id).await?;
    let diff = aside(move || compare(&old, &new)).await??;
    Ok(SyncDiff {
        from: Some(from.id),
        to: to.id,
        gained: diff.gained,
        lost: diff.lost,
        roles: counts(&diff),
        settings: diff.settings.iter().map(cleaned).collect(),
        names: names.then_some(diff),
        hidden: !names,
    })
}

fn compare(old: &Arc<Lens>, new: &Arc<Lens>) -> Result<Diff, rolebook_insight::Error> {
    rolebook_insight::diff(old.readings.only()?, new.readings.only()?)
}

fn sealed(row: sync::Model) -> Result<sync::Model, Problem> {
    if row.file.is_some() { Ok(row) } else { Err(super::no_snapshot(&row)) }
}

/// The last good sync before this one.
async fn before(context: &Context, this: &sync::Model) -> Result<Option<sync::Model>, Problem> {
    const LOOKED_AT: u64 = 200;
    let db = context.console.store.db();
    let rows = syncs::history(db, &this.connector_id, Some(this.queued_at), LOOKED_AT).await?;
    Ok(rows.into_iter().find(|row| {
        row.file.is_some() && !matches!(row.result.as_deref(), Some("held" | "discarded" | "cancelled"))
    }))
}

fn cleaned(change: &SettingChange) -> SettingChange {
    let value = |text: &Option<String>| text.as_deref().map(clean);
    SettingChange { name: clean(&change.name), old: value(&change.old), new: value(&change.new) }
}

/// Gains and losses per role.
fn counts(diff: &Diff) -> Vec<RoleDelta> {
    let mut counted: BTreeMap<(&AccountRef, &str), (usize, usize)> = BTreeMap::new();
    fn key(role: &RoleRef) -> (&AccountRef, &str) {
        (&role.account, &role.role)
    }
    for change in &diff.changes {
        for delta in &change.gained {
            counted.entry(key(&delta.role)).or_default().0 += 1;
        }
        for delta in &change.lost {
            counted.entry(key(&delta.role)).or_default().1 += 1;
        }
    }
    let delta = |((account, role), (gained, lost)): ((&AccountRef, &str), (usize, usize))| RoleDelta {
        account: clean(&account.id),
        account_name: clean(account.called().unwrap_or_default()),
        role: clean(role),
        gained,
        lost,
    };
    counted.into_iter().map(delta).collect()
}

impl SyncDiff {
    fn first(sync: String, hidden: bool) -> Self {
        Self {
            from: None,
            to: sync,
            gained: 0,
            lost: 0,
            roles: Vec::new(),
            settings: Vec::new(),
            names: None,
            hidden,
        }
    }
}
