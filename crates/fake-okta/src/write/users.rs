//! Users and their life.

use serde_json::{Map, Value};

use super::{Writing, empty_object, no_content};
use crate::answer::Answer;
use crate::org::{Holder, User, UserStatus};
use crate::refusal::Refusal;
use crate::route::Route;

/// What becomes of profile attributes that are not sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Update {
    Some,
    Whole,
}

pub(super) fn create(writing: &mut Writing<'_>) -> Result<Answer, Refusal> {
    let login = writing.required("/profile/login")?;
    let first = writing.required("/profile/firstName")?;
    let last = writing.required("/profile/lastName")?;
    if writing.org.find_user(&login).is_some() {
        let cause = "login: An object with this field already exists in the current organization";
        return Err(Refusal::invalid("login", cause));
    }
    let password = writing.body.pointer("/credentials/password/value").is_some();
    let status = match (writing.query.get("activate") != Some("false"), password) {
        (false, _) => UserStatus::Staged,
        (true, false) => UserStatus::Provisioned,
        (true, true) => UserStatus::Active,
    };
    let mut user = User::new(login).name(first, last).status(status);
    for (key, value) in writing.object("/profile").unwrap_or_default() {
        if !matches!(key.as_str(), "login" | "firstName" | "lastName") {
            user = user.attribute(key, value);
        }
    }
    let index = writing.org.insert_user(user);
    let id = writing.org.user_id(index);
    for group in writing.body.get("groupIds").and_then(Value::as_array).cloned().unwrap_or_default() {
        let group = group.as_str().unwrap_or_default();
        writing.group(group)?;
        writing.org.add_member(group, &id);
    }
    writing.shown(Route::User(&id))
}

fn find(writing: &Writing<'_>, reference: &str) -> Result<(usize, User), Refusal> {
    let index = writing.org.find_user(reference).ok_or_else(|| Refusal::no_such(reference, "User"))?;
    writing.unshielded(Holder::User(index))?;
    let row = writing.org.users.get(index).ok_or_else(|| Refusal::no_such(reference, "User"))?;
    Ok((index, row.user.clone()))
}

pub(super) fn update(writing: &mut Writing<'_>, id: &str, update: Update) -> Result<Answer, Refusal> {
    let (_, mut user) = find(writing, id)?;
    let sent = writing.object("/profile").unwrap_or_default();
    let text = |key: &str| sent.get(key).and_then(Value::as_str).map(str::to_owned);
    user.login = text("login").unwrap_or(user.login);
    user.first_name = text("firstName").map_or(user.first_name, Into::into);
    user.last_name = text("lastName").map_or(user.last_name, Into::into);
    let mut attributes = match update {
        Update::Some => user.attributes.take().map_or_else(Map::new, |attributes| *attributes),
        Update::Whole => Map::new(),
    };
    attributes.extend(
        sent.into_iter().filter(|(key, _)| !matches!(key.as_str(), "login" | "firstName" | "lastName")),
    );
    attributes.retain(|_, value| !value.is_null());
    user.attributes = (!attributes.is_empty()).then(|| Box::new(attributes));
    user.last_updated = None;
    let id = user.id.clone();
    writing.org.put_user(user);
    writing.shown(Route::User(&id))
}

/// The first call deactivates, the second deletes.
pub(super) fn delete(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    let (_, user) = find(writing, id)?;
    if user.status == UserStatus::Deprovisioned {
        writing.org.remove_user(&user.id);
    } else {
        writing.org.set_status(&user.id, UserStatus::Deprovisioned);
    }
    Ok(no_content())
}

/// Each action accepts only the states it makes sense in.
pub(super) fn lifecycle(writing: &mut Writing<'_>, id: &str, action: &str) -> Result<Answer, Refusal> {
    use UserStatus::{Active, Deprovisioned, LockedOut, Provisioned, Staged, Suspended};
    let (_, user) = find(writing, id)?;
    let next = match (action, user.status) {
        ("activate", Staged | Deprovisioned) => Provisioned,
        ("activate", _) => {
            return Err(Refusal::new(
                403,
                "E0000016",
                "Activation failed because the user is already active",
            ));
        }
        ("reactivate", Provisioned) => Provisioned,
        ("suspend", Active) => Suspended,
        ("unsuspend", Suspended) => Active,
        ("unlock", LockedOut) => Active,
        ("deactivate", status) if status != Deprovisioned => Deprovisioned,
        ("reactivate" | "suspend" | "unsuspend" | "unlock" | "deactivate", status) => {
            let cause = format!("Cannot {action} a user who is {}", status.as_str());
            return Err(Refusal::invalid(action, cause));
        }
        _ => return Err(Refusal::no_such_path()),
    };
    writing.org.set_status(&user.id, next);
    Ok(empty_object(200))
}
