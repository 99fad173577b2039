//! What a sealed snapshot shows, as rows for tables. Everything is derived from the file's facts by the same rules as
//! everywhere else; a snapshot is opened once and kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::civil::Date;
use rolebook_insight::{Findings, Origin, Policy, Reading, Readings};
use rolebook_ledger::UserRecord;
use rolebook_snapshot::{Limits, Snapshot};
use serde::Serialize;
use tokio::sync::OnceCell;
use utoipa::ToSchema;

use crate::{ConsoleError, console::Console, run::clean, store};

mod admins;
mod columns;

pub(crate) use admins::AdminRow;
pub(crate) use columns::Listed;

/// Snapshots that are kept open, however large they are.
const KEPT: usize = 6;
/// More than these are kept as long as they have no more rows together.
const KEPT_ROWS: usize = 2_000_000;

/// An AWS account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AccountRow {
    /// Twelve digits, or what Okta shows instead.
    pub account: String,
    /// Name or alias, when Okta shows one.
    pub name: String,
    /// `aws`, `aws-us-gov`, `aws-cn`.
    pub partition: String,
    /// Roles of the account.
    pub roles: Vec<String>,
    /// People who can assume at least one.
    pub people: usize,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RoleRow {
    /// Account.
    pub account: String,
    /// Role name.
    pub role: String,
    /// People who can assume it.
    pub people: usize,
    /// Groups that confer it.
    pub groups: Vec<String>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct PersonRow {
    /// Okta user id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Login.
    pub login: String,
    /// Primary e-mail address.
    pub email: String,
    /// Secondary e-mail address, unless left out.
    pub second_email: String,
    /// Okta's user status.
    pub status: String,
    /// How they are assigned: `USER`, `GROUP`, or empty.
    pub assigned: String,
    /// Roles they can assume.
    pub roles: usize,
    /// Accounts they reach.
    pub accounts: usize,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct GroupRow {
    /// Okta group id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Okta's type.
    pub kind: String,
    /// Assigned to the app.
    pub assigned: bool,
    /// Members, when they were read.
    pub members: Option<usize>,
    /// Roles it confers, as account/role.
    pub confers: Vec<String>,
}

/// Somebody can assume a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub(crate) struct GrantRow {
    /// Account.
    pub account: String,
    /// Role.
    pub role: String,
    /// Login of the person.
    pub login: String,
    /// Name of the person.
    pub person: String,
    /// Okta user id.
    pub user_id: String,
    /// Where it comes from, in one word.
    pub source: String,
    /// Groups that confer it.
    pub groups: Vec<String>,
}

impl RoleRow {
    /// `ACCOUNT/ROLE`.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.account, self.role)
    }
}

impl GrantRow {
    /// `ACCOUNT/ROLE`.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.account, self.role)
    }
}

/// Who is in which group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct MembershipRow {
    /// Group.
    pub group: String,
    /// Group id.
    pub group_id: String,
    /// Login.
    pub login: String,
    /// Name.
    pub person: String,
}

/// The rows of one snapshot, and what questions over it are asked of.
#[derive(Debug)]
pub(crate) struct Lens {
    pub(crate) connector: String,
    pub(crate) sync: String,
    /// The one reading that the rows come from.
    pub(crate) readings: Readings,
    pub(crate) accounts: Vec<AccountRow>,
    pub(crate) roles: Vec<RoleRow>,
    pub(crate) people: Vec<PersonRow>,
    pub(crate) groups: Vec<GroupRow>,
    pub(crate) grants: Vec<GrantRow>,
    pub(crate) memberships: Vec<MembershipRow>,
    pub(crate) admins: Vec<AdminRow>,
    /// The findings that were asked for last, with the policy and the day of the question.
    found: Mutex<Option<(Policy, Date, Arc<Findings>)>>,
}

/// Lenses that are open or being opened, by sync, the last used first.
#[derive(Default)]
pub(crate) struct Lenses(Mutex<Vec<(String, Opening)>>);

/// Whoever asks first opens the snapshot; who asks meanwhile waits for the same lens.
type Opening = Arc<OnceCell<Arc<Lens>>>;

impl Lenses {
    /// The place of a sync's lens.
    fn place(&self, sync: &str) -> Opening {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|(name, _)| name == sync).map(|at| kept.remove(at));
        let (name, opening) = known.unwrap_or_else(|| (sync.to_owned(), Opening::default()));
        kept.insert(0, (name, Arc::clone(&opening)));
        opening
    }

    /// Lets go of what was not used for longest.
    fn trim(&self) {
        let (mut rows, mut place) = (0, 0);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, opening)| {
            rows += opening.get().map_or(0, |lens| lens.size());
            place += 1;
            place <= KEPT || rows <= KEPT_ROWS
        });
    }
}

