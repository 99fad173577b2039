//! What an admin role is limited to: groups, apps of the catalogue, single instances of one.

use super::{Writing, no_content};
use crate::answer::Answer;
use crate::org::{AdminRole, Holder, RoleRow};
use crate::refusal::Refusal;
use crate::route::{Principal, Target};

/// Where a target stands: its kind, and the text under which it is kept.
struct Place {
    of_apps: bool,
    reference: String,
}

/// A role takes targets of one kind only, and only what exists can be one.
fn place(writing: &Writing<'_>, role: AdminRole, target: Target<'_>) -> Result<Place, Refusal> {
    let takes_groups =
        matches!(role, AdminRole::GroupAdmin | AdminRole::GroupMembershipAdmin | AdminRole::HelpDeskAdmin);
    let takes_apps = role == AdminRole::AppAdmin;
    let wrong_kind =
        || Refusal::new(400, "E0000091", "The provided role type was not the same as required role type.");
    match target {
        Target::Group(_) if !takes_groups => Err(wrong_kind()),
        Target::App(_) | Target::Instance(..) if !takes_apps => Err(wrong_kind()),
        Target::Group(id) => {
            writing.group(id)?;
            Ok(Place { of_apps: false, reference: id.to_owned() })
        }
        Target::App(name) => {
            let known = writing.org.apps.iter().any(|row| row.app.name == name);
            let place = Place { of_apps: true, reference: name.to_owned() };
            if known { Ok(place) } else { Err(Refusal::no_such(name, "CatalogApp")) }
        }
        Target::Instance(name, id) => {
            let known = writing.org.app_by_id(id).is_some_and(|row| row.app.name == name);
            let place = Place { of_apps: true, reference: id.to_owned() };
            if known { Ok(place) } else { Err(Refusal::no_such(id, "AppInstance")) }
        }
    }
}

/// The role as this principal holds it by itself.
fn row<'o>(rows: &'o mut [RoleRow], holder: Holder, role: &str) -> Result<&'o mut RoleRow, Refusal> {
    let found = rows.iter_mut().find(|row| row.holder == holder && row.id == role);
    found.ok_or_else(|| Refusal::no_such(role, "RoleAssignment"))
}

pub(super) fn add(
    writing: &mut Writing<'_>,
    principal: Principal<'_>,
    role: &str,
    target: Target<'_>,
) -> Result<Answer, Refusal> {
    let holder = writing.principal(principal)?;
    let kind = row(&mut writing.org.roles, holder, role)?.role;
    let place = place(writing, kind, target)?;
    let targets = &mut row(&mut writing.org.roles, holder, role)?.targets;
    let list = if place.of_apps { &mut targets.apps } else { &mut targets.groups };
    if !list.contains(&place.reference) {
        list.push(place.reference);
    }
    Ok(no_content())
}

/// No targets would mean all, so the last one cannot be taken away. Okta's code for that is not known.
pub(super) fn remove(
    writing: &mut Writing<'_>,
    principal: Principal<'_>,
    role: &str,
    target: Target<'_>,
) -> Result<Answer, Refusal> {
    let holder = writing.principal(principal)?;
    let kind = row(&mut writing.org.roles, holder, role)?.role;
    let place = place(writing, kind, target)?;
    let targets = &mut row(&mut writing.org.roles, holder, role)?.targets;
    let list = if place.of_apps { &mut targets.apps } else { &mut targets.groups };
    if !list.contains(&place.reference) {
        return Err(Refusal::no_such(&place.reference, "RoleTarget"));
    }
    if list.len() == 1 {
        return Err(Refusal::invalid("target", "target: The last target of a role cannot be removed"));
    }
    list.retain(|kept| *kept != place.reference);
    Ok(no_content())
}
