//! An app, its schema and the metadata links around it.

use serde_json::{Map, Value, json};

use super::Root;
use crate::json::{Object, object};
use crate::org::{AppRow, Org};
use crate::refusal::Refusal;

pub(crate) fn write(out: &mut Vec<u8>, root: &Root<'_>, org: &Org, row: &AppRow) {
    object(out, |o| fields(o, root, org, row));
}

pub(crate) fn fields(o: &mut Object<'_>, root: &Root<'_>, org: &Org, row: &AppRow) {
    let app = &row.app;
    let swa = app.sign_on_mode.as_deref() == Some("BROWSER_PLUGIN");
    o.text("id", &app.id);
    o.text("orn", &format!("orn:okta:idp:{}:apps:{}:{}", org.id, app.name, app.id));
    o.text("name", &app.name);
    o.text("label", &app.label);
    o.text("status", &app.status);
    o.time("lastUpdated", row.last_updated);
    o.time("created", row.created);
    o.value(
        "accessibility",
        &json!({"selfService": false, "errorRedirectUrl": null, "loginRedirectUrl": null}),
    );
    o.value(
        "visibility",
        &json!({"autoLaunch": false, "autoSubmitToolbar": false, "hide": {"iOS": false, "web": false},
            "appLinks": {"login": true}}),
    );
    o.texts("features", app.features.iter().map(String::as_str));
    o.maybe("signOnMode", app.sign_on_mode.as_deref());
    o.object("credentials", |o| {
        if swa {
            o.text("scheme", "EDIT_USERNAME_AND_PASSWORD");
            o.flag("revealPassword", true);
        }
        o.value("userNameTemplate", &json!({"template": "${source.login}", "type": "BUILT_IN"}));
        let kid = format!("kid-{}", app.id);
        o.value("signing", &if swa { json!({}) } else { json!({"kid": kid}) });
    });
    o.object("settings", |o| settings(o, row, swa));
    o.value("universalLogout", &json!({"status": "UNSUPPORTED", "identityStack": "NOT_SHARED"}));
    o.object("_links", |o| links(o, root, row, swa));
}

fn settings(o: &mut Object<'_>, row: &AppRow, swa: bool) {
    let app = &row.app;
    o.object("app", |o| {
        for (key, value) in &app.settings {
            o.value(key, value);
        }
    });
    o.value(
        "notifications",
        &json!({"vpn": {"network": {"connection": "DISABLED"}, "message": null, "helpUrl": null}}),
    );
    o.flag("manualProvisioning", false);
    if let Some(implicit) = app.implicit_assignment.or(swa.then_some(false)) {
        o.flag("implicitAssignment", implicit);
    }
    if swa {
        o.text("emOptInStatus", "NONE");
    } else {
        let mut sign_on = json!({"defaultRelayState": null, "ssoAcsUrlOverride": null, "audienceOverride": null,
            "recipientOverride": null, "destinationOverride": null, "attributeStatements": []});
        if let Some(all) = sign_on.as_object_mut() {
            all.extend(app.sign_on.clone());
        }
        o.value("signOn", &sign_on);
    }
    o.value("notes", &json!({"admin": null, "enduser": null}));
}

fn links(o: &mut Object<'_>, root: &Root<'_>, row: &AppRow, swa: bool) {
    let app = &row.app;
    let id = &app.id;
    let switch = if app.status == "ACTIVE" { "deactivate" } else { "activate" };
    o.link(switch, format_args!("{root}/apps/{id}/lifecycle/{switch}"));
    o.array("logo", ["medium"], |out, size| {
        object(out, |o| {
            o.text("name", size);
            o.text("href", &format!("https://ok12static.oktacdn.com/fs/bcg/4/{}.png", app.name));
            o.text("type", "image/png");
        });
    });
    o.array("appLinks", ["login"], |out, name| {
        object(out, |o| {
            o.text("name", name);
            o.text("href", &format!("{}/home/{}/{id}/272", root.0, app.name));
            o.text("type", "text/html");
        });
    });
    if !swa {
        o.object("metadata", |o| {
            o.text("href", &format!("{root}/apps/{id}/sso/saml/metadata"));
            o.text("type", "application/xml");
        });
    }
    o.link("accessPolicy", format_args!("{root}/policies/rst{id}"));
    o.link("groups", format_args!("{root}/apps/{id}/groups"));
    o.link("users", format_args!("{root}/apps/{id}/users"));
}

