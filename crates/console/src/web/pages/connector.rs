//! One connector: what is going on, and what can be done about it.

use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};

use super::{field_error, home::Line, or_problem, shell, taken};
use crate::{
    operation::{
        Context,
        access::{self, ReviewOffer},
        connectors::{self, PersonRef},
        people,
        syncs::{self, SyncView},
    },
    policy::{Access, Action},
    problem::Problem,
    run::LogLine,
    schedule::Schedule,
    web::{
        form::Fields,
        page::{Shell, When, draw, go},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    let run = Access::Connector(Action::RunConnector);
    let hold = Access::Connector(Action::ConfirmHold);
    let own = Access::Connector(Action::OwnConnector);
    routes
        .page(Method::GET, "/connectors/{id}", Access::Connector(Action::ReadConnector), get(one))
        .page(Method::POST, "/connectors/{id}/sync", run, post(start))
        .page(Method::POST, "/connectors/{id}/pause", run, post(pause))
        .page(Method::POST, "/connectors/{id}/resume", run, post(resume))
        .page(Method::POST, "/connectors/{id}/cancel", run, post(cancel))
        .page(Method::POST, "/connectors/{id}/hold", hold, post(decide))
        .page(Method::GET, "/connectors/{id}/manage", Access::Connector(Action::ReadConnector), get(manage))
        .page(Method::POST, "/connectors/{id}/rename", own, post(rename))
        .page(Method::POST, "/connectors/{id}/owners", own, post(set_owners))
        .page(Method::POST, "/connectors/{id}/schedule", run, post(set_schedule))
        .page(
            Method::POST,
            "/connectors/{id}/delete",
            Access::Connector(Action::DeleteConnector),
            post(delete),
        )
}

/// Head of every page of a connector.
pub(super) struct Head {
    pub(super) line: Line,
    pub(super) tab: &'static str,
    pub(super) may_configure: bool,
    pub(super) may_run: bool,
    pub(super) may_hold: bool,
    pub(super) may_own: bool,
    pub(super) may_delete: bool,
    pub(super) may_see: bool,
}

impl Head {
    pub(super) async fn load(context: &Context, id: &str, tab: &'static str) -> Result<Self, Problem> {
        let view = connectors::get(context, id).await?;
        let may = |name: &str| view.authorized_actions.contains(&name);
        Ok(Self {
            tab,
            may_configure: may("configure"),
            may_run: may("run"),
            may_hold: may("confirm-hold"),
            may_own: may("set-owners"),
            may_delete: may("delete"),
            may_see: may("download-snapshot"),
            line: Line::new(context, view),
        })
    }
}

#[derive(Template)]
#[template(path = "connector.html")]
struct ConnectorPage {
    shell: Shell,
    head: Head,
    last: Option<SyncLine>,
    /// Of the last good sync, which every other page shows too.
    counts: Option<crate::report::Numbers>,
    log: Vec<LogLine>,
    log_sync: String,
    offers: Vec<ReviewOffer>,
    problem: Option<Problem>,
}

/// A sync with its times.
pub(super) struct SyncLine {
    pub(super) view: SyncView,
    pub(super) started: When,
    pub(super) seconds: String,
}

impl SyncLine {
    pub(super) fn new(context: &Context, view: SyncView) -> Self {
        let started = When::new(view.started_at.unwrap_or(view.queued_at), context.console.now());
        let seconds = view.seconds.map(|seconds| format!("{seconds:.1} s")).unwrap_or_default();
        Self { view, started, seconds }
    }
}

async fn one(context: Context, Path(id): Path<String>) -> Response {
    let drawn = draw_one(&context, &id, None).await;
    or_problem(&context, drawn)
}

async fn draw_one(context: &Context, id: &str, problem: Option<Problem>) -> Result<Response, Problem> {
    let head = Head::load(context, id, "overview").await?;
    let newest = syncs::newest(context, id, 10).await?;
    let last = newest.iter().find(|sync| sync.state == "ended").cloned();
    let shown = newest.into_iter().next();
    let log = match &shown {
        Some(sync) => syncs::log(context, id, &sync.id).await?,
        None => Vec::new(),
    };
    let counts = match &head.line.view.good_sync {
        Some(good) => syncs::get(context, id, good).await?.report.counts,
        None => None,
    };
    let page = ConnectorPage {
        counts,
        shell: shell(context, &head.line.view.name.clone(), "/connectors").await?,
        last: last.map(|view| SyncLine::new(context, view)),
        log_sync: shown.map(|sync| sync.id).unwrap_or_default(),
        offers: access::offers(context, id).await?,
        head,
        log,
        problem: problem.clone(),
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

/// Back to the connector, or its page with what went wrong.
async fn back<T>(context: &Context, id: &str, done: Result<T, Problem>) -> Response {
    let again = async |problem| draw_one(context, id, Some(problem)).await;
    taken(context, done, format!("/connectors/{id}"), again).await
}

async fn start(context: Context, Path(id): Path<String>) -> Response {
    let done = syncs::start(&context, &id).await;
    back(&context, &id, done).await
}

async fn pause(context: Context, Path(id): Path<String>) -> Response {
    let done = syncs::pause(&context, &id).await;
    back(&context, &id, done).await
}

async fn resume(context: Context, Path(id): Path<String>) -> Response {
    let done = syncs::resume(&context, &id).await;
    back(&context, &id, done).await
}

async fn cancel(context: Context, Path(id): Path<String>) -> Response {
    let done = syncs::cancel(&context, &id).await;
    back(&context, &id, done).await
}

async fn decide(context: Context, Path(id): Path<String>, fields: Fields) -> Response {
    let confirm = fields.get("decision") == "confirm";
    let done = syncs::decide(&context, &id, confirm, fields.get("reason")).await;
    back(&context, &id, done).await
}

#[derive(Template)]
#[template(path = "connector_manage.html")]
struct ManagePage {
    shell: Shell,
    head: Head,
    users: Vec<(PersonRef, bool)>,
    minutes: u32,
    cron: String,
    zone: String,
    problem: Option<Problem>,
    owners_error: String,
    schedule_error: String,
    name_error: String,
    confirm_error: String,
}

async fn manage(context: Context, Path(id): Path<String>) -> Response {
    let drawn = draw_manage(&context, &id, None).await;
    or_problem(&context, drawn)
}

async fn draw_manage(context: &Context, id: &str, problem: Option<Problem>) -> Result<Response, Problem> {
    let head = Head::load(context, id, "manage").await?;
    let owners: Vec<String> = head.line.view.owners.iter().map(|owner| owner.id.clone()).collect();
    let users = if head.may_own {
        people::pick(context, "")
            .await?
            .into_iter()
            .map(|user| (owners.contains(&user.id), user))
            .map(|(t, u)| (u, t))
            .collect()
    } else {
        Vec::new()
    };
    let (minutes, cron, zone) = match &head.line.view.schedule {
        Schedule::Every { minutes } => (*minutes, String::new(), "UTC".to_owned()),
        Schedule::Cron { line, zone } => (60, line.clone(), zone.clone()),
    };
    let page = ManagePage {
        shell: shell(context, &head.line.view.name.clone(), "/connectors").await?,
        owners_error: field_error(problem.as_ref(), "owners"),
        schedule_error: field_error(problem.as_ref(), "schedule"),
        name_error: field_error(problem.as_ref(), "name"),
        confirm_error: field_error(problem.as_ref(), "confirm"),
        problem: problem.clone(),
        head,
        users,
        minutes,
        cron,
        zone,
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn managed<T>(context: &Context, id: &str, done: Result<T, Problem>) -> Response {
    let again = async |problem| draw_manage(context, id, Some(problem)).await;
    taken(context, done, format!("/connectors/{id}/manage"), again).await
}

async fn rename(context: Context, Path(id): Path<String>, fields: Fields) -> Response {
    let done = connectors::rename(&context, &id, fields.get("name")).await;
    managed(&context, &id, done).await
}

async fn set_owners(context: Context, Path(id): Path<String>, fields: Fields) -> Response {
    let mut owners = fields.all("owner");
    owners.extend(fields.get("others").split([',', ' ', ';']).map(str::to_owned));
    let done = connectors::set_owners(&context, &id, &owners).await;
    managed(&context, &id, done).await
}

async fn set_schedule(context: Context, Path(id): Path<String>, fields: Fields) -> Response {
    let schedule = if fields.get("kind") == "cron" {
        Schedule::Cron {
            line: fields.get("cron").trim().to_owned(),
            zone: fields.get("zone").trim().to_owned(),
        }
    } else {
        Schedule::Every { minutes: fields.get("minutes").trim().parse().unwrap_or(0) }
    };
    let done = connectors::set_schedule(&context, &id, schedule).await;
    managed(&context, &id, done).await
}

async fn delete(context: Context, Path(id): Path<String>, fields: Fields) -> Response {
    match connectors::delete(&context, &id, fields.get("confirm")).await {
        Ok(()) => go("/connectors"),
        Err(problem) => managed::<()>(&context, &id, Err(problem)).await,
    }
}
