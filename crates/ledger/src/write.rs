//! Facts and resolved access become rows, in the order that the file wants.

use rolebook_federation::Access;
use rolebook_snapshot::{
    Error, SnapshotWriter,
    proto::{ResourceType, resource_type::Trait},
};

use crate::{
    COVERAGE_ASSET, Facts, GROUP_NAMES_ASSET, GROUP_RULES_ASSET, OTHER_ACCOUNTS_ASSET, asset,
    words::{ACCOUNT, APP, GROUP, ROLE, USER},
};

mod account;
mod admin_role;
mod app;
mod custom_role;
mod group;
mod order;
mod profile;
mod user;

pub use account::role_entitlement;

/// Writes every row of one sync. Resource types stand in the file even when nothing of them was found, so that a
/// reader can tell *none* from *not looked for*.
///
/// # Errors
/// What the snapshot's writer says: disk full, an id given twice.
pub fn write(facts: &Facts, access: &Access, writer: &mut SnapshotWriter) -> Result<(), Error> {
    let custom = facts.custom_roles.as_ref();
    let [account, app, group, role, user] = types();
    let mut declared = vec![account, app, group.clone(), role, user.clone()];
    declared.extend(custom.into_iter().flat_map(|_| custom_role::types()));
    declared.sort_by(|a, b| a.id.cmp(&b.id));
    for resource_type in &declared {
        writer.resource_type(resource_type)?;
    }
    let principals = [user, group];

    account::resources(facts, access, writer)?;
    app::resource(facts, writer)?;
    custom.map(|custom| custom_role::role_resources(custom, writer)).transpose()?;
    group::resources(facts, access, writer)?;
    custom.map(|custom| custom_role::set_resources(custom, writer)).transpose()?;
    admin_role::resources(facts, writer)?;
    user::resources(facts, writer)?;

    account::entitlements(access, facts, &principals, writer)?;
    app::entitlement(facts, &principals, writer)?;
    custom.map(|custom| custom_role::role_entitlements(custom, &principals, writer)).transpose()?;
    group::entitlements(facts, &principals, writer)?;
    custom.map(|custom| custom_role::set_entitlements(custom, &principals, writer)).transpose()?;
    admin_role::entitlements(facts, &principals, writer)?;

    account::grants(facts, access, writer)?;
    app::grants(facts, writer)?;
    custom.map(|custom| custom_role::role_grants(custom, writer)).transpose()?;
    group::grants(facts, writer)?;
    custom.map(|custom| custom_role::set_grants(custom, writer)).transpose()?;
    admin_role::grants(facts, writer)?;

    writer.asset(COVERAGE_ASSET, "application/json", &asset::json(&facts.coverage))?;
    if !facts.group_names.is_empty() {
        writer.asset(GROUP_NAMES_ASSET, "application/zstd", &asset::compressed(&facts.group_names))?;
    }
    if !facts.group_rules.is_empty() {
        writer.asset(GROUP_RULES_ASSET, "application/json", &asset::json(&facts.group_rules))?;
    }
    let others = account::others(facts, access);
    if !others.is_empty() {
        writer.asset(OTHER_ACCOUNTS_ASSET, "application/json", &asset::json(&others))?;
    }
    Ok(())
}

fn types() -> [ResourceType; 5] {
    [
        ResourceType::new(ACCOUNT, "Account", &[]),
        ResourceType::new(APP, "App", &[Trait::App]),
        ResourceType::new(GROUP, "Group", &[Trait::Group]),
        ResourceType::new(ROLE, "Role", &[Trait::Role]),
        ResourceType::new(USER, "User", &[Trait::User]),
    ]
}
