//! The audit record, to look through.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Context;
use crate::{
    problem::Problem,
    store::{self, audit},
};

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
}

/// Looks through the record.
pub(crate) async fn page(
    context: &Context,
    object: Option<&str>,
    words: &str,
    cursor: Option<i64>,
    limit: u64,
) -> Result<AuditPage, Problem> {
    let word = Some(words.trim()).filter(|word| !word.is_empty());
    let rows = audit::page(context.console.store.db(), object, word, cursor, limit + 1).await?;
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
    Ok(AuditPage { items, next_cursor })
}
