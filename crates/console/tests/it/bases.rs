//! The databases that a store can live on, each test on one of its own. The unit tests of the store use this file too.

use std::io::Write;

use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

/// A database and the folder that goes with it.
pub(crate) struct Base {
    pub(crate) folder: TempDir,
    /// Nothing for SQLite in the folder.
    pub(crate) url: Option<String>,
}

impl Base {
    pub(crate) fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), url: None }
    }

    /// A fresh database of PostgreSQL; says so where there is none to make it in.
    pub(crate) async fn postgres(test: &str) -> Option<Self> {
        let admin = given("ROLEBOOK_TEST_POSTGRES", test, "PostgreSQL")?;
        let folder = tempfile::tempdir().unwrap();
        let name: String = folder.path().file_name().unwrap().to_string_lossy().to_lowercase();
        let name = format!("t_{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), ""));
        let db = Database::connect(&admin).await.unwrap();
        db.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        db.close().await.unwrap();
        let (server, _) = admin.rsplit_once('/').unwrap();
        Some(Self { folder, url: Some(format!("{server}/{name}")) })
    }

    /// All that this machine offers.
    pub(crate) async fn all(test: &str) -> Vec<Self> {
        std::iter::once(Self::sqlite()).chain(Self::postgres(test).await).collect()
    }

    /// For messages of failures.
    pub(crate) fn kind(&self) -> &'static str {
        if self.url.is_some() { "PostgreSQL" } else { "SQLite" }
    }
}

/// A service that tests may use; where it is not given, that is said on the real standard error, which the test
/// harness does not keep to itself.
pub(crate) fn given(variable: &str, test: &str, what: &str) -> Option<String> {
    let value = std::env::var(variable).ok();
    if value.is_none() {
        let _ = writeln!(std::io::stderr(), "NOT RUN: {test} on {what}: {variable} is not set");
    }
    value
}
