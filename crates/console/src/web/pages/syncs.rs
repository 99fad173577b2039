//! History of a connector, and one sync in detail: against the one before, or against any other.

use askama::Template;
use axum::{
    extract::{Path, Query, RawQuery},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
    routing::get,
};
use serde::Deserialize;

use super::{
    connector::{Head, SyncLine},
    effect::{Effect, Proof},
    or_problem, shell,
    tables::view::{self, Address, Choice, TableView},
};
use crate::{
    operation::{
        Context,
        syncs::{
            self, SyncView, SyncsQuery,
            diff::{self, Against, SyncDiff},
        },
    },
    policy::{Access, Action},
    problem::Problem,
    run::{LogLine, clean},
    web::{
        page::{Shell, When, draw},
        routes::Routes,
    },
};

/// Syncs that can be chosen to compare with.
const OFFERED: u64 = 100;

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
    view: TableView,
    query: SyncsQuery,
}

/// Results that a history can be narrowed to.
const RESULTS: [&str; 7] =
    ["succeeded", "succeeded-with-warnings", "failed", "cancelled", "held", "confirmed", "discarded"];
/// Causes that a history can be narrowed to.
const CAUSES: [&str; 6] = ["save", "manual", "schedule", "retry", "settings-changed", "plan"];

async fn history(
    context: Context,
    Path(id): Path<String>,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
    Query(query): Query<SyncsQuery>,
) -> Response {
    let address = Address::new(&format!("/connectors/{id}/history"), raw.as_deref());
    match view::columns::<SyncView>(&context, &address, &headers) {
        Err(response) => *response,
        Ok(columns) => {
            let query = SyncsQuery { columns, ..query };
            or_problem(&context, draw_history(&context, &id, &address, query).await)
        }
    }
}

async fn draw_history(
    context: &Context,
    id: &str,
    address: &Address,
    query: SyncsQuery,
) -> Result<Response, Problem> {
    let now = context.console.now();
    let page = syncs::look(context, id, &query).await?;
    let mut view = TableView::new::<SyncView>(address, &query.columns, |column| column.name == "started");
    view.csv = address.first().at(&format!("/api/connectors/{id}/syncs")).with("format", "csv").text();
    for sync in &page.items {
        let leads = |column: &str, item: &str| match column {
            "started" => format!("/connectors/{id}/syncs/{}", sync.id),
            "result" | "cause" => address.first().with(column, item).text(),
            _ => String::new(),
        };
        let mut row = view::row(&query.columns, sync, leads);
        for (cell, head) in row.cells.iter_mut().zip(&view.heads) {
            match head.title {
                "Started" => cell.when = Some(When::new(sync.started_at.unwrap_or(sync.queued_at), now)),
                "Result" => cell.class = format!("result {}", sync.result.as_deref().unwrap_or_default()),
                _ => {}
            }
        }
        view.rows.push(row);
    }
    view.back = (!query.cursor.is_empty()).then(|| ("‹ To the begin", address.first().text()));
    view.on = page.next_cursor.map(|cursor| ("On ›", address.with("cursor", &cursor).text()));
    let head = Head::load(context, id, "history").await?;
    let title = format!("History of {}", head.line.view.name);
    let page = HistoryPage { shell: shell(context, &title, "/connectors").await?, head, view, query };
    Ok(draw(StatusCode::OK, &page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SyncQuery {
    /// The sync to compare with.
    with: String,
    level: String,
    stage: String,
    q: String,
}

#[derive(Template)]
#[template(path = "sync.html")]
struct SyncPage {
    shell: Shell,
    head: Head,
    sync: SyncLine,
    diff: Option<Shown>,
    others: Vec<Choice>,
    query: SyncQuery,
    log: Vec<LogLine>,
    lines: usize,
    stages: Vec<String>,
}

/// A difference as it is shown.
struct Shown {
    diff: SyncDiff,
    /// The two syncs are not this one and the one before it.
    from: Option<(String, When)>,
    to: Option<(String, When)>,
    effects: Vec<Effect>,
    not_compared: Vec<String>,
}

impl Shown {
    async fn load(context: &Context, id: &str, sync: &str, against: &Against) -> Result<Self, Problem> {
        let diff = diff::between(context, id, sync, against).await?;
        let now = context.console.now();
        let when = |view: SyncView| (view.id, When::new(view.started_at.unwrap_or(view.queued_at), now));
        let from = match &diff.from {
            Some(from) => Some(when(syncs::get(context, id, from).await?)),
            None => None,
        };
        let to = when(syncs::get(context, id, &diff.to).await?);
        let proof =
            Proof { connector: id, gained_in: &diff.to, lost_in: diff.from.as_deref().unwrap_or_default() };
        let (effects, not_compared) = match &diff.names {
            Some(names) => (
                names.changes.iter().map(|change| Effect::of(change, &proof)).collect(),
                names.not_compared.iter().map(|not| clean(&format!("{}: {}", not.what, not.why))).collect(),
            ),
            None => (Vec::new(), Vec::new()),
        };
        Ok(Self { from, to: (to.0 != sync).then_some(to), effects, not_compared, diff })
    }
}

async fn one(
    context: Context,
    Path((id, sync)): Path<(String, String)>,
    Query(query): Query<SyncQuery>,
) -> Response {
    let drawn = draw_one(&context, &id, &sync, query).await;
    or_problem(&context, drawn)
}

async fn draw_one(context: &Context, id: &str, sync: &str, query: SyncQuery) -> Result<Response, Problem> {
    let head = Head::load(context, id, "history").await?;
    let view = syncs::get(context, id, sync).await?;
    let diff = if view.snapshot {
        Some(Shown::load(context, id, sync, &Against { with: query.with.clone() }).await?)
    } else {
        None
    };
    let newest = if view.snapshot { syncs::newest(context, id, OFFERED).await? } else { Vec::new() };
    let others = newest.iter().filter(|other| other.snapshot && other.id != sync).map(|other| {
        let at = other.started_at.unwrap_or(other.queued_at).strftime("%Y-%m-%d %H:%M:%S UTC");
        let result = other.result.as_deref().unwrap_or_default();
        Choice::new(&other.id, &format!("{at}, {result}"), &query.with)
    });
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
        others: others.collect(),
        query,
        log,
        lines,
        stages,
    };
    Ok(draw(StatusCode::OK, &page))
}
