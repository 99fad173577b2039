//! The machine that was measured, in the words that a number needs to mean something.

use std::process::Command;

/// Processor, cores, memory, system and compiler; no names of hosts or people.
pub(crate) fn facts() -> Vec<(&'static str, String)> {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.trim_end_matches(" kB").trim().parse::<u64>().ok());
    let rustc = Command::new("rustc").arg("--version").output().ok();
    let rustc = rustc.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned()).unwrap_or_default();
    vec![
        ("Processor", cpu),
        ("Cores", cores.to_string()),
        ("Memory", memory.map_or_else(String::new, |kb| format!("{} GiB", kb / 1024 / 1024 + 1))),
        ("System", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
        ("Compiler", rustc),
    ]
}

fn field(path: &str, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
