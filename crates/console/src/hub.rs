//! What open pages are told as it happens.

use serde_json::Value;
use tokio::sync::broadcast;

/// Messages kept for a page that is slow; one that falls further behind loads anew.
const BACKLOG: usize = 1024;

/// One message to open pages.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    /// Which connector it is about.
    pub(crate) connector: String,
    /// `label`, `stage`, `log`.
    pub(crate) kind: &'static str,
    /// What a page needs.
    pub(crate) data: Value,
}

/// Passes messages on to whoever listens.
#[derive(Clone)]
pub(crate) struct Hub(broadcast::Sender<Live>);

impl Hub {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }

    pub(crate) fn tell(&self, connector: &str, kind: &'static str, data: Value) {
        // Nobody listening is no failure.
        let _ = self.0.send(Live { connector: connector.to_owned(), kind, data });
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Live> {
        self.0.subscribe()
    }
}
