//! Tables: search, filter, sort and page rows; the query is what stands in the URL. Also CSV.
//!
//! A table may have a hundred thousand rows and is asked for often, so cells are borrowed, and only as much is sorted
//! as a page shows.

use std::{borrow::Cow, cmp::Ordering};

use serde::{Deserialize, Deserializer, Serialize, de::Error};
use utoipa::{IntoParams, ToSchema};

use crate::{problem::Problem, run::clean};

/// Rows of a page when nobody says.
pub(crate) const PAGE: usize = 25;
/// Most rows of a page.
pub(crate) const MOST: usize = 200;

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Text(Cow<'a, str>),
    Number(usize),
    Flag(bool),
    List(&'a [String]),
    Nothing,
}

impl<'a> Cell<'a> {
    pub(crate) fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// In words, for CSV and pages.
    pub(crate) fn words(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Flag(true) => Cow::Borrowed("yes"),
            Self::Flag(false) => Cow::Borrowed("no"),
            Self::List(items) => Cow::Owned(items.join(", ")),
            Self::Nothing => Cow::Borrowed(""),
        }
    }

    fn contains(&self, needle: &str) -> bool {
        match self {
            Self::Text(text) => has(text, needle),
            Self::List(items) => items.iter().any(|item| has(item, needle)),
            _ => false,
        }
    }

    fn is(&self, wanted: &str) -> bool {
        match self {
            Self::List(items) => items.iter().any(|item| item == wanted),
            cell => cell.words() == wanted,
        }
    }

    /// What rows are sorted by: the case of letters does not count.
    fn key(self) -> Self {
        match self {
            Self::Text(text) if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) => {
                Self::Text(text)
            }
            Self::Text(text) => Self::Text(Cow::Owned(text.to_lowercase())),
            cell => cell,
        }
    }
}

/// Whether a text has a word, which is in lower case, whatever the case of its letters.
fn has(text: &str, word: &str) -> bool {
    if text.is_ascii() && word.is_ascii() {
        let word = word.as_bytes();
        return text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    }
    text.to_lowercase().contains(word)
}

impl PartialOrd for Cell<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cell<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            (Self::Nothing, Self::Nothing) => Ordering::Equal,
            (Self::Nothing, _) => Ordering::Less,
            (_, Self::Nothing) => Ordering::Greater,
            (a, b) => a.words().cmp(&b.words()),
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
    /// A page shows it only when somebody chose it.
    pub(crate) spare: bool,
}

/// A column.
pub(crate) const fn column(name: &'static str, title: &'static str) -> Column {
    Column { name, title, number: false, spare: false }
}

/// A column of numbers.
pub(crate) const fn numbers(name: &'static str, title: &'static str) -> Column {
    Column { name, title, number: true, spare: false }
}

/// A column that a page shows only when somebody chose it.
pub(crate) const fn spare(name: &'static str, title: &'static str) -> Column {
    Column { name, title, number: false, spare: true }
}

/// Rows that can stand in a table.
pub(crate) trait Tabular {
    const COLUMNS: &'static [Column];
    fn cell(&self, column: &str) -> Cell<'_>;
}

/// The columns that are named, with commas between.
fn named<T: Tabular>(names: &str) -> Vec<&'static Column> {
    let wanted: Vec<&str> = names.split(',').collect();
    T::COLUMNS.iter().filter(|column| wanted.contains(&column.name)).collect()
}

/// The columns of a page: those that are named, else all but the spare ones.
pub(crate) fn shown<T: Tabular>(names: &str) -> Vec<&'static Column> {
    let named = named::<T>(names);
    if named.is_empty() { T::COLUMNS.iter().filter(|column| !column.spare).collect() } else { named }
}

/// Reads a cursor. What is none is refused: taken for the first page, it would let a program read that for ever.
pub(crate) fn cursor<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() || text.parse::<u64>().is_ok() {
        return Ok(text);
    }
    Err(D::Error::custom("cursor: send the next_cursor of the page before, or leave it out"))
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
    #[serde(deserialize_with = "cursor")]
    pub cursor: String,
    /// Rows of a page, 1 to 200; 25 when absent.
    pub limit: Option<usize>,
    /// Only what this connector read.
    pub connector: String,
    /// Columns of the CSV, with commas between; all when absent.
    pub columns: String,
    /// `csv`: the whole filtered table as CSV.
    pub format: String,
}

