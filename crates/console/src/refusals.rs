//! Refusals in the audit record, counted: nobody fills the record by being refused.
//!
//! The first refusal of one actor for one action is written at once. Those that follow within the hour are counted in
//! memory and written as one row when the hour is over, or when the console stops. A crash loses this count and nothing
//! else.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{ConsoleError, console::Console, store::Who};

const TICK: Duration = Duration::from_secs(2);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// The longest text of a request that stands in the record, in characters.
const LONGEST: usize = 200;

/// A text of a request, cut to a length that cannot fill the record.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
    }
}

/// What was refused, to whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Refused {
    /// Id of who it was.
    pub(crate) actor: String,
    /// The action of the row, as in `request.refused`.
    pub(crate) action: &'static str,
    /// What was asked for.
    pub(crate) asked: String,
    /// Kind and id of what it was about.
    pub(crate) object: String,
}

#[derive(Debug, Clone)]
struct Count {
    who: Who,
    /// When the row was written that began it.
    began: Timestamp,
    again: u64,
    first: Timestamp,
    last: Timestamp,
}

/// Refusals of the last hour.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<HashMap<Refused, Count>>);

impl Refusals {
    /// Notes one; whether it is the first of its hour, which is written at once.
    fn is_first(&self, refused: &Refused, who: &Who, now: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(refused) {
            // One whose hour is over counts on until its row is written.
            if count.again == 0 {
                count.first = now;
            }
            (count.again, count.last) = (count.again.saturating_add(1), now);
            return false;
        }
        counts
            .insert(refused.clone(), Count { who: who.clone(), began: now, again: 0, first: now, last: now });
        true
    }

    /// Takes out what is to be written: counts whose hour is over, or all.
    fn take(&self, now: Timestamp, all: bool) -> Vec<(Refused, Count)> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = counts.extract_if(|_, count| all || now.duration_since(count.began) >= HOUR);
        over.filter(|(_, count)| count.again > 0).collect()
    }
}

/// Records that something was refused.
pub(crate) async fn record(
    console: &Console,
    who: &Who,
    refused: Refused,
    mut detail: Value,
) -> Result<(), ConsoleError> {
    if !console.refusals.is_first(&refused, who, console.now()) {
        return Ok(());
    }
    if let Some(fields) = detail.as_object_mut() {
        fields.insert("asked".to_owned(), refused.asked.clone().into());
    }
    let change = console.store.change(who.clone(), false).await?;
    change.audit(refused.action, &refused.object, detail).await?;
    change.commit().await.map(drop)
}

/// Writes counts whose hour is over until the console stops.
pub(crate) async fn count(console: Arc<Console>) {
    loop {
        write(&console, false).await;
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = console.stop.cancelled() => return,
        }
    }
}

/// Writes the counts whose hour is over, or all.
pub(crate) async fn write(console: &Console, all: bool) {
    for (refused, count) in console.refusals.take(console.now(), all) {
        let written = async {
            let change = console.store.change(count.who, false).await?;
            let detail = json!({
                "asked": refused.asked, "again": count.again,
                "first": count.first.to_string(), "last": count.last.to_string(),
            });
            change.audit(refused.action, &refused.object, detail).await?;
            change.commit().await
        };
        let written: Result<bool, ConsoleError> = written.await;
        if let Err(error) = written {
            tracing::error!(%error, again = count.again, "a count of refusals cannot be recorded");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"é".repeat(60_000)), format!("{}…", "é".repeat(200)));
    }

    #[test]
    fn one_row_at_once_and_one_for_the_hour() {
        let refusals = Refusals::default();
        let (ann, begin) = (Who { id: "usr_a".into(), name: "Ann".into() }, Timestamp::UNIX_EPOCH);
        let refused = |actor: &str, asked: &str| Refused {
            actor: actor.to_owned(),
            action: "request.refused",
            asked: asked.to_owned(),
            object: format!("user/{actor}"),
        };
        let minute = |n: i64| begin + SignedDuration::from_mins(n);
        assert!(refusals.is_first(&refused("usr_a", "x"), &ann, begin));
        assert!((1..50).all(|n| !refusals.is_first(&refused("usr_a", "x"), &ann, minute(n))));
        assert!(refusals.is_first(&refused("usr_a", "y"), &ann, minute(1)), "another action");
        assert!(refusals.is_first(&refused("usr_b", "x"), &ann, minute(1)), "another actor");
        assert!(refusals.take(minute(59), false).is_empty());
        let written = refusals.take(minute(70), false);
        let counts: Vec<_> =
            written.iter().map(|(_, count)| (count.again, count.first, count.last)).collect();
        assert_eq!(counts, [(49, minute(1), minute(49))], "those that were alone need no other row");
        assert!(refusals.is_first(&refused("usr_a", "x"), &ann, minute(71)), "the next hour");
    }
}
