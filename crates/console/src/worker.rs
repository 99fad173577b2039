//! The worker: starts what is due, takes syncs from the queue, runs them, and writes down how they ended.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use rolebook_connector::{
    AdminRoles, PersonRules, ProfileAttributes, ReadOptions, Summary, SyncError, SyncOptions,
};
use rolebook_federation::Switches;
use serde_json::json;

use crate::{
    ConsoleError, blobs, checks,
    console::Console,
    fresh,
    hosted::Hosted,
    life::{Event, Hold, Run},
    notice,
    report::{Failure, Report},
    run::Running,
    settings::Settings,
    store::{Change, Who, connectors, entity::sync, syncs},
};

mod leases;
mod sealed;

use leases::{Lease, be_present, claim, lost_process, recover};
use sealed::{archive, bring_current, prepare, snapshot_name};
pub(crate) use sealed::{bring_held, note_good};

/// How often it looks when nobody calls.
const TICK: Duration = Duration::from_secs(1);
/// Time between heartbeats; a lease outlives five of them.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// What does not hear that the console stops is left after so long.
const STOPPING: Duration = Duration::from_secs(4);
/// Syncs under way at the same time; Okta's rate limit is the real bound.
const AT_ONCE: usize = 4;

/// Stands for the version of a record that cannot be read.
const UNREADABLE: i64 = -1;

/// Works until the console stops.
pub(crate) async fn work(console: Arc<Console>) {
    if let Err(error) = recover(&console).await {
        tracing::error!(%error, "syncs of the last run cannot be taken up again");
    }
    let mut tasks = tokio::task::JoinSet::new();
    let mut known = HashMap::new();
    let presence = tokio::spawn(be_present(Arc::clone(&console)));
    loop {
        if let Err(error) = turn(&console, &mut tasks, &mut known).await {
            tracing::error!(%error, "the queue of syncs");
        }
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            () = console.nudge.notified() => {}
            () = tokio::time::sleep(TICK) => {}
            () = console.stop.cancelled() => break,
        }
    }
    // Syncs under way hear the stop themselves; their leases tell the next start to begin them anew.
    while tasks.join_next().await.is_some() {}
    let _ = presence.await;
}

