//! `whatif --fetch`: what the snapshot does not hold is read, as much as is needed and allowed.

use rolebook_fake_okta::{FakeOkta, Fault, Group};

use super::{
    orgs,
    place::{Place, okta},
    redaction::redacted,
};

const FILTER: &str = r"groupFilter=^(aws|gcp)_(?{{accountid}}\d+)_(?{{role}}\w+)$";

fn asked() -> (Place, FakeOkta) {
    let place = Place::new();
    let fake = okta(
        orgs::small()
            .group(Group::new("gcp_111122223333_Owner").id("00gOwner").members(["00uA"]))
            .group(Group::new("gcp_111122223333_Cook").id("00gCook").members(["00uB", "00uC"])),
    );
    place.synced(&fake, "super");
    fake.clear_log();
    (place, fake)
}

#[test]
fn reads_the_members_that_the_answer_lacks() {
    let (place, fake) = asked();
    let alone = place.call("whatif --set").arg(FILTER).end().succeeded();
    assert!(alone.out.contains("at least 0 gained"), "{}", alone.out);
    assert_eq!(fake.log_lines(), [""; 0]);
    let end = place.connected(&fake, "super", "whatif --fetch").arg("--set").arg(FILTER).end().succeeded();
    insta::assert_snapshot!("whatif_fetch", redacted(&timeless(&end.out)));
    assert_eq!(
        end.err,
        "--fetch: reads the members of 2 groups, 1 request for each and for each further 1000 members, 199 at most\n"
    );
    // The org, to be sure that it is the same; then the members; nothing else, and nothing twice.
    let paths: Vec<String> =
        fake.log().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect();
    assert_eq!(
        paths,
        ["GET /api/v1/org", "GET /api/v1/groups/00gCook/users", "GET /api/v1/groups/00gOwner/users"]
    );
    let json = place.connected(&fake, "super", "whatif --fetch -o json").arg("--set").arg(FILTER).end();
    let json = json.succeeded().json();
    assert_eq!((&json["lower_bound"], &json["fetched"]["requests"]), (&false.into(), &3.into()));
    assert_eq!(json["unread_groups"], serde_json::json!([]));
    // Nothing is lacking: nothing is asked.
    fake.clear_log();
    place.connected(&fake, "super", "whatif --fetch --add-to 00gAdmin bob@acme.test").end().succeeded();
    assert_eq!(fake.log_lines(), [""; 0]);
}

#[test]
fn says_what_it_could_not_read() {
    let (place, fake) = asked();
    let end =
        place.connected(&fake, "super", "whatif --fetch --max-requests 2").arg("--set").arg(FILTER).end();
    let end = end.succeeded();
    assert!(
        end.out.contains("at least 1 gained") && end.out.contains("limit of requests was reached"),
        "{}",
        end.out
    );
    assert_eq!(fake.log().len(), 2);
    fake.add_fault(Fault::on("/api/v1/groups/00gCook/users").status(403));
    let end = place.connected(&fake, "super", "whatif --fetch").arg("--set").arg(FILTER).end().succeeded();
    assert!(end.out.contains("Not read: members of 00gCook"), "{}", end.out);
    assert!(end.out.contains("at least 1 gained"), "{}", end.out);
    fake.clear_faults();
    fake.add_fault(Fault::on("/api/v1/groups/00gCook/users").status(401));
    place.connected(&fake, "super", "whatif --fetch").arg("--set").arg(FILTER).end().failed(4);
    // Another org's members would be a lie.
    let other = okta(rolebook_fake_okta::orgs::demo());
    let end = place.connected(&other, "super", "whatif --fetch").arg("--set").arg(FILTER).end();
    end.failed(5).says(["belongs to org"]);
    assert_eq!(other.log().len(), 1);
    place.call("whatif --fetch --set").arg(FILTER).end().failed(2).says(["--domain"]);
}

/// Group mapping is turned on: the names of groups come first.
#[test]
fn reads_names_where_a_snapshot_has_none() {
    let place = Place::new();
    let group = Group::new("aws_111122223333_Admin").id("00gAdmin").members(["00uA"]);
    let fake = okta(orgs::direct().group(group));
    place.synced(&fake, "super");
    let end = place.connected(&fake, "super", "whatif --fetch --set useGroupMapping=true -o json").end();
    let end = end.succeeded();
    let said: Vec<&str> = end.err.lines().collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("names of the org's groups") && said[1].contains("members of 1 group,"),
        "{said:?}"
    );
    let json = end.json();
    assert_eq!((&json["lower_bound"], &json["fetched"]["names"]), (&false.into(), &true.into()));
}

fn timeless(text: &str) -> String {
    let time = regex::Regex::new(r"at \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ").unwrap();
    time.replace_all(text, "at [time]").into_owned()
}
