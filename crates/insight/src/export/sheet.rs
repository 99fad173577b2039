//! A review that comes back: read with distrust, since it has been through many hands and programs.

use std::{
    collections::HashMap,
    io::{Cursor, Read},
};

use calamine::{DataRef, Reader, Xlsx};

use super::from_inert_cell;

/// A workbook unpacks to no more than this.
const MOST_UNPACKED: u64 = 256 << 20;
/// All texts of a review together.
const MOST_TEXT: usize = 64 << 20;
const MOST_ROWS: u32 = 100_000;
const MOST_COLUMNS: u32 = 40;
/// More wrong rows than this help nobody.
const MOST_NAMED: usize = 20;

/// Why a sheet is no review that can be applied. Nothing of it is.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SheetError {
    /// It cannot be read.
    #[error("the sheet cannot be read: {0}")]
    Unreadable(String),
    /// It holds, or unpacks to, more than a review does.
    #[error("the sheet is too large: {0}")]
    TooLarge(String),
    /// Its header is not that of a review.
    #[error("the sheet is no review: {0}")]
    Header(String),
    /// Rows that say nothing that could be done, or contradict themselves.
    #[error("{count} rows of the sheet cannot be taken as they are:\n  {}", .rows.join("\n  "))]
    Rows {
        /// How many.
        count: usize,
        /// The first ones, each with its place.
        rows: Vec<String>,
    },
}

impl SheetError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "use the file of rolebook export --review, saved as XLSX or as CSV UTF-8",
            Self::TooLarge(_) => "use the file of rolebook export --review; --split-by makes smaller ones",
            Self::Header(_) => {
                "leave the columns of rolebook export --review as they are; others may be added"
            }
            Self::Rows { .. } => {
                "decisions are keep, revoke or nothing; ids and names are left as they were exported"
            }
        }
    }
}

/// What somebody decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// Nothing.
    Nothing,
    /// It stays.
    Keep,
    /// It goes.
    Revoke,
}

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A role of an account.
    Role {
        /// Account id.
        account: String,
        /// Role name.
        role: String,
    },
    /// Membership of a group.
    Group {
        /// Its Okta id.
        id: String,
        /// Its name, as the row shows it.
        name: String,
    },
    /// The assignment to the app.
    App,
    /// An Okta admin role.
    OktaRole,
}

/// A row that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRow {
    /// Page and line, both from 0; the header is a line.
    pub at: (usize, usize),
    /// Page and line for people.
    pub place: String,
    /// Its stable id.
    pub id: String,
    /// The app.
    pub app: String,
    /// Okta id of the person.
    pub user: String,
    /// Login, as the row shows it.
    pub login: String,
    /// What it is about.
    pub subject: Subject,
    /// What was decided.
    pub decided: Decided,
    /// An earlier row with the same id and the same decision.
    pub repeats: Option<String>,
}

/// One page of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its name; none in a CSV.
    pub name: String,
    /// All lines, the header among them.
    pub lines: Vec<Vec<String>>,
    /// It has the header of a review.
    pub is_review: bool,
}

/// How a sheet is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SheetForm {
    /// A workbook.
    Xlsx,
    /// Text, separated by this.
    Csv(u8),
}

/// A review that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// How it is written.
    pub form: SheetForm,
    /// Its pages; a CSV has one.
    pub pages: Vec<Page>,
    /// The rows of all pages that are reviews.
    pub rows: Vec<ReviewRow>,
}

impl Sheet {
    /// Whether bytes may be a review: a workbook, or text whose header names row ids and decisions.
    #[must_use]
    pub fn is_one(bytes: &[u8]) -> bool {
        if is_zip(bytes) {
            return true;
        }
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        line.contains("row_id") && line.contains("decision")
    }

