//! Standard admin roles are granted and revoked.

use super::{Writing, no_content};
use crate::answer::Answer;
use crate::org::{AdminRole, Holder, RoleTargets};
use crate::refusal::Refusal;
use crate::route::{Principal, Route};

pub(super) fn grant(writing: &mut Writing<'_>, principal: Principal<'_>) -> Result<Answer, Refusal> {
    let holder = writing.principal(principal)?;
    let kind = writing.required("/type")?;
    if kind == "CUSTOM" {
        return grant_custom(writing, principal, holder);
    }
    let role = AdminRole::ALL.into_iter().find(|role| role.as_str() == kind);
    let role = role.ok_or_else(|| {
        Refusal::new(400, "E0000091", "The provided role type was not the same as required role type.")
    })?;
    if writing.org.roles.iter().any(|row| row.holder == holder && row.role == role) {
        return Err(already());
    }
    let id = writing.org.put_role(holder, role, RoleTargets::all());
    let shown = writing.shown(Route::Role(principal, &id))?;
    Ok(Answer { status: 201, ..shown })
}

fn already() -> Refusal {
    Refusal::new(409, "E0000090", "Duplicate role assignment exception.")
}

fn grant_custom(
    writing: &mut Writing<'_>,
    principal: Principal<'_>,
    holder: Holder,
) -> Result<Answer, Refusal> {
    let set = writing.required("/resource-set")?;
    let role = writing.required("/role")?;
    let role =
        writing.org.find_custom_role(&role).ok_or_else(|| Refusal::no_such(&role, "CustomRole"))?.id.clone();
    if writing.org.bindings_of(holder).any(|bound| bound.set.id == set && bound.role == role) {
        return Err(already());
    }
    if !writing.org.bind(&set, &role, holder) {
        return Err(Refusal::no_such(&set, "ResourceSet"));
    }
    let shown = writing.shown(Route::Roles(principal))?;
    Ok(Answer { status: 201, ..shown })
}

pub(super) fn revoke(
    writing: &mut Writing<'_>,
    principal: Principal<'_>,
    role: &str,
) -> Result<Answer, Refusal> {
    let holder = writing.principal(principal)?;
    if writing.org.remove_role(holder, role) {
        return Ok(no_content());
    }
    let bound = writing.org.bindings_of(holder).find(|bound| bound.id == role);
    let bound = bound.map(|bound| (bound.set.id.clone(), bound.role.to_owned()));
    let (set, custom) = bound.ok_or_else(|| Refusal::no_such(role, "RoleAssignment"))?;
    writing.org.remove_binding(&set, &custom, Some(role));
    Ok(no_content())
}
