//! What you watch, and the console's webhooks.

use axum::{
    Json,
    extract::{Path, Query},
    http::StatusCode,
};
use utoipa_axum::routes;

use super::{Mode, Paging, made};
use crate::{
    operation::{
        Context,
        messages::{self, NewWatch, NewWebhook, WatchView, WebhookView},
    },
    policy::{Access, Action},
    problem::Problem,
    table::Page,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::May(Action::SeeAccess), routes!(list_watches))
        .api(Access::May(Action::SeeAccess), routes!(add_watch))
        .api(Access::May(Action::SeeAccess), routes!(end_watch))
        .api(Access::May(Action::ManageWebhooks), routes!(list_webhooks))
        .api(Access::May(Action::ManageWebhooks), routes!(add_webhook))
        .api(Access::May(Action::ManageWebhooks), routes!(end_webhook))
}

/// What you watch: after a sync that changed it you get one message
#[utoipa::path(get, path = "/api/watches", params(Paging), tag = "messages",
    responses((status = 200, body = Page<WatchView>)))]
async fn list_watches(
    context: Context,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<WatchView>>, Problem> {
    messages::watches(&context).await.map(|all| paging.cut(all))
}

/// Watch an account, a role name or a group
#[utoipa::path(post, path = "/api/watches", params(Mode), request_body = NewWatch, tag = "messages",
    responses((status = 201, body = WatchView)))]
async fn add_watch(
    context: Context,
    Body(new): Body<NewWatch>,
) -> Result<(StatusCode, Json<WatchView>), Problem> {
    Ok(made(&context, messages::watch(&context, new).await?))
}

/// End a watch
#[utoipa::path(delete, path = "/api/watches/{watch}",
    params(("watch" = String, Path, description = "Watch"), Mode), tag = "messages",
    responses((status = 204)))]
async fn end_watch(context: Context, Path(watch): Path<String>) -> Result<StatusCode, Problem> {
    messages::end_watch(&context, &watch).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Webhooks
#[utoipa::path(get, path = "/api/webhooks", params(Paging), tag = "messages",
    responses((status = 200, body = Page<WebhookView>)))]
async fn list_webhooks(
    context: Context,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<WebhookView>>, Problem> {
    messages::webhooks(&context).await.map(|all| paging.cut(all))
}

/// Make a webhook: signed messages about changes of access go to a public https address
///
/// Each message carries `Rolebook-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 with the secret over
/// `<seconds>.<body>`. The secret is in this answer only.
#[utoipa::path(post, path = "/api/webhooks", params(Mode), request_body = NewWebhook, tag = "messages",
    responses((status = 201, body = WebhookView)))]
async fn add_webhook(
    context: Context,
    Body(new): Body<NewWebhook>,
) -> Result<(StatusCode, Json<WebhookView>), Problem> {
    Ok(made(&context, messages::add_webhook(&context, new).await?))
}

/// End a webhook
#[utoipa::path(delete, path = "/api/webhooks/{webhook}",
    params(("webhook" = String, Path, description = "Webhook"), Mode), tag = "messages",
    responses((status = 204)))]
async fn end_webhook(context: Context, Path(webhook): Path<String>) -> Result<StatusCode, Problem> {
    messages::end_webhook(&context, &webhook).await?;
    Ok(StatusCode::NO_CONTENT)
}
