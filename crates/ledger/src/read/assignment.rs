//! One grant row's metadata, back to the assignment it came from.

use rolebook_federation::{AppUser, AppUserStatus, GroupAssignment, RoleProfile, Scope};
use rolebook_snapshot::{
    annotation,
    proto::{Grant, GrantImmutable},
};
use serde_json::Value;

use super::view::View;
use crate::{
    AdminHolder, AssignmentRecord, GroupId, GroupRecord, UserRecord,
    words::{GROUP, MEMBER, key},
};

fn profile(metadata: &View) -> RoleProfile {
    RoleProfile { saml_roles: metadata.texts(key::SAML_ROLES), role: metadata.texts(key::ROLE) }
}

pub(super) fn group(metadata: &View, group: &mut GroupRecord) {
    group.group.assignment =
        Some(GroupAssignment { priority: metadata.number(key::PRIORITY), profile: profile(metadata) });
    group.assignment_updated = metadata.time(key::LAST_UPDATED);
}

pub(super) fn user(metadata: &View, user: &mut UserRecord) {
    let record = AssignmentRecord {
        scope: metadata.owned(key::SCOPE),
        status: metadata.owned(key::STATUS).unwrap_or_default(),
        user_name: metadata.owned(key::USER_NAME),
        named_group: metadata.text(key::NAMED_GROUP).map(GroupId::new),
        created: metadata.time(key::CREATED),
        last_updated: metadata.time(key::LAST_UPDATED),
        status_changed: metadata.time(key::STATUS_CHANGED),
    };
    user.user.app_user = Some(AppUser {
        scope: Scope::parse(record.scope.as_deref()),
        status: AppUserStatus::parse(&record.status),
        profile: profile(metadata),
    });
    user.assignment = Some(record);
}

pub(super) fn admin(grant: &Grant, metadata: &View) -> AdminHolder {
    let group_of = |entitlement: &String| {
        let id =
            entitlement.strip_prefix(GROUP)?.strip_prefix(':')?.strip_suffix(MEMBER)?.strip_suffix(':')?;
        Some(GroupId::new(id))
    };
    AdminHolder {
        direct: !annotation::has::<GrantImmutable>(&grant.annotations),
        groups: grant
            .sources
            .iter()
            .flat_map(|sources| sources.sources.keys())
            .filter_map(group_of)
            .collect(),
        outside: metadata
            .list(key::OUTSIDE_GROUPS)
            .iter()
            .filter_map(|group| {
                let id = group.get("id")?.as_str()?;
                Some((GroupId::new(id), group.get("name").and_then(Value::as_str).map(str::to_owned)))
            })
            .collect(),
        targets: metadata.texts(key::TARGETS),
    }
}
