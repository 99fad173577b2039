//! ETags: every answer of JSON to a GET is tagged, and what the caller has already is not sent again.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::seen;

/// Tags answers; a handler that knows the state of what it gives has put it into the header.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path());
    let of_api = path.starts_with("/api/") || path == "/openapi.json";
    // A change answers with what is now there, unless it was only tried out.
    let tried = request.uri().query().is_some_and(|query| query.contains("dry_run"));
    let shows = method == Method::GET || (matches!(method, Method::PUT | Method::PATCH) && !tried);
    let had = request.headers().get(header::IF_NONE_MATCH).cloned().filter(|_| method == Method::GET);
    let response = next.run(request).await;
    if !of_api || !shows || response.status() != StatusCode::OK || !is_json(response.headers()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Such an answer lies in memory: copying is not reading.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let whole = seen::hash(&bytes);
    let state = parts.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let tag = state.map_or_else(|| whole.clone(), |state| format!("{}-{whole}", state.trim_matches('"')));
    let has = had.as_ref().and_then(|had| had.to_str().ok()).is_some_and(|had| {
        let had = seen::tags(had);
        had.contains(&tag.as_str()) || had.contains(&"*")
    });
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        parts.headers.insert(header::ETAG, tag);
    }
    if !has {
        return Response::from_parts(parts, Body::from(bytes));
    }
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::empty())
}

/// What is a whole document; a repeated answer tells of a state that may be gone.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json")
        && !headers.contains_key("idempotent-replay")
}
