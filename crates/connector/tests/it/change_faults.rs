//! Every write under every fault: no double effect, a truthful outcome, a whole chain.

use std::time::Duration;

use rolebook_connector::{Asked, Outcome, TargetName, read_audit};
use rolebook_fake_okta::{AppGroup, AppUser, Fault, Org, User};
use rolebook_federation::plan::LastRole;

use crate::{
    desk::{Desk, block, converting, for_group, grant, member_of, revoke, role},
    run::{direct, group, people},
};

fn org() -> Org {
    people()
        .user(User::new("dan@acme.test").id("00uD").name("Dan", "Dee"))
        .group(group("gX", "ops", ["00uB"]))
        .group(group("gY", "readers", ["00uA"]))
        .group(group("g5", "five", ["00uC"]))
        .group(group("gOut", "outside", []))
        .app(
            direct()
                .saml_iam_roles(["Admin", "Ops", "ReadOnly", "Audit"])
                .group(AppGroup::new("gX").priority(0).saml_roles(["Admin", "Ops"]))
                .group(AppGroup::new("gY").priority(1).saml_roles(["ReadOnly"]))
                .user(AppUser::direct("00uA").saml_roles(["Ops"]))
                .user(AppUser::direct("00uD").saml_roles(["ReadOnly"])),
        )
}

/// A write: how it is asked for, method and path of its call, and whether Okta shows it.
struct Write {
    name: &'static str,
    asked: Asked,
    method: &'static str,
    path: &'static str,
    shown: fn(&Desk) -> bool,
}

fn roles(desk: &Desk, user: &str) -> Vec<String> {
    desk.assignment(user).map(|(_, roles)| roles).unwrap_or_default()
}

fn scope(desk: &Desk, user: &str) -> String {
    desk.assignment(user).map(|(scope, _)| scope).unwrap_or_default()
}

fn group_roles(desk: &Desk, group: &str) -> Option<Vec<String>> {
    desk.group_assignment(group).map(|(_, roles)| roles)
}

fn is_member(desk: &Desk, group: &str, user: &str) -> bool {
    desk.fake().with_org(|org| org.is_member(group, user))
}

fn writes() -> Vec<Write> {
    let last = |last_role| Asked { last_role, ..revoke(role("Ops"), "00uA") };
    vec![
        Write {
            name: "add member",
            asked: grant(member_of("g5"), "00uA"),
            method: "PUT",
            path: "/api/v1/groups/g5/users/00uA",
            shown: |desk| is_member(desk, "g5", "00uA"),
        },
        Write {
            name: "remove member",
            asked: revoke(member_of("g5"), "00uC"),
            method: "DELETE",
            path: "/api/v1/groups/g5/users/00uC",
            shown: |desk| !is_member(desk, "g5", "00uC"),
        },
        Write {
            name: "assign user",
            asked: grant(role("Admin"), "00uC"),
            method: "POST",
            path: "/api/v1/apps/0oaAWS/users",
            shown: |desk| roles(desk, "00uC") == ["Admin"],
        },
        Write {
            name: "set user roles",
            asked: grant(role("Audit"), "00uA"),
            method: "POST",
            path: "/api/v1/apps/0oaAWS/users/00uA",
            shown: |desk| roles(desk, "00uA") == ["Ops", "Audit"],
        },
        Write {
            name: "convert",
            asked: converting(grant(role("Audit"), "00uB")),
            method: "POST",
            path: "/api/v1/apps/0oaAWS/users/00uB",
            shown: |desk| scope(desk, "00uB") == "USER" && roles(desk, "00uB") == ["Admin", "Ops", "Audit"],
        },
        Write {
            name: "return to groups",
            asked: last(LastRole::Group),
            method: "POST",
            path: "/api/v1/apps/0oaAWS/users/00uA",
            shown: |desk| scope(desk, "00uA") == "GROUP",
        },
        Write {
            name: "unassign user",
            asked: revoke(TargetName::App, "00uD"),
            method: "DELETE",
            path: "/api/v1/apps/0oaAWS/users/00uD",
            shown: |desk| desk.assignment("00uD").is_none(),
        },
        Write {
            name: "assign group",
            asked: for_group(grant(role("Audit"), ""), "gOut"),
            method: "PUT",
            path: "/api/v1/apps/0oaAWS/groups/gOut",
            shown: |desk| group_roles(desk, "gOut") == Some(vec!["Audit".to_owned()]),
        },
        Write {
            name: "set group roles",
            asked: for_group(grant(role("Audit"), ""), "gX"),
            method: "PATCH",
            path: "/api/v1/apps/0oaAWS/groups/gX",
            shown: |desk| group_roles(desk, "gX").unwrap_or_default() == ["Admin", "Ops", "Audit"],
        },
        Write {
            name: "unassign group",
            asked: for_group(revoke(TargetName::App, ""), "gY"),
            method: "DELETE",
            path: "/api/v1/apps/0oaAWS/groups/gY",
            shown: |desk| group_roles(desk, "gY").is_none(),
        },
    ]
}

