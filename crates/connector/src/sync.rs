//! A sync from beginning to end: claim, probe, rules, reading, resolution, guard, sealed file.

use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rolebook_federation::{Access, Rules, Switches, Union, Warnings, resolve};
use rolebook_ledger::{AccountRecord, AppRecord, Coverage, Facts, Org, OrgSeen, Reader, write};
use rolebook_okta::Client;
use rolebook_snapshot::{SnapshotWriter, SyncId, WriterOptions};

use crate::{
    AccountsSeen, AppChoice, Counts, ErrorKind, Event, Held, IncrementalOptions, Progress, ReadOptions,
    Resumed, Since, Stage, Summary, SyncError,
    after::remove_after,
    baseline::Baseline,
    bound::Bound,
    claim::Claim,
    entrance::{Entrance, enter},
    guard,
    held::{discard_held, held_path},
    incremental::{self, Base, Reach},
    journal::Journal,
    reading::{Read, Reading},
    shared::Shared,
};

/// What time it is: the binary gives the clock, tests turn it.
pub type Clock<'a> = &'a (dyn Fn() -> Timestamp + Sync);

/// What to sync, and into which file.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// The file to write. One that holds syncs keeps the newest full one beside the new one.
    pub file: PathBuf,
    /// Which AWS app.
    pub app: AppChoice,
    /// What is read.
    pub read: ReadOptions,
    /// What an accounts file says of AWS accounts, see [`parse_accounts`](crate::parse_accounts).
    pub accounts: Vec<AccountRecord>,
    /// When that file was read, where its names are kept from the last sync; else it is read for this one.
    pub accounts_of: Option<Timestamp>,
    /// Choices where Okta's behaviour is unproven.
    pub switches: Switches,
    /// How old a run that was cut off may be to be taken up.
    pub resume_max_age: SignedDuration,
    /// Read only what has changed since the last sync, where that can be told; `None` reads every list.
    pub incremental: Option<IncrementalOptions>,
    /// Name and version of the writing program, for the coverage record.
    pub writer: String,
    /// Sixteen random bytes for the sync's id.
    pub random: [u8; 16],
}

/// Two hours: Okta's cursors and an org's groups do not stay what they are for ever.
pub const RESUME_MAX_AGE: SignedDuration = SignedDuration::from_hours(2);

/// Reads the org and seals a snapshot. The file changes only in the last step, all or nothing; when the new file
/// would lose too much, it is put beside instead ([`Summary::held`]).
///
/// # Errors
/// [`SyncError`]; the file that was there is then unchanged.
pub async fn sync(
    client: &Client,
    options: &SyncOptions,
    clock: Clock<'_>,
    progress: &dyn Progress,
) -> Result<Summary, SyncError> {
    let target = Target::take(&options.file, clock)?;
    progress.event(Event::Begin { stage: Stage::Probe, lists: 1 });
    let from = clock();
    let base = target.base(options);
    let (entrance, reach) = match incremental::look(client, options, base, from).await? {
        Reach::Full { why, app } => {
            (enter(client, &options.app, app.map(|app| *app)).await?, Reach::full(why))
        }
        Reach::Changes(since) => (since.entrance.clone(), Reach::Changes(since)),
    };
    progress.event(Event::End { stage: Stage::Probe, skipped: None });
    let of = what_is_read(&entrance.org, &entrance.app, entrance.reader.as_ref(), options, &reach);
    let run = Run::of(client, options, entrance, target)?.reaching(reach);
    let (journal, unwritten) = Journal::open(&options.file, of, from, options.resume_max_age);
    match run.seal(&journal, &Shared::default(), unwritten.as_ref(), clock, progress).await {
        Ok(summary) => {
            journal.remove();
            Ok(summary)
        }
        Err(error) => {
            // After a refusal the rights will be changed, and what the old ones showed is no part of the new reading.
            if error.kind() == ErrorKind::Refused && !error.is_unauthenticated() {
                journal.remove();
            }
            Err(error)
        }
    }
}

/// A file that nobody else writes, and what it holds so far.
pub(crate) struct Target {
    baseline: Option<Baseline>,
    _claim: Claim,
}

impl Target {
    pub(crate) fn take(file: &Path, clock: Clock<'_>) -> Result<Self, SyncError> {
        let claim = Claim::take(file, clock())?;
        let baseline = tokio::task::block_in_place(|| Baseline::open(file))?;
        Ok(Self { baseline, _claim: claim })
    }

    /// What an incremental run would stand on.
    fn base(&self, options: &SyncOptions) -> Option<Base> {
        options.incremental?;
        tokio::task::block_in_place(|| self.baseline.as_ref().map(Base::of))
    }
}