/// The app user schema (`/meta/schemas/apps/{id}/default`).
pub(crate) fn schema(root: &Root<'_>, row: &AppRow) -> Value {
    let app = &row.app;
    if let Some(schema) = &app.schema {
        return schema.clone();
    }
    let text = |title: &str| {
        json!({"title": title, "type": "string", "scope": "NONE", "master": {"type": "PROFILE_MASTER"},
            "permissions": [{"principal": "SELF", "action": "READ_ONLY"}]})
    };
    let mut base = Map::new();
    base.insert(
        "userName".to_owned(),
        json!({"title": "Username", "type": "string", "required": true,
        "scope": "NONE", "maxLength": 100, "master": {"type": "PROFILE_MASTER"}}),
    );
    for (key, title) in [
        ("firstName", "First name"),
        ("lastName", "Last name"),
        ("email", "Email"),
        ("mobilePhone", "Mobile phone"),
        ("secondEmail", "Secondary email"),
    ] {
        base.insert(key.to_owned(), text(title));
    }
    if app.is_aws() {
        let union = if app.union { "ENABLE" } else { "DISABLE" };
        let list = |title: &str| {
            json!({"title": title, "type": "array", "items": {"type": "string"}, "scope": "NONE", "union": union,
                "master": {"type": "PROFILE_MASTER"}})
        };
        base.insert("role".to_owned(), text("Role"));
        base.insert("samlRoles".to_owned(), list("SAML User Roles"));
        base.insert("idpRolePairs".to_owned(), list("IdP and Role Pairs (internal attribute)"));
    }
    json!({
        "id": format!("{}/meta/schemas/apps/{}/default", root.0, app.id),
        "$schema": "http://json-schema.org/draft-04/schema#",
        "name": app.name,
        "title": format!("{} User", app.label),
        "type": "object",
        "lastUpdated": format!("{:.3}", row.last_updated),
        "created": format!("{:.3}", row.created),
        "definitions": {
            "base": {"id": "#base", "type": "object", "required": ["userName"], "properties": base},
            "custom": {"id": "#custom", "type": "object", "properties": app.custom_properties, "required": []},
        },
        "properties": {"profile": {"allOf": [{"$ref": "#/definitions/base"}, {"$ref": "#/definitions/custom"}]}},
    })
}

/// Whether a profile keeps to the schema: known properties only, texts as texts, lists as lists of texts.
pub(crate) fn check_profile(row: &AppRow, profile: &Map<String, Value>) -> Result<(), Refusal> {
    let schema = schema(&Root(""), row);
    for (key, value) in profile {
        let definitions = ["base", "custom"].map(|part| format!("/definitions/{part}/properties"));
        let properties = definitions.iter().filter_map(|pointer| schema.pointer(pointer)?.as_object());
        let property = properties.into_iter().find_map(|properties| properties.get(key));
        let Some(property) = property else {
            return Err(Refusal::invalid(
                "profile",
                format!("Property name '{key}' is not defined in profile"),
            ));
        };
        let fits = match property.get("type").and_then(Value::as_str) {
            _ if value.is_null() => true,
            Some("string") => value.is_string(),
            Some("array") => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            _ => true,
        };
        if !fits {
            return Err(Refusal::invalid(
                "profile",
                format!("{key}: value does not have the type of the property"),
            ));
        }
    }
    Ok(())
}
