//! All access of one person, over every path.

use super::{Action, Plan, Refusal, Situation, Step, Wish, effect};
use crate::{GroupIx, Scope};

pub(crate) fn plan(situation: &Situation, wish: &Wish) -> Result<Plan, Refusal> {
    if wish.action == Action::Grant {
        return Err(Refusal::EverythingGranted);
    }
    let person = situation.person()?;
    let user = person.named();
    let mut plan = Plan::default();
    let mut next = situation.clone();
    let mut take = |plan: &mut Plan, step: Step| {
        next = next.after(&step);
        plan.steps.push(step);
        next.clone()
    };
    let mut left = situation.clone();
    for ix in person.user.groups.iter().copied().filter(|ix| gives_roles(situation, *ix)) {
        let Some(group) = situation.group_at(ix) else { continue };
        // What is out of reach shows as residual.
        if situation.obstacle_to_removing(ix).is_none() {
            left = take(&mut plan, Step::RemoveMember { group: group.named(), user: user.clone() });
        }
    }
    if let Some(app_user) = left.user.as_ref().and_then(|person| person.user.app_user.clone()) {
        let before = app_user.profile.saml_roles.clone();
        let by_groups = app_user.scope == Scope::Group;
        if !by_groups && left.assigning().is_empty() {
            take(&mut plan, Step::UnassignUser { user, before });
        } else if !situation.rules.maps_groups() {
            let convert = by_groups && wish.allow_conversion && !situation.joins();
            if convert || (!by_groups && !before.is_empty()) {
                take(&mut plan, Step::SetUserRoles { user, before, after: Vec::new(), convert });
            }
        }
    }
    if plan.steps.is_empty() {
        effect::residuals(situation, wish, &mut plan);
        if plan.residual.is_empty() {
            return Ok(Plan::already(format!("{} has no access through the app", person.named())));
        }
        let each = plan
            .residual
            .iter()
            .map(|residual| format!("{} through {}: {}", residual.role, residual.path, residual.remedy))
            .collect();
        return Err(Refusal::NothingInReach(each));
    }
    Ok(plan)
}

/// Whether membership of the group gives a role, by its name or by its assignment.
fn gives_roles(situation: &Situation, ix: GroupIx) -> bool {
    let Some(group) = situation.group_at(ix) else { return false };
    if situation.rules.maps_groups() {
        return situation.conferral(group).is_some();
    }
    group.group.assignment.as_ref().is_some_and(|assignment| !assignment.profile.effective().is_empty())
}
