//! The context of an operation, from a request.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use crate::{actor::Actor, console::Console, operation::Context, problem::Problem, seen::Seen};

impl FromRequestParts<Arc<Console>> for Context {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Problem> {
        let actor = parts.extensions.get::<Actor>().cloned().ok_or_else(Problem::signed_out)?;
        let dry_run = parts.uri.query().is_some_and(|query| {
            url::form_urlencoded::parse(query.as_bytes()).any(|(k, v)| k == "dry_run" && v == "1")
        });
        let if_match = parts.headers.get(header::IF_MATCH).map(|value| value.to_str().unwrap_or_default());
        let if_match = if_match.and_then(Seen::of);
        Ok(Self { console: Arc::clone(console), actor, dry_run, if_match })
    }
}

impl FromRequestParts<Arc<Console>> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _console: &Arc<Console>) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::signed_out)
    }
}
