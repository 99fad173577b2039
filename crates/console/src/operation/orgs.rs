//! The Okta orgs that are known, and the domain that each is known under: only a person changes it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rolebook_okta::Domain;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Context;
use crate::{
    origin::Origin,
    problem::Problem,
    store::{self, connectors, entity::org},
};

/// An Okta org.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OrgView {
    /// Okta's id.
    pub id: String,
    /// The name that it gives itself.
    pub name: String,
    /// The domain that it is known under. New connectors of its apps begin with it, and no server changes it.
    pub domain: String,
    /// Apps of it that are known.
    pub apps: usize,
    /// Connectors that read it.
    pub connectors: usize,
    /// When its apps were last discovered.
    #[schema(value_type = Option<String>)]
    pub discovered_at: Option<Timestamp>,
}

/// The domain that an org has from now on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmedDomain {
    /// The domain, as in `acme.okta.com`.
    pub domain: String,
}

/// Orgs by domain.
pub(crate) async fn list(context: &Context) -> Result<Vec<OrgView>, Problem> {
    let db = context.console.store.db();
    let count = |ids: Vec<Option<String>>| {
        ids.into_iter().flatten().fold(BTreeMap::<String, usize>::new(), |mut all, id| {
            *all.entry(id).or_default() += 1;
            all
        })
    };
    let apps = count(connectors::apps(db).await?.into_iter().map(|app| app.org_id).collect());
    let read = count(connectors::all(db).await?.into_iter().map(|connector| connector.org_id).collect());
    let of = |all: &BTreeMap<String, usize>, id: &str| all.get(id).copied().unwrap_or(0);
    let orgs = connectors::orgs(db).await?.into_iter();
    Ok(orgs
        .map(|org| OrgView {
            apps: of(&apps, &org.id),
            connectors: of(&read, &org.id),
            discovered_at: org.discovered_at.map(store::time),
            id: org.id,
            name: org.name,
            domain: org.domain,
        })
        .collect())
}

/// Confirms that an org has another domain. Connectors keep theirs, and their tokens, until their settings are changed.
pub(crate) async fn confirm(
    context: &Context,
    id: &str,
    wanted: &ConfirmedDomain,
) -> Result<OrgView, Problem> {
    let loopback = context.console.config.addresses.allow_loopback;
    let (domain, _) = Domain::parse(&wanted.domain, loopback)
        .map_err(|error| Problem::field("domain", format!("{error}. What to do: {}", error.hint())))?;
    let origin = Origin::of(&domain);
    let change = context.change().await?;
    let org = connectors::org(change.tx(), id).await?.ok_or_else(|| Problem::not_found("org"))?;
    let detail = json!({ "name": org.name, "from": org.domain, "to": origin.short() });
    change.audit("org.domain-confirmed", &format!("org/{id}"), detail).await?;
    change.keep_org(org::Model { domain: origin.short().to_owned(), ..org }).await?;
    change.commit().await?;
    list(context).await?.into_iter().find(|org| org.id == id).ok_or_else(|| Problem::not_found("org"))
}
