//! What you watch, and the console's webhooks.

use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};

use super::{field_error, or_problem, shell};
use crate::{
    operation::{
        Context,
        messages::{self, NewWatch, NewWebhook, WatchView, WebhookView},
    },
    policy::{Access, Action},
    problem::Problem,
    web::{
        form::Fields,
        page::{Shell, When, draw, go},
        routes::Routes,
    },
};

const HERE: &str = "/watches";

pub(super) fn enter(routes: Routes) -> Routes {
    let (watch, hooks) = (Access::May(Action::SeeAccess), Access::May(Action::ManageWebhooks));
    routes
        .page(Method::GET, HERE, watch, get(read))
        .page(Method::POST, HERE, watch, post(add_watch))
        .page(Method::POST, "/watches/{watch}/end", watch, post(end_watch))
        .page(Method::POST, "/webhooks", hooks, post(add_webhook))
        .page(Method::POST, "/webhooks/{webhook}/end", hooks, post(end_webhook))
}

#[derive(Template)]
#[template(path = "messages.html")]
struct MessagesPage {
    shell: Shell,
    watches: Vec<(WatchView, When)>,
    webhooks: Vec<(WebhookView, Option<When>)>,
    may_hook: bool,
    made: Option<WebhookView>,
    problem: Option<Problem>,
    value_error: String,
    url_error: String,
}

async fn read(context: Context) -> Response {
    let drawn = draw_page(&context, None, None).await;
    or_problem(&context, drawn)
}

async fn draw_page(
    context: &Context,
    problem: Option<Problem>,
    made: Option<WebhookView>,
) -> Result<Response, Problem> {
    let now = context.console.now();
    let may_hook = context.actor.may(super::NOBODY, Action::ManageWebhooks);
    let webhooks = if may_hook { messages::webhooks(context).await? } else { Vec::new() };
    let watches = messages::watches(context).await?;
    let page = MessagesPage {
        shell: shell(context, "Messages", "/settings").await?,
        watches: watches.into_iter().map(|view| (view.clone(), When::new(view.since, now))).collect(),
        webhooks: webhooks
            .into_iter()
            .map(|view| (view.clone(), view.sent_at.map(|at| When::new(at, now))))
            .collect(),
        may_hook,
        made,
        value_error: ["kind", "value"]
            .into_iter()
            .map(|field| field_error(problem.as_ref(), field))
            .collect(),
        url_error: field_error(problem.as_ref(), "url"),
        problem: problem.clone(),
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn after(context: &Context, done: Result<Option<WebhookView>, Problem>) -> Response {
    let drawn = match done {
        Ok(None) => return go(HERE),
        Ok(made) => draw_page(context, None, made).await,
        Err(problem) => draw_page(context, Some(problem), None).await,
    };
    or_problem(context, drawn)
}

async fn add_watch(context: Context, fields: Fields) -> Response {
    let new = NewWatch { kind: fields.get("kind").to_owned(), value: fields.get("value").to_owned() };
    let done = messages::watch(&context, new).await;
    after(&context, done.map(|_| None)).await
}

async fn end_watch(context: Context, Path(watch): Path<String>) -> Response {
    let done = messages::end_watch(&context, &watch).await;
    after(&context, done.map(|()| None)).await
}

async fn add_webhook(context: Context, fields: Fields) -> Response {
    let done = messages::add_webhook(&context, NewWebhook { url: fields.get("url").to_owned() }).await;
    after(&context, done.map(Some)).await
}

async fn end_webhook(context: Context, Path(webhook): Path<String>) -> Response {
    let done = messages::end_webhook(&context, &webhook).await;
    after(&context, done.map(|()| None)).await
}
