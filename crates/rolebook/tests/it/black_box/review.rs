//! A review goes out, comes back with decisions, and is carried out.

use std::{io::Cursor, path::Path, time::Duration};

use calamine::Reader;
use rolebook_fake_okta::{App, AppGroup, AppUser, Fault, Group, GroupRule, Org, User};
use rust_xlsxwriter::Workbook;

use super::{
    orgs,
    place::{End, until},
    provisioning::Office,
};

type Rows = Vec<Vec<String>>;

fn ends(end: End, code: i32) -> End {
    assert_eq!(end.code, Some(code), "{end:#?}");
    end
}

fn csv(text: &[u8]) -> Rows {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn written(rows: &Rows) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}

fn xlsx(bytes: Vec<u8>, page: &str) -> Rows {
    let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    let range = book.worksheet_range(page).unwrap();
    range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn workbook(path: &Path, page: &str, rows: &Rows) {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name(page).unwrap();
    for (line, cells) in (0..).zip(rows) {
        for (column, cell) in (0..).zip(cells) {
            sheet.write_string(line, column, cell).unwrap();
        }
    }
    book.save(path).unwrap();
}

fn column(rows: &Rows, name: &str) -> usize {
    rows[0].iter().position(|found| found == name).unwrap()
}

/// Writes a decision into the row of this id.
fn decide(rows: &mut Rows, id: &str, decision: &str) {
    let (at, of) = (column(rows, "decision"), column(rows, "row_id"));
    let row = rows.iter_mut().find(|row| row[of] == id).unwrap_or_else(|| panic!("no row {id}"));
    decision.clone_into(&mut row[at]);
}

fn outcome(rows: &Rows, id: &str, of: &str) -> String {
    let row = rows.iter().find(|row| row[column(rows, "row_id")] == id).unwrap();
    row[column(rows, of)].clone()
}

/// The rows of a review that was just exported as CSV.
fn exported(office: &Office, kind: &str) -> Rows {
    office.local(&format!("export --review {kind} --format csv --out out")).succeeded();
    csv(&std::fs::read(office.place.path(&format!("out/review-{kind}.csv"))).unwrap())
}

const ADMIN: &str = "aws-roles:0oaAWS:00uA:111122223333/Admin";
const OPS: &str = "aws-roles:0oaAWS:00uB:444455556666/Ops";
const BOB: &str = "aws-roles:0oaAWS:00uB:111122223333/ReadOnly";
const ANN: &str = "aws-roles:0oaAWS:00uA:111122223333/ReadOnly";

fn reviewed(office: &Office) -> Rows {
    let mut rows = exported(office, "aws-roles");
    for (id, decision) in [(ADMIN, "revoke"), (OPS, "Revoke"), (BOB, "keep"), (ANN, "")] {
        decide(&mut rows, id, decision);
    }
    rows
}

#[test]
fn rows_marked_revoke_are_one_plan_and_a_copy_tells_each_outcome() {
    let office = Office::of(orgs::small());
    let rule = GroupRule::new("ops", "user.department==\"Ops\"").id("0prOps").assigns(["00gOps"]);
    office.fake.change(|org| org.put_rule(rule.holds(["00uB"])));
    let mut rows = reviewed(&office);
    let comment = column(&rows, "comment");
    "=cmd|' /C calc'!A0".clone_into(&mut rows[1][comment]);
    office.place.write("review.csv", written(&rows));
    // Nobody says yes: nothing is changed, and no copy stays.
    let end = office.call("apply review.csv").stdin("no\n").end();
    assert_eq!(end.code, Some(1), "{end:#?}");
    assert!(!office.place.path("review.applied.csv").exists());
    assert_eq!(office.writes(), [""; 0]);
    let end = ends(office.run("apply review.csv --yes"), 5);
    let said = end.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "4 rows: 2 revoke, 1 keep, 1 without a decision",
        "Refused row ",
        "Undecided row ",
        "remove ann@acme.test from group aws_111122223333_Admin",
        "Copy review.applied.csv",
    ] {
        assert!(said.contains(words), "{words}: {end:#?}");
    }
    assert_eq!(office.writes(), ["DELETE /api/v1/groups/00gAdmin/users/00uA"]);
    let copy = std::fs::read(office.place.path("review.applied.csv")).unwrap();
    let copied = csv(&copy);
    let width = rows[0].len();
    for (copied, row) in copied.iter().zip(&rows).skip(1) {
        let unformed =
            |cell: &String| cell.strip_prefix("'=").map_or(cell.clone(), |cell| format!("={cell}"));
        assert_eq!(copied[..width].iter().map(unformed).collect::<Vec<_>>(), *row);
        assert!(copied.iter().all(|cell| !cell.starts_with('=')), "{copied:?}");
    }
    for (id, expected) in [(ADMIN, "done"), (OPS, "refused"), (BOB, "kept"), (ANN, "no decision")] {
        assert_eq!(outcome(&copied, id, "outcome"), expected, "{id}");
    }
    assert!(outcome(&copied, OPS, "outcome_note").contains("rule"), "{copied:?}");
    let op = outcome(&copied, ADMIN, "audit_id");
    let audit = office.local("audit -o json").succeeded().json();
    assert!(audit.as_array().unwrap().iter().all(|entry| entry["op"] == op.as_str()), "{audit:#}");
    // Again: what is gone is said to be gone, and the first copy stays as it is.
    let end = ends(office.run("apply review.csv --yes -o json"), 5);
    let review = &end.json()["review"];
    assert_eq!(review["copy"], "review.applied-2.csv");
    let of = |id: &str| {
        let rows = review["rows"].as_array().unwrap();
        rows.iter().find(|row| row["row_id"] == id).unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!((of(ADMIN), of(OPS)), ("gone already".to_owned(), "refused".to_owned()));
    assert_eq!(office.writes().len(), 1);
    assert_eq!(std::fs::read(office.place.path("review.applied.csv")).unwrap(), copy);
    // Undone by the id that the copy gives.
    office.run(&format!("undo {op} --yes")).succeeded();
    assert!(office.is_member("00gAdmin", "00uA"));
}

#[test]
fn a_workbook_comes_back_as_a_workbook() {
    let office = Office::of(orgs::small());
    office.local("export --review group-membership --format xlsx --out out").succeeded();
    let path = office.place.path("out/review-group-membership.xlsx");
    let mut rows = xlsx(std::fs::read(&path).unwrap(), "group-membership");
    let id = "group-membership:0oaAWS:00uB:00gRead";
    decide(&mut rows, id, "revoke");
    workbook(&path, "group-membership", &rows);
    // All others are missing decisions: said, and no failure.
    let end = office.run("apply out/review-group-membership.xlsx --yes").succeeded();
    assert!(end.out.contains("Undecided  group-membership, row "), "{end:#?}");
    assert!(!office.is_member("00gRead", "00uB"));
    let copy = std::fs::read(office.place.path("out/review-group-membership.applied.xlsx")).unwrap();
    let copied = xlsx(copy, "group-membership");
    assert_eq!(outcome(&copied, id, "outcome"), "done");
    assert_eq!(outcome(&copied, id, "audit_id").len(), 12);
    let undecided = copied.iter().filter(|row| row.contains(&"no decision".to_owned())).count();
    assert_eq!(undecided, rows.len() - 2);
}

#[test]
fn a_sheet_that_was_tampered_with_is_refused_before_okta_is_asked() {
    let office = Office::of(orgs::small());
    let rows = reviewed(&office);
    let with = |change: &dyn Fn(&mut Rows)| {
        let mut rows = rows.clone();
        change(&mut rows);
        office.place.write("review.csv", written(&rows));
        office.fake.clear_log();
        let end = ends(office.run("apply review.csv --yes"), 2);
        assert!(office.fake.log().is_empty(), "{end:#?}");
        assert!(!office.place.path("review.applied.csv").exists());
        end.err
    };
    assert!(with(&|rows| decide(rows, ADMIN, "delete")).contains("`delete` is no decision"));
    let (id, user) = (column(&rows, "row_id"), column(&rows, "user_id"));
    let admin = rows.iter().position(|row| row[id] == ADMIN).unwrap();
    assert!(with(&|rows| rows[admin][id] = ADMIN.replace("00uA", "00uB")).contains("row id and its user_id"));
    assert!(with(&|rows| rows[admin][id] = BOB.to_owned()).contains("cannot be taken"));
    let twice = |rows: &mut Rows| {
        let mut again = rows[admin].clone();
        again[column(rows, "decision")] = "keep".to_owned();
        rows.push(again);
    };
    assert!(with(&twice).contains("the same id and another decision"));
    assert!(with(&|rows| rows[0][user] = "person".to_owned()).contains("no column `user_id`"));
    office.place.write("bad.xlsx", b"PK\x03\x04 nothing");
    assert!(ends(office.run("apply bad.xlsx --yes"), 2).err.contains("cannot be read"));
}

#[test]
fn an_id_that_means_somebody_else_than_the_row_shows_is_refused_by_row() {
    let office = Office::of(orgs::small());
    let mut rows = reviewed(&office);
    let (id, user) = (column(&rows, "row_id"), column(&rows, "user_id"));
    // Both ids point to bob, the row still shows ann.
    let ann = rows.iter().position(|row| row[id] == ANN).unwrap();
    let bob = rows.iter().position(|row| row[id] == BOB).unwrap();
    rows.remove(bob);
    let ann = if bob < ann { ann - 1 } else { ann };
    (rows[ann][id], rows[ann][user]) = (BOB.to_owned(), "00uB".to_owned());
    decide(&mut rows, BOB, "revoke");
    decide(&mut rows, ADMIN, "");
    decide(&mut rows, OPS, "");
    // Somebody who is in no org, and another app.
    let mut nobody = rows[ann].clone();
    (nobody[id], nobody[user]) = (BOB.replace("00uB", "00uZ"), "00uZ".to_owned());
    let mut other = rows[ann].clone();
    other[id] = BOB.replace("0oaAWS", "0oaElse");
    rows.extend([nobody.clone(), other.clone()]);
    office.place.write("review.csv", written(&rows));
    ends(office.run("apply review.csv --yes"), 5);
    assert_eq!(office.writes(), [""; 0]);
    let copied = csv(&std::fs::read(office.place.path("review.applied.csv")).unwrap());
    assert_eq!(outcome(&copied, BOB, "outcome"), "refused");
    assert!(outcome(&copied, BOB, "outcome_note").contains("its id is of `bob@acme.test`"), "{copied:?}");
    assert_eq!(outcome(&copied, &nobody[id], "outcome"), "gone already");
    assert_eq!(outcome(&copied, &other[id], "outcome"), "not here");
}

#[test]
fn the_cap_the_first_refusal_and_a_row_twice() {
    let office = Office::of(orgs::small());
    let mut rows = exported(&office, "group-membership");
    let ids = ["group-membership:0oaAWS:00uA:00gAdmin", "group-membership:0oaAWS:00uA:00gRead"];
    for id in ids {
        decide(&mut rows, id, "revoke");
    }
    let again = rows.iter().find(|row| row[0] == ids[0]).unwrap().clone();
    rows.push(again);
    office.place.write("review.csv", written(&rows));
    let end = ends(office.run("apply review.csv --yes --max-changes 1"), 6);
    assert!(end.err.contains("2 changes need their number typed in"), "{end:#?}");
    assert!(!office.place.path("review.applied.csv").exists());
    // A token that may not: the first is refused by Okta, the second is not tried.
    let end = ends(office.call_as("app_admin", "apply review.csv --yes").end(), 4);
    assert!(end.out.contains("0 of 2 changes are done"), "{end:#?}");
    let copied = csv(&std::fs::read(office.place.path("review.applied.csv")).unwrap());
    assert_eq!(outcome(&copied, ids[0], "outcome"), "refused");
    assert_eq!(outcome(&copied, ids[0], "audit_id").len(), 12);
    assert_eq!(outcome(&copied, ids[1], "outcome"), "not tried");
    assert_eq!(office.writes().len(), 1);
    // Its row is no by now: everything is refused up front, and the copy says why.
    ends(office.call_as("app_admin", "apply review.csv --yes").end(), 5);
    assert_eq!(office.writes().len(), 1);
    let copied = csv(&std::fs::read(office.place.path("review.applied-2.csv")).unwrap());
    assert!(outcome(&copied, ids[1], "outcome_note").contains("the token may not"), "{copied:?}");
    let end = office.call("apply review.csv --yes --max-changes 1").stdin("2\n").end().succeeded();
    assert!(end.out.contains("2 of 2 changes are done"), "{end:#?}");
    let copied = csv(&std::fs::read(office.place.path("review.applied-3.csv")).unwrap());
    assert!(copied.last().unwrap().contains(&"repeats".to_owned()), "{copied:?}");
}

#[test]
fn assignments_are_taken_back_and_okta_roles_are_named_as_not_written_here() {
    let office = Office::of(orgs::direct());
    let mut rows = exported(&office, "app-assignment");
    decide(&mut rows, "app-assignment:0oaAWS:00uA", "revoke");
    // Through a group: only there it can be taken.
    decide(&mut rows, "app-assignment:0oaAWS:00uB", "revoke");
    office.place.write("review.csv", written(&rows));
    ends(office.run("apply review.csv --yes"), 5);
    assert_eq!(office.writes(), ["DELETE /api/v1/apps/0oaAWS/users/00uA"]);
    let office = Office::of(orgs::small());
    office.place.connected(&office.fake, "super", "sync --sync-okta-roles auto").end().succeeded();
    let mut rows = exported(&office, "okta-roles");
    decide(&mut rows, "okta-roles:0oaAWS:00uA:SUPER_ADMIN", "revoke");
    office.place.write("review.csv", written(&rows));
    let end = ends(office.run("apply review.csv --yes"), 5);
    assert!(end.out.contains("Not here"), "{end:#?}");
    assert_eq!(office.writes(), [""; 0]);
}

#[test]
fn one_group_that_gives_two_reviewed_roles_is_left_once() {
    let org = Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .group(Group::new("Ops").id("00gOps").members(["00uA"]))
        .app(
            App::aws(orgs::APP)
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .saml_iam_roles(["Admin", "ReadOnly"])
                .group(AppGroup::new("00gOps").priority(0).saml_roles(["ReadOnly"]))
                .user(AppUser::direct("00uA").saml_roles(["Admin", "ReadOnly"])),
        );
    let office = Office::of(org);
    let mut rows = exported(&office, "aws-roles");
    for role in ["Admin", "ReadOnly"] {
        decide(&mut rows, &format!("aws-roles:0oaAWS:00uA:111122223333/{role}"), "revoke");
    }
    office.place.write("review.csv", written(&rows));
    // The second change of the same person is planned on what the first one left.
    let end = office.run("apply review.csv --yes").succeeded();
    assert!(end.out.contains("2 of 2 changes are done"), "{end:#?}");
    let bodies = office.writes();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert!(bodies[1].contains("[]") && !bodies[1].contains("Admin"), "{bodies:?}");
}

#[test]
fn a_kill_in_the_middle_is_settled_and_nothing_is_done_twice() {
    let office = Office::of(orgs::small());
    let mut rows = exported(&office, "group-membership");
    let ids = ["group-membership:0oaAWS:00uA:00gAdmin", "group-membership:0oaAWS:00uA:00gRead"];
    for id in ids {
        decide(&mut rows, id, "revoke");
    }
    office.place.write("review.csv", written(&rows));
    // The second call arrives, and its answer never comes.
    let path = "/api/v1/groups/00gRead/users/00uA";
    office.fake.add_fault(Fault::on(path).method("DELETE").latency(Duration::from_secs(3600)));
    let mut child = office.call("apply review.csv --yes").spawn();
    until("the second call is made", || office.writes().len() == 2);
    child.kill().unwrap();
    child.wait().unwrap();
    office.fake.clear_faults();
    let end = office.run("apply review.csv --yes").succeeded();
    assert!(end.out.contains("Settled"), "{end:#?}");
    assert_eq!(office.writes().len(), 2);
    office.local("audit --verify").succeeded();
    // The killed run left its copy empty; the next one has its own.
    assert_eq!(std::fs::read(office.place.path("review.applied.csv")).unwrap(), b"");
    let copied = csv(&std::fs::read(office.place.path("review.applied-2.csv")).unwrap());
    for id in ids {
        assert_eq!(outcome(&copied, id, "outcome"), "gone already", "{copied:?}");
    }
}
