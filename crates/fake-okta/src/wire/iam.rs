//! Custom roles, resource sets and bindings.

use super::Root;
use crate::json::object;
use crate::org::{CustomRole, Holder, Org, ResourceSetRow};

pub(crate) fn write_role(out: &mut Vec<u8>, root: &Root<'_>, org: &Org, role: &CustomRole) {
    let created = role.created.unwrap_or(org.founded);
    object(out, |o| {
        o.text("id", &role.id);
        o.text("label", &role.label);
        o.text("description", &role.description);
        o.time("created", created);
        o.time("lastUpdated", created);
        o.object("_links", |o| {
            o.link("permissions", format_args!("{root}/iam/roles/{}/permissions", role.id));
            o.link("self", format_args!("{root}/iam/roles/{}", role.id));
        });
    });
}

pub(crate) fn write_permission(
    out: &mut Vec<u8>,
    root: &Root<'_>,
    org: &Org,
    role: &CustomRole,
    label: &str,
) {
    let created = role.created.unwrap_or(org.founded);
    object(out, |o| {
        o.text("label", label);
        o.null("conditions");
        o.time("created", created);
        o.time("lastUpdated", created);
        o.object("_links", |o| {
            o.link("role", format_args!("{root}/iam/roles/{}", role.id));
            o.link("self", format_args!("{root}/iam/roles/{}/permissions/{label}", role.id));
        });
    });
}

pub(crate) fn write_set(out: &mut Vec<u8>, root: &Root<'_>, set: &ResourceSetRow) {
    object(out, |o| {
        o.text("id", &set.id);
        o.text("label", &set.label);
        o.text("description", &set.description);
        o.time("created", set.created);
        o.time("lastUpdated", set.created);
        o.object("_links", |o| {
            let here = format!("{root}/iam/resource-sets/{}", set.id);
            o.link("self", format_args!("{here}"));
            o.link("resources", format_args!("{here}/resources"));
            o.link("bindings", format_args!("{here}/bindings"));
        });
    });
}

pub(crate) fn write_resource(
    out: &mut Vec<u8>,
    root: &Root<'_>,
    org: &Org,
    set: &ResourceSetRow,
    (id, resource): &(String, String),
) {
    let path = resource.strip_prefix("/api/v1/");
    object(out, |o| {
        o.text("id", id);
        match path {
            Some(path) => {
                o.text("orn", &format!("orn:okta:directory:{}:{}", org.id, path.replace('/', ":")));
            }
            None => o.text("orn", resource),
        }
        o.time("created", set.created);
        o.time("lastUpdated", set.created);
        o.object("_links", |o| {
            if let Some(path) = path {
                let kind = path.split('/').next().unwrap_or(path);
                o.link(kind, format_args!("{root}/{path}"));
            }
        });
    });
}

pub(crate) fn write_binding(out: &mut Vec<u8>, root: &Root<'_>, set: &str, role: &str) {
    let here = format!("{root}/iam/resource-sets/{set}/bindings/{role}");
    object(out, |o| {
        o.text("id", role);
        o.object("_links", |o| {
            o.link("self", format_args!("{here}"));
            o.link("members", format_args!("{here}/members"));
        });
    });
}

/// A member of a binding: who it is stands only in the link.
pub(crate) fn write_member(
    out: &mut Vec<u8>,
    root: &Root<'_>,
    org: &Org,
    set: &ResourceSetRow,
    (id, holder): &(String, Holder),
) {
    let (kind, who) = match holder {
        Holder::User(user) => ("users", org.user_id(*user)),
        Holder::Group(group) => ("groups", org.group_id(*group)),
    };
    object(out, |o| {
        o.text("id", id);
        o.time("created", set.created);
        o.time("lastUpdated", set.created);
        o.object("_links", |o| o.link("self", format_args!("{root}/{kind}/{who}")));
    });
}
