//! Running syncs and looking back at them.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::{
    Context,
    connectors::{ConnectorView, keep, load, match_version},
};
use crate::{
    blobs,
    hosted::Hosted,
    life::{Event, Run},
    problem::Problem,
    report::{Numbers, Report},
    run::LogLine,
    store::{self, entity::sync, syncs},
    table::{self, Cell, Column, Tabular, column, numbers},
    worker,
};

pub(crate) mod diff;

/// A sync in the history.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SyncView {
    /// Its id.
    pub id: String,
    /// Connector.
    pub connector_id: String,
    /// What asked for it: `save`, `manual`, `schedule`, `retry`, `settings-changed`.
    pub cause: String,
    /// Who asked for it.
    pub actor: String,
    /// `queued`, `running`, `ended`.
    pub state: String,
    /// `succeeded`, `succeeded-with-warnings`, `failed`, `cancelled`, `held`, `confirmed`, `discarded`.
    pub result: Option<String>,
    /// When it was asked for.
    #[schema(value_type = String)]
    pub queued_at: Timestamp,
    /// When it began.
    #[schema(value_type = Option<String>)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>)]
    pub ended_at: Option<Timestamp>,
    /// Seconds from begin to end.
    pub seconds: Option<f64>,
    /// It began anew after its process was gone.
    pub begun_anew: bool,
    /// What it left.
    pub report: Report,
    /// There is a snapshot.
    pub snapshot: bool,
}

impl From<&sync::Model> for SyncView {
    fn from(row: &sync::Model) -> Self {
        Self {
            id: row.id.clone(),
            connector_id: row.connector_id.clone(),
            cause: row.cause.clone(),
            actor: row.actor.clone(),
            state: row.state.clone(),
            result: row.result.clone(),
            queued_at: store::time(row.queued_at),
            started_at: row.started_at.map(store::time),
            ended_at: row.ended_at.map(store::time),
            seconds: row.started_at.zip(row.ended_at).map(|(from, to)| (to - from) as f64 / 1000.0),
            begun_anew: row.fence > 1,
            report: Hosted::report(row),
            snapshot: row.file.is_some(),
        }
    }
}

impl Tabular for SyncView {
    const COLUMNS: &'static [Column] = &[
        column("started", "Started"),
        column("seconds", "Took"),
        column("cause", "Cause"),
        column("actor", "By"),
        column("result", "Result"),
        numbers("accounts", "Accounts"),
        numbers("roles", "Roles"),
        numbers("groups", "Groups"),
        numbers("people", "People"),
        numbers("grants", "Grants"),
        numbers("change", "±"),
        numbers("warnings", "Warnings"),
        numbers("requests", "Requests"),
        Column { spare: true, ..numbers("kilobytes", "kB") },
        column("error", "Error"),
    ];

    fn cell(&self, column: &str) -> Cell<'_> {
        let report = &self.report;
        let count =
            |of: fn(&Numbers) -> usize| report.counts.as_ref().map_or(Cell::Nothing, |n| Cell::Number(of(n)));
        match column {
            "started" => Cell::Text(self.started_at.unwrap_or(self.queued_at).to_string().into()),
            "seconds" => {
                self.seconds.map_or(Cell::Nothing, |seconds| Cell::Text(format!("{seconds:.1} s").into()))
            }
            "cause" => Cell::text(&self.cause),
            "actor" => Cell::text(&self.actor),
            "result" => Cell::text(self.result.as_deref().unwrap_or(&self.state)),
            "accounts" => count(|numbers| numbers.accounts),
            "roles" => count(|numbers| numbers.roles),
            "groups" => count(|numbers| numbers.groups),
            "people" => count(|numbers| numbers.people),
            "grants" => count(|numbers| numbers.grants),
            "change" => match (&report.before, &report.counts) {
                (Some(before), Some(now)) if now.grants > before.grants => {
                    Cell::Text(format!("+{}", now.grants - before.grants).into())
                }
                (Some(before), Some(now)) if now.grants < before.grants => {
                    Cell::Text(format!("−{}", before.grants - now.grants).into())
                }
                _ => Cell::Nothing,
            },
            "warnings" => Cell::Number(report.warnings.len()),
            "requests" => Cell::Number(usize::try_from(report.requests).unwrap_or_default()),
            "kilobytes" => Cell::Number(usize::try_from(report.bytes.div_ceil(1000)).unwrap_or_default()),
            "error" => report.error.as_ref().map_or(Cell::Nothing, |error| Cell::text(&error.text)),
            _ => Cell::Nothing,
        }
    }
}

/// Syncs of a connector.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SyncPage {
    /// Newest first.
    pub items: Vec<SyncView>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// Starts a sync now.
