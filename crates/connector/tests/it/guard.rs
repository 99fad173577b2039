//! The guard, both ways: what loses too much waits beside the file, what gains much is sealed and named.

use rolebook_connector::{
    Audit, AuditEvent, Held, Outcome, Since, SyncError, Who, accept_held, accept_recorded, accepted_path,
    held_path,
};
use rolebook_fake_okta::{App, AppGroup, AppUser, Fault, Group, Org, User};
use rolebook_ledger::ListCoverage;
use serde_json::{Value, json};

use crate::run::{Done, Run, direct, mapping};

/// So many people in one role group of each of two accounts.
fn org(people: usize) -> Org {
    let users: Vec<String> = (0..people).map(|n| format!("00u{n:04}")).collect();
    let app = users.iter().fold(mapping(), |app, id| app.user(AppUser::by_group(id.as_str())));
    Org::new("acme")
        .users(users.iter().map(|id| User::new(format!("{id}@acme.test")).id(id)))
        .group(Group::new("aws_111122223333_Admin").id("00gA").members(users.clone()))
        .group(Group::new("aws_444455556666_Ops").id("00gB").members(users.iter().take(6).cloned()))
        .group(Group::new("People").id("00gP").members(users.clone()))
        .app(app.group(AppGroup::new("00gP")))
}

fn synced(people: usize) -> Run {
    let run = Run::of(org(people)).plain();
    let first = run.done();
    assert!(first.summary.since.is_none() && first.summary.held.is_none());
    run.later(3600);
    run
}

fn remove_members(run: &Run, group: &str, range: std::ops::Range<usize>) {
    run.fake.change(|org| {
        for n in range {
            assert!(org.remove_member(group, &format!("00u{n:04}")));
        }
    });
}

/// Syncs, and expects that the old file stays and the new one waits.
fn held(run: &Run) -> (Held, Since) {
    let before = run.bytes();
    let summary = run.summary_on(|| {}).unwrap();
    assert_eq!(before, run.bytes(), "the file in force stays byte for byte");
    assert!(held_path(&run.file()).exists());
    assert_eq!(summary.sealed.path, held_path(&run.file()));
    (summary.held.unwrap(), summary.since.unwrap())
}

fn since(done: &Done) -> &Since {
    done.summary.since.as_ref().unwrap()
}

#[test]
fn a_third_less_is_held_and_thirty_percent_or_twenty_rows_are_not() {
    let run = synced(100);
    remove_members(&run, "00gA", 10..40);
    let done = run.done();
    assert!(since(&done).losses.is_empty(), "30 of 106 is 28 %");
    assert_eq!((since(&done).gained, since(&done).lost), (0, 30));

    let run = synced(100);
    remove_members(&run, "00gA", 10..50);
    let (held, found) = held(&run);
    assert!(held.reasons.contains(&"grants of roles to people: 106 before, 66 now".to_owned()), "{held:?}");
    assert_eq!((found.gained, found.lost), (0, 40));

    let run = synced(24);
    remove_members(&run, "00gA", 4..24);
    assert!(run.done().summary.held.is_none(), "20 rows are few, whatever the share");
}

#[test]
fn an_account_that_had_five_grants_is_not_left_with_none() {
    let run = synced(100);
    remove_members(&run, "00gB", 0..6);
    let (held, _) = held(&run);
    assert_eq!(held.reasons, ["grants in account 444455556666: 6 before, 0 now"]);

    let run = synced(100);
    remove_members(&run, "00gB", 0..2);
    run.done();
    run.later(60);
    remove_members(&run, "00gB", 2..6);
    assert!(run.done().summary.held.is_none(), "four grants are too few to hold a sync for");
}

#[test]
fn a_token_that_suddenly_sees_nobody_is_held_however_few_there_were() {
    let run = synced(3);
    let run = run
        .fault(Fault::on("/api/v1/apps/*/users").body("[]"))
        .fault(Fault::on("/api/v1/users").body("[]"))
        .fault(Fault::on("/api/v1/groups/*/users").body("[]"));
    let (held, _) = held(&run);
    assert_eq!(held.reasons, ["nobody is assigned, and the token does not see a single user of the org"]);
}

#[test]
fn an_empty_first_sync_is_sealed_when_the_token_sees_somebody() {
    let people = || Org::new("acme").user(User::new("ann@acme.test").id("00uA"));
    for app in [mapping(), direct()] {
        let run = Run::of(people().app(app)).plain();
        assert!(run.done().summary.held.is_none());
    }
    let run = Run::of(people().app(mapping())).plain().fault(Fault::on("/api/v1/users").body("[]"));
    let summary = run.summary_on(|| {}).unwrap();
    assert!(summary.held.is_some() && !run.file().exists());
    // Once it sees somebody, what was held is of no use.
    run.fake.clear_faults();
    run.later(60);
    assert!(run.done().summary.held.is_none());
    assert!(!held_path(&run.file()).exists());
}

