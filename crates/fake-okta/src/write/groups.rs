//! Memberships and groups.

use super::{Writing, no_content};
use crate::answer::Answer;
use crate::org::{Group, GroupKind, Holder};
use crate::refusal::Refusal;
use crate::route::Route;

/// The group, when its members may be changed through the API with this token.
fn writable(writing: &Writing<'_>, id: &str) -> Result<usize, Refusal> {
    let group = writing.group(id)?;
    let kind = writing.org.groups.get(group).map(|row| &row.group.kind);
    match kind {
        Some(GroupKind::BuiltIn) if writing.options.built_in_501 => {
            return Err(Refusal::new(501, "E0000060", "Unsupported operation."));
        }
        Some(GroupKind::BuiltIn | GroupKind::App { .. }) => return Err(Refusal::forbidden()),
        Some(GroupKind::Okta) | None => {}
    }
    if !writing.token.sees_group(id, false) {
        return Err(Refusal::forbidden());
    }
    writing.unshielded(Holder::Group(group))?;
    Ok(group)
}

pub(super) fn add_member(writing: &mut Writing<'_>, group: &str, user: &str) -> Result<Answer, Refusal> {
    writable(writing, group)?;
    let index = writing.user(user)?;
    writing.unshielded(Holder::User(index))?;
    writing.org.add_member(group, user);
    Ok(no_content())
}

pub(super) fn remove_member(writing: &mut Writing<'_>, group: &str, user: &str) -> Result<Answer, Refusal> {
    writable(writing, group)?;
    let index = writing.user(user)?;
    writing.unshielded(Holder::User(index))?;
    writing.org.remove_member(group, user);
    Ok(no_content())
}

/// Name and description of the body; a name must be given and free.
fn profile(writing: &Writing<'_>, id: &str) -> Result<Group, Refusal> {
    let name = writing.required("/profile/name")?;
    if name.len() > 255 {
        return Err(Refusal::invalid("name", "name: The field must be at most 255 characters"));
    }
    let taken = writing.org.find_group(&name).is_some_and(|index| {
        writing
            .org
            .groups
            .get(index)
            .is_some_and(|row| row.group.id != id && row.group.name.as_ref() == Some(&name))
    });
    if taken {
        return Err(Refusal::invalid(
            "name",
            "name: An object with this field already exists in the current organization",
        ));
    }
    let mut group = Group::new(name).id(id);
    for (key, value) in writing.object("/profile").into_iter().flatten().filter(|(key, _)| key != "name") {
        group = group.attribute(key, value);
    }
    Ok(group)
}

pub(super) fn create(writing: &mut Writing<'_>) -> Result<Answer, Refusal> {
    let group = profile(writing, "")?;
    let index = writing.org.insert_group(group);
    let id = writing.org.group_id(index);
    writing.shown(Route::Group(&id))
}

pub(super) fn replace(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    writable(writing, id)?;
    let group = profile(writing, id)?;
    writing.org.insert_group(group);
    writing.shown(Route::Group(id))
}

pub(super) fn delete(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    writable(writing, id)?;
    writing.org.remove_group(id);
    Ok(no_content())
}
