//! What a sync did, for whoever started it.

use std::path::PathBuf;

use jiff::Timestamp;
use rolebook_federation::{Access, Warnings};
use rolebook_ledger::{AppRecord, Coverage, Facts, Org};
use rolebook_okta::BucketStats;
use rolebook_snapshot::{Sealed, SyncId};

use crate::{AccountsSeen, Bound, Since};

/// What a sync did.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The sealed file; when it is held, the one that waits.
    pub sealed: Sealed,
    /// Why the file waits for a confirmation instead of being in force; none when it is in force.
    pub held: Option<Held>,
    /// What changed since the last full sync of the file; none for a first one.
    pub since: Option<Since>,
    /// An earlier run that was taken up.
    pub resumed: Option<Resumed>,
    /// Why every list was read although only changes were asked for.
    pub why_full: Option<String>,
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
    /// Requests that this sync sent, retries included.
    pub requests: u64,
    /// What each bucket of Okta's rate limit was used for, by every client that shares the org's governor.
    pub buckets: Vec<BucketStats>,
}

/// A file that waits for a confirmation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The file that stays in force, or would be.
    pub file: PathBuf,
    /// Why, in words.
    pub reasons: Vec<String>,
}

/// An earlier run, cut off, whose pages were taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resumed {
    /// When it began.
    pub begun: Timestamp,
    /// How many of its pages were taken over.
    pub pages: u64,
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
    /// Custom admin roles, when they were read.
    pub custom_roles: Option<usize>,
}

impl Counts {
    pub(crate) fn of(facts: &Facts, access: &Access) -> Self {
        let mut with_role: Vec<u32> = access.user_grants.iter().map(|grant| grant.user).collect();
        with_role.sort_unstable();
        with_role.dedup();
        Self {
            accounts: access.roles.accounts().count(),
            roles: access.roles.roles().len(),
            groups: facts.groups.len(),
            users: facts.users.len(),
            assigned: facts.users.iter().filter(|user| user.assignment.is_some()).count(),
            grants: access.user_grants.len(),
            with_role: with_role.len(),
            admin_roles: facts.admin_roles.len(),
            custom_roles: facts.custom_roles.as_ref().map(|custom| custom.roles.len()),
        }
    }
}
