//! Flags of syncs that read only what changed.

use clap::{Args, builder::BoolishValueParser};
use rolebook_connector::IncrementalOptions;

use super::duration;

/// When a sync may read only what changed.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Incremental")]
pub(crate) struct IncrementalArguments {
    /// Read again only what has changed since the last sync, by Okta's System Log and the dates of groups; on any doubt
    /// everything is read, and the summary says why
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false,
          action = clap::ArgAction::Set, value_parser = BoolishValueParser::new(), value_name = "BOOL", hide_possible_values = true, hide_default_value = true)]
    pub(crate) incremental: bool,

    /// How late an entry of Okta's log may appear: an incremental sync looks back that far behind the beginning of the
    /// last one
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = duration)]
    pub(crate) event_lag: jiff::SignedDuration,

    /// Read everything when the last full sync is that old
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    pub(crate) full_every: jiff::SignedDuration,
}

impl IncrementalArguments {
    pub(crate) fn options(&self) -> Option<IncrementalOptions> {
        let (event_lag, full_every) = (self.event_lag, self.full_every);
        self.incremental.then_some(IncrementalOptions { event_lag, full_every })
    }
}
