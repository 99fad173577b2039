//! The web: one router for pages and API, behind one gate.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::Response,
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

use crate::{actor::Actor, console::Console, problem::Problem};

mod api;
mod assets;
mod caller;
mod device;
mod form;
pub(crate) mod gate;
mod hosts;
pub(crate) mod idempotency;
mod live;
mod page;
mod pages;
mod probes;
mod routes;
mod tags;

pub(crate) use gate::same;
pub(crate) use live::Streams;
pub(crate) use probes::Readiness;
pub use routes::RouteEntry;

/// All routes behind the gate, over one console.
pub(crate) fn router(console: &Arc<Console>) -> Router {
    let (router, document, _) = collect(Some(Arc::clone(console)));
    router
        .fallback(nothing_here)
        .layer(from_fn_with_state(Arc::clone(console), idempotency::once))
        .layer(from_fn_with_state(Arc::clone(console), gate::explain))
        .layer(from_fn_with_state(Arc::clone(console), gate::admit))
        .merge(probes::router(document))
        .layer(from_fn(tags::tag))
        .layer(from_fn_with_state(Arc::clone(console), hosts::ours_only))
        .layer(DefaultBodyLimit::max(gate::LARGEST_BODY))
        // Within what gives every answer its headers.
        .layer(CatchPanicLayer::new())
        .layer(from_fn(gate::speak))
        .layer(from_fn_with_state(Arc::clone(console), gate::harden))
        .layer(CompressionLayer::new())
        .with_state(Arc::clone(console))
}

fn collect(
    console: Option<Arc<Console>>,
) -> (Router<Arc<Console>>, utoipa::openapi::OpenApi, Vec<RouteEntry>) {
    let routes = routes::Routes::new(console, api::document());
    let routes = api::enter(routes);
    let routes = live::enter(routes);
    let routes = assets::enter(routes);
    let (router, mut document, entries) = pages::enter(routes).finish();
    api::complete(&mut document);
    (router, document, entries)
}

/// The OpenAPI document, as it is checked in.
#[must_use]
pub fn openapi() -> String {
    let (_, document, _) = collect(None);
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Every route behind the gate and what it asks of the caller.
#[must_use]
pub fn routes() -> Vec<RouteEntry> {
    collect(None).2
}

/// No such route: whoever is not signed in is not told.
async fn nothing_here(State(console): State<Arc<Console>>, request: Request) -> Response {
    let actor = request.extensions().get::<Actor>().cloned();
    if actor.is_none() {
        return page::to_sign_in(&request, Problem::signed_out());
    }
    let problem = Problem::new(
        StatusCode::NOT_FOUND,
        "no-page",
        "there is no such page",
        "the address is misspelled, or the page was in an older version",
        "go back, or begin at the first page",
    );
    page::problem(&console, actor.as_ref(), &request, problem)
}
