//! The object of a step: how it is read, and what it shows.

use std::fmt;

use jiff::Timestamp;
use rolebook_federation::{
    Scope,
    plan::{AppGroupState, AppUserState, Step},
};
use rolebook_okta::{Error, Method, Request, shapes};
use serde::{Deserialize, Serialize};

use crate::{ChangeError, plan::Provisioning, plan_profile};

/// What an object shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "object", rename_all = "kebab-case")]
pub enum ObjectState {
    /// A membership.
    Membership {
        /// Whether the person is in the group.
        member: bool,
    },
    /// A person's assignment to the app.
    AppUser {
        /// `None`: not assigned.
        state: Option<AppUserState>,
    },
    /// A group's assignment to the app.
    AppGroup {
        /// `None`: not assigned.
        state: Option<AppGroupState>,
    },
}

impl fmt::Display for ObjectState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Membership { member: true } => f.write_str("a member"),
            Self::Membership { member: false } => f.write_str("not a member"),
            Self::AppUser { state: None } | Self::AppGroup { state: None } => f.write_str("not assigned"),
            Self::AppUser { state: Some(state) } => {
                write!(f, "scope {}, samlRoles [{}]", state.scope, state.roles.join(", "))
            }
            Self::AppGroup { state: Some(state) } => write!(f, "samlRoles [{}]", state.roles.join(", ")),
        }
    }
}

/// An object as it was read, and when that was by Okta's clock.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) state: ObjectState,
    pub(crate) at: Option<Timestamp>,
}

/// Reads the object of a step afresh.
pub(crate) async fn read(place: &Provisioning, step: &Step) -> Result<Read, ChangeError> {
    let app = place.app_id.as_str();
    match step {
        Step::AddMember { group, user } | Step::RemoveMember { group, user } => {
            let what = || format!("the groups of {user}");
            let id = user_id(&user.id)?;
            let groups = place.client.user_groups(&id).map_err(ChangeError::reading(what()))?;
            let (groups, _) = groups.all().await.map_err(ChangeError::reading(what()))?;
            let member = groups.iter().any(|found| found.id.as_str() == group.id);
            Ok(Read { state: ObjectState::Membership { member }, at: None })
        }
        Step::AssignUser { user, .. }
        | Step::SetUserRoles { user, .. }
        | Step::ReturnToGroups { user, .. }
        | Step::UnassignUser { user, .. } => {
            let path = format!("/api/v1/apps/{app}/users/{}", user_id(&user.id)?);
            let what = format!("the assignment of {user}");
            let (found, at) = get::<shapes::AppUser>(place, &path, what).await?;
            let state = found.map(|found| app_user_state(&found));
            Ok(Read { state: ObjectState::AppUser { state }, at })
        }
        Step::AssignGroup { group, .. }
        | Step::SetGroupRoles { group, .. }
        | Step::UnassignGroup { group, .. } => {
            let path = format!("/api/v1/apps/{app}/groups/{}", group_id(&group.id)?);
            let what = format!("the assignment of group {group}");
            let (found, at) = get::<shapes::AppGroup>(place, &path, what).await?;
            let state = found.map(|found| app_group_state(&found));
            Ok(Read { state: ObjectState::AppGroup { state }, at })
        }
    }
}

/// One object with the date of the answer; `None` when there is none.
async fn get<T: serde::de::DeserializeOwned>(
    place: &Provisioning,
    path: &str,
    what: String,
) -> Result<(Option<T>, Option<Timestamp>), ChangeError> {
    let request = Request::new(Method::GET, path).map_err(ChangeError::reading(what.clone()))?;
    match place.client.send(request).await {
        Ok(answer) => {
            let at = answer.date();
            Ok((Some(answer.json().map_err(ChangeError::reading(what))?), at))
        }
        Err(Error::NotFound(_) | Error::UnknownPath(_)) => Ok((None, None)),
        Err(error) => Err(ChangeError::reading(what)(error)),
    }
}

fn user_id(id: &str) -> Result<shapes::UserId, ChangeError> {
    shapes::UserId::new(id).map_err(|_| odd_id("person", id))
}

fn group_id(id: &str) -> Result<shapes::GroupId, ChangeError> {
    shapes::GroupId::new(id).map_err(|_| odd_id("group", id))
}

fn odd_id(what: &'static str, id: &str) -> ChangeError {
    ChangeError::NotFound { what, name: id.to_owned(), hint: "the id is none of Okta's".to_owned() }
}

pub(crate) fn app_user_state(okta: &shapes::AppUser) -> AppUserState {
    let profile = plan_profile(&okta.profile, okta.id.as_str());
    AppUserState {
        scope: match Scope::parse(okta.scope.as_deref()) {
            Scope::User => "USER",
            Scope::Group => "GROUP",
            Scope::Unknown => "unknown",
        }
        .to_owned(),
        status: okta.status.clone().unwrap_or_default(),
        roles: profile.saml_roles,
        role: profile.role,
        last_updated: okta.last_updated.clone(),
    }
}

pub(crate) fn app_group_state(okta: &shapes::AppGroup) -> AppGroupState {
    let profile = plan_profile(&okta.profile, okta.id.as_str());
    AppGroupState {
        priority: okta.priority,
        roles: profile.saml_roles,
        role: profile.role,
        last_updated: okta.last_updated.clone(),
    }
}

/// The order of `samlRoles` means nothing.
fn same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|role| other.contains(role))
}

