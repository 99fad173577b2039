//! People.

use rolebook_federation::UserStatus;
use rolebook_snapshot::{
    Error, SnapshotWriter, annotation, json,
    proto::{
        Resource, ResourceId, Status, UserTrait,
        status::ResourceStatus,
        user_trait::{self, AccountType, Email, StructuredName},
    },
    time,
};
use serde_json::{Map, Value};

use super::profile::display_name;
use crate::{
    Facts, Person,
    words::{USER, key},
};

pub(super) fn resources(facts: &Facts, writer: &mut SnapshotWriter) -> Result<(), Error> {
    for record in &facts.users {
        let person = &record.person;
        let mut profile: Map<String, Value> = serde_json::from_str(&person.profile).unwrap_or_default();
        if let Some(status) = &person.status {
            profile.insert(key::OKTA_STATUS.to_owned(), status.as_str().into());
        }
        let profile = json::to_struct(&profile);
        let status = resource_status(person);
        let details = person.status.clone().unwrap_or_default();

        let mut resource = Resource::new(
            ResourceId::new(USER, record.id.as_str()),
            &display_name(&person.display_name, record.id.as_str()),
        );
        resource.annotations.push(annotation::pack(&user_trait(person, status, &details, &profile)));
        resource.profile = Some(profile);
        resource.status = Some(Status { status: status as i32, details });
        resource.created_at = person.created.map(time::to_proto);
        writer.resource(&resource)?;
    }
    Ok(())
}

/// Whether the person can sign in, in Baton's words; a status that Okta did not show is no statement.
fn resource_status(person: &Person) -> ResourceStatus {
    match UserStatus::parse(person.status.as_deref()) {
        UserStatus::CanSignIn => ResourceStatus::Enabled,
        UserStatus::CannotSignIn => ResourceStatus::Disabled,
        UserStatus::Unknown => ResourceStatus::Unspecified,
    }
}

fn user_trait(
    person: &Person,
    status: ResourceStatus,
    details: &str,
    profile: &prost_types::Struct,
) -> UserTrait {
    let email = |address: &Option<String>, is_primary| {
        address.as_ref().map(|address| Email { address: address.clone(), is_primary })
    };
    let name = (person.given_name.is_some() || person.family_name.is_some()).then(|| StructuredName {
        given_name: person.given_name.clone().unwrap_or_default(),
        family_name: person.family_name.clone().unwrap_or_default(),
        ..StructuredName::default()
    });
    // readers before SDK 0.25 look for status, profile and dates on the trait only
    UserTrait {
        emails: [email(&person.email, true), email(&person.second_email, false)]
            .into_iter()
            .flatten()
            .collect(),
        status: Some(user_trait::Status { status: status as i32, details: details.to_owned() }),
        profile: Some(profile.clone()),
        account_type: AccountType::Human as i32,
        login: person.login.clone().unwrap_or_default(),
        login_aliases: person.login.as_deref().and_then(login_alias).into_iter().collect(),
        created_at: person.created.map(time::to_proto),
        last_login: person.last_login.map(time::to_proto),
        structured_name: name,
        employee_ids: person.employee_ids.clone(),
        ..UserTrait::default()
    }
}

/// The part before the `@`, when there is exactly one.
fn login_alias(login: &str) -> Option<String> {
    let (alias, rest) = login.split_once('@')?;
    (!alias.is_empty() && !rest.contains('@')).then(|| alias.to_owned())
}
