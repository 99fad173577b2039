//! What was done, by whom: the audit record.

use askama::Template;
use axum::{
    extract::{Query, RawQuery},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
    routing::get,
};

use super::{
    or_problem, shell,
    tables::view::{self, Address, TableView},
};
use crate::{
    operation::{
        Context,
        records::{self, AuditEvent, Wanted},
    },
    policy::{Access, Action},
    problem::Problem,
    web::{
        page::{Shell, When, draw},
        routes::Routes,
    },
};

/// Rows of a page when nobody says.
const ROWS: u64 = 50;

pub(super) fn enter(routes: Routes) -> Routes {
    routes.page(Method::GET, "/activity", Access::May(Action::SeeAudit), get(activity))
}

#[derive(Template)]
#[template(path = "activity.html")]
struct ActivityPage {
    shell: Shell,
    view: TableView,
    wanted: Wanted,
    notice: Option<String>,
    problem: Option<Problem>,
}

async fn activity(
    context: Context,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
    Query(wanted): Query<Wanted>,
) -> Response {
    let address = Address::new("/activity", raw.as_deref());
    match view::columns::<AuditEvent>(&context, &address, &headers) {
        Err(response) => *response,
        Ok(columns) => {
            let wanted = Wanted { columns, limit: wanted.limit.or(Some(ROWS)), ..wanted };
            or_problem(&context, draw_activity(&context, &address, wanted).await)
        }
    }
}

async fn draw_activity(context: &Context, address: &Address, wanted: Wanted) -> Result<Response, Problem> {
    let now = context.console.now();
    let (events, next, notice, problem) = match records::page(context, &wanted).await {
        Ok(page) => (page.items, page.next_cursor, page.notice, None),
        // A day that is none: the form stays, with what is wrong.
        Err(problem) if problem.status().is_client_error() => (Vec::new(), None, None, Some(problem)),
        Err(problem) => return Err(problem),
    };
    let mut view = TableView::new::<AuditEvent>(address, &wanted.columns, |column| column.name == "seq");
    view.csv = address.first().at("/api/audit").with("columns", &wanted.columns).with("format", "csv").text();
    for event in &events {
        let leads = |column: &str, item: &str| match column {
            "actor" | "action" | "object" => address.first().with(column, item).text(),
            _ => String::new(),
        };
        let mut row = view::row(&wanted.columns, event, leads);
        for (cell, head) in row.cells.iter_mut().zip(&view.heads) {
            if head.title == "When" {
                cell.when = Some(When::new(event.at, now));
            }
        }
        view.rows.push(row);
    }
    view.back = (!wanted.cursor.is_empty()).then(|| ("‹ To the begin", address.first().text()));
    view.on = next.map(|cursor| ("On ›", address.with("cursor", &cursor).text()));
    let status = problem.as_ref().map_or(StatusCode::OK, Problem::status);
    let page =
        ActivityPage { shell: shell(context, "Activity", "/activity").await?, view, wanted, notice, problem };
    Ok(draw(status, &page))
}
