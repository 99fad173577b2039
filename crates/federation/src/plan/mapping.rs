//! A role for a person where group names decide: a membership of the group that confers it.

use super::{
    Action, Named, Obstacle, Plan, Refusal, RoleName, Situation, Step, Wish, WithApp, effect::Held,
    membership::guard_status,
};
use crate::GroupIx;

pub(crate) fn plan(situation: &Situation, wish: &Wish, role: &RoleName) -> Result<Plan, Refusal> {
    match wish.action {
        Action::Grant => grant(situation, wish, role),
        Action::Revoke => revoke(situation, wish, role),
    }
}

fn grant(situation: &Situation, wish: &Wish, role: &RoleName) -> Result<Plan, Refusal> {
    situation.guard_app()?;
    let person = situation.person()?;
    let user = person.named();
    guard_status(person, true)?;
    if let Some(path) = Held::of(situation).path(role) {
        let path = super::effect::path_words(situation, path);
        return Ok(Plan::already(format!("{user} has {role} through {path}")));
    }
    let mut plan = Plan::default();
    let mut next = situation.clone();
    if let Some(group) = way(situation, wish, role)? {
        let step = Step::AddMember { group, user: user.clone() };
        next = next.after(&step);
        plan.steps.push(step);
    }
    if person.user.app_user.is_none() && !Held::of(&next).contains(role) {
        // The assignment goes first: the step that confers the role is then the last.
        plan.steps.insert(0, assignment(situation, wish, role)?);
    }
    if let Some(super::Step::AddMember { group, .. }) = plan.steps.last()
        && let Ok((_, known)) = situation.group(&group.id)
        && let Some(conferral) = situation.conferral(known)
    {
        plan.notes
            .push(format!("group {group} confers it; Okta sends {}", conferral.value.replace(',', ", ")));
    }
    Ok(plan)
}

/// The group to join; `None` when the person is in a group that confers the role.
fn way(situation: &Situation, wish: &Wish, role: &RoleName) -> Result<Option<Named>, Refusal> {
    let person = situation.person()?;
    let conferring = situation.conferring(role);
    if let Some(via) = &wish.via {
        let (ix, group) = situation.group(via)?;
        let Some((_, partial)) = conferring.iter().find(|(candidate, _)| *candidate == ix) else {
            return Err(Refusal::ViaConfersOther { group: group.named(), role: role.clone() });
        };
        if person.is_in(ix) {
            return Ok(None);
        }
        return match obstacle(situation, ix, *partial) {
            Some(obstacle) => Err(Refusal::Group { group: group.named(), obstacle }),
            None => Ok(Some(group.named())),
        };
    }
    if conferring.is_empty() {
        return Err(Refusal::NoGroupConfers { role: role.clone() });
    }
    if conferring.iter().any(|(ix, partial)| person.is_in(*ix) && !partial) {
        return Ok(None);
    }
    let mut candidates = Vec::new();
    let mut hindered = Vec::new();
    for (ix, partial) in conferring {
        let Some(group) = situation.group_at(ix) else { continue };
        match obstacle(situation, ix, partial) {
            Some(obstacle) => hindered.push((group.named(), obstacle)),
            None => candidates.push(group.named()),
        }
    }
    match candidates.len() {
        0 => Err(match <[_; 1]>::try_from(hindered) {
            Ok([(group, obstacle)]) => Refusal::Group { group, obstacle },
            Err(groups) => Refusal::NoWritableGroup { role: role.clone(), groups },
        }),
        1 => Ok(candidates.pop()),
        _ => Err(Refusal::SeveralGroups { role: role.clone(), candidates }),
    }
}

fn obstacle(situation: &Situation, ix: GroupIx, partial: bool) -> Option<Obstacle> {
    let group = situation.group_at(ix)?;
    group.obstacle_to_adding().or_else(|| partial.then_some(Obstacle::PartialMatch))
}

/// The step that assigns the person to the app.
fn assignment(situation: &Situation, wish: &Wish, role: &RoleName) -> Result<Step, Refusal> {
    let person = situation.person()?;
    let user = person.named();
    let assigning = situation.assigning();
    if !assigning.is_empty() {
        return Err(Refusal::NotSettled { user, groups: situation.names(&assigning) });
    }
    match &wish.with_app {
        None => Err(Refusal::NotAssigned { user, role: role.clone() }),
        Some(WithApp::Own) => Ok(Step::AssignUser { user, roles: Vec::new() }),
        Some(WithApp::Group(id)) => {
            let (_, group) = situation.group(id)?;
            if group.group.assignment.is_none() {
                return Err(Refusal::WithAppNotAssigned { group: group.named() });
            }
            match group.obstacle_to_adding() {
                Some(obstacle) => Err(Refusal::Group { group: group.named(), obstacle }),
                None => Ok(Step::AddMember { group: group.named(), user }),
            }
        }
    }
}

fn revoke(situation: &Situation, wish: &Wish, role: &RoleName) -> Result<Plan, Refusal> {
    let person = situation.person()?;
    let user = person.named();
    let mut holding: Vec<(GroupIx, bool)> =
        situation.conferring(role).into_iter().filter(|(ix, _)| person.is_in(*ix)).collect();
    if let Some(via) = &wish.via {
        let (ix, group) = situation.group(via)?;
        if !situation.conferring(role).iter().any(|(candidate, _)| *candidate == ix) {
            return Err(Refusal::ViaConfersOther { group: group.named(), role: role.clone() });
        }
        holding.retain(|(candidate, _)| *candidate == ix);
    }
    if holding.is_empty() {
        return Ok(Plan::already(format!("{user} is in no group that confers {role}")));
    }
    let mut plan = Plan::default();
    let mut hindered = Vec::new();
    for (ix, partial) in holding {
        let Some(group) = situation.group_at(ix) else { continue };
        let obstacle =
            situation.obstacle_to_removing(ix).or_else(|| partial.then_some(Obstacle::PartialMatch));
        match obstacle {
            Some(obstacle) => hindered.push((group.named(), obstacle)),
            None => plan.steps.push(Step::RemoveMember { group: group.named(), user: user.clone() }),
        }
    }
    if plan.steps.is_empty() {
        return Err(match <[_; 1]>::try_from(hindered) {
            Ok([(group, obstacle)]) => Refusal::Group { group, obstacle },
            Err(groups) => Refusal::OutOfReach { role: role.clone(), groups },
        });
    }
    Ok(plan)
}
