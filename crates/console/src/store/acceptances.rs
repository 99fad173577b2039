//! Findings that somebody has accepted for a time.

use jiff::civil::Date;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};

use super::{
    Change,
    entity::acceptance::{Column, Entity, Model},
};
use crate::{ConsoleError, fresh};

impl Change<'_> {
    /// Accepts a finding of a connector; an older word on it ends.
    pub(crate) async fn accept(
        &self,
        connector: &str,
        finding: &str,
        reason: &str,
        until: Date,
    ) -> Result<Model, ConsoleError> {
        Entity::delete_many()
            .filter(Column::ConnectorId.eq(connector))
            .filter(Column::Finding.eq(finding))
            .exec(self.tx())
            .await?;
        let row = Model {
            id: fresh::id("acc")?,
            connector_id: connector.to_owned(),
            finding: finding.to_owned(),
            reason: reason.to_owned(),
            user_id: self.who.id.clone(),
            user_name: self.who.name.clone(),
            until: until.to_string(),
            created_at: self.now_ms(),
        };
        Entity::insert(row.clone().into_active_model().reset_all()).exec_without_returning(self.tx()).await?;
        Ok(row)
    }

    /// Ends an acceptance.
    pub(crate) async fn end_acceptance(&self, id: &str) -> Result<(), ConsoleError> {
        Entity::delete_by_id(id).exec(self.tx()).await?;
        Ok(())
    }
}

/// The acceptances of a connector, oldest first.
pub(crate) async fn of(db: &impl ConnectionTrait, connector: &str) -> Result<Vec<Model>, ConsoleError> {
    Ok(Entity::find()
        .filter(Column::ConnectorId.eq(connector))
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .all(db)
        .await?)
}

/// One of them.
pub(crate) async fn by_id(db: &impl ConnectionTrait, id: &str) -> Result<Option<Model>, ConsoleError> {
    Ok(Entity::find_by_id(id).one(db).await?)
}
