//! One resource row, back to what it was made of.

use rolebook_federation::{Group, GroupKind, GroupOrigin, Union, User, UserStatus};
use rolebook_snapshot::{
    annotation,
    proto::{Resource, UserTrait},
    time,
};
use serde_json::Value;

use super::{id, view::View};
use crate::{
    AccountRecord, AdminRole, AppId, AppRecord, GroupId, GroupRecord, Org, OrgId, Person, UserId, UserRecord,
    words::key,
};

pub(super) fn app(row: &Resource) -> (Org, AppRecord) {
    let profile = View::profile(row);
    let org = Org {
        id: OrgId::new(profile.owned(key::ORG_ID).unwrap_or_default()),
        name: profile.owned(key::ORG_NAME).unwrap_or_default(),
        domain: profile.owned(key::ORG_DOMAIN).unwrap_or_default(),
    };
    let app = AppRecord {
        id: AppId::new(id(row)),
        name: profile.owned(key::NAME).unwrap_or_default(),
        label: profile.owned(key::LABEL).unwrap_or_default(),
        status: profile.owned(key::STATUS).unwrap_or_default(),
        sign_on_mode: profile.owned(key::SIGN_ON_MODE),
        features: profile.texts(key::FEATURES),
        settings: profile.object(key::SETTINGS),
        sign_on: profile.value(key::SIGN_ON),
        implicit_assignment: profile.flag(key::IMPLICIT_ASSIGNMENT),
        union: match profile.text(key::UNION) {
            Some("enabled") => Union::Enabled,
            Some("disabled") => Union::Disabled,
            _ => Union::Unknown,
        },
        created: profile.time(key::CREATED),
        last_updated: profile.time(key::LAST_UPDATED),
    };
    (org, app)
}

/// What an accounts file said of an account.
pub(super) fn account(account: &View) -> Option<AccountRecord> {
    serde_json::from_value(account.value(key::GIVEN)).ok()
}

/// Every stored value of every role of an account; without `all`, but those that the catalogue lacks.
pub(super) fn role_values(account: &View, all: bool) -> Vec<String> {
    let mut values = Vec::new();
    for role in account.object(key::ROLES).values() {
        let list = |key: &str| {
            role.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
        };
        let unlisted: Vec<&str> = if all { Vec::new() } else { list(key::UNLISTED).collect() };
        values.extend(list(key::VALUES).filter(|value| !unlisted.contains(value)).map(str::to_owned));
    }
    values
}

pub(super) fn group(row: &Resource) -> GroupRecord {
    let profile = View::profile(row);
    GroupRecord {
        id: GroupId::new(id(row)),
        group: Group {
            name: profile.owned(key::NAME),
            kind: GroupKind::parse(profile.text(key::TYPE).unwrap_or_default()),
            origin: GroupOrigin {
                app_id: profile.owned(key::SOURCE_ID),
                app_name: profile.owned(key::SOURCE),
            },
            assignment: None,
        },
        created: profile.time(key::CREATED),
        last_updated: profile.time(key::LAST_UPDATED),
        last_membership_updated: profile.time(key::LAST_MEMBERSHIP_UPDATED),
        assignment_updated: None,
        members_read: profile.flag(key::MEMBERS_READ),
    }
}

pub(super) fn user(row: &Resource) -> UserRecord {
    let mut profile = View::profile(row).into_map();
    let status = match profile.remove(key::OKTA_STATUS) {
        Some(Value::String(status)) => Some(status),
        _ => None,
    };
    let found = annotation::find::<UserTrait>(&row.annotations).ok().flatten().unwrap_or_default();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let email = |primary| found.emails.iter().find(|e| e.is_primary == primary).map(|e| e.address.clone());
    // the trait is where every writer puts the date
    let trait_created = found.created_at.as_ref();
    let person = Person {
        display_name: row.display_name.clone(),
        login: some(&found.login),
        email: email(true),
        second_email: email(false),
        employee_ids: found.employee_ids.clone(),
        given_name: found.structured_name.as_ref().and_then(|name| some(&name.given_name)),
        family_name: found.structured_name.as_ref().and_then(|name| some(&name.family_name)),
        created: row.created_at.as_ref().or(trait_created).and_then(time::from_proto),
        last_login: found.last_login.as_ref().and_then(time::from_proto),
        profile: serde_json::to_string(&profile).unwrap_or_default().into(),
        status,
    };
    UserRecord {
        id: UserId::new(id(row)),
        user: User {
            status: UserStatus::parse(person.status.as_deref()),
            app_user: None,
            groups: Vec::new(),
        },
        person,
        assignment: None,
    }
}

pub(super) fn admin_role(row: &Resource) -> AdminRole {
    let profile = View::profile(row);
    AdminRole {
        kind: id(row).to_owned(),
        label: profile.owned(key::LABEL).unwrap_or_default(),
        users: Default::default(),
        groups: Default::default(),
    }
}
