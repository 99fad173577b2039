//! Who runs the command, for records of what was decided. The operating system says it, not the environment, which the
//! person sets.

/// The operating system's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Name by the system's user database, else the number.
    pub(crate) name: String,
    /// Who asked `sudo` for it, as `sudo` says. A hint, no proof: it is an environment variable.
    pub(crate) sudo_user: Option<String>,
}

/// The user whose process this is.
#[expect(clippy::disallowed_methods, reason = "the environment names the user, it configures nothing")]
pub(crate) fn at_the_keyboard() -> Person {
    let name = whoami::username().ok().filter(|name| !name.trim().is_empty());
    let sudo_user = std::env::var("SUDO_USER").ok().map(|name| name.trim().to_owned());
    Person { name: name.unwrap_or_else(number), sudo_user: sudo_user.filter(|name| !name.is_empty()) }
}

#[cfg(unix)]
fn number() -> String {
    use std::os::unix::fs::MetadataExt;
    match std::fs::metadata("/proc/self") {
        Ok(process) => format!("user id {}", process.uid()),
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(not(unix))]
fn number() -> String {
    "unknown".to_owned()
}
