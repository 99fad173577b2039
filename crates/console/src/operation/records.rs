//! The audit record, to look through.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Context;
use crate::{
    problem::Problem,
    store::{self, audit},
    table::{self, Cell, Column, Tabular, column, numbers, spare},
};

/// A note of missing rows is shown for thirty days; it stays in the record.
const NOTICE_MS: i64 = 30 * 24 * 3600 * 1000;

/// Something that was done.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AuditEvent {
    /// Its number: rows are numbered without gaps.
    pub seq: i64,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// Id of who.
    pub actor_id: String,
    /// What.
    pub action: String,
    /// Kind and id of what it was done to.
    pub object: String,
    /// More about it; never a secret.
    pub detail: serde_json::Value,
    /// Hash over this row and the hash of the one before.
    pub hash: String,
}

/// A page of the record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// Newest first.
    pub items: Vec<AuditEvent>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
    /// What is to be known of the record's end: rows that were written and are not there.
    pub notice: Option<String>,
}

impl Tabular for AuditEvent {
    const COLUMNS: &'static [Column] = &[
        numbers("seq", "#"),
        column("at", "When"),
        column("actor", "Who"),
        column("action", "What"),
        column("object", "Which"),
        column("detail", "More"),
        spare("hash", "Hash"),
    ];

    fn cell(&self, column: &str) -> Cell<'_> {
        match column {
            "seq" => Cell::Number(usize::try_from(self.seq).unwrap_or_default()),
            "at" => Cell::Text(self.at.to_string().into()),
            "actor" => Cell::text(&self.actor),
            "action" => Cell::text(&self.action),
            "object" => Cell::text(&self.object),
            "detail" => Cell::Text(self.detail.to_string().into()),
            "hash" => Cell::text(&self.hash),
            _ => Cell::Nothing,
        }
    }
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only of this object, as in `connector/con_1`.
    pub object: String,
    /// Only by this person: name or id.
    pub actor: String,
    /// Only actions that begin so, as in `connector.`.
    pub action: String,
    /// Not before: a day as in `2026-09-01`, or a time.
    pub since: String,
    /// Not after: a day, or a time.
    pub until: String,
    /// Words to search for.
    pub q: String,
    /// `seq`: the oldest first.
    pub sort: String,
    /// Where the page before ended.
    #[serde(deserialize_with = "table::cursor")]
    pub cursor: String,
    /// Rows of a page, 1 to 200; 25 when absent.
    pub limit: Option<u64>,
    /// Columns of the CSV, with commas between; all when absent.
    pub columns: String,
    /// `csv`: everything that fits as CSV.
    pub format: String,
}

impl Wanted {
    fn stored(&self) -> Result<audit::Wanted, Problem> {
        Ok(audit::Wanted {
            from: self.cursor.parse().ok(),
            oldest_first: self.sort == "seq",
            object: self.object.trim().to_owned(),
            actor: self.actor.trim().to_owned(),
            action: self.action.trim().to_owned(),
            word: self.q.trim().to_owned(),
            since: moment("since", &self.since, 0)?,
            until: moment("until", &self.until, 1)?,
        })
    }

    fn limit(&self) -> u64 {
        self.limit.unwrap_or(25).clamp(1, 200)
    }
}

/// A time, or the beginning of a day, so many days later.
fn moment(field: &str, text: &str, later: i64) -> Result<Option<i64>, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Some(at.as_millisecond() + later));
    }
    let day = text.parse::<Date>().ok().and_then(|day| day.checked_add(later.days()).ok());
    let begin = day.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    match begin {
        Some(begin) => Ok(Some(begin.timestamp().as_millisecond())),
        None => Err(Problem::field(field, "a day, as in 2026-09-01, or a time, as in 2026-09-01T08:00:00Z")),
    }
}

/// Looks through the record.
pub(crate) async fn page(context: &Context, wanted: &Wanted) -> Result<AuditPage, Problem> {
    let limit = wanted.limit();
    let rows = audit::page(context.console.store.db(), &wanted.stored()?, limit + 1).await?;
    let more = rows.len() as u64 > limit;
    let items: Vec<AuditEvent> = rows
        .into_iter()
        .take(usize::try_from(limit).unwrap_or(25))
        .map(|row| AuditEvent {
            seq: row.seq,
            at: store::time(row.at),
            actor: row.actor,
            actor_id: row.actor_id,
            action: row.action,
            object: row.object,
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
            hash: row.hash,
        })
        .collect();
    let next_cursor = items.last().filter(|_| more).map(|last| last.seq.to_string());
    let since = context.console.now().as_millisecond() - NOTICE_MS;
    let standing = audit::standing(&context.console.store).await?;
    let notice = standing.filter(|found| found.noted_at.is_none_or(|at| at >= since)).map(|found| found.text);
    Ok(AuditPage { items, next_cursor, notice })
}
