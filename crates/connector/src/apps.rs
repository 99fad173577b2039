//! Several AWS apps of one org, one file each in a folder: what the apps have in common is read once for all.
//!
//! The readings share one journal, so that a list which one app has read comes from there for the next. That makes
//! them resumable too: the journal (`.apps.journal` in the folder) also tells which apps were sealed before a run was
//! cut off. Apps are read one after the other; Okta's rate limit, not the order, is what a sync waits for. Each app is
//! claimed, measured and sealed by itself, and none can spoil another.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rolebook_federation::{Rules, Switches, Union, Warnings};
use rolebook_ledger::{AccountRecord, AppRecord, Org, Reader};
use rolebook_okta::{BucketStats, Client};

use crate::{
    AdminRoles, AppChoice, Clock, Event, IncrementalOptions, Progress, ReadOptions, Silent, Stage, Summary,
    SyncError, SyncOptions,
    admin_roles::Assignees,
    app::{self, Apps, Found},
    bound,
    claim::Claim,
    custom_roles::CustomReading,
    entrance::{Entrance, enter_org},
    incremental::Reach,
    journal::Journal,
    reading::Reading,
    shared::Shared,
    sync::{Run, Target},
};

/// What the companions in the folder are called after.
const COMPANION: &str = "apps";

/// Which AWS apps to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppsChoice {
    /// All that the token sees, active or not.
    All,
    /// The one that a sync of one app would find.
    Find,
    /// Those with these ids.
    Ids(Vec<String>),
}

/// What to sync, and into which folder.
#[derive(Debug, Clone)]
pub struct AppsOptions {
    /// Gets one file per app, `<app id>.c1z`. Is made when it is not there.
    pub folder: PathBuf,
    /// Which apps.
    pub apps: AppsChoice,
    /// What is read.
    pub read: ReadOptions,
    /// See [`SyncOptions::accounts`].
    pub accounts: Vec<AccountRecord>,
    /// See [`SyncOptions::accounts_of`].
    pub accounts_of: Option<Timestamp>,
    /// Choices where Okta's behaviour is unproven.
    pub switches: Switches,
    /// How old a run that was cut off may be to be taken up.
    pub resume_max_age: SignedDuration,
    /// See [`SyncOptions::incremental`]: several apps at once are read in full, and the summaries say so.
    pub incremental: Option<IncrementalOptions>,
    /// Name and version of the writing program.
    pub writer: String,
}

/// How it ended for one app.
#[derive(Debug)]
pub struct AppDone {
    /// The app's id.
    pub id: String,
    /// Its label, when the app could be read.
    pub label: Option<String>,
    /// The file that is the app's.
    pub file: PathBuf,
    /// How.
    pub end: AppEnd,
}

/// See [`AppDone`].
#[derive(Debug)]
pub enum AppEnd {
    /// Sealed, in force or held.
    Sealed(Box<Summary>),
    /// Sealed by the run that was cut off and is now taken up; `held` when its file waits for a confirmation.
    Before {
        /// Beside the file instead of in force.
        held: bool,
    },
    /// Its file is as it was.
    Failed(SyncError),
    /// The run ended before its turn came: it was stopped, or the credential is dead.
    NotBegun,
}

/// What all apps together took.
#[derive(Debug, Clone)]
pub struct AppsCost {
    /// The fewest requests that a reading of all these apps can take. What a run that was taken up had read counts.
    pub bound: u64,
    /// What each bucket of Okta's rate limit was used for.
    pub buckets: Vec<BucketStats>,
    /// First request.
    pub from: Timestamp,
    /// When the last app was done.
    pub to: Timestamp,
}

/// A sync of several apps under way.
pub struct AppsSync<'a> {
    client: &'a Client,
    options: &'a AppsOptions,
    clock: Clock<'a>,
    progress: &'a dyn Progress,
    org: Org,
    reader: Option<Reader>,
    apps: VecDeque<Found>,
    /// Read but for people whom another app's lists may still bring.
    waiting: VecDeque<AppRecord>,
    /// The apps of `waiting` have their second turn.
    last_turn: bool,
    /// Nothing more will be answered.
    stopped: bool,
    /// Trying again may cure what has failed.
    curable: bool,
    entrance_requests: u64,
    journal: Journal,
    unwritten: Option<io::Error>,
    shared: Shared,
    from: Timestamp,
    _claim: Claim,
}

