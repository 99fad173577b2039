//! What a snapshot does not hold and a changed app would ask: names of groups, and members of some.

use std::collections::BTreeMap;

use rolebook_federation::GroupIx;
use rolebook_ledger::{Facts, GroupName, UserRecord};

use super::change::group_of;
use crate::{Error, Reading};

/// Facts beyond a snapshot, read later than it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extra {
    /// The names of all groups of the org; empty when they were not read.
    pub names: Vec<GroupName>,
    /// The members of groups that were read to the end, by group id.
    pub members: BTreeMap<String, Vec<UserRecord>>,
}

/// The same reading with more known of groups that play no part in it. Nobody's access changes by that.
///
/// # Errors
/// Those of [`Reading::under`].
pub fn with_extra(reading: &Reading, extra: &Extra) -> Result<Reading, Error> {
    let mut facts = reading.facts().clone();
    if facts.group_names.is_empty() {
        facts.group_names.clone_from(&extra.names);
    }
    for (id, members) in &extra.members {
        if let Some(group) = place(&mut facts, id) {
            fill(&mut facts, group, members);
        }
    }
    Reading::under(facts, reading.origin().clone(), reading.rules().switches())
}

/// The group's position; one that only the names tell of is taken in.
fn place(facts: &mut Facts, id: &str) -> Option<GroupIx> {
    let found = facts.groups.binary_search_by(|group| group.id.as_str().cmp(id));
    let at = match found {
        Ok(at) => at,
        Err(at) => {
            let name = facts.group_names.iter().find(|group| group.id.as_str() == id)?;
            facts.groups.insert(at, group_of(name));
            let from = GroupIx::try_from(at).ok()?;
            for user in &mut facts.users {
                for group in user.user.groups.iter_mut().filter(|group| **group >= from) {
                    *group += 1;
                }
            }
            at
        }
    };
    GroupIx::try_from(at).ok()
}

fn fill(facts: &mut Facts, group: GroupIx, members: &[UserRecord]) {
    // Members that the file knew, from before, are not those of now.
    for user in &mut facts.users {
        user.user.groups.retain(|held| *held != group);
    }
    for member in members {
        match facts.users.binary_search_by(|user| user.id.cmp(&member.id)) {
            Ok(at) => {
                if let Some(user) = facts.users.get_mut(at)
                    && let Err(place) = user.user.groups.binary_search(&group)
                {
                    user.user.groups.insert(place, group);
                }
            }
            Err(at) => {
                let mut user = member.clone();
                user.user.groups = vec![group];
                facts.users.insert(at, user);
            }
        }
    }
    if let Some(record) = facts.groups.get_mut(group as usize) {
        record.members_read = true;
    }
}
