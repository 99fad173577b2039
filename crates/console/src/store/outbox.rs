//! Mail: written in the same transaction as what it tells of, sent afterwards, and again until it is through.
//!
//! A letter may hold a one-time link, or who gained what. It lies sealed in `body_text` until it is sent, and is emptied
//! then; its other columns are empty from the beginning.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

use serde::{Deserialize, Serialize};

use super::{
    Change,
    entity::outbox::{ActiveModel, Column, Entity, Model},
};
use crate::{ConsoleError, fresh, vault::Vault};

/// A message before it is addressed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
        let id = fresh::id("msg")?;
        let sealed = self.seal(&place(&id), &super::to_json(letter))?;
        let row = ActiveModel {
            id: Set(id),
            once: Set(once.to_owned()),
            recipient: Set(recipient.to_owned()),
            subject: Set(String::new()),
            body_text: Set(sealed),
            body_html: Set(String::new()),
            created_at: Set(self.now_ms()),
            next_at: Set(self.now_ms()),
            attempts: Set(0),
            sent_at: Set(None),
            error: Set(None),
        };
        Entity::insert(row).exec_without_returning(self.tx()).await?;
        Ok(true)
    }

    /// Seals letters that an earlier version left as they are; how many.
    pub(crate) async fn seal_letters(&self) -> Result<usize, ConsoleError> {
        // Every letter had a subject.
        let clear = unsent(self.tx()).await?.into_iter().filter(|row| !row.subject.is_empty());
        let mut sealed = 0;
        for row in clear {
            let letter = Letter { subject: row.subject, text: row.body_text, html: row.body_html };
            let text = self.seal(&place(&row.id), &super::to_json(&letter))?;
            set(self.tx(), &row.id, text).await?;
            sealed += 1;
        }
        Ok(sealed)
    }

    /// Seals letters that open under one vault under that of this change.
    pub(crate) async fn move_letters(&self, from: &Vault) -> Result<(), ConsoleError> {
        for row in unsent(self.tx()).await? {
            let place = place(&row.id);
            if let Ok(text) = from.open_sealed(&place, &row.body_text) {
                set(self.tx(), &row.id, self.seal(&place, &text)?).await?;
            }
        }
        Ok(())
    }

    /// Removes letters that were written before a time; how many.
    pub(crate) async fn forget_letters(&self, before: i64) -> Result<u64, ConsoleError> {
        let done = Entity::delete_many().filter(Column::CreatedAt.lt(before)).exec(self.tx()).await?;
        Ok(done.rows_affected)
    }
}

async fn set(db: &impl ConnectionTrait, id: &str, text: String) -> Result<(), ConsoleError> {
    Entity::update_many()
        .col_expr(Column::Subject, Expr::value(""))
        .col_expr(Column::BodyText, Expr::value(text))
        .col_expr(Column::BodyHtml, Expr::value(""))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Where a letter is sealed for.
pub(crate) fn place(id: &str) -> String {
    format!("letter/{id}")
}

/// Letters that are not sent.
pub(crate) async fn unsent(db: &impl ConnectionTrait) -> Result<Vec<Model>, ConsoleError> {
    Ok(Entity::find().filter(Column::SentAt.is_null()).all(db).await?)
}

/// Opens a letter.
pub(crate) fn open(vault: &Vault, row: &Model) -> Result<Letter, ConsoleError> {
    super::json("outbox", &vault.open_sealed(&place(&row.id), &row.body_text)?)
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

/// Writes down how an attempt went, unless another began since. A letter that is sent is emptied.
pub(crate) async fn keep(db: &impl ConnectionTrait, row: Model) -> Result<(), ConsoleError> {
    let text = if row.sent_at.is_some() { String::new() } else { row.body_text };
    Entity::update_many()
        .col_expr(Column::BodyText, Expr::value(text))
        .col_expr(Column::SentAt, Expr::value(row.sent_at))
        .col_expr(Column::Error, Expr::value(row.error))
        .filter(Column::Id.eq(row.id))
        .filter(Column::Attempts.eq(row.attempts))
        .exec(db)
        .await?;
    Ok(())
}
