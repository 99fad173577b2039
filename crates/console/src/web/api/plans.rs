//! Plans of granting and revoking.

use axum::{
    Json,
    extract::{Path, Query},
    http::StatusCode,
};
use utoipa_axum::routes;

use super::{Mode, OneConnector, Paging, made};
use crate::{
    operation::{
        Context,
        plans::{self, NewPlan, Seen, apply, view::PlanView},
    },
    policy::{Access, Action},
    problem::Problem,
    table::Page,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    let see = Access::Connector(Action::SeePlans);
    let change = Access::Connector(Action::ChangeAccess);
    routes
        .api(Access::May(Action::SeePlans), routes!(list_all_plans))
        .api(see, routes!(list_plans))
        .api(change, routes!(make_plan))
        .api(see, routes!(get_plan))
        .api(change, routes!(approve_plan))
        .api(change, routes!(apply_plan))
}

/// Plans of all connectors, newest first
#[utoipa::path(get, path = "/api/plans", params(Paging), tag = "plans",
    responses((status = 200, body = Page<PlanView>)))]
async fn list_all_plans(
    context: Context,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<PlanView>>, Problem> {
    plans::list(&context, "", paging.from(), paging.limit()).await.map(Json)
}

/// Plans of a connector, newest first
#[utoipa::path(get, path = "/api/connectors/{id}/plans",
    params(OneConnector, Paging), tag = "plans",
    responses((status = 200, body = Page<PlanView>)))]
async fn list_plans(
    context: Context,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<PlanView>>, Problem> {
    plans::list(&context, &id, paging.from(), paging.limit()).await.map(Json)
}

/// Plan a change; nothing is written to Okta
#[utoipa::path(post, path = "/api/connectors/{id}/plans",
    params(OneConnector, Mode), request_body = NewPlan, tag = "plans",
    responses((status = 201, body = PlanView)))]
async fn make_plan(
    context: Context,
    Path(id): Path<String>,
    Body(new): Body<NewPlan>,
) -> Result<(StatusCode, Json<PlanView>), Problem> {
    Ok(made(&context, plans::make(&context, &id, new).await?))
}

/// One plan
#[utoipa::path(get, path = "/api/connectors/{id}/plans/{plan}",
    params(OneConnector, ("plan" = String, Path, description = "Plan")),
    tag = "plans", responses((status = 200, body = PlanView)))]
async fn get_plan(
    context: Context,
    Path((id, plan)): Path<(String, String)>,
) -> Result<Json<PlanView>, Problem> {
    plans::get(&context, &id, &plan).await.map(Json)
}

/// Approve exactly this plan, as a second person
#[utoipa::path(post, path = "/api/connectors/{id}/plans/{plan}/approve",
    params(OneConnector, ("plan" = String, Path, description = "Plan"), Mode),
    request_body = Seen, tag = "plans", responses((status = 200, body = PlanView)))]
async fn approve_plan(
    context: Context,
    Path((id, plan)): Path<(String, String)>,
    Body(seen): Body<Seen>,
) -> Result<Json<PlanView>, Problem> {
    plans::approve(&context, &id, &plan, &seen).await.map(Json)
}

/// Apply exactly this plan; answers when Okta shows it, or why it does not
#[utoipa::path(post, path = "/api/connectors/{id}/plans/{plan}/apply",
    params(OneConnector, ("plan" = String, Path, description = "Plan"), Mode),
    request_body = Seen, tag = "plans", responses((status = 200, body = PlanView)))]
async fn apply_plan(
    context: Context,
    Path((id, plan)): Path<(String, String)>,
    Body(seen): Body<Seen>,
) -> Result<Json<PlanView>, Problem> {
    apply::apply(&context, &id, &plan, &seen).await.map(Json)
}
