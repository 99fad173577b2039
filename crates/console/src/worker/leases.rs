//! Who has which sync: taking one, and what becomes of those of a process that is gone.

use std::sync::Arc;

use serde_json::json;

use super::{HEARTBEAT, tell_label};
use crate::{
    ConsoleError,
    console::Console,
    hosted::Hosted,
    life::{Event, Run},
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
