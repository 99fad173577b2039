//! A few people of a large snapshot, by its indexes: what one question needs, without reading all the others.

use std::collections::HashMap;

use rolebook_snapshot::{
    GrantFilter, SyncRows, annotation,
    proto::{Resource, UserTrait},
};

use super::{View, assignment, check_ours, id, of, read_accounts, read_app, resource};
use crate::{
    COVERAGE_ASSET, Facts, GROUP_NAMES_ASSET, GROUP_RULES_ASSET, ReadError, asset,
    words::{APP, GROUP, USER},
};

/// What a person is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName {
    /// Okta user id.
    pub id: String,
    /// Login, when it was read.
    pub login: Option<String>,
    /// Name to show.
    pub display_name: String,
}

/// The names of everybody in the file, by id.
///
/// # Errors
/// [`ReadError`]: the file is damaged.
pub fn people_names(rows: &SyncRows<'_>) -> Result<Vec<PersonName>, ReadError> {
    let mut names = Vec::new();
    rows.resources(Some(USER), |row: Resource| {
        let login = annotation::find::<UserTrait>(&row.annotations).ok().flatten().map(|found| found.login);
        names.push(PersonName {
            id: id(&row).to_owned(),
            login: login.filter(|login| !login.is_empty()),
            display_name: row.display_name,
        });
        Ok::<_, ReadError>(())
    })?;
    Ok(names)
}

/// Ids of everybody who holds an entitlement, such as that of an account's role. Beyond `most`, `None`: then reading
/// everything is cheaper.
///
/// # Errors
/// [`ReadError`]: the file is damaged.
pub fn role_holders(
    rows: &SyncRows<'_>,
    entitlement: &str,
    most: usize,
) -> Result<Option<Vec<String>>, ReadError> {
    let mut holders = Vec::new();
    rows.grants(GrantFilter::Entitlement(entitlement), |row| {
        if row.principal_type == USER && holders.len() <= most {
            holders.push(row.principal.to_owned());
        }
        Ok::<_, ReadError>(())
    })?;
    Ok((holders.len() <= most).then_some(holders))
}

/// The facts of some people: app, accounts, groups, rules and coverage as [`read`](super::read) gives them, and of the
/// users those named, with assignment and memberships. What follows for them follows as from all facts. Admin roles
/// are left out, and every stored role value counts as one of the catalogue.
///
/// # Errors
/// [`ReadError`]: the file is damaged, or not one of ours.
pub fn read_people(rows: &SyncRows<'_>, ids: &[String]) -> Result<Facts, ReadError> {
    let mut facts = Facts::default();
    read_app(rows, &mut facts)?;
    check_ours(rows, &facts)?;
    read_accounts(rows, &mut facts, true)?;
    let groups = &mut facts.groups;
    rows.resources(Some(GROUP), |row| {
        groups.push(resource::group(&row));
        Ok::<_, ReadError>(())
    })?;
    groups.sort_by(|a, b| a.id.cmp(&b.id));
    let places: HashMap<String, u32> =
        (0..).zip(groups.iter()).map(|(ix, group)| (group.id.as_str().to_owned(), ix)).collect();
    let app = facts.app.id.to_string();
    rows.grants(GrantFilter::Resource { resource_type: APP, resource: &app }, |row| {
        // Told by the column, so that a million app users cost no decoding.
        if row.principal_type == GROUP
            && let Some(group) = places.get(row.principal).and_then(|ix| groups.get_mut(*ix as usize))
        {
            assignment::group(&View::metadata(&row.grant()?), group);
        }
        Ok::<_, ReadError>(())
    })?;
    let mut ids: Vec<&String> = ids.iter().collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        let Some(row) = rows.resource(USER, id)? else { continue };
        let mut user = resource::user(&row);
        rows.grants(GrantFilter::Principal { resource_type: USER, resource: id }, |row| {
            match row.resource_type {
                APP => assignment::user(&View::metadata(&row.grant()?), &mut user),
                GROUP => {
                    let grant = row.grant()?;
                    user.user.groups.extend(of(&grant).and_then(|group| places.get(group)));
                }
                _ => {}
            }
            Ok::<_, ReadError>(())
        })?;
        user.user.groups.sort_unstable();
        user.user.groups.dedup();
        facts.users.push(user);
    }
    facts.users.sort_by(|a, b| a.id.cmp(&b.id));
    facts.coverage = asset::read(rows, COVERAGE_ASSET)?.unwrap_or_default();
    facts.group_rules = asset::read(rows, GROUP_RULES_ASSET)?.unwrap_or_default();
    facts.group_names = asset::read_compressed(rows, GROUP_NAMES_ASSET)?.unwrap_or_default();
    Ok(facts)
}
