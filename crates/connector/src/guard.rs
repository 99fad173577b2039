//! What a sync is measured against before it takes the old file's place, in both directions.
//!
//! A loss beyond bounds is far more often a weakened token or a wrong click than a purge, so the new file waits
//! beside the old one until someone confirms. A gain beyond bounds is true access that someone should look at: it is
//! sealed and named. What could not be read counts neither way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use rolebook_federation::{Access, GroupKind, RoleIx, UserGrant};
use rolebook_ledger::{Facts, ListCoverage, resource_type, role_entitlement};
use rolebook_snapshot::{GrantRow, Stats};
use serde::Serialize;

use crate::{
    Stage, SyncError,
    baseline::Baseline,
    settings_change::{AppChange, app_changes},
};

/// A change of this share …
const PERCENT: u64 = 30;
/// … and of more than this many rows is out of bounds.
const ROWS: u64 = 20;
/// An account with this many grants is not left with none.
const ACCOUNT_GRANTS: u64 = 5;
/// Causes named for one gain.
const CAUSES: usize = 3;

/// What changed since the last full sync of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Since {
    /// The last full sync.
    pub sync: String,
    /// When it was finished.
    pub ended: Timestamp,
    /// Changes of the app itself: settings, status, union.
    pub app: Vec<AppChange>,
    /// Grants of a role to a person that are new.
    pub gained: u64,
    /// Grants of a role to a person that are gone; without those that could not be looked at.
    pub lost: u64,
    /// Gains beyond bounds.
    pub gains: Vec<Gain>,
    /// Losses beyond bounds: with any, the file is held.
    pub losses: Vec<Loss>,
}

/// Many more can assume a role than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gain {
    /// Role name, over all accounts.
    pub role: String,
    /// Grants before.
    pub before: u64,
    /// Grants now.
    pub now: u64,
    /// Through what, largest first.
    pub causes: Vec<String>,
}

/// Far fewer rows than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// Of what, in words.
    pub of: String,
    /// Rows before.
    pub before: u64,
    /// Rows now.
    pub now: u64,
}

impl std::fmt::Display for Loss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} before, {} now", self.of, self.before, self.now)
    }
}

/// Compares what was read with what the file held.
pub(crate) fn compare(
    baseline: &Baseline,
    facts: &Facts,
    access: &Access,
    stats: &Stats,
) -> Result<Since, SyncError> {
    let moved = Moved::between(baseline, facts, access)?;
    let app = baseline.head.as_ref().map_or_else(Vec::new, |head| app_changes(&head.app, &facts.app));
    let mut gains = everyone(baseline, facts, access)?;
    gains.extend(moved.gains(facts, access, &app));
    Ok(Since {
        sync: baseline.id().to_string(),
        ended: baseline.ended(),
        losses: losses(baseline, facts, access, stats, &moved)?,
        gained: moved.gained.len() as u64,
        lost: moved.lost,
        app,
        gains,
    })
}

/// The grants of roles to people, before and now.
struct Moved<'a> {
    gained: Vec<&'a UserGrant>,
    lost: u64,
    before_by_role: HashMap<String, u64>,
    before_by_account: BTreeMap<String, u64>,
    before: u64,
}

impl<'a> Moved<'a> {
    fn between(baseline: &Baseline, facts: &Facts, access: &'a Access) -> Result<Self, SyncError> {
        let roles: HashMap<String, RoleIx> =
            (0..).zip(access.roles.roles()).map(|(ix, role)| (role_entitlement(role), ix)).collect();
        let unread = unread_groups(facts);
        let mut still = vec![false; access.user_grants.len()];
        let mut moved = Moved {
            gained: Vec::new(),
            lost: 0,
            before_by_role: HashMap::new(),
            before_by_account: BTreeMap::new(),
            before: 0,
        };
        baseline.each_grant(resource_type::ACCOUNT, |row| {
            if row.principal_type != resource_type::USER || comes_only_from(row, &unread)? {
                return Ok(());
            }
            moved.before += 1;
            *moved.before_by_account.entry(row.resource.to_owned()).or_default() += 1;
            let role = role_name(row);
            match moved.before_by_role.get_mut(role) {
                Some(count) => *count += 1,
                None => drop(moved.before_by_role.insert(role.to_owned(), 1)),
            }
            let now =
                roles.get(row.entitlement_id).and_then(|role| find(facts, access, row.principal, *role));
            match now.and_then(|at| still.get_mut(at)) {
                Some(still) => *still = true,
                None => moved.lost += 1,
            }
            Ok(())
        })?;
        let new = access.user_grants.iter().zip(&still).filter(|(_, still)| !**still);
        moved.gained = new.map(|(grant, _)| grant).collect();
        Ok(moved)
    }

