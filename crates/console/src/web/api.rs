//! The JSON API: thin handlers over the operations, with the document that describes them.

use axum::{
    Json,
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{
    operation::{Context, connectors::ConnectorView},
    problem::Problem,
    table::{self, Page, Tabular},
    web::routes::Routes,
};

mod about;
mod access;
mod apps;
mod connectors;
mod document;
mod explore;
mod findings;
mod messages;
mod orgs;
mod people;
mod plans;
mod provisioning;
mod retention;
mod second_person;
mod syncs;

pub(crate) use document::{begin as document, complete};

/// Enters all operations.
pub(crate) fn enter(routes: Routes) -> Routes {
    let routes = connectors::enter(routes);
    let routes = syncs::enter(routes);
    let routes = apps::enter(routes);
    let routes = orgs::enter(routes);
    let routes = access::enter(routes);
    let routes = explore::enter(routes);
    let routes = findings::enter(routes);
    let routes = provisioning::enter(routes);
    let routes = about::enter(routes);
    let routes = retention::enter(routes);
    let routes = second_person::enter(routes);
    let routes = plans::enter(routes);
    let routes = messages::enter(routes);
    people::enter(routes)
}

/// How a change is meant.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Mode {
    /// `1`: say what would happen, change nothing.
    dry_run: Option<String>,
}

/// Which connector.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "the document is made from it; handlers take the id out of the path")]
struct OneConnector {
    /// Connector
    id: String,
}

/// Words that are searched for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Words {
    /// Words to search for.
    pub(crate) q: String,
}

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// Where the page before ended.
    #[serde(deserialize_with = "table::cursor")]
    cursor: String,
    /// Rows of a page, 1 to 200; 25 when absent.
    limit: Option<usize>,
}

impl Paging {
    pub(crate) fn from(&self) -> usize {
        self.cursor.parse().unwrap_or(0)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(table::PAGE).clamp(1, table::MOST)
    }

    /// A page of a list that is at hand.
    pub(crate) fn cut<T>(&self, all: Vec<T>) -> Json<Page<T>> {
        let total = all.len();
        Json(Page::cut(all, total, self.from(), self.limit()))
    }
}

/// What was made; or, where it was only tried out, what would be.
pub(crate) fn made<T>(context: &Context, view: T) -> (StatusCode, Json<T>) {
    (if context.dry_run { StatusCode::OK } else { StatusCode::CREATED }, Json(view))
}

/// A connector: its state is its version, whatever else moves in it.
pub(crate) fn tagged(status: StatusCode, view: ConnectorView) -> Response {
    with_state(status, &view.version.to_string(), view)
}

/// An answer that shows something in this state, for its ETag.
pub(crate) fn with_state(status: StatusCode, state: &str, view: impl Serialize) -> Response {
    let mut response = (status, Json(view)).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{state}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// A list as CSV, read page by page while it is sent: `next` gives the rows after a cursor, and the next cursor.
pub(crate) fn csv_of<T, F, Next>(name: &str, columns: String, next: F) -> Response
where
    T: Tabular + Send + 'static,
    F: Fn(String) -> Next + Send + 'static,
    Next: Future<Output = Result<(Vec<T>, Option<String>), Problem>> + Send + 'static,
{
    let begin = Some((next, String::new(), true));
    let lines = futures_util::stream::unfold(begin, move |state| {
        let columns = columns.clone();
        async move {
            let (next, cursor, with_head) = state?;
            match next(cursor).await {
                Ok((rows, on)) => {
                    let lines = table::csv_lines(rows.iter(), &columns, with_head);
                    Some((Ok(lines), on.map(|cursor| (next, cursor, false))))
                }
                // The head is sent already: a broken answer is all that can tell.
                Err(problem) => Some((Err(std::io::Error::other(problem.title.into_string())), None)),
            }
        }
    });
    download("text/csv; charset=utf-8", &format!("{name}.csv"), Body::from_stream(lines.fuse()))
}

/// A file to save.
pub(crate) fn download(kind: &'static str, name: &str, body: impl Into<Body>) -> Response {
    let name: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
