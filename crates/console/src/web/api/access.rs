//! Who has access, and reviews.

use axum::{
    Json,
    extract::{Path, Query},
    response::{IntoResponse, Response},
};
use utoipa_axum::routes;

use super::{OneConnector, Paging, download};
use crate::{
    lens::{AccountRow, GrantRow, GroupRow, Listed, PersonRow, RoleRow},
    operation::{
        Context,
        access::{self, Overview, ReadBy, ReviewOffer},
    },
    policy::{Access, Action},
    problem::Problem,
    table::{Page, TableQuery},
    web::routes::Routes,
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::May(Action::SeeAccess), routes!(list_accounts))
        .api(Access::May(Action::SeeAccess), routes!(list_roles))
        .api(Access::May(Action::SeeAccess), routes!(list_people))
        .api(Access::May(Action::SeeAccess), routes!(list_groups))
        .api(Access::May(Action::SeeAccess), routes!(list_grants))
        .api(Access::SignedIn, routes!(get_overview))
        .api(Access::Connector(Action::ReadConnector), routes!(list_reviews))
        .api(Access::Connector(Action::ExportReview), routes!(export_review))
}

/// A page of rows as JSON, or the whole table as CSV.
async fn table<T: Listed + serde::Serialize>(
    context: &Context,
    query: &TableQuery,
    name: &str,
) -> Result<Response, Problem> {
    if query.format == "csv" {
        let text = access::csv::<T>(context, query).await?;
        return Ok(download("text/csv; charset=utf-8", &format!("{name}.csv"), text));
    }
    let (page, _) = access::page::<T>(context, query).await?;
    Ok(Json(page).into_response())
}

/// AWS accounts
#[utoipa::path(get, path = "/api/accounts", params(TableQuery), tag = "access",
    responses((status = 200, body = Page<ReadBy<AccountRow>>)))]
async fn list_accounts(context: Context, Query(query): Query<TableQuery>) -> Result<Response, Problem> {
    table::<AccountRow>(&context, &query, "accounts").await
}

/// Roles
#[utoipa::path(get, path = "/api/roles", params(TableQuery), tag = "access",
    responses((status = 200, body = Page<ReadBy<RoleRow>>)))]
async fn list_roles(context: Context, Query(query): Query<TableQuery>) -> Result<Response, Problem> {
    table::<RoleRow>(&context, &query, "roles").await
}

/// People
#[utoipa::path(get, path = "/api/people", params(TableQuery), tag = "access",
    responses((status = 200, body = Page<ReadBy<PersonRow>>)))]
async fn list_people(context: Context, Query(query): Query<TableQuery>) -> Result<Response, Problem> {
    table::<PersonRow>(&context, &query, "people").await
}

/// Groups
#[utoipa::path(get, path = "/api/groups", params(TableQuery), tag = "access",
    responses((status = 200, body = Page<ReadBy<GroupRow>>)))]
async fn list_groups(context: Context, Query(query): Query<TableQuery>) -> Result<Response, Problem> {
    table::<GroupRow>(&context, &query, "groups").await
}

/// Who can assume which role, and through what
#[utoipa::path(get, path = "/api/grants", params(TableQuery), tag = "access",
    responses((status = 200, body = Page<ReadBy<GrantRow>>)))]
async fn list_grants(context: Context, Query(query): Query<TableQuery>) -> Result<Response, Problem> {
    table::<GrantRow>(&context, &query, "grants").await
}

/// Numbers over everything within reach
#[utoipa::path(get, path = "/api/overview", tag = "access", responses((status = 200, body = Overview)))]
async fn get_overview(context: Context) -> Result<Json<Overview>, Problem> {
    access::overview(&context).await.map(Json)
}

/// What can be exported for a review, and what not and why
#[utoipa::path(get, path = "/api/connectors/{id}/reviews",
    params(OneConnector, Paging), tag = "access",
    responses((status = 200, body = Page<ReviewOffer>)))]
async fn list_reviews(
    context: Context,
    Path(id): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<ReviewOffer>>, Problem> {
    access::offers(&context, &id).await.map(|all| paging.cut(all))
}

/// Export one scope for a review, as CSV
#[utoipa::path(get, path = "/api/connectors/{id}/reviews/{scope}",
    params(OneConnector, ("scope" = String, Path,
        description = "`group-membership`, `application-assignment`, `okta-roles`, `aws-roles`")),
    tag = "access", responses((status = 200, content_type = "text/csv"), (status = 409, body = Problem)))]
async fn export_review(
    context: Context,
    Path((id, scope)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let text = access::export(&context, &id, &scope).await?;
    Ok(download("text/csv; charset=utf-8", &format!("{scope}.csv"), text))
}
