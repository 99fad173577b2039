//! A bucket of its own for a test. The unit tests of the blobs use this file too.

use std::io::Write;

/// A fresh bucket as `s3://…`, and what speaks like S3; says so where there is none.
pub(crate) async fn fresh(test: &str) -> Option<(String, String)> {
    let Ok(endpoint) = std::env::var("ROLEBOOK_TEST_S3") else {
        let _ = writeln!(std::io::stderr(), "NOT RUN: {test} on S3: ROLEBOOK_TEST_S3 is not set");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().file_name().unwrap().to_string_lossy().to_lowercase();
    let name = format!("t-{}", name.replace(|c: char| !c.is_ascii_alphanumeric(), ""));
    rolebook_okta::install_crypto_provider();
    let made = reqwest::Client::new().put(format!("{endpoint}/{name}")).send().await.unwrap();
    assert!(made.status().is_success(), "{made:?}");
    Some((format!("s3://{name}"), endpoint))
}
