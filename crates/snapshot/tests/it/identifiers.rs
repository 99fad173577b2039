//! Ids: the vectors of the format, and properties.

use proptest::prelude::*;
use rolebook_snapshot::bid::{Bid, BidError, ResourcePart};
use rolebook_snapshot::{SyncId, id};

#[test]
fn raw_ids_are_plain_joins() {
    assert_eq!(id::resource_key("user", "a:b"), "user:a:b");
    let entitlement = id::entitlement_id("account", "111122223333", "Admin");
    assert_eq!(entitlement, "account:111122223333:Admin");
    assert_eq!(id::grant_id(&entitlement, "user", "00u1"), "account:111122223333:Admin:user:00u1");
}

#[test]
fn bids_of_the_format() {
    let george = ResourcePart::new("user", "george").below("group", "sales");
    let sales = ResourcePart::new("group", "sales");
    let team = ResourcePart::new("team", "5678");
    let member = || "member".to_owned();
    for (bid, text) in [
        (Bid::Resource(george.clone()), "bid:r:group/sales/user/george"),
        (
            Bid::Resource(ResourcePart::new("us/er", r"geo/r\ge").below(r"gr:=o\up", "s:al/es")),
            r"bid:r:gr\:=o\\up/s\:al\/es/us\/er/geo\/r\\ge",
        ),
        (Bid::Entitlement { resource: sales.clone(), slug: member() }, "bid:e:group/sales:member"),
        (
            Bid::Grant { resource: sales, slug: member(), principal: george },
            "bid:g:group/sales:member:group/sales/user/george",
        ),
        (
            Bid::Grant { resource: team, slug: member(), principal: ResourcePart::new("user", "1234") },
            "bid:g:team/5678:member:user/1234",
        ),
    ] {
        assert_eq!(bid.to_string(), text);
        assert_eq!(text.parse::<Bid>().unwrap(), bid);
    }
}

#[test]
fn a_parent_without_type_or_id_is_none() {
    let part = ResourcePart::new("user", "1");
    assert_eq!(part.clone().below("", "x"), part);
    assert_eq!(part.clone().below("x", ""), part);
    assert_eq!(Bid::Resource(ResourcePart::new("user", "")).check(), Err(BidError::EmptyPart));
}

#[test]
fn what_is_not_a_bid() {
    let kind = |text: &str| BidError::Kind(text.into());
    let shape = |text: &str| BidError::Shape(text.into());
    let escape = |text: &str| BidError::Escape(text.into());
    for (text, error) in [
        ("", kind("")),
        ("user/1", kind("user/1")),
        ("bid:x:user/1", kind("bid:x:user/1")),
        ("bid:r", kind("bid:r")),
        ("bid:r:user", shape("bid:r:user")),
        ("bid:r:a/b/c", shape("bid:r:a/b/c")),
        ("bid:r:a/b/c/d/e", shape("bid:r:a/b/c/d/e")),
        ("bid:r:user/1:member", shape("bid:r:user/1:member")),
        ("bid:e:group/1", shape("bid:e:group/1")),
        ("bid:e:group/1:a/b", shape("bid:e:group/1:a/b")),
        ("bid:g:group/1:member", shape("bid:g:group/1:member")),
        ("bid:g:group/1:member:user/1:x", shape("bid:g:group/1:member:user/1:x")),
        ("bid:r:user/", BidError::EmptyPart),
        ("bid:r:/1/user/2", BidError::EmptyPart),
        ("bid:e:group/1:", BidError::EmptyPart),
        (r"bid:r:user/a\b", escape(r"bid:r:user/a\b")),
        (r"bid:r:user/a\", escape(r"bid:r:user/a\")),
    ] {
        assert_eq!(text.parse::<Bid>(), Err(error), "{text}");
    }
}

#[test]
fn a_sync_id_tells_its_time() {
    // From a file of the Go writer, whose row says when it began.
    let id: SyncId = "3MXADWZdtT9h3XGF5PQ8j6cdwKC".parse().unwrap();
    assert_eq!(
        id.unix_seconds(),
        Some("2026-11-24T02:13:39Z".parse::<jiff::Timestamp>().unwrap().as_second())
    );
}

#[test]
fn the_ends_of_the_range_of_sync_ids() {
    assert_eq!(SyncId::new(1_400_000_000, [0; 16]).as_str(), "000000000000000000000000000");
    assert_eq!(SyncId::new(5_694_967_295, [0xff; 16]).as_str(), "aWgEPTl1tmebfsQzFP4bxwgy80V");
    assert_eq!(SyncId::new(0, [0; 16]), SyncId::new(1_400_000_000, [0; 16]));
    assert_eq!(SyncId::new(i64::MAX, [7; 16]), SyncId::new(5_694_967_295, [7; 16]));
    assert_eq!("zzzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<SyncId>().unwrap().unix_seconds(), None);
    for wrong in [
        "",
        "short",
        "3MXADWZdtT9h3XGF5PQ8j6cdwK-",
        "3MXADWZdtT9h3XGF5PQ8j6cdwKCC",
        "ä3MXADWZdtT9h3XGF5PQ8j6cdw",
    ] {
        assert!(wrong.parse::<SyncId>().is_err(), "{wrong}");
    }
}

fn part() -> impl Strategy<Value = ResourcePart> {
    let word = || r"[a-z:/\\]{1,6}";
    (word(), word(), prop::option::of((word(), word())))
        .prop_map(|(resource_type, resource, parent)| ResourcePart { parent, resource_type, resource })
}

proptest! {
    #[test]
    fn bids_come_back(resource in part(), principal in part(), slug in r"[a-z:/\\]{1,6}") {
        for bid in [
            Bid::Resource(resource.clone()),
            Bid::Entitlement { resource: resource.clone(), slug: slug.clone() },
            Bid::Grant { resource, slug, principal },
        ] {
            prop_assert_eq!(bid.to_string().parse::<Bid>(), Ok(bid));
        }
    }

    #[test]
    fn sync_ids_keep_order_and_time(
        a in (1_400_000_000_i64..5_694_967_296, any::<[u8; 16]>()),
        b in (1_400_000_000_i64..5_694_967_296, any::<[u8; 16]>()),
    ) {
        let (left, right) = (SyncId::new(a.0, a.1), SyncId::new(b.0, b.1));
        prop_assert_eq!(left.cmp(&right), a.cmp(&b));
        prop_assert_eq!(left.as_str().cmp(right.as_str()), a.cmp(&b));
        prop_assert_eq!(left.unix_seconds(), Some(a.0));
        prop_assert_eq!(left.to_string().parse::<SyncId>(), Ok(left));
    }
}
