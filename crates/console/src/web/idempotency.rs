//! `Idempotency-Key`: a change that is sent twice is done once, and answered the same.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sea_orm::{
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
};

use crate::{
    ConsoleError,
    actor::Actor,
    console::Console,
    fresh,
    problem::{PROBLEM, Problem},
    store::entity::kept_answer::{ActiveModel, Column, Entity, Model},
    vault::Vault,
    web::gate::LARGEST_BODY,
};

/// Answers are kept for a day.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Answers a repetition from what is kept.
pub(super) async fn once(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let actor = request.extensions().get::<Actor>().map(|actor| actor.user.id.clone());
    match (changes, key, actor) {
        (true, Some(key), Some(actor)) if (1..=200).contains(&key.len()) => {
            match run(&console, &format!("{actor}/{key}"), request, next).await {
                Ok(response) => response,
                Err(error) => Problem::from(error).into_response(),
            }
        }
        _ => next.run(request).await,
    }
}

async fn run(console: &Console, key: &str, request: Request, next: Next) -> Result<Response, ConsoleError> {
    let id = fresh::hash(key);
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    };
    let asked = fresh::hash(&format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body)));
    let db = console.store.db();
    let now = console.now().as_millisecond();
    Entity::delete_many().filter(Column::At.lt(now - KEPT_MS)).exec(db).await?;
    if let Some(mut kept) = Entity::find_by_id(&id).one(db).await? {
        if !kept.body.is_empty() {
            let Ok(body) = console.vault.open_sealed(&place(&id), &kept.body) else { return Ok(forgotten()) };
            kept.body = body.to_string();
        }
        return Ok(repeat(&kept, &asked));
    }
    // The row is there before the change begins: a second request meets it, and does nothing.
    let row = ActiveModel {
        id: Set(id.clone()),
        request: Set(asked.clone()),
        status: Set(0),
        body: Set(String::new()),
        at: Set(now),
    };
    if Entity::insert(row).exec_without_returning(db).await.is_err() {
        return Ok(under_way());
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 4 << 20).await.unwrap_or_default();
    if parts.status.is_server_error() {
        Entity::delete_by_id(&id).exec(db).await?;
    } else {
        // Sealed: an answer may hold a secret that is shown only once.
        let body = console.vault.seal(&place(&id), &String::from_utf8_lossy(&bytes))?;
        let row = ActiveModel {
            id: Set(id),
            request: Set(asked),
            status: Set(i32::from(parts.status.as_u16())),
            body: Set(body),
            at: Set(now),
        };
        Entity::update(row).exec(db).await?;
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn place(id: &str) -> String {
    format!("kept-answer/{id}")
}

/// The vault's key was lost since.
fn forgotten() -> Response {
    Problem::conflict(
        "this was done already",
        "its answer cannot be opened any more, since the vault's key is another one",
        "look at what it made; use a new Idempotency-Key to do it once more",
    )
    .into_response()
}

/// Seals the answers that are kept under another key; one that does not open stays as it is.
pub(crate) async fn move_to(
    db: &impl ConnectionTrait,
    now: &Vault,
    next: &Vault,
) -> Result<(), ConsoleError> {
    for kept in Entity::find().filter(Column::Body.ne("")).all(db).await? {
        let place = place(&kept.id);
        if let Ok(body) = now.open_sealed(&place, &kept.body) {
            let body = next.seal(&place, &body)?;
            let row = ActiveModel { id: Unchanged(kept.id), body: Set(body), ..ActiveModel::default() };
            Entity::update(row).exec(db).await?;
        }
    }
    Ok(())
}

fn under_way() -> Response {
    Problem::conflict(
        "the same request is under way",
        "its Idempotency-Key is in use",
        "wait for its answer, then ask again",
    )
    .into_response()
}

fn repeat(kept: &Model, asked: &str) -> Response {
    if kept.request != asked {
        return Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key-reused",
            "this Idempotency-Key belongs to another request",
            "method, path or body differ from the first time",
            "use a new key for a new request",
        )
        .into_response();
    }
    let Ok(status) =
        u16::try_from(kept.status).map_err(drop).and_then(|s| StatusCode::from_u16(s).map_err(drop))
    else {
        return under_way();
    };
    let kind = if status.is_success() { "application/json" } else { PROBLEM };
    let mut response = (status, kept.body.clone()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert("idempotent-replay", HeaderValue::from_static("true"));
    response
}
