//! A person in a group.

use super::{Action, Plan, PlanUser, Refusal, Situation, Step, Wish};
use crate::UserStatus;

pub(crate) fn plan(situation: &Situation, wish: &Wish, group: &str) -> Result<Plan, Refusal> {
    let person = situation.person()?;
    let user = person.named();
    let (ix, group) = situation.group(group)?;
    let named = group.named();
    let mut plan = Plan::default();
    match wish.action {
        Action::Grant => {
            if person.is_in(ix) {
                return Ok(Plan::already(format!("{user} is in group {named}")));
            }
            guard_status(person, false)?;
            if let Some(obstacle) = group.obstacle_to_adding() {
                return Err(Refusal::Group { group: named, obstacle });
            }
            if let Some(conferral) = situation.conferral(group) {
                if conferral.partial {
                    plan.notes.push(
                        "the group filter matches the name only in part: whether Okta counts it is not documented"
                            .to_owned(),
                    );
                }
                if person.user.app_user.is_none() && group.group.assignment.is_none() {
                    plan.notes.push(format!(
                        "the group confers {}/{}, which does not work until {user} is assigned to the app",
                        conferral.account, conferral.role
                    ));
                }
            }
            plan.steps.push(Step::AddMember { group: named, user });
        }
        Action::Revoke => {
            if !person.is_in(ix) {
                return Ok(Plan::already(format!("{user} is not in group {named}")));
            }
            if let Some(obstacle) = situation.obstacle_to_removing(ix) {
                return Err(Refusal::Group { group: named, obstacle });
            }
            plan.steps.push(Step::RemoveMember { group: named, user });
        }
    }
    Ok(plan)
}

/// Nothing is given to whom Okta does not let in. A STAGED person may join groups ahead of the first day, but a role
/// would not work.
pub(crate) fn guard_status(person: &PlanUser, for_role: bool) -> Result<(), Refusal> {
    let out = matches!(person.status.as_str(), "SUSPENDED" | "DEPROVISIONED");
    if out || (for_role && person.user.status == UserStatus::CannotSignIn) {
        return Err(Refusal::Status { user: person.named(), status: person.status.clone() });
    }
    Ok(())
}
