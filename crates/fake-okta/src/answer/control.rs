//! API tokens, rate-limit settings, event hooks and the admin roles of service apps.

use serde_json::Value;

use super::{Answer, Asked};
use crate::filter::{Field, Filter};
use crate::ids;
use crate::json;
use crate::oauth::ServiceApp;
use crate::org::{AdminRole, Hook, TokenFacts};
use crate::refusal::Refusal;
use crate::token::TokenRole;

/// All at once: this list has no pages.
pub(super) fn tokens(asked: &Asked<'_>) -> Answer {
    let mut body = Vec::new();
    json::array(&mut body, asked.org.api_tokens(asked.options), |out, facts| write_token(asked, out, &facts));
    Answer::ok(body)
}

pub(super) fn token(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let found = asked.org.api_tokens(asked.options).into_iter().find(|facts| facts.id == id);
    let facts = found.ok_or_else(|| Refusal::no_such(id, "ApiToken"))?;
    let mut body = Vec::new();
    write_token(asked, &mut body, &facts);
    Ok(Answer::ok(body))
}

fn write_token(asked: &Asked<'_>, out: &mut Vec<u8>, facts: &TokenFacts) {
    let root = asked.root();
    json::object(out, |o| {
        o.text("id", &facts.id);
        o.text("name", &facts.name);
        o.text("userId", &facts.user);
        o.text("clientName", "Okta API");
        o.text("tokenWindow", "P30D");
        o.value("network", &facts.network);
        o.time("expiresAt", facts.expires);
        o.time("created", facts.created);
        o.time("lastUpdated", facts.created);
        o.object("_links", |o| {
            o.link("self", format_args!("{root}/api-tokens/{}", facts.id));
            o.link("user", format_args!("{root}/users/{}", facts.user));
        });
    });
}

pub(super) fn rate_setting(asked: &Asked<'_>, name: &str) -> Result<Answer, Refusal> {
    let setting = asked.org.rate_setting(name).ok_or_else(Refusal::no_such_path)?;
    let mut body = Vec::new();
    json::value(&mut body, &Value::Object(setting));
    Ok(Answer::ok(body))
}

/// Okta gives this list for one kind of principal at a time.
pub(super) fn principal_limits(asked: &Asked<'_>) -> Result<Answer, Refusal> {
    let page = asked.sized(20, 50)?;
    let text = asked.query.get("filter").ok_or_else(|| {
        Refusal::new(400, "E0000028", "The request is missing a required parameter.")
            .because("filter: names the principalType")
    })?;
    let wanted = Filter::parse(text, &["principalType", "principalId"])?;
    let tokens = asked.org.api_tokens(asked.options).into_iter().map(|facts| (facts.id, "SSWS_TOKEN"));
    let clients = asked.options.service_apps.iter().map(|app| (app.client_id().to_owned(), "OAUTH_CLIENT"));
    let rows: Vec<(String, &str)> = tokens
        .chain(clients)
        .filter(|(id, kind)| {
            wanted.fits(&|property: &str| match property {
                "principalType" => Field::Text(kind),
                _ => Field::Text(id),
            })
        })
        .collect();
    let rows = rows.into_iter().enumerate().skip(page.mark.from);
    let time = asked.org.founded;
    Ok(asked.page(page, rows, |out, (principal, kind)| {
        json::object(out, |o| {
            o.text("id", &ids::derived("prl", &[&principal]));
            o.text("principalId", &principal);
            o.text("principalType", kind);
            o.number("defaultPercentage", i64::from(asked.options.token_share));
            o.number("defaultConcurrencyPercentage", 75);
            o.time("createdDate", time);
            o.time("lastUpdate", time);
        });
    }))
}

pub(super) fn hooks(asked: &Asked<'_>) -> Answer {
    let mut body = Vec::new();
    json::array(&mut body, &asked.org.control.hooks, |out, hook| write_hook(asked, out, hook));
    Answer::ok(body)
}

