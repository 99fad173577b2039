//! Changes that somebody may think of.

use std::fmt;

use rolebook_federation::{Group, GroupKind, GroupOrigin};
use rolebook_ledger::{GroupName, GroupRecord};

use super::NEVER;

/// A change in Okta. Groups and people are named as everywhere: by id, login or exact name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeRequest {
    /// Sets one of the app's settings: a key of `settings.app`, or `status`, `implicitAssignment`, `samlRoles.union`.
    Set {
        /// The key.
        key: String,
        /// The value; JSON where it is JSON, else text.
        value: String,
    },
    /// Puts a person into a group.
    AddTo {
        /// The group.
        group: String,
        /// The person.
        person: String,
    },
    /// Takes a person out of a group.
    RemoveFrom {
        /// The group.
        group: String,
        /// The person.
        person: String,
    },
    /// Deletes a group.
    RemoveGroup {
        /// The group.
        group: String,
    },
    /// Renames a group.
    RenameGroup {
        /// The group.
        group: String,
        /// Its new name.
        name: String,
    },
    /// Assigns a group to the app, or changes the roles of its assignment.
    AssignGroup {
        /// The group.
        group: String,
        /// Stored values for `samlRoles`.
        roles: Vec<String>,
        /// Priority; without one a new group comes last and an assigned one keeps its place.
        priority: Option<i64>,
    },
    /// Takes a group off the app.
    UnassignGroup {
        /// The group.
        group: String,
    },
    /// Assigns a person individually, or changes the roles of the individual assignment.
    Assign {
        /// The person.
        person: String,
        /// Stored values for `samlRoles`.
        roles: Vec<String>,
    },
    /// Removes a person's assignment; a group that assigns the app brings it back at once.
    Unassign {
        /// The person.
        person: String,
    },
    /// Gives an Okta user another status. DEPROVISIONED takes them out of every group and off the app.
    Status {
        /// The person.
        person: String,
        /// Okta's word.
        status: String,
    },
}

impl fmt::Display for ChangeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { key, value } => write!(f, "set {key} to {value}"),
            Self::AddTo { group, person } => write!(f, "put {person} into {group}"),
            Self::RemoveFrom { group, person } => write!(f, "take {person} out of {group}"),
            Self::RemoveGroup { group } => write!(f, "delete group {group}"),
            Self::RenameGroup { group, name } => write!(f, "rename group {group} to {name}"),
            Self::AssignGroup { group, roles, priority } => {
                write!(f, "assign group {group}")?;
                if !roles.is_empty() {
                    write!(f, " with {}", roles.join(", "))?;
                }
                priority.map_or(Ok(()), |priority| write!(f, " at priority {priority}"))
            }
            Self::UnassignGroup { group } => write!(f, "take group {group} off the app"),
            Self::Assign { person, roles } => write!(f, "assign {person} with {}", roles.join(", ")),
            Self::Unassign { person } => write!(f, "remove the assignment of {person}"),
            Self::Status { person, status } => write!(f, "make {person} {status}"),
        }
    }
}

/// A group of which only the name is known.
pub(super) fn group_of(name: &GroupName) -> GroupRecord {
    GroupRecord {
        id: name.id.clone(),
        group: Group {
            name: name.name.clone(),
            kind: name.kind,
            origin: match name.kind {
                GroupKind::App | GroupKind::Unknown => {
                    GroupOrigin { app_id: name.source.clone(), app_name: name.source.clone() }
                }
                GroupKind::Okta | GroupKind::BuiltIn => GroupOrigin::default(),
            },
            assignment: None,
        },
        created: NEVER,
        last_updated: NEVER,
        last_membership_updated: NEVER,
        assignment_updated: NEVER,
        members_read: false,
    }
}
