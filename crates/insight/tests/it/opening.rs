//! Opening files and folders, and the evidence around an answer.

use jiff::{SignedDuration, Timestamp};
use rolebook_fake_okta::{App, AppGroup, Group, Org, User, orgs};
use rolebook_insight::{Answer, ErrorKind, RolePattern, open, what, who};
use rolebook_snapshot::Limits;

use crate::synced::{APP, Okta, START, opened};

fn globex() -> Org {
    Org::seeded("globex", 99)
        .user(User::new("ann@acme.test").id("00uAnnAtGlobex").name("Ann", "Lee"))
        .group(Group::new("aws_999988887777_Admin").id("00gX").members(["00uAnnAtGlobex"]))
        .app(App::aws_mapping(APP).group(AppGroup::new("00gX").priority(0)))
}

fn acme() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA").name("Ann", "Lee"))
        .group(Group::new("aws_111122223333_Admin").id("00gA").members(["00uA"]))
        .app(App::aws_mapping(APP).group(AppGroup::new("00gA").priority(0)))
}

#[test]
fn a_folder_stands_for_its_snapshots_and_each_path_names_its_app() {
    let (one, other) = (Okta::of(acme()), Okta::of(globex()));
    one.sync("a.c1z");
    std::fs::copy(other.sync("b.c1z"), one.folder().join("b.c1z")).unwrap();
    std::fs::write(one.folder().join("notes.txt"), "no snapshot").unwrap();
    std::fs::write(one.folder().join(".c1z-half.c1z"), "half").unwrap();
    let readings = opened(&[one.folder().to_owned()]);
    assert_eq!(readings.all().len(), 2);
    let answer = what(&readings, "ann@acme.test").unwrap();
    let held: Vec<_> = answer.roles.iter().map(|held| (held.role.key(), held.app.org_id.clone())).collect();
    assert_eq!(held.len(), 2);
    assert_eq!(held[0].0, "111122223333/Admin");
    assert_eq!(held[1].0, "999988887777/Admin");
    assert_ne!(held[0].1, held[1].1);
}

#[test]
fn of_two_snapshots_of_one_app_the_newer_is_asked() {
    let okta = Okta::of(acme());
    let old = okta.sync("old.c1z");
    okta.fake.change(|org| org.remove_member("00gA", "00uA"));
    let new = okta.sync("new.c1z");
    for files in [[old.clone(), new.clone()], [new, old]] {
        let readings = opened(&files);
        assert_eq!(readings.all().len(), 1);
        assert_eq!(readings.notices.len(), 1);
        let roles = who(&readings, &RolePattern::parse("*")).unwrap().roles;
        assert!(roles[0].people.is_empty());
    }
}

#[test]
fn what_is_missing_empty_or_damaged_is_told() {
    let okta = Okta::of(acme());
    let limits = Limits::default();
    let missing = open(&[okta.folder().join("none.c1z")], &limits).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let empty = open(&[okta.folder().to_owned()], &limits).unwrap_err();
    assert_eq!(empty.kind(), ErrorKind::NotFound);
    let file = okta.sync("a.c1z");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&file, bytes).unwrap();
    let damaged = open(&[file], &limits).unwrap_err();
    assert_eq!(damaged.kind(), ErrorKind::Failed);
    assert!(!damaged.hint().is_empty());
}

#[test]
fn every_answer_carries_its_evidence() {
    let okta = Okta::of(orgs::demo()).token("read_only");
    let file = okta.sync("acme.c1z");
    let readings = opened(std::slice::from_ref(&file));
    let now = Timestamp::from_second(START).unwrap() + SignedDuration::from_hours(30);
    let result = who(&readings, &RolePattern::parse("111122223333/Admin")).unwrap();
    let answer = serde_json::to_value(Answer::new(result, &readings, now)).unwrap();
    assert_eq!(answer["shape"], "rolebook.who/1");
    assert_eq!(answer["as_of"], "2026-09-01T08:00:00Z");
    assert_eq!(answer["age_seconds"], 30 * 3600);
    let note = &answer["snapshots"][0];
    assert_eq!(note["app"]["id"], APP);
    assert_eq!(note["mode"], "group-mapping");
    assert_eq!(note["snapshot"].as_str().unwrap().len(), 27);
    assert_eq!(note["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(note["coverage"]["reader"], "read_only@acme.test");
    assert_eq!(note["coverage"]["switches"]["filter-match"], "find");
    assert!(note["coverage"]["read"]["app-users"].as_u64().is_some_and(|items| items > 0), "{note:#}");
    assert!(answer["meaning"].as_str().unwrap().contains("AWS was not asked"));
    assert!(answer["roles"][0]["people"].as_array().unwrap().len() > 1);
}
