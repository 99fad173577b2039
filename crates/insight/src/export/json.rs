//! Everything as one JSON document.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Cover, Making, apps, cover, table::ordered_roles};
use crate::{AppRef, Completeness, GroupRef, PersonRef, Readings, RoleRef, Shape};

/// A whole snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Export {
    /// The cover.
    pub cover: Cover,
    /// Every grant, by app, account, role and person.
    pub grants: Vec<GrantRow>,
    /// Whether everything was read that access depends on; where not, there may be more grants.
    #[serde(flatten)]
    pub completeness: Completeness,
}

/// One person and one role.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GrantRow {
    /// Through which app.
    pub app: AppRef,
    /// The role.
    pub role: RoleRef,
    /// Who.
    pub person: PersonRef,
    /// Where it comes from, in one word.
    pub source: String,
    /// Groups that confer it.
    pub groups: Vec<GroupRef>,
    /// The own assignment confers it.
    pub own: bool,
    /// Every group that confers it matches the filter only in part.
    pub partial_match: bool,
}

impl Shape for Export {
    const SHAPE: &'static str = "rolebook.export/1";

    fn completeness(&self) -> Completeness {
        self.completeness.clone()
    }
}

/// The whole as one structure.
#[must_use]
pub fn export_json(readings: &Readings, making: &Making<'_>) -> Export {
    let mut grants = Vec::new();
    for reading in apps(readings) {
        for ix in ordered_roles(reading) {
            let Some(role) = reading.role(ix) else { continue };
            grants.extend(reading.grants_on(ix).filter_map(|grant| {
                Some(GrantRow {
                    app: reading.app(),
                    role: role.clone(),
                    person: reading.person(grant.user)?,
                    source: grant.source.as_str().to_owned(),
                    groups: grant.groups.iter().filter_map(|group| reading.group(*group)).collect(),
                    own: grant.own,
                    partial_match: grant.partial,
                })
            }));
        }
    }
    Export { cover: cover(readings, making), grants, completeness: readings.completeness() }
}
