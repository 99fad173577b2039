//! Syncs: the queue, the leases and the history are one table. An index allows one open sync per connector.
//!
//! A worker holds a sync by a lease with an end and a fencing number. Whatever it writes compares that number, so
//! that a worker which was thought dead and comes back late changes nothing.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order,
    QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use super::{
    Change,
    entity::sync::{ActiveModel, Column, Entity, Model},
};
use crate::{ConsoleError, fresh};

/// A lease lasts so long without a heartbeat.
pub(crate) const LEASE_MS: i64 = 30_000;

/// The sync of a connector that is queued or running.
pub(crate) async fn open_of(
    db: &impl ConnectionTrait,
    connector: &str,
) -> Result<Option<Model>, ConsoleError> {
    Ok(Entity::find()
        .filter(Column::ConnectorId.eq(connector))
        .filter(Column::State.ne("ended"))
        .one(db)
        .await?)
}

pub(crate) async fn by_id(db: &impl ConnectionTrait, id: &str) -> Result<Option<Model>, ConsoleError> {
    Ok(Entity::find_by_id(id).one(db).await?)
}

/// Which syncs of a history; what is empty is not asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The place where the page before ended.
    pub(crate) from: Option<i64>,
    pub(crate) oldest_first: bool,
    pub(crate) result: String,
    pub(crate) cause: String,
}

