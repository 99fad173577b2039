//! Groups and their members.

use rolebook_federation::{Access, GroupKind, GroupVerdict};
use rolebook_snapshot::{
    Error, SnapshotWriter, annotation,
    proto::{Entitlement, Grant, GroupTrait, Resource, ResourceId, ResourceType},
    time,
};

use super::{
    order::{Block, write_blocks},
    profile::{Profile, display_name, entitlement_immutable, member_entitlement},
};
use crate::{
    Facts, GroupRecord,
    words::{GROUP, MEMBER, USER, key},
};

pub(super) fn resources(facts: &Facts, access: &Access, writer: &mut SnapshotWriter) -> Result<(), Error> {
    for (record, verdict) in facts.groups.iter().zip(&access.verdicts) {
        let group = &record.group;
        let verdict = (*verdict != GroupVerdict::NotMapping).then(|| verdict.as_str());
        let profile = Profile::default()
            .with_some(key::NAME, group.name.as_deref())
            .with(key::TYPE, group.kind.as_str())
            .with_some(key::SOURCE_ID, group.origin.app_id.as_deref())
            .with_some(key::SOURCE, group.origin.app_name.as_deref())
            .with_some(key::MATCH, verdict)
            .with(key::MEMBERS_READ, record.members_read)
            .with_time(key::CREATED, record.created)
            .with_time(key::LAST_UPDATED, record.last_updated)
            .with_time(key::LAST_MEMBERSHIP_UPDATED, record.last_membership_updated)
            .to_struct();
        // readers before SDK 0.25 look for the profile on the trait only
        let group_trait = GroupTrait {
            profile: Some(profile.clone()),
            group_source_type: source_type(group.kind).to_owned(),
            raw_group_source_type: group.kind.as_str().to_owned(),
            ..GroupTrait::default()
        };
        let mut resource = Resource::new(ResourceId::new(GROUP, record.id.as_str()), &name(record));
        resource.annotations.push(annotation::pack(&group_trait));
        resource.profile = Some(profile);
        resource.created_at = record.created.map(time::to_proto);
        writer.resource(&resource)?;
    }
    Ok(())
}

fn name(record: &GroupRecord) -> String {
    display_name(record.group.name.as_deref().unwrap_or(""), record.id.as_str())
}

/// Baton's word for where a group lives.
fn source_type(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Okta => "native",
        GroupKind::App => "app_imported",
        GroupKind::BuiltIn => "built_in",
        GroupKind::Unknown => "",
    }
}

pub(super) fn entitlements(
    facts: &Facts,
    principals: &[ResourceType],
    writer: &mut SnapshotWriter,
) -> Result<(), Error> {
    let mut ordered: Vec<&GroupRecord> = facts.groups.iter().collect();
    ordered.sort_by_cached_key(|record| member_entitlement(record.id.as_str()));
    for record in ordered {
        let group = Resource::new(ResourceId::new(GROUP, record.id.as_str()), &name(record));
        let mut entitlement = Entitlement::assignment(group, MEMBER);
        entitlement.display_name = display_name(&format!("{} Member", name(record)), "Member");
        entitlement.description = "Is a member of the group in Okta".to_owned();
        entitlement.grantable_to = principals.iter().filter(|kind| kind.id == USER).cloned().collect();
        if matches!(record.group.kind, GroupKind::BuiltIn | GroupKind::App) {
            entitlement.annotations.push(entitlement_immutable());
        }
        writer.entitlement(&entitlement)?;
    }
    Ok(())
}

pub(super) fn grants(facts: &Facts, writer: &mut SnapshotWriter) -> Result<(), Error> {
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); facts.groups.len()];
    for (ix, user) in (0..).zip(&facts.users) {
        for group in &user.user.groups {
            if let Some(list) = members.get_mut(*group as usize) {
                list.push(ix);
            }
        }
    }
    let blocks = (0..)
        .zip(&facts.groups)
        .map(|(ix, record)| Block::new(&member_entitlement(record.id.as_str()), ix))
        .collect();
    write_blocks(blocks, writer, |ix: &usize, row| {
        let (Some(record), Some(list)) = (facts.groups.get(*ix), members.get(*ix)) else { return Ok(()) };
        let entitlement = member_entitlement(record.id.as_str());
        for user in list.iter().filter_map(|user| facts.users.get(*user as usize)) {
            row(Grant::new(
                &entitlement,
                ResourceId::new(GROUP, record.id.as_str()),
                ResourceId::new(USER, user.id.as_str()),
            ))?;
        }
        Ok(())
    })
}
