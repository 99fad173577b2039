//! One app: its settings in force, owners, connectors and what they read.

use askama::Template;
use axum::{
    extract::Path,
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};

use super::{connector::SyncLine, field_error, home::Line, or_problem, shell};
use crate::{
    operation::{
        Context,
        apps::{self, AppDetail, AppSetting},
    },
    policy::{Access, Action},
    problem::Problem,
    report::Numbers,
    web::{
        form::Fields,
        page::{Shell, draw, go},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    let owners = Access::May(Action::ChangeUsers);
    routes
        .page(Method::GET, "/apps/{app}", Access::May(Action::ListApps), get(read))
        .page(Method::POST, "/apps/{app}/owners", owners, post(add_owner))
        .page(Method::POST, "/apps/{app}/owners/{user}/end", owners, post(end_owner))
}

#[derive(Template)]
#[template(path = "app.html")]
struct AppPage {
    shell: Shell,
    detail: AppDetail,
    sources: Vec<Source>,
    may_own: bool,
    may_promote: bool,
    may_see: bool,
    problem: Option<Problem>,
    owner_error: String,
}

/// What one connector knows of the app.
struct Source {
    line: Line,
    numbers: Numbers,
    mode: Option<&'static str>,
    settings: Vec<AppSetting>,
    syncs: Vec<SyncLine>,
}

async fn read(context: Context, Path(app): Path<String>) -> Response {
    let drawn = draw_app(&context, &app, None).await;
    or_problem(&context, drawn)
}

async fn draw_app(context: &Context, app: &str, problem: Option<Problem>) -> Result<Response, Problem> {
    let mut detail = apps::detail(context, app).await?;
    let relation = context.actor.relation(&context.console, None).await?;
    let sources = std::mem::take(&mut detail.sources)
        .into_iter()
        .map(|source| Source {
            line: Line::new(context, source.connector),
            numbers: source.numbers,
            mode: source.mode,
            settings: source.settings,
            syncs: source.syncs.into_iter().map(|sync| SyncLine::new(context, sync)).collect(),
        })
        .collect();
    let page = AppPage {
        shell: shell(context, &detail.app.name, "/apps").await?,
        may_own: context.actor.may(relation, Action::ChangeUsers),
        may_promote: context.actor.may(relation, Action::PromoteApp),
        may_see: context.actor.may(relation, Action::SeeAccess),
        owner_error: field_error(problem.as_ref(), "user"),
        problem: problem.clone(),
        detail,
        sources,
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn back<T>(context: &Context, app: &str, done: Result<T, Problem>) -> Response {
    match done {
        Ok(_) => go(&format!("/apps/{app}")),
        Err(problem) => or_problem(context, draw_app(context, app, Some(problem)).await),
    }
}

async fn add_owner(context: Context, Path(app): Path<String>, fields: Fields) -> Response {
    let done = apps::add_owner(&context, &app, fields.get("user")).await;
    back(&context, &app, done).await
}

async fn end_owner(context: Context, Path((app, user)): Path<(String, String)>) -> Response {
    let done = apps::end_owner(&context, &app, &user).await;
    back(&context, &app, done).await
}
