//! Records: their bytes, annotations, profiles, times.

use jiff::Timestamp;
use proptest::prelude::*;
use rolebook_snapshot::prost::Message;
use rolebook_snapshot::prost_types::Any;
use rolebook_snapshot::proto::resource_type::Trait;
use rolebook_snapshot::proto::{
    BatonId, ExternalResourceMatchId, Grant, GrantExpandable, GrantImmutable, GrantMetadata, GrantSources,
    Resource, ResourceId, ResourceType, grant_sources,
};
use rolebook_snapshot::{GrantPart, annotation, json, time};
use serde_json::{Map, Value};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn bytes_of_the_format() {
    let project = ResourceType::new("project", "project", &[]);
    assert_eq!(
        hex(&project.encode_to_vec()),
        "0A0770726F6A656374120750726F6A656374".replace("50726F", "70726F")
    );
    let group = ResourceType::new("group", "Group", &[Trait::Group]);
    assert_eq!(hex(&group.encode_to_vec()), "0A0567726F7570120547726F75701A0102");
    let principal = Resource::stub(ResourceId::new("user", "user-0000099"));
    let grant = Grant { principal: Some(principal), ..Grant::default() };
    assert_eq!(hex(&grant.encode_to_vec()), "12160A140A0475736572120C757365722D30303030303939");
}

#[test]
fn annotations_go_by_their_full_name_whatever_the_prefix() {
    let packed = annotation::pack(&ExternalResourceMatchId { id: "x".into() });
    assert_eq!(packed.type_url, "type.googleapis.com/c1.connector.v2.ExternalResourceMatchID");
    assert_eq!(annotation::pack(&BatonId {}).type_url, "type.googleapis.com/c1.connector.v2.BatonID");
    for (type_url, is) in [
        ("type.googleapis.com/c1.connector.v2.GrantImmutable", true),
        ("example.org/types/c1.connector.v2.GrantImmutable", true),
        ("/c1.connector.v2.GrantImmutable", true),
        ("c1.connector.v2.GrantImmutable", false),
        ("type.googleapis.com/xc1.connector.v2.GrantImmutable", false),
        ("type.googleapis.com/c1.connector.v3.GrantImmutable", false),
        ("type.googleapis.com/c1.connector.v2.NotGrantImmutable", false),
        ("type.googleapis.com/c1.connector.v2GrantImmutable", false),
    ] {
        let any = Any { type_url: type_url.into(), value: Vec::new() };
        assert_eq!(annotation::is::<GrantImmutable>(&any), is, "{type_url}");
    }
}

#[test]
fn annotations_are_put_found_and_taken() {
    let unknown = Any { type_url: "x/y.Z".into(), value: vec![1, 2, 3] };
    let source = |id: &str| GrantImmutable { source_id: id.into(), metadata: None };
    let mut list = vec![unknown.clone()];
    assert_eq!(annotation::find::<GrantImmutable>(&list).unwrap(), None);
    annotation::put(&mut list, &source("a"));
    annotation::put(&mut list, &source("b"));
    assert_eq!(list.len(), 2);
    assert_eq!(annotation::find(&list).unwrap(), Some(source("b")));
    list.push(annotation::pack(&source("c")));
    assert_eq!(annotation::take(&mut list).unwrap(), Some(source("b")));
    assert_eq!(list, [unknown]);

    list.push(Any { value: vec![0xff], ..annotation::pack(&GrantMetadata::default()) });
    assert!(annotation::find::<GrantMetadata>(&list).is_err());
    assert!(annotation::take::<GrantMetadata>(&mut list).is_err());
    assert_eq!(list.len(), 2);
    assert!(annotation::has::<GrantMetadata>(&list) && !annotation::has::<GrantExpandable>(&list));
}

#[test]
fn times_of_columns() {
    for (text, column) in [
        ("2025-12-17T16:31:25.05872Z", "2025-12-17 16:31:25.05872"),
        ("2026-03-01T10:00:00Z", "2026-03-01 10:00:00"),
        ("2026-03-01T12:00:00+02:00", "2026-03-01 10:00:00"),
        ("2026-03-01T10:00:00.000000001Z", "2026-03-01 10:00:00.000000001"),
    ] {
        let time: Timestamp = text.parse().unwrap();
        assert_eq!(time::to_column(time), column);
        assert_eq!(time::from_column(column), Some(time));
        assert_eq!(time::from_column(text), Some(time));
    }
    let go = "2026-03-01T10:00:00.5Z".parse().unwrap();
    assert_eq!(time::from_column("2026-03-01 10:00:00.5 +0000 UTC"), Some(go));
    assert_eq!(time::from_column("2026-03-01 12:00:00.5 +0200 CEST m=+0.001"), Some(go));
    for wrong in ["", "yesterday", "2026-03-01 25:00:00", "a b c d"] {
        assert_eq!(time::from_column(wrong), None, "{wrong}");
    }
}

#[test]
fn a_struct_knows_only_what_json_and_floats_share() {
    let value: Map<String, Value> =
        serde_json::from_str(r#"{"big":9007199254740993,"half":0.5,"neg":-3,"whole":2.0}"#).unwrap();
    let back = Value::Object(json::from_struct(&json::to_struct(&value)));
    assert_eq!(back.to_string(), r#"{"big":9007199254740992,"half":0.5,"neg":-3,"whole":2}"#);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("\\PC{0,6}", inner, 0..4)
                .prop_map(|object| Value::Object(object.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_comes_back_from_a_struct(value in any_json()) {
        let mut object = Map::new();
        object.insert("it".into(), value);
        prop_assert_eq!(json::from_struct(&json::to_struct(&object)), object);
    }

    #[test]
    fn times_come_back(seconds in -60_000_000_000_i64..250_000_000_000, nanos in 0_i32..1_000_000_000) {
        let time = Timestamp::new(seconds, nanos).unwrap();
        let record = time::to_proto(time);
        prop_assert!((0..1_000_000_000).contains(&record.nanos));
        prop_assert_eq!(time::from_proto(&record), Some(time));
        prop_assert_eq!(time::from_column(&time::to_column(time)), Some(time));
    }

    #[test]
    fn a_grant_of_parts_is_the_grant_in_one_piece(
        resource in "\\PC{1,20}", principal in "\\PC{1,20}", slug in "\\PC{1,200}",
        sources in prop::collection::btree_map("\\PC{1,9}", any::<bool>(), 0..3), metadata in any::<bool>(),
    ) {
        let entitlement = format!("account:{resource}:{slug}");
        let mut grant = Grant::new(
            &entitlement,
            ResourceId::new("account", &resource),
            ResourceId::new("user", &principal),
        );
        if metadata {
            annotation::put(&mut grant.annotations, &GrantImmutable::default());
        }
        if !sources.is_empty() {
            let of = |(id, is_direct)| (id, grant_sources::GrantSource { is_direct });
            grant.sources = Some(GrantSources { sources: sources.into_iter().map(of).collect() });
        }
        let mut record = b"left over".to_vec();
        GrantPart::assemble(
            &mut record,
            &GrantPart::entitlement(grant.entitlement.as_ref().unwrap()),
            &GrantPart::principal(grant.principal.as_ref().unwrap()),
            &grant.id,
            &GrantPart::rest(&grant.annotations, grant.sources.as_ref()),
        );
        prop_assert_eq!(record, grant.encode_to_vec());
    }
}
