//! Every role of a person or of a group.

use rolebook_federation::{Group, GroupOrigin};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{AppRef, Completeness, Error, GroupRef, Path, PersonRef, Readings, RoleRef, Shape};

/// What a person can assume.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct What {
    /// Who.
    pub person: PersonRef,
    /// The roles, ordered by account and name, then app; where `complete` is false, at least these.
    pub roles: Vec<Held>,
    /// Whether all of them are known.
    #[serde(flatten)]
    pub completeness: Completeness,
}

/// A role that a person can assume.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Held {
    /// Through which app.
    pub app: AppRef,
    /// The role.
    pub role: RoleRef,
    /// Where it comes from, in one word: see docs/SNAPSHOT.md.
    pub source: String,
    /// Every group that confers it matches the filter only in part.
    pub partial_match: bool,
    /// Every way by which they have it, and those that give way to another.
    pub paths: Vec<Path>,
}

/// What a group confers.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WhatGroup {
    /// The group.
    pub group: GroupRef,
    /// Through which app.
    pub app: AppRef,
    /// It is assigned to the app.
    pub assigned: bool,
    /// What the group filter makes of its name, in group mapping mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Its members were read to the end.
    pub members_read: bool,
    /// Members that were read.
    pub members: usize,
    /// The roles it confers, ordered by account and name.
    pub roles: Vec<GroupRoles>,
    /// Whether all of its members are known.
    #[serde(flatten)]
    pub completeness: Completeness,
}

/// A role that a group confers.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GroupRoles {
    /// The role.
    pub role: RoleRef,
    /// The filter matches the name only in part.
    pub partial_match: bool,
    /// Members who can assume it because of this group.
    pub people: Vec<PersonRef>,
}

impl Shape for What {
    const SHAPE: &'static str = "rolebook.what/1";

    fn completeness(&self) -> Completeness {
        self.completeness.clone()
    }
}

impl Shape for WhatGroup {
    const SHAPE: &'static str = "rolebook.what-group/1";

    fn completeness(&self) -> Completeness {
        self.completeness.clone()
    }
}

/// Every role that a person can assume now.
///
/// # Errors
/// [`Error::Unknown`] or [`Error::Ambiguous`] for the name.
pub fn what(readings: &Readings, person: &str) -> Result<What, Error> {
    let named = readings.find_person(person)?;
    let mut roles = Vec::new();
    let mut completeness = Completeness::default();
    for place in &named.places {
        let Some(reading) = readings.get(place.reading) else { continue };
        completeness = completeness.and(reading.completeness_of_person(place.user));
        for grant in reading.grants_of(place.user) {
            let Some(role) = reading.role(grant.role) else { continue };
            roles.push(Held {
                app: reading.app(),
                role,
                source: grant.source.as_str().to_owned(),
                partial_match: grant.partial,
                paths: reading.paths(place.user, grant.role, false),
            });
        }
    }
    roles.sort_by(|a, b| (&a.role, &a.app).cmp(&(&b.role, &b.app)));
    Ok(What { person: named.person, roles, completeness })
}

/// Every role that a group confers, and on whom.
///
/// # Errors
/// [`Error::Unknown`] or [`Error::Ambiguous`] for the name.
pub fn what_group(readings: &Readings, group: &str) -> Result<(WhatGroup, usize), Error> {
    let (at, ix) = match readings.find_group(group) {
        Ok(found) => found,
        Err(error) => return listed(readings, group).ok_or(error),
    };
    let unknown = || readings.unknown("group", group, std::iter::empty());
    let reading = readings.get(at).ok_or_else(unknown)?;
    let record = reading.facts().groups.get(ix as usize).ok_or_else(unknown)?;
    let members = reading.members(ix);
    let mut roles: Vec<GroupRoles> = reading
        .conferred_by(ix)
        .iter()
        .filter_map(|grant| {
            let holds =
                |user: &&u32| reading.grant(**user, grant.role).is_some_and(|held| held.groups.contains(&ix));
            Some(GroupRoles {
                role: reading.role(grant.role)?,
                partial_match: grant.partial,
                people: members.iter().filter(holds).filter_map(|user| reading.person(*user)).collect(),
            })
        })
        .collect();
    roles.sort_by(|a, b| a.role.cmp(&b.role));
    let answer = WhatGroup {
        group: reading.group(ix).ok_or_else(unknown)?,
        app: reading.app(),
        assigned: record.group.assignment.is_some(),
        filter: reading
            .rules()
            .maps_groups()
            .then(|| reading.access().verdicts.get(ix as usize).map(|v| v.as_str().to_owned()))
            .flatten(),
        members_read: record.members_read,
        members: members.len(),
        roles,
        completeness: reading.completeness_of_group(ix),
    };
    Ok((answer, at))
}

/// A group that Okta listed and that gives no role: not assigned, and not taken by the filter. Its members are not read.
fn listed(readings: &Readings, text: &str) -> Option<(WhatGroup, usize)> {
    readings.all().iter().enumerate().find_map(|(at, reading)| {
        let names = &reading.facts().group_names;
        let mut found =
            names.iter().filter(|group| group.id.as_str() == text || group.name.as_deref() == Some(text));
        let group = found.next()?;
        // Of several groups of one name none is meant.
        if found.next().is_some() {
            return None;
        }
        let record = Group {
            name: group.name.clone(),
            kind: group.kind,
            origin: GroupOrigin { app_id: None, app_name: group.source.clone() },
            assignment: None,
        };
        let maps = reading.rules().maps_groups();
        let answer = WhatGroup {
            group: GroupRef {
                id: group.id.to_string(),
                name: group.name.clone(),
                kind: group.kind.as_str().to_owned(),
            },
            app: reading.app(),
            assigned: false,
            filter: maps.then(|| reading.rules().verdict(&record).as_str().to_owned()),
            members_read: false,
            members: 0,
            roles: Vec::new(),
            completeness: Completeness::default(),
        };
        Some((answer, at))
    })
}
