//! CSV whose cells no spreadsheet runs.

use std::io::Write;

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
        writer.write_record(row.iter().map(|value| no_formula(value.plain()))).map_err(io)?;
        rows += 1;
    }
    writer.flush()?;
    Ok(rows)
}

pub(super) fn no_formula(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text }
}
