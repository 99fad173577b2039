//! A user.

use super::Root;
use crate::json::{Object, object};
use crate::org::{GroupRule, UserRow, UserStatus};

/// How much of a user is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// As in lists: `_links` has `self` only.
    Listed,
    /// As by id: `_links` has what can be done with it.
    Whole,
}

const BASE: [&str; 6] = ["firstName", "lastName", "mobilePhone", "secondEmail", "login", "email"];

pub(crate) fn write(out: &mut Vec<u8>, root: &Root<'_>, row: &UserRow, detail: Detail, credentials: bool) {
    object(out, |o| fields(o, root, row, detail, credentials));
}

/// A member of a group, with the rules that hold it there.
pub(crate) fn write_member<'r>(
    out: &mut Vec<u8>,
    root: &Root<'_>,
    row: &UserRow,
    rules: impl Iterator<Item = &'r GroupRule>,
) {
    object(out, |o| {
        fields(o, root, row, Detail::Listed, true);
        o.object("_embedded", |o| {
            o.array("group-rules", rules, |out, rule| {
                object(out, |o| {
                    o.text("id", &rule.id);
                    o.text("name", &rule.name);
                });
            });
        });
    });
}

fn fields(o: &mut Object<'_>, root: &Root<'_>, row: &UserRow, detail: Detail, credentials: bool) {
    let user = &row.user;
    let active = !matches!(user.status, UserStatus::Staged | UserStatus::Deprovisioned);
    o.text("id", &user.id);
    o.text("status", user.status.as_str());
    o.time("created", row.created);
    o.maybe_time("activated", active.then_some(row.created));
    o.time("statusChanged", row.status_changed);
    o.maybe_time("lastLogin", user.last_login);
    o.time("lastUpdated", row.last_updated);
    o.maybe_time("passwordChanged", active.then_some(row.created));
    o.object("type", |o| o.text("id", "oty1a2b3c4d5e6f7g8h9"));
    o.object("profile", |o| profile(o, row));
    if credentials {
        o.object("credentials", |o| {
            o.object("provider", |o| {
                o.text("type", "OKTA");
                o.text("name", "OKTA");
            });
        });
    }
    o.object("_links", |o| {
        if detail == Detail::Whole {
            actions(o, root, row);
        }
        o.link("self", format_args!("{root}/users/{}", user.id));
    });
}

fn profile(o: &mut Object<'_>, row: &UserRow) {
    let user = &row.user;
    for key in BASE {
        if let Some(value) = user.extra(key) {
            o.value(key, value);
            continue;
        }
        match key {
            "firstName" => o.text(key, &user.first_name),
            "lastName" => o.text(key, &user.last_name),
            "login" | "email" => o.text(key, &user.login),
            _ => o.null(key),
        }
    }
    for (key, value) in user.attributes.iter().flat_map(|attributes| attributes.iter()) {
        if !BASE.contains(&key.as_str()) {
            o.value(key, value);
        }
    }
}

fn actions(o: &mut Object<'_>, root: &Root<'_>, row: &UserRow) {
    let id = &row.user.id;
    let possible: &[&str] = match row.user.status {
        UserStatus::Staged => &["activate", "deactivate"],
        UserStatus::Provisioned => &["reactivate", "deactivate"],
        UserStatus::Suspended => &["unsuspend", "deactivate"],
        UserStatus::LockedOut => &["unlock", "deactivate"],
        UserStatus::Deprovisioned => &["activate", "delete"],
        _ => &["suspend", "deactivate"],
    };
    for action in possible {
        o.object(action, |o| {
            o.text("href", &format!("{root}/users/{id}/lifecycle/{action}"));
            o.text("method", "POST");
        });
    }
}
