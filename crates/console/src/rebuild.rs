//! The database is gone, the files are there: history, snapshots and connectors come back from what the files say.
//!
//! What only the database knew is lost: people, owners, schedules, secrets, the audit record. Each connector asks for
//! its token again; what it had read can be looked at at once.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use rolebook_ledger::Facts;
use rolebook_snapshot::{Limits, Snapshot};
use serde_json::json;

use crate::{
    ConsoleError,
    blobs::{self, Blobs},
    console::Console,
    fresh,
    hosted::Hosted,
    lens::Lens,
    life::{Last, Life, Setup},
    origin::Origin,
    report::{Numbers, Report},
    retention::Retention,
    run::clean,
    schedule::Schedule,
    settings::Settings,
    store::{
        self, Change, Who,
        entity::{app, connector, sync},
    },
};

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Connectors.
    pub connectors: usize,
    /// Syncs with their snapshots.
    pub syncs: usize,
    /// Snapshots that cannot be read, with the reason.
    pub unreadable: Vec<String>,
}

/// A snapshot as its file tells of it.
struct Found {
    sync: String,
    file: String,
    run: String,
    facts: Facts,
    counts: Numbers,
    from: Timestamp,
    to: Timestamp,
    bytes: u64,
}

/// Whether snapshots lie there.
pub(crate) async fn has_snapshots(blobs: &Blobs) -> Result<bool, ConsoleError> {
    Ok(!snapshots(blobs).await?.is_empty())
}

/// Fills an empty database from the files.
pub(crate) async fn bring_back(console: &Arc<Console>) -> Result<Rebuilt, ConsoleError> {
    let mut rebuilt = Rebuilt::default();
    // Everything is read and opened first: a transaction that waited for it would be cut off by PostgreSQL.
    let mut all = Vec::new();
    for (id, names) in snapshots(&console.blobs).await? {
        let mut found: Vec<Found> = Vec::new();
        for name in names {
            let looked = match console.blobs.fetch(&name).await {
                Ok(path) => look(path).await,
                Err(error) => Err(error),
            };
            match looked {
                Ok(snapshot) => found.push(snapshot),
                Err(error) => rebuilt.unreadable.push(error.to_string()),
            }
        }
        found.sort_by_key(|snapshot| (snapshot.from, snapshot.to));
        // Of a sync that began anew, the snapshot of the worker that came late was to be removed: the other one holds.
        let mut newest: HashMap<String, String> = HashMap::new();
        for snapshot in &found {
            let file = newest.entry(snapshot.sync.clone()).or_default();
            if (snapshot.file.len(), &snapshot.file) > (file.len(), file) {
                file.clone_from(&snapshot.file);
            }
        }
        found.retain(|snapshot| newest.get(&snapshot.sync) == Some(&snapshot.file));
        let good = good(console, &id, &found).await?.or_else(|| found.len().checked_sub(1));
        let Some(good) = good else { continue };
        rebuilt.connectors += 1;
        rebuilt.syncs += found.len();
        all.push((id, found, good));
    }
    let change = console.store.change(Who::host(), false).await?;
    let mut apps = HashMap::new();
    for (id, found, good) in &all {
        connector(&change, id, found, *good, &mut apps).await?;
    }
    // How long things were to be kept is lost too: until somebody says it again, everything is.
    Retention::EVERYTHING.keep(&change).await?;
    let detail = json!({
        "connectors": rebuilt.connectors, "syncs": rebuilt.syncs, "unreadable": rebuilt.unreadable.len(),
    });
    change.audit("console.rebuilt", "console", detail).await?;
    change.commit().await?;
    Ok(rebuilt)
}

/// Which of the snapshots was the last good one: the file that syncs write, or the note beside the snapshots, says so.
async fn good(console: &Console, id: &str, found: &[Found]) -> Result<Option<usize>, ConsoleError> {
    if !console.blobs.here()
        && let Some(file) = console.blobs.text(&blobs::good_name(id)).await?
    {
        return Ok(found.iter().position(|snapshot| snapshot.file == file.trim()));
    }
    // Files that were brought from the data folder of a console with SQLite have no note, but that file.
    let current = match console.blobs.fetch(&blobs::current_name(id)).await {
        Ok(path) => look(path).await.ok(),
        Err(ConsoleError::BlobMissing { .. }) => None,
        Err(error) => return Err(error),
    };
    Ok(current.and_then(|current| found.iter().position(|snapshot| snapshot.run == current.run)))
}

/// Names of the snapshots that lie there, by connector.
async fn snapshots(blobs: &Blobs) -> Result<BTreeMap<String, Vec<String>>, ConsoleError> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in blobs.list("snapshots").await? {
        let mut parts = name.split('/');
        if let (Some("snapshots"), Some(connector), Some(file), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
            && is_id(connector, "con_")
            && blobs::sync_of(file).is_some()
        {
            found.entry(connector.to_owned()).or_default().push(name);
        }
    }
    Ok(found)
}

