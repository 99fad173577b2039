//! Measures the budgets on this machine and writes `docs/PERFORMANCE.md`. `just bench` builds what it needs first.
//!
//! Each job runs in a process of its own, so that its peak memory is its own. Wall time is the best of three: what
//! the program can do, not what else the machine did.

mod console;
mod grants;
mod machine;
mod org;
mod process;
mod questions;
mod report;
mod sync;

use std::{path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next().as_deref() {
        // A job, run by the report as a child.
        Some("grants") => grants::job(1),
        Some("grants-and-memberships") => grants::job(20),
        Some("org") => org::job(),
        Some("console") => console::job(),
        Some("questions") => questions::job(arguments.next().as_deref().unwrap_or_default()),
        // For trying things out: the snapshot that questions are asked of.
        Some("file") => grants::write_file(20, arguments.next().unwrap_or_default().as_ref()),
        Some("what") => questions::cold(arguments.next().as_deref().unwrap_or_default()),
        None => report::write(&project()),
        Some(other) => Err(format!("unknown job {other}").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Whatever went wrong ends the measuring.
type Failed = Box<dyn std::error::Error>;

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