/// Runs every write under a fault and says how each ended. Whatever comes: *done* is true, *nothing changed* is true, the
/// call went out no more often than allowed, and the chain holds.
fn each(fault: impl Fn(Fault) -> Fault, most_calls: usize, expect: impl Fn(&Write) -> Outcome) {
    for write in writes() {
        let mut desk = Desk::of(org());
        desk.read_timeout = Duration::from_millis(400);
        desk.fake().add_fault(fault(Fault::on(write.path).method(write.method)));
        let changed = desk.change(&write.asked).unwrap_or_else(|error| panic!("{}: {error}", write.name));
        let outcome = changed.applied.outcome;
        assert_eq!(outcome, expect(&write), "{}: {}", write.name, changed.applied.says);
        let calls = desk.writes().len();
        assert!((1..=most_calls).contains(&calls), "{}: {:?}", write.name, desk.writes());
        desk.fake().clear_faults();
        match outcome {
            Outcome::Done | Outcome::AlreadySo => assert!((write.shown)(&desk), "{}", write.name),
            Outcome::Refused | Outcome::Failed => assert!(!(write.shown)(&desk), "{}", write.name),
            // The next run settles what is open, whatever it then makes of the wish.
            Outcome::Unknown => drop(desk.change(&write.asked)),
        }
        desk.chain_is_whole();
        let step = &changed.applied.steps[0];
        assert_eq!(step.outcome, outcome, "{}", write.name);
    }
}

#[test]
fn without_a_fault_each_is_done_by_one_call() {
    each(|fault| fault.latency(Duration::ZERO), 1, |_| Outcome::Done);
}

#[test]
fn what_becomes_of_a_call_whose_connection_breaks_is_unknown() {
    each(Fault::drop_connection, 1, |_| Outcome::Unknown);
}

/// The effect may come after anybody has stopped waiting: it is unknown until a run reads it.
#[test]
fn a_call_without_an_answer_is_settled_by_the_next_run() {
    let mut desk = Desk::of(org());
    desk.read_timeout = Duration::from_millis(400);
    let write = &writes()[0];
    desk.fake().add_fault(Fault::on(write.path).method(write.method).drop_connection());
    let end = desk.ends(&write.asked, Outcome::Unknown);
    let says = &end.applied.says;
    assert!(says.contains("outcome unknown") && !says.contains("nothing changed"), "{says}");
    desk.fake().clear_faults();
    let next = desk.change(&write.asked).unwrap();
    assert_eq!(next.settled.len(), 1, "the intent is open: {:?}", next.settled);
    assert!((write.shown)(&desk));
    desk.chain_is_whole();
}

#[test]
fn a_connection_that_breaks_after_is_settled_by_reading() {
    each(|fault| fault.drop_connection().done(), 1, |_| Outcome::Done);
}

#[test]
fn a_timeout_before_is_unknown() {
    each(|fault| fault.status(500).latency(Duration::from_secs(2)), 1, |_| Outcome::Unknown);
}

#[test]
fn a_timeout_after_is_settled_by_reading() {
    each(|fault| fault.latency(Duration::from_secs(2)), 1, |_| Outcome::Done);
}

#[test]
fn an_answer_cut_off_is_settled_by_reading() {
    each(Fault::cut, 1, |_| Outcome::Done);
}

#[test]
fn a_conflict_changes_nothing() {
    each(|fault| fault.status(409).code("E0000090"), 1, |_| Outcome::Refused);
    // A conflict without Okta's words may come from anything in front of it.
    // It is no answer of Okta's, so the call may have gone through.
    each(|fault| fault.status(409), 1, |_| Outcome::Unknown);
}

