//! Findings, and what is accepted of them.

use axum::{
    Json,
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use utoipa_axum::routes;

use super::{Mode, Paging, download, made};
use crate::{
    operation::{
        Context,
        findings::{self, AcceptanceView, FindingsPage, NewAcceptance, Wanted},
    },
    policy::{Access, Action},
    problem::Problem,
    table::{Page, TableQuery},
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::May(Action::SeeAccess), routes!(list_findings))
        .api(Access::May(Action::SeeAccess), routes!(list_acceptances))
        .api(Access::May(Action::AcceptFinding), routes!(accept_finding))
        .api(Access::May(Action::AcceptFinding), routes!(end_acceptance))
}

/// What is wrong, or soon will be, worst first; and which rules could not be asked. As CSV with `format=csv`
#[utoipa::path(get, path = "/api/findings", params(Wanted, TableQuery), tag = "findings",
    responses((status = 200, body = FindingsPage), (status = 409, body = Problem)))]
async fn list_findings(
    context: Context,
    Query(wanted): Query<Wanted>,
    Query(query): Query<TableQuery>,
) -> Result<Response, Problem> {
    if query.format == "csv" {
        let text = findings::csv(&context, &wanted, &query).await?;
        return Ok(download("text/csv; charset=utf-8", "findings.csv", text));
    }
    Ok(Json(findings::page(&context, &wanted, &query).await?).into_response())
}

/// What is accepted
#[utoipa::path(get, path = "/api/findings/acceptances", params(Paging), tag = "findings",
    responses((status = 200, body = Page<AcceptanceView>)))]
async fn list_acceptances(
    context: Context,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<AcceptanceView>>, Problem> {
    findings::accepted(&context).await.map(|all| paging.cut(all))
}

/// Accept a finding until a day
#[utoipa::path(post, path = "/api/findings/acceptances", params(Mode), request_body = NewAcceptance, tag = "findings",
    responses((status = 201, body = AcceptanceView), (status = 404, body = Problem)))]
async fn accept_finding(
    context: Context,
    Body(new): Body<NewAcceptance>,
) -> Result<(StatusCode, Json<AcceptanceView>), Problem> {
    Ok(made(&context, findings::accept(&context, new).await?))
}

/// End an acceptance
#[utoipa::path(delete, path = "/api/findings/acceptances/{acceptance}",
    params(("acceptance" = String, Path, description = "Acceptance"), Mode), tag = "findings",
    responses((status = 204)))]
async fn end_acceptance(context: Context, Path(acceptance): Path<String>) -> Result<StatusCode, Problem> {
    findings::end(&context, &acceptance).await?;
    Ok(StatusCode::NO_CONTENT)
}
