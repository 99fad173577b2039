//! What was read after a write, laid over a full sync: people and groups that were read again count as they are now.

use std::collections::BTreeMap;

use crate::{Facts, GroupRecord, UserRecord};

/// Lays newer facts over a full sync. A person of `newer` replaces the one of `base` with assignment and groups, a group
/// replaces its namesake by id; whoever was not read again stays as they were.
#[must_use]
pub fn overlay(base: Facts, newer: &Facts) -> Facts {
    let mut groups: BTreeMap<String, GroupRecord> = BTreeMap::new();
    for record in &base.groups {
        groups.insert(record.id.as_str().to_owned(), record.clone());
    }
    for record in &newer.groups {
        let members_read =
            groups.get(record.id.as_str()).map_or(record.members_read, |known| known.members_read);
        groups.insert(record.id.as_str().to_owned(), GroupRecord { members_read, ..record.clone() });
    }
    let positions: BTreeMap<&str, u32> = (0..).zip(groups.keys()).map(|(ix, id)| (id.as_str(), ix)).collect();
    let moved = |user: &UserRecord, of: &[GroupRecord]| {
        let mut user = user.clone();
        user.user.groups = user
            .user
            .groups
            .iter()
            .filter_map(|ix| positions.get(of.get(*ix as usize)?.id.as_str()).copied())
            .collect();
        user.user.groups.sort_unstable();
        user
    };
    let mut users: BTreeMap<String, UserRecord> = BTreeMap::new();
    for user in &base.users {
        users.insert(user.id.as_str().to_owned(), moved(user, &base.groups));
    }
    for user in &newer.users {
        users.insert(user.id.as_str().to_owned(), moved(user, &newer.groups));
    }
    Facts {
        app: newer.app.clone(),
        users: users.into_values().collect(),
        groups: groups.into_values().collect(),
        ..base
    }
}
