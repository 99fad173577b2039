//! One write. What it sends to Okta is the caller's part; here stands what it changes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Row;

/// An object by its id, with the name that people know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Named {
    /// Okta's id.
    pub id: String,
    /// Login of a user, name of a group.
    pub name: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { f.write_str(&self.id) } else { f.write_str(&self.name) }
    }
}

/// One write. Of profiles only `samlRoles` is ever sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// The user becomes a member of the group.
    AddMember {
        /// Which group.
        group: Named,
        /// Who.
        user: Named,
    },
    /// The user leaves the group.
    RemoveMember {
        /// Which group.
        group: Named,
        /// Who.
        user: Named,
    },
    /// The user is assigned to the app individually.
    AssignUser {
        /// Who.
        user: Named,
        /// `samlRoles` of the new assignment; empty sends none.
        roles: Vec<String>,
    },
    /// The user's assignment gets other `samlRoles`.
    SetUserRoles {
        /// Who.
        user: Named,
        /// What they are.
        before: Vec<String>,
        /// What they become.
        after: Vec<String>,
        /// The assignment comes from groups and becomes the user's own.
        convert: bool,
    },
    /// The user's own assignment goes back to the groups that assign them.
    ReturnToGroups {
        /// Who.
        user: Named,
        /// The `samlRoles` that are given up.
        before: Vec<String>,
    },
    /// The user's own assignment is removed.
    UnassignUser {
        /// Who.
        user: Named,
        /// The `samlRoles` that go with it.
        before: Vec<String>,
    },
    /// The group is assigned to the app.
    AssignGroup {
        /// Which group.
        group: Named,
        /// `samlRoles` of the new assignment; empty sends none.
        roles: Vec<String>,
        /// A place among the others; without one Okta puts it last.
        priority: Option<i64>,
    },
    /// The group's assignment gets other `samlRoles`; its priority stays.
    SetGroupRoles {
        /// Which group.
        group: Named,
        /// What they are.
        before: Vec<String>,
        /// What they become.
        after: Vec<String>,
    },
    /// The group's assignment is removed.
    UnassignGroup {
        /// Which group.
        group: Named,
        /// The `samlRoles` that go with it.
        before: Vec<String>,
        /// Its place among the others.
        priority: Option<i64>,
    },
}

impl Step {
    /// The row of the token's matrix that it needs.
    #[must_use]
    pub fn row(&self) -> Row {
        match self {
            Self::AddMember { .. } | Self::RemoveMember { .. } => Row::GroupMembership,
            _ => Row::ApplicationAssignment,
        }
    }

    /// The group that is written to.
    #[must_use]
    pub fn group(&self) -> Option<&Named> {
        match self {
            Self::AddMember { group, .. }
            | Self::RemoveMember { group, .. }
            | Self::AssignGroup { group, .. }
            | Self::SetGroupRoles { group, .. }
            | Self::UnassignGroup { group, .. } => Some(group),
            _ => None,
        }
    }

    /// The person that is written to.
    #[must_use]
    pub fn user(&self) -> Option<&Named> {
        match self {
            Self::AddMember { user, .. }
            | Self::RemoveMember { user, .. }
            | Self::AssignUser { user, .. }
            | Self::SetUserRoles { user, .. }
            | Self::ReturnToGroups { user, .. }
            | Self::UnassignUser { user, .. } => Some(user),
            _ => None,
        }
    }

    /// The step that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self.clone() {
            Self::AddMember { group, user } => Self::RemoveMember { group, user },
            Self::RemoveMember { group, user } => Self::AddMember { group, user },
            Self::AssignUser { user, roles } => Self::UnassignUser { user, before: roles },
            Self::SetUserRoles { user, after, convert: true, .. } => {
                Self::ReturnToGroups { user, before: after }
            }
            Self::SetUserRoles { user, before, after, convert: false } => {
                Self::SetUserRoles { user, before: after, after: before, convert: false }
            }
            Self::ReturnToGroups { user, before } => {
                // What the groups give then is known only to Okta: the step is planned from what is read.
                Self::SetUserRoles { user, before: Vec::new(), after: before, convert: true }
            }
            Self::UnassignUser { user, before } => Self::AssignUser { user, roles: before },
            Self::AssignGroup { group, roles, priority } => {
                Self::UnassignGroup { group, before: roles, priority }
            }
            Self::SetGroupRoles { group, before, after } => {
                Self::SetGroupRoles { group, before: after, after: before }
            }
            Self::UnassignGroup { group, before, priority } => {
                Self::AssignGroup { group, roles: before, priority }
            }
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddMember { group, user } => write!(f, "add {user} to group {group}"),
            Self::RemoveMember { group, user } => write!(f, "remove {user} from group {group}"),
            Self::AssignUser { user, roles } if roles.is_empty() => {
                write!(f, "assign {user} to the app individually")
            }
            Self::AssignUser { user, roles } => {
                write!(f, "assign {user} to the app individually, with {}", list(roles))
            }
            Self::SetUserRoles { user, after, convert: true, .. } => {
                write!(f, "make the assignment of {user} individual, with {}", list(after))
            }
            Self::SetUserRoles { user, before, after, .. } => {
                write!(f, "set the roles of {user} from {} to {}", list(before), list(after))
            }
            Self::ReturnToGroups { user, .. } => {
                write!(f, "return the assignment of {user} to their groups")
            }
            Self::UnassignUser { user, .. } => write!(f, "remove the assignment of {user}"),
            Self::AssignGroup { group, roles, .. } if roles.is_empty() => {
                write!(f, "assign group {group} to the app")
            }
            Self::AssignGroup { group, roles, .. } => {
                write!(f, "assign group {group} to the app, with {}", list(roles))
            }
            Self::SetGroupRoles { group, before, after } => {
                write!(f, "set the roles of group {group} from {} to {}", list(before), list(after))
            }
            Self::UnassignGroup { group, .. } => write!(f, "remove the assignment of group {group}"),
        }
    }
}

fn list(roles: &[String]) -> String {
    if roles.is_empty() { "no role".to_owned() } else { roles.join(", ") }
}
