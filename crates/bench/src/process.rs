//! Running a child and learning what it took.

use std::{
    io::Write,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::Failed;

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) wall: Duration,
    /// Peak resident memory in kB; 0 when the child was gone before it could be read.
    pub(crate) peak_kb: u64,
}

/// Says something to the person who waits.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Runs a command to its end, looking at its memory as it goes.
pub(crate) fn run(command: &mut Command) -> Result<Took, Failed> {
    let begin = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut peak_kb = 0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak_kb = peak_kb.max(peak_of(child.id()).unwrap_or(0));
        sleep(Duration::from_millis(1));
    };
    let wall = begin.elapsed();
    if !status.success() {
        return Err(format!("{command:?} ended with {status}: {}", errors(&mut child)).into());
    }
    Ok(Took { wall, peak_kb })
}

/// The best of three runs.
pub(crate) fn best(mut run: impl FnMut() -> Result<Took, Failed>) -> Result<Took, Failed> {
    let mut best = run()?;
    for _ in 0..2 {
        let next = run()?;
        if next.wall < best.wall {
            best.wall = next.wall;
        }
        best.peak_kb = best.peak_kb.max(next.peak_kb);
    }
    Ok(best)
}

fn errors(child: &mut Child) -> String {
    let mut text = String::new();
    if let Some(stderr) = &mut child.stderr {
        let _ = std::io::Read::read_to_string(stderr, &mut text);
    }
    text
}

/// Peak resident memory of a process in kB, as Linux counts it.
fn peak_of(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
