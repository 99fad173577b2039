//! What was not read is never shown as *nobody*: in every command, in every format.

use rolebook_fake_okta::{FakeOkta, Fault};

use super::{
    orgs,
    place::{End, Place, okta},
};

const UNREAD: &str = "aws_111122223333_Admin";

/// The members of one group are refused; who is in it is not known.
fn partial() -> (Place, FakeOkta) {
    let place = Place::new();
    let fake = okta(orgs::small());
    fake.add_fault(Fault::on("/api/v1/groups/00gAdmin/users").status(403));
    place.connected(&fake, "super", "sync --allow-partial").end().succeeded();
    (place, fake)
}

fn warned(end: &End) {
    let warning = format!("warning: members of `{UNREAD}` were not read");
    assert!(end.err.contains(&warning), "{end:#?}");
}

/// The rows of a CSV by column name.
fn rows(csv: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn a_role_whose_group_was_not_read_has_at_least_so_many_people() {
    let (place, _fake) = partial();
    let end = place.run("who 111122223333/Admin").succeeded();
    assert!(!end.out.contains("nobody"), "{}", end.out);
    let text = end.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(&format!("at least 0 people; members of `{UNREAD}` were not read")), "{text}");
    warned(&end);
    let end = place.run("who 111122223333/Admin -o csv").succeeded();
    let found = rows(&end.out);
    assert_eq!((found.len(), found[0]["login"].as_str(), found[0]["complete"].as_str()), (1, "", "no"));
    assert_eq!(found[0]["unread_groups"], UNREAD);
    warned(&end);
    let end = place.run("who 111122223333/Admin -o json").succeeded();
    let role = &end.json()["roles"][0];
    assert_eq!((&role["complete"], &role["unread_groups"][0]["name"]), (&false.into(), &UNREAD.into()));
    warned(&end);
    // A role that other groups give is not touched by it.
    let end = place.run("who */ReadOnly").succeeded();
    assert_eq!(end.err, "");
    let end = place.run("who */ReadOnly -o csv").succeeded();
    assert!(rows(&end.out).iter().all(|row| row["complete"] == "yes"));
}

#[test]
fn lists_and_counts_are_lower_bounds_in_every_format() {
    let (place, _fake) = partial();
    let end = place.run("show roles").succeeded();
    assert!(end.out.contains("at least 0"), "{}", end.out);
    warned(&end);
    let roles = place.run("show roles -o json").succeeded().json();
    let admin = roles.as_array().unwrap().iter().find(|role| role["role"] == "Admin").unwrap();
    assert_eq!((&admin["people"], &admin["complete"]), (&0.into(), &false.into()));
    assert_eq!(admin["unread_groups"][0], UNREAD);
    let end = place.run("show groups").succeeded();
    assert!(end.out.contains("not read"), "{}", end.out);

    let end = place.run("what bob@acme.test").succeeded();
    assert!(end.out.contains("can assume at least "), "{}", end.out);
    warned(&end);
    // Suspended: no group can give a role.
    let end = place.run("what cem@acme.test").succeeded();
    assert!(end.out.contains("can assume no role") && end.err.is_empty(), "{end:#?}");

    let end = place.run("why bob@acme.test 111122223333/Admin").succeeded();
    assert!(!end.out.contains("cannot assume"), "{}", end.out);
    warned(&end);

    let end = place.run("findings --fail-on never").succeeded();
    assert!(end.out.contains("There may be more: members of"), "{}", end.out);
    warned(&end);
    let end = place.run("export --format csv --out out").succeeded();
    warned(&end);
    let roles = std::fs::read_to_string(place.path("out/roles.csv")).unwrap();
    let roles = rows(&roles);
    let admin = roles.iter().find(|role| role["role"] == "Admin").unwrap();
    assert_eq!((admin["complete"].as_str(), admin["unread_groups"].as_str()), ("no", UNREAD));
}

#[test]
fn strict_is_6() {
    let (place, _fake) = partial();
    for question in ["who 111122223333/Admin", "what bob@acme.test", "findings --fail-on never", "show roles"]
    {
        assert_eq!(place.run(&format!("{question} --strict")).code, Some(6), "{question}");
    }
    assert_eq!(place.run("who */ReadOnly --strict").code, Some(0));
}

#[test]
fn a_history_does_not_end_with_a_sync_that_did_not_look() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.connected(&fake, "super", "sync --archive archive").end().succeeded();
    fake.add_fault(Fault::on("/api/v1/groups/00gAdmin/users").status(403));
    fake.change(|org| org.add_member("00gOps", "00uA"));
    place.connected(&fake, "super", "sync --archive archive --allow-partial").end().succeeded();
    let end =
        place.run("history 111122223333/Admin --archive archive --between 2020-01-01.. -o json").succeeded();
    warned(&end);
    let role = &end.json()["roles"][0];
    assert_eq!(role["complete"], false);
    let span = &role["people"][0]["spans"][0];
    assert!(span["gone_by"].is_null() && span["lasts"] == true, "{span}");
}

/// A file of another connector for Okta has rows of the same types with other meanings.
#[test]
fn a_snapshot_of_another_connector_is_refused_by_every_question() {
    let place = Place::new();
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../snapshot/tests/golden/okta_map_acctfirst_sqlite.c1z");
    std::fs::copy(golden, place.path("sync.c1z")).unwrap();
    for question in [
        "findings",
        "who *",
        "what user1@example.test",
        "why user1@example.test */*",
        "whatif --set joinAllRoles=true",
        "diff sync.c1z sync.c1z",
        "export --format csv --out out",
        "export --format csv --out out --review aws-roles",
        "assertion predict user1@example.test",
        "show roles",
        "show grants",
    ] {
        let end = place.run(question).failed(1);
        let end = end.says(["was not written by Rolebook"]);
        assert_eq!(end.out, "", "{question}");
    }
}
