//! The page of numbers.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Failed,
    console::Console,
    machine,
    process::{self, Took, best, say},
    questions::Asked,
    sync::{Fake, help},
};

/// Measures everything and writes `docs/PERFORMANCE.md` below `project`.
pub(crate) fn write(project: &Path) -> Result<(), Failed> {
    let this = std::env::current_exe()?;
    let rolebook = beside(&this)?;
    say("a sync of 10,000 people");
    let fake = Fake::start(&rolebook)?;
    let (sent, bound) = fake.requests(&rolebook)?;
    let sync = best(|| fake.sync(&rolebook))?;
    drop(fake);
    say("a million grants");
    let grants = best(|| process::run(Command::new(&this).arg("grants")))?;
    let both = best(|| process::run(Command::new(&this).arg("grants-and-memberships")))?;
    say("an org of a million people");
    let org = process::run(Command::new(&this).arg("org"))?;
    say("questions to a million grants");
    let asked = Asked::measure(&rolebook, &this)?;
    say("a console over a large org");
    let console = Console::measure(&this)?;
    say("the help text");
    let help = best(|| help(&rolebook))?;

    let mut page = String::from(
        "# Performance\n\nMeasured by `just bench`, which wrote this page. Wall time is the best of three runs, memory \
         the most of them.\n\n",
    );
    for (name, fact) in machine::facts() {
        writeln!(page, "* {name}: {fact}")?;
    }
    page.push_str("\n| Job | Time | Budget | Memory | Budget |\n|---|---|---|---|---|\n");
    row(
        &mut page,
        "sync of 10,000 people, 5,000 groups, 50 accounts × 20 roles, 32,000 memberships from the fake Okta on loopback",
        sync,
        "3 s",
        Some("80 MB"),
    )?;
    row(
        &mut page,
        "1,000,000 account-role grants: resolve, write, seal (50,000 people, 20 roles each)",
        grants,
        "8 s",
        Some("512 MB"),
    )?;
    row(&mut page, "the same with 1,000,000 memberships beside them", both, "–", Some("512 MB"))?;
    asked.rows(&mut page)?;
    console.rows(&mut page)?;
    row(
        &mut page,
        "an org of 1,000,000 people, 100,000 role groups and 3,200,000 memberships, generated and served by the fake \
         Okta (`target/release/rolebook-bench org`)",
        org,
        "–",
        Some("4 GB"),
    )?;
    row(&mut page, "`rolebook --help`", help, "20 ms", None)?;
    writeln!(
        page,
        "\nThe sync sent {sent} requests; the bound for this org is {bound} (docs/USAGE.md tells the formula)."
    )?;
    let path = project.join("docs/PERFORMANCE.md");
    std::fs::write(&path, page)?;
    say("wrote docs/PERFORMANCE.md");
    Ok(())
}

pub(crate) fn row(
    page: &mut String,
    job: &str,
    took: Took,
    time: &str,
    memory: Option<&str>,
) -> std::fmt::Result {
    let wall = if took.wall.as_millis() < 100 {
        format!("{:.1} ms", took.wall.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", took.wall.as_secs_f64())
    };
    let (used, budget) = match memory {
        Some(budget) => (format!("{} MB", took.peak_kb / 1000), budget),
        None => (String::from("–"), "–"),
    };
    writeln!(page, "| {job} | {wall} | {time} | {used} | {budget} |")
}

/// The `rolebook` binary of the same build.
fn beside(this: &Path) -> Result<PathBuf, Failed> {
    let path = this.with_file_name(format!("rolebook{}", std::env::consts::EXE_SUFFIX));
    if path.is_file() {
        Ok(path)
    } else {
        Err("build rolebook first: cargo build --release -p rolebook".into())
    }
}