#[test]
fn accepting_takes_exactly_the_held_file_and_asks_okta_nothing() {
    let run = synced(100);
    remove_members(&run, "00gA", 10..60);
    let (_, _) = held(&run);
    let waiting = std::fs::read(held_path(&run.file())).unwrap();
    run.fake.clear_log();
    let now = "2026-09-02T10:00:00Z".parse().unwrap();
    let accepted = accept_held(&run.file(), "project ended", "ann", now).unwrap();
    assert_eq!(run.bytes(), waiting);
    assert!(!held_path(&run.file()).exists() && run.fake.log().is_empty());
    let noted = std::fs::read_to_string(accepted_path(&run.file())).unwrap();
    let noted: Value = serde_json::from_str(noted.trim_end()).unwrap();
    assert_eq!((&noted["reason"], &noted["by"]), (&json!("project ended"), &json!("ann")));
    assert_eq!(noted["sync"], json!(accepted.sync));
    // Once more there is nothing to accept, and the next sync is measured against the accepted one.
    assert!(matches!(accept_held(&run.file(), "again", "ann", now), Err(SyncError::NothingHeld { .. })));
    run.later(60);
    let done = run.done();
    assert_eq!((since(&done).gained, since(&done).lost), (0, 0));
}

#[test]
fn an_acceptance_that_was_killed_in_the_middle_is_settled_by_reading() {
    let run = synced(100);
    remove_members(&run, "00gA", 10..60);
    let (_, _) = held(&run);
    let now = "2026-09-02T10:00:00Z".parse().unwrap();
    let path = run.file().with_file_name("audit.jsonl");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let open = || runtime.block_on(Audit::open(&path, "00oAcme", now, std::time::Duration::ZERO)).unwrap();
    let who = Who { os_user: "ann".to_owned(), host: "desk".to_owned(), ..Who::default() };
    // Killed after the intent: with the file that waits, and with one that nobody has any more.
    let digest = sha256(&held_path(&run.file()));
    let mut audit = open();
    for (op, sha256) in [("killed", digest.clone()), ("lost", "00".repeat(32))] {
        let event = AuditEvent::AcceptLoss {
            who: who.clone(),
            reason: "ended".to_owned(),
            file: run.file(),
            sha256,
            sync: "s".to_owned(),
            replaced: None,
        };
        audit.append(now, "", op, event).unwrap();
    }
    drop(audit);
    let mut audit = open();
    accept_recorded(&mut audit, "third", &run.file(), "really ended", &who, now).unwrap();
    assert_eq!(sha256(&run.file()), digest);
    let ends = |audit: &Audit| -> Vec<(String, Outcome)> {
        let end = |entry: &rolebook_connector::Entry| match &entry.event {
            AuditEvent::End { outcome, .. } => Some((entry.op.clone(), *outcome)),
            _ => None,
        };
        audit.entries().iter().filter_map(end).collect()
    };
    let settled = [("killed", Outcome::Failed), ("lost", Outcome::Unknown), ("third", Outcome::Done)];
    assert_eq!(ends(&audit), settled.map(|(op, outcome)| (op.to_owned(), outcome)));
    // Killed after the rename: the file shows it. What had not begun leaves no record.
    let event = audit.entries().iter().find(|entry| entry.op == "third").unwrap().event.clone();
    audit.append(now, "", "late", event).unwrap();
    let again = accept_recorded(&mut audit, "fourth", &run.file(), "again", &who, now);
    assert!(again.is_err());
    assert_eq!(ends(&audit).last(), Some(&("late".to_owned(), Outcome::Done)));
    assert!(audit.entries().iter().all(|entry| entry.op != "fourth"));
}

fn sha256(path: &std::path::Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    data_encoding::HEXLOWER.encode(digest.as_ref())
}

#[test]
fn a_held_file_is_refused_once_the_file_in_force_is_another() {
    let run = synced(100);
    remove_members(&run, "00gA", 10..60);
    held(&run);
    let waiting = std::fs::read(held_path(&run.file())).unwrap();
    run.later(60);
    run.fake.change(|org| (10..60).for_each(|n| assert!(org.add_member("00gA", &format!("00u{n:04}")))));
    assert!(run.done().summary.held.is_none());
    assert!(!held_path(&run.file()).exists(), "a good sync removes what was held");
    std::fs::write(held_path(&run.file()), waiting).unwrap();
    let before = run.bytes();
    let now = "2026-09-02T10:00:00Z".parse().unwrap();
    let refused = accept_held(&run.file(), "no", "ann", now);
    assert!(matches!(refused, Err(SyncError::HeldOutdated { .. })), "{refused:?}");
    assert_eq!(before, run.bytes());
    assert!(!accepted_path(&run.file()).exists());
}