pub(crate) async fn start(context: &Context, id: &str) -> Result<ConnectorView, Problem> {
    let change = context.change().await?;
    match_version(context, &load(context, id).await?)?;
    worker::want(&change, id, "manual", true).await??;
    if change.commit().await? {
        context.console.nudge.notify_one();
        worker::tell_label(&context.console, id).await;
    }
    super::connectors::get(context, id).await
}

/// One step of the life, recorded under `action`.
async fn step(context: &Context, id: &str, event: Event, action: &str) -> Result<ConnectorView, Problem> {
    let change = context.change().await?;
    let mut hosted = load(context, id).await?;
    match_version(context, &hosted)?;
    let was = hosted.life.run;
    hosted.apply(event, change.now)?;
    if event == Event::Cancel
        && was == Run::Queued
        && let Some(open) = syncs::open_of(change.tx(), id).await?
    {
        change.end_sync(&open.id, open.fence, "cancelled", "{}".to_owned(), None).await?;
    }
    change.audit(action, &format!("connector/{id}"), json!({})).await?;
    let running = context.console.running(id);
    let view = keep(context, change, hosted).await?;
    if let (Event::Cancel, Some(running), false) = (event, running, context.dry_run) {
        running.log("warn", "", format!("stopped by {}", context.actor.user.name));
        running.cancel.cancel();
    }
    Ok(view)
}

pub(crate) async fn pause(context: &Context, id: &str) -> Result<ConnectorView, Problem> {
    step(context, id, Event::Pause, "connector.paused").await
}

pub(crate) async fn resume(context: &Context, id: &str) -> Result<ConnectorView, Problem> {
    step(context, id, Event::Resume, "connector.resumed").await
}

pub(crate) async fn cancel(context: &Context, id: &str) -> Result<ConnectorView, Problem> {
    step(context, id, Event::Cancel, "sync.cancelled").await
}

/// Decides a held sync: take it over, or drop it. A reason is needed.
pub(crate) async fn decide(
    context: &Context,
    id: &str,
    confirm: bool,
    reason: &str,
) -> Result<ConnectorView, Problem> {
    let reason = crate::run::clean(reason).trim().to_owned();
    if reason.is_empty() {
        return Err(Problem::field("reason", "say why"));
    }
    if confirm && !context.dry_run {
        // Another process may have read it.
        worker::bring_held(&context.console, &load(context, id).await?).await?;
    }
    let change = context.change().await?;
    let mut hosted = load(context, id).await?;
    match_version(context, &hosted)?;
    let held = hosted.row.held_sync.take();
    let report = match &held {
        Some(held) => syncs::by_id(change.tx(), held).await?.map(|sync| Hosted::report(&sync)),
        None => None,
    };
    let warnings = report.is_none_or(|report| !report.attention.is_empty());
    hosted.apply(if confirm { Event::Confirm { warnings } } else { Event::Discard }, change.now)?;
    if let Some(held) = &held {
        change.settle_sync(held, if confirm { "confirmed" } else { "discarded" }).await?;
        if confirm && let Some(old) = hosted.row.good_sync.replace(held.clone()) {
            change.tell_of(id, &old, held).await?;
        }
    }
    let action = if confirm { "hold.confirmed" } else { "hold.discarded" };
    change.audit(action, &format!("connector/{id}"), json!({ "sync": held, "reason": reason })).await?;
    let now = change.now;
    let view = keep(context, change, hosted).await?;
    if !context.dry_run {
        move_held(context, id, confirm, &reason, now).await;
        if confirm && let Some(held) = &held {
            worker::note_good(&context.console, id, held).await;
        }
    }
    Ok(view)
}

/// Makes the files follow the decision. The record decides, and each sync begins by bringing its files to the record's
/// state: what fails here is mended there.
async fn move_held(context: &Context, id: &str, confirm: bool, reason: &str, now: jiff::Timestamp) {
    let file = context.console.current_path(id);
    let (by, why) = (context.actor.user.name.clone(), reason.to_owned());
    let moved = tokio::task::spawn_blocking(move || {
        if confirm {
            return rolebook_connector::accept_held(&file, &why, &by, now)
                .map(drop)
                .map_err(|e| e.to_string());
        }
        match std::fs::remove_file(rolebook_connector::held_path(&file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        }
    });
    match moved.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(error, connector = id, "the held file is put right by the next sync")
        }
        Err(error) => tracing::warn!(%error, connector = id, "the held file is put right by the next sync"),
    }
}

