//! A group and a group rule.

use serde_json::Value;

use super::Root;
use crate::json::{Object, object};
use crate::org::{GroupKind, GroupRow, GroupRule, Org};

/// What `expand` asked to be embedded.
#[derive(Clone, Copy, Default)]
pub(crate) struct Embed {
    pub(crate) stats: bool,
    pub(crate) app: bool,
}

pub(crate) fn write(
    out: &mut Vec<u8>,
    root: &Root<'_>,
    org: &Org,
    index: usize,
    row: &GroupRow,
    embed: Embed,
) {
    let group = &row.group;
    let source = match &group.kind {
        GroupKind::App { source } => Some(source.as_str()),
        GroupKind::Okta | GroupKind::BuiltIn => None,
    };
    let source_app = source.and_then(|id| org.app_by_id(id));
    let windows = source_app.is_some_and(|row| row.app.name == "active_directory");
    object(out, |o| {
        o.text("id", &group.id);
        o.time("created", row.created);
        o.time("lastUpdated", row.last_updated);
        o.time("lastMembershipUpdated", row.last_membership_updated);
        o.texts("objectClass", [if windows { "okta:windows_security_principal" } else { "okta:user_group" }]);
        o.text("type", group.kind.as_str());
        if let Some(id) = source {
            o.object("source", |o| o.text("id", id));
        }
        o.object("profile", |o| profile(o, row, windows));
        o.object("_links", |o| {
            o.array("logo", ["medium", "large"], |out, size| {
                object(out, |o| {
                    o.text("name", size);
                    o.text(
                        "href",
                        &format!("https://ok12static.oktacdn.com/assets/img/logos/groups/{size}.png"),
                    );
                    o.text("type", "image/png");
                });
            });
            if let Some(id) = source {
                o.link("source", format_args!("{root}/apps/{id}"));
            }
            o.link("users", format_args!("{root}/groups/{}/users", group.id));
            o.link("apps", format_args!("{root}/groups/{}/apps", group.id));
            o.link("owners", format_args!("{root}/groups/{}/owners", group.id));
        });
        if embed.stats || embed.app {
            o.object("_embedded", |o| {
                if embed.stats {
                    stats(o, root, org, index, row);
                }
                if let (true, Some(app)) = (embed.app, source_app) {
                    o.object("app", |o| super::app::fields(o, root, org, app));
                }
            });
        }
    });
}

fn profile(o: &mut Object<'_>, row: &GroupRow, windows: bool) {
    let group = &row.group;
    let name = group.name.as_deref();
    o.maybe("name", name);
    match group.extra("description") {
        Some(text) => o.value("description", text),
        None => o.null("description"),
    }
    if windows {
        let plain = name.unwrap_or_default();
        let fallback = [
            ("groupType", "Security".to_owned()),
            ("groupScope", "Global".to_owned()),
            ("windowsDomainQualifiedName", format!("CORP\\{plain}")),
            ("samAccountName", plain.to_owned()),
            ("dn", format!("CN={plain},OU=Groups,DC=corp,DC=acme,DC=test")),
            ("externalId", format!("ext-{}", group.id)),
        ];
        for (key, text) in fallback {
            if group.extra(key).is_none() {
                o.text(key, &text);
            }
        }
    }
    for (key, value) in group.attributes.iter().flat_map(|attributes| attributes.iter()) {
        if key != "description" {
            o.value(key, value);
        }
    }
}

fn stats(o: &mut Object<'_>, root: &Root<'_>, org: &Org, index: usize, row: &GroupRow) {
    let apps = org.apps.iter().filter(|app| app.groups.place(index).is_some()).count();
    let admin = org.roles_of_group(index).next().is_some();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    o.object("stats", |o| {
        o.number("usersCount", number(row.members.len()));
        o.number("appsCount", number(apps));
        o.number("groupPushMappingsCount", 0);
        // Okta spells it this way.
        o.flag("hasAdminPrivlege", admin);
        o.object("_links", |o| {
            o.link("apps", format_args!("{root}/groups/{}/apps", row.group.id));
            o.link("users", format_args!("{root}/groups/{}/users", row.group.id));
        });
    });
}

pub(crate) fn write_rule(out: &mut Vec<u8>, root: &Root<'_>, org: &Org, rule: &GroupRule, names: bool) {
    let created = rule.created.unwrap_or(org.now);
    object(out, |o| {
        o.text("type", "group_rule");
        o.text("id", &rule.id);
        o.text("status", rule.status);
        o.text("name", &rule.name);
        o.time("created", created);
        o.time("lastUpdated", created);
        o.object("conditions", |o| {
            o.object("people", |o| {
                o.object("users", |o| o.texts("exclude", rule.excluded_users.iter().map(String::as_str)));
                o.object("groups", |o| o.value("exclude", &Value::Array(Vec::new())));
            });
            o.object("expression", |o| {
                o.text("value", &rule.expression);
                o.text("type", "urn:okta:expression:1.0");
            });
        });
        o.object("actions", |o| {
            o.object("assignUserToGroups", |o| o.texts("groupIds", rule.groups.iter().map(String::as_str)));
        });
        o.flag("allGroupsValid", rule.status != "INVALID");
        if names {
            o.object("_embedded", |o| {
                o.object("groupIdToGroupNameMap", |o| {
                    for id in &rule.groups {
                        let name = org.group_by_id(id).and_then(|(_, row)| row.group.name.as_deref());
                        o.maybe(id, name);
                    }
                });
            });
        }
        o.object("_links", |o| {
            for action in ["activate", "deactivate"] {
                o.object(action, |o| {
                    o.text("href", &format!("{root}/groups/rules/{}/lifecycle/{action}", rule.id));
                    o.object("hints", |o| o.texts("allow", ["POST"]));
                });
            }
        });
    });
}
