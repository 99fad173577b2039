//! Tables of sign-in through a provider, and of the console's own settings.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string, text};

use super::schema::table;

/// Attempts under way, who is whom, and settings by name.
pub(super) struct SignInTables;

impl MigrationName for SignInTables {
    fn name(&self) -> &str {
        "m0012_sign_in"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SignInTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let attempt = vec![string("id"), text("back_to"), big_integer("expires_at")];
        manager.create_table(table("sign_in_attempt", attempt, &["id"])).await?;
        let identity =
            vec![string("issuer"), string("subject"), string("user_id"), big_integer("created_at")];
        manager.create_table(table("identity", identity, &["issuer", "subject"])).await?;
        let setting = vec![string("name"), text("value")];
        manager.create_table(table("console_setting", setting, &["name"])).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
