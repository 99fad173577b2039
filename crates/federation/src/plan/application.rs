//! A person or a group assigned to the app.

use super::{Action, Named, Plan, Refusal, Situation, Step, Wish, membership::guard_status};
use crate::Scope;

pub(crate) fn of_user(situation: &Situation, wish: &Wish) -> Result<Plan, Refusal> {
    let person = situation.person()?;
    let user = person.named();
    let assigning = situation.assigning();
    let mut plan = Plan::default();
    match (wish.action, &person.user.app_user) {
        (Action::Grant, Some(app_user)) => {
            let how = if app_user.scope == Scope::Group { "through groups" } else { "individually" };
            return Ok(Plan::already(format!("{user} is assigned to the app {how}")));
        }
        (Action::Grant, None) => {
            situation.guard_app()?;
            guard_status(person, false)?;
            if !assigning.is_empty() {
                return Err(Refusal::NotSettled { user, groups: situation.names(&assigning) });
            }
            if !situation.rules.maps_groups() {
                plan.notes.push("an assignment without a role lets nobody into AWS".to_owned());
            }
            plan.steps.push(Step::AssignUser { user, roles: Vec::new() });
        }
        (Action::Revoke, None) if assigning.is_empty() => {
            return Ok(Plan::already(format!("{user} is not assigned to the app")));
        }
        (Action::Revoke, Some(app_user)) if app_user.scope != Scope::Group && assigning.is_empty() => {
            let before = app_user.profile.saml_roles.clone();
            plan.steps.push(Step::UnassignUser { user, before });
        }
        // Okta refuses to remove what groups still give, individual or not (E0000046).
        (Action::Revoke, _) => {
            let mut groups = situation.names(&assigning);
            if groups.is_empty() {
                groups.push(Named {
                    id: "unknown".to_owned(),
                    name: "a group that could not be read".to_owned(),
                });
            }
            return Err(Refusal::AssignedByGroups { user, groups });
        }
    }
    Ok(plan)
}

pub(crate) fn of_group(situation: &Situation, wish: &Wish, group: &str) -> Result<Plan, Refusal> {
    let (_, group) = situation.group(group)?;
    let named = group.named();
    let mut plan = Plan::default();
    match (wish.action, &group.group.assignment) {
        (Action::Grant, Some(_)) => {
            return Ok(Plan::already(format!("group {named} is assigned to the app")));
        }
        (Action::Grant, None) => {
            situation.guard_app()?;
            plan.notes.push(format!("everybody in {named} is assigned to the app"));
            plan.steps.push(Step::AssignGroup { group: named, roles: Vec::new(), priority: None });
        }
        (Action::Revoke, None) => {
            return Ok(Plan::already(format!("group {named} is not assigned to the app")));
        }
        (Action::Revoke, Some(assignment)) => {
            plan.notes.push(format!(
                "everybody in {named} loses this assignment to the app, and its roles with it"
            ));
            plan.steps.push(Step::UnassignGroup {
                group: named,
                before: assignment.profile.saml_roles.clone(),
                priority: assignment.priority,
            });
        }
    }
    Ok(plan)
}
