//! Which connectors may write.

use std::collections::BTreeSet;

use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::{
    Change,
    entity::provisioning::{Column, Entity, Model},
};
use crate::{ConsoleError, settings::SecretNote};

/// The switch of a connector; off where nobody has touched it.
pub(crate) async fn of(db: &impl ConnectionTrait, connector: &str) -> Result<Model, ConsoleError> {
    let row = Entity::find_by_id(connector).one(db).await?;
    Ok(row.unwrap_or_else(|| Model {
        connector_id: connector.to_owned(),
        enabled: false,
        second_person: true,
        reason: String::new(),
        changed_by: String::new(),
        changed_at: 0,
        secret: None,
        secret_note: None,
    }))
}

/// The connectors that may write.
pub(crate) async fn enabled(db: &impl ConnectionTrait) -> Result<BTreeSet<String>, ConsoleError> {
    let rows = Entity::find().filter(Column::Enabled.eq(true)).all(db).await?;
    Ok(rows.into_iter().map(|row| row.connector_id).collect())
}

/// Those with a second credential.
pub(crate) async fn with_secret(db: &impl ConnectionTrait) -> Result<Vec<Model>, ConsoleError> {
    Ok(Entity::find().filter(Column::Secret.is_not_null()).all(db).await?)
}

/// What is known of the second credential, if there is one.
pub(crate) fn note(row: &Model) -> Result<Option<SecretNote>, ConsoleError> {
    row.secret_note.as_deref().map(|note| super::json("provisioning", note)).transpose()
}

impl Change<'_> {
    /// Writes the switch of a connector.
    pub(crate) async fn keep_provisioning(&self, row: Model) -> Result<(), ConsoleError> {
        self.forget_provisioning(&row.connector_id).await?;
        Entity::insert(row.into_active_model().reset_all()).exec_without_returning(self.tx()).await?;
        Ok(())
    }

    /// Destroys switch and second credential.
    pub(crate) async fn forget_provisioning(&self, connector: &str) -> Result<(), ConsoleError> {
        Entity::delete_by_id(connector).exec(self.tx()).await?;
        Ok(())
    }
}
