//! The audit record: rows that are only ever added, each with the hash of the one before it.

use std::sync::PoisonError;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, Order, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use serde_json::Value;

use super::{
    Change, Store, Who,
    entity::audit::{Column, Entity, Model},
    head::Head,
    settings,
};
use crate::ConsoleError;

/// The longest text in a row, in characters: what people enter is shorter, and a request cannot fill the record.
const LONGEST: usize = 2000;

/// The hash before the first row.
const BEGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The note that rows which were written are not there; also the setting that says which row is the last such note.
const SHORTENED: &str = "audit.shortened";

impl Change<'_> {
    /// Records what this change does. `object` is kind and id, as in `connector/con_1`; secrets never stand in `detail`.
    pub(crate) async fn audit(&self, action: &str, object: &str, detail: Value) -> Result<(), ConsoleError> {
        let mut last = last(self.tx()).await?;
        let first = self.written.lock().unwrap_or_else(PoisonError::into_inner).is_none();
        if let Some(keeper) = self.head.filter(|_| first)
            && let Some(short) = keeper.look(self.tx(), last.as_ref()).await?
        {
            let words = short.words();
            tracing::warn!(words, "the audit record");
            let detail = serde_json::json!({ "found": words });
            let row = self.add(last, &Who::console(), SHORTENED, "audit", detail).await?;
            settings::set(self.tx(), SHORTENED, &row.seq.to_string()).await?;
            last = Some(row);
        }
        let row = self.add(last, &self.who, action, object, detail).await?;
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Head { seq: row.seq, hash: row.hash });
        Ok(())
    }

    /// Forgets where the record ended: it is of a backup.
    pub(crate) async fn forget_head(&self) -> Result<(), ConsoleError> {
        settings::remove(self.tx(), super::head::SETTING).await
    }

    async fn add(
        &self,
        last: Option<Model>,
        who: &Who,
        action: &str,
        object: &str,
        detail: Value,
    ) -> Result<Model, ConsoleError> {
        let (seq, prev) = last.map_or((1, BEGIN.to_owned()), |row| (row.seq + 1, row.hash));
        let mut row = Model {
            seq,
            at: self.now_ms(),
            actor_id: who.id.clone(),
            actor: who.name.clone(),
            action: action.to_owned(),
            object: object.to_owned(),
            detail: bounded(detail).to_string(),
            prev,
            hash: String::new(),
        };
        row.hash = hash(&row);
        Entity::insert(row.clone().into_active_model()).exec_without_returning(self.tx()).await?;
        Ok(row)
    }
}

/// A detail whose texts are cut.
fn bounded(detail: Value) -> Value {
    match detail {
        Value::String(text) => match text.char_indices().nth(LONGEST) {
            Some((at, _)) => Value::String(format!("{}…", text.get(..at).unwrap_or_default())),
            None => Value::String(text),
        },
        Value::Array(all) => all.into_iter().map(bounded).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, bounded(value))).collect(),
        other => other,
    }
}

/// The last row.
pub(crate) async fn last(db: &impl ConnectionTrait) -> Result<Option<Model>, ConsoleError> {
    Ok(Entity::find().order_by_desc(Column::Seq).one(db).await?)
}

/// What is to be known of the record's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// When the record noted it itself; nothing while it has not.
    pub(crate) noted_at: Option<i64>,
    pub(crate) text: String,
}

/// Whether rows that were written are not there, or were not at some time.
pub(crate) async fn standing(store: &Store) -> Result<Option<Standing>, ConsoleError> {
    let db = store.db();
    if let Some(keeper) = store.head()
        && let Some(short) = keeper.look(db, last(db).await?.as_ref()).await?
    {
        return Ok(Some(Standing { noted_at: None, text: short.words() }));
    }
    let Some(seq) = settings::get(db, SHORTENED).await?.and_then(|seq| seq.parse::<i64>().ok()) else {
        return Ok(None);
    };
    Ok(Entity::find_by_id(seq).one(db).await?.map(|row| {
        let detail: Value = serde_json::from_str(&row.detail).unwrap_or_default();
        let found = detail.get("found").and_then(Value::as_str).unwrap_or_default();
        Standing { noted_at: Some(row.at), text: format!("row {} notes: {found}", row.seq) }
    }))
}

