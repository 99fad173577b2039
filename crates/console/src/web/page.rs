//! What every page has around it, and pages for what went wrong.

use askama::Template;
use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use jiff::Timestamp;

use crate::{
    ConsoleError,
    actor::{Actor, Via},
    console::Console,
    operation::access::Freshness,
    policy::{self, Action, Relation},
    problem::Problem,
};

/// An entry of the menu.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) href: &'static str,
    pub(crate) text: &'static str,
    pub(crate) current: bool,
    /// Letter after `g` that leads there.
    pub(crate) key: char,
}

/// The frame of a page.
#[derive(Debug, Clone)]
pub(crate) struct Shell {
    pub(crate) title: String,
    pub(crate) menu: Vec<Entry>,
    pub(crate) user: String,
    pub(crate) roles: String,
    pub(crate) csrf: String,
    pub(crate) demo: bool,
    /// Whose last good state the page shows, though it may be old.
    pub(crate) old: Vec<Freshness>,
}

const MENU: [(&str, &str, Option<Action>, char); 12] = [
    ("/", "Home", None, 'h'),
    ("/connectors", "Connectors", Some(Action::ListConnectors), 'c'),
    ("/apps", "Apps", Some(Action::ListApps), 'a'),
    ("/accounts", "AWS accounts", Some(Action::SeeAccess), 'w'),
    ("/people", "People", Some(Action::SeeAccess), 'p'),
    ("/groups", "Groups", Some(Action::SeeAccess), 'r'),
    ("/grants", "Access", Some(Action::SeeAccess), 'x'),
    ("/explorer", "Explorer", Some(Action::SeeAccess), 'e'),
    ("/findings", "Findings", Some(Action::SeeAccess), 'f'),
    ("/plans", "Plans", Some(Action::SeePlans), 'l'),
    ("/activity", "Activity", Some(Action::SeeAudit), 't'),
    ("/settings", "Settings", None, 's'),
];

impl Shell {
    /// The frame for somebody who is signed in. `relation` is how they relate to any connector.
    pub(crate) fn new(console: &Console, actor: &Actor, relation: Relation, title: &str, at: &str) -> Self {
        let csrf = match &actor.via {
            Via::Session { csrf, .. } => csrf.clone(),
            Via::Key { .. } => String::new(),
        };
        Self {
            title: title.to_owned(),
            menu: MENU
                .into_iter()
                .filter(|(_, _, action, _)| {
                    action.is_none_or(|action| policy::may(&actor.roles, relation, action))
                })
                .map(|(href, text, _, key)| Entry { href, text, current: href == at, key })
                .collect(),
            user: actor.user.name.clone(),
            roles: actor.roles.iter().map(policy::Role::title).collect::<Vec<_>>().join(", "),
            csrf,
            demo: console.config.demo.is_some(),
            old: Vec::new(),
        }
    }

    /// The frame for somebody who is not.
    pub(crate) fn bare(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            menu: Vec::new(),
            user: String::new(),
            roles: String::new(),
            csrf: String::new(),
            demo: false,
            old: Vec::new(),
        }
    }
}

/// An address with what is asked in it; what is empty is left out.
pub(crate) fn href(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    out.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let asked = out.finish();
    if asked.is_empty() { path.to_owned() } else { format!("{path}?{asked}") }
}

/// Draws a page.
pub(crate) fn draw(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => Problem::from(ConsoleError::Page(error)).into_response(),
    }
}

/// Leads to another page.
pub(crate) fn go(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(value) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

fn wants_json(request: &Request) -> bool {
    request.uri().path().starts_with("/api/")
        || request
            .headers()
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("json") && !accept.contains("html"))
}

/// Sends somebody who is not signed in to where they can: a program gets 401.
pub(crate) fn to_sign_in(request: &Request, problem: Problem) -> Response {
    if wants_json(request) {
        return problem.into_response();
    }
    let to = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if request.method() == axum::http::Method::GET && to != "/" {
        return go(&href("/sign-in", &[("to", to)]));
    }
    go("/sign-in")
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    shell: Shell,
    problem: Problem,
}

/// Tells what went wrong: to a person as a page, to a program as a problem.
pub(crate) fn problem(
    console: &Console,
    actor: Option<&Actor>,
    request: &Request,
    problem: Problem,
) -> Response {
    if wants_json(request) {
        return problem.into_response();
    }
    problem_page(console, actor, problem)
}

/// The page for what went wrong.
pub(crate) fn problem_page(console: &Console, actor: Option<&Actor>, problem: Problem) -> Response {
    let shell = match actor {
        Some(actor) => Shell::new(console, actor, Relation::default(), "That did not work", ""),
        None => Shell::bare("That did not work"),
    };
    draw(problem.status(), &ProblemPage { shell, problem })
}

/// A time as it stands in a page: relative for people, exact beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct When {
    pub(crate) exact: String,
    pub(crate) iso: String,
    pub(crate) relative: String,
}

impl When {
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        let seconds = now.duration_since(at).as_secs();
        let (amount, ahead) = (seconds.unsigned_abs(), seconds < 0);
        let text = match amount {
            0..5 => "now".to_owned(),
            5..60 => format!("{amount} s"),
            60..3600 => format!("{} min", amount / 60),
            3600..172_800 => format!("{} h", amount / 3600),
            _ => format!("{} days", amount / 86_400),
        };
        let relative = match (text.as_str(), ahead) {
            ("now", _) => text,
            (_, true) => format!("in {text}"),
            (_, false) => format!("{text} ago"),
        };
        Self { exact: at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(), iso: at.to_string(), relative }
    }

    pub(crate) fn some(at: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        at.map(|at| Self::new(at, now))
    }
}
