//! A sync from beginning to end: probe, rules, reading, resolution, sealed file.

use std::path::PathBuf;

use jiff::Timestamp;
use rolebook_federation::{Access, Rules, Switches, Union, Warnings, resolve};
use rolebook_ledger::{AccountRecord, AppRecord, Coverage, Facts, Org, OrgId, OrgSeen, Reader, write};
use rolebook_okta::{BucketStats, Client};
use rolebook_snapshot::{Sealed, SnapshotWriter, SyncId, WriterOptions};

use crate::{
    AccountsSeen, AppChoice, Bound, Event, Progress, ReadOptions, Stage, SyncError, app,
    reading::{Read, Reading},
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
    /// Choices where Okta's behaviour is unproven.
    pub switches: Switches,
    /// Name and version of the writing program, for the coverage record.
    pub writer: String,
    /// Sixteen random bytes for the sync's id.
    pub random: [u8; 16],
}

/// What a sync did.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The sealed file.
    pub sealed: Sealed,
    /// Id of the sync in it.
    pub sync_id: SyncId,
    /// The org.
    pub org: Org,
    /// The app.
    pub app: AppRecord,
    /// Group names decide.
    pub maps_groups: bool,
    /// First request and sealing.
    pub from: Timestamp,
    /// See `from`.
    pub to: Timestamp,
    /// Numbers of accounts, roles, groups, users.
    pub counts: Counts,
    /// The accounts by their names, and what an accounts file and Okta know of each other.
    pub accounts: AccountsSeen,
    /// What the reader should know.
    pub warnings: Warnings,
    /// What was read and what was not.
    pub coverage: Coverage,
    /// What the reading had to cost at least.
    pub bound: Bound,
    /// What each bucket of Okta's rate limit was used for.
    pub buckets: Vec<BucketStats>,
}

/// What a snapshot holds, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// AWS accounts.
    pub accounts: usize,
    /// Roles in them.
    pub roles: usize,
    /// Groups in the file.
    pub groups: usize,
    /// People in the file.
    pub users: usize,
    /// People assigned to the app.
    pub assigned: usize,
    /// Grants of a role to a person, effective now.
    pub grants: usize,
    /// People who have at least one role.
    pub with_role: usize,
    /// Okta admin roles that somebody holds.
    pub admin_roles: usize,
}

impl Summary {
    /// Requests sent in all.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.requests).sum()
    }
}

/// Org, token owner and app, read before anything else: three requests.
pub(crate) struct Entrance {
    pub(crate) org: Org,
    pub(crate) reader: Option<Reader>,
    pub(crate) app: AppRecord,
}

/// Reads org first and alone, so that a dead token costs one request.
pub(crate) async fn enter(client: &Client, choice: &AppChoice) -> Result<Entrance, SyncError> {
    let org = client.org().await.map_err(SyncError::reading("the org"))?;
    let org = Org {
        id: OrgId::new(org.id),
        name: org.company_name.unwrap_or_default(),
        domain: client.domain().host().to_owned(),
    };
    let me = async {
        match client.me().await {
            Ok(me) => Ok(Some(reader(&me))),
            Err(error) if error.is_unauthenticated() || matches!(error, rolebook_okta::Error::Cancelled) => {
                Err(SyncError::reading("the token's owner")(error))
            }
            // A service app has no owner; what it may read shows soon enough.
            Err(_) => Ok(None),
        }
    };
    let (reader, app) = tokio::try_join!(me, app::find(client, choice))?;
    Ok(Entrance { org, reader, app })
}

fn reader(me: &rolebook_okta::shapes::User) -> Reader {
    let profile: serde_json::Value = me.profile.read().unwrap_or_default();
    let login = profile.get("login").and_then(serde_json::Value::as_str).unwrap_or_default();
    Reader { id: me.id.as_str().to_owned(), login: login.to_owned() }
}

/// Reads the org and seals a snapshot. The file changes only in the last step, all or nothing.
///
/// # Errors
/// [`SyncError`]; the file that was there is then unchanged.
pub async fn sync(
    client: &Client,
    options: &SyncOptions,
    clock: Clock<'_>,
    progress: &dyn Progress,
) -> Result<Summary, SyncError> {
    let from = clock();
    progress.event(Event::Begin { stage: Stage::Probe, lists: 1 });
    let Entrance { org, reader, app } = enter(client, &options.app).await?;
    progress.event(Event::End { stage: Stage::Probe, skipped: None });

    let mut warnings = Warnings::new();
    let federation_app = app.to_federation(&mut warnings);
    // Settings that make no rules end the sync here, before the first list.
    let rules = Rules::compile(&federation_app, Union::Unknown, &options.switches, &mut Warnings::new())?;
    let reading = Reading::new(client, &app, &rules, &options.read, progress)?;
    let read = reading.run().await?;
    let rules = Rules::compile(&federation_app, read.union, &options.switches, &mut warnings)?;
    let to = clock();

    progress.event(Event::Begin { stage: Stage::Seal, lists: 1 });
    let mut coverage = Coverage::new(options.writer.as_str(), options.switches);
    coverage.reader = reader;
    (coverage.from, coverage.to) = (Some(from), Some(to));
    coverage.org = OrgSeen { id: org.id.to_string(), name: org.name.clone(), domain: org.domain.clone() };
    let (facts, access, bound) = gather(org, app, read, &rules, coverage, &mut warnings, options);
    let sync_id = SyncId::new(to.as_second(), options.random);
    let mut sealed = tokio::task::block_in_place(|| seal(&facts, &access, options, sync_id, from, clock()))?;
    progress.event(Event::End { stage: Stage::Seal, skipped: None });
    // as it was named, not as it was resolved
    sealed.path.clone_from(&options.file);

    Ok(Summary {
        sealed,
        sync_id,
        counts: count(&facts, &access),
        accounts: AccountsSeen::of(&facts, &access),
        maps_groups: rules.maps_groups(),
        from,
        to: clock(),
        warnings,
        bound,
        buckets: client.governor().stats(),
        org: facts.org,
        app: facts.app,
        coverage: facts.coverage,
    })
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
    let facts = Facts {
        org,
        app,
        catalogue: read.catalogue,
        accounts: options.accounts.clone(),
        groups,
        users,
        admin_roles: read.admin.roles,
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

fn seal(
    facts: &Facts,
    access: &Access,
    options: &SyncOptions,
    sync_id: SyncId,
    from: Timestamp,
    ended: Timestamp,
) -> Result<Sealed, SyncError> {
    let mut writer = SnapshotWriter::create(WriterOptions::new(options.file.clone(), sync_id, from))?;
    write(facts, access, &mut writer)?;
    Ok(writer.seal(ended, None)?)
}

fn count(facts: &Facts, access: &Access) -> Counts {
    let mut with_role: Vec<u32> = access.user_grants.iter().map(|grant| grant.user).collect();
    with_role.sort_unstable();
    with_role.dedup();
    Counts {
        accounts: access.roles.accounts().count(),
        roles: access.roles.roles().len(),
        groups: facts.groups.len(),
        users: facts.users.len(),
        assigned: facts.users.iter().filter(|user| user.assignment.is_some()).count(),
        grants: access.user_grants.len(),
        with_role: with_role.len(),
        admin_roles: facts.admin_roles.len(),
    }
}
