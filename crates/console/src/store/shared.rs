//! What processes that share one database know of each other: who is at work, whose turn something is, and what all
//! of them must agree on.
//!
//! A turn is taken by one statement that looks and writes at once, so that of two processes one gets it, on either
//! database.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, sea_query::Expr,
    sea_query::OnConflict,
};

use super::Change;
use crate::ConsoleError;

/// A process that has not been heard of for so long is taken for gone.
pub(crate) const SILENT_MS: i64 = 30_000;

/// The key that secrets are sealed under.
pub(crate) const VAULT_KEY: &str = "vault-key";
/// Left by a migration: secrets may be sealed in the form of the first versions.
pub(crate) const UNBOUND_SECRETS: &str = "unbound-secrets";
/// The mark of the place where snapshots lie.
pub(crate) const BLOBS: &str = "blobs";

/// Processes at work.
mod process {
    #![expect(unreachable_pub, reason = "the derive writes public items; the module itself is private")]
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "process")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub started_at: i64,
        pub seen_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// When something may next be done, by whoever comes first.
mod turn {
    #![expect(unreachable_pub, reason = "the derive writes public items; the module itself is private")]
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "turn")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub next_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// What holds for every process.
mod fact {
    #![expect(unreachable_pub, reason = "the derive writes public items; the module itself is private")]
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "fact")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub value: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Notes that this process is at work.
pub(crate) async fn join(
    db: &impl ConnectionTrait,
    id: &str,
    name: &str,
    now: i64,
) -> Result<(), ConsoleError> {
    // Rows of processes that are long gone serve nobody.
    process::Entity::delete_many()
        .filter(process::Column::SeenAt.lt(now - 24 * 60 * 60 * 1000))
        .exec(db)
        .await?;
    let row = process::ActiveModel {
        id: Set(id.to_owned()),
        name: Set(name.to_owned()),
        started_at: Set(now),
        seen_at: Set(now),
    };
    process::Entity::insert(row)
        .on_conflict(
            OnConflict::column(process::Column::Id).update_column(process::Column::SeenAt).to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// This process ends in order.
pub(crate) async fn leave(db: &impl ConnectionTrait, id: &str) -> Result<(), ConsoleError> {
    // Its name is still asked for: by what it began.
    process::Entity::update_many()
        .col_expr(process::Column::SeenAt, Expr::value(0))
        .filter(process::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Names of the processes that are at work, by id.
pub(crate) async fn at_work(
    db: &impl ConnectionTrait,
    now: i64,
) -> Result<HashMap<String, String>, ConsoleError> {
    let rows = process::Entity::find().filter(process::Column::SeenAt.gte(now - SILENT_MS)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// The name of a process, also of one that is gone.
pub(crate) async fn name_of(db: &impl ConnectionTrait, id: &str) -> Result<Option<String>, ConsoleError> {
    Ok(process::Entity::find_by_id(id).one(db).await?.map(|row| row.name))
}

/// Takes the turn to do something that is done once in `every` milliseconds, whoever does it; says whether it is ours.
pub(crate) async fn take_turn(
    db: &impl ConnectionTrait,
    what: &str,
    now: i64,
    every: i64,
) -> Result<bool, ConsoleError> {
    let first = turn::ActiveModel { id: Set(what.to_owned()), next_at: Set(0) };
    turn::Entity::insert(first)
        .on_conflict_do_nothing_on([turn::Column::Id])
        .exec_without_returning(db)
        .await?;
    let done = turn::Entity::update_many()
        .col_expr(turn::Column::NextAt, Expr::value(now + every))
        .filter(turn::Column::Id.eq(what))
        .filter(turn::Column::NextAt.lte(now))
        .exec(db)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Whether the database takes writes: one that nobody reads.
pub(crate) async fn try_write(db: &impl ConnectionTrait) -> Result<(), ConsoleError> {
    let row = turn::ActiveModel { id: Set("ready".to_owned()), next_at: Set(0) };
    turn::Entity::insert(row)
        .on_conflict(OnConflict::column(turn::Column::Id).update_column(turn::Column::NextAt).to_owned())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// What all processes agreed on; nothing where nobody has said it yet.
pub(crate) async fn fact(db: &impl ConnectionTrait, what: &str) -> Result<Option<String>, ConsoleError> {
    Ok(fact::Entity::find_by_id(what).one(db).await?.map(|row| row.value))
}

impl Change<'_> {
    /// Says what holds for every process from now on.
    pub(crate) async fn keep_fact(&self, what: &str, value: &str) -> Result<(), ConsoleError> {
        let row = fact::ActiveModel { id: Set(what.to_owned()), value: Set(value.to_owned()) };
        fact::Entity::insert(row)
            .on_conflict(OnConflict::column(fact::Column::Id).update_column(fact::Column::Value).to_owned())
            .exec_without_returning(self.tx())
            .await?;
        Ok(())
    }

    /// Takes back what held for every process.
    pub(crate) async fn forget_fact(&self, what: &str) -> Result<(), ConsoleError> {
        fact::Entity::delete_by_id(what).exec(self.tx()).await?;
        Ok(())
    }
}
