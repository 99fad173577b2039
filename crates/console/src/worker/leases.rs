//! Who has which sync: taking one, and what becomes of those of a process that is gone.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::{sync::oneshot, task::JoinHandle};

use super::{HEARTBEAT, tell_label};
use crate::{
    ConsoleError,
    console::Console,
    hosted::Hosted,
    life::{Event, Run},
    run::Running,
    store::{Change, Who, connectors, entity::sync, shared, syncs},
};

/// On a database of its own, whatever is leased at the start was held by a process that is gone. On a shared one,
/// leases run out by themselves.
pub(super) async fn recover(console: &Console) -> Result<(), ConsoleError> {
    if !console.store.shared() {
        let change = console.store.change(Who::console(), false).await?;
        change.expire_leases().await?;
        change.commit().await?;
    }
    crate::operation::plans::apply::recover(console).await
}

/// On a shared database: says to the others that this process is at work, and looks for changes that a process which
/// has gone left half done.
pub(super) async fn be_present(console: Arc<Console>) {
    if !console.store.shared() {
        return;
    }
    loop {
        tokio::select! {
            () = tokio::time::sleep(HEARTBEAT) => {}
            () = console.stop.cancelled() => break,
        }
        let present = async {
            console.join().await?;
            crate::operation::plans::apply::recover(&console).await
        };
        if let Err(error) = present.await {
            tracing::warn!(%error, "the other processes do not hear of this one");
        }
    }
    if let Err(error) = shared::leave(console.store.db(), &console.worker).await {
        tracing::warn!(%error, "the other processes do not hear that this one ends");
    }
}

pub(super) async fn claim(
    console: &Arc<Console>,
    waiting: &sync::Model,
) -> Result<Option<(Hosted, sync::Model)>, ConsoleError> {
    let change = console.store.change(Who::console(), false).await?;
    let Some(row) = connectors::by_id(change.tx(), &waiting.connector_id).await? else {
        change.end_sync(&waiting.id, waiting.fence, "cancelled", "{}".to_owned(), None).await?;
        change.commit().await?;
        return Ok(None);
    };
    let mut hosted = Hosted::of(row)?;
    if is_org_busy(&change, &hosted, &console.worker).await? {
        return Ok(None);
    }
    if hosted.life.run == Run::Cancelling {
        // It was to stop, and its process is gone.
        let _ = hosted.apply(Event::Cancelled, change.now);
        change.end_sync(&waiting.id, waiting.fence, "cancelled", "{}".to_owned(), None).await?;
        change.keep_connector(hosted.into_row()).await?;
        change.commit().await?;
        tell_label(console, &waiting.connector_id).await;
        return Ok(None);
    }
    if matches!(hosted.life.run, Run::Syncing | Run::Processing) {
        let _ = hosted.apply(Event::Lost, change.now);
    }
    hosted.life.run = Run::Queued;
    let _ = hosted.apply(Event::Claimed, change.now);
    let Some(taken) = change.claim_sync(waiting, &console.worker).await? else { return Ok(None) };
    if !change.keep_connector(hosted.clone().into_row()).await? {
        return Ok(None);
    }
    hosted.row.version += 1;
    if waiting.state == "running" {
        let lost = lost_process(change.tx(), waiting).await?;
        let detail = json!({ "sync": taken.id, "process": lost, "begins_anew_in": console.config.name });
        change.audit("sync.recovered", &format!("connector/{}", taken.connector_id), detail).await?;
    }
    change.commit().await?;
    tell_label(console, &taken.connector_id).await;
    Ok(Some((hosted, taken)))
}

/// Name of the process whose lease on a sync ran out.
pub(super) async fn lost_process(
    db: &impl sea_orm::ConnectionTrait,
    sync: &sync::Model,
) -> Result<Option<String>, ConsoleError> {
    match &sync.lease_owner {
        Some(owner) => shared::name_of(db, owner).await,
        None => Ok(None),
    }
}

