//! App users: assignment, conversion between USER and GROUP, profiles.

use serde_json::{Map, Value};

use super::{Writing, no_content};
use crate::answer::Answer;
use crate::org::{AppUserRow, Profile, Scope, UserStatus};
use crate::refusal::Refusal;
use crate::route::Route;
use crate::wire;

/// Properties that Okta maps from the user's own profile.
const MAPPED: [&str; 5] = ["email", "firstName", "lastName", "mobilePhone", "secondEmail"];

/// `POST /apps/{app}/users`: assigns somebody, or changes an assignment that exists.
pub(super) fn assign(writing: &mut Writing<'_>, app: &str) -> Result<Answer, Refusal> {
    let id = writing.required("/id")?;
    let index = writing.app(app)?;
    let user = writing.user(&id)?;
    let assigned = writing.org.apps.get(index).is_some_and(|row| row.users.contains_key(&user));
    if !assigned {
        // Okta tells the scope from the kind of assignment when it is not given.
        let scope =
            scope(writing)?.unwrap_or(if granted(writing, index, user) { Scope::Group } else { Scope::User });
        new(writing, index, user, scope)?;
    } else {
        change(writing, index, user, Kept::Others)?;
    }
    writing.shown(Route::AppUser(app, &id))
}

/// `POST /apps/{app}/users/{user}`: merges what is sent; `scope` converts the assignment, or makes one.
pub(super) fn update(writing: &mut Writing<'_>, app: &str, user: &str) -> Result<Answer, Refusal> {
    change_or_new(writing, app, user, Kept::Others)
}

/// `PUT /apps/{app}/users/{user}`: what is not sent is unset. Not in Okta's specification, but in its routes.
pub(super) fn replace(writing: &mut Writing<'_>, app: &str, user: &str) -> Result<Answer, Refusal> {
    change_or_new(writing, app, user, Kept::Nothing)
}

fn change_or_new(writing: &mut Writing<'_>, app: &str, id: &str, kept: Kept) -> Result<Answer, Refusal> {
    let index = writing.app(app)?;
    let user = writing.user(id)?;
    let assigned = writing.org.apps.get(index).is_some_and(|row| row.users.contains_key(&user));
    match (assigned, scope(writing)?) {
        (true, _) => change(writing, index, user, kept)?,
        (false, Some(scope)) => new(writing, index, user, scope)?,
        (false, None) => return Err(Refusal::no_such(id, "AppUser")),
    }
    writing.shown(Route::AppUser(app, id))
}

/// What becomes of profile properties that are not sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Others,
    Nothing,
}

fn scope(writing: &Writing<'_>) -> Result<Option<Scope>, Refusal> {
    match writing.body.get("scope") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(word)) if word == "USER" => Ok(Some(Scope::User)),
        Some(Value::String(word)) if word == "GROUP" => Ok(Some(Scope::Group)),
        Some(_) => Err(Refusal::invalid("scope", "scope: must be USER or GROUP")),
    }
}

/// Whether an assigned group has this member.
fn granted(writing: &Writing<'_>, app: usize, user: usize) -> bool {
    writing.org.apps.get(app).is_some_and(|row| !row.granting(writing.org, user).is_empty())
}

fn assignable(writing: &Writing<'_>, app: usize, user: usize) -> Result<(), Refusal> {
    if writing.org.apps.get(app).is_some_and(|row| row.app.status != "ACTIVE") {
        return Err(Refusal::new(403, "E0000039", "Operation on application settings failed."));
    }
    let status = writing.org.users.get(user).map(|row| row.user.status);
    if status == Some(UserStatus::Deprovisioned) {
        let text = "This operation is not allowed in the user's current status.";
        return Err(Refusal::new(403, "E0000038", text));
    }
    Ok(())
}

