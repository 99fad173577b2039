//! Whatever the API answers to any test, the document must have said.

use std::sync::LazyLock;

use reqwest::{Method, Response, header};
use serde_json::Value;

use crate::api::resolved;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&rolebook_console::openapi()).unwrap());

/// The operation that a path is of: one without holes before one with.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let asked: Vec<&str> = path.split('/').collect();
    let fits = |known: &str| {
        let known: Vec<&str> = known.split('/').collect();
        known.len() == asked.len()
            && known.iter().zip(&asked).all(|(part, given)| part == given || part.starts_with('{'))
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let found =
        paths.get(path).or_else(|| paths.iter().find(|(known, _)| fits(known)).map(|(_, item)| item))?;
    found.get(method.as_str().to_lowercase())
}

/// Compares an answer with what the document says.
pub(crate) fn look(method: &Method, path: &str, answer: &Response) {
    let Some(operation) = operation(method, path) else { return };
    let status = answer.status();
    let said = &operation["responses"][status.as_str()];
    // What fails in the console itself, or at a name that is not its own, is told by `default`.
    let said = match status.as_u16() {
        421 | 500.. => &operation["responses"]["default"],
        _ => said,
    };
    let said = resolved(&DOCUMENT, said);
    assert!(said.is_object(), "{method} {path} answers {status}, and the document does not say so");
    let kind = answer.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap());
    let kind = kind.unwrap_or_default().split(';').next().unwrap();
    let content = said["content"].as_object();
    match content {
        Some(content) => assert!(content.contains_key(kind), "{method} {path} {status}: {kind}"),
        None => assert_eq!(kind, "", "{method} {path} {status}"),
    }
}
