//! Everybody who can assume a role.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{AppRef, Completeness, Error, Path, PersonRef, Readings, RolePattern, RoleRef, Shape};

/// Who can assume the roles that were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Who {
    /// The roles as they were asked for.
    pub asked: String,
    /// One entry for each role, ordered by app, account and name.
    pub roles: Vec<RoleHolders>,
}

/// The people who can assume one role.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RoleHolders {
    /// Through which app.
    pub app: AppRef,
    /// The role.
    pub role: RoleRef,
    /// Who, by login; where `complete` is false, at least these.
    pub people: Vec<Holder>,
    /// Whether all of them are known.
    #[serde(flatten)]
    pub completeness: Completeness,
}

/// A person who can assume a role.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Holder {
    /// Who.
    pub person: PersonRef,
    /// Where the role comes from, in one word: see docs/SNAPSHOT.md.
    pub source: String,
    /// Every group that confers it matches the filter only in part.
    pub partial_match: bool,
    /// Every way by which they have it, and those that give way to another.
    pub paths: Vec<Path>,
}

impl Shape for Who {
    const SHAPE: &'static str = "rolebook.who/1";

    fn completeness(&self) -> Completeness {
        let each = self.roles.iter().map(|role| role.completeness.clone());
        each.fold(Completeness::default(), Completeness::and)
    }
}

/// Everybody who can assume the roles of a pattern now.
///
/// # Errors
/// [`Error::Unknown`] when the pattern takes no role.
pub fn who(readings: &Readings, pattern: &RolePattern) -> Result<Who, Error> {
    let mut roles = Vec::new();
    for choice in readings.find_roles(pattern)? {
        let Some(reading) = readings.get(choice.reading) else { continue };
        let Some(role) = reading.role(choice.role) else { continue };
        let mut people: Vec<Holder> = reading
            .grants_on(choice.role)
            .filter_map(|grant| {
                Some(Holder {
                    person: reading.person(grant.user)?,
                    source: grant.source.as_str().to_owned(),
                    partial_match: grant.partial,
                    paths: reading.paths(grant.user, choice.role, false),
                })
            })
            .collect();
        people.sort_by(|a, b| (a.person.label(), &a.person.id).cmp(&(b.person.label(), &b.person.id)));
        let completeness = reading.completeness_of_role(choice.role);
        roles.push(RoleHolders { app: reading.app(), role, people, completeness });
    }
    Ok(Who { asked: pattern.text().to_owned(), roles })
}
