//! Tables, CSV and JSON for people and programs. Names come from Okta and may hold anything: what reaches a terminal
//! has no control characters, what reaches a spreadsheet is no formula.

use std::io::{self, IsTerminal, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use serde_json::{Map, Value};

use crate::{arguments::TableFormat, failure::Failure};

/// Columns that a narrow terminal does without, the most dispensable first.
const LEAVE_OUT_FIRST: [Column; 9] = [
    "partial_match",
    "role_arn",
    "user_id",
    "partition",
    "type",
    "assignment_status",
    "source",
    "group_filter",
    "in_okta",
];
/// Columns that are copied from the screen, and so never broken.
const WHOLE: [Column; 4] = ["account", "id", "user_id", "time"];

/// One column: its name in JSON and CSV; the table shows it in capitals.
pub(crate) type Column = &'static str;

/// A cell.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Text(String),
    Number(u64),
    /// A number that is a lower bound: people read that, programs get the number and the column `complete`.
    AtLeast(u64),
    /// What was not read: people read that, programs get nothing.
    NotRead,
    Flag(bool),
    List(Vec<String>),
    /// A list whose items programs read in one form, people in another.
    Labelled(Vec<Labelled>),
    Empty,
}

/// One item in two forms.
#[derive(Debug, Clone)]
pub(crate) struct Labelled {
    pub(crate) plain: String,
    pub(crate) label: String,
}

/// Columns that a table shows only where some row fills them.
const WHERE_FILLED: [Column; 6] =
    ["account_name", "number", "environment", "owner", "in_okta", "unread_groups"];
/// Columns for programs: in JSON and CSV only.
const NOT_IN_TABLES: [Column; 6] = ["alias", "ou", "tags", "about_ids", "uuid", "complete"];

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Vec<String>> for Cell {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Empty, Into::into)
    }
}

impl Cell {
    pub(crate) fn plain(&self, between: &str) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) | Self::AtLeast(number) => number.to_string(),
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
            Self::List(items) => items.join(between),
            Self::Labelled(items) => {
                items.iter().map(|item| item.plain.as_str()).collect::<Vec<_>>().join(between)
            }
            Self::Empty | Self::NotRead => String::new(),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::AtLeast(number) => format!("at least {number}"),
            Self::NotRead => "not read".to_owned(),
            Self::Labelled(items) => {
                items.iter().map(|item| item.label.as_str()).collect::<Vec<_>>().join(", ")
            }
            other => other.plain(", "),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) | Self::AtLeast(number) => (*number).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::List(items) => items.clone().into(),
            Self::Labelled(items) => items.iter().map(|item| item.plain.clone()).collect(),
            Self::Empty | Self::NotRead => Value::Null,
        }
    }
}

