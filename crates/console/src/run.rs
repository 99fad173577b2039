//! One sync under way: its stages, its log, and the hand that stops it.

use std::{
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use rolebook_connector::{Event, Progress, Stage};
use rolebook_okta::CancellationToken;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{ConsoleError, console::Clock, hub::Hub, private};

/// Away from its ends, a stage of many lists gets a line after so many of them.
const LISTS_PER_LINE: u64 = 50;

/// A stage of a sync under way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
pub(crate) struct StageView {
    /// Which.
    pub name: &'static str,
    /// `reading`, `done`, `not read`.
    pub state: &'static str,
    /// Lists it reads.
    pub lists: u64,
    /// Lists read.
    pub done: u64,
    /// Pages read.
    pub pages: u64,
    /// Objects read.
    pub items: u64,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct LogLine {
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// `info`, `warn`, `error`.
    pub level: String,
    /// Which stage; empty for the sync as a whole.
    pub stage: String,
    /// What happened.
    pub text: String,
}

/// A sync that runs in this process.
pub(crate) struct Running {
    pub(crate) connector: String,
    pub(crate) sync: String,
    pub(crate) cancel: CancellationToken,
    hub: Hub,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    stages: Vec<StageView>,
    log: Option<std::io::BufWriter<std::fs::File>>,
    waiting: Option<String>,
}

impl Running {
    pub(crate) fn new(
        connector: &str,
        sync: &str,
        log: &std::path::Path,
        hub: Hub,
        clock: Clock,
        cancel: CancellationToken,
    ) -> Result<Arc<Self>, ConsoleError> {
        if let Some(folder) = log.parent() {
            private::create_folder(folder)?;
        }
        let file = private::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(ConsoleError::file("open", log))?;
        let state = State { stages: Vec::new(), log: Some(std::io::BufWriter::new(file)), waiting: None };
        Ok(Arc::new(Self {
            connector: connector.to_owned(),
            sync: sync.to_owned(),
            cancel,
            hub,
            clock,
            state: Mutex::new(state),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stages so far.
    pub(crate) fn stages(&self) -> Vec<StageView> {
        self.state().stages.clone()
    }

    /// What it waits for, when it does.
    pub(crate) fn waiting(&self) -> Option<String> {
        self.state().waiting.clone()
    }

    /// It waits for Okta's rate limit.
    pub(crate) fn waits(&self, bucket: &str, seconds: u64) {
        let text = format!("waiting {seconds} s for Okta's rate limit ({bucket})");
        self.state().waiting = Some(text.clone());
        self.log("info", "", text);
    }

    /// Writes a line to the log and to open pages.
    pub(crate) fn log(&self, level: &str, stage: &str, text: impl Into<String>) {
        let line = LogLine {
            at: (self.clock)(),
            level: level.to_owned(),
            stage: stage.to_owned(),
            text: clean(&text.into()),
        };
        let mut state = self.state();
        if let (Some(log), Ok(json)) = (state.log.as_mut(), serde_json::to_string(&line))
            && writeln!(log, "{json}").and_then(|()| log.flush()).is_err()
        {
            // A full disk must not end the sync; the log ends here.
            state.log = None;
        }
        drop(state);
        self.hub.tell(
            &self.connector,
            "log",
            json!({ "sync": self.sync, "at": line.at.to_string(), "level": line.level, "stage": line.stage, "text": line.text }),
        );
    }

    fn told(&self, stage: Stage, change: impl FnOnce(&mut StageView)) -> StageView {
        let mut state = self.state();
        state.waiting = None;
        let name = stage.as_str();
        let at = state.stages.iter().position(|known| known.name == name).unwrap_or_else(|| {
            state.stages.push(StageView { name, state: "reading", lists: 1, ..StageView::default() });
            state.stages.len() - 1
        });
        let Some(view) = state.stages.get_mut(at) else { return StageView::default() };
        change(view);
        view.clone()
    }
}

impl Progress for Running {
    fn event(&self, event: Event) {
        let view = match event {
            Event::Begin { stage, lists } => {
                let view = self.told(stage, |view| view.lists = lists);
                let many = if lists > 1 { format!("{lists} lists") } else { "begins".to_owned() };
                self.log("info", stage.as_str(), many);
                view
            }
            Event::Page { stage, items } => self.told(stage, |view| {
                view.pages += 1;
                view.items += items;
            }),
            Event::ListDone { stage } => {
                let view = self.told(stage, |view| view.done += 1);
                if view.lists > 1 && view.done.is_multiple_of(LISTS_PER_LINE) {
                    self.log("info", stage.as_str(), format!("{} of {} lists read", view.done, view.lists));
                }
                view
            }
            Event::End { stage, skipped } => {
                let view = self.told(stage, |view| {
                    view.state = if skipped.is_some() { "not read" } else { "done" };
                });
                match skipped {
                    Some(why) => self.log("warn", stage.as_str(), format!("not read: {why}")),
                    None if view.pages > 0 => {
                        self.log(
                            "info",
                            stage.as_str(),
                            format!("{} pages, {} objects", view.pages, view.items),
                        );
                    }
                    None => self.log("info", stage.as_str(), "done"),
                }
                view
            }
        };
        self.hub.tell(&self.connector, "stage", json!({ "sync": self.sync, "stage": view }));
    }
}

/// Text from Okta may hold anything: control and bidirectional characters go, and what looks like a credential.
pub(crate) fn clean(text: &str) -> String {
    let plain: String = text.chars().map(|c| if rolebook_okta::is_steering(c) { ' ' } else { c }).collect();
    let mut out = String::with_capacity(plain.len());
    let mut after_scheme = false;
    for word in plain.split_inclusive(' ') {
        if after_scheme {
            out.push_str("… ");
        } else {
            out.push_str(word);
        }
        after_scheme = matches!(word.trim(), "SSWS" | "Bearer" | "DPoP");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_credential_reaches_a_log() {
        assert_eq!(clean("sent SSWS 00abcdef to it"), "sent SSWS … to it");
        assert_eq!(clean("a\u{202e}b\nc\u{61c}d\u{200b}e\u{2028}f\u{feff}g"), "a b c d e f g");
    }
}
