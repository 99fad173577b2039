//! How long snapshots, logs, letters and plans are kept, and the clean-up that follows it once a day. Sessions that are
//! over and one-time links that were used or have expired go with it.
//!
//! What goes is written down first, in one transaction with its audit row, and unlinked afterwards: a clean-up that was
//! cut off, or a file that could not be removed, is taken up by the next one. The audit record is never shortened.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    ConsoleError, blobs,
    console::Console,
    hosted::Hosted,
    store::{self, Who, acceptances, connectors, entity::sync, messages, plans, settings, syncs},
    web::gate,
};

mod copies;

use copies::Copies;
pub(crate) use copies::remove_halves;

const TICK: Duration = Duration::from_secs(2);
/// A clean-up begins so long after the last one.
const EVERY_MS: i64 = 24 * 3600 * 1000;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// What a deleted connector read goes after so many days.
const DELETED_DAYS: i64 = 30;
/// Names under which the database keeps it.
const RULES: &str = "retention";
const SWEPT: &str = "retention.swept-at";

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    /// Snapshots go after so many days, 1 to 36500.
    pub snapshot_days: i64,
    /// Snapshots of a connector that stay, however old: at least 1.
    pub snapshot_count: usize,
    /// After so many days, one snapshot a day is kept; 0: all of them.
    pub one_per_day_after: i64,
    /// Logs go after so many days, 1 to 36500.
    pub log_days: i64,
    /// Letters and messages to webhooks go after so many days, 14 to 36500. What they said is gone once they are sent.
    #[serde(default = "message_days")]
    pub message_days: i64,
    /// Plans go so many days after their end, 1 to 36500; the audit record keeps what they did.
    #[serde(default = "plan_days")]
    pub plan_days: i64,
}

fn message_days() -> i64 {
    90
}

fn plan_days() -> i64 {
    400
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            snapshot_days: 400,
            snapshot_count: 10,
            one_per_day_after: 30,
            log_days: 90,
            message_days: message_days(),
            plan_days: plan_days(),
        }
    }
}

impl Retention {
    /// Longest that can be asked for, in days: a hundred years.
    pub(crate) const LONGEST: i64 = 36_500;
    /// Reminders of one thing are counted over a week, by the letters that were written.
    pub(crate) const FEWEST_MESSAGE_DAYS: i64 = 14;
    /// Nothing goes.
    pub(crate) const EVERYTHING: Self = Self {
        snapshot_days: Self::LONGEST,
        snapshot_count: 10,
        one_per_day_after: 0,
        log_days: Self::LONGEST,
        message_days: Self::LONGEST,
        plan_days: Self::LONGEST,
    };

    pub(crate) async fn load(console: &Console) -> Result<Self, ConsoleError> {
        match settings::get(console.store.db(), RULES).await? {
            Some(text) => store::json("console_setting", &text),
            None => Ok(Self::default()),
        }
    }

    pub(crate) async fn keep(self, change: &store::Change<'_>) -> Result<(), ConsoleError> {
        settings::set(change.tx(), RULES, &store::to_json(&self)).await
    }
}

/// Cleans up once a day until the console stops.
pub(crate) async fn clean_up(console: Arc<Console>) {
    let mut copies = Copies::default();
    loop {
        let turn = async {
            if let Err(error) = round(&console).await {
                tracing::warn!(%error, "old snapshots and logs");
            }
            if let Err(error) = copies.round(&console).await {
                tracing::warn!(%error, "copies in the data folder");
            }
            tokio::time::sleep(TICK).await;
        };
        // A place of snapshots that hangs does not keep the console from stopping; what is cut off is taken up.
        tokio::select! {
            () = turn => {}
            () = console.stop.cancelled() => return,
        }
    }
}

async fn round(console: &Console) -> Result<(), ConsoleError> {
    match is_due(console.store.db(), console.now().as_millisecond()).await? {
        Some(true) => sweep(console).await,
        Some(false) => Ok(()),
        // The first one comes a day later: whoever gets this with an update can say how long things are kept.
        None => {
            let change = console.store.change(Who::console(), false).await?;
            settings::set(change.tx(), SWEPT, &change.now_ms().to_string()).await?;
            change.commit().await.map(drop)
        }
    }
}

/// Whether it is time; nothing when there never was a clean-up.
async fn is_due(db: &impl ConnectionTrait, now: i64) -> Result<Option<bool>, ConsoleError> {
    let last = settings::get(db, SWEPT).await?;
    let last: Option<i64> = last.and_then(|text| text.parse().ok());
    Ok(last.map(|last| !(0..EVERY_MS).contains(&(now - last))))
}

