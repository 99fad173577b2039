//! Syncs: start, stop, decide, look back.

use axum::{
    Json,
    body::Body as HttpBody,
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{Mode, OneConnector, Paging, csv_of, download, tagged};
use crate::{
    ConsoleError,
    operation::{
        Context,
        connectors::ConnectorView,
        syncs::{
            self, SyncPage, SyncView, SyncsQuery,
            diff::{self, Against, SyncDiff},
        },
    },
    policy::{Access, Action},
    problem::Problem,
    run::LogLine,
    table::Page,
    web::{form::Body, routes::Routes},
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes
        .api(Access::Connector(Action::RunConnector), routes!(start_sync))
        .api(Access::Connector(Action::RunConnector), routes!(pause_connector))
        .api(Access::Connector(Action::RunConnector), routes!(resume_connector))
        .api(Access::Connector(Action::RunConnector), routes!(cancel_sync))
        .api(Access::Connector(Action::ConfirmHold), routes!(confirm_hold))
        .api(Access::Connector(Action::ConfirmHold), routes!(discard_hold))
        .api(Access::Connector(Action::ReadLogs), routes!(list_syncs))
        .api(Access::Connector(Action::ReadLogs), routes!(get_sync))
        .api(Access::Connector(Action::ReadLogs), routes!(get_log))
        .api(Access::Connector(Action::ReadLogs), routes!(get_diff))
        .api(Access::Connector(Action::DownloadSnapshot), routes!(get_snapshot))
}

/// Sync now
#[utoipa::path(post, path = "/api/connectors/{id}/sync", params(OneConnector, Mode),
    tag = "syncs", responses((status = 202, body = ConnectorView), (status = 412, body = Problem)))]
async fn start_sync(context: Context, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::ACCEPTED, syncs::start(&context, &id).await?))
}

/// Pause syncs
#[utoipa::path(post, path = "/api/connectors/{id}/pause", params(OneConnector, Mode),
    tag = "syncs", responses((status = 200, body = ConnectorView), (status = 412, body = Problem)))]
async fn pause_connector(context: Context, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, syncs::pause(&context, &id).await?))
}

/// Resume syncs
#[utoipa::path(post, path = "/api/connectors/{id}/resume", params(OneConnector, Mode),
    tag = "syncs", responses((status = 200, body = ConnectorView), (status = 412, body = Problem)))]
async fn resume_connector(context: Context, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, syncs::resume(&context, &id).await?))
}

/// Stop the sync under way
#[utoipa::path(post, path = "/api/connectors/{id}/cancel", params(OneConnector, Mode),
    tag = "syncs", responses((status = 200, body = ConnectorView), (status = 412, body = Problem)))]
async fn cancel_sync(context: Context, Path(id): Path<String>) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, syncs::cancel(&context, &id).await?))
}

/// Why a held sync is decided so.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reason {
    /// For the audit record.
    reason: String,
}

/// Take a held sync over
#[utoipa::path(post, path = "/api/connectors/{id}/hold/confirm",
    params(OneConnector, Mode), request_body = Reason, tag = "syncs",
    responses((status = 200, body = ConnectorView), (status = 412, body = Problem)))]
async fn confirm_hold(
    context: Context,
    Path(id): Path<String>,
    Body(reason): Body<Reason>,
) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, syncs::decide(&context, &id, true, &reason.reason).await?))
}

/// Drop a held sync
#[utoipa::path(post, path = "/api/connectors/{id}/hold/discard",
    params(OneConnector, Mode), request_body = Reason, tag = "syncs",
    responses((status = 200, body = ConnectorView), (status = 412, body = Problem)))]
async fn discard_hold(
    context: Context,
    Path(id): Path<String>,
    Body(reason): Body<Reason>,
) -> Result<Response, Problem> {
    Ok(tagged(StatusCode::OK, syncs::decide(&context, &id, false, &reason.reason).await?))
}

/// Syncs of a connector, newest first; as CSV with `format=csv`
#[utoipa::path(get, path = "/api/connectors/{id}/syncs",
    params(OneConnector, SyncsQuery), tag = "syncs",
    responses((status = 200, body = SyncPage)))]
async fn list_syncs(
    context: Context,
    Path(id): Path<String>,
    Query(query): Query<SyncsQuery>,
) -> Result<Response, Problem> {
    let first = syncs::look(&context, &id, &query).await?;
    if query.format != "csv" {
        return Ok(Json(first).into_response());
    }
    Ok(csv_of("syncs", query.columns.clone(), move |cursor| {
        let (context, id) = (context.clone(), id.clone());
        let query = SyncsQuery { cursor, limit: Some(200), ..query.clone() };
        async move { syncs::look(&context, &id, &query).await.map(|page| (page.items, page.next_cursor)) }
    }))
}

/// One sync
#[utoipa::path(get, path = "/api/connectors/{id}/syncs/{sync}",
    params(OneConnector, ("sync" = String, Path, description = "Sync")),
    tag = "syncs", responses((status = 200, body = SyncView)))]
async fn get_sync(
    context: Context,
    Path((id, sync)): Path<(String, String)>,
) -> Result<Json<SyncView>, Problem> {
    syncs::get(&context, &id, &sync).await.map(Json)
}

/// Log of a sync
#[utoipa::path(get, path = "/api/connectors/{id}/syncs/{sync}/log",
    params(OneConnector, ("sync" = String, Path, description = "Sync"), Paging),
    tag = "syncs", responses((status = 200, body = Page<LogLine>)))]
async fn get_log(
    context: Context,
    Path((id, sync)): Path<(String, String)>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<LogLine>>, Problem> {
    syncs::log(&context, &id, &sync).await.map(|all| paging.cut(all))
}

/// What lies between two syncs: who gained and lost which role, and through which change
#[utoipa::path(get, path = "/api/connectors/{id}/syncs/{sync}/diff",
    params(OneConnector, ("sync" = String, Path, description = "Sync"), Against),
    tag = "syncs", responses((status = 200, body = SyncDiff), (status = 409, body = Problem)))]
async fn get_diff(
    context: Context,
    Path((id, sync)): Path<(String, String)>,
    Query(against): Query<Against>,
) -> Result<Json<SyncDiff>, Problem> {
    diff::between(&context, &id, &sync, &against).await.map(Json)
}

/// Snapshot of a sync, a Baton `.c1z` file
#[utoipa::path(get, path = "/api/connectors/{id}/syncs/{sync}/snapshot",
    params(OneConnector, ("sync" = String, Path, description = "Sync")),
    tag = "syncs", responses((status = 200, content_type = "application/octet-stream"), (status = 409, body = Problem)))]
async fn get_snapshot(
    context: Context,
    Path((id, sync)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let path = syncs::snapshot(&context, &id, &sync).await?;
    let file = tokio::fs::File::open(&path).await.map_err(ConsoleError::file("open", &path))?;
    Ok(download(
        "application/octet-stream",
        &format!("{sync}.c1z"),
        HttpBody::from_stream(ReaderStream::new(file)),
    ))
}
