//! A role for a person where assignments decide: the table of scope, join, union and conversion flag.
//!
//! The union has no cell of its own. With join off Okta has put its result into the profile, which is read afresh; with
//! join on groups keep giving their roles whatever it says.

use super::{
    Action, LastRole, Named, Plan, PlanUser, Refusal, RoleName, Situation, Step, Wish, WithApp, effect::Held,
    membership::guard_status,
};
use crate::{AppUser, RoleTable, Scope, resolve};

/// The roles of the app by what Okta stores for them.
pub(crate) struct Values {
    table: RoleTable,
}

impl Values {
    pub(crate) fn of(situation: &Situation) -> Self {
        let access = resolve(
            &situation.rules,
            &situation.catalogue,
            situation.groups.iter().map(|group| &group.group),
            situation.user.iter().map(|person| &person.user),
        );
        Self { table: access.roles }
    }

    /// Whether the stored value means the role.
    pub(crate) fn means(&self, value: &str, role: &RoleName) -> bool {
        self.table
            .by_value(value)
            .and_then(|ix| self.table.get(ix))
            .is_some_and(|known| known.account == role.account && known.name == role.role)
    }

    /// The value to write: the one without ARNs that is shortest, since that is what Okta's own console writes.
    pub(crate) fn of_role(&self, role: &RoleName) -> Result<String, Refusal> {
        let known = self.table.find(&role.account, &role.role).and_then(|ix| self.table.get(ix));
        known
            .and_then(|known| {
                known.values.iter().min_by_key(|value| (value.contains("arn:"), value.len(), *value))
            })
            .cloned()
            .ok_or_else(|| Refusal::UnknownRole { role: role.clone() })
    }

    pub(crate) fn without(&self, values: &[String], role: &RoleName) -> Vec<String> {
        values.iter().filter(|value| !self.means(value, role)).cloned().collect()
    }

    pub(crate) fn any(&self, values: &[String], role: &RoleName) -> bool {
        values.iter().any(|value| self.means(value, role))
    }
}

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
    let values = Values::of(situation);
    let value = values.of_role(role)?;
    guard_status(person, true)?;
    let held = Held::of(situation);
    if let Some(path) = held.path(role) {
        let path = super::effect::path_words(situation, path);
        return Ok(Plan::already(format!("{user} has {role} through {path}")));
    }
    let mut plan = Plan::default();
    let assigning = situation.assigning();
    match &person.user.app_user {
        None if !assigning.is_empty() => {
            return Err(Refusal::NotSettled { user, groups: situation.names(&assigning) });
        }
        None => {
            if matches!(wish.with_app, Some(WithApp::Group(_))) {
                return Err(Refusal::WithAppGroupInDirect { user });
            }
            plan.notes.push(format!("{user} is not assigned to the app: the same call assigns them"));
            plan.steps.push(Step::AssignUser { user, roles: vec![value] });
        }
        Some(app_user) if app_user.scope == Scope::Group => {
            if !wish.allow_conversion {
                return Err(Refusal::GroupScope { user, groups: groups_of(situation) });
            }
            let mut after = kept_by_conversion(situation, &values, &held, app_user);
            after.push(value);
            convert(&mut plan, situation, user, app_user, after);
        }
        Some(app_user) => {
            let before = app_user.profile.saml_roles.clone();
            let mut after = before.clone();
            // Once samlRoles holds anything, Okta stops looking at `role`: what it gives is written along.
            if before.is_empty() {
                after = own_default(&values, &held, app_user);
                if !after.is_empty() {
                    plan.notes.push(format!(
                        "`role` of the assignment ({}) would stop counting and is written along",
                        after.join(", ")
                    ));
                }
            }
            after.push(value);
            plan.steps.push(Step::SetUserRoles { user, before, after, convert: false });
        }
    }
    Ok(plan)
}

fn revoke(situation: &Situation, wish: &Wish, role: &RoleName) -> Result<Plan, Refusal> {
    let person = situation.person()?;
    let user = person.named();
    let latent = situation.made_usable();
    let held = Held::of(&latent);
    let values = Values::of(situation);
    let Some(app_user) = &person.user.app_user else {
        let assigning = situation.assigning();
        if assigning.is_empty() {
            return Ok(Plan::already(format!("{user} is not assigned to the app")));
        }
        return Err(Refusal::NotSettled { user, groups: situation.names(&assigning) });
    };
    let Some(path) = held.path(role) else {
        if !values.any(&app_user.profile.saml_roles, role) {
            return Ok(Plan::already(format!("{user} does not have {role}")));
        }
        return revoke_own(situation, &latent, wish, role, person, app_user, &values);
    };
    let from_groups = || Refusal::FromGroups { role: role.clone(), groups: situation.names(&path.groups) };
    if app_user.scope == Scope::Group {
        let groups_give_it = !path.groups.is_empty();
        if !wish.allow_conversion {
            return Err(if groups_give_it {
                from_groups()
            } else {
                Refusal::GroupScope { user, groups: groups_of(situation) }
            });
        }
        if situation.joins() && groups_give_it {
            return Err(from_groups());
        }
        let kept = kept_by_conversion(situation, &values, &held, app_user);
        let after = values.without(&kept, role);
        let mut plan = Plan::default();
        if after.is_empty() && values.any(&app_user.profile.role, role) {
            return Err(Refusal::FromDefault { role: role.clone(), whose: user });
        }
        convert(&mut plan, situation, user, app_user, after);
        return Ok(plan);
    }
    if values.any(&app_user.profile.saml_roles, role) {
        return revoke_own(situation, &latent, wish, role, person, app_user, &values);
    }
    if path.own {
        return Err(Refusal::FromDefault { role: role.clone(), whose: user });
    }
    Err(from_groups())
}

