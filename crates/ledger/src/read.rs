//! Rows become facts again. Access itself is not read back: it follows from the facts, by the same rules.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use rolebook_federation as federation;
use rolebook_snapshot::{
    GrantFilter, SyncRows,
    proto::{Grant, Resource},
};

use crate::{
    AccountRecord, AppRecord, COVERAGE_ASSET, Coverage, Facts, GROUP_NAMES_ASSET, GROUP_RULES_ASSET, GroupId,
    OTHER_ACCOUNTS_ASSET, Org, UserId, asset,
    words::{ACCOUNT, APP, GROUP, ROLE, USER, key},
};

mod assignment;
mod custom_role;
mod people;
mod resource;
mod view;

pub use people::{PersonName, people_names, read_people, role_holders};
use view::View;

/// Why a file's rows are no facts.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file itself.
    #[error(transparent)]
    Snapshot(#[from] rolebook_snapshot::Error),
    /// The sync holds no app: it was not written by Rolebook.
    #[error("the snapshot holds no Okta app, it was not written by Rolebook")]
    NoApp,
    /// The sync was written by another connector: what its rows mean for AWS is not known.
    #[error(
        "the snapshot was not written by Rolebook: it holds the app `{label}`, and not how access was read"
    )]
    NotOurs {
        /// What the first app of the file is called, else its id.
        label: String,
    },
    /// An asset that Rolebook writes cannot be read.
    #[error("the snapshot's record `{name}` cannot be read: {reason}")]
    Asset {
        /// Which.
        name: &'static str,
        /// Why.
        reason: String,
    },
}

/// Reads the facts of one sync. Rows of other writers that do not fit the contract are passed over: they say nothing
/// that the contract knows.
///
/// # Errors
/// [`ReadError`]: the file is damaged, or not one of ours.
pub fn read(rows: &SyncRows<'_>) -> Result<Facts, ReadError> {
    let mut facts = Facts::default();
    read_app(rows, &mut facts)?;
    check_ours(rows, &facts)?;
    read_accounts(rows, &mut facts, false)?;
    let mut positions = read_groups_and_users(rows, &mut facts)?;
    read_assignments(rows, &mut facts, &positions)?;
    read_members(rows, &mut facts, &positions)?;
    positions.groups.clear();
    read_admin_roles(rows, &mut facts)?;
    facts.custom_roles = custom_role::read(rows)?;
    facts.coverage = asset::read(rows, COVERAGE_ASSET)?.unwrap_or_default();
    facts.group_rules = asset::read(rows, GROUP_RULES_ASSET)?.unwrap_or_default();
    facts.group_names = asset::read_compressed(rows, GROUP_NAMES_ASSET)?.unwrap_or_default();
    Ok(facts)
}

/// Whose a snapshot is and how it was read, without its rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Head {
    /// The org.
    pub org: Org,
    /// The AWS app, with the settings of that time.
    pub app: AppRecord,
    /// What was read and what was not.
    pub coverage: Coverage,
}

/// Reads only the head of one sync.
///
/// # Errors
/// [`ReadError`]: the file is damaged, or not one of ours.
pub fn head(rows: &SyncRows<'_>) -> Result<Head, ReadError> {
    let mut facts = Facts::default();
    read_app(rows, &mut facts)?;
    let coverage = asset::read(rows, COVERAGE_ASSET)?.unwrap_or_default();
    Ok(Head { org: facts.org, app: facts.app, coverage })
}

fn id(resource: &Resource) -> &str {
    resource.id.as_ref().map_or("", |id| id.resource.as_str())
}

fn principal(grant: &Grant) -> Option<(&str, &str)> {
    let id = grant.principal.as_ref()?.id.as_ref()?;
    Some((id.resource_type.as_str(), id.resource.as_str()))
}

fn of(grant: &Grant) -> Option<&str> {
    Some(grant.entitlement.as_ref()?.resource.as_ref()?.id.as_ref()?.resource.as_str())
}

fn read_app(rows: &SyncRows<'_>, facts: &mut Facts) -> Result<(), ReadError> {
    let mut found = false;
    rows.resources(Some(APP), |row| {
        (facts.org, facts.app) = resource::app(&row);
        found = true;
        Ok::<_, ReadError>(())
    })?;
    if found { Ok(()) } else { Err(ReadError::NoApp) }
}

/// Refuses the rows of other writers. Every file of Rolebook carries a record of how access was read; another
/// connector's rows have the same types with other meanings, and would answer *nobody* where nothing was looked at.
fn check_ours(rows: &SyncRows<'_>, facts: &Facts) -> Result<(), ReadError> {
    if rows.asset(COVERAGE_ASSET)?.is_some() {
        return Ok(());
    }
    let app = &facts.app;
    Err(ReadError::NotOurs {
        label: if app.label.is_empty() { app.id.to_string() } else { app.label.clone() },
    })
}

/// What the accounts file of a sync said, and when that file was read.
///
/// # Errors
/// [`ReadError`]: the file is damaged, or not one of ours.
pub fn described_accounts(rows: &SyncRows<'_>) -> Result<(Vec<AccountRecord>, Option<Timestamp>), ReadError> {
    let mut facts = Facts::default();
    read_app(rows, &mut facts)?;
    read_accounts(rows, &mut facts, false)?;
    let coverage: Coverage = asset::read(rows, COVERAGE_ASSET)?.unwrap_or_default();
    let at = if facts.accounts.is_empty() { None } else { coverage.accounts_of.or(coverage.to) };
    Ok((facts.accounts, at))
}

