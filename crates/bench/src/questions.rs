//! Questions to a snapshot of a million grants: by the command, with and without a kept copy, and in a program that
//! holds the snapshot open, as a console does.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use rolebook_insight::{OpenOptions, RolePattern, Scope, open, open_with, what, who, why};
use rolebook_snapshot::Limits;

use crate::{
    Failed, grants,
    process::{self, Took, best},
    report::row,
};

const PERSON: &str = "user31415@bench.test";
const ROLE: &str = "*/Role07";

/// What was measured.
pub(crate) struct Asked {
    cold: Took,
    kept: Took,
    who: Took,
    /// The slowest of a hundred of each question, and all of them opened.
    open: Vec<(String, Duration)>,
}

impl Asked {
    pub(crate) fn measure(rolebook: &Path, this: &Path) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("grants.c1z");
        grants::write_file(20, &file)?;
        let cache = folder.path().join("cache");
        let ask = |question: &[&str], cache: &Path| {
            let mut command = Command::new(rolebook);
            command.args(question).arg("-f").arg(&file).arg("--cache-dir").arg(cache);
            command.args(["--max-age", "100000d"]);
            process::run(&mut command)
        };
        let off = PathBuf::from("off");
        let cold = best(|| ask(&["what", PERSON], &off))?;
        ask(&["what", PERSON], &cache)?;
        let kept = best(|| ask(&["what", PERSON], &cache))?;
        let who = best(|| ask(&["who", "100000000007/Role07"], &cache))?;
        let output = Command::new(this).arg("questions").arg(&file).output()?;
        let text = String::from_utf8(output.stdout)?;
        let open = text.lines().filter_map(|line| {
            let (name, micros) = line.rsplit_once('\t')?;
            Some((name.to_owned(), Duration::from_micros(micros.parse().ok()?)))
        });
        let open: Vec<_> = open.collect();
        if open.is_empty() {
            return Err(format!("no answers: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(Self { cold, kept, who, open })
    }

    pub(crate) fn rows(&self, page: &mut String) -> std::fmt::Result {
        row(
            page,
            "open 1,000,000 grants with 1,000,000 memberships and answer `what`, cold",
            self.cold,
            "1 s",
            None,
        )?;
        row(page, "the same with a kept copy", self.kept, "–", None)?;
        row(page, "`who` of a role that 1,000 people have, with a kept copy", self.who, "–", None)?;
        for (name, took) in &self.open {
            let wall = took.as_secs_f64() * 1000.0;
            let budget = if name.contains("slowest") { "5 ms" } else { "–" };
            writeln!(page, "| {name} | {wall:.2} ms | {budget} | – | – |")?;
        }
        Ok(())
    }
}

/// One question to a file that nothing is known of, without the start of a process; prints the milliseconds.
pub(crate) fn cold(file: &str) -> Result<(), Failed> {
    let begin = Instant::now();
    let options =
        OpenOptions { limits: Limits::default(), cache: None, scope: Scope::Person(PERSON), after: true };
    let readings = open_with(&[PathBuf::from(file)], &options)?;
    let roles = what(&readings, PERSON)?.roles.len();
    process::say(&format!("{roles} roles in {:.0} ms", begin.elapsed().as_secs_f64() * 1000.0));
    Ok(())
}

/// Runs the questions in this process and prints how long they took, in microseconds.
pub(crate) fn job(file: &str) -> Result<(), Failed> {
    let begin = Instant::now();
    let readings = open(&[PathBuf::from(file)], &Limits::default())?;
    let mut lines = vec![("the whole snapshot into memory, once".to_owned(), begin.elapsed())];
    // The index by role is made at the first question by role.
    who(&readings, &RolePattern::parse(ROLE))?;
    let mut slowest = |name: &str, ask: &dyn Fn(usize) -> Result<usize, Failed>| -> Result<(), Failed> {
        let mut worst = Duration::ZERO;
        for n in 0..100 {
            let begin = Instant::now();
            if ask(n)? == 0 {
                return Err(format!("{name}: no answer").into());
            }
            worst = worst.max(begin.elapsed());
        }
        lines.push((format!("{name} in memory, slowest of 100"), worst));
        Ok(())
    };
    let person = |n: usize| format!("user{}@bench.test", n * 499);
    slowest("`what`", &|n| Ok(what(&readings, &person(n))?.roles.len()))?;
    slowest("`why` for one role", &|n| {
        let role = what(&readings, &person(n))?.roles.first().map(|held| held.role.key()).unwrap_or_default();
        Ok(why(&readings, &person(n), &RolePattern::parse(&role))?.verdicts.len())
    })?;
    slowest("`who` of a role with 1,000 people", &|n| {
        let role = format!("{}/Role{:02}", 100_000_000_000_u64 + (n as u64 % 50), n % 20);
        Ok(who(&readings, &RolePattern::parse(&role))?.roles.iter().map(|role| role.people.len()).sum())
    })?;
    use std::io::Write as _;
    for (name, took) in lines {
        writeln!(std::io::stdout(), "{name}\t{}", took.as_micros())?;
    }
    Ok(())
}
