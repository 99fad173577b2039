//! Catalogue and connectors.

use axum::{
    Json,
    extract::{Path, Query},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Mode, OneConnector, Paging, Words, made, tagged};
use crate::{
    operation::{
        Context, catalog,
        connectors::{self, ConnectorView, NewConnector},
        settings::{self, SettingsPatch, TryReport},
    },
    policy::{Access, Action},
    problem::Problem,
    schedule::Schedule,
    table::Page,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::May(Action::AddConnector), routes!(list_catalog))
        .api(Access::SignedIn, routes!(get_catalog_entry))
        .api(Access::May(Action::ListConnectors), routes!(list_connectors))
        .api(Access::May(Action::AddConnector), routes!(create_connector))
        .api(Access::Connector(Action::ReadConnector), routes!(get_connector))
        .api(Access::Connector(Action::OwnConnector), routes!(rename_connector))
        .api(Access::Connector(Action::DeleteConnector), routes!(delete_connector))
        .api(Access::Connector(Action::ConfigureConnector), routes!(test_settings))
        .api(Access::Connector(Action::ConfigureConnector), routes!(save_settings))
        .api(Access::Connector(Action::ConfigureConnector), routes!(clear_token))
        .api(Access::Connector(Action::OwnConnector), routes!(set_owners))
        .api(Access::Connector(Action::RunConnector), routes!(set_schedule))
}

/// Kinds of connector
#[utoipa::path(get, path = "/api/connector-catalog", params(Words, Paging), tag = "connectors",
    responses((status = 200, body = Page<catalog::CatalogEntry>)))]
async fn list_catalog(
    _context: Context,
    Query(words): Query<Words>,
    Query(paging): Query<Paging>,
) -> Json<Page<catalog::CatalogEntry>> {
    paging.cut(catalog::search(&words.q))
}

/// One kind of connector
#[utoipa::path(get, path = "/api/connector-catalog/{kind}", params(("kind" = String, Path, description = "Kind")),
    tag = "connectors", responses((status = 200, body = catalog::CatalogEntry)))]
async fn get_catalog_entry(
    _context: Context,
    Path(kind): Path<String>,
) -> Result<Json<catalog::CatalogEntry>, Problem> {
    catalog::entry(&kind).map(Json).ok_or_else(|| Problem::not_found("kind of connector"))
}

/// Connectors within reach
#[utoipa::path(get, path = "/api/connectors", params(Paging), tag = "connectors",
    responses((status = 200, body = Page<ConnectorView>)))]
async fn list_connectors(
    context: Context,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<ConnectorView>>, Problem> {
    connectors::list(&context).await.map(|all| paging.cut(all))
}

/// Add a connector
#[utoipa::path(post, path = "/api/connectors", params(Mode), request_body = NewConnector, tag = "connectors",
    responses((status = 201, body = ConnectorView)))]
async fn create_connector(context: Context, Body(new): Body<NewConnector>) -> Result<Response, Problem> {
    let (status, Json(view)) = made(&context, connectors::create(&context, new).await?);
    Ok(tagged(status, view))
}

/// One connector
#[utoipa::path(get, path = "/api/connectors/{id}", params(OneConnector),
    tag = "connectors", responses((status = 200, body = ConnectorView)))]
async fn get_connector(context: Context, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, connectors::get(&context, &id).await?))
}

/// A new name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rename {
    /// The name.
    name: String,
}

/// Rename a connector
#[utoipa::path(patch, path = "/api/connectors/{id}", params(OneConnector, Mode),
    request_body = Rename, tag = "connectors",
    responses((status = 200, body = ConnectorView), (status = 412, body = Problem)))]
async fn rename_connector(
    context: Context,
    Path(id): Path<String>,
    Body(rename): Body<Rename>,
) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, connectors::rename(&context, &id, &rename.name).await?))
}

/// Proof that deleting is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Confirmation {
    /// `DELETE`.
    confirm: String,
}

/// Delete a connector; its app stays
#[utoipa::path(delete, path = "/api/connectors/{id}", params(OneConnector, Mode),
    request_body = Confirmation, tag = "connectors", responses((status = 204), (status = 412, body = Problem)))]
async fn delete_connector(
    context: Context,
    Path(id): Path<String>,
    Body(confirmation): Body<Confirmation>,
) -> Result<StatusCode, Problem> {
    connectors::delete(&context, &id, &confirmation.confirm).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Try settings out; nothing is changed
#[utoipa::path(post, path = "/api/connectors/{id}/test",
    params(OneConnector, Mode), request_body = SettingsPatch, tag = "settings", responses((status = 200, body = TryReport)))]
async fn test_settings(
    context: Context,
    Path(id): Path<String>,
    Body(patch): Body<SettingsPatch>,
) -> Result<Json<TryReport>, Problem> {
    settings::test(&context, &id, patch).await.map(Json)
}

/// Save settings that pass their checks, and sync
#[utoipa::path(patch, path = "/api/connectors/{id}/settings",
    params(OneConnector, Mode), request_body = SettingsPatch, tag = "settings",
    responses((status = 200, body = ConnectorView), (status = 412, body = Problem)))]
async fn save_settings(
    context: Context,
    Path(id): Path<String>,
    Body(patch): Body<SettingsPatch>,
) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, settings::save(&context, &id, patch).await?))
}

/// Forget the token
#[utoipa::path(delete, path = "/api/connectors/{id}/token",
    params(OneConnector, Mode), tag = "settings",
    responses((status = 200, body = ConnectorView), (status = 412, body = Problem)))]
async fn clear_token(context: Context, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, settings::clear_token(&context, &id).await?))
}

/// Owners of a connector.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Owners {
    /// Ids or e-mail addresses; an empty list leaves it without owners.
    owners: Vec<String>,
}

/// Replace the owners
#[utoipa::path(put, path = "/api/connectors/{id}/owners",
    params(OneConnector, Mode), request_body = Owners, tag = "connectors",
    responses((status = 200, body = ConnectorView), (status = 412, body = Problem)))]
async fn set_owners(
    context: Context,
    Path(id): Path<String>,
    Body(owners): Body<Owners>,
) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, connectors::set_owners(&context, &id, &owners.owners).await?))
}

/// Change the schedule
#[utoipa::path(put, path = "/api/connectors/{id}/schedule",
    params(OneConnector, Mode), request_body = Schedule, tag = "connectors",
    responses((status = 200, body = ConnectorView), (status = 412, body = Problem)))]
async fn set_schedule(
    context: Context,
    Path(id): Path<String>,
    Body(schedule): Body<Schedule>,
) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, connectors::set_schedule(&context, &id, schedule).await?))
}
