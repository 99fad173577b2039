//! The audit record: rows that are only ever added, each with the hash of the one before it.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Func},
};
use serde_json::Value;

use super::{
    Change,
    entity::audit::{ActiveModel, Column, Entity, Model},
};
use crate::ConsoleError;

/// The hash before the first row.
const BEGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl Change<'_> {
    /// Records what this change does. `object` is kind and id, as in `connector/con_1`; secrets never stand in `detail`.
    pub(crate) async fn audit(&self, action: &str, object: &str, detail: Value) -> Result<(), ConsoleError> {
        let last = Entity::find().order_by_desc(Column::Seq).one(self.tx()).await?;
        let (seq, prev) = last.map_or((1, BEGIN.to_owned()), |row| (row.seq + 1, row.hash));
        let mut row = Model {
            seq,
            at: self.now_ms(),
            actor_id: self.who.id.clone(),
            actor: self.who.name.clone(),
            action: action.to_owned(),
            object: object.to_owned(),
            detail: detail.to_string(),
            prev,
            hash: String::new(),
        };
        row.hash = hash(&row);
        let row = ActiveModel {
            seq: Set(row.seq),
            at: Set(row.at),
            actor_id: Set(row.actor_id),
            actor: Set(row.actor),
            action: Set(row.action),
            object: Set(row.object),
            detail: Set(row.detail),
            prev: Set(row.prev),
            hash: Set(row.hash),
        };
        Entity::insert(row).exec_without_returning(self.tx()).await?;
        Ok(())
    }
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

/// The newest rows before `before`, newest first; of one object when it is given, or with a word in them.
pub(crate) async fn page(
    db: &impl ConnectionTrait,
    object: Option<&str>,
    word: Option<&str>,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Model>, ConsoleError> {
    let mut find = Entity::find().order_by_desc(Column::Seq).limit(limit);
    if let Some(object) = object {
        find = find.filter(Column::Object.eq(object));
    }
    if let Some(before) = before {
        find = find.filter(Column::Seq.lt(before));
    }
    if let Some(word) = word {
        // Small letters on both sides: the databases differ in whether LIKE tells them from capitals.
        let (word, columns) =
            (word.to_lowercase(), [Column::Action, Column::Actor, Column::Object, Column::Detail]);
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
