//! App users and app groups.

use serde_json::{Map, Value, json};

use super::Root;
use super::user::Detail;
use crate::json::{Object, object};
use crate::org::{AppRow, AppUserRow, Org, Profile, Scope, UserRow};

/// The app user properties of the AWS app, in the order in which Okta shows them.
const AWS_PROPERTIES: [&str; 8] =
    ["email", "firstName", "lastName", "mobilePhone", "secondEmail", "role", "samlRoles", "idpRolePairs"];

pub(crate) fn write_user(
    out: &mut Vec<u8>,
    root: &Root<'_>,
    org: &Org,
    app: &AppRow,
    (index, row): (usize, &AppUserRow),
    expand: bool,
) {
    let Some(user) = org.users.get(index) else { return };
    let granting = match row.scope {
        Some(Scope::Group) => app.granting(org, index),
        Some(Scope::User) | None => Vec::new(),
    };
    object(out, |o| {
        o.text("id", &user.user.id);
        o.null("externalId");
        o.time("created", row.created);
        o.time("lastUpdated", row.last_updated);
        if let Some(scope) = row.scope {
            o.text("scope", scope.as_str());
        }
        o.text("status", &row.status);
        o.time("statusChanged", row.created);
        o.null("passwordChanged");
        o.text("syncState", "DISABLED");
        let user_name = row.user_name.as_deref().unwrap_or(&user.user.login);
        o.object("credentials", |o| o.text("userName", user_name));
        match &row.profile {
            Profile::Raw(raw) => o.value("profile", raw),
            Profile::Attributes(set) => o.object("profile", |o| profile(o, app, user, set)),
            Profile::Unset => {
                let from_groups = app.profile_from_groups(&granting);
                o.object("profile", |o| profile(o, app, user, &from_groups));
            }
        }
        o.object("_links", |o| {
            o.link("app", format_args!("{root}/apps/{}", app.app.id));
            if let Some(group) = granting.first().and_then(|winner| org.groups.get(winner.group)) {
                o.object("group", |o| {
                    o.maybe("name", group.group.name.as_deref());
                    o.text("href", &format!("{root}/groups/{}", group.group.id));
                });
            }
            o.link("user", format_args!("{root}/users/{}", user.user.id));
        });
        if expand {
            o.object("_embedded", |o| {
                let mut embedded = Vec::new();
                super::user::write(&mut embedded, root, user, Detail::Listed, true);
                o.raw("user", &embedded);
            });
        }
    });
}

/// Every property of the app's schema, unset ones as `null`, then whatever else was set.
fn profile(o: &mut Object<'_>, app: &AppRow, user: &UserRow, set: &Map<String, Value>) {
    let properties: &[&str] =
        if app.app.is_aws() { &AWS_PROPERTIES } else { AWS_PROPERTIES.get(..5).unwrap_or_default() };
    for key in properties {
        match (set.get(*key), *key) {
            (Some(value), _) => o.value(key, value),
            (None, "email") => o.text(key, &user.user.login),
            (None, "firstName") => o.text(key, &user.user.first_name),
            (None, "lastName") => o.text(key, &user.user.last_name),
            (None, "idpRolePairs") => o.value(key, &json!([])),
            (None, _) => o.null(key),
        }
    }
    for (key, value) in set {
        if !properties.contains(&key.as_str()) {
            o.value(key, value);
        }
    }
}

pub(crate) fn write_group(
    out: &mut Vec<u8>,
    root: &Root<'_>,
    org: &Org,
    app: &AppRow,
    place: usize,
    expand: bool,
) {
    let Some(row) = app.groups.rows().get(place) else { return };
    let Some(group) = org.groups.get(row.group) else { return };
    let id = &group.group.id;
    object(out, |o| {
        o.text("id", id);
        o.time("lastUpdated", row.last_updated);
        o.number("priority", row.priority);
        match &row.profile {
            Profile::Unset => o.value("profile", &json!({})),
            Profile::Raw(raw) => o.value("profile", raw),
            Profile::Attributes(set) => o.object("profile", |o| {
                for key in ["role", "samlRoles"] {
                    match set.get(key) {
                        Some(value) => o.value(key, value),
                        None if app.app.is_aws() => o.null(key),
                        None => {}
                    }
                }
                for (key, value) in set {
                    if key != "role" && key != "samlRoles" {
                        o.value(key, value);
                    }
                }
            }),
        }
        o.object("_links", |o| {
            o.link("app", format_args!("{root}/apps/{}", app.app.id));
            o.link("self", format_args!("{root}/apps/{}/groups/{id}", app.app.id));
            o.link("group", format_args!("{root}/groups/{id}"));
        });
        if expand {
            o.object("_embedded", |o| {
                let mut embedded = Vec::new();
                super::group::write(&mut embedded, root, org, row.group, group, Default::default());
                o.raw("group", &embedded);
            });
        }
    });
}