/// Whether another process runs a sync of the same org: the org's rate budget is kept within one process.
async fn is_org_busy(change: &Change<'_>, hosted: &Hosted, worker: &str) -> Result<bool, ConsoleError> {
    for other in syncs::elsewhere(change.tx(), worker, change.now_ms()).await? {
        let Some(row) = connectors::by_id(change.tx(), &other.connector_id).await? else { continue };
        let other = Hosted::of(row)?;
        let same_org = other.row.org_id.is_some() && other.row.org_id == hosted.row.org_id;
        if same_org || other.settings.domain == hosted.settings.domain {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How often a running sync checks whether a person has cancelled it.
const CANCEL_POLL: Duration = Duration::from_secs(1);

/// The lease on one running sync, renewed by a task of its own: resolving and sealing a large org may occupy the sync's
/// own task for longer than a lease lasts.
pub(super) struct Lease {
    lost: oneshot::Receiver<()>,
    renewal: JoinHandle<()>,
}

impl Lease {
    /// Renews the lease until the value is dropped.
    pub(super) fn hold(console: &Arc<Console>, taken: &sync::Model, running: &Arc<Running>) -> Self {
        let (say_lost, lost) = oneshot::channel();
        let (console, taken, running) = (Arc::clone(console), taken.clone(), Arc::clone(running));
        let renewal = tokio::spawn(async move {
            renew(&console, &taken, &running).await;
            let _ = say_lost.send(());
        });
        Self { lost, renewal }
    }

    /// Returns when another process has taken the sync.
    pub(super) async fn lost(&mut self) {
        if (&mut self.lost).await.is_err() {
            // The task ended without a word: it panicked. The lease runs out by itself, and the fence protects the
            // result.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Keeps the lease; returns when it is lost. Cancels the sync when a person asked for that, in whichever process.
async fn renew(console: &Console, taken: &sync::Model, running: &Running) {
    let mut beat = tokio::time::Instant::now() + HEARTBEAT;
    loop {
        tokio::time::sleep(CANCEL_POLL).await;
        match connectors::by_id(console.store.db(), &taken.connector_id).await.map(|row| row.map(Hosted::of))
        {
            Ok(Some(Ok(hosted))) if hosted.life.run != Run::Cancelling => {}
            Ok(Some(Err(_))) | Err(_) => {}
            // Cancelled, or deleted.
            _ if running.cancel.is_cancelled() => {}
            _ => {
                running.log("warn", "", "stopped by a person");
                running.cancel.cancel();
            }
        }
        if tokio::time::Instant::now() < beat {
            continue;
        }
        beat = tokio::time::Instant::now() + HEARTBEAT;
        let now = console.now().as_millisecond();
        match syncs::heartbeat(console.store.db(), &taken.id, taken.fence, now).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, sync = taken.id, "no heartbeat"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use jiff::Timestamp;

    use super::*;
    use crate::ConsoleConfig;

    /// Sealing a large org keeps the sync's own task busy for longer than a lease lasts.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_lease_is_renewed_while_the_syncs_task_computes() {
        let folder = tempfile::tempdir().unwrap();
        let ticks = AtomicI64::new(1_800_000_000);
        let clock = move || Timestamp::from_second(ticks.fetch_add(1, Ordering::SeqCst)).unwrap();
        let config = ConsoleConfig::local(folder.path().join("data"), "test".to_owned(), Arc::new(clock));
        let console = Console::open(config).await.unwrap();
        let change = console.store.change(Who::console(), false).await.unwrap();
        let queued = change.queue_sync("con_1", "test").await.unwrap();
        let taken = change.claim_sync(&queued, "this worker").await.unwrap().unwrap();
        change.commit().await.unwrap();
        let log = console.log_path("con_1", &taken.id);
        let running = Running::new(
            "con_1",
            &taken.id,
            &log,
            console.hub.clone(),
            Arc::clone(&console.config.clock),
            console.stop.child_token(),
        )
        .unwrap();

        let mut lease = Lease::hold(&console, &taken, &running);
        let runtime = tokio::runtime::Handle::current();
        // This task does not return to the runtime until the lease has moved on.
        tokio::task::block_in_place(|| {
            while runtime.block_on(syncs::by_id(console.store.db(), &taken.id)).unwrap().unwrap().lease_until
                <= taken.lease_until
            {
                std::thread::yield_now();
            }
        });

        // Another worker takes it: the first one hears that.
        let change = console.store.change(Who::console(), false).await.unwrap();
        change.claim_sync(&taken, "another worker").await.unwrap().unwrap();
        change.commit().await.unwrap();
        lease.lost().await;
    }
}
