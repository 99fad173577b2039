//! Migrations: forward only, one per change, never edited once released.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, string, string_null, text, text_null,
};

/// All migrations, oldest first.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(First),
            Box::new(Acceptances),
            Box::new(Messages),
            Box::new(super::provisioning_schema::ProvisioningTables),
            Box::new(super::shared_schema::SharedTables),
            Box::new(super::sign_in_schema::SignInTables),
            Box::new(super::origin_schema::BoundSecrets),
            Box::new(super::sealed_schema::Sealed),
            Box::new(super::second_person_schema::SecondPerson),
        ]
    }
}

/// The tables of the first version.
struct First;

impl MigrationName for First {
    fn name(&self) -> &str {
        "m0001_first"
    }
}

pub(super) fn table(
    name: &'static str,
    columns: Vec<ColumnDef>,
    key: &[&'static str],
) -> TableCreateStatement {
    let mut create = Table::create();
    create.table(name);
    for column in columns {
        create.col(column);
    }
    let mut primary = Index::create();
    for column in key {
        primary.col(*column);
    }
    create.primary_key(&mut primary);
    create.to_owned()
}

fn people() -> Vec<TableCreateStatement> {
    vec![
        table(
            "console_user",
            vec![
                string("id"),
                string("email").unique_key().take(),
                string("name"),
                string("roles"),
                text_null("password"),
                boolean("active"),
                big_integer("created_at"),
                big_integer_null("signed_in_at"),
                integer("failures"),
                big_integer_null("locked_until"),
            ],
            &["id"],
        ),
        table(
            "session",
            vec![
                string("id"),
                string("user_id"),
                string("csrf"),
                big_integer("created_at"),
                big_integer("seen_at"),
            ],
            &["id"],
        ),
        table(
            "one_time_link",
            vec![
                string("id"),
                string("purpose"),
                string_null("user_id"),
                big_integer("created_at"),
                big_integer("expires_at"),
                big_integer_null("used_at"),
            ],
            &["id"],
        ),
        table(
            "api_key",
            vec![
                string("id"),
                string("hash").unique_key().take(),
                string("user_id"),
                string("name"),
                string("role"),
                big_integer("created_at"),
                big_integer("expires_at"),
                big_integer_null("used_at"),
            ],
            &["id"],
        ),
    ]
}

fn connectors() -> Vec<TableCreateStatement> {
    vec![
        table(
            "okta_org",
            vec![
                string("id"),
                string("name"),
                string("domain"),
                big_integer_null("discovered_at"),
                big_integer("created_at"),
            ],
            &["id"],
        ),
        table(
            "app",
            vec![
                string("id"),
                string_null("org_id"),
                string_null("okta_id"),
                string("name"),
                string("kind"),
                string("state"),
                string("provider_status"),
                big_integer("created_at"),
                big_integer("updated_at"),
            ],
            &["id"],
        ),
        table("app_owner", vec![string("app_id"), string("user_id")], &["app_id", "user_id"]),
        table(
            "connector",
            vec![
                string("id"),
                string("name"),
                string("kind"),
                string("app_id"),
                string_null("org_id"),
                string("created_by"),
                big_integer("created_at"),
                big_integer("updated_at"),
                big_integer("version"),
                text("settings"),
                text_null("secret"),
                text_null("secret_note"),
                text("life"),
                text("schedule"),
                string_null("good_sync"),
                string_null("held_sync"),
                big_integer_null("deleted_at"),
            ],
            &["id"],
        ),
        table(
            "connector_owner",
            vec![string("connector_id"), string("user_id"), big_integer("since")],
            &["connector_id", "user_id"],
        ),
        table(
            "sync",
            vec![
                string("id"),
                string("connector_id"),
                string("cause"),
                string("actor"),
                string("state"),
                string_null("result"),
                big_integer("queued_at"),
                big_integer_null("started_at"),
                big_integer_null("ended_at"),
                string_null("lease_owner"),
                big_integer_null("lease_until"),
                big_integer("fence"),
                text("report"),
                text_null("file"),
            ],
            &["id"],
        ),
    ]
}

fn records() -> Vec<TableCreateStatement> {
    vec![
        table(
            "audit",
            vec![
                big_integer("seq"),
                big_integer("at"),
                string("actor_id"),
                string("actor"),
                string("action"),
                string("object"),
                text("detail"),
                string("prev"),
                string("hash"),
            ],
            &["seq"],
        ),
        table(
            "outbox",
            vec![
                string("id"),
                string("once").unique_key().take(),
                string("recipient"),
                string("subject"),
                text("body_text"),
                text("body_html"),
                big_integer("created_at"),
                big_integer("next_at"),
                integer("attempts"),
                big_integer_null("sent_at"),
                text_null("error"),
            ],
            &["id"],
        ),
        table(
            "kept_answer",
            vec![string("id"), string("request"), integer("status"), text("body"), big_integer("at")],
            &["id"],
        ),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for First {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for create in people().into_iter().chain(connectors()).chain(records()) {
            manager.create_table(create).await?;
        }
        // One open sync per connector, whoever asks: the queue's own law.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE UNIQUE INDEX one_open_sync ON sync (connector_id) WHERE state <> 'ended'",
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("sync_of_connector")
                    .table("sync")
                    .col("connector_id")
                    .col("queued_at")
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(Index::create().name("session_of_user").table("session").col("user_id").to_owned())
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Findings that somebody has accepted for a time.
struct Acceptances;

impl MigrationName for Acceptances {
    fn name(&self) -> &str {
        "m0002_acceptances"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Acceptances {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            string("id"),
            string("connector_id"),
            text("finding"),
            text("reason"),
            string("user_id"),
            string("user_name"),
            string("until"),
            big_integer("created_at"),
        ];
        manager.create_table(table("acceptance", columns, &["id"])).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// What is told after a sync, and to whom.
struct Messages;

impl MigrationName for Messages {
    fn name(&self) -> &str {
        "m0003_messages"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Messages {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            table(
                "watch",
                vec![
                    string("id"),
                    string("user_id"),
                    string("kind"),
                    text("value"),
                    big_integer("created_at"),
                ],
                &["id"],
            ),
            table(
                "webhook",
                vec![
                    string("id"),
                    text("url"),
                    text("secret"),
                    string("created_by"),
                    big_integer("created_at"),
                    big_integer_null("sent_at"),
                    text_null("error"),
                ],
                &["id"],
            ),
            table(
                "telling",
                vec![
                    string("id"),
                    string("connector_id"),
                    string("old_sync"),
                    string("new_sync"),
                    big_integer("created_at"),
                ],
                &["id"],
            ),
            table(
                "delivery",
                vec![
                    string("id"),
                    string("webhook_id"),
                    text("body"),
                    big_integer("created_at"),
                    big_integer("next_at"),
                    integer("attempts"),
                    big_integer_null("sent_at"),
                ],
                &["id"],
            ),
        ];
        for create in tables {
            manager.create_table(create).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
