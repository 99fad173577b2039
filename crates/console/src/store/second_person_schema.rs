//! What second-person approval looks at: why a plan is privileged, and who let whom in.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string, text_null};

use super::schema::table;

/// Reasons on plans, and a row for each person whom another let in.
pub(super) struct SecondPerson;

impl MigrationName for SecondPerson {
    fn name(&self) -> &str {
        "m0015_second_person"
    }
}

/// Who let whom in before this was kept stands in the audit record.
const FROM_AUDIT: [&str; 2] = [
    "INSERT INTO vouching (user_id, by_id, how, at) \
     SELECT substr(object, 6), actor_id, 'invited', max(at) FROM audit \
     WHERE action = 'user.invited' GROUP BY object, actor_id",
    "INSERT INTO vouching (user_id, by_id, how, at) \
     SELECT substr(object, 6), actor_id, 'raised', max(at) FROM audit \
     WHERE action = 'user.changed' AND detail LIKE '%super-administrator%' GROUP BY object, actor_id",
];

#[async_trait::async_trait]
impl MigrationTrait for SecondPerson {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reasons = Table::alter().table("change_plan").add_column(text_null("reasons")).to_owned();
        manager.alter_table(reasons).await?;
        let vouching = vec![string("user_id"), string("by_id"), string("how"), big_integer("at")];
        manager.create_table(table("vouching", vouching, &["user_id", "by_id", "how"])).await?;
        for statement in FROM_AUDIT {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
