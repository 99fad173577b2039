//! Apps: managed, unmanaged, ignored.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;

use super::{field_error, or_problem, shell};
use crate::{
    console::DemoOrg,
    operation::{
        Context,
        apps::{self, AppView},
        connectors,
        connectors::ConnectorView,
        discovery::{self, Discovery},
        orgs::{self, ConfirmedDomain, OrgView},
    },
    policy::{Access, Action},
    problem::Problem,
    web::{
        form::Fields,
        page::{Shell, draw, go},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    let promote = Access::May(Action::PromoteApp);
    routes
        .page(Method::GET, "/apps", Access::May(Action::ListApps), get(list))
        .page(Method::POST, "/apps/discover", Access::May(Action::DiscoverApps), post(discover))
        .page(Method::POST, "/apps/{app}/move", promote, post(move_app))
        .page(Method::POST, "/apps/{app}/remove", promote, post(remove_app))
        .page(Method::POST, "/apps/remove-unused", promote, post(remove_unused))
        .page(Method::POST, "/orgs/{org}/domain", Access::May(Action::ConfirmOrg), post(confirm_domain))
}

#[derive(Template)]
#[template(path = "apps.html")]
struct AppsPage {
    shell: Shell,
    apps: Vec<AppView>,
    counts: [(String, &'static str, usize); 3],
    state: String,
    q: String,
    may_promote: bool,
    may_discover: bool,
    /// Any org, by domain and token.
    may_name: bool,
    orgs: Vec<OrgView>,
    may_confirm: bool,
    connectors: Vec<ConnectorView>,
    demo: Option<DemoOrg>,
    found: String,
    problem: Option<Problem>,
    domain: String,
    domain_error: String,
    token_error: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AppsQuery {
    state: String,
    q: String,
    found: Option<usize>,
    new: Option<usize>,
    more: bool,
    removed: Option<usize>,
}

async fn list(context: Context, Query(query): Query<AppsQuery>) -> Response {
    let drawn = draw_list(&context, query, None, String::new()).await;
    or_problem(&context, drawn)
}

async fn draw_list(
    context: &Context,
    query: AppsQuery,
    problem: Option<Problem>,
    domain: String,
) -> Result<Response, Problem> {
    let all = apps::list(context, None, "").await?;
    let count = |state: &str| all.iter().filter(|app| app.state == state).count();
    let counts = [
        ("managed".to_owned(), "Managed", count("managed")),
        ("unmanaged".to_owned(), "Unmanaged", count("unmanaged")),
        ("ignored".to_owned(), "Ignored", count("ignored")),
    ];
    let state = if query.state.is_empty() { "managed".to_owned() } else { query.state };
    let relation = context.actor.relation(&context.console, None).await?;
    let may_discover = context.actor.may(relation, Action::DiscoverApps);
    let connectors = if may_discover { connectors::list(context).await? } else { Vec::new() };
    let found = match (query.found, query.new, query.removed) {
        (Some(found), Some(new), _) if query.more => format!(
            "{found} apps found, {new} of them new; the org lists more than a discovery reads (at most 4,000)"
        ),
        (Some(found), Some(new), _) => format!("{found} apps found, {new} of them new"),
        (_, _, Some(removed)) => format!("{removed} apps removed"),
        _ => String::new(),
    };
    let may_see = context.actor.may(relation, Action::SeeOrgs);
    let page = AppsPage {
        shell: shell(context, "Apps", "/apps").await?,
        apps: apps::list(context, Some(&state), &query.q).await?,
        counts,
        state,
        q: query.q,
        may_promote: context.actor.may(relation, Action::PromoteApp),
        may_discover,
        may_name: context.actor.may(relation, Action::DiscoverByDomain),
        orgs: if may_see { orgs::list(context).await? } else { Vec::new() },
        may_confirm: context.actor.may(relation, Action::ConfirmOrg),
        connectors: connectors
            .into_iter()
            .filter(|view| view.token.is_some() && view.authorized_actions.contains(&"configure"))
            .collect(),
        demo: context.console.config.demo.clone(),
        found,
        domain_error: field_error(problem.as_ref(), "domain"),
        token_error: field_error(problem.as_ref(), "api_token"),
        problem: problem.clone(),
        domain,
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn discover(context: Context, fields: Fields) -> Response {
    let wanted = Discovery {
        connector: Some(fields.get("connector").to_owned()).filter(|id| !id.is_empty()),
        domain: fields.get("domain").to_owned(),
        api_token: fields.get("api_token").to_owned(),
    };
    match discovery::discover(&context, wanted).await {
        Ok(done) => {
            go(&format!("/apps?state=unmanaged&found={}&new={}&more={}", done.found, done.new, done.more))
        }
        Err(problem) => {
            let query = AppsQuery { state: "unmanaged".to_owned(), ..AppsQuery::default() };
            let drawn = draw_list(&context, query, Some(problem), fields.get("domain").to_owned()).await;
            or_problem(&context, drawn)
        }
    }
}

async fn move_app(context: Context, Path(app): Path<String>, fields: Fields) -> Response {
    let (from, to) = match fields.get("to") {
        "managed" => ("unmanaged", "managed"),
        "ignored" => ("unmanaged", "ignored"),
        _ => ("ignored", "unmanaged"),
    };
    let done =
        apps::move_to(&context, &app, from, to).await.map(|app| go(&format!("/apps?state={}", app.state)));
    or_problem(&context, done)
}

async fn remove_app(context: Context, Path(app): Path<String>) -> Response {
    let done = apps::remove(&context, &app).await.map(|()| go("/apps?state=unmanaged&removed=1"));
    or_problem(&context, done)
}

async fn remove_unused(context: Context, _fields: Fields) -> Response {
    let done = apps::remove_unused(&context, None).await;
    or_problem(&context, done.map(|done| go(&format!("/apps?state=unmanaged&removed={}", done.removed))))
}

async fn confirm_domain(context: Context, Path(org): Path<String>, fields: Fields) -> Response {
    let wanted = ConfirmedDomain { domain: fields.get("domain").to_owned() };
    let done = orgs::confirm(&context, &org, &wanted).await.map(|_| go("/apps?state=unmanaged#orgs"));
    or_problem(&context, done)
}
