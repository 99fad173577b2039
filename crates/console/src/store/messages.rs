//! Who wants to hear of changes of access, and what is still to be told.
//!
//! A message to a webhook says who gained and lost what: it lies sealed until it is taken, and is emptied then.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

use super::{
    Change,
    entity::{delivery, telling, watch, webhook},
};
use crate::{ConsoleError, fresh, vault::Vault};

/// Where a webhook's secret is sealed for.
pub(crate) fn secret_place(webhook: &str) -> String {
    format!("webhook/{webhook}/secret")
}

impl Change<'_> {
    /// Notes that the difference between two syncs is to be told; in the transaction that takes the newer one over.
    pub(crate) async fn tell_of(&self, connector: &str, old: &str, new: &str) -> Result<(), ConsoleError> {
        let row = telling::Model {
            id: fresh::id("tel")?,
            connector_id: connector.to_owned(),
            old_sync: old.to_owned(),
            new_sync: new.to_owned(),
            created_at: self.now_ms(),
        };
        telling::Entity::insert(row.into_active_model().reset_all())
            .exec_without_returning(self.tx())
            .await?;
        Ok(())
    }

    /// It is told.
    pub(crate) async fn told(&self, id: &str) -> Result<bool, ConsoleError> {
        let done = telling::Entity::delete_by_id(id).exec(self.tx()).await?;
        Ok(done.rows_affected == 1)
    }

    pub(crate) async fn add_watch(&self, kind: &str, value: &str) -> Result<watch::Model, ConsoleError> {
        let row = watch::Model {
            id: fresh::id("wat")?,
            user_id: self.who.id.clone(),
            kind: kind.to_owned(),
            value: value.to_owned(),
            created_at: self.now_ms(),
        };
        watch::Entity::insert(row.clone().into_active_model().reset_all())
            .exec_without_returning(self.tx())
            .await?;
        Ok(row)
    }

    /// Ends a watch of this person; false when there is none.
    pub(crate) async fn end_watch(&self, id: &str) -> Result<bool, ConsoleError> {
        let done = watch::Entity::delete_by_id(id)
            .filter(watch::Column::UserId.eq(&self.who.id))
            .exec(self.tx())
            .await?;
        Ok(done.rows_affected == 1)
    }

    pub(crate) async fn add_webhook(&self, row: webhook::Model) -> Result<(), ConsoleError> {
        webhook::Entity::insert(row.into_active_model().reset_all())
            .exec_without_returning(self.tx())
            .await?;
        Ok(())
    }

    /// Ends a webhook with what it was still to be sent; false when there is none.
    pub(crate) async fn end_webhook(&self, id: &str) -> Result<bool, ConsoleError> {
        delivery::Entity::delete_many().filter(delivery::Column::WebhookId.eq(id)).exec(self.tx()).await?;
        let done = webhook::Entity::delete_by_id(id).exec(self.tx()).await?;
        Ok(done.rows_affected == 1)
    }

    /// Puts a message for a webhook into the queue.
    pub(crate) async fn deliver(&self, webhook: &str, body: &str) -> Result<(), ConsoleError> {
        let id = fresh::id("dlv")?;
        let row = delivery::Model {
            body: self.seal(&delivery_place(&id), body)?,
            id,
            webhook_id: webhook.to_owned(),
            created_at: self.now_ms(),
            next_at: self.now_ms(),
            attempts: 0,
            sent_at: None,
        };
        delivery::Entity::insert(row.into_active_model().reset_all())
            .exec_without_returning(self.tx())
            .await?;
        Ok(())
    }

    /// Seals messages that an earlier version left as they are; how many.
    pub(crate) async fn seal_deliveries(&self) -> Result<usize, ConsoleError> {
        let mut sealed = 0;
        // Every message is a JSON object.
        for row in undelivered(self.tx()).await?.into_iter().filter(|row| row.body.starts_with('{')) {
            set_body(self.tx(), &row.id, self.seal(&delivery_place(&row.id), &row.body)?).await?;
            sealed += 1;
        }
        Ok(sealed)
    }

    /// Seals messages that open under one vault under that of this change.
    pub(crate) async fn move_deliveries(&self, from: &Vault) -> Result<(), ConsoleError> {
        for row in undelivered(self.tx()).await? {
            let place = delivery_place(&row.id);
            if let Ok(body) = from.open_sealed(&place, &row.body) {
                set_body(self.tx(), &row.id, self.seal(&place, &body)?).await?;
            }
        }
        Ok(())
    }

    /// Removes messages to webhooks that were written before a time; how many.
    pub(crate) async fn forget_deliveries(&self, before: i64) -> Result<u64, ConsoleError> {
        let old = delivery::Entity::delete_many().filter(delivery::Column::CreatedAt.lt(before));
        Ok(old.exec(self.tx()).await?.rows_affected)
    }
}

