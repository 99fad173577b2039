//! The pages. Each draws what an operation gives; each form is sent to a page that calls one.

use axum::response::Response;

use crate::{
    operation::{Context, access},
    policy::Relation,
    problem::Problem,
    web::{
        page::{self, Shell},
        routes::Routes,
    },
};

mod activity;
mod app;
mod apps;
mod connector;
mod connector_new;
mod connector_settings;
mod credential;
mod deed;
mod effect;
mod explorer;
mod findings;
mod help;
mod home;
mod messages;
mod plans;
mod provisioning;
mod settings;
mod sign;
mod syncs;
mod tables;

/// Enters all pages.
pub(super) fn enter(routes: Routes) -> Routes {
    let routes = sign::enter(routes);
    let routes = home::enter(routes);
    let routes = connector_new::enter(routes);
    let routes = connector::enter(routes);
    let routes = connector_settings::enter(routes);
    let routes = syncs::enter(routes);
    let routes = apps::enter(routes);
    let routes = app::enter(routes);
    let routes = activity::enter(routes);
    let routes = tables::enter(routes);
    let routes = explorer::enter(routes);
    let routes = findings::enter(routes);
    let routes = provisioning::enter(routes);
    let routes = plans::enter(routes);
    let routes = messages::enter(routes);
    let routes = settings::enter(routes);
    help::enter(routes)
}

/// The frame of a page for whoever asks. What may be old is said on every page but a connector's own, which says more.
async fn shell(context: &Context, title: &str, at: &str) -> Result<Shell, Problem> {
    let relation = context.actor.relation(&context.console, None).await?;
    let old = if at == "/connectors" { Vec::new() } else { access::troubled(context).await? };
    Ok(Shell { old, ..Shell::new(&context.console, &context.actor, relation, title, at) })
}

/// A page, or the page for what went wrong.
fn or_problem(context: &Context, drawn: Result<Response, Problem>) -> Response {
    drawn.unwrap_or_else(|problem| page::problem_page(&context.console, Some(&context.actor), problem))
}

/// What follows a form: its page when it was taken, else the page that it stands on, with what went wrong.
async fn taken<T>(
    context: &Context,
    done: Result<T, Problem>,
    to: String,
    again: impl AsyncFnOnce(Problem) -> Result<Response, Problem>,
) -> Response {
    match done {
        Ok(_) => page::go(&to),
        Err(problem) => or_problem(context, again(problem).await),
    }
}

/// Text of a problem at a field; empty where there is none.
fn field_error(problem: Option<&Problem>, field: &str) -> String {
    problem
        .and_then(|problem| problem.fields.iter().find(|error| error.field == field))
        .map(|error| error.text.clone())
        .unwrap_or_default()
}

/// Nobody, as far as connectors go.
const NOBODY: Relation = Relation { owner: false, app_owner: false, ownerless: false };
