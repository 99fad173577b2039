//! Letters and messages that lie sealed until they are sent, and the head of the audit record in the database.
//!
//! No table changes its shape. An earlier version must not open the database all the same: it would send what is sealed
//! as it is.

use sea_orm_migration::prelude::*;

use super::head;

/// Empties what was sent, and says that the database holds no head yet. What waits is sealed when the vault is open.
pub(super) struct Sealed;

impl MigrationName for Sealed {
    fn name(&self) -> &str {
        "m0013_sealed"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Sealed {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let setting = head::SETTING;
        let db = manager.get_connection();
        for statement in [
            "UPDATE outbox SET subject = '', body_text = '', body_html = '' WHERE sent_at IS NOT NULL"
                .to_owned(),
            "UPDATE delivery SET body = '' WHERE sent_at IS NOT NULL".to_owned(),
            format!("DELETE FROM console_setting WHERE name = '{setting}'"),
            format!("INSERT INTO console_setting (name, value) VALUES ('{setting}', '{}')", head::UPGRADED),
        ] {
            db.execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
