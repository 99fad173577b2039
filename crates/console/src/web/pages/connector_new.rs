//! Connectors, and the way to a new one: catalogue, app, owners.

use askama::Template;
use axum::{
    extract::Query,
    http::{Method, StatusCode},
    response::Response,
    routing::get,
};
use serde::Deserialize;

use super::{field_error, home::Line, or_problem, shell};
use crate::{
    operation::{
        Context,
        apps::{self, AppView},
        catalog::{self, CatalogEntry},
        connectors::{self, AppWanted, NewConnector, PersonRef},
        people,
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
    routes
        .page(Method::GET, "/connectors", Access::May(Action::ListConnectors), get(list))
        .page(Method::GET, "/connectors/add", Access::May(Action::AddConnector), get(add))
        .page(Method::GET, "/connectors/new", Access::May(Action::AddConnector), get(new))
        .page(Method::POST, "/connectors/new", Access::May(Action::AddConnector), axum::routing::post(create))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Words {
    q: String,
    kind: String,
    app: String,
    label: String,
}

#[derive(Template)]
#[template(path = "connectors.html")]
struct ConnectorsPage {
    shell: Shell,
    lines: Vec<Line>,
    total: usize,
    q: String,
    label: String,
    may_add: bool,
}

async fn list(context: Context, Query(words): Query<Words>) -> Response {
    let drawn = draw_list(&context, words).await;
    or_problem(&context, drawn)
}

async fn draw_list(context: &Context, words: Words) -> Result<Response, Problem> {
    let shell = shell(context, "Connectors", "/connectors").await?;
    let may_add = context.actor.may(super::NOBODY, Action::AddConnector);
    let all = connectors::list(context).await?;
    let total = all.len();
    let needles: Vec<String> = words.q.split_whitespace().map(str::to_lowercase).collect();
    let lines = all
        .into_iter()
        .filter(|view| {
            let owners: Vec<&str> = view.owners.iter().map(|owner| owner.name.as_str()).collect();
            let text = format!("{} {} {}", view.name, view.app, owners.join(" ")).to_lowercase();
            needles.iter().all(|needle| text.contains(needle))
                && (words.label.is_empty() || view.label_text == words.label)
        })
        .map(|view| Line::new(context, view))
        .collect();
    Ok(draw(StatusCode::OK, &ConnectorsPage { shell, lines, total, q: words.q, label: words.label, may_add }))
}

#[derive(Template)]
#[template(path = "connector_add.html")]
struct AddPage {
    shell: Shell,
    entries: Vec<CatalogEntry>,
    q: String,
}

async fn add(context: Context, Query(words): Query<Words>) -> Response {
    let drawn = async {
        let entries = catalog::search(&words.q);
        let shell = shell(&context, "Add connector", "/connectors").await?;
        Ok(draw(StatusCode::OK, &AddPage { shell, entries, q: words.q }))
    };
    or_problem(&context, drawn.await)
}

#[derive(Template)]
#[template(path = "connector_new.html")]
struct NewPage {
    shell: Shell,
    entry: CatalogEntry,
    unmanaged: Vec<AppView>,
    managed: Vec<AppView>,
    users: Vec<OwnerBox>,
    choice: String,
    chosen: String,
    new_name: String,
    others: String,
    app_error: String,
    owners_error: String,
    problem: Option<Problem>,
}

/// Somebody who can be ticked as an owner.
struct OwnerBox {
    person: PersonRef,
    ticked: bool,
    me: bool,
}

async fn new(context: Context, Query(words): Query<Words>) -> Response {
    let mut fields = format!("kind={}&owner={}", words.kind, context.actor.user.id);
    if !words.app.is_empty() {
        fields.push_str(&format!("&choice=unmanaged&unmanaged={}", words.app));
    }
    let drawn = draw_new(&context, &Fields::parse(fields.as_bytes()), None).await;
    or_problem(&context, drawn)
}

async fn draw_new(context: &Context, fields: &Fields, problem: Option<Problem>) -> Result<Response, Problem> {
    let entry = catalog::entry(fields.get("kind")).ok_or_else(|| Problem::not_found("kind of connector"))?;
    let ticked = fields.all("owner");
    let mut unmanaged = apps::list(context, Some("unmanaged"), "").await?;
    // What this connector can read stands first.
    unmanaged.sort_by_key(|app| (!app.aws, app.provider_status != "ACTIVE", app.name.to_lowercase()));
    let managed = apps::list(context, Some("managed"), "").await?;
    let users = people::pick(context, "")
        .await?
        .into_iter()
        .map(|person| OwnerBox {
            ticked: ticked.contains(&person.id),
            me: person.id == context.actor.user.id,
            person,
        })
        .collect();
    let choice = match fields.get("choice") {
        "" if unmanaged.iter().any(|app| app.aws) => "unmanaged",
        "" => "new",
        chosen => chosen,
    };
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let new_name = match fields.get("new") {
        "" => entry.name,
        name => name,
    };
    let page = NewPage {
        shell: shell(context, "Add connector", "/connectors").await?,
        choice: choice.to_owned(),
        chosen: fields.get(choice).to_owned(),
        new_name: new_name.to_owned(),
        others: fields.get("others").to_owned(),
        app_error: ["app", "kind", "name"].into_iter().map(|f| field_error(problem.as_ref(), f)).collect(),
        owners_error: field_error(problem.as_ref(), "owners"),
        problem,
        entry,
        unmanaged,
        managed,
        users,
    };
    Ok(draw(status, &page))
}

async fn create(context: Context, fields: Fields) -> Response {
    let value = fields.get(fields.get("choice")).to_owned();
    let app = match fields.get("choice") {
        "unmanaged" => AppWanted::Unmanaged(value),
        "managed" => AppWanted::Managed(value),
        _ => AppWanted::New(value),
    };
    let mut owners = fields.all("owner");
    owners.extend(
        fields.get("others").split([',', ' ', ';']).map(str::to_owned).filter(|text| !text.is_empty()),
    );
    let new = NewConnector { kind: fields.get("kind").to_owned(), app, name: None, owners: Some(owners) };
    match connectors::create(&context, new).await {
        Ok(view) if view.authorized_actions.contains(&"configure") => {
            go(&format!("/connectors/{}/settings", view.id))
        }
        Ok(view) => go(&format!("/connectors/{}", view.id)),
        Err(problem) => {
            let drawn = draw_new(&context, &fields, Some(problem)).await;
            or_problem(&context, drawn)
        }
    }
}