impl Console {
    /// The lens over one sync's snapshot.
    pub(crate) async fn lens(&self, connector: &str, sync: &str) -> Result<Arc<Lens>, ConsoleError> {
        let opening = self.lenses.place(sync);
        if let Some(lens) = opening.get() {
            return Ok(Arc::clone(lens));
        }
        let open = async || {
            let path = self.snapshot(connector, sync).await?;
            let (connector, sync) = (connector.to_owned(), sync.to_owned());
            tokio::task::spawn_blocking(move || Lens::open(&path, connector, sync).map(Arc::new))
                .await
                .map_err(|error| ConsoleError::Connector(error.to_string()))?
        };
        let lens = Arc::clone(opening.get_or_try_init(open).await?);
        self.lenses.trim();
        Ok(lens)
    }

    /// Opens what pages show before anybody asks for it.
    pub(crate) async fn warm(&self) {
        let Ok(rows) = store::connectors::all(self.store.db()).await else { return };
        for row in rows {
            let Some(good) = &row.good_sync else { continue };
            if let Err(error) = self.lens(&row.id, good).await {
                tracing::warn!(%error, connector = row.id, "its data cannot be shown");
            }
        }
    }
}

impl Lens {
    /// Opens a sealed snapshot.
    pub(crate) fn open(path: &Path, connector: String, sync: String) -> Result<Self, ConsoleError> {
        let unreadable =
            |error: String| ConsoleError::Connector(format!("the snapshot of sync {sync}: {error}"));
        let snapshot =
            Snapshot::open(path, &Limits::default()).map_err(|error| unreadable(error.to_string()))?;
        let run = snapshot.latest_full().map_err(|error| unreadable(error.to_string()))?;
        let facts =
            rolebook_ledger::read(&snapshot.rows(&run.id)).map_err(|error| unreadable(error.to_string()))?;
        let origin = Origin {
            // Where it lies on this host is nobody's business.
            file: format!("{sync}.c1z"),
            snapshot: run.id.to_string(),
            sha256: sha256(path).map_err(ConsoleError::file("read", path))?,
        };
        let reading = Reading::new(facts, origin).map_err(|error| unreadable(error.to_string()))?;
        Ok(Self::of(connector, sync, reading))
    }

    fn size(&self) -> usize {
        self.people.len() + self.grants.len() + self.memberships.len()
    }

