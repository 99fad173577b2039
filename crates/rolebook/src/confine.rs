//! What the process gives up at its start: files that others can read, and letting others look into its memory.

/// Makes new files and folders private to their owner, and keeps tokens and keys in memory from other processes of the
/// same user and from core dumps.
#[cfg(unix)]
pub(crate) fn confine() {
    use rustix::process::umask;
    umask(rustix::fs::Mode::from_raw_mode(0o077));
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // The kernel knows it since 2.4; a sandbox that forbids it is stricter than we are.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(not(unix))]
pub(crate) fn confine() {}
