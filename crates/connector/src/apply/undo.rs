//! The way back of a change, from what the audit says was done.

use rolebook_federation::plan::{Action, Principal, Step, Target, Wish, plan_steps};

use super::{ObjectState, object};
use crate::{
    Audit, AuditEvent, ChangeError, Outcome,
    plan::{Planned, Provisioning, Request},
};

/// What a change did, step by step.
#[derive(Debug, Clone)]
struct Did {
    step: Step,
    before: ObjectState,
    after: Option<ObjectState>,
}

/// A plan that takes a change back.
#[derive(Debug, Clone)]
pub struct Undo {
    /// The change.
    pub op: String,
    /// The plan, in reverse order.
    pub planned: Planned,
}

impl Provisioning {
    /// Plans the way back of a change. It is refused when an object has changed since.
    ///
    /// # Errors
    /// [`ChangeError::NoUndo`], or what reading ends in.
    pub async fn undo(&self, audit: &Audit, op: &str) -> Result<Undo, ChangeError> {
        let no = |why: String| ChangeError::NoUndo { op: op.to_owned(), why };
        let entries = audit.change(op)?;
        if entries.iter().any(|entry| entry.app != self.app.id.as_str()) {
            return Err(no("it was made on another app".to_owned()));
        }
        let undone = audit.entries().iter().any(|entry| {
            matches!(&entry.event, AuditEvent::Intent { undoes: Some(of), .. } if of == op)
                && is_done(audit, &entry.op)
        });
        if undone {
            return Err(no("it was undone already".to_owned()));
        }
        let did = did(&entries);
        if did.is_empty() {
            return Err(no("nothing of it was done".to_owned()));
        }
        let mut steps = Vec::new();
        for Did { step, before, after } in did.iter().rev() {
            let found = object::read(self, step).await?.state;
            if after.as_ref().is_some_and(|after| *after != found) || !object::is_after(step, &found) {
                let was = after.as_ref().map_or_else(|| "not recorded".to_owned(), ObjectState::to_string);
                return Err(no(format!(
                    "the object changed since: after {step} it showed {was}, now {found}"
                )));
            }
            steps.push(
                way_back(step, before, &found).ok_or_else(|| {
                    no(format!("{step} took attributes with it that Rolebook does not write"))
                })?,
            );
        }
        let user = did.iter().find_map(|did| did.step.user().cloned());
        let group = did.iter().find_map(|did| did.step.group().cloned());
        let principal = match (&user, group) {
            (None, Some(group)) => Principal::Group(group.id),
            _ => Principal::User,
        };
        // The wish only says whom to read about; the steps are given.
        let wish = Wish::new(Action::Revoke, principal, Target::App);
        let request = Request { wish, user, groups: Vec::new(), says: format!("undo {op}") };
        let mut fresh = self.fresh(&request).await?;
        for step in &steps {
            if let Some(group) = step.group()
                && !fresh.situation.groups.iter().any(|known| known.id == group.id)
            {
                let mut wider = request.clone();
                wider.wish.via = Some(group.id.clone());
                fresh = self.fresh(&wider).await?;
            }
        }
        let plan = plan_steps(&fresh.situation, steps)?;
        Ok(Undo { op: op.to_owned(), planned: Planned { request, plan, fresh } })
    }
}

fn is_done(audit: &Audit, op: &str) -> bool {
    audit.entries().iter().any(|entry| {
        entry.op == op && matches!(entry.event, AuditEvent::Outcome { outcome: Outcome::Done, .. })
    })
}

/// The attempts that worked, in order.
fn did(entries: &[crate::Entry]) -> Vec<Did> {
    let outcome_of = |of_step: usize, of_attempt: usize| {
        entries.iter().find_map(|entry| match &entry.event {
            AuditEvent::Outcome { step, attempt, outcome, after, .. }
                if *step == of_step && *attempt == of_attempt =>
            {
                Some((*outcome, after.clone()))
            }
            _ => None,
        })
    };
    entries
        .iter()
        .filter_map(|entry| match &entry.event {
            AuditEvent::Intent { step, attempt, write, before, .. } => match outcome_of(*step, *attempt) {
                Some((Outcome::Done, after)) => {
                    Some(Did { step: write.clone(), before: before.clone(), after })
                }
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// The inverse of a step, as far as `samlRoles` alone can bring the object back.
fn way_back(step: &Step, before: &ObjectState, found: &ObjectState) -> Option<Step> {
    match (step, before) {
        (Step::ReturnToGroups { user, before }, _) => {
            // What the groups give now is what the conversion finds.
            let ObjectState::AppUser { state: Some(state) } = found else { return None };
            Some(Step::SetUserRoles {
                user: user.clone(),
                before: state.roles.clone(),
                after: before.clone(),
                convert: true,
            })
        }
        // `role` goes with an assignment, and only samlRoles are ever written.
        (Step::UnassignUser { .. }, ObjectState::AppUser { state: Some(state) })
            if !state.role.is_empty() =>
        {
            None
        }
        (Step::UnassignGroup { group, .. }, ObjectState::AppGroup { state: Some(state) }) => {
            state.role.is_empty().then(|| Step::AssignGroup {
                group: group.clone(),
                roles: state.roles.clone(),
                priority: state.priority,
            })
        }
        _ => Some(step.inverse()),
    }
}
