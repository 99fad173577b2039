//! AWS accounts, their roles and who can assume them.

use std::collections::BTreeMap;

use rolebook_federation::{Access, Catalogue, GroupGrant, Role, RoleIx, UserGrant};
use rolebook_snapshot::{
    Error, SnapshotWriter, id,
    proto::{Entitlement, Grant, Resource, ResourceId, ResourceType},
};
use serde_json::{Map, Value};

use super::{
    order::{Block, write_blocks},
    profile::{Profile, describe, display_name, entitlement_immutable, immutable, sources},
};
use crate::{
    AccountRecord, CatalogueRecord, Facts, NamedAccount,
    words::{ACCOUNT, GROUP, USER, key},
};

/// Rows of the accounts that Okta shows. Accounts that only an accounts file names get none: a row would tell every
/// reader of the file that Okta leads there.
pub(super) fn resources(facts: &Facts, access: &Access, writer: &mut SnapshotWriter) -> Result<(), Error> {
    let names = facts.account_names(access);
    let mut roles: BTreeMap<&str, BTreeMap<&str, &Role>> = BTreeMap::new();
    for role in access.roles.roles() {
        roles.entry(&role.account).or_default().insert(&role.name, role);
    }
    for account in access.roles.accounts() {
        let roles = roles.get(account.id.as_str());
        let Some(named) = names.get(&account.id) else { continue };
        let mut resource = Resource::new(ResourceId::new(ACCOUNT, &account.id), &name(named));
        let profile = Profile::default()
            .with(key::PARTITION, account.partition.as_str())
            .with_some(key::NAME, named.name.as_deref())
            .with_some(key::ALIAS, named.alias.as_deref())
            .with_some(key::GIVEN, named.record.as_ref().and_then(given))
            .with(key::ROLES, roles.map(|roles| describe_roles(roles, &facts.catalogue)).unwrap_or_default())
            .with(key::CATALOGUE, facts.catalogue.source.as_str());
        resource.profile = Some(profile.to_struct());
        writer.resource(&resource)?;
    }
    Ok(())
}

fn name(account: &NamedAccount) -> String {
    display_name(account.called().unwrap_or(&account.id), &account.id)
}

fn given(record: &AccountRecord) -> Option<Value> {
    serde_json::to_value(record).ok()
}

/// What the accounts file says of accounts without a row.
pub(super) fn others(facts: &Facts, access: &Access) -> Vec<AccountRecord> {
    let names = facts.account_names(access);
    names.iter().filter(|account| !account.in_okta).filter_map(|account| account.record.clone()).collect()
}

fn describe_roles(roles: &BTreeMap<&str, &Role>, catalogue: &CatalogueRecord) -> Map<String, Value> {
    roles
        .iter()
        .map(|(slug, role)| {
            let mut facts = Map::new();
            for (key, arn) in [(key::ROLE_ARN, &role.arns.role), (key::PROVIDER_ARN, &role.arns.provider)] {
                if let Some(arn) = arn {
                    facts.insert(key.to_owned(), arn.to_string().into());
                }
            }
            facts.insert(key::VALUES.to_owned(), role.values.iter().cloned().collect::<Vec<_>>().into());
            let unlisted = unlisted(role, catalogue);
            if !unlisted.is_empty() {
                facts.insert(key::UNLISTED.to_owned(), unlisted.into());
            }
            ((*slug).to_owned(), facts.into())
        })
        .collect()
}

/// Values that groups or people carry and Okta's catalogue lacks, where there is one.
fn unlisted(role: &Role, catalogue: &CatalogueRecord) -> Vec<String> {
    if catalogue.source == Catalogue::None {
        return Vec::new();
    }
    role.values.iter().filter(|value| !catalogue.values.contains(value)).cloned().collect()
}

/// Id of the entitlement that stands for a role: `account:<account>:<role>`.
#[must_use]
pub fn role_entitlement(role: &Role) -> String {
    id::entitlement_id(ACCOUNT, &role.account, &role.name)
}