impl<'a> AppsSync<'a> {
    /// Claims the folder, reads org, token owner and apps, and takes up a run that was cut off.
    ///
    /// # Errors
    /// [`SyncError`]: nothing was written then. An app that cannot be read is no error here, but of its own.
    pub async fn begin(
        client: &'a Client,
        options: &'a AppsOptions,
        clock: Clock<'a>,
        progress: &'a dyn Progress,
    ) -> Result<Self, SyncError> {
        std::fs::create_dir_all(&options.folder)
            .map_err(|source| SyncError::Beside { path: options.folder.clone(), source })?;
        let claim = Claim::take(&options.folder.join(COMPANION), clock()).map_err(|error| match error {
            SyncError::Held { by, .. } => SyncError::Held { file: options.folder.clone(), by },
            error => error,
        })?;
        progress.event(Event::Begin { stage: Stage::Probe, lists: 1 });
        let from = clock();
        let (org, reader, Apps { found, requests }) =
            enter_org(client, app::find_several(client, &options.apps)).await?;
        progress.event(Event::End { stage: Stage::Probe, skipped: None });
        let of = format!(
            "{} {} {:?} {reader:?} {:?} {:?} {:?}",
            options.writer,
            org.id,
            found.iter().map(|app| app.as_ref().map_err(|not| &not.0)).collect::<Vec<_>>(),
            options.read,
            options.switches,
            options.accounts
        );
        let (journal, unwritten) =
            Journal::open(&options.folder.join(COMPANION), of, from, options.resume_max_age);
        // Org, token owner, access token.
        let entrance_requests = 2 + u64::from(client.service_app().is_some()) + requests;
        let mut sync = Self {
            client,
            options,
            clock,
            progress,
            org,
            reader,
            apps: found.into(),
            waiting: VecDeque::new(),
            last_turn: false,
            stopped: false,
            curable: false,
            entrance_requests,
            journal,
            unwritten,
            shared: Shared::default(),
            from,
            _claim: claim,
        };
        let admins = sync.admins().await?;
        sync.shared = std::mem::take(&mut sync.shared).watching(admins);
        sync.journal.turn();
        Ok(sync)
    }

    /// The org.
    #[must_use]
    pub fn org(&self) -> &Org {
        &self.org
    }

    /// How many apps are still to come.
    #[must_use]
    pub fn left(&self) -> usize {
        self.apps.len() + self.waiting.len()
    }

    /// Whoever holds an admin role. Their user objects may come with the lists of any app, so they are looked out for
    /// from the first page on.
    async fn admins(&self) -> Result<BTreeSet<String>, SyncError> {
        let read = &self.options.read;
        let rules = |app: &AppRecord| {
            let app = app.to_federation(&mut Warnings::new());
            Rules::compile(&app, Union::Unknown, &self.options.switches, &mut Warnings::new()).ok()
        };
        let first = self.apps.iter().flatten().find_map(|app| Some((app, rules(app)?)));
        let named = read.admin_roles != AdminRoles::Off || read.custom_roles;
        let Some((app, rules)) = first.filter(|_| named && self.apps.len() > 1) else {
            return Ok(BTreeSet::new());
        };
        let reading = Reading::new(self.client, app, &rules, read, &Silent, &self.journal, &self.shared)?;
        let (holders, custom) = tokio::join!(reading.assignees(), reading.custom_roles());
        let (holders, custom) = (unless_over(holders)?, unless_over(custom)?);
        let mut admins: BTreeSet<String> =
            holders.iter().flat_map(Assignees::ids).map(str::to_owned).collect();
        admins.extend(custom.iter().flat_map(CustomReading::members).map(str::to_owned));
        Ok(admins)
    }

    /// Syncs the next app; none when all had their turn. `random` is for the id of its sync.
    pub async fn next(&mut self, random: [u8; 16]) -> Option<AppDone> {
        loop {
            let app = match self.apps.pop_front() {
                Some(Ok(app)) => app,
                Some(Err(not)) => {
                    let (id, error) = *not;
                    let file = self.options.folder.join(format!("{id}.c1z"));
                    return Some(AppDone { id, label: None, file, end: AppEnd::Failed(error) });
                }
                None if self.waiting.is_empty() => return None,
                None => {
                    self.last_turn = true;
                    self.apps = self.waiting.drain(..).map(Ok).collect();
                    continue;
                }
            };
            let id = app.id.as_str().to_owned();
            let file = self.options.folder.join(format!("{id}.c1z"));
            let label = Some(app.label.clone());
            let end = match self.sealed_before(&id, &file) {
                _ if self.stopped => AppEnd::NotBegun,
                Some(held) => AppEnd::Before { held },
                None => match self.one(&app, file.clone(), random).await {
                    Ok(Some(summary)) => AppEnd::Sealed(Box::new(summary)),
                    Ok(None) => {
                        self.journal.turn();
                        self.waiting.push_back(app);
                        continue;
                    }
                    Err(error) => {
                        self.stopped = error.is_unauthenticated() || error.is_cancelled();
                        self.curable |= error.may_be_cured_by_asking_again();
                        AppEnd::Failed(error)
                    }
                },
            };
            self.journal.turn();
            return Some(AppDone { id, label, file, end });
        }
    }

