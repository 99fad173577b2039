//! The AWS app and who is assigned to it.

use rolebook_federation::{GroupAssignment, RoleProfile, Union};
use rolebook_snapshot::{
    Error, SnapshotWriter, annotation, id,
    proto::{AppTrait, Entitlement, Grant, Resource, ResourceId, ResourceType, app_trait::AppFlag},
};
use serde_json::{Map, Value};

use super::profile::{Profile, describe, display_name, immutable, sources};
use crate::{
    AssignmentRecord, Facts, GroupRecord, SECRET_SETTINGS, UserRecord,
    words::{ACCESS, APP, GROUP, USER, key},
};

pub(super) fn resource(facts: &Facts, writer: &mut SnapshotWriter) -> Result<(), Error> {
    let app = &facts.app;
    let settings: Map<String, Value> = app
        .settings
        .iter()
        .filter(|(key, _)| !SECRET_SETTINGS.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let union = match app.union {
        Union::Enabled => "enabled",
        Union::Disabled => "disabled",
        Union::Unknown => "unknown",
    };
    let profile = Profile::default()
        .with(key::NAME, app.name.as_str())
        .with(key::LABEL, app.label.as_str())
        .with(key::STATUS, app.status.as_str())
        .with_some(key::SIGN_ON_MODE, app.sign_on_mode.as_deref())
        .with(key::SIGN_ON, app.sign_on.clone())
        .with(key::FEATURES, app.features.clone())
        .with(key::SETTINGS, settings)
        .with(key::UNION, union)
        .with(key::IMPLICIT_ASSIGNMENT, app.implicit_assignment)
        .with(key::ORG_ID, facts.org.id.as_str())
        .with(key::ORG_NAME, facts.org.name.as_str())
        .with(key::ORG_DOMAIN, facts.org.domain.as_str())
        .with_time(key::CREATED, app.created)
        .with_time(key::LAST_UPDATED, app.last_updated)
        .to_struct();
    let mut flags = vec![];
    if app.sign_on_mode.as_deref() == Some("SAML_2_0") {
        flags.push(AppFlag::Saml as i32);
    }
    if app.status != "ACTIVE" {
        flags.push(AppFlag::Inactive as i32);
    }
    let mut resource =
        Resource::new(ResourceId::new(APP, app.id.as_str()), &display_name(&app.label, &app.name));
    // readers before SDK 0.25 look for the profile on the trait only
    let app_trait = AppTrait { profile: Some(profile.clone()), flags, ..AppTrait::default() };
    resource.annotations.push(annotation::pack(&app_trait));
    resource.profile = Some(profile);
    writer.resource(&resource)
}

fn entitlement_id(facts: &Facts) -> String {
    id::entitlement_id(APP, facts.app.id.as_str(), ACCESS)
}

pub(super) fn entitlement(
    facts: &Facts,
    principals: &[ResourceType],
    writer: &mut SnapshotWriter,
) -> Result<(), Error> {
    let app = Resource::new(
        ResourceId::new(APP, facts.app.id.as_str()),
        &display_name(&facts.app.label, &facts.app.name),
    );
    let mut entitlement = Entitlement::assignment(app, ACCESS);
    entitlement.display_name = display_name(&format!("{} Access", facts.app.label), "Access");
    entitlement.description = "Is assigned to the app in Okta".to_owned();
    entitlement.grantable_to = principals.to_vec();
    writer.entitlement(&entitlement)
}

pub(super) fn grants(facts: &Facts, writer: &mut SnapshotWriter) -> Result<(), Error> {
    let entitlement = entitlement_id(facts);
    let app = || ResourceId::new(APP, facts.app.id.as_str());
    for group in &facts.groups {
        if let Some(assignment) = &group.group.assignment {
            let mut grant = Grant::new(&entitlement, app(), ResourceId::new(GROUP, group.id.as_str()));
            describe(&mut grant, &group_metadata(group, assignment));
            writer.grant(&grant)?;
        }
    }
    for user in &facts.users {
        if let (Some(record), Some(app_user)) = (&user.assignment, &user.user.app_user) {
            let mut grant = Grant::new(&entitlement, app(), ResourceId::new(USER, user.id.as_str()));
            describe(&mut grant, &user_metadata(record, &app_user.profile));
            if record.scope.as_deref() == Some("GROUP") {
                immutable(&mut grant);
                grant.sources = sources(assigned_groups(facts, user), None);
            }
            writer.grant(&grant)?;
        }
    }
    Ok(())
}

fn assigned_groups<'a>(facts: &'a Facts, user: &'a UserRecord) -> impl Iterator<Item = &'a str> {
    user.user
        .groups
        .iter()
        .filter_map(|ix| facts.groups.get(*ix as usize))
        .filter(|group| group.group.assignment.is_some())
        .map(|group| group.id.as_str())
}

fn group_metadata(group: &GroupRecord, assignment: &GroupAssignment) -> Profile {
    roles(Profile::default(), &assignment.profile)
        .with_some(key::PRIORITY, assignment.priority)
        .with_time(key::LAST_UPDATED, group.assignment_updated)
}

fn user_metadata(record: &AssignmentRecord, profile: &RoleProfile) -> Profile {
    roles(Profile::default(), profile)
        .with_some(key::SCOPE, record.scope.as_deref())
        .with(key::STATUS, record.status.as_str())
        .with_some(key::USER_NAME, record.user_name.as_deref())
        .with_some(key::NAMED_GROUP, record.named_group.as_ref().map(crate::GroupId::as_str))
        .with_time(key::CREATED, record.created)
        .with_time(key::LAST_UPDATED, record.last_updated)
        .with_time(key::STATUS_CHANGED, record.status_changed)
}

/// `role` is one string in nearly every org; only where Okta holds a list is a list written.
fn roles(metadata: Profile, profile: &RoleProfile) -> Profile {
    let metadata = metadata.with_list(key::SAML_ROLES, &profile.saml_roles);
    match profile.role.as_slice() {
        [one] => metadata.with(key::ROLE, one.as_str()),
        several => metadata.with_list(key::ROLE, several),
    }
}