/// Whether the object shows that the step is done.
pub(crate) fn is_after(step: &Step, state: &ObjectState) -> bool {
    match (step, state) {
        (Step::AddMember { .. }, ObjectState::Membership { member }) => *member,
        (Step::RemoveMember { .. }, ObjectState::Membership { member }) => !member,
        (Step::AssignUser { roles, .. }, ObjectState::AppUser { state: Some(state) }) => {
            state.scope != "GROUP" && same(&state.roles, roles)
        }
        (Step::SetUserRoles { after, .. }, ObjectState::AppUser { state: Some(state) }) => {
            state.scope != "GROUP" && same(&state.roles, after)
        }
        (Step::ReturnToGroups { .. }, ObjectState::AppUser { state: Some(state) }) => state.scope == "GROUP",
        // Without an own assignment, groups may give one again.
        (Step::UnassignUser { .. }, ObjectState::AppUser { state }) => {
            state.as_ref().is_none_or(|state| state.scope == "GROUP")
        }
        (Step::AssignGroup { roles, .. }, ObjectState::AppGroup { state: Some(state) }) => {
            same(&state.roles, roles)
        }
        (Step::SetGroupRoles { after, .. }, ObjectState::AppGroup { state: Some(state) }) => {
            same(&state.roles, after)
        }
        (Step::UnassignGroup { .. }, ObjectState::AppGroup { state }) => state.is_none(),
        _ => false,
    }
}

/// Whether the object is as the step found it when it was planned.
pub(crate) fn is_before(step: &Step, state: &ObjectState) -> bool {
    match (step, state) {
        (Step::AddMember { .. }, ObjectState::Membership { member }) => !member,
        (Step::RemoveMember { .. }, ObjectState::Membership { member }) => *member,
        (Step::AssignUser { .. }, ObjectState::AppUser { state }) => state.is_none(),
        (Step::SetUserRoles { before, convert, .. }, ObjectState::AppUser { state: Some(state) }) => {
            (state.scope == "GROUP") == *convert && same(&state.roles, before)
        }
        (
            Step::ReturnToGroups { before, .. } | Step::UnassignUser { before, .. },
            ObjectState::AppUser { state: Some(state) },
        ) => state.scope != "GROUP" && same(&state.roles, before),
        (Step::AssignGroup { .. }, ObjectState::AppGroup { state }) => state.is_none(),
        (
            Step::SetGroupRoles { before, .. } | Step::UnassignGroup { before, .. },
            ObjectState::AppGroup { state: Some(state) },
        ) => same(&state.roles, before),
        _ => false,
    }
}

/// What a step writes to, in words.
pub(crate) fn subject(step: &Step) -> String {
    match (step.group(), step.user()) {
        (Some(group), Some(user)) => format!("membership of {user} in {group}"),
        (Some(group), None) => format!("assignment of group {group}"),
        (None, Some(user)) => format!("assignment of {user}"),
        (None, None) => step.to_string(),
    }
}

/// What a step found when it was planned, in words.
pub(crate) fn expected(step: &Step) -> String {
    let list = |roles: &[String]| format!("samlRoles [{}]", roles.join(", "));
    match step {
        Step::AddMember { .. } => "not a member".to_owned(),
        Step::RemoveMember { .. } => "a member".to_owned(),
        Step::AssignUser { .. } | Step::AssignGroup { .. } => "not assigned".to_owned(),
        Step::SetUserRoles { before, convert: true, .. } => format!("scope GROUP, {}", list(before)),
        Step::SetUserRoles { before, .. }
        | Step::ReturnToGroups { before, .. }
        | Step::UnassignUser { before, .. } => format!("scope USER, {}", list(before)),
        Step::SetGroupRoles { before, .. } | Step::UnassignGroup { before, .. } => list(before),
    }
}

/// The step that still brings about the same change after somebody else wrote the same list: what was to be added is
/// added to what is there now, what was to go is taken from it.
pub(crate) fn merged(step: &Step, state: &ObjectState) -> Option<Step> {
    let merge = |before: &[String], after: &[String], now: &[String]| {
        let mut roles: Vec<String> =
            now.iter().filter(|role| after.contains(role) || !before.contains(role)).cloned().collect();
        roles.extend(after.iter().filter(|role| !before.contains(role) && !now.contains(role)).cloned());
        roles
    };
    match (step, state) {
        (Step::SetUserRoles { user, before, after, .. }, ObjectState::AppUser { state: Some(state) })
            if state.scope != "GROUP" =>
        {
            Some(Step::SetUserRoles {
                user: user.clone(),
                before: state.roles.clone(),
                after: merge(before, after, &state.roles),
                convert: false,
            })
        }
        (Step::AssignUser { user, roles }, ObjectState::AppUser { state: Some(state) })
            if state.scope != "GROUP" =>
        {
            Some(Step::SetUserRoles {
                user: user.clone(),
                before: state.roles.clone(),
                after: merge(&[], roles, &state.roles),
                convert: false,
            })
        }
        (Step::SetGroupRoles { group, before, after }, ObjectState::AppGroup { state: Some(state) }) => {
            Some(Step::SetGroupRoles {
                group: group.clone(),
                before: state.roles.clone(),
                after: merge(before, after, &state.roles),
            })
        }
        (Step::AssignGroup { group, roles, .. }, ObjectState::AppGroup { state: Some(state) }) => {
            Some(Step::SetGroupRoles {
                group: group.clone(),
                before: state.roles.clone(),
                after: merge(&[], roles, &state.roles),
            })
        }
        _ => None,
    }
}
