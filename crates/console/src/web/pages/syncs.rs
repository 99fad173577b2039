//! History of a connector, and one sync in detail.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::{Method, StatusCode},
    response::Response,
    routing::get,
};

use super::{
    connector::{Head, SyncLine},
    or_problem, shell,
};
use crate::{
    operation::{
        Context,
        syncs::{self, SyncDiff},
    },
    policy::{Access, Action},
    problem::Problem,
    run::LogLine,
    web::{
        page::{Shell, draw},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    let logs = Access::Connector(Action::ReadLogs);
    routes.page(Method::GET, "/connectors/{id}/history", logs, get(history)).page(
        Method::GET,
        "/connectors/{id}/syncs/{sync}",
        logs,
        get(one),
    )
}

#[derive(Template)]
#[template(path = "connector_history.html")]
struct HistoryPage {
    shell: Shell,
    head: Head,
    syncs: Vec<SyncLine>,
    next: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct HistoryQuery {
    cursor: Option<i64>,
    level: String,
    stage: String,
    q: String,
}

async fn history(context: Context, Path(id): Path<String>, Query(query): Query<HistoryQuery>) -> Response {
    let drawn = async {
        let head = Head::load(&context, &id, "history").await?;
        let page = syncs::history(&context, &id, query.cursor, 25).await?;
        let page = HistoryPage {
            shell: shell(&context, &format!("History of {}", head.line.view.name), "/connectors").await?,
            head,
            syncs: page.items.into_iter().map(|view| SyncLine::new(&context, view)).collect(),
            next: page.next_cursor,
        };
        Ok(draw(StatusCode::OK, &page))
    };
    or_problem(&context, drawn.await)
}

#[derive(Template)]
#[template(path = "sync.html")]
struct SyncPage {
    shell: Shell,
    head: Head,
    sync: SyncLine,
    diff: Option<SyncDiff>,
    log: Vec<LogLine>,
    lines: usize,
    level: String,
    stage: String,
    q: String,
    stages: Vec<String>,
}

async fn one(
    context: Context,
    Path((id, sync)): Path<(String, String)>,
    Query(query): Query<HistoryQuery>,
) -> Response {
    let drawn = draw_one(&context, &id, &sync, query).await;
    or_problem(&context, drawn)
}

async fn draw_one(context: &Context, id: &str, sync: &str, query: HistoryQuery) -> Result<Response, Problem> {
    let head = Head::load(context, id, "history").await?;
    let view = syncs::get(context, id, sync).await?;
    let diff = if view.snapshot { Some(syncs::diff(context, id, sync).await?) } else { None };
    let all = syncs::log(context, id, sync).await?;
    let lines = all.len();
    let mut stages: Vec<String> =
        all.iter().map(|line| line.stage.clone()).filter(|s| !s.is_empty()).collect();
    stages.sort();
    stages.dedup();
    let needle = query.q.to_lowercase();
    let log = all
        .into_iter()
        .filter(|line| query.level.is_empty() || line.level == query.level)
        .filter(|line| query.stage.is_empty() || line.stage == query.stage)
        .filter(|line| line.text.to_lowercase().contains(&needle))
        .collect();
    let page = SyncPage {
        shell: shell(context, &format!("Sync of {}", head.line.view.name), "/connectors").await?,
        sync: SyncLine::new(context, view),
        head,
        diff,
        log,
        lines,
        level: query.level,
        stage: query.stage,
        q: query.q,
        stages,
    };
    Ok(draw(StatusCode::OK, &page))
}