    /// Reads a review.
    ///
    /// # Errors
    /// [`SheetError`].
    pub fn read(bytes: &[u8]) -> Result<Self, SheetError> {
        let (form, mut pages) = if is_zip(bytes) {
            (SheetForm::Xlsx, workbook(bytes)?)
        } else {
            let (separator, page) = text(bytes)?;
            (SheetForm::Csv(separator), vec![page])
        };
        let mut rows = Vec::new();
        let mut wrong = Vec::new();
        for (number, page) in pages.iter_mut().enumerate() {
            let Some(header) = page.lines.first() else { continue };
            if !header.iter().any(|name| is(name, "row_id")) {
                continue;
            }
            let columns = Columns::of(header)?;
            page.is_review = true;
            for (line, cells) in page.lines.iter().enumerate().skip(1) {
                if cells.iter().all(|cell| cell.trim().is_empty()) {
                    continue;
                }
                let place = match form {
                    SheetForm::Xlsx => format!("{}, row {}", page.name, line + 1),
                    SheetForm::Csv(_) => format!("row {}", line + 1),
                };
                match columns.row(cells, (number, line), place.clone()) {
                    Ok(row) => rows.push(row),
                    Err(why) => wrong.push(format!("{place}: {why}")),
                }
            }
        }
        if !pages.iter().any(|page| page.is_review) {
            return Err(SheetError::Header("no page has a column `row_id`".to_owned()));
        }
        repeated(&mut rows, &mut wrong);
        if wrong.is_empty() {
            return Ok(Self { form, pages, rows });
        }
        let count = wrong.len();
        wrong.truncate(MOST_NAMED);
        if count > wrong.len() {
            wrong.push(format!("and {} more", count - wrong.len()));
        }
        Err(SheetError::Rows { count, rows: wrong })
    }
}

fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

fn is(name: &str, column: &str) -> bool {
    name.trim().eq_ignore_ascii_case(column)
}

/// Two rows of one id: with one decision the second is idle, with two nobody knows what was meant.
fn repeated(rows: &mut [ReviewRow], wrong: &mut Vec<String>) {
    let mut seen: HashMap<String, (Decided, String)> = HashMap::new();
    for row in rows {
        match seen.get(&row.id) {
            None => {
                seen.insert(row.id.clone(), (row.decided, row.place.clone()));
            }
            Some((decided, place)) if *decided == row.decided => row.repeats = Some(place.clone()),
            Some((_, place)) => {
                wrong.push(format!("{}: {place} has the same id and another decision", row.place));
            }
        }
    }
}

/// Where the columns are.
struct Columns {
    id: usize,
    account: usize,
    access: usize,
    login: usize,
    user: usize,
    decision: usize,
}

impl Columns {
    fn of(header: &[String]) -> Result<Self, SheetError> {
        let find = |column: &str| {
            let mut found = header.iter().enumerate().filter(|(_, name)| is(name, column)).map(|(at, _)| at);
            match (found.next(), found.next()) {
                (Some(at), None) => Ok(at),
                (None, _) => Err(SheetError::Header(format!("it has no column `{column}`"))),
                (Some(_), Some(_)) => {
                    Err(SheetError::Header(format!("it has more than one column `{column}`")))
                }
            }
        };
        Ok(Self {
            id: find("row_id")?,
            account: find("account")?,
            access: find("access")?,
            login: find("login")?,
            user: find("user_id")?,
            decision: find("decision")?,
        })
    }

