//! What must be so right before the first step, by id, date and value.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Named, PlanGroup, PlanUser, Situation, Step};
use crate::Scope;

/// An individual record of the app for one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppUserState {
    /// `USER`, `GROUP`, or `unknown`.
    pub scope: String,
    /// Okta's word.
    pub status: String,
    /// `samlRoles`.
    pub roles: Vec<String>,
    /// `role`.
    pub role: Vec<String>,
    /// As Okta writes it.
    pub last_updated: Option<String>,
}

/// A group's assignment to the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppGroupState {
    /// Lower wins.
    pub priority: Option<i64>,
    /// `samlRoles`.
    pub roles: Vec<String>,
    /// `role`.
    pub role: Vec<String>,
    /// As Okta writes it.
    pub last_updated: Option<String>,
}

/// One thing that must be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Precondition {
    /// The app and its way of deciding.
    App {
        /// Which.
        app: Named,
        /// Okta's word.
        status: String,
        /// Group names decide.
        maps_groups: bool,
        /// `joinAllRoles`.
        join: bool,
    },
    /// The person.
    User {
        /// Who.
        user: Named,
        /// Okta's word.
        status: String,
    },
    /// The person's assignment.
    AppUser {
        /// Who.
        user: Named,
        /// `None`: not assigned.
        state: Option<AppUserState>,
    },
    /// A group.
    Group {
        /// Which.
        group: Named,
        /// Okta's type.
        kind: String,
        /// As Okta writes it.
        last_updated: Option<String>,
    },
    /// A group's assignment.
    AppGroup {
        /// Which.
        group: Named,
        /// `None`: not assigned.
        state: Option<AppGroupState>,
    },
    /// A membership.
    Member {
        /// Which group.
        group: Named,
        /// Who.
        user: Named,
        /// Whether the person is in it.
        member: bool,
    },
}

impl Precondition {
    /// What it is about; the same thing has the same text, whatever its values.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::App { app, .. } => format!("app {app} ({})", app.id),
            Self::User { user, .. } => format!("user {user} ({})", user.id),
            Self::AppUser { user, .. } => format!("assignment of {user} ({})", user.id),
            Self::Group { group, .. } => format!("group {} ({})", group, group.id),
            Self::AppGroup { group, .. } => format!("assignment of group {} ({})", group, group.id),
            Self::Member { group, user, .. } => format!("membership of {user} in {group} ({})", group.id),
        }
    }

    /// The object, by ids alone.
    #[must_use]
    pub fn is_about_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::App { app: a, .. }, Self::App { app: b, .. }) => a.id == b.id,
            (Self::User { user: a, .. }, Self::User { user: b, .. })
            | (Self::AppUser { user: a, .. }, Self::AppUser { user: b, .. }) => a.id == b.id,
            (Self::Group { group: a, .. }, Self::Group { group: b, .. })
            | (Self::AppGroup { group: a, .. }, Self::AppGroup { group: b, .. }) => a.id == b.id,
            (Self::Member { group: a, user: x, .. }, Self::Member { group: b, user: y, .. }) => {
                a.id == b.id && x.id == y.id
            }
            _ => false,
        }
    }
}

impl fmt::Display for Precondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let updated = |date: &Option<String>| match date {
            Some(date) => format!(", changed {date}"),
            None => String::new(),
        };
        match self {
            Self::App { status, maps_groups, join, .. } => {
                write!(f, "{status}, {}", if *maps_groups { "group mapping" } else { "direct" })?;
                write!(f, ", join {}", if *join { "on" } else { "off" })
            }
            Self::User { status, .. } => f.write_str(status),
            Self::AppUser { state: None, .. } | Self::AppGroup { state: None, .. } => {
                f.write_str("not assigned")
            }
            Self::AppUser { state: Some(state), .. } => {
                write!(f, "scope {}, {}, {}", state.scope, state.status, roles(&state.roles, &state.role))?;
                f.write_str(&updated(&state.last_updated))
            }
            Self::Group { kind, last_updated, .. } => write!(f, "{kind}{}", updated(last_updated)),
            Self::AppGroup { state: Some(state), .. } => {
                let priority = state.priority.map_or_else(|| "none".to_owned(), |number| number.to_string());
                write!(f, "priority {priority}, {}", roles(&state.roles, &state.role))?;
                f.write_str(&updated(&state.last_updated))
            }
            Self::Member { member: true, .. } => f.write_str("a member"),
            Self::Member { member: false, .. } => f.write_str("not a member"),
        }
    }
}

fn roles(saml_roles: &[String], role: &[String]) -> String {
    let mut text = format!("samlRoles [{}]", saml_roles.join(", "));
    if !role.is_empty() {
        text.push_str(&format!(", role {}", role.join(", ")));
    }
    text
}

impl PlanUser {
    /// The assignment's state.
    #[must_use]
    pub fn state(&self) -> Option<AppUserState> {
        let app_user = self.user.app_user.as_ref()?;
        Some(AppUserState {
            scope: match app_user.scope {
                Scope::User => "USER",
                Scope::Group => "GROUP",
                Scope::Unknown => "unknown",
            }
            .to_owned(),
            status: self.assignment_status.clone().unwrap_or_default(),
            roles: app_user.profile.saml_roles.clone(),
            role: app_user.profile.role.clone(),
            last_updated: self.assignment_updated.clone(),
        })
    }
}

impl PlanGroup {
    /// The assignment's state.
    #[must_use]
    pub fn state(&self) -> Option<AppGroupState> {
        let assignment = self.group.assignment.as_ref()?;
        Some(AppGroupState {
            priority: assignment.priority,
            roles: assignment.profile.saml_roles.clone(),
            role: assignment.profile.role.clone(),
            last_updated: self.assignment_updated.clone(),
        })
    }
}

/// The preconditions of steps, each thing once.
pub(crate) fn of(situation: &Situation, steps: &[Step]) -> Vec<Precondition> {
    let mut list: Vec<Precondition> = vec![Precondition::App {
        app: situation.app.clone(),
        status: situation.app_status.clone(),
        maps_groups: situation.rules.maps_groups(),
        join: situation.joins(),
    }];
    let mut add = |condition: Precondition| {
        if !list.iter().any(|known| known.is_about_same(&condition)) {
            list.push(condition);
        }
    };
    if let Some(user) = &situation.user {
        add(Precondition::User { user: user.named(), status: user.status.clone() });
        add(Precondition::AppUser { user: user.named(), state: user.state() });
    }
    for step in steps {
        let Some(group) = step.group() else { continue };
        let Ok((ix, known)) = situation.group(&group.id) else { continue };
        add(Precondition::Group {
            group: known.named(),
            kind: known.group.kind.as_str().to_owned(),
            last_updated: known.last_updated.clone(),
        });
        match (step.user(), &situation.user) {
            (Some(_), Some(user)) => {
                add(Precondition::Member { group: known.named(), user: user.named(), member: user.is_in(ix) })
            }
            _ => add(Precondition::AppGroup { group: known.named(), state: known.state() }),
        }
    }
    list
}
