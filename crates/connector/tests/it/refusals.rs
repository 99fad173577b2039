//! Which lists a sync cannot do without, and what the failure of each means.

use rolebook_connector::ErrorKind;
use rolebook_fake_okta::{AppGroup, Fault, Org};

use crate::run::{Run, direct, group, mapping, people};

fn org() -> Org {
    people()
        .group(group("g1", "aws_111122223333_Admin", ["00uA"]))
        .group(group("g9", "management", ["00uA", "00uB"]))
        .app(mapping().group(AppGroup::new("g9")))
}

#[test]
fn without_an_essential_list_nothing_is_sealed() {
    let lists = [
        "/api/v1/org",
        "/api/v1/apps",
        "/api/v1/apps/0oaAWS/users",
        "/api/v1/apps/0oaAWS/groups",
        "/api/v1/groups",
    ];
    for list in lists {
        for (status, code) in [(401, "E0000011"), (403, "E0000006"), (404, "E0000007")] {
            let run = Run::of(org()).plain();
            run.done();
            run.fake.add_fault(Fault::on(list).status(status).code(code));
            let error = run.refused();
            assert_eq!(error.kind(), ErrorKind::Refused, "{list} {status}: {error}");
            assert!(!error.hint().is_empty());
        }
    }
}

#[test]
fn optional_lists_leave_one_warning_each() {
    let org = || {
        people()
            .group(group("gX", "gX", ["00uA"]))
            .app(direct().group(AppGroup::new("gX").saml_roles(["Admin"])))
    };
    for path in ["/api/v1/meta/**", "/api/v1/internal/**", "/api/v1/groups/rules"] {
        for fault in [
            Fault::on(path).status(403).code("E0000006"),
            Fault::on(path).status(404).code("E0000008"),
            Fault::on(path).html(),
            Fault::on(path).status(500),
            Fault::on(path).feature_off(),
        ] {
            let done = Run::of(org()).plain().fault(fault).done();
            assert_eq!((done.warned("list-not-read"), done.summary.counts.grants), (1, 1), "{path}");
        }
    }
}

#[test]
fn a_group_whose_members_are_refused_is_named_and_makes_the_snapshot_partial() {
    let done = Run::of(org())
        .plain()
        .fault(Fault::on("/api/v1/groups/g1/users").status(403).code("E0000006"))
        .done();
    assert_eq!(done.samples("members-not-read"), ["g1"]);
    assert!(!done.summary.coverage.is_complete());
    assert!(done.facts.groups.iter().any(|group| group.id.as_str() == "g1" && !group.members_read));
}

#[test]
fn a_token_that_dies_in_the_middle_ends_the_sync() {
    for path in ["/api/v1/groups/g9/users", "/api/v1/groups/rules", "/api/v1/users/me"] {
        let error = Run::of(org()).plain().fault(Fault::on(path).status(401).code("E0000011")).refused();
        assert_eq!(error.kind(), ErrorKind::Refused, "{path}");
    }
}