    /// What is wrong in it. Working it out takes a while, and pages ask again and again.
    pub(crate) fn findings(
        &self,
        policy: Policy,
        today: Date,
    ) -> Result<Arc<Findings>, rolebook_insight::Error> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((by, on, findings)) = &*found
            && (by, *on) == (&policy, today)
        {
            return Ok(Arc::clone(findings));
        }
        let fresh = Arc::new(rolebook_insight::findings(&self.readings, &policy, today, None)?);
        *found = Some((policy, today, Arc::clone(&fresh)));
        Ok(fresh)
    }

    fn of(connector: String, sync: String, reading: Reading) -> Self {
        let (facts, access) = (reading.facts(), reading.access());
        let group_name = |ix: u32| {
            facts.groups.get(ix as usize).map_or_else(String::new, |record| {
                clean(record.group.name.as_deref().unwrap_or_else(|| record.id.as_str()))
            })
        };
        let names = facts.account_names(access);
        let mut grants = Vec::with_capacity(access.user_grants.len());
        let mut per_user: BTreeMap<u32, (usize, BTreeSet<&str>)> = BTreeMap::new();
        let mut per_role: BTreeMap<u32, usize> = BTreeMap::new();
        let mut per_account: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for grant in &access.user_grants {
            let (Some(role), Some(user)) =
                (access.roles.get(grant.role), facts.users.get(grant.user as usize))
            else {
                continue;
            };
            let mine = per_user.entry(grant.user).or_default();
            mine.0 += 1;
            mine.1.insert(&role.account);
            *per_role.entry(grant.role).or_default() += 1;
            per_account.entry(&role.account).or_default().insert(grant.user);
            grants.push(GrantRow {
                account: role.account.clone(),
                role: clean(&role.name),
                login: login(user),
                person: clean(&user.person.display_name),
                user_id: user.id.as_str().to_owned(),
                source: grant.source.as_str().to_owned(),
                groups: grant.groups.iter().map(|ix| group_name(*ix)).collect(),
            });
        }
        grants.sort();
        let mut conferring: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        let mut confers: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for grant in &access.group_grants {
            conferring.entry(grant.role).or_default().push(group_name(grant.group));
            if let Some(role) = access.roles.get(grant.role) {
                confers.entry(grant.group).or_default().push(format!(
                    "{}/{}",
                    role.account,
                    clean(&role.name)
                ));
            }
        }
        let mut roles: Vec<RoleRow> = (0..)
            .zip(access.roles.roles())
            .map(|(ix, role)| RoleRow {
                account: role.account.clone(),
                role: clean(&role.name),
                people: per_role.get(&ix).copied().unwrap_or(0),
                groups: conferring.remove(&ix).unwrap_or_default(),
            })
            .collect();
        roles.sort_by(|a, b| (&a.account, &a.role).cmp(&(&b.account, &b.role)));
        let accounts = access
            .roles
            .accounts()
            .map(|account| AccountRow {
                account: account.id.clone(),
                name: clean(names.get(&account.id).and_then(|named| named.called()).unwrap_or_default()),
                partition: account.partition.clone(),
                roles: roles
                    .iter()
                    .filter(|role| role.account == account.id)
                    .map(|role| role.role.clone())
                    .collect(),
                people: per_account.get(account.id.as_str()).map_or(0, BTreeSet::len),
            })
            .collect();
        let mut members: BTreeMap<u32, usize> = BTreeMap::new();
        let mut memberships = Vec::new();
        for user in &facts.users {
            for ix in &user.user.groups {
                *members.entry(*ix).or_default() += 1;
                memberships.push(MembershipRow {
                    group: group_name(*ix),
                    group_id: facts
                        .groups
                        .get(*ix as usize)
                        .map_or_else(String::new, |g| g.id.as_str().to_owned()),
                    login: login(user),
                    person: clean(&user.person.display_name),
                });
            }
        }
        let groups = (0..)
            .zip(&facts.groups)
            .map(|(ix, record)| GroupRow {
                id: record.id.as_str().to_owned(),
                name: group_name(ix),
                kind: record.group.kind.as_str().to_owned(),
                assigned: record.group.assignment.is_some(),
                members: record.members_read.then(|| members.get(&ix).copied().unwrap_or(0)),
                confers: confers.remove(&ix).unwrap_or_default(),
            })
            .collect();
        let people = (0..)
            .zip(&facts.users)
            .map(|(ix, user)| PersonRow {
                id: user.id.as_str().to_owned(),
                name: clean(&user.person.display_name),
                login: login(user),
                email: clean(user.person.email.as_deref().unwrap_or_default()),
                second_email: clean(user.person.second_email.as_deref().unwrap_or_default()),
                status: clean(user.person.status.as_deref().unwrap_or("not read")),
                assigned: user
                    .assignment
                    .as_ref()
                    .map(|assignment| clean(assignment.scope.as_deref().unwrap_or("unknown")))
                    .unwrap_or_default(),
                roles: per_user.get(&ix).map_or(0, |mine| mine.0),
                accounts: per_user.get(&ix).map_or(0, |mine| mine.1.len()),
            })
            .collect();
        let admins = admins::rows(facts);
        let readings = Readings::new(vec![reading]);
        Self {
            connector,
            sync,
            accounts,
            roles,
            people,
            groups,
            grants,
            memberships,
            admins,
            readings,
            found: Mutex::default(),
        }
    }
}

/// How a person signs in to Okta; their id when that is not known.
fn login(user: &UserRecord) -> String {
    clean(user.person.login.as_deref().unwrap_or_else(|| user.id.as_str()))
}

/// The hash of a file.
pub(crate) fn sha256(path: &Path) -> std::io::Result<String> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut file = std::fs::File::open(path)?;
    let mut block = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut block)?;
        let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        context.update(bytes);
    }
    Ok(HEXLOWER.encode(context.finish().as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_at_once_waits_for_one_opening() {
        let lenses = Lenses::default();
        let first = lenses.place("syn_1");
        lenses.place("syn_2");
        assert!(Arc::ptr_eq(&first, &lenses.place("syn_1")));
        let order: Vec<String> = lenses.0.lock().unwrap().iter().map(|(sync, _)| sync.clone()).collect();
        assert_eq!(order, ["syn_1", "syn_2"], "the last used first");
    }
}
