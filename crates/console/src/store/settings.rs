//! Settings of the console as a whole, by name.

use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};

use super::entity::console_setting::{Entity, Model};
use crate::ConsoleError;

pub(crate) async fn get(db: &impl ConnectionTrait, name: &str) -> Result<Option<String>, ConsoleError> {
    Ok(Entity::find_by_id(name).one(db).await?.map(|row| row.value))
}

pub(crate) async fn remove(db: &impl ConnectionTrait, name: &str) -> Result<(), ConsoleError> {
    Entity::delete_by_id(name).exec(db).await?;
    Ok(())
}

pub(crate) async fn set(db: &impl ConnectionTrait, name: &str, value: &str) -> Result<(), ConsoleError> {
    Entity::delete_by_id(name).exec(db).await?;
    let row = Model { name: name.to_owned(), value: value.to_owned() };
    Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}