async fn sweep(console: &Console) -> Result<(), ConsoleError> {
    let rules = Retention::load(console).await?;
    let mut there = BTreeSet::new();
    for folder in ["snapshots", "logs"] {
        there.extend(console.blobs.list(folder).await?);
    }
    let change = console.store.change(Who::console(), false).await?;
    if is_due(change.tx(), change.now_ms()).await? != Some(true) {
        // Another process was faster.
        return Ok(());
    }
    let now = change.now;
    let before = |days: i64| now.as_millisecond().saturating_sub(days.saturating_mul(DAY_MS));
    let (mut snapshots, mut names, mut logs) = (0, BTreeSet::new(), 0);
    let deleted = connectors::deleted_before(change.tx(), before(DELETED_DAYS)).await?;
    for id in &deleted {
        for row in syncs::history(change.tx(), id, None, u64::from(u32::MAX)).await? {
            let mut report = Hosted::report(&row);
            if row.file.is_some() && report.removed_at.is_none() {
                report.removed_at = Some(now);
                change.forget_snapshot(&row.id, store::to_json(&report)).await?;
                snapshots += 1;
            }
        }
        for folder in [format!("snapshots/{id}/"), format!("logs/{id}/")] {
            names.extend(there.range(folder.clone()..).take_while(|name| name.starts_with(&folder)).cloned());
        }
    }
    for row in connectors::all(change.tx()).await? {
        let hosted = Hosted::of(row)?;
        let id = hosted.row.id.clone();
        let history = syncs::history(change.tx(), &id, None, u64::from(u32::MAX)).await?;
        let needed = needed(&change, &hosted, &history).await?;
        let gone = too_old(&history, &needed, &rules, now);
        for row in history {
            let mut report = Hosted::report(&row);
            if gone.contains(&row.id) {
                names.extend(row.file.iter().map(|file| blobs::snapshot_name(&id, file)));
                report.removed_at = Some(now);
                change.forget_snapshot(&row.id, store::to_json(&report)).await?;
                snapshots += 1;
            }
            if report.removed_at.is_some() {
                // With what an earlier clean-up could not remove.
                let of_sync = blobs::snapshot_name(&id, &row.id);
                let files = there.range(of_sync.clone()..).take_while(|name| name.starts_with(&of_sync));
                names.extend(files.cloned());
            }
            let log = blobs::log_name(&id, &row.id);
            if row.ended_at.is_some_and(|at| at < before(rules.log_days)) && there.contains(&log) {
                logs += 1;
                names.insert(log);
            }
        }
    }
    settings::set(change.tx(), SWEPT, &now.as_millisecond().to_string()).await?;
    let now_ms = now.as_millisecond();
    change.forget_sessions(now_ms - gate::IDLE_MS, now_ms - gate::ABSOLUTE_MS).await?;
    change.forget_spent_links().await?;
    let messages = change.forget_letters(before(rules.message_days)).await?
        + change.forget_deliveries(before(rules.message_days)).await?;
    let plans = change.forget_plans(before(rules.plan_days)).await?;
    if !names.is_empty() || messages + plans > 0 {
        let detail = json!({
            "snapshots": snapshots, "logs": logs, "files": names.len(), "messages": messages, "plans": plans,
            "rules": rules,
        });
        change.audit("retention.cleaned-up", "console", detail).await?;
    }
    change.commit().await?;
    if messages + plans > 0 && !console.store.shared() {
        // What was removed stays readable in the database's file until its log is worked in.
        console.store.settle_log().await?;
    }
    for name in names {
        if let Err(error) = console.blobs.delete(&name).await {
            tracing::warn!(%error, "it is tried again tomorrow");
        }
    }
    Ok(())
}

fn was_taken_over(row: &sync::Model) -> bool {
    matches!(row.result.as_deref(), Some("succeeded" | "succeeded-with-warnings" | "confirmed"))
}

/// Syncs that something still refers to: what is shown, held or still to be told, and what was shown when somebody
/// made a plan that waits or accepted a finding.
async fn needed(
    change: &store::Change<'_>,
    hosted: &Hosted,
    history: &[sync::Model],
) -> Result<BTreeSet<String>, ConsoleError> {
    let id = &hosted.row.id;
    let mut needed: BTreeSet<String> =
        [&hosted.row.good_sync, &hosted.row.held_sync].into_iter().flatten().cloned().collect();
    for row in messages::to_tell(change.tx()).await? {
        needed.extend([row.old_sync, row.new_sync]);
    }
    let plans = plans::waiting(change.tx(), id).await?.into_iter().map(|plan| plan.created_at);
    let accepted = acceptances::of(change.tx(), id).await?.into_iter().map(|row| row.created_at);
    for at in plans.chain(accepted) {
        let shown = history.iter().filter(|row| was_taken_over(row) && row.file.is_some());
        let shown = shown.filter(|row| row.ended_at.is_some_and(|ended| ended <= at));
        needed.extend(shown.max_by_key(|row| row.ended_at).map(|row| row.id.clone()));
    }
    Ok(needed)
}

/// Which snapshots go. `history` is newest first. Of a day, the newest that was taken over stays: what was held and
/// discarded, or cancelled, was never shown to anybody.
fn too_old(
    history: &[sync::Model],
    needed: &BTreeSet<String>,
    rules: &Retention,
    now: Timestamp,
) -> BTreeSet<String> {
    let age = |row: &sync::Model| now.as_millisecond() - row.ended_at.unwrap_or(i64::MAX);
    let day = |row: &sync::Model| store::time(row.ended_at.unwrap_or(0)).to_zoned(TimeZone::UTC).date();
    let sealed = history.iter().filter(|row| row.state == "ended" && row.file.is_some());
    let mut days = BTreeSet::new();
    let mut gone = BTreeSet::new();
    for (at, row) in sealed.enumerate() {
        let newest_of_day = was_taken_over(row) && days.insert(day(row));
        let thinned =
            rules.one_per_day_after > 0 && age(row) > rules.one_per_day_after * DAY_MS && !newest_of_day;
        let old = age(row) > rules.snapshot_days * DAY_MS;
        if at >= rules.snapshot_count.max(1) && (old || thinned) && !needed.contains(&row.id) {
            gone.insert(row.id.clone());
        }
    }
    gone
}

#[cfg(test)]
mod tests;
