//! What the token may write, as far as that is known. There is no dry run in Okta's API: until a write was refused or
//! an admin role was seen, a right is unknown and the write is tried.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A writing row of the token's matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Row {
    /// Members of groups.
    GroupMembership,
    /// Users and groups of the app.
    ApplicationAssignment,
}

impl Row {
    /// The admin role that gives the right, by Okta's label.
    #[must_use]
    pub fn admin_role(self) -> &'static str {
        match self {
            Self::GroupMembership => "Group Administrator",
            Self::ApplicationAssignment => "Application Administrator",
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GroupMembership => "provision group membership",
            Self::ApplicationAssignment => "provision application assignment",
        })
    }
}

/// What is known of one right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Standing {
    /// The token has it.
    Yes,
    /// The token lacks it.
    No {
        /// How that is known.
        why: String,
    },
    /// Only trying tells.
    #[default]
    Unknown,
}

/// The writing rows of the token's matrix.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// Members of groups.
    pub group_membership: Standing,
    /// Users and groups of the app.
    pub application_assignment: Standing,
}

impl Rights {
    /// What is known of a row.
    #[must_use]
    pub fn of(&self, row: Row) -> &Standing {
        match row {
            Row::GroupMembership => &self.group_membership,
            Row::ApplicationAssignment => &self.application_assignment,
        }
    }

    /// Takes down what was learnt.
    pub fn learn(&mut self, row: Row, standing: Standing) {
        match row {
            Row::GroupMembership => self.group_membership = standing,
            Row::ApplicationAssignment => self.application_assignment = standing,
        }
    }
}