/// `known` holds the versions of the connectors as this process last saw them.
async fn turn(
    console: &Arc<Console>,
    tasks: &mut tokio::task::JoinSet<()>,
    known: &mut HashMap<String, i64>,
) -> Result<(), ConsoleError> {
    let now = console.now();
    for row in connectors::all(console.store.db()).await? {
        let connector = row.id.clone();
        // A row that a newer version wrote stops its own connector, not everybody's schedule.
        let hosted = match Hosted::of(row) {
            Ok(hosted) => hosted,
            Err(error) => {
                if known.insert(connector.clone(), UNREADABLE) != Some(UNREADABLE) {
                    tracing::error!(%error, connector, "this connector's record cannot be read; its schedule waits");
                }
                continue;
            }
        };
        let id = &hosted.row.id;
        // What another process changed is news to the pages of this one.
        let seen = known.insert(id.clone(), hosted.row.version);
        if console.store.shared() && seen != Some(hosted.row.version) {
            tell_label(console, id).await;
        }
        if hosted.life.is_due(now) {
            let change = console.store.change(Who::console(), false).await?;
            if want_due(&change, id).await? {
                change.commit().await?;
                tell_label(console, id).await;
            }
        }
    }
    for waiting in syncs::claimable(console.store.db(), now.as_millisecond()).await? {
        if tasks.len() >= AT_ONCE {
            break;
        }
        // Its lease ran out because nothing could be written for a while: it is still at work here, and will renew it.
        if console.running(&waiting.connector_id).is_some() {
            continue;
        }
        match claim(console, &waiting).await {
            Ok(Some((hosted, taken))) => {
                let lost = lost_process(console.store.db(), &waiting).await?;
                let console = Arc::clone(console);
                tasks.spawn(async move { run(&console, hosted, taken, lost).await });
            }
            Ok(None) => {}
            Err(error @ ConsoleError::Record { .. }) => {
                tracing::debug!(%error, sync = waiting.id, "a sync of an unreadable connector stays queued");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Asks for a sync that is due, if it still is: another process may have been faster. Says whether it did.
async fn want_due(change: &Change<'_>, connector: &str) -> Result<bool, ConsoleError> {
    let Some(row) = connectors::by_id(change.tx(), connector).await? else { return Ok(false) };
    let life = Hosted::of(row)?.life;
    if !life.is_due(change.now) {
        return Ok(false);
    }
    let cause = if life.retrying { "retry" } else { "schedule" };
    Ok(want(change, connector, cause, false).await?.is_ok())
}

/// Asks for a sync of a connector: queued once, however many ask. Says whether there is one now.
pub(crate) async fn want(
    change: &Change<'_>,
    connector: &str,
    cause: &str,
    by_person: bool,
) -> Result<Result<(), crate::life::Refusal>, ConsoleError> {
    let Some(row) = connectors::by_id(change.tx(), connector).await? else { return Ok(Ok(())) };
    let mut hosted = Hosted::of(row)?;
    if let Err(refusal) = hosted.apply(Event::Wanted { by_person }, change.now) {
        return Ok(Err(refusal));
    }
    if syncs::open_of(change.tx(), connector).await?.is_none() {
        let sync = change.queue_sync(connector, cause).await?;
        change
            .audit(
                "sync.queued",
                &format!("connector/{connector}"),
                json!({ "sync": sync.id, "cause": cause }),
            )
            .await?;
    }
    change.keep_connector(hosted.into_row()).await?;
    Ok(Ok(()))
}

/// How one sync came out.
enum Outcome {
    /// Sealed.
    Read(Box<Summary>),
    /// Failed.
    Failed(Failure),
    /// Somebody stopped it.
    Cancelled,
    /// The console is stopping: the next start begins it anew.
    Abandoned,
}

async fn run(console: &Arc<Console>, hosted: Hosted, taken: sync::Model, lost: Option<String>) {
    let (connector, id) = (taken.connector_id.clone(), taken.id.clone());
    let running = Running::new(
        &connector,
        &id,
        &console.log_path(&connector, &id),
        console.hub.clone(),
        Arc::clone(&console.config.clock),
        console.stop.child_token(),
    );
    let mut lease = running.as_ref().ok().map(|running| Lease::hold(console, &taken, running));
    let outcome = match (&running, &mut lease) {
        (Ok(running), Some(lease)) => {
            console
                .running
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(connector.clone(), Arc::clone(running));
            if taken.fence > 1 {
                let process = lost.map(|name| format!(" {name}")).unwrap_or_default();
                running.log(
                    "warn",
                    "",
                    format!("the process{process} that ran this sync is gone; it begins anew"),
                );
            }
            running.log("info", "", format!("sync begins ({}, {})", taken.cause, taken.actor));
            tokio::select! {
                outcome = read(console, &hosted, &taken, running) => outcome,
                () = lease.lost() => {
                    running.log("warn", "", "another process has this sync: what was read here is dropped");
                    running.cancel.cancel();
                    Outcome::Abandoned
                }
                // It hears the stop itself, unless something that it waits for stands still.
                () = long_after_stop(console) => Outcome::Abandoned,
            }
        }
        (Err(error), _) => unreached(error),
        (Ok(_), None) => Outcome::Abandoned,
    };
    tokio::select! {
        ended = end(console, &taken, outcome, running.as_deref().ok()) => if let Err(error) = ended {
            tracing::error!(%error, sync = id, "a sync's end could not be recorded; it will be run again");
        },
        () = long_after_stop(console) => tracing::warn!(sync = id, "the console stops before a sync's end is recorded"),
    }
    console.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&connector);
    tell_label(console, &connector).await;
}

/// Returns when the console is to stop, and everything had time to do so.
async fn long_after_stop(console: &Console) {
    console.stop.cancelled().await;
    tokio::time::sleep(STOPPING).await;
}

async fn read(
    console: &Arc<Console>,
    hosted: &Hosted,
    taken: &sync::Model,
    running: &Arc<Running>,
) -> Outcome {
    let failed = |text: String, hint: &str| {
        Outcome::Failed(Failure {
            class: "config".to_owned(),
            text,
            hint: hint.to_owned(),
            ..Failure::default()
        })
    };
    let login = match hosted.login(&console.vault) {
        Ok(login) => login,
        Err(error) => return failed(error.to_string(), error.hint()),
    };
    let client = match checks::client(
        console,
        &hosted.settings,
        &login,
        Some(&taken.connector_id),
        running.cancel.clone(),
    ) {
        Ok(Ok(client)) => client,
        Ok(Err(wrong)) => return failed(wrong.text, wrong.hint),
        Err(error) => return failed(error.to_string(), error.hint()),
    };
    let file = console.current_path(&taken.connector_id);
    if let Some(good) = &hosted.row.good_sync {
        // In case the worker that took it over could not write the note.
        note_good(console, &taken.connector_id, good).await;
    }
    match bring_current(console, hosted).await {
        Ok(()) => {}
        Err(error @ ConsoleError::BlobMissing { .. }) => {
            running.log(
                "warn",
                "",
                format!("{error}: this sync is compared with what lies here, if anything does"),
            );
        }
        Err(error) => return unreached(&error),
    }
    let random = match (prepare(&file), fresh::bytes::<16>()) {
        (Ok(()), Ok(random)) => random,
        (Err(error), _) | (_, Err(error)) => return failed(error.to_string(), error.hint()),
    };
    let options = SyncOptions {
        file,
        app: checks::choice(&hosted.settings),
        accounts: Vec::new(),
        accounts_of: None,
        resume_max_age: rolebook_connector::RESUME_MAX_AGE,
        incremental: None,
        read: read_options(&hosted.settings),
        switches: Switches::default(),
        writer: console.config.writer.clone(),
        random,
    };
    let clock = Arc::clone(&console.config.clock);
    let now = move || -> Timestamp { clock() };
    match rolebook_connector::sync(&client, &options, &now, running.as_ref()).await {
        Ok(summary) => {
            if let Some(resumed) = &summary.resumed {
                running.log("info", "", format!("{} pages of the run before were taken over", resumed.pages));
            }
            let name = snapshot_name(taken);
            if let Err(error) = archive(&summary, &options.file, &console.blobs.path(&name)) {
                return failed(error.to_string(), error.hint());
            }
            match console.blobs.put(&name).await {
                Ok(()) => Outcome::Read(Box::new(summary)),
                Err(error) => unreached(&error),
            }
        }
        Err(error) if error.is_cancelled() && console.stop.is_cancelled() => Outcome::Abandoned,
        Err(error) if error.is_cancelled() => Outcome::Cancelled,
        Err(error) => {
            if let SyncError::Snapshot(source) = &error {
                tracing::warn!(error = %source, "a snapshot cannot be written");
            }
            Outcome::Failed(Failure::from(&error))
        }
    }
}

/// Nothing is wrong with the settings: the sync is tried again.
fn unreached(error: &ConsoleError) -> Outcome {
    Outcome::Failed(Failure {
        class: "transient".to_owned(),
        text: error.to_string(),
        hint: error.hint().to_owned(),
        ..Failure::default()
    })
}

/// What a sync of a connector reads.
pub(crate) fn read_options(settings: &Settings) -> ReadOptions {
    ReadOptions {
        admin_roles: AdminRoles::Auto,
        custom_roles: settings.sync_custom_roles,
        people: PersonRules {
            attributes: ProfileAttributes::parse(""),
            skip_secondary_emails: settings.skip_secondary_emails,
        },
        no_group_names: false,
    }
}

/// Takes the result over and ends the sync, in one transaction that compares the fencing number.
async fn end(
    console: &Arc<Console>,
    taken: &sync::Model,
    outcome: Outcome,
    running: Option<&Running>,
) -> Result<(), ConsoleError> {
    if matches!(outcome, Outcome::Abandoned) {
        return syncs::release(console.store.db(), &taken.id, taken.fence).await;
    }
    let log = |level: &str, text: String| {
        if let Some(running) = running {
            running.log(level, "", text);
        }
    };
    let change = console.store.change(Who::console(), false).await?;
    let Some(row) = connectors::by_id(change.tx(), &taken.connector_id).await? else {
        change.end_sync(&taken.id, taken.fence, "cancelled", "{}".to_owned(), None).await?;
        change.commit().await?;
        return Ok(());
    };
    let mut hosted = Hosted::of(row)?;
    let failing_since = hosted.life.failing_since;
    let cancelling = hosted.life.run == Run::Cancelling;
    let before = match &hosted.row.good_sync {
        Some(good) => syncs::by_id(change.tx(), good).await?.map(|sync| Hosted::report(&sync)),
        None => None,
    };
    let (event, result, report) = match outcome {
        Outcome::Read(summary) => {
            let report = Report::of(&summary, before.as_ref().and_then(|before| before.counts));
            if cancelling {
                (Event::Cancelled, "cancelled", report)
            } else {
                let _ = hosted.apply(Event::Fetched, change.now);
                if report.losses.is_empty() {
                    let warnings = !report.attention.is_empty();
                    let result = if warnings { "succeeded-with-warnings" } else { "succeeded" };
                    (Event::Committed { warnings }, result, report)
                } else {
                    (Event::Held, "held", report)
                }
            }
        }
        // A person wanted it to stop: how it would have failed does not matter.
        _ if cancelling => (Event::Cancelled, "cancelled", Report::default()),
        Outcome::Failed(failure) if failure.class == "transient" => {
            (Event::FailedTransient, "failed", Report::failed(failure))
        }
        Outcome::Failed(failure) => (Event::FailedConfig, "failed", Report::failed(failure)),
        Outcome::Cancelled | Outcome::Abandoned => (Event::Cancelled, "cancelled", Report::default()),
    };
    if hosted.apply(event, change.now).is_err() {
        // Cancelled by a person between two looks: what was read is not taken over.
        hosted.life.run = Run::Idle;
    }
    let file = report.counts.map(|_| blobs::snapshot_file(&taken.id, taken.fence));
    let sealed = file.is_some();
    if !change.end_sync(&taken.id, taken.fence, result, crate::store::to_json(&report), file).await? {
        tracing::warn!(sync = taken.id, "a result came too late: another worker has this sync");
        drop(change);
        log("warn", "this result came too late: another process has this sync, so it is dropped".to_owned());
        if sealed {
            console.blobs.delete(&snapshot_name(taken)).await?;
        }
        return Ok(());
    }
    match event {
        Event::Committed { .. } => {
            if let Some(old) = hosted.row.good_sync.replace(taken.id.clone()) {
                change.tell_of(&taken.connector_id, &old, &taken.id).await?;
            }
        }
        Event::Held => hosted.row.held_sync = Some(taken.id.clone()),
        _ => {}
    }
    let object = format!("connector/{}", taken.connector_id);
    let detail =
        json!({ "sync": taken.id, "result": result, "counts": report.counts, "error": report.error });
    change.audit("sync.ended", &object, detail).await?;
    match (event, &report.error) {
        (Event::Committed { .. }, _) => {
            notice::recovered(console, &change, &hosted, failing_since).await?;
            if let Some(before) = &before {
                notice::weakened(console, &change, &hosted, &report.refused_since(before)).await?;
            }
            hosted.learn(&report);
        }
        (Event::Held, _) => {
            notice::recovered(console, &change, &hosted, failing_since).await?;
            notice::held(console, &change, &hosted, &taken.id, &report).await?;
        }
        (_, Some(error)) => notice::failed(console, &change, &hosted, error).await?,
        _ => {}
    }
    change.keep_connector(hosted.clone().into_row()).await?;
    change.commit().await?;
    if matches!(event, Event::Committed { .. }) {
        note_good(console, &taken.connector_id, &taken.id).await;
    }
    console.metrics.sync_ended(result);
    match (&report.error, hosted.life.hold) {
        (Some(error), _) => log("error", format!("sync failed: {}. What to do: {}", error.text, error.hint)),
        (None, Hold::Anomaly) => {
            log("warn", "sync held: it would remove too much; somebody has to look".to_owned());
        }
        (None, _) => log("info", format!("sync {result}, {} requests", report.requests)),
    }
    // What workers before this one may have sealed without being able to take it over.
    for fence in 1..taken.fence {
        let name = blobs::snapshot_file(&taken.id, fence);
        console.blobs.delete(&blobs::snapshot_name(&taken.connector_id, &name)).await?;
    }
    if running.is_some()
        && let Err(error) = console.blobs.put(&blobs::log_name(&taken.connector_id, &taken.id)).await
    {
        tracing::warn!(%error, sync = taken.id, "the log stays in this process's data folder");
    }
    if matches!(event, Event::Committed { .. }) {
        // Pages show it from now on: whoever looks first should not wait until it is open.
        tokio::select! {
            opened = console.lens(&taken.connector_id, &taken.id) => {
                if let Err(error) = opened {
                    tracing::warn!(%error, sync = taken.id, "its data cannot be shown");
                }
            }
            () = console.stop.cancelled() => {}
        }
    }
    Ok(())
}

/// Tells open pages what the label is now.
pub(crate) async fn tell_label(console: &Console, connector: &str) {
    let Ok(Some(row)) = connectors::by_id(console.store.db(), connector).await else { return };
    let Ok(hosted) = Hosted::of(row) else { return };
    let label = hosted.label(console.now());
    let data = json!({
        "label": label, "text": label.text(), "sign": label.sign(), "tone": label.tone(),
        "reason": hosted.reason(console.now()),
    });
    console.hub.tell(connector, "label", data);
}