pub(super) fn entitlements(
    access: &Access,
    facts: &Facts,
    principals: &[ResourceType],
    writer: &mut SnapshotWriter,
) -> Result<(), Error> {
    let names = facts.account_names(access);
    let mut ordered: Vec<(String, &Role)> =
        access.roles.roles().iter().map(|role| (role_entitlement(role), role)).collect();
    ordered.sort_by(|a, b| a.0.cmp(&b.0));
    for (_, role) in ordered {
        let account_name = names.get(&role.account).map_or_else(|| role.account.clone(), name);
        let account = Resource::new(ResourceId::new(ACCOUNT, &role.account), &account_name);
        let mut entitlement = Entitlement::assignment(account, &role.name);
        entitlement.display_name = display_name(&format!("{} Role Member", role.name), "Role Member");
        entitlement.description = format!("May assume the role in AWS account {} through Okta", role.account);
        entitlement.grantable_to = principals.to_vec();
        if role.any_group && !role.writable_group && facts_map_groups(facts) {
            entitlement.annotations.push(entitlement_immutable());
        }
        writer.entitlement(&entitlement)?;
    }
    Ok(())
}

/// Only where group names decide can a role be out of reach for every write.
fn facts_map_groups(facts: &Facts) -> bool {
    facts.app.to_federation(&mut rolebook_federation::Warnings::new()).settings.use_group_mapping
}

pub(super) fn grants(facts: &Facts, access: &Access, writer: &mut SnapshotWriter) -> Result<(), Error> {
    let groups = by_role(&access.group_grants, |grant| grant.role, access.roles.roles().len());
    let users = by_role(&access.user_grants, |grant| grant.role, access.roles.roles().len());
    let blocks: Vec<Block<RoleIx>> =
        (0..).zip(access.roles.roles()).map(|(ix, role)| Block::new(&role_entitlement(role), ix)).collect();
    write_blocks(blocks, writer, |ix, row| {
        let Some(role) = access.roles.get(*ix) else { return Ok(()) };
        let entitlement = role_entitlement(role);
        for grant in groups.of(*ix).filter_map(|at| access.group_grants.get(at)) {
            if let Some(grant) = group_grant(facts, role, &entitlement, grant) {
                row(grant)?;
            }
        }
        for grant in users.of(*ix).filter_map(|at| access.user_grants.get(at)) {
            if let Some(grant) = user_grant(facts, role, &entitlement, grant) {
                row(grant)?;
            }
        }
        Ok(())
    })
}

fn group_grant(facts: &Facts, role: &Role, entitlement: &str, grant: &GroupGrant) -> Option<Grant> {
    let group = facts.groups.get(grant.group as usize)?;
    let mut row = Grant::new(
        entitlement,
        ResourceId::new(ACCOUNT, &role.account),
        ResourceId::new(GROUP, group.id.as_str()),
    );
    if grant.partial {
        describe(&mut row, &Profile::default().with(key::PARTIAL_MATCH, true));
    }
    Some(row)
}

fn user_grant(facts: &Facts, role: &Role, entitlement: &str, grant: &UserGrant) -> Option<Grant> {
    let user = facts.users.get(grant.user as usize)?;
    let mut row = Grant::new(
        entitlement,
        ResourceId::new(ACCOUNT, &role.account),
        ResourceId::new(USER, user.id.as_str()),
    );
    let metadata = Profile::default()
        .with(key::SOURCE, grant.source.as_str())
        .with_some(key::PARTIAL_MATCH, grant.partial.then_some(true));
    describe(&mut row, &metadata);
    if !grant.own {
        immutable(&mut row);
    }
    let groups =
        grant.groups.iter().filter_map(|ix| facts.groups.get(*ix as usize)).map(|group| group.id.as_str());
    row.sources = sources(groups, grant.own.then_some(entitlement));
    Some(row)
}

/// Positions of grants, bucketed by role: a counting sort, since there may be millions.
struct ByRole {
    starts: Vec<usize>,
    positions: Vec<u32>,
}

fn by_role<T>(grants: &[T], role: impl Fn(&T) -> RoleIx, roles: usize) -> ByRole {
    let mut starts = vec![0; roles + 1];
    for grant in grants {
        if let Some(count) = starts.get_mut(role(grant) as usize + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut next = starts.clone();
    let mut positions = vec![0; grants.len()];
    for (at, grant) in (0..).zip(grants) {
        if let Some(slot) = next.get_mut(role(grant) as usize) {
            if let Some(position) = positions.get_mut(*slot) {
                *position = at;
            }
            *slot += 1;
        }
    }
    ByRole { starts, positions }
}

impl ByRole {
    fn of(&self, role: RoleIx) -> impl Iterator<Item = usize> {
        let role = role as usize;
        let range = match (self.starts.get(role), self.starts.get(role + 1)) {
            (Some(from), Some(to)) => *from..*to,
            _ => 0..0,
        };
        self.positions.get(range).unwrap_or_default().iter().map(|at| *at as usize)
    }
}
