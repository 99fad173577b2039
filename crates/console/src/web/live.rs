//! Server-sent events: labels, stages and log lines of the connectors within reach.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::Query,
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
    web::routes::Routes,
};

/// A stream ends after so long and the browser opens it anew: rights are looked at again.
const LONGEST: Duration = Duration::from_secs(300);

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
    let receiver = context.console.hub.listen();
    let reach: Vec<String> = connectors::list(&context)
        .await?
        .into_iter()
        .map(|connector| connector.id)
        .filter(|id| wanted.connector.is_empty() || *id == wanted.connector)
        .collect();
    let only = !wanted.connector.is_empty();
    let stop = context.console.stop.clone();
    let end = tokio::time::Instant::now() + LONGEST;
    let stream = stream::unfold((receiver, reach, stop), move |(mut receiver, reach, stop)| async move {
        loop {
            let received = tokio::select! {
                received = receiver.recv() => received,
                () = stop.cancelled() => return None,
                () = tokio::time::sleep_until(end) => return None,
            };
            match received {
                Ok(live) if reach.contains(&live.connector) && (only || live.kind == "label") => {
                    let data = serde_json::json!({ "connector": live.connector, "data": live.data });
                    let event = Event::default().event(live.kind).data(data.to_string());
                    return Some((Ok(event), (receiver, reach, stop)));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    let event = Event::default().event("behind").data("{}");
                    return Some((Ok(event), (receiver, reach, stop)));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
