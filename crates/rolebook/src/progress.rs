//! What a running sync shows: bars on a terminal, JSON lines elsewhere.

use std::{
    collections::BTreeMap,
    io::IsTerminal,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use rolebook_connector::{Event, Progress, Stage};
use rolebook_okta::{Governor, Waiting};

use crate::connection::OnWait;

/// Seconds of a rate window (Okta: 60 from its first use).
const WINDOW: u64 = 60;
/// Away from a terminal, a line of progress comes after so many lists.
const LISTS_PER_LINE: u64 = 100;

/// Shows the events of a sync.
pub(crate) struct Display {
    /// Knows what each bucket of Okta's rate limit still allows.
    governor: OnceLock<Governor>,
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
        Arc::new(Self { governor: OnceLock::new(), bars, stages: Mutex::default(), wait: Mutex::default() })
    }

    /// What the governor is to tell.
    pub(crate) fn on_wait(self: &Arc<Self>) -> OnWait {
        let display = Arc::clone(self);
        Arc::new(move |waiting| display.waiting(waiting))
    }

    /// Looks into the buckets of this governor for the time that is left.
    pub(crate) fn watch(&self, governor: &Governor) {
        // A display watches one sync.
        let _ = self.governor.set(governor.clone());
    }

    /// Seconds until so many more lists of members are read, by what Okta allows: full windows still to wait for.
    fn seconds_left(&self, lists: u64) -> u64 {
        let buckets = self.governor.get().map(Governor::stats).unwrap_or_default();
        let groups = buckets.iter().find(|bucket| bucket.bucket.to_string() == "groups");
        let allowance = groups.and_then(|bucket| bucket.allowance).map_or(u64::MAX, u64::from).max(1);
        let now = groups.and_then(|bucket| bucket.remaining).map_or(allowance, u64::from).min(allowance);
        lists.saturating_sub(now).div_ceil(allowance) * WINDOW
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
                // Where several apps are read, each begins anew.
                let state = stages.entry(stage).or_default();
                *state = StageState { lists, ..StageState::default() };
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
                let (done, lists) = (state.done, state.lists);
                let left = lists.saturating_sub(done);
                match &state.bar {
                    Some(bar) => {
                        bar.set_position(done);
                        if lists > 1 {
                            let wait = match self.seconds_left(left) {
                                0 => String::new(),
                                seconds => format!(", about {seconds} s by Okta's limit"),
                            };
                            bar.set_message(format!("{} objects{wait}", state.items));
                        }
                    }
                    None if done.is_multiple_of(LISTS_PER_LINE) => {
                        let eta_s = self.seconds_left(left);
                        tracing::info!(
                            stage = stage.as_str(),
                            done,
                            lists,
                            items = state.items,
                            eta_s,
                            "reading"
                        );
                    }
                    None => {}
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
