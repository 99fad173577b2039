//! What a change must write: from fresh facts and a wish to steps, preconditions, collateral and residual paths, or to
//! a refusal with its reason and the way out.
//!
//! Nothing is written here. Whoever applies a plan reads the facts again, plans again, and goes on only when the same
//! plan comes out; so a plan needs no trust, only fresh facts.

mod application;
mod conferral;
mod direct;
mod direct_group;
mod effect;
mod everything;
mod mapping;
mod membership;
mod precondition;
mod refusal;
mod rights;
mod situation;
mod step;
mod wish;

use serde::{Deserialize, Serialize};

pub use conferral::{Conferred, conferred, roles_of_group};
pub use precondition::{AppGroupState, AppUserState, Precondition};
pub use refusal::{Obstacle, Refusal};
pub use rights::{Rights, Row, Standing};
pub use situation::{NamedRule, PlanGroup, PlanUser, Situation};
pub use step::{Named, Step};
pub use wish::{Action, LastRole, Principal, RoleName, Target, Via, Wish, WithApp};

/// What applying would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The wish is fulfilled without any step: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub already_so: Option<String>,
    /// In this order.
    pub steps: Vec<Step>,
    /// What must be so, right before the first step.
    pub preconditions: Vec<Precondition>,
    /// Roles that the person gains beside the one that was wished for.
    pub gains: Vec<RoleName>,
    /// Roles that the person loses beside the one that was wished away.
    pub loses: Vec<RoleName>,
    /// Paths by which a revoked role stays.
    pub residual: Vec<Residual>,
    /// What the reader should know before saying yes.
    pub notes: Vec<String>,
    /// Roles that the person must have afterwards, by Okta's own data, for the change to count as done.
    pub must_have: Vec<RoleName>,
    /// Roles that the person must not have afterwards.
    pub must_not_have: Vec<RoleName>,
}

/// A path by which a role stays, and where it can be taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Residual {
    /// The role.
    pub role: RoleName,
    /// The path, in words.
    pub path: String,
    /// What to do about it.
    pub remedy: String,
    /// The wish was to be rid of exactly this; the plan fulfils it only in part.
    pub wished_away: bool,
}

impl Plan {
    /// Nothing is to be done.
    pub(crate) fn already(why: impl Into<String>) -> Self {
        Self { already_so: Some(why.into()), ..Self::default() }
    }

    /// Whether the plan leaves a part of the wish undone because it cannot be done here.
    #[must_use]
    pub fn falls_short(&self) -> bool {
        self.residual.iter().any(|residual| residual.wished_away)
    }

    /// The rows of the token's matrix that the steps need, each once.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = self.steps.iter().map(Step::row).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }
}

/// Plans a change.
///
/// # Errors
/// [`Refusal`]: the change is not to be made, or cannot be made this way.
pub fn plan(situation: &Situation, wish: &Wish) -> Result<Plan, Refusal> {
    let drafted = match (&wish.target, &wish.principal) {
        (Target::Everything, Principal::User) => everything::plan(situation, wish),
        (Target::Everything, Principal::Group(_)) => Err(Refusal::EverythingOfGroup),
        (Target::Membership(group), Principal::User) => membership::plan(situation, wish, group),
        (Target::Membership(_), Principal::Group(_)) => Err(Refusal::GroupInGroup),
        (Target::App, Principal::User) => application::of_user(situation, wish),
        (Target::App, Principal::Group(group)) => application::of_group(situation, wish, group),
        (Target::Role(role), Principal::User) if situation.rules.maps_groups() => {
            mapping::plan(situation, wish, role)
        }
        (Target::Role(role), Principal::User) => direct::plan(situation, wish, role),
        (Target::Role(role), Principal::Group(group)) => direct_group::plan(situation, wish, role, group),
    }?;
    finish(situation, wish, drafted)
}

/// Plans given steps, as the way back of earlier ones: only collateral, preconditions and rights are worked out.
///
/// # Errors
/// [`Refusal::Right`].
pub fn plan_steps(situation: &Situation, steps: Vec<Step>) -> Result<Plan, Refusal> {
    let mut plan = Plan { steps, ..Plan::default() };
    let (before, after) = effect::before_and_after(situation, &plan.steps);
    plan.gains = effect::lacking(&after, &before, None);
    plan.loses = effect::lacking(&before, &after, None);
    guard_rights(situation, &plan)?;
    plan.preconditions = precondition::of(situation, &plan.steps);
    Ok(plan)
}

/// The preconditions of steps as the situation shows them now, to be compared with those of a plan.
#[must_use]
pub fn preconditions(situation: &Situation, steps: &[Step]) -> Vec<Precondition> {
    precondition::of(situation, steps)
}

/// Adds to a draft what every plan has.
fn finish(situation: &Situation, wish: &Wish, mut plan: Plan) -> Result<Plan, Refusal> {
    if plan.steps.is_empty() {
        return Ok(plan);
    }
    guard_rights(situation, &plan)?;
    let wished = wish.role();
    // What is taken away must be seen also where it lies idle; what is given must work.
    let (before, after) = match wish.action {
        Action::Grant => effect::before_and_after(situation, &plan.steps),
        Action::Revoke => effect::before_and_after(&situation.made_usable(), &plan.steps),
    };
    plan.gains = effect::lacking(&after, &before, wished);
    plan.loses = match wish.target {
        // Everything goes: that is no collateral.
        Target::Everything => Vec::new(),
        _ => effect::lacking(&before, &after, wished),
    };
    if wish.action == Action::Grant
        && let Some(role) = wished
        && situation.user.is_some()
    {
        if !after.contains(role) {
            return Err(Refusal::WouldNotWork { role: role.clone(), why: effect::why_not(situation) });
        }
        plan.must_have.push(role.clone());
    }
    if wish.action == Action::Revoke {
        effect::residuals(situation, wish, &mut plan);
        if let Some(role) = wished
            && !after.contains(role)
        {
            plan.must_not_have.push(role.clone());
        }
        if wish.target == Target::Everything {
            plan.must_not_have = before.roles().filter(|role| !after.contains(role)).cloned().collect();
        }
    }
    plan.preconditions = precondition::of(situation, &plan.steps);
    Ok(plan)
}

fn guard_rights(situation: &Situation, plan: &Plan) -> Result<(), Refusal> {
    for row in plan.rows() {
        if let Standing::No { why } = situation.rights.of(row) {
            return Err(Refusal::Right { row, why: why.clone() });
        }
    }
    Ok(())
}
