//! API tokens are renamed and revoked, rate-limit settings changed, event hooks registered, clients made admins.

use serde_json::{Map, Value};

use super::{Writing, no_content};
use crate::answer::{Answer, client};
use crate::org::{AdminRole, Hook, TokenFacts, token_id};
use crate::refusal::Refusal;
use crate::route::Route;
use crate::token::TokenRole;

/// Event types that one hook may ask for.
const TYPES_PER_HOOK: usize = 300;

impl Writing<'_> {
    /// An API token by its id; `current` is the one that asks.
    fn api_token(&self, id: &str) -> Result<TokenFacts, Refusal> {
        let id = if id == "current" { token_id(self.token) } else { id.to_owned() };
        let found = self.org.api_tokens(self.options).into_iter().find(|facts| facts.id == id);
        found.ok_or_else(|| Refusal::no_such(&id, "ApiToken"))
    }

    /// Of the body, what is among these keys.
    fn given(&self, keys: &[&str]) -> Map<String, Value> {
        let body = self.object("").unwrap_or_default();
        body.into_iter().filter(|(key, _)| keys.contains(&key.as_str())).collect()
    }
}

pub(super) fn change_token(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    let facts = writing.api_token(id)?;
    writing.required("/name")?;
    let given = writing.given(&["name", "network"]);
    writing.org.change_token(&facts.id, given);
    writing.shown(Route::ApiToken(&facts.id))
}

pub(super) fn revoke_token(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    let facts = writing.api_token(id)?;
    writing.org.revoke_token(&facts);
    Ok(no_content())
}

pub(super) fn set_rate(writing: &mut Writing<'_>, name: &str) -> Result<Answer, Refusal> {
    let known = writing.org.rate_setting(name).ok_or_else(Refusal::no_such_path)?;
    let keys: Vec<&str> = known.keys().map(String::as_str).collect();
    let given = writing.given(&keys);
    if let Some((key, _)) = given.iter().find(|(key, value)| {
        known.get(*key).is_some_and(|known| std::mem::discriminant(known) != std::mem::discriminant(*value))
    }) {
        return Err(Refusal::invalid(key, format!("{key}: the value is of another type")));
    }
    writing.org.set_rate_setting(name, given);
    writing.shown(Route::RateSetting(name))
}

pub(super) fn create_hook(writing: &mut Writing<'_>) -> Result<Answer, Refusal> {
    let name = writing.required("/name")?;
    writing.required("/channel/type")?;
    writing.required("/channel/config/uri")?;
    if writing.required("/events/type")? != "EVENT_TYPE" {
        return Err(Refusal::invalid("events.type", "events.type: must be EVENT_TYPE"));
    }
    let events = writing.body.pointer("/events").cloned().unwrap_or_default();
    let items = events.pointer("/items").and_then(Value::as_array).map_or(0, Vec::len);
    if items == 0 || items > TYPES_PER_HOOK {
        let cause = format!("events.items: 1 to {TYPES_PER_HOOK} event types");
        return Err(Refusal::invalid("events.items", cause));
    }
    let id = writing.org.ids.next("who");
    let hook = Hook {
        id: id.clone(),
        name,
        events,
        channel: writing.body.pointer("/channel").cloned().unwrap_or_default(),
        created: writing.org.now,
        created_by: writing.org.actor.id.clone(),
    };
    writing.org.control.hooks.push(hook);
    writing.shown(Route::EventHook(&id))
}

/// The fake knows the roles that its tokens can have; together they must be one of those.
pub(super) fn grant_client(writing: &mut Writing<'_>, id: &str) -> Result<Answer, Refusal> {
    let held = writing.org.client_role(id, client(&writing.options.service_apps, id)?.rights_role());
    let kind = writing.required("/type")?;
    let role = AdminRole::ALL.into_iter().find(|role| role.as_str() == kind).ok_or_else(|| {
        Refusal::new(400, "E0000091", "The provided role type was not the same as required role type.")
    })?;
    let wanted = match role {
        AdminRole::SuperAdmin => TokenRole::Super,
        AdminRole::ReadOnlyAdmin => TokenRole::ReadOnly,
        AdminRole::AppAdmin => TokenRole::AppAdmin,
        AdminRole::GroupAdmin => TokenRole::GroupAdmin,
        _ => return Err(not_here()),
    };
    if held == wanted {
        return Err(Refusal::new(409, "E0000090", "Duplicate role assignment exception."));
    }
    if held != TokenRole::NoRole && wanted != TokenRole::Super {
        return Err(not_here());
    }
    writing.org.set_client_role(id, wanted);
    let assignment = crate::answer::assignment_id(id, role);
    let shown = writing.shown(Route::ClientRole(id, &assignment))?;
    Ok(Answer { status: 201, ..shown })
}

fn not_here() -> Refusal {
    Refusal::new(501, "E0000052", "This endpoint has not been implemented.")
}
