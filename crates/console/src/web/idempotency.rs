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
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, TryInsertResult,
};

use crate::{
    ConsoleError,
    actor::Actor,
    console::Console,
    fresh,
    problem::{PROBLEM, Problem},
    store::{
        entity::kept_answer::{ActiveModel, Column, Entity, Model},
        shared::at_work,
    },
    vault::Vault,
    web::gate::LARGEST_BODY,
};

/// Answers are kept for a day.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// A longer answer is given and not kept: such a one is a question's, and can be asked again.
const LONGEST: usize = 4 << 20;

/// Answers a repetition from what is kept.
pub(super) async fn once(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let actor = request.extensions().get::<Actor>().map(Actor::credential);
    let (true, Some(key), Some(actor)) = (changes, request.headers().get("idempotency-key"), actor) else {
        return next.run(request).await;
    };
    // One that is passed over would promise what nobody keeps.
    let Some(key) = key.to_str().ok().filter(|key| (1..=200).contains(&key.len())) else {
        return Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-key",
            "this Idempotency-Key cannot be taken",
            "a key has 1 to 200 characters of ASCII",
            "make one for each change, as from a random number, and send it again with the same change only",
        )
        .into_response();
    };
    // The answer may hold a secret that a weaker credential of the same person must not get, so it belongs to the
    // credential and the roles that made it.
    let id = fresh::hash(&format!("{actor}/{key}"));
    // Whoever sent it may hang up: what has begun is ended and kept, since they will ask again.
    let (of, own) = (Arc::clone(&console), id.clone());
    match tokio::spawn(async move { run(&of, own, request, next).await }).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => Problem::from(error).into_response(),
        Err(panicked) => {
            let forgotten = Entity::delete_by_id(&id).exec(console.store.db()).await;
            if let Err(error) = forgotten {
                tracing::error!(%error, "a request that panicked is still taken for one under way");
            }
            Problem::from(ConsoleError::Connector(panicked.to_string())).into_response()
        }
    }
}

async fn run(console: &Console, id: String, request: Request, next: Next) -> Result<Response, ConsoleError> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
    };
    let asked = fresh::hash(&format!("{} {} {}", parts.method, parts.uri, String::from_utf8_lossy(&body)));
    let db = console.store.db();
    let now = console.now().as_millisecond();
    Entity::delete_many().filter(Column::At.lt(now - KEPT_MS)).exec(db).await?;
    // The row is there before the change begins: a second request meets it, and does nothing. It names the process
    // that is at it, as long as there is no answer.
    let row = ActiveModel {
        id: Set(id.clone()),
        request: Set(asked.clone()),
        status: Set(0),
        body: Set(console.worker.clone()),
        at: Set(now),
    };
    let first =
        Entity::insert(row).on_conflict_do_nothing_on([Column::Id]).exec_without_returning(db).await?;
    if !matches!(first, TryInsertResult::Inserted(1)) {
        return match Entity::find_by_id(&id).one(db).await? {
            Some(kept) => repeat(console, &kept, &asked).await,
            None => Ok(under_way()),
        };
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return Err(ConsoleError::Connector("an answer broke off".to_owned()));
    };
    if parts.status.is_server_error() || bytes.len() > LONGEST {
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
    for kept in Entity::find().filter(Column::Status.ne(0)).all(db).await? {
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

/// A stop or a kill came before the answer.
fn cut_off() -> Response {
    Problem::conflict(
        "what became of the same request cannot be told",
        "the console stopped in the middle of it",
        "look whether it was done; if not, send it with a new key",
    )
    .into_response()
}

async fn repeat(console: &Console, kept: &Model, asked: &str) -> Result<Response, ConsoleError> {
    if kept.request != asked {
        return Ok(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key-reused",
            "this Idempotency-Key belongs to another request",
            "method, path or body differ from the first time",
            "use a new key for a new request",
        )
        .into_response());
    }
    if kept.status == 0 {
        let worker = &kept.body;
        let now = console.now().as_millisecond();
        let at_work = *worker == console.worker
            || (console.store.shared() && at_work(console.store.db(), now).await?.contains_key(worker));
        return Ok(if at_work { under_way() } else { cut_off() });
    }
    let status = u16::try_from(kept.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let (Some(status), Ok(body)) = (status, console.vault.open_sealed(&place(&kept.id), &kept.body)) else {
        return Ok(forgotten());
    };
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    if body.is_empty() {
        headers.remove(header::CONTENT_TYPE);
    } else {
        let kind = if status.is_success() { "application/json" } else { PROBLEM };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    headers.insert("idempotent-replay", HeaderValue::from_static("true"));
    Ok(response)
}