    fn gains(&self, facts: &Facts, access: &Access, app: &[AppChange]) -> Vec<Gain> {
        let mut gained: BTreeMap<&str, Vec<&UserGrant>> = BTreeMap::new();
        for grant in &self.gained {
            if let Some(role) = access.roles.get(grant.role) {
                gained.entry(&role.name).or_default().push(grant);
            }
        }
        let now = by_role(access);
        gained
            .into_iter()
            .filter_map(|(role, gained)| {
                let before = self.before_by_role.get(role).copied().unwrap_or_default();
                let now = now.get(role).copied().unwrap_or_default();
                out_of_bounds(before, now.saturating_sub(before)).then(|| Gain {
                    role: role.to_owned(),
                    before,
                    now,
                    causes: causes(&gained, facts, app),
                })
            })
            .collect()
    }
}

fn out_of_bounds(before: u64, change: u64) -> bool {
    change > ROWS && change * 100 > before * PERCENT
}

/// The position of a grant that is still there.
fn find(facts: &Facts, access: &Access, user: &str, role: RoleIx) -> Option<usize> {
    let user = facts.users.binary_search_by(|record| record.id.as_str().cmp(user)).ok()?;
    let user = u32::try_from(user).ok()?;
    access.user_grants.binary_search_by_key(&(user, role), |grant| (grant.user, grant.role)).ok()
}

/// The role's name out of `account:<account>:<role>`; an account's id may hold a colon.
fn role_name<'r>(row: &'r GrantRow<'_>) -> &'r str {
    row.entitlement_id
        .strip_prefix(row.resource_type)
        .and_then(|rest| rest.strip_prefix(':'))
        .and_then(|rest| rest.strip_prefix(row.resource))
        .and_then(|rest| rest.strip_prefix(':'))
        .unwrap_or(row.entitlement_id)
}

fn by_role(access: &Access) -> BTreeMap<&str, u64> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for role in access.user_grants.iter().filter_map(|grant| access.roles.get(grant.role)) {
        *counts.entry(&role.name).or_default() += 1;
    }
    counts
}

/// Membership entitlements of groups that matter and whose members could not be read this time.
fn unread_groups(facts: &Facts) -> BTreeSet<String> {
    let members_missing = not_read(facts, Stage::Members);
    facts
        .groups
        .iter()
        .filter(|group| members_missing && !group.members_read)
        .map(|group| format!("{}:{}:member", resource_type::GROUP, group.id))
        .collect()
}

/// Whether nothing but groups that were not read explains a grant of the old file.
fn comes_only_from(row: &GrantRow<'_>, groups: &BTreeSet<String>) -> Result<bool, rolebook_snapshot::Error> {
    if groups.is_empty() {
        return Ok(false);
    }
    let sources = row.grant()?.sources.map(|sources| sources.sources).unwrap_or_default();
    Ok(!sources.is_empty() && sources.keys().all(|source| groups.contains(source)))
}

fn not_read(facts: &Facts, stage: Stage) -> bool {
    matches!(facts.coverage.lists.get(stage.as_str()), Some(ListCoverage::Not { .. }))
}

fn losses(
    baseline: &Baseline,
    facts: &Facts,
    access: &Access,
    stats: &Stats,
    moved: &Moved<'_>,
) -> Result<Vec<Loss>, SyncError> {
    let mut losses = Vec::new();
    let mut weigh = |of: &str, before: u64, now: u64| {
        if out_of_bounds(before, before.saturating_sub(now)) {
            losses.push(Loss { of: of.to_owned(), before, now });
        }
    };
    let members_missing = not_read(facts, Stage::Members);
    let compared = |kind: &str| match kind {
        resource_type::USER => !members_missing,
        // An account may have been known from these lists alone.
        resource_type::ACCOUNT => !not_read(facts, Stage::Types) && !not_read(facts, Stage::Schema),
        resource_type::ROLE => facts
            .coverage
            .lists
            .get(Stage::AdminRoles.as_str())
            .is_some_and(|list| matches!(list, ListCoverage::Full { .. })),
        resource_type::CUSTOM_ROLE | resource_type::RESOURCE_SET | resource_type::RESOURCE_SET_BINDING => {
            facts.custom_roles.is_some()
        }
        _ => true,
    };
    let now = |counts: &BTreeMap<String, u64>, kind: &str| counts.get(kind).copied().unwrap_or_default();
    for (kind, before) in &baseline.resources {
        if compared(kind) {
            weigh(resource_words(kind), *before, now(&stats.resources_by_resource_type, kind));
        }
    }
    let unread = unread_groups(facts);
    for (kind, before) in &baseline.grants {
        let now = now(&stats.grants_by_resource_type, kind);
        match kind.as_str() {
            resource_type::ACCOUNT => {
                weigh("grants of roles to people", moved.before, access.user_grants.len() as u64);
            }
            resource_type::GROUP => {
                let mut before = *before;
                for group in &unread {
                    before = before.saturating_sub(baseline.grants_of(group)?);
                }
                weigh("memberships", before, now);
            }
            kind if compared(kind) => weigh(grant_words(kind), *before, now),
            _ => {}
        }
    }
    let mut now_by_account: BTreeMap<&str, u64> = BTreeMap::new();
    for role in access.user_grants.iter().filter_map(|grant| access.roles.get(grant.role)) {
        *now_by_account.entry(&role.account).or_default() += 1;
    }
    let names = facts.account_names(access);
    for (account, before) in &moved.before_by_account {
        if *before >= ACCOUNT_GRANTS && !now_by_account.contains_key(account.as_str()) {
            let of = format!("grants in account {}", names.label(account));
            losses.push(Loss { of, before: *before, now: 0 });
        }
    }
    Ok(losses)
}

