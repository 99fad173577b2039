//! The explorer: who, what, why, what if; drawn as paths, and the same as a list.

use askama::Template;
use axum::{
    extract::Query,
    http::{Method, StatusCode},
    response::Response,
    routing::get,
};
use serde::Deserialize;

use self::shown::{Shown, answer};
use super::{or_problem, shell};
use crate::{
    operation::{
        Context, access,
        explore::{Of, THOUGHTS},
        syncs,
    },
    policy::{Access, Action},
    problem::Problem,
    web::{
        page::{Shell, draw},
        routes::Routes,
    },
};

mod shown;

pub(super) fn enter(routes: Routes) -> Routes {
    routes.page(Method::GET, "/explorer", Access::May(Action::SeeAccess), get(explorer))
}

/// What is asked; all of it stands in the URL.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Question {
    /// `who`, `what`, `why`, `what-if`.
    ask: String,
    person: String,
    role: String,
    connector: String,
    sync: String,
    kind: String,
    group: String,
    value: String,
}

impl Question {
    /// The address of another question of the same snapshot.
    fn other(&self, ask: &str, person: &str, role: &str) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("ask", ask),
            ("person", person),
            ("role", role),
            ("connector", &self.connector),
            ("sync", &self.sync),
        ] {
            if !value.is_empty() {
                out.append_pair(name, value);
            }
        }
        format!("/explorer?{}", out.finish())
    }

    /// Where taking a role away is planned.
    fn revoke(&self, person: &str, role: &str) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        out.append_pair("action", "revoke").append_pair("person", person).append_pair("role", role);
        if !self.connector.is_empty() {
            out.append_pair("connector", &self.connector);
        }
        format!("/plans?{}", out.finish())
    }
}

#[derive(Template)]
#[template(path = "explorer.html")]
struct ExplorerPage {
    shell: Shell,
    question: Question,
    tabs: Vec<Tab>,
    connectors: Vec<Choice>,
    syncs: Vec<Choice>,
    kinds: Vec<Choice>,
    problem: Option<Problem>,
    answers: Vec<Shown>,
    may_change: bool,
    people: Vec<String>,
    roles: Vec<String>,
}

struct Tab {
    text: &'static str,
    href: String,
    current: bool,
}

struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

async fn explorer(context: Context, Query(mut question): Query<Question>) -> Response {
    if question.ask.is_empty() {
        question.ask = "who".to_owned();
    }
    let drawn = draw_page(&context, question).await;
    or_problem(&context, drawn)
}

async fn draw_page(context: &Context, question: Question) -> Result<Response, Problem> {
    let reach = access::within_reach(context, "").await?;
    let of = Of { connector: question.connector.clone(), sync: question.sync.clone() };
    let is_asked = match question.ask.as_str() {
        "who" => !question.role.is_empty(),
        "what" => !question.person.is_empty(),
        "why" => !question.person.is_empty() && !question.role.is_empty(),
        _ => !question.kind.is_empty(),
    };
    let answered =
        if is_asked && !reach.is_empty() { answer(context, &of, &question).await } else { Ok(Vec::new()) };
    let (answers, problem) = match answered {
        Ok(answers) => (answers, None),
        Err(problem) if problem.status().is_client_error() => (Vec::new(), Some(problem)),
        Err(problem) => return Err(problem),
    };
    let connectors = reach
        .iter()
        .map(|hosted| Choice {
            value: hosted.row.id.clone(),
            text: hosted.row.name.clone(),
            chosen: hosted.row.id == question.connector,
        })
        .collect();
    let (people, roles) = names(context, &of).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let page = ExplorerPage {
        shell: shell(context, "Explorer", "/explorer").await?,
        tabs: tabs(&question),
        connectors,
        syncs: archived(context, &question).await?,
        kinds: THOUGHTS
            .iter()
            .map(|(name, text, _)| Choice {
                value: (*name).to_owned(),
                text: (*text).to_owned(),
                chosen: *name == question.kind,
            })
            .collect(),
        problem,
        answers,
        may_change: context.actor.may(super::NOBODY, Action::ChangeAccess),
        people,
        roles,
        question,
    };
    Ok(draw(status, &page))
}

fn tabs(question: &Question) -> Vec<Tab> {
    [("who", "Who"), ("what", "What"), ("why", "Why"), ("what-if", "What if")]
        .into_iter()
        .map(|(ask, text)| Tab {
            text,
            href: question.other(ask, &question.person, &question.role),
            current: question.ask == ask,
        })
        .collect()
}

/// Syncs of the chosen connector whose snapshot is kept.
async fn archived(context: &Context, question: &Question) -> Result<Vec<Choice>, Problem> {
    if question.connector.is_empty() {
        return Ok(Vec::new());
    }
    let page = syncs::history(context, &question.connector, None, 100).await?;
    Ok(page
        .items
        .into_iter()
        .filter(|sync| sync.snapshot)
        .map(|sync| Choice {
            chosen: sync.id == question.sync,
            text: sync.queued_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            value: sync.id,
        })
        .collect())
}

/// Names that the fields offer; the first few hundred, a browser filters them.
async fn names(context: &Context, of: &Of) -> Result<(Vec<String>, Vec<String>), Problem> {
    const OFFERED: usize = 300;
    let (lenses, _) = access::lenses(context, &of.connector).await?;
    let people = lenses.iter().flat_map(|lens| &lens.people).map(|person| person.login.clone());
    let roles =
        lenses.iter().flat_map(|lens| &lens.roles).map(|role| format!("{}/{}", role.account, role.role));
    Ok((people.take(OFFERED).collect(), roles.take(OFFERED).collect()))
}
