//! Order, page size and parallelism do not change the snapshot, nor does a page that comes twice.

use std::time::Duration;

use rolebook_fake_okta::{Fault, Options, Org, orgs};

use crate::run::{Run, unlimited};

/// Everything in the file but the address of the server and how many entries each list delivered.
fn content(run: &Run) -> String {
    let mut done = run.done();
    done.facts.org.domain = String::new();
    done.facts.coverage.org.domain = String::new();
    done.facts.coverage.lists.clear();
    format!("{:?} {:?}", done.facts, done.rows.grants)
}

#[test]
fn the_same_org_gives_the_same_snapshot() {
    for org in [orgs::demo as fn() -> Org, orgs::demo_direct] {
        let plain = content(&Run::with(org(), unlimited()).plain());
        for options in [
            unlimited(),
            Options { groups_max: 20, latency: Duration::from_millis(2), ..unlimited() },
            Options { next_loses_expand: true, groups_max: 20, ..unlimited() },
        ] {
            assert!(content(&Run::with(org(), options).plain()) == plain);
        }
        let mut doubled = Run::with(org(), unlimited()).plain();
        for list in ["/api/v1/groups", "/api/v1/apps/0oaAWS/users", "/api/v1/apps/0oaAWS/groups"] {
            doubled = doubled.fault(Fault::on(list).count(1).duplicate());
        }
        assert!(content(&doubled) == plain, "a page that comes twice");
    }
}
