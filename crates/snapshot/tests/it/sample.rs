//! A small sync: two accounts, some users, a group.

use std::path::Path;

use jiff::Timestamp;
use rolebook_snapshot::proto::resource_type::Trait;
use rolebook_snapshot::proto::{
    Entitlement, Grant, GrantExpandable, GrantMetadata, Resource, ResourceId, ResourceType, UserTrait,
};
use rolebook_snapshot::{
    Error, GrantFilter, Limits, Sealed, Snapshot, SnapshotWriter, SyncId, WriterOptions, annotation, json,
};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn start() -> Timestamp {
    at("2026-03-01T10:00:00.25Z")
}

pub(crate) fn end() -> Timestamp {
    at("2026-03-01T10:05:00Z")
}

pub(crate) fn sync_id(seed: u8) -> SyncId {
    SyncId::new(1_800_000_000 + i64::from(seed), [seed; 16])
}

pub(crate) fn options(target: &Path, seed: u8) -> WriterOptions {
    WriterOptions::new(target.into(), sync_id(seed), start())
}

pub(crate) fn group_member() -> String {
    "group:00g1:member".into()
}

/// Every record of the sample, sorted.
#[derive(Debug)]
pub(crate) struct Records {
    pub types: Vec<ResourceType>,
    pub resources: Vec<Resource>,
    pub entitlements: Vec<Entitlement>,
    pub grants: Vec<Grant>,
}

pub(crate) fn records() -> Records {
    let account = ResourceId::new("account", "111122223333");
    let group = ResourceId::new("group", "00g1");
    let ann = ResourceId::new("user", "00u1");
    let mut user = Resource::new(ann.clone(), "Ann");
    let profile =
        serde_json::json!({"login": "ann@acme.test", "n": 3, "nested": {"b": [1, null], "a": true}});
    let profile = json::to_struct(profile.as_object().unwrap());
    user.profile = Some(profile.clone());
    let user_trait =
        UserTrait { login: "ann@acme.test".into(), profile: Some(profile), ..UserTrait::default() };
    annotation::put(&mut user.annotations, &user_trait);
    let mut child = Resource::new(ResourceId::new("user", "00u2"), "Bob");
    child.parent_resource_id = Some(group.clone());

    let admin = Entitlement::assignment(Resource::new(account.clone(), "prod"), "Admin");
    let member = Entitlement::assignment(Resource::new(group.clone(), "Ops"), "member");

    let mut by_group = Grant::new(&admin.id, account.clone(), group.clone());
    let expandable = GrantExpandable { entitlement_ids: vec![group_member()], ..GrantExpandable::default() };
    annotation::put(&mut by_group.annotations, &expandable);
    let mut by_user = Grant::new(&admin.id, account.clone(), ann.clone());
    let metadata = json::to_struct(serde_json::json!({"source": "own"}).as_object().unwrap());
    annotation::put(&mut by_user.annotations, &GrantMetadata { metadata: Some(metadata) });

    Records {
        types: vec![
            ResourceType::new("account", "Account", &[]),
            ResourceType::new("group", "Group", &[Trait::Group]),
            ResourceType::new("user", "User", &[Trait::User]),
        ],
        resources: vec![Resource::new(account, "prod"), Resource::new(group.clone(), "Ops"), user, child],
        grants: vec![by_group, by_user, Grant::new(&member.id, group, ann)],
        entitlements: vec![admin, member],
    }
}

pub(crate) fn write_all(writer: &mut SnapshotWriter, records: &Records) -> Result<(), Error> {
    records.types.iter().try_for_each(|row| writer.resource_type(row))?;
    records.resources.iter().try_for_each(|row| writer.resource(row))?;
    records.entitlements.iter().try_for_each(|row| writer.entitlement(row))?;
    records.grants.iter().try_for_each(|row| writer.grant(row))
}

pub(crate) fn seal(target: &Path, seed: u8) -> Sealed {
    let mut writer = SnapshotWriter::create(options(target, seed)).unwrap();
    write_all(&mut writer, &records()).unwrap();
    writer.seal(end(), None).unwrap()
}

pub(crate) fn open(path: &Path) -> Snapshot {
    Snapshot::open(path, &Limits::default()).unwrap()
}

/// Grants with their `GrantExpandable` put back where the sample has it.
pub(crate) fn read_grants(snapshot: &Snapshot, sync: &SyncId, filter: GrantFilter<'_>) -> Vec<Grant> {
    let mut grants = Vec::new();
    let listed = snapshot.rows(sync).grants(filter, |row| {
        let mut grant = row.grant()?;
        if let Some(expandable) = row.expandable()? {
            annotation::put(&mut grant.annotations, &expandable);
        }
        grants.push(grant);
        Ok::<_, Error>(())
    });
    listed.unwrap();
    grants
}

pub(crate) fn read_all(snapshot: &Snapshot, sync: &SyncId) -> Records {
    let rows = snapshot.rows(sync);
    let (mut types, mut resources, mut entitlements) = (Vec::new(), Vec::new(), Vec::new());
    rows.resource_types(|row| {
        let _: () = types.push(row);
        Ok::<_, Error>(())
    })
    .unwrap();
    rows.resources(None, |row| {
        let _: () = resources.push(row);
        Ok::<_, Error>(())
    })
    .unwrap();
    rows.entitlements(None, |row| {
        let _: () = entitlements.push(row);
        Ok::<_, Error>(())
    })
    .unwrap();
    Records { types, resources, entitlements, grants: read_grants(snapshot, sync, GrantFilter::All) }
}
