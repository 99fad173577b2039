//! A table as a page draws it: headings that sort, cells that lead on, columns that can be chosen, pages, CSV.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use crate::{
    operation::Context,
    table::{Cell, Column, Tabular, shown},
    web::{
        gate,
        page::{When, go, href},
        pages::deed::Deed,
    },
};

/// Items of a list that a cell shows.
const SHOWN: usize = 4;
/// The cookie that remembers the columns of one table; its path is the table's.
const COOKIE: &str = "columns";

/// The address of a page, with everything that is asked of it.
#[derive(Debug, Clone)]
pub(in crate::web::pages) struct Address {
    path: String,
    pairs: Vec<(String, String)>,
}

impl Address {
    pub(in crate::web::pages) fn new(path: &str, raw: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned();
        Self { path: path.to_owned(), pairs: pairs.filter(|(_, value)| !value.is_empty()).collect() }
    }

    /// The same with another value for one name; an empty one takes the name out.
    pub(in crate::web::pages) fn with(&self, name: &str, value: &str) -> Self {
        let mut pairs: Vec<_> = self.pairs.iter().filter(|(known, _)| known != name).cloned().collect();
        if !value.is_empty() {
            pairs.push((name.to_owned(), value.to_owned()));
        }
        Self { path: self.path.clone(), pairs }
    }

    /// The first page of it.
    pub(in crate::web::pages) fn first(&self) -> Self {
        self.with("cursor", "")
    }

    /// The same asked of another path.
    pub(in crate::web::pages) fn at(&self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self.clone() }
    }

    pub(in crate::web::pages) fn text(&self) -> String {
        let pairs: Vec<(&str, &str)> = self.pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        href(&self.path, &pairs)
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    fn get(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }
}

