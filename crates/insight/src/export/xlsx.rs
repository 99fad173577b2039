//! A workbook: a cover, a sheet for each table, every text written as text.

use std::io::{Seek, Write};

use jiff::Timestamp;
use rust_xlsxwriter::{DataValidation, DocProperties, ExcelDateTime, Format, Workbook, Worksheet};

use super::{Cover, ExportError, Table, Value};

/// Rows below the header of one sheet; Excel has one row more.
const MAX_ROWS: u32 = 1_048_575;
/// Excel cuts a cell here.
const MAX_TEXT: usize = 32_767;

/// Writes a workbook. The same data give the same bytes: its date is that of the data.
///
/// # Errors
/// [`ExportError`].
pub fn write_xlsx(
    cover: &Cover,
    tables: Vec<Table<'_>>,
    as_of: Option<Timestamp>,
    out: impl Write + Seek + Send,
) -> Result<u64, ExportError> {
    write_sheets(cover, tables, as_of, out, MAX_ROWS)
}

fn write_sheets(
    cover: &Cover,
    tables: Vec<Table<'_>>,
    as_of: Option<Timestamp>,
    out: impl Write + Seek + Send,
    max_rows: u32,
) -> Result<u64, ExportError> {
    let mut book = Workbook::new();
    let seconds = as_of.map_or(0, Timestamp::as_second);
    let date = ExcelDateTime::from_timestamp(seconds)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&date));
    // The format that tells Excel to leave a cell alone: leading zeros stay.
    let text = Format::new().set_num_format("@");
    let head = Format::new().set_bold().set_num_format("@");
    let sheet = book.add_worksheet();
    sheet.set_name("cover")?;
    sheet.set_column_width(0, 24)?;
    sheet.set_column_width(1, 100)?;
    for (row, (label, value)) in (0..).zip(&cover.lines) {
        sheet.write_string_with_format(row, 0, label, &head)?;
        sheet.write_string_with_format(row, 1, cut(value), &text)?;
    }
    let mut total = 0;
    for table in tables {
        let mut rows = table.rows.peekable();
        let mut part = 1;
        loop {
            let sheet = book.add_worksheet();
            sheet.set_name(if part == 1 { table.name.clone() } else { format!("{} {part}", table.name) })?;
            for (column, name) in (0..).zip(&table.columns) {
                sheet.write_string_with_format(0, column, *name, &head)?;
                sheet.set_column_width(column, 18)?;
            }
            sheet.set_freeze_panes(1, 0)?;
            let mut row = 0;
            while row < max_rows {
                let Some(values) = rows.next() else { break };
                row += 1;
                write_row(sheet, row, &values, &text)?;
            }
            total += u64::from(row);
            for (column, words) in &table.choices {
                let column = u16::try_from(*column).unwrap_or_default();
                let choice = DataValidation::new().allow_list_strings(words)?;
                sheet.add_data_validation(1, column, row.max(1), column, &choice)?;
            }
            if rows.peek().is_none() {
                break;
            }
            part += 1;
        }
    }
    book.save_to_writer(out)?;
    Ok(total)
}

fn write_row(sheet: &mut Worksheet, row: u32, values: &[Value], text: &Format) -> Result<(), ExportError> {
    for (column, value) in (0..).zip(values) {
        match value {
            Value::Number(number) => {
                #[expect(clippy::cast_precision_loss, reason = "counts of objects are far below 2^53")]
                sheet.write_number(row, column, *number as f64)?;
            }
            Value::Empty => {}
            other => {
                sheet.write_string_with_format(row, column, cut(&other.plain()), text)?;
            }
        }
    }
    Ok(())
}

pub(super) fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Cursor};

    use super::*;

    #[test]
    fn more_rows_than_a_sheet_holds_go_to_further_sheets() {
        let table = Table {
            name: "grants".to_owned(),
            columns: vec!["n"],
            choices: BTreeMap::new(),
            rows: Box::new((0..7).map(|n| vec![Value::Number(n)])),
        };
        let mut out = Cursor::new(Vec::new());
        let rows = write_sheets(&Cover { lines: Vec::new() }, vec![table], None, &mut out, 3).unwrap();
        assert_eq!(rows, 7);
        let mut book: calamine::Xlsx<_> =
            calamine::open_workbook_from_rs(Cursor::new(out.into_inner())).unwrap();
        use calamine::Reader;
        assert_eq!(book.sheet_names(), ["cover", "grants", "grants 2", "grants 3"]);
        let heights: Vec<usize> = ["grants", "grants 2", "grants 3"]
            .iter()
            .map(|n| book.worksheet_range(n).unwrap().height())
            .collect();
        assert_eq!(heights, [4, 4, 2]);
    }
}
