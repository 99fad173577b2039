//! What happened between syncs: Okta's System Log, read on from where the last reading stopped. Okta forgets after 90
//! days, so what is not read in time is lost; a gap is noted as one.

mod store;

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rolebook_ledger::{AppRecord, Org};
use rolebook_okta::{Client, Error, LogWalk};

pub use store::{Event, EventParty, EventStore, EventsError};

use crate::{Clock, Event as Step, Progress, Stage, SyncError, claim::Claim, held::with_suffix};

/// How long Okta keeps its log.
const KEPT_BY_OKTA: SignedDuration = SignedDuration::from_hours(24 * 90);
/// How far a reading goes back behind the newest event when its place is lost: entries may be written late.
const OVERLAP: SignedDuration = SignedDuration::from_hours(1);

/// Where the events of a snapshot lie: `<file>.events`.
#[must_use]
pub fn events_path(file: &Path) -> PathBuf {
    with_suffix(file, ".events")
}

/// What a reading of the log brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsRead {
    /// The file.
    pub path: PathBuf,
    /// Events that were not known before.
    pub new: u64,
    /// Events in the file.
    pub kept: u64,
    /// Entries that could not be read, and are left out.
    pub unreadable: u64,
    /// A time of which Okta had forgotten everything; noted in the file.
    pub gap: Option<(Timestamp, Timestamp)>,
}

/// Which entries are read: memberships, assignments to this app, its settings, life cycles, admin rights, and sign-on
/// to this app. Names of events as in Okta's list of event types.
fn filter(app: &str) -> String {
    let begins = ["group.user_membership.", "group.lifecycle.", "user.lifecycle.", "iam."];
    let of_app = ["application.", "group.application_assignment."];
    let exactly = [
        "group.profile.update",
        "user.account.privilege.grant",
        "user.account.privilege.revoke",
        "group.privilege.grant",
        "group.privilege.revoke",
        "app.oauth2.client.privilege.grant",
        "app.oauth2.client.privilege.revoke",
        "system.api_token.create",
        "system.api_token.revoke",
    ];
    let begins = begins.iter().map(|start| format!("eventType sw \"{start}\""));
    let exactly = exactly.iter().map(|kind| format!("eventType eq \"{kind}\""));
    let of_app = of_app
        .iter()
        .map(|start| format!("eventType sw \"{start}\""))
        .chain(["eventType eq \"user.authentication.sso\"".to_owned()]);
    let general: Vec<String> = begins.chain(exactly).collect();
    let of_app: Vec<String> = of_app.collect();
    format!("{} or (target.id eq \"{app}\" and ({}))", general.join(" or "), of_app.join(" or "))
}

/// Reads on in the System Log and keeps what it finds beside the snapshot `file`. Each page is kept before the next is
/// asked for, so a run that is cut off goes on where it stopped.
///
/// # Errors
/// [`SyncError::Essential`] when the log cannot be read; what was read before is kept.
pub async fn read_events(
    client: &Client,
    file: &Path,
    org: &Org,
    app: &AppRecord,
    clock: Clock<'_>,
    progress: &dyn Progress,
) -> Result<EventsRead, SyncError> {
    let _claim = Claim::take(file, clock())?;
    let path = events_path(file);
    let mut store = EventStore::make(&path)?;
    check_owner(&store, &path, org, app)?;
    let filter = filter(app.id.as_str());
    let started = clock();
    let reading = |error| SyncError::reading("the System Log")(error);

    progress.event(Step::Begin { stage: Stage::Events, lists: 1 });
    let (mut walk, gap) = begin(client, &mut store, &filter, started)?;
    let mut read = EventsRead { path, new: 0, kept: 0, unreadable: 0, gap };
    let mut fresh = false;
    loop {
        let page = match walk.next_page().await {
            Ok(page) => page,
            // A place that Okta no longer knows: from the newest event on, once.
            Err(Error::BadCursor(_) | Error::Validation(_)) if !fresh && store.note("cursor")?.is_some() => {
                fresh = true;
                let (since, gap) = since(&store, started)?;
                read.gap = read.gap.or(note_gap(&store, gap)?);
                walk = client.log_since(since, &filter).map_err(reading)?;
                continue;
            }
            Err(error) => return Err(reading(error)),
        };
        fresh = true;
        let added = store.add(&page.events, &page.next)?;
        read.new += added.new;
        read.unreadable += added.unreadable + page.skipped.len() as u64;
        progress.event(Step::Page { stage: Stage::Events, items: page.events.len() as u64 });
        if page.events.is_empty() && page.skipped.is_empty() {
            break;
        }
    }
    // Only a whole sweep has read up to its beginning.
    store.set(&[("read-to", &started.to_string())])?;
    read.kept = store.count()?;
    progress.event(Step::End { stage: Stage::Events, skipped: None });
    Ok(read)
}

type Gap = Option<(Timestamp, Timestamp)>;

/// The walk from the stored place; from the newest event when the filter has changed; else from as far back as Okta
/// remembers.
fn begin(
    client: &Client,
    store: &mut EventStore,
    filter: &str,
    now: Timestamp,
) -> Result<(LogWalk, Gap), SyncError> {
    let (from, gap) = since(store, now)?;
    let same = store.note("filter")?.as_deref() == Some(filter);
    let place = store.note("cursor")?.filter(|_| same && gap.is_none());
    if let Some(place) = place.and_then(|place| rolebook_okta::Cursor::parse(&place).ok()) {
        return Ok((client.log_from(&place), None));
    }
    let gap = note_gap(store, gap)?;
    let walk = client.log_since(from, filter).map_err(SyncError::reading("the System Log"))?;
    if store.known_since()?.is_none() {
        store.set(&[("since", &from.to_string())])?;
    }
    store.set(&[("filter", filter)])?;
    Ok((walk, gap))
}

/// Where to begin without a place, and what lies between the last reading and that.
fn since(store: &EventStore, now: Timestamp) -> Result<(Timestamp, Gap), EventsError> {
    let earliest = now.checked_sub(KEPT_BY_OKTA).unwrap_or(now);
    let known = store.newest()?.max(store.read_to()?);
    Ok(match known {
        Some(known) if known < earliest => (earliest, Some((known, earliest))),
        Some(known) => (known.checked_sub(OVERLAP).unwrap_or(known).max(earliest), None),
        None => (earliest, None),
    })
}

fn note_gap(store: &EventStore, gap: Gap) -> Result<Gap, EventsError> {
    if let Some((since, until)) = gap {
        store.add_gap(since, until)?;
    }
    Ok(gap)
}

/// Events of one org and one app: the file says which.
fn check_owner(store: &EventStore, path: &Path, org: &Org, app: &AppRecord) -> Result<(), SyncError> {
    let owners = [("org", org.id.as_str()), ("app", app.id.as_str())];
    for (what, ours) in owners {
        match store.note(what)? {
            Some(theirs) if theirs != ours => {
                return Err(SyncError::OtherOwner {
                    file: path.to_owned(),
                    what,
                    theirs,
                    ours: ours.to_owned(),
                });
            }
            _ => {}
        }
    }
    Ok(store.set(&owners)?)
}
