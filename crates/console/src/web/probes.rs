//! What answers without a session: is it alive, is it ready, how is it doing, what can it do.

use std::{sync::Arc, time::Duration};

use crate::{
    console::{Console, Front},
    error::full,
    metrics,
    tls::Peer,
    web::gate::same,
};
use axum::{
    Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// The probes and the document.
pub(super) fn router(document: utoipa::openapi::OpenApi) -> Router<Arc<Console>> {
    let text: Arc<str> = document.to_json().unwrap_or_default().into();
    Router::new()
        .route("/live", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(numbers))
        .route(
            "/openapi.json",
            get(move || {
                let text = Arc::clone(&text);
                async move { ([(header::CONTENT_TYPE, "application/json")], text.to_string()) }
            }),
        )
}

/// Who asks has little patience.
const PATIENCE: Duration = Duration::from_secs(4);
const FULL: &str = "the disk of the data folder is full";

/// An answer of `/ready` holds so long: whoever asks, and however often, the disk is written once.
const HOLDS: Duration = Duration::from_secs(1);

/// The last answer of `/ready`.
#[derive(Default)]
pub(crate) struct Readiness(tokio::sync::Mutex<Option<(tokio::time::Instant, Answer)>>);

type Answer = (StatusCode, String);

impl Readiness {
    async fn ask(&self, now: tokio::time::Instant, look: impl Future<Output = Answer>) -> Answer {
        // Who comes while somebody looks waits for that answer.
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = &*last
            && now.saturating_duration_since(*at) < HOLDS
        {
            return answer.clone();
        }
        let answer = look.await;
        *last = Some((now, answer.clone()));
        answer
    }
}

async fn ready(State(console): State<Arc<Console>>) -> Response {
    console.readiness.ask(tokio::time::Instant::now(), look(&console)).await.into_response()
}

/// Ready when database and data folder can be written.
async fn look(console: &Console) -> Answer {
    let not = |why: String| (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n"));
    match tokio::time::timeout(PATIENCE, console.store.try_write()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) if error.is_full() => return not(format!("{FULL}: {error}")),
        Ok(Err(error)) => match error.away() {
            Some(peer) => return not(format!("{peer} does not answer: {error}")),
            None => return not(error.to_string()),
        },
        Err(_) => return not(format!("the database does not answer within {} seconds", PATIENCE.as_secs())),
    }
    let probe = console.config.data.join(".ready");
    // A few kB, so that a full disk shows.
    let written = tokio::fs::write(&probe, [0; 4096]).await;
    let _ = tokio::fs::remove_file(&probe).await;
    match written {
        Err(error) if full(&error.to_string()) => not(format!("{FULL}: {error}")),
        // Pages read from the copies that lie here, so it is no reason to send people away.
        Ok(()) => match console.blobs.trouble() {
            Some(trouble) => (StatusCode::OK, format!("ready, but: {trouble}\n")),
            None => (StatusCode::OK, "ready\n".to_owned()),
        },
        Err(error) => not(format!("the data folder cannot be written: {error}")),
    }
}

/// Metrics, for this machine, or with the token.
async fn numbers(
    State(console): State<Arc<Console>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let allowed = match (&console.config.metrics_token, token) {
        (Some(wanted), Some(given)) => same(wanted, given),
        (Some(_), None) => false,
        // Behind a proxy every peer is on loopback: then only a token opens.
        (None, _) => peer.ip().is_loopback() && console.config.front != Front::Proxy,
    };
    if !allowed {
        return (
            StatusCode::UNAUTHORIZED,
            "metrics are for this machine, or with the token of --metrics-token-file\n",
        )
            .into_response();
    }
    match metrics::text(&console).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_cost_one_look() {
        let (readiness, looks) = (Readiness::default(), AtomicUsize::new(0));
        let look = || async {
            looks.fetch_add(1, Ordering::SeqCst);
            (StatusCode::OK, "ready\n".to_owned())
        };
        let now = tokio::time::Instant::now();
        for _ in 0..500 {
            assert_eq!(readiness.ask(now, look()).await.0, StatusCode::OK);
        }
        assert_eq!(looks.load(Ordering::SeqCst), 1);
        readiness.ask(now + HOLDS, look()).await;
        assert_eq!(looks.load(Ordering::SeqCst), 2);
    }
}