impl TableQuery {
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE).clamp(1, MOST)
    }

    pub(crate) fn from(&self) -> usize {
        self.cursor.parse().unwrap_or(0)
    }

    /// Refuses columns that the table does not have: all rows are no answer to a question about some.
    pub(crate) fn check<T: Tabular>(&self) -> Result<(), Problem> {
        let sort = self.sort.strip_prefix('-').unwrap_or(&self.sort);
        for (field, name) in [("sort", sort), ("only", self.only.as_str())] {
            if !name.is_empty() && !T::COLUMNS.iter().any(|column| column.name == name) {
                let names: Vec<&str> = T::COLUMNS.iter().map(|column| column.name).collect();
                let text = format!("there is no column {}: choose one of {}", clean(name), names.join(", "));
                return Err(Problem::field(field, text));
            }
        }
        if self.q.split_whitespace().nth(MOST_WORDS).is_some() {
            return Err(Problem::field("q", format!("a search takes at most {MOST_WORDS} words")));
        }
        Ok(())
    }

    /// Whether everything is asked for, in the order in which it is.
    fn is_plain(&self) -> bool {
        self.q.trim().is_empty() && self.only.is_empty()
    }
}

/// Words of one search: every row is read once for each.
const MOST_WORDS: usize = 10;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Rows of the whole filtered list.
    pub total: usize,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a page out of a list that is at hand. A cursor is the position of its first row.
    pub(crate) fn cut(all: impl IntoIterator<Item = T>, total: usize, from: usize, limit: usize) -> Self {
        let end = from.saturating_add(limit);
        Self {
            items: all.into_iter().skip(from).take(limit).collect(),
            total,
            next_cursor: (end < total).then(|| end.to_string()),
        }
    }
}

/// A row and the connector that read it.
pub(crate) type Of<'a, T> = (&'a str, &'a T);

/// The rows that fit, in the order in which they came.
fn fitting<'a, T: Tabular>(rows: impl Iterator<Item = Of<'a, T>>, query: &TableQuery) -> Vec<Of<'a, T>> {
    let words: Vec<String> = query.q.split_whitespace().map(str::to_lowercase).collect();
    let only = T::COLUMNS.iter().find(|column| column.name == query.only);
    let anywhere = |row: &T, word: &str| T::COLUMNS.iter().any(|column| row.cell(column.name).contains(word));
    rows.filter(|(_, row)| only.is_none_or(|column| row.cell(column.name).is(&query.is)))
        .filter(|(_, row)| words.iter().all(|word| anywhere(row, word)))
        .collect()
}

/// Puts the rows from one position to another where they belong; what stands outside stays in no order.
fn sort<'a, T: Tabular>(rows: Vec<Of<'a, T>>, by: &str, from: usize, to: usize) -> Vec<Of<'a, T>> {
    let (name, down) = by.strip_prefix('-').map_or((by, false), |name| (name, true));
    let Some(column) = T::COLUMNS.iter().find(|column| column.name == name) else { return rows };
    let mut keyed: Vec<(Cell<'a>, usize, Of<'a, T>)> =
        rows.into_iter().enumerate().map(|(at, row)| (row.1.cell(column.name).key(), at, row)).collect();
    type Keyed<'k, T> = (Cell<'k>, usize, Of<'k, T>);
    let order = |a: &Keyed<'a, T>, b: &Keyed<'a, T>| {
        let by_key = if down { b.0.cmp(&a.0) } else { a.0.cmp(&b.0) };
        by_key.then(a.1.cmp(&b.1))
    };
    let to = to.min(keyed.len());
    if to < keyed.len() {
        keyed.select_nth_unstable_by(to, order);
    }
    if let Some(before) = keyed.get_mut(..to) {
        if 0 < from && from < to {
            before.select_nth_unstable_by(from, order);
        }
        if let Some(shown) = before.get_mut(from..) {
            shown.sort_unstable_by(order);
        }
    }
    keyed.into_iter().map(|(_, _, row)| row).collect()
}

/// Cuts one page out of rows that are counted.
pub(crate) fn page<'a, T: Tabular + Clone>(
    rows: impl Iterator<Item = Of<'a, T>>,
    count: usize,
    query: &TableQuery,
) -> Page<Of<'a, T>> {
    let (from, limit) = (query.from(), query.limit());
    if query.is_plain() && query.sort.is_empty() {
        return Page::cut(rows, count, from, limit);
    }
    let kept = fitting(rows, query);
    let total = kept.len();
    Page::cut(sort(kept, &query.sort, from, from.saturating_add(limit)), total, from, limit)
}

/// The filtered table as CSV.
pub(crate) fn csv<'a, T: Tabular + 'a>(rows: impl Iterator<Item = Of<'a, T>>, query: &TableQuery) -> String {
    let rows = sort(fitting(rows, query), &query.sort, 0, usize::MAX);
    csv_lines(rows.into_iter().map(|(_, row)| row), &query.columns, true)
}