fn resource_words(kind: &str) -> &str {
    match kind {
        resource_type::ACCOUNT => "AWS accounts",
        resource_type::GROUP => "groups",
        resource_type::USER => "people",
        resource_type::ROLE => "Okta admin roles",
        resource_type::CUSTOM_ROLE => "custom admin roles",
        resource_type::RESOURCE_SET => "resource sets",
        resource_type::RESOURCE_SET_BINDING => "bindings of custom admin roles",
        other => other,
    }
}

fn grant_words(kind: &str) -> &str {
    match kind {
        resource_type::APP => "assignments to the app",
        resource_type::ROLE => "holders of Okta admin roles",
        resource_type::CUSTOM_ROLE => "holders of custom admin roles",
        resource_type::RESOURCE_SET => "custom admin roles bound to resource sets",
        resource_type::RESOURCE_SET_BINDING => "members of custom admin roles",
        other => other,
    }
}

/// Whether access can depend on a setting.
fn decides(setting: &str) -> bool {
    !matches!(setting, "sessionDuration" | "features") && !setting.starts_with("signOn.")
}

/// Through what people gained a role: the app's own change first, then the groups that confer most of it.
fn causes(gained: &[&UserGrant], facts: &Facts, app: &[AppChange]) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let settings: Vec<&str> =
        app.iter().map(|change| change.setting.as_str()).filter(|setting| decides(setting)).collect();
    if !settings.is_empty() {
        causes.push(format!("the app's {} changed", settings.join(", ")));
    }
    let mut by_group: BTreeMap<u32, u64> = BTreeMap::new();
    let mut own = 0;
    for grant in gained {
        own += u64::from(grant.groups.is_empty());
        for group in &grant.groups {
            *by_group.entry(*group).or_default() += 1;
        }
    }
    let mut groups: Vec<(u64, &str)> = by_group
        .into_iter()
        .filter_map(|(ix, count)| {
            let record = facts.groups.get(ix as usize)?;
            Some((count, record.group.name.as_deref().unwrap_or(record.id.as_str())))
        })
        .collect();
    groups.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    causes.extend(groups.iter().take(CAUSES).map(|(count, name)| format!("{count} through group {name}")));
    if groups.len() > CAUSES {
        causes.push(format!("{} more groups", groups.len() - CAUSES));
    }
    if own > 0 {
        causes.push(format!("{own} through their own assignment"));
    }
    causes
}

/// Roles that the group Everyone confers now and did not before.
fn everyone(baseline: &Baseline, facts: &Facts, access: &Access) -> Result<Vec<Gain>, SyncError> {
    let mut gains = Vec::new();
    let names = facts.account_names(access);
    for (ix, record) in (0..).zip(&facts.groups).filter(|(_, record)| record.group.kind == GroupKind::BuiltIn)
    {
        let before = baseline.held_by(resource_type::GROUP, record.id.as_str(), resource_type::ACCOUNT)?;
        for grant in access.group_grants.iter().filter(|grant| grant.group == ix) {
            let Some(role) = access.roles.get(grant.role) else { continue };
            if before.contains(&role_entitlement(role)) {
                continue;
            }
            let holds =
                |grant: &&UserGrant| access.roles.get(grant.role) == Some(role) && grant.groups.contains(&ix);
            gains.push(Gain {
                role: format!("{}/{}", names.label(&role.account), role.name),
                before: 0,
                now: access.user_grants.iter().filter(holds).count() as u64,
                causes: vec![format!(
                    "group {} now confers it",
                    record.group.name.as_deref().unwrap_or("Everyone")
                )],
            });
        }
    }
    Ok(gains)
}
