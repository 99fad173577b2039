//! What steps confer, whatever the state of the person, the assignment or the app: access that lies idle today works as
//! soon as someone is activated or assigned, and by then no plan is looked at any more.

use super::{PlanGroup, RoleName, Situation, Step};
use crate::{
    AppUserStatus, Group, GroupAssignment, GroupKind, GroupVerdict, RoleProfile, Rules, User, resolve,
};

/// A role, and the step that leads to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conferred {
    /// The role; none where it cannot be decided what the step confers.
    pub role: Option<RoleName>,
    /// How, in words.
    pub by: String,
}

/// The roles that a group leads to: by its name where groups are mapped, else by the profile of its assignment. None
/// when the filter cannot be decided for its name.
#[must_use]
pub fn roles_of_group(rules: &Rules, catalogue: &[String], group: &Group) -> Option<Vec<RoleName>> {
    let rules = rules.clone().made_usable();
    if rules.verdict(group) == GroupVerdict::Undecided {
        return None;
    }
    let access = resolve(&rules, catalogue, std::iter::once(group), std::iter::empty::<&User>());
    let named = access.group_grants.iter().filter_map(|grant| access.roles.get(grant.role));
    Some(named.map(|role| RoleName { account: role.account.clone(), role: role.name.clone() }).collect())
}

/// What the steps confer, each role once per way.
#[must_use]
pub fn conferred(situation: &Situation, steps: &[Step]) -> Vec<Conferred> {
    let after = steps.iter().fold(situation.clone(), |situation, step| situation.after(step));
    let mut found: Vec<Conferred> = steps.iter().flat_map(|step| of_step(situation, &after, step)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn of_step(before: &Situation, after: &Situation, step: &Step) -> Vec<Conferred> {
    match step {
        Step::AddMember { group, .. } => {
            let mut found = of_group(after, after.group(&group.id).ok().map(|(_, group)| group), None);
            if after.group(&group.id).is_ok_and(|(_, group)| group.group.assignment.is_some()) {
                found.extend(woken(before));
            }
            found
        }
        Step::AssignUser { roles, .. } => {
            let mut found = of_values(after, roles, &[], "the assignment");
            found.extend(woken(before));
            found
        }
        // An assignment that becomes individual keeps its roles when the groups lose them.
        Step::SetUserRoles { after: roles, convert: true, .. } => {
            of_values(after, roles, &[], "the individual assignment")
        }
        Step::SetUserRoles { before: had, after: roles, .. } => {
            of_values(after, roles, had, "the assignment")
        }
        Step::AssignGroup { group, .. } | Step::SetGroupRoles { group, .. } => {
            let was = before.group(&group.id).ok().map(|(_, group)| group);
            of_group(after, after.group(&group.id).ok().map(|(_, group)| group), was)
        }
        Step::ReturnToGroups { .. }
        | Step::UnassignUser { .. }
        | Step::UnassignGroup { .. }
        | Step::RemoveMember { .. } => Vec::new(),
    }
}

/// An assignment makes the groups work that the person is in already.
fn woken(situation: &Situation) -> Vec<Conferred> {
    let Some(person) = &situation.user else { return Vec::new() };
    let works = person.user.app_user.as_ref().is_some_and(|app| app.status == AppUserStatus::Usable);
    if works || !situation.rules.maps_groups() {
        return Vec::new();
    }
    person.user.groups.iter().flat_map(|ix| of_group(situation, situation.group_at(*ix), None)).collect()
}

fn of_group(situation: &Situation, group: Option<&PlanGroup>, was: Option<&PlanGroup>) -> Vec<Conferred> {
    let Some(group) = group else { return Vec::new() };
    let by = format!("group {}", group.named());
    let roles = |of: &PlanGroup| roles_of_group(&situation.rules, &situation.catalogue, &of.group);
    let had = was.and_then(roles).unwrap_or_default();
    match roles(group) {
        None => vec![Conferred { role: None, by }],
        Some(roles) => roles
            .into_iter()
            .filter(|role| situation.rules.maps_groups() || !had.contains(role))
            .map(|role| Conferred { role: Some(role), by: by.clone() })
            .collect(),
    }
}

/// The roles behind stored values, by the rules of a group that is assigned with them.
fn of_values(situation: &Situation, values: &[String], had: &[String], by: &str) -> Vec<Conferred> {
    let group = Group {
        name: None,
        kind: GroupKind::Okta,
        origin: crate::GroupOrigin::default(),
        assignment: Some(GroupAssignment {
            priority: None,
            profile: RoleProfile {
                saml_roles: values.iter().filter(|value| !had.contains(value)).cloned().collect(),
                role: Vec::new(),
            },
        }),
    };
    roles_of_group(&situation.rules, &situation.catalogue, &group)
        .unwrap_or_default()
        .into_iter()
        .map(|role| Conferred { role: Some(role), by: by.to_owned() })
        .collect()
}
