//! What was asked of the fake.

use crate::route::Bucket;

/// One request and how it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query as sent, without the question mark; empty when there was none.
    pub query: String,
    /// Status of the answer.
    pub status: u16,
    /// The rate bucket it drew on.
    pub bucket: Bucket,
    /// Name of the token, when it was a known one.
    pub token: Option<String>,
    /// Whether a rate or concurrency limit refused it.
    pub limited: bool,
    /// The body that was sent, for writes.
    pub body: String,
}

impl Logged {
    /// `GET /api/v1/groups?limit=200`, for assertions that people read.
    pub fn line(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, self.query)
    }
}