/// Newest first.
pub(crate) async fn history(
    db: &impl ConnectionTrait,
    connector: &str,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Model>, ConsoleError> {
    look(db, connector, &Wanted { from: before, ..Wanted::default() }, limit).await
}

/// Syncs of a connector, those that fit.
pub(crate) async fn look(
    db: &impl ConnectionTrait,
    connector: &str,
    wanted: &Wanted,
    limit: u64,
) -> Result<Vec<Model>, ConsoleError> {
    let order = if wanted.oldest_first { Order::Asc } else { Order::Desc };
    let mut find = Entity::find()
        .filter(Column::ConnectorId.eq(connector))
        .order_by(Column::QueuedAt, order.clone())
        .order_by(Column::Id, order)
        .limit(limit);
    if let Some(from) = wanted.from {
        find = find.filter(if wanted.oldest_first {
            Column::QueuedAt.gt(from)
        } else {
            Column::QueuedAt.lt(from)
        });
    }
    for (column, value) in [(Column::Result, &wanted.result), (Column::Cause, &wanted.cause)] {
        if !value.is_empty() {
            find = find.filter(column.eq(value));
        }
    }
    Ok(find.all(db).await?)
}

/// Syncs that a worker may take: queued, or held by a lease that has run out.
pub(crate) async fn claimable(db: &impl ConnectionTrait, now: i64) -> Result<Vec<Model>, ConsoleError> {
    Ok(Entity::find()
        .filter(
            Condition::any()
                .add(Column::State.eq("queued"))
                .add(Condition::all().add(Column::State.eq("running")).add(Column::LeaseUntil.lt(now))),
        )
        .order_by_asc(Column::QueuedAt)
        .all(db)
        .await?)
}

/// Syncs that other processes are running.
pub(crate) async fn elsewhere(
    db: &impl ConnectionTrait,
    worker: &str,
    now: i64,
) -> Result<Vec<Model>, ConsoleError> {
    Ok(Entity::find()
        .filter(Column::State.eq("running"))
        .filter(Column::LeaseUntil.gte(now))
        .filter(Column::LeaseOwner.ne(worker))
        .all(db)
        .await?)
}

/// Lets a lease go, so that another process need not wait for its end.
pub(crate) async fn release(db: &impl ConnectionTrait, id: &str, fence: i64) -> Result<(), ConsoleError> {
    Entity::update_many()
        .col_expr(Column::LeaseUntil, Expr::value(0))
        .filter(Column::Id.eq(id))
        .filter(Column::Fence.eq(fence))
        .filter(Column::State.eq("running"))
        .exec(db)
        .await?;
    Ok(())
}

/// Keeps a lease alive; false when it is lost.
pub(crate) async fn heartbeat(
    db: &impl ConnectionTrait,
    id: &str,
    fence: i64,
    now: i64,
) -> Result<bool, ConsoleError> {
    let done = Entity::update_many()
        .col_expr(Column::LeaseUntil, Expr::value(now + LEASE_MS))
        .filter(Column::Id.eq(id))
        .filter(Column::Fence.eq(fence))
        .filter(Column::State.eq("running"))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

impl Change<'_> {
    /// Puts a sync into the queue.
    pub(crate) async fn queue_sync(&self, connector: &str, cause: &str) -> Result<Model, ConsoleError> {
        let row = Model {
            id: fresh::id("syn")?,
            connector_id: connector.to_owned(),
            cause: cause.to_owned(),
            actor: self.who.name.clone(),
            state: "queued".to_owned(),
            result: None,
            queued_at: self.now_ms(),
            started_at: None,
            ended_at: None,
            lease_owner: None,
            lease_until: None,
            fence: 0,
            report: "{}".to_owned(),
            file: None,
        };
        Entity::insert(ActiveModel::from(row.clone()).reset_all()).exec_without_returning(self.tx()).await?;
        Ok(row)
    }

    /// Puts a sync of another life into the history.
    pub(crate) async fn add_sync(&self, row: Model) -> Result<(), ConsoleError> {
        Entity::insert(ActiveModel::from(row).reset_all()).exec_without_returning(self.tx()).await?;
        Ok(())
    }

    /// Takes a sync for a worker: with the next fencing number, or `None` when another was faster.
    pub(crate) async fn claim_sync(&self, sync: &Model, worker: &str) -> Result<Option<Model>, ConsoleError> {
        let mut taken = sync.clone();
        taken.state = "running".to_owned();
        taken.fence += 1;
        taken.lease_owner = Some(worker.to_owned());
        taken.lease_until = Some(self.now_ms() + LEASE_MS);
        taken.started_at = Some(self.now_ms());
        let done = Entity::update_many()
            .set(ActiveModel::from(taken.clone()).reset_all())
            .filter(Column::Id.eq(sync.id.as_str()))
            .filter(Column::Fence.eq(sync.fence))
            .filter(Column::State.ne("ended"))
            .exec(self.tx())
            .await?;
        Ok((done.rows_affected == 1).then_some(taken))
    }

    /// Ends a sync, if this fencing number still holds it.
    pub(crate) async fn end_sync(
        &self,
        id: &str,
        fence: i64,
        result: &str,
        report: String,
        file: Option<String>,
    ) -> Result<bool, ConsoleError> {
        let end = ActiveModel {
            state: Set("ended".to_owned()),
            result: Set(Some(result.to_owned())),
            ended_at: Set(Some(self.now_ms())),
            lease_owner: Set(None),
            lease_until: Set(None),
            report: Set(report),
            file: Set(file),
            ..<ActiveModel as Default>::default()
        };
        let done = Entity::update_many()
            .set(end)
            .filter(Column::Id.eq(id))
            .filter(Column::Fence.eq(fence))
            .filter(Column::State.ne("ended"))
            .exec(self.tx())
            .await?;
        Ok(done.rows_affected == 1)
    }

    /// The snapshot of a sync goes; its row stays, with this report.
    pub(crate) async fn forget_snapshot(&self, id: &str, report: String) -> Result<(), ConsoleError> {
        Entity::update_many()
            .col_expr(Column::File, Expr::value(Option::<String>::None))
            .col_expr(Column::Report, Expr::value(report))
            .filter(Column::Id.eq(id))
            .exec(self.tx())
            .await?;
        Ok(())
    }

    /// Changes what stands in the history of an ended sync (a held one that was decided).
    pub(crate) async fn settle_sync(&self, id: &str, result: &str) -> Result<(), ConsoleError> {
        Entity::update_many()
            .col_expr(Column::Result, Expr::value(result))
            .filter(Column::Id.eq(id))
            .exec(self.tx())
            .await?;
        Ok(())
    }

    /// Makes the leases of processes that are gone run out at once.
    pub(crate) async fn expire_leases(&self) -> Result<u64, ConsoleError> {
        let done = Entity::update_many()
            .col_expr(Column::LeaseUntil, Expr::value(0))
            .filter(Column::State.eq("running"))
            .exec(self.tx())
            .await?;
        Ok(done.rows_affected)
    }
}
