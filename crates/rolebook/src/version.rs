//! What `--version` says: which source this binary was built from, and which rules it resolves by.

use std::sync::LazyLock;

use rolebook_federation::RESOLVER_VERSION;

static TEXT: LazyLock<String> = LazyLock::new(|| {
    // A build that names no commit claims none.
    let source = match (option_env!("ROLEBOOK_BUILD_COMMIT"), option_env!("ROLEBOOK_BUILD_DATE")) {
        (Some(commit), Some(date)) => format!("commit {commit}, {date}"),
        (Some(commit), None) => format!("commit {commit}"),
        _ => "development build".to_owned(),
    };
    format!("{} ({source}; rules version {RESOLVER_VERSION})", env!("CARGO_PKG_VERSION"))
});

pub(crate) fn text() -> &'static str {
    &TEXT
}