    /// Everything that belongs to a sealed app is kept: a run that takes this one up leaves it as it is.
    pub fn keep(&mut self, done: &AppDone) {
        let AppEnd::Sealed(summary) = &done.end else { return };
        // Where it cannot be noted, the app is sealed once more.
        let _ = self.journal.mark(&mark(&done.id, summary.held.is_some()));
    }

    /// Whether a run that was cut off has sealed the app, and whether its file was held.
    fn sealed_before(&self, id: &str, file: &Path) -> Option<bool> {
        let held_file = crate::held_path(file);
        let there = [(false, file), (true, held_file.as_path())];
        there
            .into_iter()
            .find(|(held, file)| self.journal.is_marked(&mark(id, *held)) && file.exists())
            .map(|(held, _)| held)
    }

    /// One app; none when it had better wait for what the others bring.
    async fn one(
        &self,
        app: &AppRecord,
        file: PathBuf,
        random: [u8; 16],
    ) -> Result<Option<Summary>, SyncError> {
        let name_of_file = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !app.id.as_str().chars().all(name_of_file) {
            return Err(SyncError::UnknownApp { id: app.id.as_str().to_owned() });
        }
        let options = SyncOptions {
            app: AppChoice::Id(app.id.as_str().to_owned()),
            read: self.options.read.clone(),
            accounts: self.options.accounts.clone(),
            accounts_of: self.options.accounts_of,
            switches: self.options.switches,
            resume_max_age: self.options.resume_max_age,
            incremental: self.options.incremental,
            writer: self.options.writer.clone(),
            random,
            file,
        };
        let (before, sent) = (self.client.governor().stats(), self.client.requests_sent());
        let target = Target::take(&options.file, self.clock)?;
        let entrance = Entrance { org: self.org.clone(), reader: self.reader.clone(), app: app.clone() };
        let why = options.incremental.map(|_| "several apps are read in one run".to_owned());
        let run = Run::of(self.client, &options, entrance, target)?.reaching(Reach::full(why));
        let read = {
            let reading = run.of.reading(&self.journal, &self.shared, self.progress)?;
            let lists = reading.lists().await?;
            let others = !self.apps.is_empty() && !self.last_turn;
            if others && reading.misses_people(&lists) {
                return Ok(None);
            }
            reading.complete(lists).await?
        };
        let finish =
            run.finish(read, &self.journal, &self.shared, self.unwritten.as_ref(), self.clock, self.progress);
        let mut summary = finish.await?;
        summary.buckets = since(&before, summary.buckets);
        summary.requests -= sent;
        Ok(Some(summary))
    }

    /// What it took. The journal goes, unless the next run has something to take up.
    #[must_use]
    pub fn end(self) -> AppsCost {
        let lists = self.shared.asked().into_iter().map(|(stage, items)| bound::least(stage, items));
        let bound = self.entrance_requests + lists.sum::<u64>() + u64::from(self.shared.asked_for_anybody());
        if !(self.stopped || self.curable) {
            self.journal.remove();
        }
        AppsCost { bound, buckets: self.client.governor().stats(), from: self.from, to: (self.clock)() }
    }
}

/// What was read. Of a failure each app that needs the list will say so, unless nothing will be answered any more.
fn unless_over<T>(read: Result<Option<T>, SyncError>) -> Result<Option<T>, SyncError> {
    match read {
        Err(error) if error.is_unauthenticated() || error.is_cancelled() => Err(error),
        read => Ok(read.ok().flatten()),
    }
}

fn mark(id: &str, held: bool) -> String {
    format!("{} {id}", if held { "held" } else { "sealed" })
}

/// What one app took.
fn since(before: &[BucketStats], now: Vec<BucketStats>) -> Vec<BucketStats> {
    let of = |mut bucket: BucketStats| {
        if let Some(before) = before.iter().find(|before| before.bucket == bucket.bucket) {
            bucket.requests = bucket.requests.saturating_sub(before.requests);
            bucket.retries = bucket.retries.saturating_sub(before.retries);
            bucket.refusals = bucket.refusals.saturating_sub(before.refusals);
            bucket.waits = bucket.waits.saturating_sub(before.waits);
            bucket.waited = bucket.waited.saturating_sub(before.waited);
        }
        bucket
    };
    now.into_iter().map(of).filter(|bucket| bucket.requests > 0).collect()
}
