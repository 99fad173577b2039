//! Changes that were planned, and what became of them.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};

use super::{
    Change,
    entity::plan::{Column, Entity, Model},
};
use crate::ConsoleError;

/// Plans of a connector (of all, when it is empty), newest first.
pub(crate) async fn of(
    db: &impl ConnectionTrait,
    connector: &str,
    from: u64,
    limit: u64,
) -> Result<Vec<Model>, ConsoleError> {
    let find = find(connector).order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
    Ok(find.offset(from).limit(limit).all(db).await?)
}

/// How many there are.
pub(crate) async fn count(db: &impl ConnectionTrait, connector: &str) -> Result<usize, ConsoleError> {
    Ok(usize::try_from(find(connector).count(db).await?).unwrap_or(usize::MAX))
}

fn find(connector: &str) -> Select<Entity> {
    let find = Entity::find();
    if connector.is_empty() { find } else { find.filter(Column::ConnectorId.eq(connector)) }
}

/// One of a connector.
pub(crate) async fn by_id(
    db: &impl ConnectionTrait,
    connector: &str,
    id: &str,
) -> Result<Option<Model>, ConsoleError> {
    Ok(Entity::find_by_id(id).filter(Column::ConnectorId.eq(connector)).one(db).await?)
}

/// Those that were being applied when their process went away.
pub(crate) async fn applying(db: &impl ConnectionTrait) -> Result<Vec<Model>, ConsoleError> {
    Ok(Entity::find().filter(Column::State.eq("applying")).all(db).await?)
}

/// Plans of a connector that may still be applied.
pub(crate) async fn waiting(db: &impl ConnectionTrait, connector: &str) -> Result<Vec<Model>, ConsoleError> {
    Ok(Entity::find()
        .filter(Column::ConnectorId.eq(connector))
        .filter(Column::State.ne("ended"))
        .all(db)
        .await?)
}

impl Change<'_> {
    /// Adds a plan.
    pub(crate) async fn add_plan(&self, row: Model) -> Result<(), ConsoleError> {
        Entity::insert(row.into_active_model().reset_all()).exec_without_returning(self.tx()).await?;
        Ok(())
    }

    /// Removes plans that ended before a time, and those that were made before it and never applied; how many.
    pub(crate) async fn forget_plans(&self, before: i64) -> Result<u64, ConsoleError> {
        let never = Condition::all()
            .add(Column::CreatedAt.lt(before))
            .add(Column::State.is_in(["planned", "approved"]));
        let ended = Condition::all().add(Column::EndedAt.lt(before)).add(Column::State.eq("ended"));
        let done =
            Entity::delete_many().filter(Condition::any().add(never).add(ended)).exec(self.tx()).await?;
        Ok(done.rows_affected)
    }

    /// Moves a plan on; false when it is not in the state any more in which it was seen.
    pub(crate) async fn move_plan(&self, seen: &str, row: Model) -> Result<bool, ConsoleError> {
        let id = row.id.clone();
        let done = Entity::update_many()
            .set(row.into_active_model().reset_all())
            .filter(Column::Id.eq(id))
            .filter(Column::State.eq(seen))
            .exec(self.tx())
            .await?;
        Ok(done.rows_affected == 1)
    }
}