fn new(writing: &mut Writing<'_>, app: usize, user: usize, scope: Scope) -> Result<(), Refusal> {
    assignable(writing, app, user)?;
    let sent = sent_profile(writing, app, user)?;
    if scope == Scope::Group && !granted(writing, app, user) {
        return Err(Refusal::invalid("scope", "scope: The user is in no group that is assigned to the app"));
    }
    let row = AppUserRow {
        scope: Some(scope),
        profile: if sent.is_empty() { Profile::Unset } else { Profile::Attributes(sent) },
        user_name: writing.text("/credentials/userName").map(Into::into),
        ..AppUserRow::granted(writing.org.now)
    };
    writing.org.assign(app, user, row);
    Ok(())
}

fn change(writing: &mut Writing<'_>, app: usize, user: usize, kept: Kept) -> Result<(), Refusal> {
    assignable(writing, app, user)?;
    let sent = sent_profile(writing, app, user)?;
    let now = writing.org.now;
    let wanted = scope(writing)?;
    let Some(old) = writing.org.apps.get(app).and_then(|row| row.users.get(&user)).cloned() else {
        return Ok(());
    };
    let user_name = writing.text("/credentials/userName").map(Into::into).or(old.user_name.clone());
    let mut row = AppUserRow { user_name, last_updated: now, ..old };
    if wanted == Some(Scope::Group) {
        if !granted(writing, app, user) {
            return Err(Refusal::invalid(
                "scope",
                "scope: The user is in no group that is assigned to the app",
            ));
        }
        // Back under its groups: their profile counts again, what was set by hand is gone.
        row.scope = Some(Scope::Group);
        row.profile = Profile::Unset;
        row.pinned = false;
    } else {
        let converted = wanted == Some(Scope::User) && row.scope != Some(Scope::User);
        if converted || !sent.is_empty() || kept == Kept::Nothing {
            // The profile that the groups gave stays as the start of the user's own.
            let mut profile = match kept {
                Kept::Others => writing.org.shown_profile(app, user),
                Kept::Nothing => Map::new(),
            };
            profile.extend(sent);
            row.profile = Profile::Attributes(profile);
        }
        row.scope = wanted.or(row.scope);
    }
    writing.org.assign(app, user, row);
    Ok(())
}

/// The profile in the body, when the app's schema and mappings allow it.
fn sent_profile(writing: &Writing<'_>, app: usize, user: usize) -> Result<Map<String, Value>, Refusal> {
    let sent = writing.object("/profile").unwrap_or_default();
    let Some(row) = writing.org.apps.get(app) else { return Ok(sent) };
    wire::app::check_profile(row, &sent)?;
    let pushes = row.app.features.iter().any(|feature| feature.starts_with("PUSH_"));
    let user = writing.org.users.get(user).map(|row| &row.user);
    let own = |key: &str| {
        user.and_then(|user| {
            user.extra(key).cloned().or(match key {
                "email" => Some(user.login.clone().into()),
                "firstName" => Some(user.first_name.clone().into()),
                "lastName" => Some(user.last_name.clone().into()),
                _ => None,
            })
        })
    };
    // Sending a mapped value back unchanged is no harm; changing it is.
    let changes = |key: &&str| sent.get(*key).is_some_and(|value| *value != own(key).unwrap_or(Value::Null));
    match MAPPED.into_iter().find(changes) {
        Some(key) if pushes => Err(Refusal::new(
            403,
            "E0000075",
            "Cannot modify the attribute because it has a field mapping and profile push is enabled.",
        )
        .because(format!("{key}: this attribute is mapped"))),
        _ => Ok(sent),
    }
}

/// `DELETE /apps/{app}/users/{user}`: not while a group grants the app.
pub(super) fn remove(writing: &mut Writing<'_>, app: &str, id: &str) -> Result<Answer, Refusal> {
    let index = writing.app(app)?;
    let user = writing.user(id)?;
    let assigned = writing.org.apps.get(index).is_some_and(|row| row.users.contains_key(&user));
    if !assigned {
        return Err(Refusal::no_such(id, "AppUser"));
    }
    if granted(writing, index, user) {
        let text = "Deactivate application for user forbidden.";
        let cause = "The user is a member of groups that still grant access to the application";
        return Err(Refusal::new(403, "E0000046", text).because(cause));
    }
    writing.org.remove_app_user(app, id);
    Ok(no_content())
}
