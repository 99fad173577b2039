//! The choices that public evidence does not settle. Each is one switch with a default and a reason; the record of a
//! sync carries the values in force, so that a later question can name the choice that explains a difference.

use serde::{Deserialize, Serialize};

/// Version of the resolution rules; raised whenever the same facts would give other access.
pub const RESOLVER_VERSION: u32 = 1;

/// Whether Okta *finds* the group filter anywhere in a name or wants the whole name to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterMatch {
    /// Anywhere in the name: Okta's default filter has no anchors while its documented example has, so find is the
    /// reading under which both make sense. Unproven.
    #[default]
    Find,
    /// The whole name.
    Full,
}

/// What an individual profile without `samlRoles` adds when `joinAllRoles` is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JoinDefaultRole {
    /// Its `role` counts only when the joined set is empty. Unproven.
    #[default]
    OnlyWhenNothingElse,
    /// Its `role` always joins.
    Always,
}

/// What a group-assigned user has when `joinAllRoles` is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JoinGroupScope {
    /// The roles of every assigned group the user is in: what the option's name, Okta's example and field use point
    /// to. Unproven for GROUP scope with the union off.
    #[default]
    AllGroups,
    /// Only what the app-user profile shows.
    Profile,
}

/// Values of all switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Switches {
    /// See [`FilterMatch`].
    pub filter_match: FilterMatch,
    /// Read a filter that holds `\\` (escaped twice by some Terraform configuration) with single backslashes.
    /// Okta keeps the text as it is, so by default the other reading is only a hint.
    pub filter_unescape: bool,
    /// See [`JoinDefaultRole`].
    pub join_default_role: JoinDefaultRole,
    /// See [`JoinGroupScope`].
    pub join_group_scope: JoinGroupScope,
}
