//! The two databases: SQLite in the data folder, for one process; or a PostgreSQL, which several processes share.

use std::{path::Path, time::Duration};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use url::Url;

use super::{FILE, schema::Migrator};
use crate::{ConsoleError, private};

/// Changes of all processes take turns under this lock of PostgreSQL's: the chain of the audit record has one order.
/// It ends with its transaction, also when a process is gone.
pub(super) const CHANGING: &str = "SELECT pg_advisory_xact_lock(7165623, 1)";
/// Two processes that start at once migrate one after the other.
const MIGRATING: &str = "SELECT pg_advisory_xact_lock(7165623, 2)";
/// A process that stands still in the middle of a change is cut off after so long, so that the others go on.
const STANDSTILL: Duration = Duration::from_secs(30);
/// A change waits so long for its turn.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether a database of this URL can be used. The URL may hold a password: only its kind is repeated.
pub(crate) fn check_url(url: Option<&str>) -> Result<(), ConsoleError> {
    let Some(url) = url else { return Ok(()) };
    let kind = url.split(':').next().unwrap_or_default();
    match kind {
        "sqlite" => Ok(()),
        "postgres" | "postgresql" if Url::parse(url).is_ok_and(|url| url.host().is_some()) => Ok(()),
        "postgres" | "postgresql" => Err(ConsoleError::DatabaseUrl),
        _ => Err(ConsoleError::DatabaseKind(format!("{kind}:…"))),
    }
}

/// Whether it is a database that several processes share.
pub(crate) fn is_shared(url: Option<&str>) -> bool {
    url.is_some_and(|url| url.starts_with("postgres"))
}

pub(super) async fn connect(
    url: Option<&str>,
    data: &Path,
    mode: &str,
) -> Result<DatabaseConnection, ConsoleError> {
    check_url(url)?;
    let shared = is_shared(url);
    if url.is_none() && mode == "rwc" {
        private::create_file(&data.join(FILE))?;
    }
    let url =
        url.map_or_else(|| format!("sqlite://{}?mode={mode}", data.join(FILE).display()), str::to_owned);
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(if shared { 8 } else { 4 })
        .acquire_timeout(Duration::from_secs(10))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|options| {
            options
                .foreign_keys(true)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                // What is overwritten is gone from the file too: ciphertexts of destroyed secrets.
                .pragma("secure_delete", "ON")
                .busy_timeout(Duration::from_secs(5))
        })
        .map_sqlx_postgres_opts(|options| {
            options.application_name("rolebook").options([
                ("idle_in_transaction_session_timeout", STANDSTILL.as_millis().to_string()),
                ("lock_timeout", PATIENCE.as_millis().to_string()),
            ])
        });
    match Database::connect(options).await {
        Ok(db) => Ok(db),
        Err(error) if shared => Err(ConsoleError::DatabaseAway(error)),
        Err(error) => Err(error.into()),
    }
}

/// Names of the migrations that this version knows, oldest first.
pub(super) fn known() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// Names of the migrations that a database has; none where there is none.
pub(super) async fn applied(db: &DatabaseConnection) -> Vec<String> {
    let ask = "SELECT version FROM seaql_migrations ORDER BY version";
    match db.query_all_raw(Statement::from_string(db.get_database_backend(), ask)).await {
        Ok(rows) => rows.iter().filter_map(|row| row.try_get("", "version").ok()).collect(),
        Err(_) => Vec::new(),
    }
}

pub(super) fn refuse_newer(known: &[String], applied: &[String]) -> Result<(), ConsoleError> {
    match applied.iter().find(|version| !known.contains(version)) {
        Some(found) => Err(ConsoleError::Newer {
            found: found.clone(),
            known: known.last().cloned().unwrap_or_default(),
        }),
        None => Ok(()),
    }
}

/// Brings the tables up to date. A SQLite file is copied before; on PostgreSQL all of it is one transaction.
pub(super) async fn migrate(db: &DatabaseConnection, shared: bool, data: &Path) -> Result<(), ConsoleError> {
    let known = known();
    if shared {
        let tx = db.begin().await?;
        tx.execute_unprepared(MIGRATING).await?;
        // Asked outside of the transaction, which a failing question would end.
        refuse_newer(&known, &applied(db).await)?;
        Migrator::up(&tx, None).await?;
        return Ok(tx.commit().await?);
    }
    let applied = applied(db).await;
    refuse_newer(&known, &applied)?;
    if !applied.is_empty() && applied.len() < known.len() {
        let next = known.get(applied.len()).cloned().unwrap_or_default();
        let copy = data.join(format!("{FILE}.before-{next}"));
        // A start that was killed while it copied leaves half a copy, and one that was killed after it a whole one.
        let half = data.join(format!("{FILE}.copy"));
        match std::fs::remove_file(&half) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ConsoleError::file("replace", half)(error));
            }
            _ => {}
        }
        private::create_file(&half)?;
        let quoted = half.display().to_string().replace('\'', "''");
        db.execute_unprepared(&format!("VACUUM INTO '{quoted}'")).await?;
        forget_letters(&half).await?;
        std::fs::rename(&half, &copy).map_err(ConsoleError::file("write", copy))?;
    }
    Migrator::up(db, None).await?;
    Ok(())
}

/// Empties the letters in a copy: earlier versions kept one-time links, and who gained what, as they are.
async fn forget_letters(copy: &Path) -> Result<(), ConsoleError> {
    let db = Database::connect(format!("sqlite://{}?mode=rw", copy.display())).await?;
    db.execute_unprepared("PRAGMA secure_delete = ON").await?;
    db.execute_unprepared("UPDATE outbox SET body_text = '', body_html = ''").await?;
    // The first version had no webhooks.
    if let Err(error) = db.execute_unprepared("UPDATE delivery SET body = ''").await {
        tracing::debug!(%error, "there are no messages to webhooks");
    }
    Ok(db.close().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_of_a_known_kind_and_its_password_is_not_repeated() {
        for good in [None, Some("sqlite://x.db"), Some("postgres://u:p@h/d"), Some("postgresql://h:5433/d")] {
            assert!(check_url(good).is_ok(), "{good:?}");
        }
        for bad in ["mysql://u:secret@h/d", "postgres://u:secret@h:port/d", "postgres:", "secret"] {
            let error = check_url(Some(bad)).unwrap_err();
            assert!(!error.to_string().contains("secret@"), "{error}");
        }
    }
}
