//! What the help says.

use std::{collections::BTreeMap, fmt::Write};

use super::place::Place;

pub(crate) const COMMANDS: &[&str] = &[
    "init",
    "sync",
    "check",
    "show",
    "archive",
    "grant",
    "revoke",
    "plan",
    "apply",
    "undo",
    "audit",
    "who",
    "what",
    "why",
    "can",
    "diff",
    "history",
    "findings",
    "assertion",
    "whatif",
    "export",
    "lint-filter",
    "demo",
    "fake-okta",
    "serve",
    "admin",
    "doctor",
];

/// Long flags of a command, as its help lists them.
pub(crate) fn long_flags(command: &str) -> Vec<String> {
    let help = Place::new().run(&format!("{command} --help")).succeeded().out;
    help.lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let long = if line.starts_with("--") { line } else { line.strip_prefix('-')?.get(3..)? };
            let end = long.get(2..)?.find(|c: char| c != '-' && !c.is_ascii_lowercase());
            long.strip_prefix("--").map(|name| name[..end.unwrap_or(name.len())].to_owned())
        })
        .collect()
}

#[test]
fn top_level() {
    let help = Place::new().run("--help").succeeded();
    assert_eq!(help.err, "");
    insta::assert_snapshot!("help", help.out);
    insta::assert_snapshot!("help_short", Place::new().run("-h").succeeded().out);
}

#[test]
fn every_command() {
    for command in COMMANDS {
        let help = Place::new().run(&format!("{command} --help")).succeeded();
        assert_eq!(help.err, "");
        insta::assert_snapshot!(format!("help_{command}"), help.out);
        assert_eq!(Place::new().run(&format!("help {command}")).succeeded().out, help.out);
    }
}

#[test]
fn version() {
    let version = Place::new().run("--version").succeeded().out;
    assert!(version.starts_with(concat!("rolebook ", env!("CARGO_PKG_VERSION"), " (")), "{version}");
    assert!(version.contains("rules version "), "{version}");
    assert_eq!(Place::new().run("-V").succeeded().out, version);
}

#[test]
fn lines_have_at_most_100_columns() {
    for command in [""].iter().chain(COMMANDS) {
        for flag in ["--help", "-h"] {
            let place = Place::new();
            // A terminal that says it is wider changes nothing.
            for help in [
                place.call(&format!("{command} {flag}")).env("COLUMNS", "300").end(),
                place.run(&format!("{command} {flag}")),
            ] {
                for line in help.succeeded().out.lines() {
                    assert!(line.chars().count() <= 100, "{command} {flag}: {line}");
                }
            }
        }
    }
}

#[test]
fn flags_are_found_in_help() {
    let of_sync = long_flags("sync");
    for flag in ["file", "output", "domain", "allow-loopback", "skip-secondary-emails", "assume", "log-level"]
    {
        assert!(of_sync.iter().any(|found| found == flag), "{flag} not in {of_sync:?}");
    }
}

/// Whoever reads only the help of a flag must learn what it is for.
#[test]
fn every_flag_is_explained() {
    for command in COMMANDS {
        let help = Place::new().run(&format!("{command} --help")).succeeded().out;
        for flag in long_flags(command) {
            // Where the flag itself stands, not where another's text names it.
            let stands = |line: &str| {
                let line = line.trim_start();
                let long = if line.starts_with("--") { Some(line) } else { line.get(4..) };
                line.starts_with('-') && long.is_some_and(|long| long.starts_with(&format!("--{flag}")))
            };
            let mut lines = help.lines().skip_while(|line| !stands(line));
            let explanation = lines.nth(1).unwrap_or_default().trim();
            assert!(explanation.len() > 10, "{command} --{flag}: {explanation:?}");
        }
    }
}

#[test]
fn every_flag_that_the_documents_name_is_there() {
    let all: Vec<String> = COMMANDS.iter().flat_map(|command| long_flags(command)).collect();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    // Flags of cargo and the like, in commands that build.
    let others = ["release", "workspace", "api-token"];
    let flag = regex::Regex::new(r"(?:^|[\s`])--([a-z][a-z-]+)").unwrap();
    let mut seen = 0;
    for document in ["README.md", "docs/USAGE.md", "docs/PROVISIONING.md"] {
        let text = std::fs::read_to_string(format!("{root}/{document}")).unwrap();
        for found in flag.captures_iter(&text).map(|captures| captures[1].to_owned()) {
            seen += 1;
            assert!(
                all.contains(&found) || others.contains(&found.as_str()) || found == "help",
                "{document} names --{found}, which no command has"
            );
        }
    }
    assert!(seen > 10);
}

/// Flags of a command as its help has them: how it is written, and the first paragraph.
fn explained(command: &str) -> Vec<(String, String)> {
    let help = Place::new().run(&format!("{command} --help")).succeeded().out;
    let mut lines = help.lines().peekable();
    let mut flags = Vec::new();
    while let Some(line) = lines.next() {
        let flag = line.trim_start();
        if !flag.starts_with('-') || line.starts_with("          ") || flag.contains("--help") {
            continue;
        }
        let mut text: Vec<&str> = Vec::new();
        while let Some(more) = lines.next_if(|more| !more.trim().is_empty()) {
            text.push(more.trim());
        }
        flags.push((flag.to_owned(), text.join(" ")));
    }
    flags
}

/// Each flag once, with the commands that have it in this sense.
fn table_of_flags() -> String {
    let mut found: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for command in COMMANDS {
        for (flag, text) in explained(command) {
            let long = flag[flag.find("--").unwrap()..].to_owned();
            found.entry((long, text)).or_default().push(command);
        }
    }
    let mut table = "| Flag | What it does | Commands |\n|---|---|---|\n".to_owned();
    for ((flag, text), commands) in found {
        let commands = if commands.len() == COMMANDS.len() { "all".to_owned() } else { commands.join(", ") };
        let (flag, text) = (flag.replace('|', "\\|"), text.replace('|', "\\|").replace('<', "&lt;"));
        writeln!(table, "| `{flag}` | {text} | {commands} |").unwrap();
    }
    table
}

#[test]
fn the_document_has_every_command_and_flag() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/USAGE.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (commands, _) = text.split_once("## Where a flag's value comes from").unwrap();
    for command in COMMANDS {
        assert!(
            commands.contains(&format!("`rolebook {command}")) || commands.contains(&format!("`{command}`")),
            "no row for {command}"
        );
    }
    let (before, after) = text.split_once("## Every flag\n\n").unwrap();
    let table = table_of_flags();
    if after != table {
        std::fs::write(path, format!("{before}## Every flag\n\n{table}")).unwrap();
        panic!("the flags of docs/USAGE.md were out of date and have been written anew: look at them");
    }
}

#[test]
fn no_command_is_usage() {
    let end = Place::new().run("");
    assert_eq!(end.code, Some(2));
    assert!(end.err.contains("Usage: rolebook"), "{end:#?}");
    Place::new().run("paint").failed(2).says(["paint"]);
    Place::new().run("sync --colour red").failed(2).says(["--colour"]);
}
