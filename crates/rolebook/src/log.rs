//! Words on stderr: plain on a terminal, JSON lines elsewhere.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::arguments::LogLevel;

/// Starts logging. Only our own crates speak below warnings: libraries would repeat headers and bodies.
pub(crate) fn start(level: LogLevel) {
    let terminal = std::io::stderr().is_terminal();
    let own = match level {
        LogLevel::Auto if terminal => "warn",
        LogLevel::Auto | LogLevel::Info => "info",
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let others = if own == "error" { "error" } else { "warn" };
    let ours = [
        "rolebook",
        "rolebook_connector",
        "rolebook_okta",
        "rolebook_snapshot",
        "rolebook_ledger",
        // Where the audit record of a console ends, once a day: for a log shipper.
        "rolebook_audit",
    ];
    let directives: Vec<String> = ours.iter().map(|name| format!("{name}={own}")).collect();
    let filter = EnvFilter::new(format!("{others},{}", directives.join(",")));
    let registry = tracing_subscriber::registry().with(filter);
    // A second start (tests) changes nothing.
    let _ = if terminal {
        registry.with(fmt::layer().with_writer(std::io::stderr).without_time().with_target(false)).try_init()
    } else {
        registry
            .with(
                fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(std::io::stderr),
            )
            .try_init()
    };
}