/// One app on its way into one file.
pub(crate) struct Run<'a> {
    pub(crate) of: AppToRead<'a>,
    target: Target,
    reach: Reach,
}

/// What is read, apart from the file, which only one thread may look at.
pub(crate) struct AppToRead<'a> {
    client: &'a Client,
    options: &'a SyncOptions,
    entrance: Entrance,
    /// What only reading tells of the app is not in them yet.
    rules: Rules,
}

impl AppToRead<'_> {
    pub(crate) fn reading<'r>(
        &'r self,
        journal: &'r Journal,
        shared: &'r Shared,
        progress: &'r dyn Progress,
    ) -> Result<Reading<'r>, SyncError> {
        let (app, read) = (&self.entrance.app, &self.options.read);
        Reading::new(self.client, app, &self.rules, read, progress, journal, shared)
    }
}

impl<'a> Run<'a> {
    /// Ends a file of another owner, and settings that make no rules, before the first list.
    pub(crate) fn of(
        client: &'a Client,
        options: &'a SyncOptions,
        entrance: Entrance,
        target: Target,
    ) -> Result<Self, SyncError> {
        if let Some(baseline) = &target.baseline {
            baseline.check_owner(&options.file, &entrance.org, &entrance.app)?;
        }
        let app = entrance.app.to_federation(&mut Warnings::new());
        let rules = Rules::compile(&app, Union::Unknown, &options.switches, &mut Warnings::new())?;
        Ok(Self { of: AppToRead { client, options, entrance, rules }, target, reach: Reach::full(None) })
    }