#[test]
fn a_refusal_changes_nothing_and_names_the_right() {
    for write in writes() {
        let desk = Desk::of(org());
        desk.fake().add_fault(Fault::on(write.path).method(write.method).status(403));
        let end = desk.ends(&write.asked, Outcome::Refused);
        assert!(end.applied.refused_by_okta, "{}", write.name);
        let row = end.applied.steps[0].missing.unwrap();
        assert!(end.applied.says.contains(row.admin_role()), "{}: {}", write.name, end.applied.says);
        desk.fake().clear_faults();
        assert!(!(write.shown)(&desk), "{}", write.name);
        desk.chain_is_whole();
    }
}

#[test]
fn a_404_changes_nothing() {
    each(|fault| fault.status(404), 1, |_| Outcome::Failed);
}

#[test]
fn x4_a_429_waits_and_goes_on() {
    each(|fault| fault.rate_limited().reset(0).count(1), 2, |_| Outcome::Done);
}

#[test]
fn x8_a_500_is_read_and_tried_once_more() {
    each(|fault| fault.status(500).count(1), 2, |_| Outcome::Done);
}

#[test]
fn a_500_that_stays_ends_after_two_calls() {
    each(|fault| fault.status(500), 2, |_| Outcome::Failed);
}

#[test]
fn a_500_after_the_fact_is_done_and_not_repeated() {
    each(|fault| fault.status(500).done(), 1, |_| Outcome::Done);
}

#[test]
fn any_answer_after_the_fact_is_believed_less_than_what_okta_shows() {
    for status in [400, 403, 409] {
        each(
            |fault| fault.status(status).done(),
            1,
            |write| {
                // A patch that is not taken is put whole, which then is so already.
                let _ = write;
                Outcome::Done
            },
        );
    }
}

#[test]
fn maintenance_changes_nothing() {
    each(|fault| fault.status(503).code("E0000010"), 1, |_| Outcome::Failed);
}

/// Vanishes in the middle of the call, as a killed process does.
fn killed(write: &Write, arrives: bool) -> Desk {
    let desk = Desk::of(org());
    let fault = Fault::on(write.path).method(write.method).latency(Duration::from_secs(3600));
    desk.fake().add_fault(if arrives { fault } else { fault.status(500) });
    block(async {
        let sent = async {
            while !desk.fake().log().iter().any(|asked| asked.method == write.method) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            done = desk.change_async(&write.asked) => panic!("{}: not killed: {done:?}", write.name),
            () = sent => {}
        }
    });
    let chain = read_audit(&desk.audit_path()).unwrap();
    assert_eq!(chain.open_intents().len(), 1, "{}: the intent is on disk before the call", write.name);
    desk.fake().clear_faults();
    desk.fake().clear_log();
    desk
}

#[test]
fn a_kill_between_intent_and_outcome_is_settled_by_the_next_run() {
    for write in writes() {
        let desk = killed(&write, true);
        let next = desk.change(&grant(member_of("gOut"), "00uB")).unwrap();
        assert_eq!(next.settled.len(), 1, "{}", write.name);
        assert_eq!(next.settled[0].outcome, Outcome::Done, "{}: {:?}", write.name, next.settled);
        assert!((write.shown)(&desk), "{}", write.name);
        // Only the next run's own call: what was done is not done again.
        assert_eq!(desk.writes(), ["PUT /api/v1/groups/gOut/users/00uB"], "{}", write.name);
        desk.chain_is_whole();

        let desk = killed(&write, false);
        let next = desk.change(&grant(member_of("gOut"), "00uB")).unwrap();
        assert_eq!(next.settled[0].outcome, Outcome::Failed, "{}: {:?}", write.name, next.settled);
        assert!(!(write.shown)(&desk), "{}", write.name);
        desk.chain_is_whole();
    }
}

