//! Tables of who has access: accounts, people, groups, grants, roles.

use askama::Template;
use axum::{
    extract::Query,
    http::{Method, StatusCode},
    response::Response,
    routing::get,
};

use super::{or_problem, shell};
use crate::{
    lens::Lens,
    operation::{
        Context,
        access::{self, Freshness},
    },
    policy::{Access, Action},
    problem::Problem,
    table::{Cell, TableQuery, Tabular},
    web::{
        page::{Shell, draw},
        routes::Routes,
    },
};

pub(super) fn enter(routes: Routes) -> Routes {
    let see = Access::May(Action::SeeAccess);
    routes
        .page(Method::GET, "/accounts", see, get(accounts))
        .page(Method::GET, "/roles", see, get(roles))
        .page(Method::GET, "/people", see, get(people))
        .page(Method::GET, "/groups", see, get(groups))
        .page(Method::GET, "/grants", see, get(grants))
}

#[derive(Template)]
#[template(path = "table.html")]
struct TablePage {
    shell: Shell,
    path: &'static str,
    lead: &'static str,
    heads: Vec<HeadCell>,
    rows: Vec<Vec<BodyCell>>,
    total: usize,
    from: usize,
    to: usize,
    q: String,
    filter: String,
    clear: String,
    only: String,
    is: String,
    sort: String,
    csv: String,
    previous: Option<String>,
    next: Option<String>,
    fresh: Vec<Freshness>,
}

/// A heading that sorts.
struct HeadCell {
    title: &'static str,
    number: bool,
    href: String,
    /// `ascending`, `descending`, `none`.
    sorted: &'static str,
}

/// A cell with where it leads.
struct BodyCell {
    items: Vec<(String, String)>,
    number: bool,
    more: usize,
}

/// Items of a list that a cell shows.
const SHOWN: usize = 4;

/// What a kind of table is called and where its cells lead.
struct Kind {
    path: &'static str,
    title: &'static str,
    lead: &'static str,
    menu: &'static str,
    /// Where a cell leads: column, and what stands before its value in the URL.
    links: &'static [(&'static str, &'static str)],
    /// The column that leads to the proof: rows of who can assume what.
    why: &'static str,
}

async fn accounts(context: Context, Query(query): Query<TableQuery>) -> Response {
    const KIND: Kind = Kind {
        path: "/accounts",
        title: "AWS accounts",
        lead: "Accounts that the app leads to, their roles, and how many people can assume at least one.",
        menu: "/accounts",
        links: &[("account", "/roles?only=account&is="), ("people", "/grants?only=account&is=")],
        why: "",
    };
    table(&context, &KIND, query, |lens| &lens.accounts).await
}

async fn roles(context: Context, Query(query): Query<TableQuery>) -> Response {
    const KIND: Kind = Kind {
        path: "/roles",
        title: "Roles",
        lead: "Roles, how many people can assume each, and the groups that confer it.",
        menu: "/accounts",
        links: &[
            ("account", "/roles?only=account&is="),
            ("role", "/grants?only=role&is="),
            ("groups", "/groups?only=name&is="),
        ],
        why: "",
    };
    table(&context, &KIND, query, |lens| &lens.roles).await
}

async fn people(context: Context, Query(query): Query<TableQuery>) -> Response {
    const KIND: Kind = Kind {
        path: "/people",
        title: "People",
        lead: "People who are assigned to the app, are members of its groups, or hold Okta admin roles.",
        menu: "/people",
        links: &[
            ("login", "/explorer?ask=what&person="),
            ("status", "/people?only=status&is="),
            ("assigned", "/people?only=assigned&is="),
        ],
        why: "",
    };
    table(&context, &KIND, query, |lens| &lens.people).await
}

async fn groups(context: Context, Query(query): Query<TableQuery>) -> Response {
    const KIND: Kind = Kind {
        path: "/groups",
        title: "Groups",
        lead: "Groups that are assigned to the app or whose name its filter finds, and the roles they confer.",
        menu: "/groups",
        links: &[("name", "/grants?only=groups&is="), ("kind", "/groups?only=kind&is=")],
        why: "",
    };
    table(&context, &KIND, query, |lens| &lens.groups).await
}

async fn grants(context: Context, Query(query): Query<TableQuery>) -> Response {
    const KIND: Kind = Kind {
        path: "/grants",
        title: "Access",
        lead: "Who can assume which role now, as far as Okta decides, and through what.",
        menu: "/grants",
        links: &[
            ("account", "/grants?only=account&is="),
            ("role", "/grants?only=role&is="),
            ("login", "/grants?only=login&is="),
            ("groups", "/groups?only=name&is="),
        ],
        why: "source",
    };
    table(&context, &KIND, query, |lens| &lens.grants).await
}