/// Catalogue and account facts. In direct mode every stored value of every role may have come from the catalogue:
/// reading it as such gives the same roles again.
fn read_accounts(rows: &SyncRows<'_>, facts: &mut Facts, all: bool) -> Result<(), ReadError> {
    let direct = !facts.app.to_federation(&mut federation::Warnings::new()).settings.use_group_mapping;
    let mut accounts: Vec<AccountRecord> = asset::read(rows, OTHER_ACCOUNTS_ASSET)?.unwrap_or_default();
    let catalogue = &mut facts.catalogue;
    rows.resources(Some(ACCOUNT), |row| {
        let profile = View::profile(&row);
        catalogue.source = match profile.text(key::CATALOGUE) {
            Some("types") => federation::Catalogue::Types,
            Some("schema") => federation::Catalogue::Schema,
            _ => federation::Catalogue::None,
        };
        if direct {
            catalogue.values.extend(resource::role_values(&profile, all));
        }
        accounts.extend(resource::account(&profile));
        Ok::<_, ReadError>(())
    })?;
    catalogue.values.sort();
    catalogue.values.dedup();
    accounts.sort_by(|a, b| a.id.cmp(&b.id));
    // an account that Okta shows in two ways has two rows
    accounts.dedup_by(|a, b| a.id == b.id);
    facts.accounts = accounts;
    Ok(())
}

struct Positions {
    groups: HashMap<String, u32>,
    users: HashMap<String, u32>,
}

fn read_groups_and_users(rows: &SyncRows<'_>, facts: &mut Facts) -> Result<Positions, ReadError> {
    let groups = &mut facts.groups;
    rows.resources(Some(GROUP), |row| {
        groups.push(resource::group(&row));
        Ok::<_, ReadError>(())
    })?;
    let users = &mut facts.users;
    rows.resources(Some(USER), |row| {
        users.push(resource::user(&row));
        Ok::<_, ReadError>(())
    })?;
    groups.sort_by(|a, b| a.id.cmp(&b.id));
    users.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(Positions {
        groups: (0..).zip(groups.iter()).map(|(ix, group)| (group.id.as_str().to_owned(), ix)).collect(),
        users: (0..).zip(users.iter()).map(|(ix, user)| (user.id.as_str().to_owned(), ix)).collect(),
    })
}

fn read_assignments(rows: &SyncRows<'_>, facts: &mut Facts, positions: &Positions) -> Result<(), ReadError> {
    let (groups, users) = (&mut facts.groups, &mut facts.users);
    rows.grants(GrantFilter::ResourceType(APP), |row| {
        let grant = row.grant()?;
        let metadata = View::metadata(&grant);
        match principal(&grant) {
            Some((GROUP, id)) => {
                if let Some(group) = positions.groups.get(id).and_then(|ix| groups.get_mut(*ix as usize)) {
                    assignment::group(&metadata, group);
                }
            }
            Some((USER, id)) => {
                if let Some(user) = positions.users.get(id).and_then(|ix| users.get_mut(*ix as usize)) {
                    assignment::user(&metadata, user);
                }
            }
            _ => {}
        }
        Ok::<_, ReadError>(())
    })
}

fn read_members(rows: &SyncRows<'_>, facts: &mut Facts, positions: &Positions) -> Result<(), ReadError> {
    let users = &mut facts.users;
    rows.grants(GrantFilter::ResourceType(GROUP), |row| {
        let grant = row.grant()?;
        let group = of(&grant).and_then(|id| positions.groups.get(id));
        let user = match principal(&grant) {
            Some((USER, id)) => positions.users.get(id).and_then(|ix| users.get_mut(*ix as usize)),
            _ => None,
        };
        if let (Some(group), Some(user)) = (group, user) {
            user.user.groups.push(*group);
        }
        Ok::<_, ReadError>(())
    })?;
    for user in users {
        user.user.groups.sort_unstable();
        user.user.groups.dedup();
    }
    Ok(())
}

fn read_admin_roles(rows: &SyncRows<'_>, facts: &mut Facts) -> Result<(), ReadError> {
    let mut roles = BTreeMap::new();
    rows.resources(Some(ROLE), |row| {
        let role = resource::admin_role(&row);
        roles.insert(role.kind.clone(), role);
        Ok::<_, ReadError>(())
    })?;
    rows.grants(GrantFilter::ResourceType(ROLE), |row| {
        let grant = row.grant()?;
        let Some(role) = of(&grant).and_then(|kind| roles.get_mut(kind)) else { return Ok(()) };
        let metadata = View::metadata(&grant);
        match principal(&grant) {
            Some((GROUP, id)) => {
                role.groups.insert(GroupId::new(id), metadata.texts(key::TARGETS));
            }
            Some((USER, id)) => {
                role.users.insert(UserId::new(id), assignment::admin(&grant, &metadata));
            }
            _ => {}
        }
        Ok::<_, ReadError>(())
    })?;
    facts.admin_roles = roles.into_values().collect();
    Ok(())
}