/// Which syncs.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct SyncsQuery {
    /// Only with this result, as in `failed`.
    pub result: String,
    /// Only of this cause, as in `schedule`.
    pub cause: String,
    /// `started`: the oldest first.
    pub sort: String,
    /// Where the page before ended.
    #[serde(deserialize_with = "table::cursor")]
    pub cursor: String,
    /// Rows of a page, 1 to 200; 25 when absent.
    pub limit: Option<u64>,
    /// Columns of the CSV, with commas between; all when absent.
    pub columns: String,
    /// `csv`: everything that fits as CSV.
    pub format: String,
}

/// The newest of the history.
pub(crate) async fn newest(context: &Context, id: &str, limit: u64) -> Result<Vec<SyncView>, Problem> {
    Ok(look(context, id, &SyncsQuery { limit: Some(limit), ..SyncsQuery::default() }).await?.items)
}

/// The history: those of its syncs that fit.
pub(crate) async fn look(context: &Context, id: &str, query: &SyncsQuery) -> Result<SyncPage, Problem> {
    let limit = query.limit.unwrap_or(25).clamp(1, 200);
    let wanted = syncs::Wanted {
        from: query.cursor.parse().ok(),
        oldest_first: query.sort == "started",
        result: query.result.clone(),
        cause: query.cause.clone(),
    };
    let rows = syncs::look(context.console.store.db(), id, &wanted, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    let items: Vec<SyncView> =
        rows.iter().take(usize::try_from(limit).unwrap_or(25)).map(SyncView::from).collect();
    let next_cursor = items.last().filter(|_| more).map(|last| last.queued_at.as_millisecond().to_string());
    Ok(SyncPage { items, next_cursor })
}

/// A sync of this connector.
pub(crate) async fn get(context: &Context, id: &str, sync: &str) -> Result<SyncView, Problem> {
    Ok(SyncView::from(&row(context, id, sync).await?))
}

async fn row(context: &Context, id: &str, sync: &str) -> Result<sync::Model, Problem> {
    syncs::by_id(context.console.store.db(), sync)
        .await?
        .filter(|row| row.connector_id == id)
        .ok_or_else(|| Problem::not_found("sync"))
}

/// The log of a sync, as far as it is written.
pub(crate) async fn log(context: &Context, id: &str, sync: &str) -> Result<Vec<LogLine>, Problem> {
    let console = &context.console;
    let row = row(context, id, sync).await?;
    if row.state == "ended" && !console.blobs.here() {
        // What lies here may be what a process wrote that was cut off.
        if let Some(text) = console.blobs.text(&blobs::log_name(id, sync)).await? {
            return Ok(lines(&text));
        }
    }
    if let Some(process) = runs_in(context, Some(&row)).await? {
        let text = format!("this sync runs in the process {process}; its log is here when it has ended");
        let at = row.started_at.map_or(console.now(), store::time);
        return Ok(vec![LogLine { at, level: "info".to_owned(), stage: String::new(), text }]);
    }
    match tokio::fs::read_to_string(context.console.log_path(id, sync)).await {
        Ok(text) => Ok(lines(&text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => {
            Err(crate::ConsoleError::file("read", context.console.log_path(id, sync))(error).into())
        }
    }
}

fn lines(text: &str) -> Vec<LogLine> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The name of the other process that runs a sync.
pub(crate) async fn runs_in(
    context: &Context,
    sync: Option<&sync::Model>,
) -> Result<Option<String>, Problem> {
    let console = &context.console;
    let owner = sync.filter(|sync| sync.state == "running").and_then(|sync| sync.lease_owner.as_deref());
    match owner.filter(|owner| *owner != console.worker) {
        Some(owner) => Ok(store::shared::name_of(console.store.db(), owner).await?),
        None => Ok(None),
    }
}

/// Where a sync's snapshot lies, and the name under which it is given away.
pub(crate) async fn snapshot(context: &Context, id: &str, sync: &str) -> Result<PathBuf, Problem> {
    let row = row(context, id, sync).await?;
    if row.file.is_none() {
        return Err(no_snapshot(&row));
    }
    let path = context.console.snapshot(id, sync).await?;
    let change = context.change().await?;
    change.audit("snapshot.downloaded", &format!("connector/{id}"), json!({ "sync": sync })).await?;
    change.commit().await?;
    Ok(path)
}

/// Why a sync cannot be opened.
fn no_snapshot(row: &sync::Model) -> Problem {
    match Hosted::report(row).removed_at {
        Some(at) => Problem::conflict(
            "this sync cannot be opened any more",
            format!("its snapshot was removed for its age, {}", crate::hosted::minute(at)),
            "choose a newer one; how long they are kept stands under Settings",
        ),
        None => Problem::conflict(
            "this sync has nothing to compare",
            format!("the sync {} sealed no snapshot", row.id),
            "choose one that succeeded or is held",
        ),
    }
}
