//! Admin role assignments and their targets.

use super::Root;
use crate::json::{self, Object, object};
use crate::org::{AdminRole, AppRow, BoundRole, Holder, Org, RoleRow};

/// What `expand` asked to be embedded.
#[derive(Clone, Copy, Default)]
pub(crate) struct Embed {
    pub(crate) groups: bool,
    pub(crate) apps: bool,
}

pub(crate) fn write(out: &mut Vec<u8>, root: &Root<'_>, org: &Org, row: &RoleRow, embed: Embed) {
    object(out, |o| {
        o.text("id", &row.id);
        o.text("label", row.role.label());
        o.text("type", row.role.as_str());
        o.text("status", "ACTIVE");
        o.time("created", row.created);
        o.time("lastUpdated", row.created);
        let (assigned, kind, holder) = holder_of(org, row.holder);
        o.text("assignmentType", assigned);
        if embed.groups || embed.apps {
            o.object("_embedded", |o| {
                o.object("targets", |o| {
                    if embed.groups {
                        o.array("groups", group_targets(org, row), |out, index| {
                            write_group(out, root, org, index);
                        });
                    }
                    if embed.apps {
                        o.object("catalog", |o| {
                            o.array("apps", &row.targets.apps, |out, app| write_app(out, root, org, app));
                        });
                    }
                });
            });
        }
        o.object("_links", |o| links(o, root, row, kind, &holder));
    });
}

fn holder_of(org: &Org, holder: Holder) -> (&'static str, &'static str, String) {
    match holder {
        Holder::User(user) => ("USER", "users", org.user_id(user)),
        Holder::Group(group) => ("GROUP", "groups", org.group_id(group)),
    }
}

/// A custom role as it stands among a principal's roles.
pub(crate) fn write_bound(out: &mut Vec<u8>, root: &Root<'_>, org: &Org, bound: &BoundRole<'_>) {
    let (assigned, kind, holder) = holder_of(org, bound.holder);
    let label = org.find_custom_role(bound.role).map_or("", |role| role.label.as_str());
    let (set, role) = (&bound.set.id, bound.role);
    object(out, |o| {
        o.text("id", bound.id);
        o.text("label", label);
        o.text("type", "CUSTOM");
        o.text("status", "ACTIVE");
        o.time("created", bound.set.created);
        o.time("lastUpdated", bound.set.created);
        o.text("assignmentType", assigned);
        o.text("resource-set", set);
        o.text("role", role);
        o.object("_links", |o| {
            o.link("assignee", format_args!("{root}/{kind}/{holder}"));
            o.link("resource-set", format_args!("{root}/iam/resource-sets/{set}"));
            o.link("permissions", format_args!("{root}/iam/roles/{role}/permissions"));
            o.link("role", format_args!("{root}/iam/roles/{role}"));
            let members = format!("{root}/iam/resource-sets/{set}/bindings/{role}/members");
            o.link("member", format_args!("{members}/{}", bound.id));
        });
    });
}

fn links(o: &mut Object<'_>, root: &Root<'_>, row: &RoleRow, kind: &str, holder: &str) {
    o.link("assignee", format_args!("{root}/{kind}/{holder}"));
    if matches!(row.role, AdminRole::GroupAdmin | AdminRole::GroupMembershipAdmin | AdminRole::HelpDeskAdmin)
    {
        o.link("targets", format_args!("{root}/{kind}/{holder}/roles/{}/targets/groups", row.id));
    }
    if row.role == AdminRole::AppAdmin {
        o.link("targets", format_args!("{root}/{kind}/{holder}/roles/{}/targets/catalog/apps", row.id));
    }
}

/// Rows of the groups a role is limited to.
pub(crate) fn group_targets<'a>(org: &'a Org, row: &'a RoleRow) -> impl Iterator<Item = usize> + 'a {
    row.targets.groups.iter().filter_map(|id| org.group_by_id(id)).map(|(index, _)| index)
}

pub(crate) fn write_group(out: &mut Vec<u8>, root: &Root<'_>, org: &Org, index: usize) {
    if let Some(row) = org.groups.get(index) {
        super::group::write(out, root, org, index, row, Default::default());
    }
}

/// A catalogue app as target, or one instance of it when `reference` is an app id.
pub(crate) fn write_app(out: &mut Vec<u8>, root: &Root<'_>, org: &Org, reference: &str) {
    let instance: Option<&AppRow> = org.app_by_id(reference);
    let name = instance.map_or(reference, |row| row.app.name.as_str());
    let named = instance.or_else(|| org.apps.iter().find(|row| row.app.name == name));
    object(out, |o| {
        o.text("name", name);
        o.text("displayName", named.map_or(name, |row| row.app.label.as_str()));
        o.text("description", "");
        o.text("status", "ACTIVE");
        o.time("lastUpdated", named.map_or(org.now, |row| row.last_updated));
        o.text("category", "CM");
        o.text("verificationStatus", "OKTA_VERIFIED");
        o.texts("signOnModes", ["SAML_2_0"]);
        if let Some(row) = instance {
            o.text("id", &row.app.id);
        }
        o.object("_links", |o| {
            o.link("self", format_args!("{root}/catalog/apps/{name}"));
        });
    });
}

/// One entry of `/iam/assignees/users`.
pub(crate) fn write_assignee(out: &mut Vec<u8>, root: &Root<'_>, org: &Org, id: &str) {
    json::object(out, |o| {
        o.text("id", id);
        o.text("orn", &format!("orn:okta:directory:{}:users:{id}", org.id));
        o.object("_links", |o| {
            o.link("self", format_args!("{root}/users/{id}"));
            o.link("roles", format_args!("{root}/users/{id}/roles"));
        });
    });
}
