//! Tables: search, filter, sort and page rows; the query is what stands in the URL. Also CSV.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Rows of a page when nobody says.
const PAGE: usize = 25;
/// Most rows of a page.
const MOST: usize = 200;

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Text(String),
    Number(usize),
    Flag(bool),
    List(Vec<String>),
    Nothing,
}

impl Cell {
    /// As text, for search, CSV and pages.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
            Self::List(items) => items.join(", "),
            Self::Nothing => String::new(),
        }
    }

    fn contains(&self, needle: &str) -> bool {
        match self {
            Self::Text(text) => text.to_lowercase().contains(needle),
            Self::List(items) => items.iter().any(|item| item.to_lowercase().contains(needle)),
            _ => false,
        }
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cell {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.to_lowercase().cmp(&b.to_lowercase()).then_with(|| a.cmp(b)),
            (Self::List(a), Self::List(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            (Self::Nothing, Self::Nothing) => Ordering::Equal,
            (Self::Nothing, _) => Ordering::Less,
            (_, Self::Nothing) => Ordering::Greater,
            (a, b) => a.text().cmp(&b.text()),
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Name in URL, CSV and API.
    pub(crate) name: &'static str,
    /// Heading.
    pub(crate) title: &'static str,
    /// Numbers stand right.
    pub(crate) number: bool,
}

/// A column.
pub(crate) const fn column(name: &'static str, title: &'static str) -> Column {
    Column { name, title, number: false }
}

/// A column of numbers.
pub(crate) const fn numbers(name: &'static str, title: &'static str) -> Column {
    Column { name, title, number: true }
}

/// Rows that can stand in a table.
pub(crate) trait Tabular {
    const COLUMNS: &'static [Column];
    fn cell(&self, column: &str) -> Cell;
}

/// What is asked of a table; in the URL of pages and API alike.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct TableQuery {
    /// Words that a row must contain, in any of its columns.
    pub q: String,
    /// Column to sort by; with `-` in front, downwards.
    pub sort: String,
    /// A column's name, for `is`.
    pub only: String,
    /// What that column must be.
    pub is: String,
    /// Where the page before ended.
    pub cursor: String,
    /// Rows of a page, 1 to 200; 25 when absent.
    pub limit: Option<usize>,
    /// Only what this connector read.
    pub connector: String,
    /// `csv`: the whole filtered table as CSV.
    pub format: String,
}

/// One page of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Rows of the filtered table.
    pub total: usize,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
}

/// Filters and sorts; positions of the rows that remain.
pub(crate) fn select<T: Tabular>(rows: &[T], query: &TableQuery) -> Vec<usize> {
    let words: Vec<String> = query.q.split_whitespace().map(str::to_lowercase).collect();
    let only = T::COLUMNS.iter().find(|column| column.name == query.only);
    let mut kept: Vec<usize> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| {
            words.iter().all(|word| T::COLUMNS.iter().any(|column| row.cell(column.name).contains(word)))
                && only.is_none_or(|column| is(&row.cell(column.name), &query.is))
        })
        .map(|(at, _)| at)
        .collect();
    let (name, down) = match query.sort.strip_prefix('-') {
        Some(name) => (name, true),
        None => (query.sort.as_str(), false),
    };
    if let Some(column) = T::COLUMNS.iter().find(|column| column.name == name) {
        let key = |at: &usize| rows.get(*at).map(|row| row.cell(column.name));
        kept.sort_by_cached_key(key);
        if down {
            kept.reverse();
        }
    }
    kept
}

fn is(cell: &Cell, wanted: &str) -> bool {
    match cell {
        Cell::List(items) => items.iter().any(|item| item == wanted),
        cell => cell.text() == wanted,
    }
}

/// Cuts one page out. A cursor is the position of its first row.
pub(crate) fn page<T: Tabular + Clone>(rows: &[T], query: &TableQuery) -> Page<T> {
    let kept = select(rows, query);
    let from: usize = query.cursor.parse().unwrap_or(0);
    let limit = query.limit.unwrap_or(PAGE).clamp(1, MOST);
    let end = from.saturating_add(limit);
    Page {
        items: kept.iter().skip(from).take(limit).filter_map(|at| rows.get(*at)).cloned().collect(),
        total: kept.len(),
        next_cursor: (end < kept.len()).then(|| end.to_string()),
    }
}

/// The filtered table as CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe.
pub(crate) fn csv<T: Tabular>(rows: &[T], query: &TableQuery) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let head = T::COLUMNS.iter().map(|column| column.name);
    // Writing into memory cannot fail.
    let _ = out.write_record(head);
    for row in select(rows, query).into_iter().filter_map(|at| rows.get(at)) {
        let _ = out.write_record(T::COLUMNS.iter().map(|column| inert(&row.cell(column.name))));
    }
    out.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn inert(cell: &Cell) -> String {
    let text = cell.text();
    if !matches!(cell, Cell::Number(_)) && text.starts_with(['=', '+', '-', '@', '\t']) {
        return format!("'{text}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Row(&'static str, usize);

    impl Tabular for Row {
        const COLUMNS: &'static [Column] = &[column("name", "Name"), numbers("n", "N")];
        fn cell(&self, column: &str) -> Cell {
            if column == "n" { Cell::Number(self.1) } else { Cell::Text(self.0.to_owned()) }
        }
    }

    const ROWS: [Row; 4] = [Row("Bea", 9), Row("ann", 10), Row("=cmd()", 1), Row("Carl Bean", 2)];

    fn query(text: &str) -> TableQuery {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn words_sorting_and_pages() {
        let found = page(&ROWS, &query(r#"{"q":"BEA","sort":"-n"}"#));
        assert_eq!(found.items, [Row("Bea", 9), Row("Carl Bean", 2)]);
        let first = page(&ROWS, &query(r#"{"sort":"n","limit":3}"#));
        assert_eq!(first.items, [Row("=cmd()", 1), Row("Carl Bean", 2), Row("Bea", 9)]);
        let second = page(&ROWS, &query(r#"{"sort":"n","limit":3,"cursor":"3"}"#));
        assert_eq!((second.items, second.next_cursor), (vec![Row("ann", 10)], None));
        assert_eq!(first.next_cursor.as_deref(), Some("3"));
    }

    #[test]
    fn a_formula_is_inert_in_csv() {
        assert_eq!(csv(&ROWS, &query(r#"{"only":"n","is":"1"}"#)), "name,n\n'=cmd(),1\n");
    }
}
