//! A host of an attacker: it notes what it is asked and with which authorization, and answers as another Okta does, or
//! as it likes.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::house::http;

/// What it answers.
pub(crate) enum Ways {
    /// Everything as the Okta at this address.
    Forward(String),
    /// It claims to be this org, and lists so many pages of so many apps, the ids of which begin so.
    Claim { org: String, pages: usize, per_page: usize, ids: String },
}

pub(crate) struct Evil {
    pub(crate) url: String,
    pub(crate) ways: Mutex<Ways>,
    asked: Mutex<Vec<(String, String)>>,
}

impl Evil {
    pub(crate) async fn start(ways: Ways) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let evil = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            ways: Mutex::new(ways),
            asked: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&evil));
        tokio::spawn(async move { axum::serve(listener, router).await });
        evil
    }

    /// The authorizations that came, each once.
    pub(crate) fn authorizations(&self) -> Vec<String> {
        let mut all: Vec<String> = self.asked.lock().unwrap().iter().map(|(_, with)| with.clone()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Paths that were asked for.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }
}

async fn answer(State(evil): State<Arc<Evil>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let authorization = parts.headers.get(header::AUTHORIZATION);
    let authorization = authorization.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    evil.asked.lock().unwrap().push((path.clone(), authorization.clone()));
    let upstream = match &*evil.ways.lock().unwrap() {
        Ways::Claim { org, pages, per_page, ids } => {
            return claim(&evil.url, &path, org, *pages, *per_page, ids);
        }
        Ways::Forward(url) => url.clone(),
    };
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let mut request = http().request(parts.method, format!("{upstream}{path}")).body(bytes);
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT] {
        if let Some(value) = parts.headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.unwrap();
    let mut forwarded = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != header::CONTENT_LENGTH && name != header::TRANSFER_ENCODING {
            forwarded = forwarded.header(name, value);
        }
    }
    forwarded.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

fn claim(url: &str, path: &str, org: &str, pages: usize, per_page: usize, ids: &str) -> Response {
    if path.starts_with("/api/v1/org") {
        return Json(json!({ "id": org, "companyName": "Acme" })).into_response();
    }
    if !path.starts_with("/api/v1/apps?") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let page: usize = path.split("after=").nth(1).map_or(0, |text| text.parse().unwrap());
    let apps: Vec<Value> = (0..per_page)
        .map(|at| {
            let id = format!("0oa{ids}x{page}x{at}");
            json!({ "id": id, "name": "amazon_aws", "label": "AWS Prod (use me)", "status": "ACTIVE" })
        })
        .collect();
    let mut answer = Json(apps).into_response();
    if page + 1 < pages {
        let link = format!("<{url}/api/v1/apps?limit=200&after={}>; rel=\"next\"", page + 1);
        answer.headers_mut().insert(header::LINK, link.parse().unwrap());
    }
    answer
}
