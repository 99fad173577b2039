//! What a token may not write refuses a plan, before anything is written.

use rolebook_fake_okta::{AdminRole, RoleTargets, Token, TokenRole, User};

use super::{orgs, place::End, provisioning::Office};

const GRANT: &str = "grant --role 111122223333/Admin --to bob@acme.test --yes";
const PUT: &str = "PUT /api/v1/groups/00gAdmin/users/00uB";

/// What it has shown before it was refused may stand on stdout.
fn ends(end: End, code: i32) -> End {
    assert_eq!(end.code, Some(code), "{end:#?}");
    end
}

#[test]
fn a_refused_write_is_tried_once_and_then_refused_up_front() {
    let office = Office::of(orgs::small());
    let run = |arguments: &str| office.call_as("app_admin", arguments).end();
    let asked = || office.fake.log().len();
    // Unknown: it is tried. Okta refuses, and the missing role is named.
    let before = asked();
    run("plan grant --role 111122223333/Admin --to bob@acme.test").succeeded();
    let of_a_plan = asked() - before;
    let first = ends(run(GRANT), 4);
    let said = first.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("refused by Okta, nothing changed"), "{first:#?}");
    assert!(said.contains("Group Administrator"), "{first:#?}");
    assert_eq!(office.writes(), [PUT]);
    // Known: no write, and it says when Okta refused.
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap();
    for arguments in [GRANT, "plan grant --role 111122223333/Admin --to bob@acme.test"] {
        let before = asked();
        let end = ends(run(arguments), 5);
        assert!(end.err.contains("the token may not provision group membership: Okta refused to add"));
        assert!(time.is_match(&end.err), "{end:#?}");
        assert!(end.err.contains("Group Administrator"), "the way out: {end:#?}");
        if arguments.starts_with("plan") {
            assert_eq!(asked() - before, of_a_plan, "knowing costs no request");
        }
    }
    assert_eq!(office.writes(), [PUT]);
    // Only this row: assignments may still be written.
    run("grant --app --to-group Kitchen --yes").succeeded();
    assert_eq!(office.writes().len(), 2);
    // The check shows it; it cannot see otherwise.
    let check = office.call_as("app_admin", "check -o json").end().succeeded().json();
    let row = &check["rights"]["provision-memberships"];
    assert_eq!(row["standing"], "no", "{row:#}");
    assert!(row["why"].as_str().unwrap().contains("Okta refused"), "{row:#}");
    assert_eq!(check["rights"]["provision-assignments"]["standing"], "yes", "a write proved it");
    ends(run(GRANT), 5);
    // Another owner's token is another matter.
    office.run(GRANT).succeeded();
    office.run("revoke --role 111122223333/Admin --from bob@acme.test --yes").succeeded();
    // Stated by who knows: it is tried again.
    let told = office.call_as("app_admin", "check --token-roles app,group -o json").end().succeeded().json();
    assert_eq!(told["rights"]["provision-memberships"]["standing"], "stated", "{told:#}");
    let writes = office.writes().len();
    ends(run(GRANT), 4);
    assert_eq!(office.writes().len(), writes + 1);
    ends(run(GRANT), 5);
}

#[test]
fn a_check_that_sees_the_right_takes_the_refusal_back() {
    // Two tokens of one owner stand for one, before and after the owner was made Super Administrator.
    let office = Office::with(
        orgs::small(),
        vec![
            Token::new("before", TokenRole::AppAdmin).owner("00uA"),
            Token::new("after", TokenRole::Super).owner("00uA"),
        ],
    );
    ends(office.call_as("before", GRANT).end(), 4);
    ends(office.call_as("before", GRANT).end(), 5);
    ends(office.call_as("after", GRANT).end(), 5);
    let check = office.call_as("after", "check -o json").end().succeeded().json();
    assert_eq!(check["rights"]["provision-memberships"]["standing"], "yes", "{check:#}");
    office.call_as("after", GRANT).end().succeeded();
}

#[test]
fn what_a_check_saw_missing_is_not_tried() {
    let org = orgs::small().user(User::new("app@acme.test").id("00uX")).user_role(
        "00uX",
        AdminRole::AppAdmin,
        RoleTargets::all(),
    );
    let office = Office::with(org, vec![Token::new("app", TokenRole::Super).owner("00uX")]);
    office.call_as("app", "check").end().succeeded();
    let end = ends(office.call_as("app", GRANT).end(), 5);
    assert!(end.err.contains("the token's owner holds APP_ADMIN"), "{end:#?}");
    assert_eq!(office.writes(), [""; 0]);
}

#[test]
fn roles_that_are_stated_not_to_hold_a_right_refuse_without_a_write() {
    let office = Office::of(orgs::small());
    let end = ends(office.run(&format!("{GRANT} --token-roles ro,app")), 5);
    assert!(end.err.contains("--token-roles ro,app"), "{end:#?}");
    let end = ends(office.run("grant --app --to-group Kitchen --yes --token-roles group"), 5);
    assert!(end.err.contains("provision application assignment"), "{end:#?}");
    assert_eq!(office.writes(), [""; 0]);
    office.run(&format!("{GRANT} --token-roles group")).succeeded();
    // Seen counts for more than stated: the write above has proved the right.
    office.run("revoke --role 111122223333/Admin --from bob@acme.test --yes --token-roles ro").succeeded();
}

#[test]
fn a_memory_that_cannot_be_read_stops_nobody() {
    let office = Office::of(orgs::small());
    office.run(GRANT).succeeded();
    let folder = office.place.path("state/rolebook");
    let file = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("rights-"))
        .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(&file, "{]").unwrap();
    let end = office.run("revoke --role 111122223333/Admin --from bob@acme.test --yes").succeeded();
    assert!(end.err.contains("cannot be read"), "{end:#?}");
    assert!(std::fs::read_to_string(&file).unwrap().contains("Okta took a write"));
}