/// Rows as lines of CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe.
pub(crate) fn csv_lines<'a, T: Tabular + 'a>(
    rows: impl Iterator<Item = &'a T>,
    columns: &str,
    with_head: bool,
) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let columns = match named::<T>(columns) {
        none if none.is_empty() => T::COLUMNS.iter().collect(),
        named => named,
    };
    // Writing into memory cannot fail.
    if with_head {
        let _ = out.write_record(columns.iter().map(|column| column.name));
    }
    for row in rows {
        let _ = out.write_record(columns.iter().map(|column| inert(&row.cell(column.name)).into_owned()));
    }
    out.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn inert<'c>(cell: &'c Cell<'_>) -> Cow<'c, str> {
    let text = cell.words();
    if matches!(cell, Cell::Number(_)) { text } else { rolebook_insight::export::inert_cell(text) }
}

/// Rows that nobody needs to know the connector of.
pub(crate) fn plain<T>(rows: &[T]) -> impl Iterator<Item = Of<'_, T>> {
    rows.iter().map(|row| ("", row))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Row(&'static str, usize);

    impl Tabular for Row {
        const COLUMNS: &'static [Column] = &[column("name", "Name"), numbers("n", "N")];
        fn cell(&self, column: &str) -> Cell<'_> {
            if column == "n" { Cell::Number(self.1) } else { Cell::text(self.0) }
        }
    }

    const ROWS: [Row; 4] = [Row("Bea", 9), Row("ann", 10), Row("=cmd()", 1), Row("Carl Bean", 2)];

    fn ask(text: &str) -> (Vec<Row>, usize, Option<String>) {
        let query: TableQuery = serde_json::from_str(text).unwrap();
        let page = page(plain(&ROWS), ROWS.len(), &query);
        (page.items.into_iter().map(|(_, row)| row.clone()).collect(), page.total, page.next_cursor)
    }

    #[test]
    fn words_sorting_and_pages() {
        assert_eq!(ask(r#"{"q":"BEA","sort":"-n"}"#), (vec![Row("Bea", 9), Row("Carl Bean", 2)], 2, None));
        let first = vec![Row("=cmd()", 1), Row("Carl Bean", 2), Row("Bea", 9)];
        assert_eq!(ask(r#"{"sort":"n","limit":3}"#), (first, 4, Some("3".to_owned())));
        assert_eq!(ask(r#"{"sort":"n","limit":3,"cursor":"3"}"#), (vec![Row("ann", 10)], 4, None));
        assert_eq!(ask(r#"{"limit":2,"cursor":"2"}"#).0, [Row("=cmd()", 1), Row("Carl Bean", 2)]);
        assert_eq!(ask(r#"{"cursor":"99"}"#), (vec![], 4, None));
    }

    #[test]
    fn a_formula_is_inert_in_csv_and_columns_can_be_chosen() {
        let csv = |text: &str| csv(plain(&ROWS), &serde_json::from_str(text).unwrap());
        assert_eq!(csv(r#"{"only":"n","is":"1"}"#), "name,n\n'=cmd(),1\n");
        assert_eq!(csv(r#"{"only":"n","is":"9","columns":"n,none"}"#), "n\n9\n");
        assert_eq!(csv(r#"{"only":"n","is":"9","columns":"none"}"#), "name,n\nBea,9\n");
        for begin in ["=", "+", "-", "@", "\t", "\r", "\n"] {
            assert!(inert(&Cell::text(&format!("{begin}1"))).starts_with('\''), "{begin:?}");
        }
    }

    #[test]
    fn a_search_takes_ten_words() {
        let query = |words| TableQuery { q: "a ".repeat(words), ..TableQuery::default() };
        assert!(query(10).check::<Row>().is_ok());
        for words in [11, 8_000] {
            assert!(query(words).check::<Row>().is_err(), "{words}");
        }
    }

    proptest! {
        /// A page that is cut out while sorting is the page of the whole sorted table.
        #[test]
        fn a_page_is_a_cut_of_the_sorted_table(
            numbers in prop::collection::vec(0usize..20, 0..60), from in 0usize..70, limit in 1usize..30, down: bool,
        ) {
            let rows: Vec<Row> = numbers.iter().map(|n| Row("x", *n)).collect();
            let sort = if down { "-n" } else { "n" }.to_owned();
            let query = TableQuery { sort, cursor: from.to_string(), limit: Some(limit), ..TableQuery::default() };
            let mut whole: Vec<usize> = numbers;
            whole.sort_unstable();
            if down {
                whole.reverse();
            }
            let expected: Vec<usize> = whole.into_iter().skip(from).take(limit).collect();
            let found = page(plain(&rows), rows.len(), &query);
            prop_assert_eq!(found.items.iter().map(|(_, row)| row.1).collect::<Vec<_>>(), expected);
        }
    }
}
