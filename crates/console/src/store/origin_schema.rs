//! Secrets are bound to the origin of their connector: only who holds the vault's key can do it, so this leaves a mark.

use sea_orm_migration::prelude::*;

use super::shared::UNBOUND_SECRETS;

/// Marks that secrets of before may be in the database.
pub(super) struct BoundSecrets;

impl MigrationName for BoundSecrets {
    fn name(&self) -> &str {
        "m0013_bound_secrets"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for BoundSecrets {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut mark = Query::insert();
        mark.into_table("fact").columns(["id", "value"]).values_panic([UNBOUND_SECRETS.into(), "yes".into()]);
        manager.execute(mark).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
