//! Custom roles, resource sets and bindings are made and changed.

use serde_json::Value;

use super::{Writing, no_content};
use crate::answer::Answer;
use crate::org::{CustomRole, Holder, ResourceSet};
use crate::refusal::Refusal;
use crate::route::Route;

fn texts(writing: &Writing<'_>, key: &str) -> Vec<String> {
    let list = writing.body.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

pub(super) fn create_role(writing: &mut Writing<'_>) -> Result<Answer, Refusal> {
    let id = writing.org.ids.next("cr0");
    let role = CustomRole::new(writing.required("/label")?)
        .id(&id)
        .description(writing.text("/description").unwrap_or_default())
        .permissions(texts(writing, "permissions"));
    writing.org.put_custom_role(role);
    writing.shown(Route::CustomRole(&id))
}

pub(super) fn create_set(writing: &mut Writing<'_>) -> Result<Answer, Refusal> {
    let id = writing.org.ids.next("iam");
    let resources = texts(writing, "resources");
    let set = ResourceSet::new(writing.required("/label")?)
        .id(&id)
        .description(writing.text("/description").unwrap_or_default())
        .resources(resources.iter().map(|text| text.strip_prefix(writing.base).unwrap_or(text)));
    writing.org.put_resource_set(set);
    writing.shown(Route::ResourceSet(&id))
}

/// Members are named by their links: `https://…/api/v1/users/00u…` or `…/groups/00g…`.
fn members(writing: &Writing<'_>, key: &str) -> Result<Vec<Holder>, Refusal> {
    let holder = |href: &String| {
        let mut parts = href.rsplit('/');
        match (parts.next(), parts.next()) {
            (Some(id), Some("users")) => writing.user(id).map(Holder::User),
            (Some(id), Some("groups")) => writing.group(id).map(Holder::Group),
            _ => Err(Refusal::invalid(key, format!("{key}: {href} is no link to a user or group"))),
        }
    };
    texts(writing, key).iter().map(holder).collect()
}

fn add(writing: &mut Writing<'_>, set: &str, role: &str, members: Vec<Holder>) -> Result<(), Refusal> {
    let found = writing.org.find_custom_role(role).map(|role| role.id.clone());
    let role = found.ok_or_else(|| Refusal::no_such(role, "CustomRole"))?;
    for holder in members {
        if !writing.org.bind(set, &role, holder) {
            return Err(Refusal::no_such(set, "ResourceSet"));
        }
    }
    Ok(())
}

pub(super) fn bind(writing: &mut Writing<'_>, set: &str) -> Result<Answer, Refusal> {
    let role = writing.required("/role")?;
    let members = members(writing, "members")?;
    add(writing, set, &role, members)?;
    writing.shown(Route::Binding(set, &role))
}

pub(super) fn add_members(writing: &mut Writing<'_>, set: &str, role: &str) -> Result<Answer, Refusal> {
    let members = members(writing, "additions")?;
    add(writing, set, role, members)?;
    writing.shown(Route::Binding(set, role))
}

pub(super) fn unbind(
    writing: &mut Writing<'_>,
    set: &str,
    role: &str,
    member: Option<&str>,
) -> Result<Answer, Refusal> {
    if writing.org.remove_binding(set, role, member) {
        Ok(no_content())
    } else {
        Err(Refusal::no_such(member.unwrap_or(role), "RoleAssignment"))
    }
}
