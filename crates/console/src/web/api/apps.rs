//! Apps.

use axum::{
    Json,
    extract::{Path, Query},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::{Mode, Paging};
use crate::{
    operation::{
        Context,
        apps::{self, AppDetail, AppView, Removed},
        connectors::PersonRef,
        discovery::{self, Discovered, Discovery},
    },
    policy::{Access, Action},
    problem::Problem,
    table::Page,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::May(Action::ListApps), routes!(list_apps))
        .api(Access::May(Action::ListApps), routes!(get_app))
        .api(Access::May(Action::DiscoverApps), routes!(discover_apps))
        .api(Access::May(Action::PromoteApp), routes!(promote_app))
        .api(Access::May(Action::PromoteApp), routes!(ignore_app))
        .api(Access::May(Action::PromoteApp), routes!(list_app_again))
        .api(Access::May(Action::PromoteApp), routes!(remove_app))
        .api(Access::May(Action::PromoteApp), routes!(remove_unused_apps))
        .api(Access::May(Action::ChangeUsers), routes!(add_app_owner))
        .api(Access::May(Action::ChangeUsers), routes!(end_app_owner))
}

/// Which apps.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct AppQuery {
    /// `managed`, `unmanaged`, `ignored`; all when absent.
    state: Option<String>,
    /// Words to search for.
    q: String,
}

/// Apps by name
#[utoipa::path(get, path = "/api/apps", params(AppQuery, Paging), tag = "apps",
    responses((status = 200, body = Page<AppView>)))]
async fn list_apps(
    context: Context,
    Query(query): Query<AppQuery>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<AppView>>, Problem> {
    apps::list(&context, query.state.as_deref(), &query.q).await.map(|all| paging.cut(all))
}

/// One app: owners, connectors, numbers and the settings that are in force
#[utoipa::path(get, path = "/api/apps/{app}", params(("app" = String, Path, description = "App")), tag = "apps",
    responses((status = 200, body = AppDetail)))]
async fn get_app(context: Context, Path(app): Path<String>) -> Result<Json<AppDetail>, Problem> {
    apps::detail(&context, &app).await.map(Json)
}

/// Read the list of apps of an Okta org: at most 4,000. With the token of a connector that the caller may configure, or,
/// for Super and Connector Administrators, with a domain and a token
#[utoipa::path(post, path = "/api/apps/discover", params(Mode), request_body = Discovery, tag = "apps",
    responses((status = 200, body = Discovered)))]
async fn discover_apps(context: Context, Body(wanted): Body<Discovery>) -> Result<Json<Discovered>, Problem> {
    discovery::discover(&context, wanted).await.map(Json)
}

/// Manage an unmanaged app
#[utoipa::path(post, path = "/api/apps/{app}/promote", params(("app" = String, Path, description = "App"), Mode),
    tag = "apps", responses((status = 200, body = AppView)))]
async fn promote_app(context: Context, Path(app): Path<String>) -> Result<Json<AppView>, Problem> {
    apps::move_to(&context, &app, "unmanaged", "managed").await.map(Json)
}

/// Hide an unmanaged app
#[utoipa::path(post, path = "/api/apps/{app}/ignore", params(("app" = String, Path, description = "App"), Mode),
    tag = "apps", responses((status = 200, body = AppView)))]
async fn ignore_app(context: Context, Path(app): Path<String>) -> Result<Json<AppView>, Problem> {
    apps::move_to(&context, &app, "unmanaged", "ignored").await.map(Json)
}

/// List an ignored app again
#[utoipa::path(post, path = "/api/apps/{app}/list-again", params(("app" = String, Path, description = "App"), Mode),
    tag = "apps", responses((status = 200, body = AppView)))]
async fn list_app_again(context: Context, Path(app): Path<String>) -> Result<Json<AppView>, Problem> {
    apps::move_to(&context, &app, "ignored", "unmanaged").await.map(Json)
}

/// Remove an unmanaged app without a connector
#[utoipa::path(delete, path = "/api/apps/{app}", params(("app" = String, Path, description = "App"), Mode),
    tag = "apps", responses((status = 204)))]
async fn remove_app(context: Context, Path(app): Path<String>) -> Result<StatusCode, Problem> {
    apps::remove(&context, &app).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Of which org.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct OrgQuery {
    /// Id of an org.
    org: Option<String>,
}

/// Remove every unmanaged app of an org without a connector
#[utoipa::path(delete, path = "/api/apps", params(OrgQuery, Mode), tag = "apps",
    responses((status = 200, body = Removed)))]
async fn remove_unused_apps(
    context: Context,
    Query(query): Query<OrgQuery>,
) -> Result<Json<Removed>, Problem> {
    // Of one org that is named: nothing is removed by a slip.
    let org = query.org.ok_or_else(|| Problem::field("org", "say of which org"))?;
    apps::remove_unused(&context, Some(&org)).await.map(Json)
}

/// An owner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AppOwner {
    /// Id or e-mail address.
    user: String,
}

/// Make somebody an owner of an app
#[utoipa::path(post, path = "/api/apps/{app}/owners", params(("app" = String, Path, description = "App"), Mode),
    request_body = AppOwner, tag = "apps", responses((status = 200, body = PersonRef)))]
async fn add_app_owner(
    context: Context,
    Path(app): Path<String>,
    Body(owner): Body<AppOwner>,
) -> Result<Json<PersonRef>, Problem> {
    apps::add_owner(&context, &app, &owner.user).await.map(Json)
}

/// End somebody's owning an app
#[utoipa::path(delete, path = "/api/apps/{app}/owners/{user}",
    params(("app" = String, Path, description = "App"), ("user" = String, Path, description = "User"), Mode),
    tag = "apps", responses((status = 204)))]
async fn end_app_owner(
    context: Context,
    Path((app, user)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    apps::end_owner(&context, &app, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
