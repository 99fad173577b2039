//! The first page: what to do next, how connectors are, what there is.

use askama::Template;
use axum::{
    http::{Method, StatusCode},
    response::Response,
    routing::get,
};

use super::{or_problem, shell};
use crate::{
    operation::{
        Context,
        access::{self, Overview},
        apps, connectors,
        connectors::ConnectorView,
    },
    policy::{Access, Action},
    problem::Problem,
    web::{
        page::{Shell, When, draw},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    routes.page(Method::GET, "/", Access::SignedIn, get(home))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    shell: Shell,
    connectors: Vec<Line>,
    overview: Overview,
    steps: Vec<Step>,
    may_add: bool,
}

/// A connector with its times.
pub(super) struct Line {
    pub(super) view: ConnectorView,
    pub(super) good: Option<When>,
    pub(super) next: Option<When>,
    pub(super) expected: Option<When>,
    pub(super) updated: When,
}

impl Line {
    pub(super) fn new(context: &Context, view: ConnectorView) -> Self {
        let now = context.console.now();
        Self {
            good: When::some(view.life.good_at, now),
            next: When::some(view.life.next_at, now),
            expected: When::some(view.expected_end, now),
            updated: When::new(view.updated_at, now),
            view,
        }
    }
}

/// A step of the set-up, until all are done.
struct Step {
    text: &'static str,
    done: bool,
    href: String,
}

async fn home(context: Context) -> Response {
    let drawn = draw_home(&context).await;
    or_problem(&context, drawn)
}

async fn draw_home(context: &Context) -> Result<Response, Problem> {
    let shell = shell(context, "Home", "/").await?;
    let relation = context.actor.relation(&context.console, None).await?;
    let connectors = if context.actor.may(relation, Action::ListConnectors) {
        connectors::list(context).await?
    } else {
        Vec::new()
    };
    let may_add = context.actor.may(relation, Action::AddConnector);
    let mut steps = Vec::new();
    if may_add {
        let any_app = !apps::list(context, None, "").await?.is_empty();
        let first = connectors.first();
        let settings = first.map_or_else(
            || "/connectors/add".to_owned(),
            |c| format!("/connectors/{}/settings?edit=1", c.id),
        );
        steps = vec![
            Step {
                text: "Look into your Okta org for apps (optional)",
                done: any_app,
                href: "/apps?state=unmanaged".to_owned(),
            },
            Step { text: "Add a connector", done: first.is_some(), href: "/connectors/add".to_owned() },
            Step {
                text: "Enter domain and token in its settings",
                done: connectors.iter().any(|c| c.token.is_some()),
                href: settings,
            },
            Step {
                text: "See it connected",
                done: connectors.iter().any(|c| c.good_sync.is_some()),
                href: first.map_or_else(|| "/connectors".to_owned(), |c| format!("/connectors/{}", c.id)),
            },
        ];
        if steps.iter().skip(1).all(|step| step.done) {
            steps.clear();
        }
    }
    let overview = access::overview(context).await?;
    let connectors = connectors.into_iter().map(|view| Line::new(context, view)).collect();
    Ok(draw(StatusCode::OK, &HomePage { shell, connectors, overview, steps, may_add }))
}