pub(super) fn hook(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let hook = asked.org.control.hooks.iter().find(|hook| hook.id == id);
    let hook = hook.ok_or_else(|| Refusal::no_such(id, "EventHook"))?;
    let mut body = Vec::new();
    write_hook(asked, &mut body, hook);
    Ok(Answer::ok(body))
}

fn write_hook(asked: &Asked<'_>, out: &mut Vec<u8>, hook: &Hook) {
    let root = asked.root();
    // The header's value is a secret: it goes in and never out.
    let mut channel = hook.channel.clone();
    if let Some(scheme) = channel.pointer_mut("/config/authScheme").and_then(Value::as_object_mut) {
        scheme.remove("value");
    }
    json::object(out, |o| {
        o.text("id", &hook.id);
        o.text("status", "ACTIVE");
        o.text("verificationStatus", "UNVERIFIED");
        o.text("name", &hook.name);
        o.time("created", hook.created);
        o.text("createdBy", &hook.created_by);
        o.time("lastUpdated", hook.created);
        o.value("events", &hook.events);
        o.value("channel", &channel);
        o.object("_links", |o| {
            o.link("self", format_args!("{root}/eventHooks/{}", hook.id));
            o.link("verify", format_args!("{root}/eventHooks/{}/lifecycle/verify", hook.id));
        });
    });
}

/// The service app of this client id.
pub(crate) fn client<'a>(apps: &'a [ServiceApp], id: &str) -> Result<&'a ServiceApp, Refusal> {
    apps.iter().find(|app| app.client_id() == id).ok_or_else(|| Refusal::no_such(id, "OAuth2AppInstance"))
}

pub(super) fn client_roles(asked: &Asked<'_>, id: &str) -> Result<Answer, Refusal> {
    let app = client(&asked.options.service_apps, id)?;
    let held = held_by(asked.org.client_role(id, app.rights_role()));
    let mut body = Vec::new();
    json::array(&mut body, held, |out, role| write_client_role(asked, out, id, *role));
    Ok(Answer::ok(body))
}

pub(super) fn client_role(asked: &Asked<'_>, id: &str, role: &str) -> Result<Answer, Refusal> {
    let app = client(&asked.options.service_apps, id)?;
    let mut held = held_by(asked.org.client_role(id, app.rights_role())).iter();
    let found = held.find(|held| assignment_id(id, **held) == role);
    let found = found.ok_or_else(|| Refusal::no_such(role, "RoleAssignment"))?;
    let mut body = Vec::new();
    write_client_role(asked, &mut body, id, *found);
    Ok(Answer::ok(body))
}

/// The admin roles that stand behind rights.
fn held_by(role: TokenRole) -> &'static [AdminRole] {
    match role {
        TokenRole::Super => &[AdminRole::SuperAdmin],
        TokenRole::ReadOnly => &[AdminRole::ReadOnlyAdmin],
        TokenRole::AppAdmin => &[AdminRole::AppAdmin],
        TokenRole::GroupAdmin => &[AdminRole::GroupAdmin],
        TokenRole::AppGroupAdmin => &[AdminRole::ReadOnlyAdmin, AdminRole::AppAdmin, AdminRole::GroupAdmin],
        TokenRole::NoRole => &[],
    }
}

pub(crate) fn assignment_id(client: &str, role: AdminRole) -> String {
    role.shared_assignment_id().unwrap_or_else(|| ids::derived("ra1", &[client, role.as_str()]))
}

fn write_client_role(asked: &Asked<'_>, out: &mut Vec<u8>, client: &str, role: AdminRole) {
    let base = asked.base;
    json::object(out, |o| {
        o.text("id", &assignment_id(client, role));
        o.text("label", role.label());
        o.text("type", role.as_str());
        o.text("status", "ACTIVE");
        o.time("created", asked.org.founded);
        o.time("lastUpdated", asked.org.founded);
        o.text("assignmentType", "CLIENT");
        o.object("_links", |o| {
            o.link("assignee", format_args!("{base}/oauth2/v1/clients/{client}"));
        });
    });
}