    fn row(&self, cells: &[String], at: (usize, usize), place: String) -> Result<ReviewRow, String> {
        let cell = |column: usize| from_inert_cell(cells.get(column).map_or("", String::as_str).trim());
        let id = cell(self.id);
        let decided = match cell(self.decision).to_ascii_lowercase().as_str() {
            "" => Decided::Nothing,
            "keep" => Decided::Keep,
            "revoke" => Decided::Revoke,
            other => return Err(format!("`{}` is no decision", short(other))),
        };
        let mut parts = id.splitn(4, ':');
        let (Some(kind), Some(app), Some(user)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format!("`{}` is no row id", short(id)));
        };
        let (account, access) = (cell(self.account), cell(self.access));
        // The id says what is done, the other cells say what was decided on: they must be about the same.
        let edited = |what: &str| Err(format!("its row id and its {what} are not of one row any more"));
        if user.is_empty() || app.is_empty() || user != cell(self.user) {
            return edited("user_id");
        }
        let subject = match (kind, parts.next()) {
            ("aws-roles", Some(key)) => {
                if key != format!("{account}/{access}") {
                    return edited("account and access");
                }
                Subject::Role { account: account.to_owned(), role: access.to_owned() }
            }
            ("group-membership", Some(group)) => match access.strip_prefix("member of ") {
                Some(name) => Subject::Group { id: group.to_owned(), name: name.to_owned() },
                None => return edited("access"),
            },
            ("app-assignment", None) => Subject::App,
            ("okta-roles", Some(_)) => Subject::OktaRole,
            _ => return Err(format!("`{}` is no row id", short(id))),
        };
        Ok(ReviewRow {
            at,
            place,
            id: id.to_owned(),
            app: app.to_owned(),
            user: user.to_owned(),
            login: cell(self.login).to_owned(),
            subject,
            decided,
            repeats: None,
        })
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Spreadsheets write a CSV with the separator of their country, and some begin it with a mark.
fn text(bytes: &[u8]) -> Result<(u8, Page), SheetError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let unreadable = |error: &dyn std::fmt::Display| SheetError::Unreadable(error.to_string());
    let content = std::str::from_utf8(bytes).map_err(|_| unreadable(&"it is not UTF-8 text"))?;
    let first = content.lines().next().unwrap_or_default();
    let count = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
    let separator = [b',', b';', b'\t'].into_iter().max_by_key(count).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(content.as_bytes());
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut total = 0;
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        total += record.as_slice().len();
        fits(lines.len(), record.len(), total)?;
        lines.push(record.iter().map(str::to_owned).collect());
    }
    Ok((separator, Page { name: String::new(), lines, is_review: false }))
}

fn fits(rows: usize, columns: usize, text: usize) -> Result<(), SheetError> {
    let too = |what: String| Err(SheetError::TooLarge(what));
    if rows >= MOST_ROWS as usize {
        return too(format!("more than {MOST_ROWS} rows"));
    }
    if columns > MOST_COLUMNS as usize {
        return too(format!("more than {MOST_COLUMNS} columns"));
    }
    if text > MOST_TEXT {
        return too(format!("more than {} MiB of text", MOST_TEXT >> 20));
    }
    Ok(())
}

/// Unpacks everything once and counts: what an archive says of its sizes need not be so.
fn unpacks_to_little(bytes: &[u8]) -> Result<(), SheetError> {
    let unreadable = |error: &dyn std::fmt::Display| SheetError::Unreadable(error.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    let mut left = MOST_UNPACKED;
    for number in 0..archive.len() {
        let part = archive.by_index(number).map_err(|error| unreadable(&error))?;
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink())
            .map_err(|error| unreadable(&error))?;
        left = left.checked_sub(read).ok_or_else(|| {
            SheetError::TooLarge(format!("it unpacks to more than {} MiB", MOST_UNPACKED >> 20))
        })?;
    }
    Ok(())
}

fn workbook(bytes: &[u8]) -> Result<Vec<Page>, SheetError> {
    unpacks_to_little(bytes)?;
    let unreadable = |error: &dyn std::fmt::Display| SheetError::Unreadable(error.to_string());
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    let mut pages = Vec::new();
    let mut total = 0;
    for name in book.sheet_names() {
        let mut lines: Vec<Vec<String>> = Vec::new();
        // Cell by cell: a range would hold every empty cell up to the last one.
        let mut cells = match book.worksheet_cells_reader(&name) {
            Ok(cells) => cells,
            // A page of charts has no cells.
            Err(calamine::XlsxError::NotAWorksheet(_)) => continue,
            Err(error) => return Err(unreadable(&error)),
        };
        while let Some(cell) = cells.next_cell().map_err(|error| unreadable(&error))? {
            let (row, column) = cell.get_position();
            let value = shown(cell.get_value());
            if value.is_empty() {
                continue;
            }
            total += value.len();
            let (row, column) = (row as usize, column as usize);
            fits(row, column + 1, total)?;
            if lines.len() <= row {
                lines.resize_with(row + 1, Vec::new);
            }
            if let Some(line) = lines.get_mut(row) {
                if line.len() <= column {
                    line.resize_with(column + 1, String::new);
                }
                if let Some(cell) = line.get_mut(column) {
                    *cell = value;
                }
            }
        }
        drop(cells);
        pages.push(Page { name, lines, is_review: false });
    }
    Ok(pages)
}

/// What a cell shows; of a formula what it came to when the file was saved.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        other => calamine::Data::from(other.clone()).to_string(),
    }
}
