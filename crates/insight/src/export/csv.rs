//! CSV whose cells no spreadsheet runs.

use std::{borrow::Cow, io::Write};

use super::{ExportError, Table};

/// Writes a table. Text that a spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets do
/// not show.
///
/// # Errors
/// [`ExportError::Io`].
pub fn write_csv(table: Table<'_>, out: impl Write) -> Result<u64, ExportError> {
    let mut writer = csv::Writer::from_writer(out);
    let io = |error: csv::Error| ExportError::Io(error.into());
    writer.write_record(&table.columns).map_err(io)?;
    let mut rows = 0;
    for row in table.rows {
        writer
            .write_record(row.iter().map(|value| inert_cell(value.plain().into()).into_owned()))
            .map_err(io)?;
        rows += 1;
    }
    writer.flush()?;
    Ok(rows)
}

/// First characters that make a spreadsheet take a cell for a formula.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\n'];

/// Text as a CSV cell that no spreadsheet runs: the one guard of every exporter.
///
/// What a spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets do not show.
/// [`from_inert_cell`] takes it off again.
#[must_use]
pub fn inert_cell(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.starts_with(FORMULA) { Cow::Owned(format!("'{text}")) } else { text }
}

/// The text of a cell that [`inert_cell`] wrote.
#[must_use]
pub fn from_inert_cell(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_becomes_text_and_text_comes_back() {
        for first in FORMULA {
            let cell = format!("{first}cmd|' /C calc'!A0");
            let inert = inert_cell(Cow::Borrowed(&cell));
            assert_eq!(inert, format!("'{cell}"));
            assert_eq!(from_inert_cell(&inert), cell);
        }
        for plain in ["", "ann@acme.test", "'quoted'", " =spaced", "3-1"] {
            assert_eq!(inert_cell(Cow::Borrowed(plain)), plain);
            assert_eq!(from_inert_cell(plain), plain);
        }
    }
}
