//! Why a change is not made, and the way out.

use super::{Named, NamedRule, RoleName, Row};
use crate::GroupKind;

/// Why the members of a group cannot be changed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Everyone: Okta alone decides.
    BuiltIn,
    /// Comes from an app or directory.
    Imported {
        /// Catalogue name, else id, of its source.
        source: Option<String>,
    },
    /// A type unknown to us.
    UnknownKind,
    /// Rules fill it, or hold this person in it.
    Rules(Vec<NamedRule>),
    /// The group filter matches its name only in part.
    PartialMatch,
}

impl Obstacle {
    /// What stands in the way of writing to a group of this kind.
    pub(crate) fn of_kind(kind: GroupKind, source: Option<String>) -> Option<Self> {
        match kind {
            GroupKind::Okta => None,
            GroupKind::App => Some(Self::Imported { source }),
            GroupKind::BuiltIn => Some(Self::BuiltIn),
            GroupKind::Unknown => Some(Self::UnknownKind),
        }
    }

    /// Where it can be done.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::BuiltIn => "Okta alone decides who is in it: use another group".to_owned(),
            Self::Imported { source: Some(source) } if source == "active_directory" => {
                "change the membership in Active Directory; Okta follows at its next import".to_owned()
            }
            Self::Imported { source: Some(source) } => {
                format!("change the membership in {source}; Okta follows at its next import")
            }
            Self::Imported { source: None } => {
                "change the membership where the group comes from; Okta follows at its next import".to_owned()
            }
            Self::UnknownKind => "change the membership in Okta's console".to_owned(),
            Self::Rules(rules) => {
                format!("change the rule in Okta (Directory, Groups, Rules): {}", names(rules))
            }
            Self::PartialMatch => {
                "rename the group, or anchor the group filter, so that the whole name matches".to_owned()
            }
        }
    }
}

impl std::fmt::Display for Obstacle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("is built in (BUILT_IN)"),
            Self::Imported { source: Some(source) } => write!(f, "comes from {source} (APP_GROUP)"),
            Self::Imported { source: None } => f.write_str("comes from another app or directory (APP_GROUP)"),
            Self::UnknownKind => f.write_str("is of a type that Rolebook does not know"),
            Self::Rules(rules) => write!(f, "is filled by {}", names(rules)),
            Self::PartialMatch => f.write_str("matches the group filter only in part"),
        }
    }
}

fn names(rules: &[NamedRule]) -> String {
    let each: Vec<String> =
        rules.iter().map(|rule| format!("rule \"{}\" ({})", rule.name, rule.id)).collect();
    each.join(", ")
}

fn named(groups: &[Named]) -> String {
    let each: Vec<String> = groups.iter().map(|group| format!("{group} ({})", group.id)).collect();
    each.join(", ")
}

fn hindered(groups: &[(Named, Obstacle)]) -> String {
    let each: Vec<String> =
        groups.iter().map(|(group, obstacle)| format!("group {group} ({}) {obstacle}", group.id)).collect();
    each.join("; ")
}

/// Why a change is not made. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody gets in through the app.
    #[error("the app lets nobody in: {0}")]
    AppUnusable(String),
    /// The person's status does not allow it.
    #[error("{user} is {status} in Okta")]
    Status {
        /// Who.
        user: Named,
        /// Okta's word.
        status: String,
    },
    /// The group's members cannot be changed here.
    #[error("group {group} ({}) {obstacle}", .group.id)]
    Group {
        /// Which.
        group: Named,
        /// Why.
        obstacle: Obstacle,
    },
    /// No group confers the role.
    #[error("no group confers {role} by its name")]
    NoGroupConfers {
        /// Which role.
        role: RoleName,
    },
    /// Every group that confers the role is out of reach.
    #[error("no group that confers {role} can be written to: {}", hindered(.groups))]
    NoWritableGroup {
        /// Which role.
        role: RoleName,
        /// Each with its reason.
        groups: Vec<(Named, Obstacle)>,
    },
    /// Several groups confer the role.
    #[error("several groups confer {role}: {}", named(.candidates))]
    SeveralGroups {
        /// Which role.
        role: RoleName,
        /// Which groups.
        candidates: Vec<Named>,
    },
    /// The group given with `--via` does not confer the role.
    #[error("group {group} ({}) does not confer {role}", .group.id)]
    ViaConfersOther {
        /// Which group.
        group: Named,
        /// Which role.
        role: RoleName,
    },
    /// Group mapping: a group's role follows from its name.
    #[error("with group mapping a group confers a role only by its own name")]
    GroupNeedsName,
    /// The role would not be in the assertion, since the person is not assigned.
    #[error("{user} is not assigned to the app, so {role} would not work")]
    NotAssigned {
        /// Who.
        user: Named,
        /// Which role.
        role: RoleName,
    },
    /// The group given with `--with-app` is not assigned.
    #[error("group {group} ({}) is not assigned to the app", .group.id)]
    WithAppNotAssigned {
        /// Which group.
        group: Named,
    },
    /// In direct mode the grant itself assigns.
    #[error(
        "without group mapping the grant itself assigns {user}; a group would make the assignment its own"
    )]
    WithAppGroupInDirect {
        /// Who.
        user: Named,
    },
    /// The assignment comes from groups.
    #[error("{user} is assigned through {}; an own role would make the assignment individual", named(.groups))]
    GroupScope {
        /// Who.
        user: Named,
        /// The assigned groups that hold them.
        groups: Vec<Named>,
    },
    /// The role comes from groups, and no change of the assignment takes it away.
    #[error("{role} comes from {}", named(.groups))]
    FromGroups {
        /// Which role.
        role: RoleName,
        /// The groups that give it.
        groups: Vec<Named>,
    },
    /// The role comes from the `role` attribute.
    #[error("{role} comes from the `role` attribute of the assignment of {whose}")]
    FromDefault {
        /// Which role.
        role: RoleName,
        /// Whose assignment.
        whose: Named,
    },
    /// The role would stay.
    #[error("{role} comes from groups out of reach: {}", hindered(.groups))]
    OutOfReach {
        /// Which role.
        role: RoleName,
        /// Each with its reason.
        groups: Vec<(Named, Obstacle)>,
    },
    /// The assignment comes from groups and cannot be removed by itself.
    #[error("{user} is assigned through {}", named(.groups))]
    AssignedByGroups {
        /// Who.
        user: Named,
        /// The assigned groups that hold them.
        groups: Vec<Named>,
    },
    /// The role would not be in the assertion afterwards.
    #[error("{role} would not be in the assertion afterwards: {why}")]
    WouldNotWork {
        /// Which role.
        role: RoleName,
        /// Why.
        why: String,
    },
    /// A membership shows on the group but not yet on the app.
    #[error("{user} is in {}, which Okta has not carried over to the app yet", named(.groups))]
    NotSettled {
        /// Who.
        user: Named,
        /// The assigned groups that hold them.
        groups: Vec<Named>,
    },
    /// The token lacks the right.
    #[error("the token may not {row}: {why}")]
    Right {
        /// Which right.
        row: Row,
        /// How that is known.
        why: String,
    },
    /// A role of an account that the app does not reach.
    #[error("the app has no role {role}")]
    UnknownRole {
        /// Which role.
        role: RoleName,
    },
    /// A group is no member of a group.
    #[error("a group cannot be a member of a group in Okta")]
    GroupInGroup,
    /// `--all` is for people.
    #[error("everything can be revoked from a person, not from a group")]
    EverythingOfGroup,
    /// `--all` cannot be granted.
    #[error("everything can be revoked, not granted")]
    EverythingGranted,
    /// Everything that remains is out of reach.
    #[error("nothing of it can be taken away here: {}", .0.join("; "))]
    NothingInReach(Vec<String>),
    /// The situation lacks the object that the wish names.
    #[error("no facts about {0}")]
    Missing(String),
}

