//! An accounts file: CSV with a header line, or the JSON of `aws organizations list-accounts`. People make these files
//! with spreadsheets, so what spreadsheets do to account ids is told apart and named.

use std::collections::{BTreeMap, HashMap};

use rolebook_federation::AccountId;
use rolebook_ledger::{AccountRecord, account_number, has_lost_a_zero};
use serde_json::{Map, Value};

/// Why an accounts file cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// Nothing in it.
    #[error("the accounts file holds no account")]
    Empty,
    /// Another encoding than UTF-8.
    #[error("the accounts file is not UTF-8 text (line {line})")]
    Encoding {
        /// First line that is not.
        line: usize,
    },
    /// No JSON, or JSON of another shape.
    #[error("the accounts file is no JSON of accounts: {reason}")]
    Json {
        /// Why.
        reason: String,
    },
    /// The AWS command stopped before the last account.
    #[error("the accounts file ends in a NextToken: it does not hold all accounts")]
    Cut,
    /// No CSV.
    #[error("the accounts file is no CSV: {reason}")]
    Csv {
        /// Why, with the line.
        reason: String,
    },
    /// No column says which account a row is about.
    #[error("the accounts file has no column `id`, only {}", .columns.join(", "))]
    NoIdColumn {
        /// The columns it has.
        columns: Vec<String>,
    },
    /// An id with a digit too few.
    #[error("{place}: `{text}` has 11 digits, an AWS account id has 12")]
    DroppedZero {
        /// Line or position.
        place: Place,
        /// What stands there.
        text: String,
    },
    /// An id as a spreadsheet shows large numbers.
    #[error("{place}: `{text}` is a rounded number, an AWS account id has 12 digits")]
    Rounded {
        /// Line or position.
        place: Place,
        /// What stands there.
        text: String,
    },
    /// Something else than an id.
    #[error("{place}: `{text}` is no AWS account id of 12 digits")]
    NotAnId {
        /// Line or position.
        place: Place,
        /// What stands there; empty when there is nothing.
        text: String,
    },
    /// One account, two rows.
    #[error("{place}: account {id} stands in {first} already")]
    Twice {
        /// Line or position.
        place: Place,
        /// The account.
        id: AccountId,
        /// Where it stands first.
        first: Place,
    },
    /// One alias, two accounts.
    #[error("{place}: alias `{alias}` belongs to the account in {first} already")]
    AliasTwice {
        /// Line or position.
        place: Place,
        /// The alias.
        alias: String,
        /// Where it stands first.
        first: Place,
    },
}

/// A place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Line of a CSV file, from 1.
    Line(u64),
    /// Position in a JSON list, from 1.
    Item(u64),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Item(item) => write!(f, "account no. {item}"),
        }
    }
}

impl AccountsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Empty | Self::Json { .. } | Self::Csv { .. } | Self::NoIdColumn { .. } => {
                "give a CSV with a header line (id, name, alias, ou, environment, owner, …) or the JSON of \
                 aws organizations list-accounts"
            }
            Self::Encoding { .. } => "save it as CSV UTF-8",
            Self::Cut => "run aws organizations list-accounts without --max-items and --no-paginate",
            Self::DroppedZero { text, .. } => {
                return format!(
                    "a spreadsheet has probably dropped the zero in front: format the column as text, write 0{text}"
                );
            }
            Self::Rounded { .. } => {
                "a spreadsheet has rounded it: format the column as text and fill it in again"
            }
            Self::NotAnId { .. } => "each row needs the 12 digits of its account",
            Self::Twice { .. } => "keep one row per account",
            Self::AliasTwice { .. } => "an alias is unique in AWS: correct one of the two",
        }
        .to_owned()
    }
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Id,
    Name,
    Alias,
    Ou,
    Environment,
    Owner,
    /// The account's own address in AWS: the owner's, where no column names the owner.
    Email,
    /// Several tags: `key=value; key=value`, or AWS's list of keys and values.
    Tags,
    /// A tag of its own.
    Tag(String),
}

