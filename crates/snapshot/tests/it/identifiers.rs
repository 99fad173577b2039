//! Ids: the vectors of the format, and properties.

use rolebook_snapshot::SyncId;
use rolebook_snapshot::bid::{Bid, ResourcePart};

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
fn a_sync_id_tells_its_time() {
    // From a file of the Go writer, whose row says when it began.
    let id: SyncId = "3MXADWZdtT9h3XGF5PQ8j6cdwKC".parse().unwrap();
    assert_eq!(
        id.unix_seconds(),
        Some("2026-11-24T02:13:39Z".parse::<jiff::Timestamp>().unwrap().as_second())
    );
}