async fn table<T: Tabular + Clone>(
    context: &Context,
    kind: &Kind,
    query: TableQuery,
    rows: fn(&Lens) -> &Vec<T>,
) -> Response {
    let drawn = draw_table(context, kind, query, rows).await;
    or_problem(context, drawn)
}

/// The address of the same table with one thing changed.
fn address(path: &str, query: &TableQuery) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    let pairs = [
        ("q", &query.q),
        ("sort", &query.sort),
        ("only", &query.only),
        ("is", &query.is),
        ("cursor", &query.cursor),
        ("connector", &query.connector),
        ("format", &query.format),
    ];
    for (name, value) in pairs {
        if !value.is_empty() {
            out.append_pair(name, value);
        }
    }
    if let Some(limit) = query.limit {
        out.append_pair("limit", &limit.to_string());
    }
    let tail = out.finish();
    if tail.is_empty() { path.to_owned() } else { format!("{path}?{tail}") }
}

async fn draw_table<T: Tabular + Clone>(
    context: &Context,
    kind: &Kind,
    query: TableQuery,
    rows: fn(&Lens) -> &Vec<T>,
) -> Result<Response, Problem> {
    let (page, fresh) = access::page(context, &query, rows).await?;
    let first = TableQuery { cursor: String::new(), ..query.clone() };
    let heads = T::COLUMNS
        .iter()
        .map(|column| {
            let down = format!("-{}", column.name);
            let sorted = match query.sort.as_str() {
                sort if sort == column.name => "ascending",
                sort if sort == down => "descending",
                _ => "none",
            };
            let sort = if sorted == "ascending" { down } else { column.name.to_owned() };
            HeadCell {
                title: column.title,
                number: column.number,
                href: address(kind.path, &TableQuery { sort, ..first.clone() }),
                sorted,
            }
        })
        .collect();
    let body = page
        .items
        .iter()
        .map(|row| T::COLUMNS.iter().map(|column| body_cell(kind, row, column.name, column.number)).collect())
        .collect();
    let from: usize = query.cursor.parse().unwrap_or(0);
    let limit = query.limit.unwrap_or(25);
    let previous = (from > 0).then(|| {
        let cursor = from.saturating_sub(limit);
        let cursor = if cursor == 0 { String::new() } else { cursor.to_string() };
        address(kind.path, &TableQuery { cursor, ..query.clone() })
    });
    let next = page.next_cursor.map(|cursor| address(kind.path, &TableQuery { cursor, ..query.clone() }));
    let csv =
        address(&format!("/api{}", kind.path), &TableQuery { format: "csv".to_owned(), ..first.clone() });
    let title = T::COLUMNS.iter().find(|column| column.name == query.only).map(|column| column.title);
    let page = TablePage {
        shell: shell(context, kind.title, kind.menu).await?,
        path: kind.path,
        lead: kind.lead,
        heads,
        rows: body,
        total: page.total,
        from: if page.total == 0 { 0 } else { from + 1 },
        to: from + page.items.len(),
        filter: title.map(|title| format!("{title}: {}", query.is)).unwrap_or_default(),
        clear: address(kind.path, &TableQuery { only: String::new(), is: String::new(), ..first }),
        q: query.q,
        only: query.only,
        is: query.is,
        sort: query.sort,
        csv,
        previous,
        next,
        fresh,
    };
    Ok(draw(StatusCode::OK, &page))
}

/// Where a row of who can assume what is proved.
fn proof<T: Tabular>(row: &T) -> String {
    let text = |column: &str| row.cell(column).text();
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    out.append_pair("ask", "why");
    out.append_pair("person", &text("login"));
    out.append_pair("role", &format!("{}/{}", text("account"), text("role")));
    format!("/explorer?{}", out.finish())
}

fn body_cell<T: Tabular>(kind: &Kind, row: &T, column: &str, number: bool) -> BodyCell {
    let prefix = kind.links.iter().find(|(name, _)| *name == column).map(|(_, prefix)| *prefix);
    // A number leads to the rows that it counts: by the row's first column.
    let key = if number { T::COLUMNS.first().map_or("", |first| first.name) } else { column };
    let link = |text: &str| {
        if column == kind.why {
            return proof(row);
        }
        prefix.map_or_else(String::new, |prefix| {
            let value = if number { row.cell(key).text() } else { text.to_owned() };
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            format!("{prefix}{value}")
        })
    };
    let cell = row.cell(column);
    let all = match &cell {
        Cell::List(items) => items.clone(),
        Cell::Nothing => Vec::new(),
        Cell::Text(text) if text.is_empty() => Vec::new(),
        cell => vec![cell.text()],
    };
    let more = all.len().saturating_sub(SHOWN);
    let items = all
        .into_iter()
        .take(SHOWN)
        .map(|text| (link(&text), text))
        .map(|(href, text)| (text, href))
        .collect();
    BodyCell { items, number, more }
}