impl Column {
    fn parse(header: &str) -> Self {
        let word: String =
            header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        match word.as_str() {
            "id" | "account" | "accountid" | "accountnumber" | "awsaccount" | "awsaccountid" => Self::Id,
            "name" | "accountname" => Self::Name,
            "alias" | "accountalias" => Self::Alias,
            "ou" | "organizationalunit" | "organisationalunit" | "ouname" | "oupath" => Self::Ou,
            "environment" | "env" => Self::Environment,
            "owner" | "owneremail" => Self::Owner,
            "email" | "accountemail" => Self::Email,
            "tags" => Self::Tags,
            _ => Self::Tag(header.trim().to_owned()),
        }
    }
}

/// Reads an accounts file. Columns that Rolebook does not know are tags. What is returned is ascending by id, each
/// account once.
///
/// # Errors
/// [`AccountsError`], with the place in the file.
pub fn parse_accounts(file: &[u8]) -> Result<Vec<AccountRecord>, AccountsError> {
    let text = std::str::from_utf8(file).map_err(|error| {
        let before = file.get(..error.valid_up_to()).unwrap_or_default();
        AccountsError::Encoding { line: before.iter().filter(|byte| **byte == b'\n').count() + 1 }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Found::default();
    match text.trim_start().chars().next() {
        None => return Err(AccountsError::Empty),
        Some('{' | '[') => json(text, &mut found)?,
        Some(_) => csv(text, &mut found)?,
    }
    let mut records = found.records;
    if records.is_empty() {
        return Err(AccountsError::Empty);
    }
    records.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(records)
}

/// The accounts so far, and where they stand.
#[derive(Default)]
struct Found {
    records: Vec<AccountRecord>,
    ids: HashMap<AccountId, Place>,
    aliases: HashMap<String, Place>,
}

impl Found {
    fn take(&mut self, place: Place, row: Row) -> Result<(), AccountsError> {
        let record = row.record(place)?;
        if let Some(first) = self.ids.insert(record.id.clone(), place) {
            return Err(AccountsError::Twice { place, id: record.id, first });
        }
        if let Some(alias) = &record.alias
            && let Some(first) = self.aliases.insert(alias.clone(), place)
        {
            return Err(AccountsError::AliasTwice { place, alias: alias.clone(), first });
        }
        self.records.push(record);
        Ok(())
    }
}

/// One row under way; the first value of a column counts.
#[derive(Default)]
struct Row {
    id: Option<String>,
    name: Option<String>,
    alias: Option<String>,
    ou: Option<String>,
    environment: Option<String>,
    owner: Option<String>,
    email: Option<String>,
    tags: BTreeMap<String, String>,
}

impl Row {
    fn set(&mut self, column: &Column, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        let slot = match column {
            Column::Id => &mut self.id,
            Column::Name => &mut self.name,
            Column::Alias => &mut self.alias,
            Column::Ou => &mut self.ou,
            Column::Environment => &mut self.environment,
            Column::Owner => &mut self.owner,
            Column::Email => &mut self.email,
            Column::Tags => {
                for tag in value.split(';') {
                    let (key, value) = tag.split_once('=').unwrap_or((tag, ""));
                    self.tag(key, value);
                }
                return;
            }
            Column::Tag(key) => return self.tag(key, value),
        };
        slot.get_or_insert_with(|| value.to_owned());
    }

    fn tag(&mut self, key: &str, value: &str) {
        if !key.trim().is_empty() {
            self.tags.entry(key.trim().to_owned()).or_insert_with(|| value.trim().to_owned());
        }
    }

    fn is_blank(&self) -> bool {
        let texts =
            [&self.id, &self.name, &self.alias, &self.ou, &self.environment, &self.owner, &self.email];
        texts.iter().all(|text| text.is_none()) && self.tags.is_empty()
    }

    fn record(self, place: Place) -> Result<AccountRecord, AccountsError> {
        Ok(AccountRecord {
            id: id(self.id.as_deref().unwrap_or_default(), place)?,
            name: self.name,
            alias: self.alias,
            ou: self.ou,
            environment: self.environment,
            owner: self.owner.or(self.email),
            tags: self.tags,
        })
    }
}

fn id(text: &str, place: Place) -> Result<AccountId, AccountsError> {
    // What people write so that a spreadsheet leaves the zero alone: ="012345678901" and '012345678901.
    let bare = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let bare = bare.strip_prefix('\'').unwrap_or(bare).trim();
    if let Some(id) = account_number(bare) {
        return Ok(id);
    }
    let text = bare.to_owned();
    let rounded = text.starts_with(|c: char| c.is_ascii_digit())
        && text.to_ascii_uppercase().contains("E+")
        && text.replace(',', ".").parse::<f64>().is_ok();
    Err(if has_lost_a_zero(&text) {
        AccountsError::DroppedZero { place, text }
    } else if rounded {
        AccountsError::Rounded { place, text }
    } else {
        AccountsError::NotAnId { place, text }
    })
}

fn csv(text: &str, found: &mut Found) -> Result<(), AccountsError> {
    let header = text.trim_start().lines().next().unwrap_or_default();
    // Spreadsheets of many countries separate by semicolons.
    let count = |separator: &u8| header.bytes().filter(|byte| byte == separator).count();
    let delimiter = [b',', b';', b'\t'].into_iter().rev().max_by_key(count).unwrap_or(b',');
    let failed = |error: csv::Error| AccountsError::Csv { reason: error.to_string() };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(failed)?.clone();
    let columns: Vec<Column> = headers.iter().map(Column::parse).collect();
    if !columns.contains(&Column::Id) {
        return Err(AccountsError::NoIdColumn {
            columns: headers.iter().map(|header| format!("`{header}`")).collect(),
        });
    }
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let mut row = Row::default();
        for (column, value) in columns.iter().zip(&record) {
            row.set(column, value);
        }
        // Spreadsheets leave rows of separators behind the last one.
        if !row.is_blank() {
            found.take(Place::Line(record.position().map_or(0, csv::Position::line)), row)?;
        }
    }
    Ok(())
}

fn json(text: &str, found: &mut Found) -> Result<(), AccountsError> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| AccountsError::Json { reason: error.to_string() })?;
    let list = match value {
        Value::Array(list) => list,
        Value::Object(mut object) => {
            if object.get("NextToken").is_some_and(Value::is_string) {
                return Err(AccountsError::Cut);
            }
            match object.remove("Accounts") {
                Some(Value::Array(list)) => list,
                _ => return Err(AccountsError::Json { reason: "it has no list `Accounts`".to_owned() }),
            }
        }
        _ => return Err(AccountsError::Json { reason: "it is no list".to_owned() }),
    };
    for (item, account) in (1..).map(Place::Item).zip(list) {
        let Value::Object(account) = account else {
            return Err(AccountsError::Json { reason: format!("{item} is no object") });
        };
        found.take(item, row(&account))?;
    }
    Ok(())
}

fn row(account: &Map<String, Value>) -> Row {
    let mut row = Row::default();
    for (key, value) in account {
        match (key.as_str(), Column::parse(key), value) {
            // What AWS says of every account, and nobody asks for.
            ("Arn" | "JoinedMethod" | "JoinedTimestamp", ..) => {}
            ("Status" | "State", _, Value::String(state)) if state == "ACTIVE" => {}
            (_, Column::Tags, Value::Object(tags)) => {
                for (key, value) in tags {
                    row.tag(key, &scalar(value).unwrap_or_default());
                }
            }
            (_, Column::Tags, Value::Array(tags)) => {
                for tag in tags {
                    let part = |part: &str| tag.get(part).and_then(scalar).unwrap_or_default();
                    row.tag(&part("Key"), &part("Value"));
                }
            }
            (_, column, value) => {
                if let Some(value) = scalar(value) {
                    row.set(&column, &value);
                }
            }
        }
    }
    row
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
