//! Findings, and what is accepted of them.

use axum::{
    Json,
    extract::{Path, Query},
    http::StatusCode,
};
use rolebook_insight::Findings;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::Mode;
use crate::{
    operation::{
        Context,
        explore::Answers,
        findings::{self, AcceptanceView, NewAcceptance},
    },
    policy::{Access, Action},
    problem::Problem,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::May(Action::SeeAccess), routes!(list_findings))
        .api(Access::May(Action::SeeAccess), routes!(list_acceptances))
        .api(Access::May(Action::AcceptFinding), routes!(accept_finding))
        .api(Access::May(Action::AcceptFinding), routes!(end_acceptance))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Of {
    /// Only this connector's snapshot.
    connector: String,
}

/// What is wrong, or soon will be, worst first; and which rules could not be asked
#[utoipa::path(get, path = "/api/findings", params(Of), tag = "findings",
    responses((status = 200, body = Answers<Value>), (status = 409, body = Problem)))]
async fn list_findings(context: Context, Query(of): Query<Of>) -> Result<Json<Answers<Findings>>, Problem> {
    findings::all(&context, &of.connector).await.map(Json)
}

/// What is accepted
#[utoipa::path(get, path = "/api/findings/acceptances", tag = "findings",
    responses((status = 200, body = [AcceptanceView])))]
async fn list_acceptances(context: Context) -> Result<Json<Vec<AcceptanceView>>, Problem> {
    findings::accepted(&context).await.map(Json)
}

/// Accept a finding until a day
#[utoipa::path(post, path = "/api/findings/acceptances", params(Mode), request_body = NewAcceptance, tag = "findings",
    responses((status = 201, body = AcceptanceView), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn accept_finding(
    context: Context,
    Body(new): Body<NewAcceptance>,
) -> Result<(StatusCode, Json<AcceptanceView>), Problem> {
    Ok((StatusCode::CREATED, Json(findings::accept(&context, new).await?)))
}

/// End an acceptance
#[utoipa::path(delete, path = "/api/findings/acceptances/{acceptance}",
    params(("acceptance" = String, Path, description = "Acceptance"), Mode), tag = "findings",
    responses((status = 204), (status = 404, body = Problem)))]
async fn end_acceptance(context: Context, Path(acceptance): Path<String>) -> Result<StatusCode, Problem> {
    findings::end(&context, &acceptance).await?;
    Ok(StatusCode::NO_CONTENT)
}
