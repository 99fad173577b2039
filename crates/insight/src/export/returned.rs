//! The copy of a review that is given back: as it came, with what became of each row.

use std::{
    collections::HashMap,
    io::{Seek, Write},
};

use rust_xlsxwriter::{Format, Workbook};

use super::{ExportError, Sheet, SheetForm, csv::inert_cell, xlsx::cut};

/// Columns that the copy adds, or fills anew.
const ADDED: [&str; 3] = ["outcome", "outcome_note", "audit_id"];

/// What became of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowOutcome {
    /// In a word or two.
    pub outcome: String,
    /// In words; empty when the word says it.
    pub note: String,
    /// Id of the change in the audit; empty when nothing was to be written.
    pub audit_id: String,
}

/// Writes the copy; outcomes are those of [`Sheet::rows`], in their order. Every cell is text, none is a formula.
///
/// # Errors
/// [`ExportError`].
pub fn write_returned(
    sheet: &Sheet,
    outcomes: &[RowOutcome],
    mut out: impl Write + Seek + Send,
) -> Result<(), ExportError> {
    let of: HashMap<(usize, usize), &RowOutcome> =
        sheet.rows.iter().map(|row| row.at).zip(outcomes).collect();
    let mut book = Workbook::new();
    let (text, head) = (Format::new().set_num_format("@"), Format::new().set_bold().set_num_format("@"));
    for (number, page) in sheet.pages.iter().enumerate() {
        let header = page.lines.first().map(Vec::as_slice).unwrap_or_default();
        let mut width = header.len();
        // A copy of a copy has the columns already.
        let columns = ADDED.map(|name| {
            header.iter().position(|found| found.trim().eq_ignore_ascii_case(name)).unwrap_or_else(|| {
                width += 1;
                width - 1
            })
        });
        let lines = page.lines.iter().enumerate().map(|(line, cells)| {
            let mut cells = cells.clone();
            let added = match (line, of.get(&(number, line))) {
                (0, _) if page.is_review => Some(ADDED),
                (_, Some(row)) => Some([row.outcome.as_str(), row.note.as_str(), row.audit_id.as_str()]),
                _ => None,
            };
            for (column, value) in columns.iter().zip(added.into_iter().flatten()) {
                if cells.len() <= *column {
                    cells.resize_with(column + 1, String::new);
                }
                if let Some(cell) = cells.get_mut(*column) {
                    value.clone_into(cell);
                }
            }
            cells
        });
        match sheet.form {
            SheetForm::Csv(separator) => {
                let mut writer =
                    csv::WriterBuilder::new().delimiter(separator).flexible(true).from_writer(&mut out);
                for cells in lines {
                    writer
                        .write_record(cells.into_iter().map(|cell| inert_cell(cell.into()).into_owned()))
                        .map_err(|error| ExportError::Io(error.into()))?;
                }
                writer.flush()?;
            }
            SheetForm::Xlsx => {
                let name = page.name.as_str();
                let written = book.add_worksheet();
                if written.set_name(name).is_err() {
                    written.set_name(format!("page {}", number + 1))?;
                }
                for (row, cells) in (0..).zip(lines) {
                    for (column, value) in (0..).zip(cells) {
                        let format = if row == 0 { &head } else { &text };
                        written.write_string_with_format(row, column, cut(&value), format)?;
                    }
                }
                if page.is_review {
                    written.set_freeze_panes(1, 0)?;
                }
            }
        }
    }
    if sheet.form == SheetForm::Xlsx {
        book.save_to_writer(out)?;
    }
    Ok(())
}
