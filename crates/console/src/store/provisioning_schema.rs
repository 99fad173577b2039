//! Tables of granting and revoking: the switch of a connector, and plans.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, string, string_null, text, text_null,
};

use super::schema::table;

/// The switch of each connector, and the plans.
pub(super) struct ProvisioningTables;

impl MigrationName for ProvisioningTables {
    fn name(&self) -> &str {
        "m0010_provisioning"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ProvisioningTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let switch = vec![
            string("connector_id"),
            boolean("enabled"),
            boolean("second_person"),
            text("reason"),
            string("changed_by"),
            big_integer("changed_at"),
            text_null("secret"),
            text_null("secret_note"),
        ];
        manager.create_table(table("provisioning", switch, &["connector_id"])).await?;
        let plan = vec![
            string("id"),
            string("connector_id"),
            big_integer("created_at"),
            string("author_id"),
            string("author"),
            text("says"),
            text("body"),
            string("digest"),
            text("concerns"),
            boolean("privileged"),
            string("state"),
            string_null("approver_id"),
            string_null("approver"),
            big_integer_null("approved_at"),
            string_null("applier"),
            big_integer_null("began_at"),
            big_integer_null("ended_at"),
            text_null("result"),
        ];
        manager.create_table(table("change_plan", plan, &["id"])).await?;
        let index = Index::create()
            .name("plan_of_connector")
            .table("change_plan")
            .col("connector_id")
            .col("created_at")
            .to_owned();
        manager.create_index(index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
