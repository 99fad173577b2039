//! Mail: written in the same transaction as what it tells of, sent afterwards, and again until it is through.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

use super::{
    Change,
    entity::outbox::{ActiveModel, Column, Entity, Model},
};
use crate::{ConsoleError, fresh};

/// A message before it is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Change<'_> {
    /// Puts a letter into the outbox, unless the one named `once` was ever there.
    pub(crate) async fn post(
        &self,
        once: &str,
        recipient: &str,
        letter: &Letter,
    ) -> Result<bool, ConsoleError> {
        if Entity::find().filter(Column::Once.eq(once)).one(self.tx()).await?.is_some() {
            return Ok(false);
        }
        let row = ActiveModel {
            id: Set(fresh::id("msg")?),
            once: Set(once.to_owned()),
            recipient: Set(recipient.to_owned()),
            subject: Set(letter.subject.clone()),
            body_text: Set(letter.text.clone()),
            body_html: Set(letter.html.clone()),
            created_at: Set(self.now_ms()),
            next_at: Set(self.now_ms()),
            attempts: Set(0),
            sent_at: Set(None),
            error: Set(None),
        };
        Entity::insert(row).exec_without_returning(self.tx()).await?;
        Ok(true)
    }
}

/// What is due.
pub(crate) async fn due(db: &impl ConnectionTrait, now: i64) -> Result<Vec<Model>, ConsoleError> {
    Ok(Entity::find()
        .filter(Column::SentAt.is_null())
        .filter(Column::NextAt.lte(now))
        .order_by_asc(Column::CreatedAt)
        .limit(20)
        .all(db)
        .await?)
}

/// When the newest letter was written whose name begins so.
pub(crate) async fn last(db: &impl ConnectionTrait, begin: &str) -> Result<Option<i64>, ConsoleError> {
    let newest = Entity::find().filter(Column::Once.starts_with(begin)).order_by_desc(Column::CreatedAt);
    Ok(newest.one(db).await?.map(|row| row.created_at))
}

/// How many letters have a name that begins so.
pub(crate) async fn count(db: &impl ConnectionTrait, begin: &str) -> Result<u64, ConsoleError> {
    Ok(Entity::find().filter(Column::Once.starts_with(begin)).count(db).await?)
}

/// Takes a letter for one attempt, which ends before the next is due; false when another process was faster.
pub(crate) async fn claim(
    db: &impl ConnectionTrait,
    row: &mut Model,
    next_at: i64,
) -> Result<bool, ConsoleError> {
    let done = Entity::update_many()
        .col_expr(Column::Attempts, Expr::value(row.attempts + 1))
        .col_expr(Column::NextAt, Expr::value(next_at))
        .filter(Column::Id.eq(&row.id))
        .filter(Column::Attempts.eq(row.attempts))
        .filter(Column::SentAt.is_null())
        .exec(db)
        .await?;
    (row.attempts, row.next_at) = (row.attempts + 1, next_at);
    Ok(done.rows_affected == 1)
}

/// How many letters are not through, and of the one that was tried last how often it was, and why it is not.
pub(crate) async fn waiting(db: &impl ConnectionTrait) -> Result<Option<(u64, i32, String)>, ConsoleError> {
    let open = || Entity::find().filter(Column::SentAt.is_null()).filter(Column::Error.is_not_null());
    let last = open().order_by_desc(Column::NextAt).one(db).await?;
    let Some(last) = last else { return Ok(None) };
    Ok(Some((open().count(db).await?, last.attempts, last.error.unwrap_or_default())))
}

/// Writes down how an attempt went, unless another began since.
pub(crate) async fn keep(db: &impl ConnectionTrait, row: Model) -> Result<(), ConsoleError> {
    Entity::update_many()
        .col_expr(Column::SentAt, Expr::value(row.sent_at))
        .col_expr(Column::Error, Expr::value(row.error))
        .filter(Column::Id.eq(row.id))
        .filter(Column::Attempts.eq(row.attempts))
        .exec(db)
        .await?;
    Ok(())
}
