//! A role for a group where assignments decide.

use super::{Action, LastRole, Plan, PlanGroup, Refusal, RoleName, Situation, Step, Wish, direct::Values};

pub(crate) fn plan(
    situation: &Situation,
    wish: &Wish,
    role: &RoleName,
    group: &str,
) -> Result<Plan, Refusal> {
    if situation.rules.maps_groups() {
        return Err(Refusal::GroupNeedsName);
    }
    let (_, group) = situation.group(group)?;
    let values = Values::of(situation);
    match wish.action {
        Action::Grant => {
            situation.guard_app()?;
            grant(situation, &values, role, group)
        }
        Action::Revoke => revoke(&values, wish, role, group),
    }
}

fn grant(
    situation: &Situation,
    values: &Values,
    role: &RoleName,
    group: &PlanGroup,
) -> Result<Plan, Refusal> {
    let value = values.of_role(role)?;
    let named = group.named();
    let mut plan = Plan::default();
    match &group.group.assignment {
        None => {
            plan.notes.push(format!("everybody in {named} is assigned to the app"));
            plan.steps.push(Step::AssignGroup { group: named, roles: vec![value], priority: None });
        }
        Some(assignment) => {
            if values.any(assignment.profile.effective(), role) {
                return Ok(Plan::already(format!("group {named} has {role}")));
            }
            let before = assignment.profile.saml_roles.clone();
            let mut after = assignment.profile.effective().to_vec();
            if before.is_empty() && !after.is_empty() {
                plan.notes.push(format!(
                    "`role` of the assignment ({}) would stop counting and is written along",
                    after.join(", ")
                ));
            }
            after.push(value);
            plan.steps.push(Step::SetGroupRoles { group: named, before, after });
        }
    }
    plan.notes.push(who_gets_it(situation).to_owned());
    Ok(plan)
}

fn who_gets_it(situation: &Situation) -> &'static str {
    if situation.joins() {
        "everybody in the group gets the role"
    } else if situation.union == crate::Union::Enabled {
        "everybody in the group gets the role, but for people who are assigned individually"
    } else {
        "those in the group get the role for whom it comes first in priority and who are not assigned individually"
    }
}

fn revoke(values: &Values, wish: &Wish, role: &RoleName, group: &PlanGroup) -> Result<Plan, Refusal> {
    let named = group.named();
    let Some(assignment) = &group.group.assignment else {
        return Ok(Plan::already(format!("group {named} is not assigned to the app")));
    };
    let profile = &assignment.profile;
    if !values.any(&profile.saml_roles, role) {
        if values.any(profile.effective(), role) {
            return Err(Refusal::FromDefault { role: role.clone(), whose: named });
        }
        return Ok(Plan::already(format!("group {named} does not have {role}")));
    }
    let before = profile.saml_roles.clone();
    let after = values.without(&before, role);
    let mut plan = Plan::default();
    if after.is_empty() {
        if wish.last_role == LastRole::Unassign {
            plan.notes.push(format!("everybody in {named} loses this assignment to the app"));
            plan.steps.push(Step::UnassignGroup { group: named, before, priority: assignment.priority });
            return Ok(plan);
        }
        if values.any(&profile.role, role) {
            return Err(Refusal::FromDefault { role: role.clone(), whose: named });
        }
        plan.notes.push(if profile.role.is_empty() {
            "it is the last role; the group stays assigned without one (--last-role unassign removes it)"
                .to_owned()
        } else {
            let default = profile.role.join(", ");
            format!("it is the last of samlRoles; Okta then looks at `role` of the assignment: {default}")
        });
    }
    plan.steps.push(Step::SetGroupRoles { group: named, before, after });
    Ok(plan)
}