impl Refusal {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::AppUnusable(_) => "activate the app in Okta, with sign-on by SAML 2.0".into(),
            Self::Status { status, .. } if status == "SUSPENDED" => {
                "unsuspend the person in Okta first (Directory, People)".into()
            }
            Self::Status { .. } => "activate the person in Okta first (Directory, People)".into(),
            Self::Group { obstacle, .. } => obstacle.remedy(),
            Self::NoGroupConfers { .. } => {
                "make a group whose name the app's group filter reads as this role, then sync".into()
            }
            Self::NoWritableGroup { groups, .. } | Self::OutOfReach { groups, .. } => {
                let mut each: Vec<String> =
                    groups.iter().map(|(group, obstacle)| format!("{group}: {}", obstacle.remedy())).collect();
                each.dedup();
                each.join("; ")
            }
            Self::SeveralGroups { .. } => "name one with --via GROUP".into(),
            Self::ViaConfersOther { .. } => "leave --via out to see which groups do".into(),
            Self::GroupNeedsName => {
                "put people into the group whose name is the role's, or rename the group in Okta".into()
            }
            Self::NotAssigned { .. } => {
                "add --with-app to assign them individually, or --with-app GROUP to put them into a group that is assigned"
                    .into()
            }
            Self::WithAppNotAssigned { .. } => "name a group that is assigned to the app".into(),
            Self::WithAppGroupInDirect { .. } => {
                "leave --with-app out, or grant the membership: rolebook grant --group GROUP --to PERSON".into()
            }
            Self::GroupScope { user, .. } => format!(
                "change the membership (--group GROUP, --to or --from {user}), or allow the conversion with --allow-group-to-direct-conversion"
            ),
            Self::FromGroups { groups, .. } => format!(
                "revoke the membership: rolebook revoke --group {} --from PERSON",
                groups.first().map_or("GROUP", |group| group.id.as_str())
            ),
            Self::FromDefault { .. } => {
                "clear `role` in Okta (Applications, the AWS app, Assignments): Rolebook writes samlRoles only".into()
            }
            Self::AssignedByGroups { groups, .. } => format!(
                "revoke the membership: rolebook revoke --group {} --from PERSON",
                groups.first().map_or("GROUP", |group| group.id.as_str())
            ),
            Self::WouldNotWork { .. } => "nothing is granted that would not work".into(),
            Self::NotSettled { .. } => "try again in a minute".into(),
            Self::Right { row, .. } => {
                format!(
                    "use a token whose owner is {role} or Super Administrator; once this owner is, say so by rolebook check --token-roles {stated}",
                    role = row.admin_role(),
                    stated = match row {
                        super::Row::GroupMembership => "group",
                        super::Row::ApplicationAssignment => "app",
                    },
                )
            }
            Self::UnknownRole { .. } => {
                "rolebook show roles lists what there is; a new AWS role shows after Refresh Application Data in Okta and a sync"
                    .into()
            }
            Self::GroupInGroup => "name a person with --to or --from".into(),
            Self::EverythingOfGroup => "name a person with --from".into(),
            Self::EverythingGranted => "name a role, a group or the app".into(),
            Self::NothingInReach(_) => "take it away at these places".into(),
            Self::Missing(_) => "sync again".into(),
        }
    }
}
