//! Findings: what is wrong, how far it reaches, what to do; and accepting one for a time.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};
use rolebook_insight::{Finding, Severity};
use serde::Deserialize;

use super::{field_error, or_problem, shell};
use crate::{
    operation::{
        Context, access,
        findings::{self, AcceptanceView, NewAcceptance},
    },
    policy::{Access, Action},
    problem::Problem,
    run::clean,
    web::{
        form::Fields,
        page::{Shell, draw, go},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    let accept = Access::May(Action::AcceptFinding);
    routes
        .page(Method::GET, "/findings", Access::May(Action::SeeAccess), get(read))
        .page(Method::POST, "/findings/accept", accept, post(accept_one))
        .page(Method::POST, "/findings/acceptances/{acceptance}/end", accept, post(end))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct FindingsQuery {
    connector: String,
    severity: String,
    rule: String,
}

#[derive(Template)]
#[template(path = "findings.html")]
struct FindingsPage {
    shell: Shell,
    query: FindingsQuery,
    nothing_read: bool,
    counts: Vec<(&'static str, &'static str, usize)>,
    accepted: usize,
    rules: Vec<String>,
    findings: Vec<Shown>,
    off: Vec<String>,
    may_accept: bool,
    problem: Option<Problem>,
    error: String,
}

/// A finding as it is shown.
struct Shown {
    connector: String,
    connector_name: String,
    id: String,
    rule: String,
    severity: &'static str,
    tone: &'static str,
    text: String,
    evidence: Vec<String>,
    reach: String,
    remedy: String,
    accepted: Option<String>,
    /// The acceptance that can be ended.
    acceptance: Option<String>,
}

fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "red",
        Severity::Medium => "amber",
        Severity::Low => "grey",
    }
}

impl Shown {
    fn new(connector: (&str, &str), finding: &Finding, accepted: &[AcceptanceView]) -> Self {
        let reach = match finding.reach.total {
            0 => String::new(),
            total => {
                let roles = finding.reach.roles.join(", ");
                let more = if total > finding.reach.roles.len() { ", …" } else { "" };
                format!("{total} {}: {roles}{more}", if total == 1 { "role" } else { "roles" })
            }
        };
        Self {
            connector: connector.0.to_owned(),
            connector_name: connector.1.to_owned(),
            id: finding.id.clone(),
            rule: finding.rule.clone(),
            severity: finding.severity.as_str(),
            tone: tone(finding.severity),
            text: clean(&finding.text),
            evidence: finding.evidence.iter().map(|text| clean(text)).collect(),
            reach: clean(&reach),
            remedy: clean(&finding.remedy),
            accepted: finding
                .accepted
                .as_ref()
                .map(|by| clean(&format!("accepted by {} until {}: {}", by.by, by.until, by.reason))),
            acceptance: accepted
                .iter()
                .find(|row| row.connector == connector.0 && row.finding == finding.id)
                .map(|row| row.id.clone()),
        }
    }
}

async fn read(context: Context, Query(query): Query<FindingsQuery>) -> Response {
    let drawn = draw_page(&context, query, None).await;
    or_problem(&context, drawn)
}

async fn draw_page(
    context: &Context,
    query: FindingsQuery,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let nothing_read = access::within_reach(context, &query.connector).await?.is_empty();
    let answers =
        if nothing_read { Vec::new() } else { findings::all(context, &query.connector).await?.answers };
    let accepted = findings::accepted(context).await?;
    let mut all = Vec::new();
    let mut off = Vec::new();
    for answered in &answers {
        let connector = (answered.connector.as_str(), answered.name.as_str());
        all.extend(
            answered.answer.result.findings.iter().map(|finding| Shown::new(connector, finding, &accepted)),
        );
        off.extend(answered.answer.result.rules.iter().filter_map(|rule| {
            let why = rule.why.as_deref()?;
            let state = if rule.on { "in part" } else { "off" };
            Some(clean(&format!("{} is {state}: {why}", rule.rule)))
        }));
    }
    let open = |severity: Severity| {
        all.iter().filter(|shown| shown.accepted.is_none() && shown.severity == severity.as_str()).count()
    };
    let counts = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low]
        .map(|severity| (severity.as_str(), tone(severity), open(severity)));
    let mut rules: Vec<String> = all.iter().map(|shown| shown.rule.clone()).collect();
    rules.sort();
    rules.dedup();
    let accepted = all.iter().filter(|shown| shown.accepted.is_some()).count();
    let shown = all
        .into_iter()
        .filter(|shown| query.severity.is_empty() || shown.severity == query.severity)
        .filter(|shown| query.rule.is_empty() || shown.rule == query.rule)
        .collect();
    let page = FindingsPage {
        shell: shell(context, "Findings", "/findings").await?,
        nothing_read,
        counts: counts.into(),
        accepted,
        rules,
        findings: shown,
        off,
        may_accept: context.actor.may(super::NOBODY, Action::AcceptFinding),
        error: ["reason", "until"].map(|field| field_error(problem.as_ref(), field)).concat(),
        query,
        problem: problem.clone(),
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn accept_one(context: Context, fields: Fields) -> Response {
    let new = NewAcceptance {
        connector: fields.get("connector").to_owned(),
        finding: fields.get("finding").to_owned(),
        reason: fields.get("reason").to_owned(),
        until: fields.get("until").to_owned(),
    };
    match findings::accept(&context, new).await {
        Ok(_) => go("/findings"),
        Err(problem) => {
            let drawn = draw_page(&context, FindingsQuery::default(), Some(problem)).await;
            or_problem(&context, drawn)
        }
    }
}

async fn end(context: Context, Path(acceptance): Path<String>) -> Response {
    let ended = findings::end(&context, &acceptance).await;
    or_problem(&context, ended.map(|()| go("/findings")))
}