/// Rows under columns.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Rows {
    /// Prints to stdout. A reader that stops early (`| head`) is no failure.
    pub(crate) fn print(&self, format: TableFormat) -> Result<(), Failure> {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let mut out = io::BufWriter::new(stdout.lock());
        let written = match format {
            TableFormat::Table => self.table(&mut out, terminal),
            TableFormat::Json => self.json(&mut out),
            TableFormat::Csv => self.csv(&mut out),
        };
        finish(written.and_then(|()| out.flush()))
    }

    fn table(&self, out: &mut impl Write, terminal: bool) -> io::Result<()> {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        // Wrapping serves eyes; a pipe gets whole lines.
        table.set_content_arrangement(if terminal {
            ContentArrangement::Dynamic
        } else {
            ContentArrangement::Disabled
        });
        let cells: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(|cell| visible(&cell.shown())).collect()).collect();
        let mut shown: Vec<bool> =
            (0..).zip(&self.columns).map(|(ix, column)| self.in_table(ix, column)).collect();
        let size = terminal_size::terminal_size().filter(|_| terminal);
        let mut left_out = Vec::new();
        if let Some((terminal_size::Width(width), _)) = size {
            table.set_width(width);
            left_out = self.make_fit(&cells, &mut shown, usize::from(width));
        }
        let headers = self.columns.iter().zip(&shown).filter(|(_, shown)| **shown);
        table.set_header(headers.map(|(column, _)| heading(column)));
        for row in &cells {
            table.add_row(row.iter().zip(&shown).filter(|(_, shown)| **shown).map(|(cell, _)| cell));
        }
        for (ix, (column, _)) in self.columns.iter().zip(&shown).filter(|(_, shown)| **shown).enumerate() {
            if let Some(in_table) = table.column_mut(ix).filter(|_| WHOLE.contains(column)) {
                in_table.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        if !left_out.is_empty() {
            writeln!(out, "\n(to fit, without {}; -o json has everything)", left_out.join(", "))?;
        }
        Ok(())
    }

    /// Leaves columns out until the rows fit the terminal or nothing more may go; says which.
    fn make_fit(&self, cells: &[Vec<String>], shown: &mut [bool], width: usize) -> Vec<Column> {
        let widths: Vec<usize> = (0..)
            .zip(&self.columns)
            .map(|(ix, column): (usize, _)| {
                let longest =
                    cells.iter().filter_map(|row| row.get(ix)).map(|cell| cell.chars().count()).max();
                longest.unwrap_or(0).max(column.len()) + 2
            })
            .collect();
        let mut left_out = Vec::new();
        for candidate in LEAVE_OUT_FIRST {
            let needed: usize =
                widths.iter().zip(&*shown).filter(|(_, shown)| **shown).map(|(width, _)| width).sum();
            if needed <= width {
                break;
            }
            let here = self.columns.iter().position(|column| *column == candidate);
            if let Some(shown) = here.and_then(|ix| shown.get_mut(ix)).filter(|shown| **shown) {
                *shown = false;
                left_out.push(candidate);
            }
        }
        left_out
    }

    fn in_table(&self, ix: usize, column: Column) -> bool {
        let tells = |row: &Vec<Cell>| match row.get(ix) {
            None | Some(Cell::Empty | Cell::Flag(true)) => false,
            Some(Cell::List(items)) => !items.is_empty(),
            Some(_) => true,
        };
        !NOT_IN_TABLES.contains(&column) && (!WHERE_FILLED.contains(&column) || self.rows.iter().any(tells))
    }

    fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let pairs = self.columns.iter().zip(row);
                Value::Object(
                    pairs.map(|(column, cell)| ((*column).to_owned(), cell.json())).collect::<Map<_, _>>(),
                )
            })
            .collect();
        serde_json::to_writer_pretty(&mut *out, &rows)?;
        writeln!(out)
    }

    fn csv(&self, out: &mut impl Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        let io_error = |error: csv::Error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        };
        writer.write_record(&self.columns).map_err(io_error)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| inert(cell.plain("; ")))).map_err(io_error)?;
        }
        writer.flush()
    }
}

fn inert(cell: String) -> String {
    rolebook_insight::export::inert_cell(cell.into()).into_owned()
}

/// A number with its noun: `1 page`, `2 pages`.
pub(crate) fn counted(number: u64, one: &str, several: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {several}"),
    }
}

fn heading(column: &str) -> String {
    column.to_uppercase().replace('_', " ")
}

/// A closed pipe ends output, it does not fail the command.
pub(crate) fn finish(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write to stdout: {error}"), ""))
        }
        _ => Ok(()),
    }
}

/// Text that cannot move a cursor, change colours or turn its direction.
pub(crate) fn visible(text: &str) -> String {
    let hidden = rolebook_okta::is_steering;
    if !text.chars().any(hidden) {
        return text.to_owned();
    }
    text.chars().map(|c| if hidden(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    /// Columns go one by one, and only until the rest fits; names of accounts and people never go.
    #[test]
    fn a_narrow_terminal_does_without_the_dispensable() {
        let rows =
            Rows { columns: vec!["account", "user", "user_id", "source", "partial_match"], rows: Vec::new() };
        let cells = vec![
            ["111122223333", "ann@acme.test", "00u1jQAwgDb7x6AfCUyu", "group", "no"]
                .map(String::from)
                .to_vec(),
        ];
        let left_out = |width: usize| {
            let mut shown = vec![true; 5];
            (rows.make_fit(&cells, &mut shown, width), shown.iter().filter(|shown| **shown).count())
        };
        assert_eq!(left_out(200), (vec![], 5));
        assert_eq!(left_out(60), (vec!["partial_match"], 4));
        assert_eq!(left_out(40), (vec!["partial_match", "user_id"], 3));
        assert_eq!(left_out(1), (vec!["partial_match", "user_id", "source"], 2));
    }
}
