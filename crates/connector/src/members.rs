//! Members of single groups, and names of groups, for a question that a snapshot alone cannot answer in full. At most so
//! many requests as the asker allows; what was refused or left over is named, never taken for empty.

use std::collections::BTreeMap;

use rolebook_ledger::{GroupName, UserRecord};
use rolebook_okta::{Client, GroupQuery, shapes};

use crate::{PersonRules, SyncError, intake::Intake};

/// What was read of some groups' members.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GroupMembers {
    /// The members of each group that was read to the end, by group id.
    pub members: BTreeMap<String, Vec<UserRecord>>,
    /// Groups that were not, and why.
    pub not_read: BTreeMap<String, String>,
    /// Requests that it took.
    pub requests: u64,
}

/// Makes sure that a token is of the org whose snapshot is asked; one request.
///
/// # Errors
/// [`SyncError::OtherOwner`] when it is of another, [`SyncError::Essential`] when Okta does not say.
pub async fn check_org(client: &Client, file: &std::path::Path, org: &str) -> Result<(), SyncError> {
    let found = client.org().await.map_err(SyncError::reading("the org"))?;
    if found.id.as_str() == org {
        return Ok(());
    }
    Err(SyncError::OtherOwner {
        file: file.to_owned(),
        what: "org",
        theirs: org.to_owned(),
        ours: found.id.as_str().to_owned(),
    })
}

/// Reads the members of groups, one after the other, by at most `most` requests.
///
/// # Errors
/// [`SyncError::Essential`] when Okta fails; a group that is refused or gone is no failure, it is named.
pub async fn read_members(
    client: &Client,
    groups: &[String],
    people: &PersonRules,
    most: u64,
) -> Result<GroupMembers, SyncError> {
    let mut read = GroupMembers::default();
    for group in groups {
        if read.requests >= most {
            read.not_read
                .insert(group.clone(), "not asked for: the limit of requests was reached".to_owned());
            continue;
        }
        match members_of(client, group, people, most, &mut read.requests).await? {
            Ok(members) => {
                read.members.insert(group.clone(), members);
            }
            Err(why) => {
                read.not_read.insert(group.clone(), why);
            }
        }
    }
    Ok(read)
}

/// One group's members, or why they are not known.
async fn members_of(
    client: &Client,
    group: &str,
    people: &PersonRules,
    most: u64,
    requests: &mut u64,
) -> Result<Result<Vec<UserRecord>, String>, SyncError> {
    let failed = |error| SyncError::reading(format!("the members of group {group}"))(error);
    let id = match shapes::GroupId::new(group) {
        Ok(id) => id,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let mut intake = Intake::new(people.clone());
    let mut pager = client.group_members(&id).map_err(failed)?;
    while pager.place().is_some() {
        if *requests >= most {
            return Ok(Err("not read to the end: the limit of requests was reached".to_owned()));
        }
        *requests += 1;
        match pager.next_page().await {
            Ok(Some(page)) if page.skipped.is_empty() => intake.members(group, &page.items),
            Ok(Some(page)) => return Ok(Err(format!("{} members could not be read", page.skipped.len()))),
            Ok(None) => break,
            Err(error) if error.is_gone() || error.is_refused() || error.is_unavailable_here() => {
                return Ok(Err(error.to_string()));
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(Ok(intake.finish().users))
}

/// The names of all groups of the org, by id, or why they are not known; and the requests that it took.
///
/// # Errors
/// [`SyncError::Essential`] when Okta fails or refuses.
pub async fn read_group_names(
    client: &Client,
    people: &PersonRules,
    most: u64,
) -> Result<(Result<Vec<GroupName>, String>, u64), SyncError> {
    let failed = |error| SyncError::reading("the org's groups")(error);
    let query = GroupQuery { expand: Some("app"), ..GroupQuery::default() };
    let mut intake = Intake::new(people.clone());
    let mut pager = client.groups(&query).map_err(failed)?;
    let mut requests = 0;
    while pager.place().is_some() {
        if requests >= most {
            let why = "not read to the end: the limit of requests was reached".to_owned();
            return Ok((Err(why), requests));
        }
        requests += 1;
        match pager.next_page().await.map_err(failed)? {
            Some(page) => page.items.iter().for_each(|group| intake.group_name(group)),
            None => break,
        }
    }
    Ok((Ok(intake.finish().names), requests))
}
