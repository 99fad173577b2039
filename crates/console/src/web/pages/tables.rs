//! Tables of who has access: accounts, people, groups, grants, roles.

use askama::Template;
use axum::{
    extract::{Query, RawQuery},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
    routing::get,
};

use self::{
    kinds::Shown,
    view::{Address, Choice, TableView},
};
use super::{deed::reasons, or_problem, shell};
use crate::{
    lens::{AccountRow, GrantRow, GroupRow, PersonRow, RoleRow},
    operation::{
        Context,
        access::{self, Freshness},
        plans::offers::Doors,
    },
    policy::{Access, Action},
    problem::Problem,
    table::TableQuery,
    web::{
        page::{Shell, draw},
        routes::Routes,
    },
};

mod kinds;
pub(super) mod view;

pub(super) fn enter(routes: Routes) -> Routes {
    let routes = table::<AccountRow>(routes);
    let routes = table::<RoleRow>(routes);
    let routes = table::<PersonRow>(routes);
    let routes = table::<GroupRow>(routes);
    table::<GrantRow>(routes)
}

fn table<T: Shown>(routes: Routes) -> Routes {
    routes.page(Method::GET, T::PATH, Access::May(Action::SeeAccess), get(read::<T>))
}

#[derive(Template)]
#[template(path = "table.html")]
struct TablePage {
    shell: Shell,
    lead: &'static str,
    view: TableView,
    query: TableQuery,
    connectors: Vec<Choice>,
    /// What the table is narrowed to, in words, and where it is not.
    narrowed: Option<(String, String)>,
    fresh: Vec<Freshness>,
    /// Why nobody has anything, where the table is empty.
    nothing: Vec<String>,
    shut: Vec<String>,
}

async fn read<T: Shown>(
    context: Context,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
    Query(query): Query<TableQuery>,
) -> Response {
    let address = Address::new(T::PATH, raw.as_deref());
    match view::columns::<T>(&context, &address, &headers) {
        Err(response) => *response,
        Ok(columns) => {
            let query = TableQuery { columns, ..query };
            or_problem(&context, draw_table::<T>(&context, &address, query).await)
        }
    }
}

async fn draw_table<T: Shown>(
    context: &Context,
    address: &Address,
    query: TableQuery,
) -> Result<Response, Problem> {
    let (page, fresh) = access::page::<T>(context, &query).await?;
    let doors = Doors::load(context).await?;
    let several = fresh.len() > 1;
    let mut view = TableView::new::<T>(address, &query.columns, |_| true);
    if several {
        view.heads.push(view::Head::plain("Connector"));
    }
    for read in &page.items {
        let mut row = view::row(&query.columns, &read.row, |column, item| read.row.leads(column, item));
        if several {
            let name = fresh.iter().find(|source| source.connector == read.connector);
            let only = address.first().with("connector", &read.connector).text();
            row.cells.push(view::BodyCell::link(name.map_or("", |source| &source.name), only));
        }
        row.deeds = read.row.deeds(&doors, &read.connector);
        view.rows.push(row);
    }
    let shut = reasons(view.rows.iter().flat_map(|row| &row.deeds));
    let from = query.from();
    let shown = if page.items.is_empty() { 0 } else { from + 1 };
    view.count = format!("{shown}–{} of {}", from + page.items.len(), page.total);
    view.back = (from > 0).then(|| {
        let before = from.saturating_sub(query.limit());
        let before = if before == 0 { String::new() } else { before.to_string() };
        ("‹ Previous", address.with("cursor", &before).text())
    });
    view.on = page.next_cursor.map(|cursor| ("Next ›", address.with("cursor", &cursor).text()));
    let connectors = if several || !query.connector.is_empty() {
        let all = access::within_reach(context, "").await?;
        all.iter().map(|hosted| Choice::new(&hosted.row.id, &hosted.row.name, &query.connector)).collect()
    } else {
        Vec::new()
    };
    let column = T::COLUMNS.iter().find(|column| column.name == query.only);
    let empty = page.total == 0 && query.q.is_empty() && query.only.is_empty();
    let page = TablePage {
        shell: shell(context, T::TITLE, T::MENU).await?,
        lead: T::LEAD,
        narrowed: column.map(|column| {
            let wide = address.first().with("only", "").with("is", "").text();
            (format!("{}: {}", column.title, query.is), wide)
        }),
        nothing: if empty && T::PATH == AccountRow::PATH {
            access::why_none(context).await?
        } else {
            Vec::new()
        },
        view,
        query,
        connectors,
        fresh,
        shut,
    };
    Ok(draw(StatusCode::OK, &page))
}
