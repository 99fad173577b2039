//! The explorer: who, what, a group, why, what if; drawn as paths, and the same as a list. Its answers are the pages of
//! a role, a person and a group, from which can be granted and revoked.

use askama::Template;
use axum::{
    extract::Query,
    http::{Method, StatusCode},
    response::Response,
    routing::get,
};
use serde::Deserialize;

use self::shown::{Shown, answer};
use super::{deed::reasons, or_problem, shell, tables::view::Choice};
use crate::{
    operation::{
        Context, access,
        explore::{Of, THOUGHTS},
        syncs,
    },
    policy::{Access, Action},
    problem::Problem,
    web::{
        page::{Shell, draw, href},
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
    /// `who`, `what`, `group`, `why`, `what-if`.
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
        self.ask(&[("ask", ask), ("person", person), ("role", role)])
    }

    /// The address of a group of the same snapshot.
    fn group(&self, group: &str) -> String {
        self.ask(&[("ask", "group"), ("group", group)])
    }

    fn ask(&self, pairs: &[(&str, &str)]) -> String {
        let of = [("connector", self.connector.as_str()), ("sync", &self.sync)];
        href("/explorer", &[pairs, &of].concat())
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
    shut: Vec<String>,
    people: Vec<String>,
    roles: Vec<String>,
    groups: Vec<String>,
}

struct Tab {
    text: &'static str,
    href: String,
    current: bool,
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
        "group" => !question.group.is_empty(),
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
        .map(|hosted| Choice::new(&hosted.row.id, &hosted.row.name, &question.connector))
        .collect();
    let [people, roles, groups] = names(context, &of).await?;
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let page = ExplorerPage {
        shell: shell(context, "Explorer", "/explorer").await?,
        tabs: tabs(&question),
        connectors,
        syncs: archived(context, &question).await?,
        kinds: THOUGHTS.iter().map(|(name, text, _)| Choice::new(name, text, &question.kind)).collect(),
        problem,
        shut: reasons(answers.iter().flat_map(Shown::all_deeds)),
        answers,
        people,
        roles,
        groups,
        question,
    };
    Ok(draw(status, &page))
}

fn tabs(question: &Question) -> Vec<Tab> {
    [("who", "A role"), ("what", "A person"), ("group", "A group"), ("why", "Why"), ("what-if", "What if")]
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
    let newest = syncs::newest(context, &question.connector, 100).await?;
    Ok(newest
        .into_iter()
        .filter(|sync| sync.snapshot)
        .map(|sync| {
            let at = sync.queued_at.strftime("%Y-%m-%d %H:%M UTC").to_string();
            Choice::new(&sync.id, &at, &question.sync)
        })
        .collect())
}

/// Names that the fields offer; the first few hundred, a browser filters them.
async fn names(context: &Context, of: &Of) -> Result<[Vec<String>; 3], Problem> {
    const OFFERED: usize = 300;
    let (lenses, _) = access::lenses(context, &of.connector).await?;
    let people = lenses.iter().flat_map(|lens| &lens.people).map(|person| person.login.clone());
    let roles =
        lenses.iter().flat_map(|lens| &lens.roles).map(|role| format!("{}/{}", role.account, role.role));
    let groups = lenses.iter().flat_map(|lens| &lens.groups).map(|group| group.name.clone());
    Ok([people.take(OFFERED).collect(), roles.take(OFFERED).collect(), groups.take(OFFERED).collect()])
}
