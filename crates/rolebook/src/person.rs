//! Who sits at the keyboard, for records of what was decided.

use std::os::unix::fs::MetadataExt;

/// The operating system's name of the user, else the number.
#[expect(clippy::disallowed_methods, reason = "the environment names the user, it configures nothing")]
pub(crate) fn at_the_keyboard() -> String {
    let named = ["USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let named = named.map(|name| name.trim().to_owned()).find(|name| !name.is_empty());
    named.unwrap_or_else(|| match std::fs::metadata("/proc/self") {
        Ok(process) => format!("user id {}", process.uid()),
        Err(_) => "unknown".to_owned(),
    })
}
