//! Tables of processes that share one database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string, string_null, text};

use super::schema::table;

/// Who is at work, whose turn it is, and what all of them must agree on.
pub(super) struct SharedTables;

impl MigrationName for SharedTables {
    fn name(&self) -> &str {
        "m0011_shared"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SharedTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let process = vec![string("id"), text("name"), big_integer("started_at"), big_integer("seen_at")];
        manager.create_table(table("process", process, &["id"])).await?;
        manager.create_table(table("turn", vec![string("id"), big_integer("next_at")], &["id"])).await?;
        manager.create_table(table("fact", vec![string("id"), text("value")], &["id"])).await?;
        // Which process applies a plan: another one must not think that it is lost.
        let column = Table::alter().table("change_plan").add_column(string_null("worker")).to_owned();
        manager.alter_table(column).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
