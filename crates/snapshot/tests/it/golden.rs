//! Files of the Go writers.

use std::path::PathBuf;

use rolebook_snapshot::proto::{GrantImmutable, ResourceType, UserTrait, resource_type::Trait};
use rolebook_snapshot::{Error, GrantFilter, Limits, Snapshot, annotation};

use crate::sample::{open, read_all};

pub(crate) fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn counts_of_files_of_both_schemas() {
    for (name, expected) in [
        ("fed_direct_join1_union0_ext.c1z", [3, 14, 9, 27]),
        ("fed_map_acctfirst_ext.c1z", [3, 18, 13, 34]),
        ("okta_map_acctfirst_sqlite.c1z", [5, 28, 20, 23]),
    ] {
        let snapshot = open(&golden(name));
        let sync = snapshot.latest_full().unwrap();
        let rows = snapshot.rows(&sync.id);
        let stats = rows.stats().unwrap();
        assert_eq!(
            [stats.resource_types, stats.resources, stats.entitlements, stats.grants],
            expected,
            "{name}"
        );
        assert_eq!(rows.count().unwrap().grants, stats.grants, "{name}");
        let all = read_all(&snapshot, &sync.id);
        let read = [all.types.len(), all.resources.len(), all.entitlements.len(), all.grants.len()];
        assert_eq!(read.map(|len| u64::try_from(len).unwrap()), expected, "{name}");
    }
}

#[test]
fn known_rows_of_the_current_schema() {
    let snapshot = open(&golden("okta_map_acctfirst_sqlite.c1z"));
    let sync = snapshot.latest_full().unwrap();
    assert_eq!(sync.id.as_str(), "3MXADWZdtT9h3XGF5PQ8j6cdwKC");
    assert_eq!(sync.started_at.to_string(), "2026-11-24T02:13:39.14758061Z");
    assert_eq!(sync.ended_at.unwrap().to_string(), "2026-11-24T02:13:39.329919855Z");
    assert_eq!(sync.stats.as_ref().unwrap().resources_by_resource_type["role"], 10);

    let rows = snapshot.rows(&sync.id);
    assert_eq!(rows.resource_type("group").unwrap().unwrap().traits, [Trait::Group as i32]);
    let app = rows.resource("app", "0oaX").unwrap().unwrap();
    assert_eq!(app.id.unwrap().resource, "0oaX");
    let access = rows.entitlement("app:0oaX:access").unwrap().unwrap();
    assert_eq!(access.resource.unwrap().id.unwrap().resource_type, "app");
    let grant = rows.grant("group:00gA1:member:user:00u01").unwrap().unwrap();
    assert_eq!(grant.principal.unwrap().id.unwrap().resource, "00u01");
    let mut users = 0;
    let listed = rows.resources(Some("user"), |user| {
        users += 1;
        let user_trait: UserTrait = annotation::find(&user.annotations).unwrap().unwrap();
        assert!(!user_trait.emails.is_empty());
        Ok::<_, Error>(())
    });
    listed.unwrap();
    assert_eq!(users, 8);
    assert_eq!(rows.grant("nothing").unwrap(), None);
    assert_eq!(rows.resource_type("nothing").unwrap(), None::<ResourceType>);
}

#[test]
fn the_oldest_schema_keeps_expansions_in_the_record() {
    let snapshot = open(&golden("fed_map_acctfirst_ext.c1z"));
    let sync = snapshot.latest_full().unwrap();
    let (mut expandable, mut immutable) = (Vec::new(), 0);
    let listed = snapshot.rows(&sync.id).grants(GrantFilter::ResourceType("account"), |row| {
        assert_eq!(row.expansion, None);
        let grant = row.grant()?;
        assert!(!grant.annotations.iter().any(|any| any.type_url.ends_with("GrantExpandable")));
        immutable += u32::from(annotation::has::<GrantImmutable>(&grant.annotations));
        expandable.extend(row.expandable()?.map(|found| (grant.id, found.entitlement_ids)));
        Ok::<_, Error>(())
    });
    listed.unwrap();
    assert_eq!(expandable.len(), 5);
    let (grant, sources) = &expandable[0];
    assert_eq!(grant, "account:123456789012:Admin:group:00gA1");
    assert_eq!(sources, &["group:00gA1:member"]);
    assert!(immutable > 0);
}

#[test]
fn version_3_is_refused_with_the_way_out() {
    let error = Snapshot::open(&golden("okta_map_acctfirst_pebble.c1z"), &Limits::default()).unwrap_err();
    assert!(matches!(error, Error::Pebble { .. }));
    assert!(error.to_string().contains("--storage-engine sqlite"), "{error}");
}
