//! Custom roles, resource sets and bindings. Their next page is named in the body, not in a header.

use super::{Answer, Asked};
use crate::json;
use crate::org::{CustomRole, ResourceSetRow};
use crate::refusal::Refusal;
use crate::wire::iam;

/// One page as `{"<key>": […], "_links": {…}}`.
fn page<T>(
    asked: &Asked<'_>,
    (path, key): (&str, &str),
    rows: &[T],
    write: impl FnMut(&mut Vec<u8>, &T),
) -> Result<Answer, Refusal> {
    let page = asked.sized(100, 100)?;
    let rest = rows.get(page.mark.from..).unwrap_or_default();
    let shown = rest.get(..page.limit).unwrap_or(rest);
    let end = page.mark.from + shown.len();
    let positions: Vec<usize> = (page.mark.from..end).collect();
    let next = asked.turn(page, &positions, (end < rows.len()).then_some(end));
    let mut body = Vec::new();
    json::object(&mut body, |o| {
        o.array(key, shown, write);
        asked.body_links(o, path, page.limit, next);
    });
    Ok(Answer::ok(body))
}

fn single(write: impl FnOnce(&mut Vec<u8>)) -> Answer {
    let mut body = Vec::new();
    write(&mut body);
    Answer::ok(body)
}

pub(super) fn roles(asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let root = asked.root();
    page(asked, ("/iam/roles", "roles"), &asked.org.custom_roles, |out, role| {
        iam::write_role(out, &root, asked.org, role);
    })
}

fn find_role<'a>(asked: &Asked<'a>, id: &str) -> Result<&'a CustomRole, Refusal> {
    asked.org.find_custom_role(id).ok_or_else(|| Refusal::no_such(id, "CustomRole"))
}

pub(super) fn role(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let role = find_role(asked, id)?;
    Ok(single(|out| iam::write_role(out, &asked.root(), asked.org, role)))
}

pub(super) fn permissions(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let role = find_role(asked, id)?;
    let root = asked.root();
    Ok(single(|out| {
        json::object(out, |o| {
            o.array("permissions", &role.permissions, |out, label| {
                iam::write_permission(out, &root, asked.org, role, label);
            });
        });
    }))
}

pub(super) fn sets(asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let root = asked.root();
    page(asked, ("/iam/resource-sets", "resource-sets"), &asked.org.resource_sets, |out, set| {
        iam::write_set(out, &root, set);
    })
}

fn find_set<'a>(asked: &Asked<'a>, id: &str) -> Result<&'a ResourceSetRow, Refusal> {
    let set = asked.org.resource_sets.iter().find(|set| set.id == id || set.label == id);
    set.ok_or_else(|| Refusal::no_such(id, "ResourceSet"))
}

pub(super) fn set(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let set = find_set(asked, id)?;
    Ok(single(|out| iam::write_set(out, &asked.root(), set)))
}

pub(super) fn resources(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let set = find_set(asked, id)?;
    let root = asked.root();
    let path = format!("/iam/resource-sets/{id}/resources");
    page(asked, (&path, "resources"), &set.resources, |out, resource| {
        iam::write_resource(out, &root, asked.org, set, resource);
    })
}

pub(super) fn bindings(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let set = find_set(asked, id)?;
    let root = asked.root();
    let path = format!("/iam/resource-sets/{id}/bindings");
    page(asked, (&path, "roles"), &set.bindings, |out, binding| {
        iam::write_binding(out, &root, &set.id, &binding.role);
    })
}

pub(super) fn binding(asked: &Asked<'_>, id: &str, role: &str) -> Result<Answer, Refusal> {
    let set = find_set(asked, id)?;
    let bound = set.bindings.iter().any(|binding| binding.role == role);
    if !bound {
        return Err(Refusal::no_such(role, "RoleAssignment"));
    }
    Ok(single(|out| iam::write_binding(out, &asked.root(), &set.id, role)))
}

pub(super) fn members(asked: &Asked<'_>, id: &str, role: &str) -> Result<Answer, Refusal> {
    let set = find_set(asked, id)?;
    let binding = set.bindings.iter().find(|binding| binding.role == role);
    let binding = binding.ok_or_else(|| Refusal::no_such(role, "RoleAssignment"))?;
    let root = asked.root();
    let path = format!("/iam/resource-sets/{id}/bindings/{role}/members");
    page(asked, (&path, "members"), &binding.members, |out, member| {
        iam::write_member(out, &root, asked.org, set, member);
    })
}

pub(super) fn member(asked: &Asked<'_>, id: &str, role: &str, member: &str) -> Result<Answer, Refusal> {
    let set = find_set(asked, id)?;
    let members =
        set.bindings.iter().filter(|binding| binding.role == role).flat_map(|binding| &binding.members);
    let found = members.into_iter().find(|(id, _)| id == member);
    let found = found.ok_or_else(|| Refusal::no_such(member, "RoleAssignment"))?;
    Ok(single(|out| iam::write_member(out, &asked.root(), asked.org, set, found)))
}
