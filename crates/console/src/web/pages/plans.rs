//! Plans: the form, the list, and one plan to be looked at, approved and applied.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;

use super::{field_error, or_problem, shell, taken};
use crate::{
    operation::{
        Context,
        plans::{
            self, NewPlan, Seen, apply,
            offers::{Offer, offers},
            view::PlanView,
        },
    },
    policy::{Access, Action},
    problem::Problem,
    table::PAGE,
    web::{
        form::Fields,
        page::{Shell, When, draw, go},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    let one = "/connectors/{id}/plans/{plan}";
    let change = Access::Connector(Action::ChangeAccess);
    routes
        .page(Method::GET, "/plans", Access::May(Action::SeePlans), get(read))
        .page(Method::POST, "/plans", Access::May(Action::ChangeAccess), post(make))
        .page(Method::GET, one, Access::Connector(Action::SeePlans), get(read_one))
        .page(Method::POST, &format!("{one}/approve"), change, post(approve))
        .page(Method::POST, &format!("{one}/apply"), change, post(apply_one))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Question {
    connector: String,
    action: String,
    person: String,
    principal_group: String,
    role: String,
    group: String,
    app: String,
    all: String,
    via: String,
    with_app: String,
    /// Where the page of plans before ended.
    #[serde(deserialize_with = "crate::table::cursor")]
    cursor: String,
}

#[derive(Template)]
#[template(path = "plans.html")]
struct PlansPage {
    shell: Shell,
    question: Question,
    offers: Vec<Offer>,
    plans: Vec<(PlanView, When, bool)>,
    on: Option<String>,
    may_change: bool,
    any_on: bool,
    problem: Option<Problem>,
    errors: Vec<String>,
}

async fn read(context: Context, Query(question): Query<Question>) -> Response {
    let drawn = draw_page(&context, question, None).await;
    or_problem(&context, drawn)
}

async fn draw_page(
    context: &Context,
    question: Question,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let now = context.console.now();
    let offers = offers(context).await?;
    let from = question.cursor.parse().unwrap_or(0);
    let page = plans::list(context, "", from, PAGE).await?;
    let page = PlansPage {
        shell: shell(context, "Plans", "/plans").await?,
        any_on: offers.iter().any(|offer| offer.off.is_empty()),
        offers,
        on: page.next_cursor,
        plans: page
            .items
            .into_iter()
            .map(|plan| {
                let (when, expired) = (When::new(plan.created_at, now), plan.expired(now));
                (plan, when, expired)
            })
            .collect(),
        may_change: context.actor.may(super::NOBODY, Action::ChangeAccess),
        errors: ["action", "person", "role", "last_role"]
            .map(|field| field_error(problem.as_ref(), field))
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect(),
        question,
        problem: problem.clone(),
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn make(context: Context, fields: Fields) -> Response {
    let text = |name: &str| fields.get(name).to_owned();
    let connector = text("connector");
    let new = NewPlan {
        action: text("action"),
        person: text("person"),
        principal_group: text("principal_group"),
        role: text("role"),
        group: text("group"),
        app: fields.ticked("app"),
        all: fields.ticked("all"),
        via: text("via"),
        with_app: text("with_app"),
        last_role: text("last_role"),
    };
    match plans::make(&context, &connector, new).await {
        Ok(plan) => go(&format!("/connectors/{connector}/plans/{}", plan.id)),
        Err(problem) => {
            let question = Question {
                connector,
                action: text("action"),
                person: text("person"),
                principal_group: text("principal_group"),
                role: text("role"),
                group: text("group"),
                app: text("app"),
                all: text("all"),
                via: text("via"),
                with_app: text("with_app"),
                cursor: String::new(),
            };
            let drawn = draw_page(&context, question, Some(problem)).await;
            or_problem(&context, drawn)
        }
    }
}

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanPage {
    shell: Shell,
    plan: PlanView,
    made: When,
    approved: Option<When>,
    ended: Option<When>,
    expired: bool,
    problem: Option<Problem>,
}

async fn read_one(context: Context, Path((id, plan)): Path<(String, String)>) -> Response {
    let drawn = draw_one(&context, &id, &plan, None).await;
    or_problem(&context, drawn)
}

async fn draw_one(
    context: &Context,
    id: &str,
    plan: &str,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let plan = plans::get(context, id, plan).await?;
    let now = context.console.now();
    let page = PlanPage {
        shell: shell(context, "Plan", "/plans").await?,
        made: When::new(plan.created_at, now),
        approved: When::some(plan.approved_at, now),
        ended: When::some(plan.ended_at, now),
        expired: plan.expired(now),
        problem: problem.clone(),
        plan,
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn back(context: &Context, id: &str, plan: &str, done: Result<PlanView, Problem>) -> Response {
    let again = async |problem| draw_one(context, id, plan, Some(problem)).await;
    taken(context, done, format!("/connectors/{id}/plans/{plan}"), again).await
}

async fn approve(context: Context, Path((id, plan)): Path<(String, String)>, fields: Fields) -> Response {
    let seen = Seen { digest: fields.get("digest").to_owned() };
    let done = plans::approve(&context, &id, &plan, &seen).await;
    back(&context, &id, &plan, done).await
}

async fn apply_one(context: Context, Path((id, plan)): Path<(String, String)>, fields: Fields) -> Response {
    let seen = Seen { digest: fields.get("digest").to_owned() };
    let done = apply::apply(&context, &id, &plan, &seen).await;
    back(&context, &id, &plan, done).await
}