    /// Reads no more than this, or says why it reads all.
    pub(crate) fn reaching(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// Reads and seals.
    pub(crate) async fn seal(
        mut self,
        journal: &Journal,
        shared: &Shared,
        unwritten: Option<&io::Error>,
        clock: Clock<'_>,
        progress: &dyn Progress,
    ) -> Result<Summary, SyncError> {
        let (reach, changes) = self.reach.parted();
        self.reach = reach;
        let reading = self.of.reading(journal, shared, progress)?;
        let read = match changes {
            Some((facts, changes, asked)) => reading.run_changes(facts, changes, asked).await?,
            None => {
                let lists = reading.lists().await?;
                reading.complete(lists).await?
            }
        };
        self.finish(read, journal, shared, unwritten, clock, progress).await
    }

    /// Resolves what was read, measures and seals it.
    pub(crate) async fn finish(
        self,
        read: Read,
        journal: &Journal,
        shared: &Shared,
        unwritten: Option<&io::Error>,
        clock: Clock<'_>,
        progress: &dyn Progress,
    ) -> Result<Summary, SyncError> {
        let AppToRead { client, options, entrance: Entrance { org, reader, app }, .. } = self.of;
        let target = self.target;
        let (incremental, why_full) = self.reach.told();
        let behind = client.okta_time().map(|okta| okta.duration_since(clock()));
        let mut warnings = Warnings::new();
        let federation_app = app.to_federation(&mut warnings);
        if let Some(error) = unwritten {
            warnings.add(
                "journal-not-written",
                "what is read cannot be noted beside the file: a run that is cut off starts anew",
                error.to_string(),
            );
        }
        let from = journal.begun();
        let resumed = journal.taken_up().map(|pages| Resumed { begun: from, pages });
        let rules = Rules::compile(&federation_app, read.union, &options.switches, &mut warnings)?;
        let to = clock();

        progress.event(Event::Begin { stage: Stage::Seal, lists: 1 });
        let mut coverage = Coverage::new(options.writer.as_str(), options.switches);
        coverage.reader = reader;
        (coverage.from, coverage.to) = (Some(from), Some(to));
        coverage.log_from = behind.and_then(|behind| from.checked_add(behind).ok());
        coverage.options = incremental::read_as(options);
        coverage.incremental = incremental;
        coverage.accounts_of = (!options.accounts.is_empty()).then(|| options.accounts_of.unwrap_or(from));
        coverage.org = OrgSeen { id: org.id.to_string(), name: org.name.clone(), domain: org.domain.clone() };
        // Resolving a large org takes seconds of processor time, as sealing does: other tasks go on meanwhile.
        let (facts, access, mut bound) =
            tokio::task::block_in_place(|| gather(org, app, read, &rules, coverage, &mut warnings, options));
        bound.nobody = nobody_is_assigned_now(&facts, target.baseline.as_ref());
        let blind = bound.nobody && shared.sees_nobody(client).await?;
        let baseline = target.baseline.as_ref();
        let sync_id = SyncId::new(to.as_second(), options.random);
        let seal = Seal { options, baseline, facts: &facts, access: &access, blind, sync_id, from };
        let (sealed, held, since) = tokio::task::block_in_place(|| seal.run(clock()))?;
        progress.event(Event::End { stage: Stage::Seal, skipped: None });

        Ok(Summary {
            sealed,
            held,
            since,
            resumed,
            why_full,
            sync_id,
            counts: Counts::of(&facts, &access),
            accounts: AccountsSeen::of(&facts, &access),
            maps_groups: rules.maps_groups(),
            from,
            to: clock(),
            warnings,
            bound,
            requests: client.requests_sent(),
            buckets: client.governor().stats(),
            org: facts.org,
            app: facts.app,
            coverage: facts.coverage,
        })
    }
}

/// Everything that makes a reading the same reading: only then are its pages taken over. Compared, never parsed.
fn what_is_read(
    org: &Org,
    app: &AppRecord,
    reader: Option<&Reader>,
    options: &SyncOptions,
    reach: &Reach,
) -> String {
    // What is read again may differ from run to run, the base may not.
    format!("{} {} {app:?} {reader:?} {:?} {:?}", options.writer, org.id, options.read, reach.base())
}

fn gather(
    org: Org,
    mut app: AppRecord,
    read: Read,
    rules: &Rules,
    mut coverage: Coverage,
    warnings: &mut Warnings,
    options: &SyncOptions,
) -> (Facts, Access, Bound) {
    app.union = read.union;
    warnings.merge(read.warnings);
    warnings.merge(read.taken.warnings);
    let groups = read.taken.groups;
    let users = read.taken.users;
    let access = resolve(
        rules,
        &read.catalogue.values,
        groups.iter().map(|group| &group.group),
        users.iter().map(|user| &user.user),
    );
    warnings.merge(access.warnings.clone());
    coverage.lists = read.lists;
    let names = &read.taken.names;
    let name_of = |id: &str| {
        let at = names.binary_search_by(|group| group.id.as_str().cmp(id)).ok()?;
        if options.read.no_group_names { None } else { names.get(at)?.name.clone() }
    };
    let custom_roles = read.custom.map(|custom| custom.assemble(&read.admin.told, &groups, &users, name_of));
    let facts = Facts {
        org,
        app,
        catalogue: read.catalogue,
        accounts: options.accounts.clone(),
        groups,
        users,
        admin_roles: read.admin.roles,
        custom_roles,
        group_rules: read.group_rules,
        group_names: if options.read.no_group_names { Vec::new() } else { read.taken.names },
        coverage,
    };
    let facts = Facts {
        coverage: Coverage { partial: crate::coverage::signs(&facts, rules), ..facts.coverage },
        ..facts
    };
    (facts, access, read.bound)
}

/// Nobody is assigned, and that is news: the first sync, or the first that says so.
fn nobody_is_assigned_now(facts: &Facts, baseline: Option<&Baseline>) -> bool {
    facts.users.iter().all(|user| user.assignment.is_none())
        && baseline.is_none_or(|baseline| baseline.assigned() > 0)
}

/// The last step.
struct Seal<'a> {
    options: &'a SyncOptions,
    baseline: Option<&'a Baseline>,
    facts: &'a Facts,
    access: &'a Access,
    blind: bool,
    sync_id: SyncId,
    from: Timestamp,
}

impl Seal<'_> {
    fn run(
        &self,
        ended: Timestamp,
    ) -> Result<(rolebook_snapshot::Sealed, Option<Held>, Option<Since>), SyncError> {
        let file = &self.options.file;
        let mut writer = SnapshotWriter::create(WriterOptions::new(file.clone(), self.sync_id, self.from))?;
        write(self.facts, self.access, &mut writer)?;
        let since = self
            .baseline
            .map(|baseline| guard::compare(baseline, self.facts, self.access, writer.stats()))
            .transpose()?;
        let mut reasons: Vec<String> =
            since.iter().flat_map(|since| &since.losses).map(ToString::to_string).collect();
        if self.blind {
            reasons
                .push("nobody is assigned, and the token does not see a single user of the org".to_owned());
        }
        if !reasons.is_empty() {
            let sealed = writer.seal_as(&held_path(file), ended, None)?;
            return Ok((sealed, Some(Held { file: file.clone(), reasons }), since));
        }
        let mut sealed = writer.seal(ended, None)?;
        discard_held(file)?;
        // What targeted reads after writes have shown is now in the file itself.
        remove_after(file, self.from)
            .map_err(|source| SyncError::Beside { path: rolebook_ledger::after_path(file), source })?;
        // as it was named, not as it was resolved
        sealed.path.clone_from(file);
        Ok((sealed, None, since))
    }
}
