//! What a sync of several apps did: each app as if alone, and what is true of all.

use std::{io::Write, path::PathBuf, process::ExitCode};

use rolebook_connector::{AppDone, AppEnd, AppsCost};
use rolebook_ledger::Org;
use serde_json::{Value, json};

use super::{
    buckets_json, print_app_changes, print_contents, print_org, print_requests, print_resumed, print_time,
    print_written, value,
};
use crate::{
    failure::Failure,
    memory::Memory,
    output::{finish, visible},
    question::HELD,
};

/// Exit codes, the worst first.
const WORST: [u8; 9] = [130, 143, 1, 4, 5, 3, 2, HELD, 0];

/// One app and what was kept of it.
pub(crate) struct OneApp {
    pub(crate) done: AppDone,
    /// Somebody has to look at it.
    pub(crate) waits: bool,
    pub(crate) memory: Option<Memory>,
    failure: Option<Failure>,
}

/// All of them.
pub(crate) struct SeveralApps {
    pub(crate) org: Org,
    pub(crate) folder: PathBuf,
    pub(crate) each: Vec<OneApp>,
    pub(crate) cost: AppsCost,
}

impl OneApp {
    pub(crate) fn new(mut done: AppDone) -> Self {
        let failure = match std::mem::replace(&mut done.end, AppEnd::NotBegun) {
            AppEnd::Failed(error) => Some(Failure::from(error)),
            AppEnd::NotBegun => Some(Failure::failed(
                "the run ended before its turn came",
                "run the same command again: it goes on where it stopped",
            )),
            end => {
                done.end = end;
                None
            }
        };
        Self { done, waits: false, memory: None, failure }
    }

    fn name(&self) -> String {
        match &self.done.label {
            Some(label) => format!("{} \"{}\"", visible(&self.done.id), visible(label)),
            None => visible(&self.done.id),
        }
    }

    /// One word for how it ended.
    fn word(&self) -> &'static str {
        match &self.done.end {
            _ if self.failure.is_some() => "failed",
            AppEnd::Before { held: true } => "held before",
            AppEnd::Before { held: false } => "sealed before",
            AppEnd::Sealed(summary) if summary.held.is_some() => "held",
            _ => "sealed",
        }
    }

    fn code(&self) -> u8 {
        let waits = self.waits || matches!(self.done.end, AppEnd::Before { held: true });
        let by_memory = self.memory.iter().flat_map(Memory::failures).map(Failure::code);
        let by_itself = self.failure.iter().map(Failure::code);
        worst(by_itself.chain(by_memory).chain(waits.then_some(HELD)))
    }

    fn text(&self, out: &mut impl Write) -> std::io::Result<()> {
        match (&self.failure, &self.done.end) {
            (Some(failure), _) => {
                writeln!(out, "App        {}", self.name())?;
                writeln!(out, "FAILED     {}", visible(failure.text()))
            }
            (None, AppEnd::Sealed(summary)) => {
                if let Some(since) = &summary.since {
                    print_app_changes(since, out)?;
                }
                print_contents(summary, out)?;
                writeln!(out)?;
                print_resumed(summary, out)?;
                print_written(summary, out)?;
                self.memory.iter().try_for_each(|memory| memory.text(out))
            }
            (None, _) => {
                writeln!(out, "App        {}", self.name())?;
                let file = self.done.file.display().to_string();
                let word = self.word().trim_end_matches(" before");
                writeln!(out, "Before     {word} by the run that was cut off: {}", visible(&file))
            }
        }
    }

    fn json(&self) -> Value {
        let memory = self.memory.as_ref().map_or(Value::Null, Memory::json);
        let error = self.failure.as_ref().map(
            |failure| json!({ "text": failure.text(), "hint": failure.hint(), "exit_code": failure.code() }),
        );
        json!({
            "id": self.done.id, "label": self.done.label, "file": self.done.file.display().to_string(),
            "end": self.word().replace(' ', "-"),
            "exit_code": self.code(),
            "error": error,
            "sync": match &self.done.end {
                AppEnd::Sealed(summary) => value(summary, &memory),
                _ => Value::Null,
            },
        })
    }
}

impl SeveralApps {
    pub(crate) fn print_text(&self) -> Result<(), Failure> {
        finish(self.text(&mut std::io::stdout().lock()))
    }

    fn text(&self, out: &mut impl Write) -> std::io::Result<()> {
        print_org(&self.org, out)?;
        writeln!(out, "Folder     {}", visible(&self.folder.display().to_string()))?;
        for app in &self.each {
            writeln!(out)?;
            app.text(out)?;
        }
        writeln!(out)?;
        let sent = self.cost.buckets.iter().map(|bucket| bucket.requests).sum();
        print_requests(sent, self.cost.bound, &self.cost.buckets, out)?;
        print_time(self.cost.from, self.cost.to, out)?;
        writeln!(out, "Apps       {}", self.each.len())?;
        for app in &self.each {
            writeln!(out, "  {:<14} {}", app.word(), app.name())?;
        }
        Ok(())
    }

    pub(crate) fn print_json(&self) -> Result<(), Failure> {
        let value = json!({
            "org": { "id": self.org.id, "name": self.org.name, "domain": self.org.domain },
            "folder": self.folder.display().to_string(),
            "apps": self.each.iter().map(OneApp::json).collect::<Vec<_>>(),
            "requests": {
                "sent": self.cost.buckets.iter().map(|bucket| bucket.requests).sum::<u64>(),
                "bound": self.cost.bound,
                "buckets": buckets_json(&self.cost.buckets),
            },
            "from": self.cost.from.to_string(),
            "to": self.cost.to.to_string(),
        });
        finish(writeln!(std::io::stdout().lock(), "{value:#}"))
    }

    /// Says on stderr what failed; gives the exit code of the worst app.
    pub(crate) fn report(&self) -> ExitCode {
        for app in &self.each {
            let failures = app.failure.iter().chain(app.memory.iter().flat_map(Memory::failures));
            for failure in failures {
                failure.report_of(&format!("app {}", visible(&app.done.id)));
            }
        }
        ExitCode::from(worst(self.each.iter().map(OneApp::code)))
    }
}

fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    let rank = |code: &u8| WORST.iter().position(|worse| worse == code).unwrap_or_default();
    codes.min_by_key(rank).unwrap_or_default()
}
