//! Findings: what is wrong, how far it reaches, what to do; and accepting one for a time.

use askama::Template;
use axum::{
    extract::{Path, Query, RawQuery},
    http::{Method, StatusCode},
    response::Response,
    routing::{get, post},
};
use rolebook_insight::{Finding, Severity};

use super::{field_error, or_problem, shell, tables::view::Address};
use crate::{
    operation::{
        Context, access,
        findings::{self, AcceptanceView, NewAcceptance, Wanted},
    },
    policy::{Access, Action},
    problem::Problem,
    run::clean,
    table::{self, TableQuery},
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

#[derive(Template)]
#[template(path = "findings.html")]
struct FindingsPage {
    shell: Shell,
    wanted: Wanted,
    query: TableQuery,
    nothing_read: bool,
    counts: Vec<(&'static str, &'static str, usize, String)>,
    accepted: usize,
    rules: Vec<String>,
    findings: Vec<Shown>,
    off: Vec<String>,
    /// What stands behind the path in the address, so that one comes back to the same list.
    here: String,
    may_accept: bool,
    narrowed: bool,
    count: String,
    back: Option<String>,
    on: Option<String>,
    csv: String,
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

async fn read(
    context: Context,
    RawQuery(raw): RawQuery,
    Query(wanted): Query<Wanted>,
    Query(query): Query<TableQuery>,
) -> Response {
    let address = Address::new("/findings", raw.as_deref());
    or_problem(&context, draw_page(&context, &address, wanted, query, None).await)
}

async fn draw_page(
    context: &Context,
    address: &Address,
    wanted: Wanted,
    query: TableQuery,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let nothing_read = access::within_reach(context, &query.connector).await?.is_empty();
    let all = if nothing_read { Vec::new() } else { findings::all(context, &query.connector).await? };
    let accepted = findings::accepted(context).await?;
    let each = || all.iter().flat_map(|wrong| &wrong.findings.findings);
    let mut rules: Vec<String> = each().map(|finding| finding.rule.clone()).collect();
    rules.sort();
    rules.dedup();
    let off = all.iter().flat_map(|wrong| &wrong.findings.rules).filter_map(|rule| {
        let why = rule.why.as_deref()?;
        let state = if rule.on { "in part" } else { "off" };
        Some(clean(&format!("{} is {state}: {why}", rule.rule)))
    });
    let open = |severity: Severity| {
        each().filter(|finding| finding.accepted.is_none() && finding.severity == severity).count()
    };
    let counts = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low].map(|severity| {
        let href = address.first().with("severity", severity.as_str()).text();
        (severity.as_str(), tone(severity), open(severity), href)
    });
    let rows = findings::rows(&all, &wanted);
    let page = table::page(table::plain(&rows), rows.len(), &query);
    let shown = page.items.iter().filter_map(|(_, row)| {
        let wrong = all.get(row.place.0)?;
        Some(Shown::new((&wrong.connector, &wrong.name), row.finding()?, &accepted))
    });
    let from = query.from();
    let page = FindingsPage {
        shell: shell(context, "Findings", "/findings").await?,
        nothing_read,
        counts: counts.into(),
        accepted: each().filter(|finding| finding.accepted.is_some()).count(),
        rules,
        findings: shown.collect(),
        off: off.collect(),
        here: address.text().trim_start_matches("/findings").to_owned(),
        may_accept: context.actor.may(super::NOBODY, Action::AcceptFinding),
        error: ["reason", "until"].map(|field| field_error(problem.as_ref(), field)).concat(),
        narrowed: wanted != Wanted::default() || !query.q.is_empty(),
        count: format!(
            "{}–{} of {}",
            if page.items.is_empty() { 0 } else { from + 1 },
            from + page.items.len(),
            page.total
        ),
        back: (from > 0).then(|| {
            let before = from.saturating_sub(query.limit());
            address.with("cursor", &if before == 0 { String::new() } else { before.to_string() }).text()
        }),
        on: page.next_cursor.map(|cursor| address.with("cursor", &cursor).text()),
        csv: address.first().at("/api/findings").with("format", "csv").text(),
        wanted,
        query,
        problem: problem.clone(),
    };
    Ok(draw(problem.as_ref().map_or(StatusCode::OK, Problem::status), &page))
}

async fn accept_one(
    context: Context,
    RawQuery(raw): RawQuery,
    Query(wanted): Query<Wanted>,
    Query(query): Query<TableQuery>,
    fields: Fields,
) -> Response {
    let address = Address::new("/findings", raw.as_deref());
    let new = NewAcceptance {
        connector: fields.get("connector").to_owned(),
        finding: fields.get("finding").to_owned(),
        reason: fields.get("reason").to_owned(),
        until: fields.get("until").to_owned(),
    };
    match findings::accept(&context, new).await {
        Ok(_) => go(&address.text()),
        Err(problem) => {
            or_problem(&context, draw_page(&context, &address, wanted, query, Some(problem)).await)
        }
    }
}

async fn end(context: Context, RawQuery(raw): RawQuery, Path(acceptance): Path<String>) -> Response {
    let ended = findings::end(&context, &acceptance).await;
    or_problem(&context, ended.map(|()| go(&Address::new("/findings", raw.as_deref()).text())))
}
