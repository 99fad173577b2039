//! Between syncs, the app's settings are read now and then: one request. When they have changed, who has access may
//! have changed for everybody, so a sync starts at once. Whoever has to decide a held sync is reminded here too.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rolebook_okta::shapes::AppId;

use crate::{
    ConsoleError, checks,
    console::Console,
    hosted::Hosted,
    life::{Hold, Run, Setup},
    notice,
    store::{Who, connectors, shared, syncs},
    worker,
};

/// How often the settings of one app are read, in milliseconds.
const EVERY: i64 = 300_000;
/// How often it looks whose turn it is.
const TICK: Duration = Duration::from_secs(5);

/// Watches until the console stops.
pub(crate) async fn settings(console: Arc<Console>) {
    loop {
        if let Err(error) = round(&console).await {
            tracing::warn!(%error, "settings of apps");
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = console.stop.cancelled() => return,
        }
    }
}

async fn round(console: &Arc<Console>) -> Result<(), ConsoleError> {
    let now = console.now();
    for row in connectors::all(console.store.db()).await? {
        let hosted = Hosted::of(row)?;
        let life = &hosted.life;
        notice::remind(console, &hosted).await?;
        if life.run != Run::Idle || life.hold != Hold::None || life.setup != Setup::Valid {
            continue;
        }
        let Some(good_at) = life.good_at else { continue };
        let (now, turn) = (now.as_millisecond(), format!("settings/{}", hosted.row.id));
        // Of several processes one looks.
        if now - good_at.as_millisecond() < EVERY
            || !shared::take_turn(console.store.db(), &turn, now, EVERY).await?
        {
            continue;
        }
        if changed(console, &hosted).await? {
            let change = console.store.change(Who::console(), false).await?;
            // A refusal means that something else goes on, which reads the settings anyway.
            let _ = worker::want(&change, &hosted.row.id, "settings-changed", false).await?;
            change.commit().await?;
            console.nudge.notify_one();
        }
    }
    Ok(())
}

/// Whether the app was changed since the sync whose data is shown. What cannot be read now is left to the next sync.
async fn changed(console: &Arc<Console>, hosted: &Hosted) -> Result<bool, ConsoleError> {
    let Some(good) = &hosted.row.good_sync else { return Ok(false) };
    let Some(sync) = syncs::by_id(console.store.db(), good).await? else { return Ok(false) };
    let Some(known) = Hosted::report(&sync).app_updated else { return Ok(false) };
    let (Ok(login), Ok(app)) =
        (hosted.login(&console.vault), AppId::new(hosted.settings.aws_okta_app_id.as_str()))
    else {
        return Ok(false);
    };
    let stop = console.stop.child_token();
    let Ok(client) = checks::client(console, &hosted.settings, &login, Some(&hosted.row.id), stop)? else {
        return Ok(false);
    };
    let Ok(app) = client.app(&app).await else { return Ok(false) };
    let updated = app.last_updated.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
    Ok(updated.is_some_and(|updated| updated.to_string() != known))
}
