//! The context of an operation, from a request.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
};

use crate::{actor::Actor, console::Console, operation::Context, problem::Problem, seen::Seen};

impl FromRequestParts<Arc<Console>> for Context {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, console: &Arc<Console>) -> Result<Self, Problem> {
        let actor = parts.extensions.get::<Actor>().cloned().ok_or_else(Problem::signed_out)?;
        let mut dry_run = false;
        let query = parts.uri.query().unwrap_or_default();
        for (_, value) in url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "dry_run")
        {
            dry_run = match &*value {
                "1" | "true" => true,
                "0" | "false" => false,
                // Whoever means to try something out must not do it by a slip.
                _ => return Err(bad_mode()),
            };
        }
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

fn bad_mode() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-mode",
        "dry_run cannot be read",
        "it is neither 1 nor 0",
        "send dry_run=1 to try a change out, or leave it out",
    )
}
