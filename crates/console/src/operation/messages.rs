//! What somebody watches, and the webhooks of the console.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Context;
use crate::{
    fresh, hook,
    problem::Problem,
    run::clean,
    store::{
        self,
        entity::{watch, webhook},
        messages,
    },
};

/// The longest value that is watched, and the longest address.
const LONGEST: usize = 500;
/// Watches of one person.
const MOST: usize = 200;

/// Something that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct WatchView {
    /// Id.
    pub id: String,
    /// `account`, `role` or `group`.
    pub kind: String,
    /// The account's number, alias or name; the role's name; the group's Okta id or name.
    pub value: String,
    /// Since when.
    #[schema(value_type = String)]
    pub since: Timestamp,
}

/// Something to watch.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWatch {
    /// `account`, `role` or `group`.
    pub kind: String,
    /// The account's number, alias or name; the role's name; the group's Okta id or name.
    pub value: String,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct WebhookView {
    /// Id.
    pub id: String,
    /// Where messages go.
    pub url: String,
    /// With which messages are signed; in the answer that makes it only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// When a message was taken last.
    #[schema(value_type = Option<String>)]
    pub sent_at: Option<Timestamp>,
    /// Why the last one was not.
    pub error: Option<String>,
}

/// A webhook to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// A public https address.
    pub url: String,
}

impl From<&watch::Model> for WatchView {
    fn from(row: &watch::Model) -> Self {
        Self {
            id: row.id.clone(),
            kind: row.kind.clone(),
            value: row.value.clone(),
            since: store::time(row.created_at),
        }
    }
}

impl From<&webhook::Model> for WebhookView {
    fn from(row: &webhook::Model) -> Self {
        Self {
            id: row.id.clone(),
            url: row.url.clone(),
            secret: None,
            sent_at: row.sent_at.map(store::time),
            error: row.error.as_deref().map(clean),
        }
    }
}

/// What you watch.
pub(crate) async fn watches(context: &Context) -> Result<Vec<WatchView>, Problem> {
    let rows = messages::watches(context.console.store.db(), Some(&context.actor.user.id)).await?;
    Ok(rows.iter().map(WatchView::from).collect())
}

/// Watches something. What is watched already is not watched twice.
pub(crate) async fn watch(context: &Context, new: NewWatch) -> Result<WatchView, Problem> {
    let value = clean(new.value.trim());
    if !matches!(new.kind.as_str(), "account" | "role" | "group") {
        return Err(Problem::field("kind", "choose account, role or group"));
    }
    if value.is_empty() || value.len() > LONGEST {
        return Err(Problem::field("value", "name the account, the role or the group"));
    }
    let change = context.change().await?;
    let own = messages::watches(change.tx(), Some(&context.actor.user.id)).await?;
    if let Some(row) = own.iter().find(|row| row.kind == new.kind && row.value == value) {
        return Ok(WatchView::from(row));
    }
    if own.len() >= MOST {
        return Err(Problem::field("value", format!("you watch {MOST} things already: end some of them")));
    }
    let row = change.add_watch(&new.kind, &value).await?;
    change
        .audit("watch.added", &format!("watch/{}", row.id), json!({ "kind": row.kind, "value": value }))
        .await?;
    change.commit().await?;
    Ok(WatchView::from(&row))
}

/// Ends a watch of your own.
pub(crate) async fn end_watch(context: &Context, id: &str) -> Result<(), Problem> {
    let change = context.change().await?;
    if !change.end_watch(id).await? {
        return Err(Problem::not_found("watch"));
    }
    change.audit("watch.ended", &format!("watch/{id}"), json!({})).await?;
    change.commit().await?;
    Ok(())
}

/// The console's webhooks.
pub(crate) async fn webhooks(context: &Context) -> Result<Vec<WebhookView>, Problem> {
    let rows = messages::webhooks(context.console.store.db()).await?;
    Ok(rows.iter().map(WebhookView::from).collect())
}

/// Makes a webhook; its secret is in this answer only.
pub(crate) async fn add_webhook(context: &Context, new: NewWebhook) -> Result<WebhookView, Problem> {
    if new.url.len() > LONGEST {
        return Err(Problem::field("url", "this address is too long"));
    }
    let url = hook::address(&new.url, &hook::rules(&context.console))
        .map_err(|text| Problem::field("url", text))?;
    let (id, secret) = (fresh::id("whk")?, fresh::secret()?);
    let change = context.change().await?;
    let row = webhook::Model {
        secret: context.console.vault.seal(&messages::secret_place(&id), &secret)?,
        id,
        url: url.to_string(),
        created_by: context.actor.user.id.clone(),
        created_at: change.now_ms(),
        sent_at: None,
        error: None,
    };
    change.add_webhook(row.clone()).await?;
    let host = url.host_str().unwrap_or_default();
    change.audit("webhook.added", &format!("webhook/{}", row.id), json!({ "host": host })).await?;
    let made = change.commit().await?;
    Ok(WebhookView { secret: made.then_some(secret), ..WebhookView::from(&row) })
}

/// Ends a webhook.
pub(crate) async fn end_webhook(context: &Context, id: &str) -> Result<(), Problem> {
    let change = context.change().await?;
    if !change.end_webhook(id).await? {
        return Err(Problem::not_found("webhook"));
    }
    change.audit("webhook.ended", &format!("webhook/{id}"), json!({})).await?;
    change.commit().await?;
    Ok(())
}