/// A table that can be drawn; `table_view.html` does.
pub(in crate::web::pages) struct TableView {
    pub(in crate::web::pages) path: String,
    pub(in crate::web::pages) heads: Vec<Head>,
    pub(in crate::web::pages) rows: Vec<BodyRow>,
    /// How many there are, in words.
    pub(in crate::web::pages) count: String,
    /// What a form about the columns carries along.
    pub(in crate::web::pages) carried: Vec<(String, String)>,
    pub(in crate::web::pages) columns: Vec<(&'static Column, bool)>,
    pub(in crate::web::pages) csv: String,
    pub(in crate::web::pages) back: Option<(&'static str, String)>,
    pub(in crate::web::pages) on: Option<(&'static str, String)>,
}

/// A heading; it sorts where it has an address.
pub(in crate::web::pages) struct Head {
    pub(in crate::web::pages) title: &'static str,
    pub(in crate::web::pages) number: bool,
    pub(in crate::web::pages) href: String,
    /// `ascending`, `descending`, `none`.
    pub(in crate::web::pages) sorted: &'static str,
}

impl Head {
    pub(in crate::web::pages) fn plain(title: &'static str) -> Self {
        Self { title, number: false, href: String::new(), sorted: "none" }
    }
}

/// A row, and what can be done from it.
pub(in crate::web::pages) struct BodyRow {
    pub(in crate::web::pages) cells: Vec<BodyCell>,
    pub(in crate::web::pages) deeds: Vec<Deed>,
}

/// A cell with where it leads.
pub(in crate::web::pages) struct BodyCell {
    pub(in crate::web::pages) items: Vec<(String, String)>,
    /// A time, in place of the text of its one item.
    pub(in crate::web::pages) when: Option<When>,
    pub(in crate::web::pages) number: bool,
    pub(in crate::web::pages) more: usize,
    /// How it is drawn, beyond the usual.
    pub(in crate::web::pages) class: String,
}

impl BodyCell {
    pub(in crate::web::pages) fn link(text: &str, href: String) -> Self {
        Self {
            items: vec![(text.to_owned(), href)],
            when: None,
            number: false,
            more: 0,
            class: String::new(),
        }
    }
}

/// One of several to choose from.
pub(in crate::web::pages) struct Choice {
    pub(in crate::web::pages) value: String,
    pub(in crate::web::pages) text: String,
    pub(in crate::web::pages) chosen: bool,
}

impl Choice {
    pub(in crate::web::pages) fn new(value: &str, text: &str, chosen: &str) -> Self {
        Self { value: value.to_owned(), text: text.to_owned(), chosen: value == chosen }
    }
}

impl TableView {
    /// The frame of a table, without its rows. `columns` are those that are shown; all rows sort by each of `sorts`.
    pub(in crate::web::pages) fn new<T: Tabular>(
        address: &Address,
        columns: &str,
        sorts: impl Fn(&Column) -> bool,
    ) -> Self {
        let first = address.first();
        let shown = shown::<T>(columns);
        let head = |column: &&Column| {
            if sorts(column) {
                head(&first, column)
            } else {
                Head { number: column.number, ..Head::plain(column.title) }
            }
        };
        let api = first.at(&format!("/api{}", address.path)).with("columns", columns).with("limit", "");
        Self {
            path: address.path.clone(),
            heads: shown.iter().map(head).collect(),
            rows: Vec::new(),
            count: String::new(),
            carried: first.with("columns", "").pairs,
            columns: T::COLUMNS
                .iter()
                .map(|column| (column, shown.iter().any(|chosen| chosen.name == column.name)))
                .collect(),
            csv: api.with("format", "csv").text(),
            back: None,
            on: None,
        }
    }
}

impl TableView {
    pub(in crate::web::pages) fn has_deeds(&self) -> bool {
        self.rows.iter().any(|row| !row.deeds.is_empty())
    }
}

fn head(first: &Address, column: &Column) -> Head {
    let down = format!("-{}", column.name);
    let sorted = match first.get("sort") {
        sort if sort == column.name => "ascending",
        sort if sort == down => "descending",
        _ => "none",
    };
    let sort = if sorted == "ascending" { &down } else { column.name };
    Head { title: column.title, number: column.number, href: first.with("sort", sort).text(), sorted }
}

/// The cells of a row; `leads` says where a column's item leads.
pub(in crate::web::pages) fn row<T: Tabular>(
    columns: &str,
    row: &T,
    leads: impl Fn(&str, &str) -> String,
) -> BodyRow {
    let cell = |column: &&Column| {
        let cell = row.cell(column.name);
        let all = match &cell {
            Cell::List(items) => items.to_vec(),
            cell => vec![cell.words().into_owned()].into_iter().filter(|text| !text.is_empty()).collect(),
        };
        let more = all.len().saturating_sub(SHOWN);
        let items = all.into_iter().take(SHOWN).map(|text| {
            let href = leads(column.name, &text);
            (text, href)
        });
        BodyCell { items: items.collect(), when: None, number: column.number, more, class: String::new() }
    };
    BodyRow { cells: shown::<T>(columns).iter().map(cell).collect(), deeds: Vec::new() }
}

/// Which columns a page shows: those that stand in the address, else those that are remembered. A form sends each that
/// somebody chose as `column`: they are remembered, and the answer leads to the address in which they stand. This works
/// without script.
pub(in crate::web::pages) fn columns<T: Tabular>(
    context: &Context,
    address: &Address,
    headers: &HeaderMap,
) -> Result<String, Box<Response>> {
    let wanted = address.all("column");
    if wanted.is_empty() {
        let stands = address.get("columns").to_owned();
        return Ok(if stands.is_empty() { remembered(headers) } else { stands });
    }
    let names =
        |columns: Vec<&Column>| columns.iter().map(|column| column.name).collect::<Vec<_>>().join(",");
    let (chosen, usual) = (names(shown::<T>(&wanted.join(","))), names(shown::<T>("")));
    let kept = if chosen == usual { String::new() } else { chosen };
    let mut response = go(&address.with("column", "").with("columns", &kept).text());
    if let Ok(cookie) = HeaderValue::from_str(&cookie(context, &address.path, &kept)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Err(Box::new(response))
}

/// Sets what is remembered; nothing forgets it.
fn cookie(context: &Context, path: &str, columns: &str) -> String {
    const YEAR: u32 = 365 * 24 * 60 * 60;
    let age = if columns.is_empty() { 0 } else { YEAR };
    let secure = if context.console.config.secure() { "; Secure" } else { "" };
    let value = columns.replace(',', ".");
    format!("{COOKIE}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
}

fn remembered(headers: &HeaderMap) -> String {
    gate::cookie_of(headers, COOKIE).map(|value| value.replace('.', ",")).unwrap_or_default()
}