fn hash(row: &Model) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let (seq, at) = (row.seq.to_string(), row.at.to_string());
    for part in [&row.prev, &seq, &at, &row.actor_id, &row.actor, &row.action, &row.object, &row.detail] {
        // Lengths keep neighbours from flowing into each other.
        context.update(part.len().to_string().as_bytes());
        context.update(b":");
        context.update(part.as_bytes());
    }
    HEXLOWER.encode(context.finish().as_ref())
}

/// Which rows; what is empty is not asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The number of the row with which the page before ended.
    pub(crate) from: Option<i64>,
    pub(crate) oldest_first: bool,
    /// Kind and id of what it was done to.
    pub(crate) object: String,
    /// Name or id of who did it.
    pub(crate) actor: String,
    /// What the action begins with.
    pub(crate) action: String,
    /// A word that stands somewhere in the row.
    pub(crate) word: String,
    /// Not earlier than this, in milliseconds.
    pub(crate) since: Option<i64>,
    /// Earlier than this.
    pub(crate) until: Option<i64>,
}

/// The rows that fit, newest first unless they are wanted the other way.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    wanted: &Wanted,
    limit: u64,
) -> Result<Vec<Model>, ConsoleError> {
    let order = if wanted.oldest_first { Order::Asc } else { Order::Desc };
    let mut find = Entity::find().order_by(Column::Seq, order).limit(limit);
    if let Some(from) = wanted.from {
        find = find.filter(if wanted.oldest_first { Column::Seq.gt(from) } else { Column::Seq.lt(from) });
    }
    if !wanted.object.is_empty() {
        find = find.filter(Column::Object.eq(&wanted.object));
    }
    if !wanted.actor.is_empty() {
        let any = Condition::any();
        find = find.filter(any.add(Column::Actor.eq(&wanted.actor)).add(Column::ActorId.eq(&wanted.actor)));
    }
    if !wanted.action.is_empty() {
        find = find.filter(Column::Action.starts_with(&wanted.action));
    }
    if let Some(since) = wanted.since {
        find = find.filter(Column::At.gte(since));
    }
    if let Some(until) = wanted.until {
        find = find.filter(Column::At.lt(until));
    }
    if !wanted.word.is_empty() {
        // Small letters on both sides: the databases differ in whether LIKE tells them from capitals.
        let columns = [Column::Action, Column::Actor, Column::Object, Column::Detail];
        let word = wanted.word.to_lowercase();
        let holds = |column| Expr::expr(Func::lower(Expr::col(column))).like(format!("%{word}%"));
        find = find.filter(columns.into_iter().fold(Condition::any(), |any, one| any.add(holds(one))));
    }
    Ok(find.all(db).await?)
}

/// Goes through the whole record; the number of rows, or the first one that does not follow from the one before.
pub(crate) async fn verify(db: &impl ConnectionTrait) -> Result<Result<u64, i64>, ConsoleError> {
    const STEP: u64 = 1000;
    let (mut prev, mut seq, mut count) = (BEGIN.to_owned(), 0, 0);
    loop {
        let rows =
            Entity::find().filter(Column::Seq.gt(seq)).order_by_asc(Column::Seq).limit(STEP).all(db).await?;
        if rows.is_empty() {
            return Ok(Ok(count));
        }
        for row in rows {
            if row.prev != prev || row.hash != hash(&row) || row.seq != seq + 1 {
                return Ok(Err(row.seq));
            }
            (prev, seq, count) = (row.hash, row.seq, count + 1);
        }
    }
}