async fn set_body(db: &impl ConnectionTrait, id: &str, body: String) -> Result<(), ConsoleError> {
    delivery::Entity::update_many()
        .col_expr(delivery::Column::Body, Expr::value(body))
        .filter(delivery::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Where a message to a webhook is sealed for.
pub(crate) fn delivery_place(id: &str) -> String {
    format!("delivery/{id}")
}

/// Messages to webhooks that are not taken.
pub(crate) async fn undelivered(db: &impl ConnectionTrait) -> Result<Vec<delivery::Model>, ConsoleError> {
    Ok(delivery::Entity::find().filter(delivery::Column::SentAt.is_null()).all(db).await?)
}

/// What is to be told, oldest first.
pub(crate) async fn to_tell(db: &impl ConnectionTrait) -> Result<Vec<telling::Model>, ConsoleError> {
    Ok(telling::Entity::find().order_by_asc(telling::Column::CreatedAt).limit(10).all(db).await?)
}

/// Every watch, or those of one person.
pub(crate) async fn watches(
    db: &impl ConnectionTrait,
    user: Option<&str>,
) -> Result<Vec<watch::Model>, ConsoleError> {
    let mut find = watch::Entity::find().order_by_asc(watch::Column::CreatedAt);
    if let Some(user) = user {
        find = find.filter(watch::Column::UserId.eq(user));
    }
    Ok(find.all(db).await?)
}

pub(crate) async fn webhooks(db: &impl ConnectionTrait) -> Result<Vec<webhook::Model>, ConsoleError> {
    Ok(webhook::Entity::find().order_by_asc(webhook::Column::CreatedAt).all(db).await?)
}

/// Writes down how the last attempt of a webhook went, and nothing else: its secret may be sealed anew meanwhile.
pub(crate) async fn note_webhook(
    db: &impl ConnectionTrait,
    row: &webhook::Model,
) -> Result<(), ConsoleError> {
    webhook::Entity::update_many()
        .col_expr(webhook::Column::SentAt, Expr::value(row.sent_at))
        .col_expr(webhook::Column::Error, Expr::value(row.error.clone()))
        .filter(webhook::Column::Id.eq(&row.id))
        .exec(db)
        .await?;
    Ok(())
}

pub(crate) async fn keep_webhook(db: &impl ConnectionTrait, row: webhook::Model) -> Result<(), ConsoleError> {
    webhook::Entity::update(row.into_active_model().reset_all()).exec(db).await?;
    Ok(())
}

/// Messages to webhooks that are due.
pub(crate) async fn due(db: &impl ConnectionTrait, now: i64) -> Result<Vec<delivery::Model>, ConsoleError> {
    Ok(delivery::Entity::find()
        .filter(delivery::Column::SentAt.is_null())
        .filter(delivery::Column::NextAt.lte(now))
        .order_by_asc(delivery::Column::CreatedAt)
        .limit(20)
        .all(db)
        .await?)
}

/// Takes a message for one attempt, which ends before the next is due; false when another process was faster.
pub(crate) async fn claim_delivery(
    db: &impl ConnectionTrait,
    row: &mut delivery::Model,
    next_at: i64,
) -> Result<bool, ConsoleError> {
    let done = delivery::Entity::update_many()
        .col_expr(delivery::Column::Attempts, Expr::value(row.attempts + 1))
        .col_expr(delivery::Column::NextAt, Expr::value(next_at))
        .filter(delivery::Column::Id.eq(&row.id))
        .filter(delivery::Column::Attempts.eq(row.attempts))
        .filter(delivery::Column::SentAt.is_null())
        .exec(db)
        .await?;
    (row.attempts, row.next_at) = (row.attempts + 1, next_at);
    Ok(done.rows_affected == 1)
}

/// A message was taken: it is emptied.
pub(crate) async fn delivered(db: &impl ConnectionTrait, row: &delivery::Model) -> Result<(), ConsoleError> {
    delivery::Entity::update_many()
        .col_expr(delivery::Column::Body, Expr::value(""))
        .col_expr(delivery::Column::SentAt, Expr::value(row.sent_at))
        .filter(delivery::Column::Id.eq(&row.id))
        .exec(db)
        .await?;
    Ok(())
}
