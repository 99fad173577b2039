//! The JSON API: thin handlers over the operations, with the document that describes them.

use axum::{
    Json,
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};

use crate::{operation::connectors::ConnectorView, web::routes::Routes};

mod access;
mod apps;
mod connectors;
mod explore;
mod findings;
mod messages;
mod people;
mod plans;
mod provisioning;
mod retention;
mod syncs;

/// What the document says of itself.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rolebook console",
        description = "Everything the console's pages do. Errors are RFC 9457 problems. Lists have cursors. An object's \
                       ETag can be sent back as If-Match. A POST with an Idempotency-Key is done once. `dry_run=1` says \
                       what would happen and changes nothing.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(crate::problem::Problem))
)]
struct Document;

/// The document before any operation.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Enters all operations.
pub(crate) fn enter(routes: Routes) -> Routes {
    let routes = connectors::enter(routes);
    let routes = syncs::enter(routes);
    let routes = apps::enter(routes);
    let routes = access::enter(routes);
    let routes = explore::enter(routes);
    let routes = findings::enter(routes);
    let routes = provisioning::enter(routes);
    let routes = retention::enter(routes);
    let routes = plans::enter(routes);
    let routes = messages::enter(routes);
    people::enter(routes)
}

/// How a change is meant.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Mode {
    /// `1`: say what would happen, change nothing.
    dry_run: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Words to search for.
    pub(crate) q: String,
    /// Where the page before ended.
    pub(crate) cursor: Option<String>,
    /// Rows of a page, 1 to 200; 25 when absent.
    pub(crate) limit: Option<u64>,
}

impl ListQuery {
    pub(crate) fn limit(&self) -> u64 {
        self.limit.unwrap_or(25).clamp(1, 200)
    }

    pub(crate) fn cursor(&self) -> Option<i64> {
        self.cursor.as_deref().and_then(|cursor| cursor.parse().ok())
    }
}

/// An answer of JSON with an ETag.
pub(crate) fn tagged(status: StatusCode, view: ConnectorView) -> Response {
    let tag = format!("\"{}\"", view.version);
    let mut response = (status, Json(view)).into_response();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// A file to save.
pub(crate) fn download(kind: &'static str, name: &str, body: impl Into<Body>) -> Response {
    let name: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