/// The role stands in the person's own `samlRoles`.
fn revoke_own(
    situation: &Situation,
    latent: &Situation,
    wish: &Wish,
    role: &RoleName,
    person: &PlanUser,
    app_user: &AppUser,
    values: &Values,
) -> Result<Plan, Refusal> {
    let user = person.named();
    let before = app_user.profile.saml_roles.clone();
    let after = values.without(&before, role);
    let mut plan = Plan::default();
    let last = after.is_empty();
    let assigning = situation.assigning();
    let step = match wish.last_role {
        LastRole::Unassign if last => {
            if !assigning.is_empty() {
                return Err(Refusal::AssignedByGroups { user, groups: situation.names(&assigning) });
            }
            Step::UnassignUser { user: user.clone(), before }
        }
        LastRole::Group if last && !assigning.is_empty() => {
            Step::ReturnToGroups { user: user.clone(), before }
        }
        _ => Step::SetUserRoles { user: user.clone(), before, after, convert: false },
    };
    if last && matches!(step, Step::SetUserRoles { .. }) {
        let default = &app_user.profile.role;
        let left = Held::of(&latent.after(&step));
        let by_default =
            left.path(role).is_some_and(|path| path.own && path.source == crate::Source::DefaultRole);
        if by_default {
            return Err(Refusal::FromDefault { role: role.clone(), whose: user });
        }
        if default.is_empty() {
            plan.notes.push(
                "it is the last role; the assignment stays without one (--last-role unassign removes it)"
                    .to_owned(),
            );
        } else {
            plan.notes.push(format!(
                "it is the last of samlRoles; Okta then looks at `role` of the assignment: {}",
                default.join(", ")
            ));
        }
        if !assigning.is_empty() && !situation.joins() {
            plan.notes.push(
                "--last-role group returns the assignment to the person's groups, whose roles then count"
                    .to_owned(),
            );
        }
    }
    plan.steps.push(step);
    Ok(plan)
}

fn convert(plan: &mut Plan, situation: &Situation, user: Named, app_user: &AppUser, after: Vec<String>) {
    if !situation.joins() {
        plan.notes.push(
            "the assignment becomes individual: changes of its groups no longer reach it (rolebook undo returns it)"
                .to_owned(),
        );
    } else {
        plan.notes.push(
            "the assignment becomes individual; groups keep giving their roles (rolebook undo returns it)"
                .to_owned(),
        );
    }
    plan.steps.push(Step::SetUserRoles {
        user,
        before: app_user.profile.saml_roles.clone(),
        after,
        convert: true,
    });
}

/// What the conversion of a GROUP assignment must write so that nothing is lost: with join off all that the profile
/// gives now; with join on only what no group explains, since groups keep giving theirs.
fn kept_by_conversion(
    situation: &Situation,
    values: &Values,
    held: &Held,
    app_user: &AppUser,
) -> Vec<String> {
    let effective = app_user.profile.effective();
    if !situation.joins() {
        return effective.to_vec();
    }
    effective
        .iter()
        .filter(|value| {
            held.roles().any(|role| {
                values.means(value, role) && held.path(role).is_some_and(|path| path.groups.is_empty())
            })
        })
        .cloned()
        .collect()
}

/// The values of `role` that count now because `samlRoles` is empty.
fn own_default(values: &Values, held: &Held, app_user: &AppUser) -> Vec<String> {
    app_user
        .profile
        .role
        .iter()
        .filter(|value| {
            held.roles().any(|role| values.means(value, role) && held.path(role).is_some_and(|path| path.own))
        })
        .cloned()
        .collect()
}

/// The assigned groups that hold the person.
fn groups_of(situation: &Situation) -> Vec<Named> {
    let groups = situation.names(&situation.assigning());
    if groups.is_empty() {
        // Okta says GROUP but no group that was read explains it.
        return vec![Named { id: "unknown".to_owned(), name: "a group that could not be read".to_owned() }];
    }
    groups
}
