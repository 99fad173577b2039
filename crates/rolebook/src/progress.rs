//! What a running sync shows: bars on a terminal, JSON lines elsewhere.

use std::{
    collections::BTreeMap,
    io::IsTerminal,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use rolebook_connector::{Event, Progress, Stage};
use rolebook_okta::Waiting;

use crate::connection::OnWait;

/// Shows the events of a sync.
pub(crate) struct Display {
    bars: Option<MultiProgress>,
    stages: Mutex<BTreeMap<Stage, StageState>>,
    wait: Mutex<Option<ProgressBar>>,
}

#[derive(Default)]
struct StageState {
    bar: Option<ProgressBar>,
    pages: u64,
    items: u64,
    lists: u64,
    done: u64,
}

impl Display {
    pub(crate) fn new() -> Arc<Self> {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Arc::new(Self { bars, stages: Mutex::default(), wait: Mutex::default() })
    }

    /// What the governor is to tell.
    pub(crate) fn on_wait(self: &Arc<Self>) -> OnWait {
        let display = Arc::clone(self);
        Arc::new(move |waiting| display.waiting(waiting))
    }

    fn waiting(&self, waiting: &Waiting) {
        let seconds = waiting.wait.as_secs().max(1);
        let Some(bars) = &self.bars else {
            tracing::info!(bucket = %waiting.bucket, wait_s = seconds, "waiting for the rate limit");
            return;
        };
        let mut slot = self.wait.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = slot.get_or_insert_with(|| {
            let bar = bars.add(ProgressBar::new_spinner());
            bar.set_style(style("  {spinner} {msg}"));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        bar.set_message(format!("waiting {seconds} s for Okta's rate limit ({})", waiting.bucket));
    }

    /// Takes the bars away, so that what follows stands alone.
    pub(crate) fn clear(&self) {
        if let Some(bars) = &self.bars {
            // A terminal that is gone needs no clearing.
            let _ = bars.clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Progress for Display {
    fn event(&self, event: Event) {
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Begin { stage, lists } => {
                let state = stages.entry(stage).or_default();
                state.lists = lists;
                if let Some(bars) = &self.bars {
                    let bar = bars.add(ProgressBar::new(lists));
                    bar.set_style(style(if lists > 1 {
                        "  {spinner} {prefix:<12} {bar:24} {pos}/{len} lists  {msg}  {eta} left"
                    } else {
                        "  {spinner} {prefix:<12} {msg}"
                    }));
                    bar.set_prefix(stage.as_str());
                    bar.enable_steady_tick(Duration::from_millis(200));
                    state.bar = Some(bar);
                } else {
                    tracing::info!(stage = stage.as_str(), lists, "begin");
                }
            }
            Event::Page { stage, items } => {
                let state = stages.entry(stage).or_default();
                state.pages += 1;
                state.items += items;
                if let Some(bar) = &state.bar {
                    bar.set_message(format!("{} pages, {} objects", state.pages, state.items));
                }
            }
            Event::ListDone { stage } => {
                let state = stages.entry(stage).or_default();
                state.done += 1;
                if let Some(bar) = &state.bar {
                    bar.set_position(state.done);
                }
            }
            Event::End { stage, skipped } => {
                let state = stages.entry(stage).or_default();
                match (&state.bar, skipped) {
                    (Some(bar), None) => bar.finish(),
                    (Some(bar), Some(_)) => bar.abandon_with_message("not read"),
                    (None, None) => {
                        tracing::info!(
                            stage = stage.as_str(),
                            pages = state.pages,
                            items = state.items,
                            "end"
                        );
                    }
                    (None, Some(why)) => tracing::info!(stage = stage.as_str(), why, "not read"),
                }
            }
        }
    }
}
