//! Server-sent events: labels, stages and log lines of the connectors within reach.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::Query,
    http::StatusCode,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::{
    operation::{Context, connectors},
    policy::{Access, Action},
    problem::Problem,
    store::people,
    web::routes::Routes,
};

/// A stream ends after so long; the browser opens the next one.
const LONGEST: Duration = Duration::from_secs(300);
/// How often a stream checks that its person still has the rights with which it began.
const RIGHTS_CHECK: Duration = Duration::from_secs(3);
/// Streams of one person at a time.
const MOST: usize = 10;

/// Open streams by person.
#[derive(Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<String, usize>>>);

impl Streams {
    fn open(&self, person: &str) -> Option<OpenStream> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.entry(person.to_owned()).or_default();
        if *own >= MOST {
            return None;
        }
        *own += 1;
        Some(OpenStream { all: Arc::clone(&self.0), person: person.to_owned() })
    }
}

/// One counted stream; it counts until it is dropped.
struct OpenStream {
    all: Arc<Mutex<HashMap<String, usize>>>,
    person: String,
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut open = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.person) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(open.remove(&self.person)),
        }
    }
}

/// Connectors whose events this caller sees.
async fn reach(context: &Context, only: &str) -> Result<Vec<String>, Problem> {
    Ok(connectors::list(context)
        .await?
        .into_iter()
        .map(|connector| connector.id)
        .filter(|id| only.is_empty() || id == only)
        .collect())
}

/// Whether the caller is still who they were when the stream began. A database that does not answer ends the stream.
async fn is_as_before(context: &Context, only: &str, before: &[String]) -> bool {
    let actor = &context.actor;
    let db = context.console.store.db();
    let person = people::by_id(db, &actor.user.id).await.ok().flatten();
    let same_person = person.is_some_and(|now| now.active && now.roles == actor.user.roles);
    same_person
        && people::is_open(db, &actor.via).await.unwrap_or(false)
        && reach(context, only).await.is_ok_and(|now| before.iter().all(|id| now.contains(id)))
}

pub(super) fn enter(routes: Routes) -> Routes {
    routes.api(Access::May(Action::ListConnectors), routes!(events))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only this connector, with its log.
    connector: String,
}

/// Labels, stages and log lines as they come, for five minutes
#[utoipa::path(get, path = "/api/events", params(Wanted), tag = "syncs",
    responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn events(
    context: Context,
    Query(wanted): Query<Wanted>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Some(counted) = context.console.streams.open(&context.actor.user.id) else {
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-streams",
            "too many pages are open",
            format!("one person may have {MOST} live streams at a time"),
            "close some tabs; the pages work without live updates too",
        ));
    };
    let receiver = context.console.hub.listen();
    let reach = reach(&context, &wanted.connector).await?;
    let only = wanted.connector;
    let stop = context.console.stop.clone();
    let end = tokio::time::Instant::now() + LONGEST;
    let state = (receiver, reach, only, context, counted, tokio::time::Instant::now() + RIGHTS_CHECK);
    let stream = stream::unfold(state, move |(mut receiver, reach, only, context, counted, mut check)| {
        let stop = stop.clone();
        async move {
            loop {
                let received = tokio::select! {
                    received = receiver.recv() => received,
                    () = stop.cancelled() => return None,
                    () = tokio::time::sleep_until(end) => return None,
                    () = tokio::time::sleep_until(check) => {
                        if !is_as_before(&context, &only, &reach).await {
                            return None;
                        }
                        check = tokio::time::Instant::now() + RIGHTS_CHECK;
                        continue;
                    }
                };
                match received {
                    Ok(live)
                        if reach.contains(&live.connector) && (!only.is_empty() || live.kind == "label") =>
                    {
                        let data = serde_json::json!({ "connector": live.connector, "data": live.data });
                        let event = Event::default().event(live.kind).data(data.to_string());
                        return Some((Ok(event), (receiver, reach, only, context, counted, check)));
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {
                        let event = Event::default().event("behind").data("{}");
                        return Some((Ok(event), (receiver, reach, only, context, counted, check)));
                    }
                    Err(RecvError::Closed) => return None,
                }
            }
        }
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