/// Waits until a request has come so often, then does something to the org.
fn meanwhile(
    desk: &Desk,
    method: &'static str,
    path: &'static str,
    times: usize,
    change: impl FnOnce() + Send,
) {
    for _ in 0..2000 {
        let log = desk.fake().log();
        if log.iter().filter(|asked| asked.method == method && asked.path == path).count() >= times {
            change();
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("{method} {path} did not come");
}

const ANN: &str = "/api/v1/apps/0oaAWS/users/00uA";

fn somebody_sets(desk: &Desk, roles: &[&str]) {
    let spec = AppUser::direct("00uA").saml_roles(roles.iter().copied());
    desk.fake().change(|org| org.put_app_user("0oaAWS", spec));
}

#[test]
fn who_writes_after_us_loses_nothing_and_takes_nothing() {
    let desk = Desk::of(org());
    // Our call is carried out; before we look, somebody puts their own list.
    desk.fake().add_fault(Fault::on(ANN).method("POST").latency(Duration::from_millis(300)).count(1));
    std::thread::scope(|scope| {
        scope.spawn(|| meanwhile(&desk, "POST", ANN, 1, || somebody_sets(&desk, &["Ops", "ReadOnly"])));
        desk.ends(&grant(role("Audit"), "00uA"), Outcome::Done);
    });
    assert_eq!(roles(&desk, "00uA"), ["Ops", "ReadOnly", "Audit"]);
    assert_eq!(desk.writes().len(), 2);
    desk.chain_is_whole();
}

#[test]
fn who_writes_between_our_reading_and_our_writing_is_told() {
    let desk = Desk::of(org());
    // The second reading is the one right before the call; its answer is late.
    let late = Fault::on(ANN).method("GET").skip(1).count(1).latency(Duration::from_millis(1500));
    desk.fake().add_fault(late);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            meanwhile(&desk, "GET", ANN, 2, || {
                std::thread::sleep(Duration::from_millis(1100));
                somebody_sets(&desk, &["Ops", "ReadOnly"]);
            });
        });
        let end = desk.ends(&grant(role("Audit"), "00uA"), Outcome::Unknown);
        assert!(end.applied.says.contains("may be overwritten"), "{}", end.applied.says);
        assert!(end.applied.says.contains("system@okta.com"), "{}", end.applied.says);
    });
    desk.chain_is_whole();
}

#[test]
fn who_assigns_between_our_reading_and_our_assigning_is_told() {
    let desk = Desk::of(org());
    let path = "/api/v1/apps/0oaAWS/users/00uC";
    let late = Fault::on(path).method("GET").skip(1).count(1).latency(Duration::from_millis(400));
    desk.fake().add_fault(late);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            meanwhile(&desk, "GET", path, 2, || {
                let spec = AppUser::direct("00uC").saml_roles(["ReadOnly"]);
                desk.fake().change(|org| org.put_app_user("0oaAWS", spec));
            });
        });
        let end = desk.ends(&grant(role("Audit"), "00uC"), Outcome::Unknown);
        assert!(end.applied.says.contains("may be overwritten"), "{}", end.applied.says);
    });
    desk.chain_is_whole();
}

#[test]
fn who_writes_before_our_last_reading_stops_us() {
    let desk = Desk::of(org());
    // The first reading is the plan's; somebody writes before the second.
    let late = Fault::on(ANN).method("GET").count(1).latency(Duration::from_millis(300));
    desk.fake().add_fault(late);
    std::thread::scope(|scope| {
        scope.spawn(|| meanwhile(&desk, "GET", ANN, 1, || somebody_sets(&desk, &["Ops", "ReadOnly"])));
        let error = desk.refused(&grant(role("Audit"), "00uA"));
        assert!(error.to_string().contains("stale"), "{error}");
        let text = error.to_string();
        assert!(text.contains("samlRoles [Ops],") && text.contains("samlRoles [Ops, ReadOnly]"), "{text}");
    });
    assert_eq!(roles(&desk, "00uA"), ["Ops", "ReadOnly"]);
}

#[test]
fn an_assignment_that_groups_give_meanwhile_is_refused_by_okta_and_told() {
    // Okta's E0000046: between our reading and our call, a group began to assign.
    let desk = Desk::of(org());
    let path = "/api/v1/apps/0oaAWS/users/00uD";
    desk.fake().add_fault(Fault::on(path).method("GET").skip(1).count(1).latency(Duration::from_millis(300)));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            meanwhile(&desk, "GET", path, 2, || {
                desk.fake().change(|org| org.add_member("gY", "00uD"));
            });
        });
        let end = desk.ends(&revoke(TargetName::App, "00uD"), Outcome::Refused);
        assert!(end.applied.says.contains("groups still give the assignment"), "{}", end.applied.says);
        assert!(!end.applied.refused_by_okta);
    });
    assert_eq!(scope(&desk, "00uD"), "USER");
    desk.chain_is_whole();
}
