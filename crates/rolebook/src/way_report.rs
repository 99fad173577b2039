//! The way to Okta, step by step, for people and programs.

use std::io::{Result, Write};

use rolebook_connector::{Stand, Step, SyncError, Way};
use serde_json::{Value, json};

use crate::{failure::Failure, output::visible};

/// One line for a way that leads to its end, and one for a proxy that is passed by.
pub(crate) fn good(way: &Way, out: &mut impl Write) -> Result<()> {
    let seen = |wanted: Step| {
        way.steps.iter().find_map(|(step, stand)| match stand {
            Stand::Good(seen) if *step == wanted => Some(visible(seen)),
            _ => None,
        })
    };
    let parts: Vec<String> = [Step::Dns, Step::Connect].into_iter().filter_map(seen).collect();
    writeln!(out, "Way       {}", parts.join(", "))?;
    writeln!(out, "TLS       {}", seen(Step::Tls).unwrap_or_default())?;
    writeln!(out, "Proxy     {}", seen(Step::Proxy).unwrap_or_default())
}

/// An error on the way with every step up to where it ends; any other error as it is.
pub(crate) fn failure(way: &Way, error: SyncError) -> Failure {
    let failure = Failure::from(error);
    let Some((_, remedy)) = way.ends() else { return failure };
    let notes = way.steps.iter().map(|(step, stand)| {
        let (word, what) = match stand {
            Stand::Good(seen) => ("ok", seen.as_str()),
            Stand::Bad { what, .. } => ("FAILED", what.as_str()),
            Stand::NotReached => ("not reached", ""),
        };
        visible(format!("{:<8} {word:<7} {what}", step.as_str()).trim_end())
    });
    failure.with_notes(notes.collect()).with_hint(visible(remedy))
}

pub(crate) fn json(way: &Way) -> Value {
    let steps = way.steps.iter().map(|(step, stand)| {
        let value = match stand {
            Stand::Good(seen) => json!({ "ok": true, "seen": seen }),
            Stand::Bad { what, remedy } => json!({ "ok": false, "what": what, "remedy": remedy }),
            Stand::NotReached => json!({ "ok": null }),
        };
        (step.as_str().to_owned(), value)
    });
    Value::Object(steps.collect())
}
