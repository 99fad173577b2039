//! Exports that stand up as evidence: every one begins with a cover, and names stay text whatever they hold.

use std::io;

use jiff::Timestamp;

use crate::Readings;

mod cover;
mod csv;
mod graph;
mod html;
mod json;
mod returned;
mod review;
mod sheet;
mod table;
mod tree;
mod xlsx;

pub use cover::{Cover, cover};
pub use graph::write_opengraph;
pub use html::write_html;
pub use json::{Export, GrantRow, export_json};
pub use returned::{RowOutcome, write_returned};
pub use review::{ReviewKind, SplitBy, review};
pub use sheet::{Decided, Page, ReviewRow, Sheet, SheetError, SheetForm, Subject};
pub use table::{Table, Value, tables};
pub use tree::{TextFile, cover_file, is_own as is_own_text, text_tree};
pub use xlsx::write_xlsx;

pub use self::csv::{from_inert_cell, inert_cell, write_csv};

/// What an export is made by and when: stands on its cover.
#[derive(Debug, Clone)]
pub struct Making<'a> {
    /// Name and version of the program.
    pub tool: &'a str,
    /// Now.
    pub at: Timestamp,
    /// What was left out, in words; empty when nothing was.
    pub filters: Vec<String>,
}

/// Why an export was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Where it was written to.
    #[error("cannot write the export: {0}")]
    Io(#[from] io::Error),
    /// A sheet.
    #[error("cannot write the workbook: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
}

/// Whether there is anything to export.
pub(crate) fn apps(readings: &Readings) -> impl Iterator<Item = &crate::Reading> {
    readings.all().iter()
}