#[test]
fn a_gain_is_sealed_and_named_with_the_group_it_came_through() {
    let run = synced(100);
    run.fake.change(|org| {
        for n in 6..60 {
            assert!(org.add_member("00gB", &format!("00u{n:04}")));
        }
    });
    let done = run.done();
    assert!(done.summary.held.is_none());
    let gains = &since(&done).gains;
    assert_eq!(gains.len(), 1);
    assert_eq!((gains[0].role.as_str(), gains[0].before, gains[0].now), ("Ops", 6, 60));
    assert_eq!(gains[0].causes, ["54 through group aws_444455556666_Ops"]);
}

#[test]
fn everyone_newly_conferring_a_role_is_named_though_few_gain() {
    let org = org(8).group(Group::new("Everyone").built_in().id("00gEveryone"));
    let run = Run::of(org).plain();
    run.done();
    run.later(60);
    run.fake.change(|org| {
        org.put_group(Group::new("aws_111122223333_Audit").built_in().id("00gEveryone").members(["00u0000"]));
    });
    let done = run.done();
    let gains = &since(&done).gains;
    assert_eq!(gains.len(), 1, "{gains:?}");
    assert_eq!(gains[0].role, "111122223333/Audit");
    run.later(60);
    assert!(since(&run.done()).gains.is_empty(), "it is news only once");
}

#[test]
fn changes_of_the_app_are_told_with_old_and_new_and_what_they_moved() {
    let users = ["00uA", "00uB"];
    let app = direct()
        .group(AppGroup::new("00g1").priority(0).saml_roles(["Admin"]))
        .group(AppGroup::new("00g2").priority(1).saml_roles(["Ops"]));
    let app = users.iter().fold(app, |app, id| app.user(AppUser::by_group(*id).saml_roles(["Admin"])));
    let run = Run::of(
        Org::new("acme")
            .users(users.iter().map(|id| User::new(format!("{id}@acme.test")).id(*id)))
            .group(Group::new("one").id("00g1").members(users))
            .group(Group::new("two").id("00g2").members(users))
            .app(app),
    )
    .plain();
    run.done();
    run.later(60);
    let change = |change: fn(App) -> App| run.fake.change(|org| assert!(org.change_app("0oaAWS", change)));
    change(|app| app.setting("joinAllRoles", true).setting("sessionDuration", 7200));
    let done = run.done();
    let told = |done: &Done| -> Vec<(String, Value, Value)> {
        since(done).app.iter().map(|one| (one.setting.clone(), one.old.clone(), one.new.clone())).collect()
    };
    let changes = told(&done);
    assert!(
        changes.iter().any(|(setting, _, new)| setting == "joinAllRoles" && *new == json!(true)),
        "{changes:?}"
    );
    assert!(changes.iter().any(|(setting, _, new)| setting == "sessionDuration" && *new == json!(7200)));
    assert_eq!((since(&done).gained, since(&done).lost), (2, 0));

    run.later(60);
    change(|app| app.union(true));
    assert!(told(&run.done()).iter().any(|(setting, ..)| setting == "union"));

    run.later(60);
    change(|app| app.status("INACTIVE"));
    let done = run.done();
    assert_eq!(told(&done), [("status".to_owned(), json!("ACTIVE"), json!("INACTIVE"))]);
    assert_eq!(since(&done).lost, 4);
}

#[test]
fn what_could_not_be_read_is_no_loss() {
    // Members of the large group are refused: its grants are not compared.
    let run = synced(100).fault(Fault::on("/api/v1/groups/00gA/users").status(403));
    let done = run.done();
    assert!(done.summary.held.is_none(), "{:?}", done.summary.held);
    assert_eq!(since(&done).lost, 0);
    assert!(matches!(done.summary.coverage.lists["members"], ListCoverage::Not { .. }));
    assert!(!done.summary.coverage.is_complete());

    // Admin roles were read by one token and are not by the next.
    let org = org(100);
    let run = Run::of(org).token("super");
    run.fake.change(|org| {
        for n in 0..40 {
            org.put_user_role(
                &format!("00u{n:04}"),
                rolebook_fake_okta::AdminRole::AppAdmin,
                rolebook_fake_okta::RoleTargets::all(),
            );
        }
    });
    let first = run.done();
    assert_eq!(first.rows.holders("role:APP_ADMIN:assigned").len(), 40);
    run.later(60);
    let done = run.token("read_only").done();
    assert!(done.summary.held.is_none(), "{:?}", done.summary.held);
}
