//! How long snapshots and logs are kept.

use axum::Json;
use utoipa_axum::routes;

use super::Mode;
use crate::{
    operation::{Context, retention},
    policy::{Access, Action},
    problem::Problem,
    retention::Retention,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::May(Action::SeeSettings), routes!(get_retention))
        .api(Access::May(Action::ChangeRetention), routes!(set_retention))
}

/// How long snapshots and logs are kept; the audit record is never shortened
#[utoipa::path(get, path = "/api/retention", tag = "console", responses((status = 200, body = Retention)))]
async fn get_retention(context: Context) -> Result<Json<Retention>, Problem> {
    retention::get(&context).await.map(Json)
}

/// Change how long snapshots and logs are kept
#[utoipa::path(put, path = "/api/retention", params(Mode), request_body = Retention, tag = "console",
    responses((status = 200, body = Retention), (status = 412, body = Problem)))]
async fn set_retention(context: Context, Body(rules): Body<Retention>) -> Result<Json<Retention>, Problem> {
    retention::set(&context, rules).await.map(Json)
}
