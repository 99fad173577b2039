//! A sync that reads again only what has changed since the last one.
//!
//! Three requests tell whether anything has: the app, Okta's System Log since the last reading, and the groups whose
//! dates have moved. What they name is read again and laid over the last snapshot; any doubt makes the run a full one,
//! which says why. Log and dates may lag behind, so each run looks back further than the last one reached.

mod changes;
mod reread;

use jiff::{SignedDuration, Timestamp};
use rolebook_federation::{RESOLVER_VERSION, Rules, Union, Warnings};
use rolebook_ledger::{AppRecord, Facts, Incremental, ListCoverage, Reader};
use rolebook_okta::{Client, Error, GroupQuery, shapes::LogEvent};

use crate::{
    Stage, SyncError, SyncOptions, app,
    baseline::Baseline,
    entrance::{Entrance, token_owner},
    service_app,
};
use changes::{Changes, Known};

/// Okta keeps its log for 90 days.
const LOG_KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// When a sync may read only what changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncrementalOptions {
    /// How late an entry of the System Log or a date of a group may appear. Each run looks back that far behind the
    /// beginning of the last one.
    pub event_lag: SignedDuration,
    /// How old the last full reading may be.
    pub full_every: SignedDuration,
}

/// Two minutes: Okta's log is usually seconds behind.
pub const EVENT_LAG: SignedDuration = SignedDuration::from_mins(2);
/// A day.
pub const FULL_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// What a run is.
#[derive(Debug)]
pub(crate) enum Reach {
    /// Every list is read. With the reason, when less was asked for, and with what was read before that was clear.
    Full { why: Option<String>, app: Option<Box<AppRecord>> },
    /// Only what changed.
    Changes(Box<Since>),
}

impl Reach {
    pub(crate) fn full(why: Option<String>) -> Self {
        Self::Full { why, app: None }
    }

    /// The sync that an incremental run stands on.
    pub(crate) fn base(&self) -> Option<&str> {
        match self {
            Self::Full { .. } => None,
            Self::Changes(since) => Some(&since.record.based_on),
        }
    }

    /// Takes out what reading needs; what the file and the summary say stays.
    pub(crate) fn parted(self) -> (Self, Option<(Facts, Changes, u64)>) {
        match self {
            full @ Self::Full { .. } => (full, None),
            Self::Changes(mut since) => {
                let read =
                    (std::mem::take(&mut since.facts), std::mem::take(&mut since.changes), since.asked);
                (Self::Changes(since), Some(read))
            }
        }
    }

    /// For the coverage record and the summary.
    pub(crate) fn told(self) -> (Option<Incremental>, Option<String>) {
        match self {
            Self::Full { why, .. } => (None, why),
            Self::Changes(since) => (Some(since.record), None),
        }
    }
}

/// The snapshot that an incremental run stands on, and what changed since.
#[derive(Debug)]
pub(crate) struct Since {
    facts: Facts,
    changes: Changes,
    record: Incremental,
    pub(crate) entrance: Entrance,
    /// Requests so far.
    asked: u64,
}

/// Why a run is full, and the app if it was read.
struct Doubt {
    why: String,
    app: Option<AppRecord>,
}

impl From<String> for Doubt {
    fn from(why: String) -> Self {
        Self { why, app: None }
    }
}

enum Stop {
    Doubt(Doubt),
    Failed(SyncError),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Doubt(why.into())
    }
}