fn is_id(text: &str, kind: &str) -> bool {
    text.strip_prefix(kind).is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

async fn look(path: PathBuf) -> Result<Found, ConsoleError> {
    tokio::task::spawn_blocking(move || look_at(&path))
        .await
        .map_err(|error| ConsoleError::Connector(error.to_string()))?
}

fn look_at(path: &Path) -> Result<Found, ConsoleError> {
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let sync = blobs::sync_of(&file).unwrap_or(&file).to_owned();
    let unreadable =
        |error: String| ConsoleError::Connector(format!("the snapshot {}: {error}", path.display()));
    let snapshot = Snapshot::open(path, &Limits::default()).map_err(|error| unreadable(error.to_string()))?;
    let run = snapshot.latest_full().map_err(|error| unreadable(error.to_string()))?;
    let facts =
        rolebook_ledger::read(&snapshot.rows(&run.id)).map_err(|error| unreadable(error.to_string()))?;
    let lens = Lens::open(path, String::new(), sync.clone())?;
    let written = std::fs::metadata(path).map_err(ConsoleError::file("read", path))?;
    let modified = written.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    let to = facts.coverage.to.or(modified).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Found {
        run: run.id.to_string(),
        counts: Numbers {
            accounts: lens.accounts.len(),
            roles: lens.roles.len(),
            groups: lens.groups.len(),
            people: lens.people.len(),
            assigned: facts.users.iter().filter(|user| user.assignment.is_some()).count(),
            grants: lens.grants.len(),
            admin_roles: lens.admins.len(),
        },
        from: facts.coverage.from.unwrap_or(to),
        to,
        bytes: written.len(),
        file,
        sync,
        facts,
    })
}

async fn connector(
    change: &Change<'_>,
    id: &str,
    found: &[Found],
    good: usize,
    apps: &mut HashMap<(String, String), String>,
) -> Result<(), ConsoleError> {
    let Some(shown) = found.get(good) else { return Ok(()) };
    let facts = &shown.facts;
    let org = facts.org.id.to_string();
    let label = clean(&facts.app.label);
    // Of two domains of one org, the first stays known; each connector keeps its own. Snapshots name the host alone, which
    // on this machine says nothing.
    if let Some(origin) = Origin::read(&facts.org.domain).filter(|origin| !origin.is_loopback()) {
        change.see_org(&org, &clean(&facts.org.name), &origin, false).await?;
    }
    let okta_id = facts.app.id.as_str().to_owned();
    let app_id = match apps.get(&(org.clone(), okta_id.clone())) {
        Some(known) => known.clone(),
        None => {
            let row = app::Model {
                id: fresh::id("app")?,
                org_id: Some(org.clone()),
                okta_id: Some(okta_id.clone()),
                name: label.clone(),
                kind: facts.app.name.clone(),
                state: "managed".to_owned(),
                provider_status: facts.app.status.clone(),
                created_at: change.now_ms(),
                updated_at: change.now_ms(),
            };
            apps.insert((org.clone(), okta_id.clone()), row.id.clone());
            change.add_app(row.clone()).await?;
            row.id
        }
    };
    let hosted = Hosted {
        settings: Settings {
            domain: facts.org.domain.clone(),
            aws_okta_app_id: okta_id,
            ..Settings::default()
        },
        life: Life {
            setup: Setup::Invalid,
            last: Last::Succeeded,
            good_at: Some(shown.to),
            ..Life::default()
        },
        schedule: Schedule::default(),
        note: None,
        row: connector::Model {
            id: id.to_owned(),
            name: label,
            kind: "okta-aws-federation".to_owned(),
            app_id,
            org_id: Some(org),
            created_by: change.who.id.clone(),
            created_at: found.first().map_or(change.now_ms(), |first| first.from.as_millisecond()),
            updated_at: change.now_ms(),
            version: 1,
            settings: String::new(),
            secret: None,
            secret_note: None,
            life: String::new(),
            schedule: String::new(),
            good_sync: Some(shown.sync.clone()),
            held_sync: None,
            deleted_at: None,
        },
    };
    change.add_connector(hosted.into_row()).await?;
    for (at, snapshot) in found.iter().enumerate() {
        let report = Report {
            counts: Some(snapshot.counts),
            before: at.checked_sub(1).and_then(|before| found.get(before)).map(|before| before.counts),
            bytes: snapshot.bytes,
            reader: snapshot.facts.coverage.reader.as_ref().map(|reader| reader.login.clone()),
            app_updated: snapshot.facts.app.last_updated.map(|at| at.to_string()),
            ..Report::default()
        };
        change
            .add_sync(sync::Model {
                id: snapshot.sync.clone(),
                connector_id: id.to_owned(),
                cause: "rebuilt".to_owned(),
                actor: change.who.name.clone(),
                state: "ended".to_owned(),
                // Whatever is newer than the file that syncs write was put aside, and nobody decided on it.
                result: Some(if at > good { "discarded" } else { "succeeded" }.to_owned()),
                queued_at: snapshot.from.as_millisecond(),
                started_at: Some(snapshot.from.as_millisecond()),
                ended_at: Some(snapshot.to.as_millisecond()),
                lease_owner: None,
                lease_until: None,
                fence: 1,
                report: store::to_json(&report),
                file: Some(snapshot.file.clone()),
            })
            .await?;
    }
    change.audit("connector.rebuilt", &format!("connector/{id}"), json!({ "syncs": found.len() })).await
}