/// Finds out what has changed, or why everything is read.
///
/// # Errors
/// Only those after which a full run could not go on either.
pub(crate) async fn look(
    client: &Client,
    options: &SyncOptions,
    base: Option<Base>,
    now: Timestamp,
) -> Result<Reach, SyncError> {
    let Some(wanted) = options.incremental else { return Ok(Reach::Full { why: None, app: None }) };
    match since(client, options, wanted, base, now).await {
        Ok(since) => Ok(Reach::Changes(Box::new(since))),
        Err(Stop::Doubt(doubt)) => {
            tracing::info!(why = %doubt.why, "the run is full");
            Ok(Reach::Full { why: Some(doubt.why), app: doubt.app.map(Box::new) })
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

async fn since(
    client: &Client,
    options: &SyncOptions,
    wanted: IncrementalOptions,
    base: Option<Base>,
    now: Timestamp,
) -> Result<Since, Stop> {
    let Some(base) = base else { return Err("there is no earlier sync in the file".to_owned().into()) };
    let base = Stand { facts: base.facts?, id: base.id };
    let record = base.record(client, options, wanted, now)?;

    let app = app::find(client, &options.app).await.map_err(Stop::Failed)?;
    let mut asked = 1;
    let stop = |why: String| Stop::Doubt(Doubt { why, app: Some(app.clone()) });
    base.same_app(&app).map_err(stop)?;
    // The log's beginning is by Okta's clock, and so must be its end.
    let okta = client.okta_time().ok_or_else(|| stop("Okta does not say what time it is".into()))?;
    if record.log_since > okta {
        return Err(stop("the last sync lies in the future by Okta's clock".into()));
    }
    if okta.duration_since(record.log_since) > LOG_KEPT {
        return Err(stop("Okta's log does not reach back to the last sync (90 days)".into()));
    }

    let mut warnings = Warnings::new();
    let rules =
        Rules::compile(&app.to_federation(&mut warnings), app.union, &options.switches, &mut warnings)
            .map_err(|error| Stop::Failed(error.into()))?;
    let mut changes = Changes::default();
    let facts = base.facts;
    let known = Known::new(&facts, &rules);
    let log = log(client, record.log_since, &app, &mut asked);
    for entry in log.await.map_err(|stopped| stopped.with(&app))? {
        known.event(&entry, &mut changes).map_err(stop)?;
    }
    let groups = moved_groups(client, record.log_since, rules.maps_groups(), &mut asked);
    for group in groups.await.map_err(|stopped| stopped.with(&app))? {
        known.listed(group, &mut changes);
    }

    known.admins_unmoved(&changes).map_err(stop)?;

    // Nothing changed: whoever asked, what stands there is what the reader of then would see.
    let mut reader = facts.coverage.reader.clone();
    if !changes.is_empty() {
        asked += 1;
        reader = owner(client).await.map_err(Stop::Failed)?;
        if reader != facts.coverage.reader {
            return Err(stop("another token, or service app, read the last sync".into()));
        }
    }
    let record = Incremental { entries: changes.entries, ..record };
    let entrance = Entrance { org: facts.org.clone(), reader, app };
    Ok(Since { facts, changes, record, entrance, asked })
}

impl Stop {
    fn with(self, app: &AppRecord) -> Self {
        match self {
            Self::Doubt(doubt) => Self::Doubt(Doubt { app: Some(app.clone()), ..doubt }),
            failed @ Self::Failed(_) => failed,
        }
    }
}

async fn owner(client: &Client) -> Result<Option<Reader>, SyncError> {
    match service_app::enter(client).await? {
        Some(service_app) => Ok(Some(service_app)),
        None => token_owner(client).await,
    }
}

/// The last sync of the file, as far as it can be read.
#[derive(Debug)]
pub(crate) struct Base {
    facts: Result<Facts, String>,
    id: String,
}

impl Base {
    pub(crate) fn of(baseline: &Baseline) -> Self {
        Self { facts: baseline.facts(), id: baseline.id().to_string() }
    }
}

/// The same, once it is read.
struct Stand {
    facts: Facts,
    id: String,
}

impl Stand {
    /// Whether a run of these options may stand on it at all.
    fn record(
        &self,
        client: &Client,
        options: &SyncOptions,
        wanted: IncrementalOptions,
        now: Timestamp,
    ) -> Result<Incremental, String> {
        let coverage = &self.facts.coverage;
        let Some(log_from) = coverage.log_from else {
            return Err("the last sync does not say when it was, by Okta's clock".into());
        };
        let began = coverage.from.unwrap_or(log_from);
        let full = coverage.incremental.as_ref().map_or(began, |before| before.full);
        if began > now || full > now {
            return Err("the last sync lies in the future by this machine's clock".into());
        }
        if now.duration_since(full) >= wanted.full_every {
            return Err(format!("the last full sync is {:#} old or older (--full-every)", wanted.full_every));
        }
        if coverage.writer != options.writer || coverage.resolver != RESOLVER_VERSION {
            return Err(format!("another version wrote the last sync ({})", coverage.writer));
        }
        if coverage.switches != options.switches {
            return Err("other assumptions (--assume) were in force".into());
        }
        if coverage.options != read_as(options) {
            return Err("the last sync was told to read something else".into());
        }
        if !coverage.is_complete() {
            return Err("the last sync is partial".into());
        }
        let members = coverage.lists.get(Stage::Members.as_str());
        if !matches!(members, Some(ListCoverage::Full { .. })) {
            return Err("the last sync could not read the members of every group".into());
        }
        if options.read.custom_roles {
            return Err("custom admin roles are read: the log tells too little of them".into());
        }
        if coverage.org.domain != client.domain().host() {
            return Err(format!("the last sync asked {}", coverage.org.domain));
        }
        let log_since = log_from.checked_sub(wanted.event_lag).unwrap_or(log_from);
        Ok(Incremental { based_on: self.id.clone(), full, log_since, entries: 0 })
    }

    fn same_app(&self, app: &AppRecord) -> Result<(), String> {
        let before = AppRecord { union: Union::Unknown, ..self.facts.app.clone() };
        if before == (AppRecord { union: Union::Unknown, ..app.clone() }) {
            return Ok(());
        }
        Err(if before.id == app.id {
            "the app, or one of its settings, changed".into()
        } else {
            format!("the last sync was of another app, {}", before.id)
        })
    }
}

/// What a reading takes over, for the coverage record: another one is no base.
pub(crate) fn read_as(options: &SyncOptions) -> String {
    format!("{:?}", options.read)
}

/// Whether nothing else would work either.
fn fatal(error: &Error) -> bool {
    error.is_unauthenticated() || matches!(error, Error::Cancelled)
}

fn doubt(what: &'static str) -> impl Fn(Error) -> Stop {
    move |error| {
        if fatal(&error) {
            Stop::Failed(SyncError::reading(what)(error))
        } else if error.is_refused() {
            Stop::from(format!("this token may not read {what}"))
        } else {
            Stop::from(format!("{what} could not be read: {error}"))
        }
    }
}

/// The log since `from`, to its end.
async fn log(
    client: &Client,
    from: Timestamp,
    app: &AppRecord,
    asked: &mut u64,
) -> Result<Vec<LogEvent>, Stop> {
    let failed = doubt("Okta's System Log");
    let mut walk = client.log_since(from, &changes::filter(app.id.as_str())).map_err(&failed)?;
    let mut entries = Vec::new();
    loop {
        *asked += 1;
        let page = walk.next_page().await.map_err(&failed)?;
        if !page.skipped.is_empty() {
            return Err("an entry of Okta's log cannot be read".to_owned().into());
        }
        if page.events.is_empty() {
            return Ok(entries);
        }
        entries.extend(page.events);
    }
}

/// Groups whose dates say that they, or their members, changed.
async fn moved_groups(
    client: &Client,
    from: Timestamp,
    maps_groups: bool,
    asked: &mut u64,
) -> Result<Vec<rolebook_okta::shapes::Group>, Stop> {
    let failed = doubt("the groups that changed");
    let mut pager = client.groups(&changed_since(from, maps_groups)).map_err(&failed)?;
    let mut groups = Vec::new();
    let mut pages = 0;
    while let Some(page) = pager.next_page().await.map_err(&failed)? {
        pages += 1;
        if !page.skipped.is_empty() {
            return Err("a group that changed cannot be read".to_owned().into());
        }
        groups.extend(page.items);
    }
    *asked += pages;
    Ok(groups)
}

fn changed_since(from: Timestamp, maps_groups: bool) -> GroupQuery {
    let from = format!("{from:.3}");
    GroupQuery {
        expand: maps_groups.then_some("app"),
        filter: Some(format!("lastUpdated gt \"{from}\" or lastMembershipUpdated gt \"{from}\"")),
        ..GroupQuery::default()
    }
}
