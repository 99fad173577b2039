//! Incremental syncs: what they cost, when they are full after all, and what they leave.

use std::time::Duration;

use jiff::SignedDuration;
use rolebook_connector::{AdminRoles, EVENT_LAG, FULL_EVERY, IncrementalOptions};
use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, Fault, Group, GroupRule, Org, RoleTargets, Token, TokenRole, User,
    UserStatus,
};
use rolebook_federation::FilterMatch;
use rolebook_ledger::Facts;

use crate::run::{APP, Done, Run, direct, group, mapping, people};

/// The facts, without when and how they were read, and without what leaves no trace.
pub(crate) fn content(mut facts: Facts) -> Facts {
    (facts.coverage.from, facts.coverage.to, facts.coverage.log_from) = (None, None, None);
    facts.coverage.incremental = None;
    facts
}

/// Time passes, for both sides.
pub(crate) fn pass(run: &Run, seconds: u64) {
    run.fake.advance(Duration::from_secs(seconds));
    run.later(seconds.try_into().unwrap());
}

fn wanted() -> IncrementalOptions {
    IncrementalOptions { event_lag: EVENT_LAG, full_every: FULL_EVERY }
}

fn org(app: App) -> Org {
    let app = app
        .group(AppGroup::new("00gAdmin").priority(0).saml_roles(["Admin"]))
        .group(AppGroup::new("00gOps").priority(1).saml_roles(["Ops"]))
        .user(AppUser::direct("00uC").saml_roles(["Read"]));
    people()
        .group(group("00gAdmin", "aws_111122223333_Admin", ["00uA", "00uB"]))
        .group(group("00gOps", "aws_111122223333_Ops", ["00uB"]))
        .group(group("00gOther", "office", ["00uA"]))
        .app(app)
}

/// A run that has synced once, some time ago; the next one is incremental.
fn after_a_sync(app: App) -> Run {
    after_a_sync_of(Run::of(org(app)).plain())
}

fn after_a_sync_of(run: Run) -> Run {
    let run = run.options(|sync| sync.incremental = Some(wanted()));
    let first = run.done();
    assert_eq!(first.summary.why_full.as_deref(), Some("there is no earlier sync in the file"));
    pass(&run, 600);
    run
}

#[track_caller]
fn costs(done: &Done, requests: usize) {
    assert_eq!(done.summary.why_full, None);
    let lines: Vec<String> = done.log.iter().map(rolebook_fake_okta::Logged::line).collect();
    assert_eq!(lines.len(), requests, "{lines:#?}");
    assert_eq!(done.summary.bound.requests(), requests as u64, "{lines:#?}");
    assert_eq!(done.summary.requests, requests as u64);
}

#[test]
fn nothing_changed_costs_three_requests() {
    for app in [mapping(), direct()] {
        let run = after_a_sync(app);
        let before = run.open();
        for _ in 0..3 {
            let done = run.done();
            costs(&done, 3);
            assert_eq!(content(done.facts), content(before.0.clone()));
            assert_eq!(done.rows.encoded, before.1.encoded);
            let since = done.summary.since.unwrap();
            assert_eq!((since.gained, since.lost, since.losses.len()), (0, 0, 0));
            pass(&run, 600);
        }
        // What does not concern the file costs the page of the log that tells, and the empty one behind it.
        run.fake.change(|org| assert!(org.add_member("00gOther", "00uC")));
        pass(&run, 300);
        costs(&run.done(), 4);
    }
}

#[test]
fn each_kind_of_change_costs_what_it_touches() {
    // App, log with its empty last page, moved groups, and whose token it is.
    let base = 5;
    let changed = |app: App, change: &dyn Fn(&mut Org), more: usize| {
        let run = after_a_sync(app);
        run.fake.change(change);
        pass(&run, 300);
        costs(&run.done(), base + more);
        // Behind the lag it is history.
        pass(&run, 300);
        costs(&run.done(), 3);
    };
    for app in [mapping, direct] {
        // The group's members and the app user.
        changed(app(), &|org| assert!(org.add_member("00gAdmin", "00uC")), 2);
        // Ann has no other group: she is no app user any more, so the person is asked for.
        changed(app(), &|org| assert!(org.remove_member("00gAdmin", "00uA")), 3);
        changed(app(), &|org| org.put_user(User::new("ann@acme.test").id("00uA").name("Ann", "New")), 1);
        // The assignment and the groups.
        changed(app(), &|org| assert!(org.set_status("00uA", UserStatus::Suspended)), 2);
        changed(app(), &|org| assert!(org.put_app_user(APP, AppUser::direct("00uC").saml_roles(["Ops"]))), 1);
        // Both lists of the app.
        changed(
            app(),
            &|org| assert!(org.put_app_group(APP, AppGroup::new("00gOps").saml_roles(["Audit"]))),
            2,
        );
    }
    // A group that the app or the filter has come to concern is read with its members.
    changed(mapping(), &|org| org.put_group(Group::new("aws_111122223333_Read").id("00gOther")), 1);
    changed(mapping(), &|org| org.put_group(Group::new("elsewhere").id("00gOther")), 0);
    changed(direct(), &|org| assert!(org.put_app_group(APP, AppGroup::new("00gOther").saml_roles(["X"]))), 3);
    // Deleted: the log names it, asking by its id finds nothing, and the app's lists tell what went with it.
    changed(direct(), &|org| assert!(org.remove_group("00gOps")), 3);
}

/// One page of app users is cheaper than two people.
#[test]
fn several_people_are_read_as_a_list() {
    let run = after_a_sync(direct());
    run.fake.change(|org| {
        for user in ["00uA", "00uB", "00uC"] {
            org.put_app_user(APP, AppUser::direct(user).saml_roles(["Ops"]));
        }
    });
    pass(&run, 300);
    let done = run.done();
    costs(&done, 6);
    assert_eq!(done.asked("/apps/0oaAWS/users"), 1);
}

#[test]
fn the_coverage_says_what_the_sync_stands_on() {
    let run = after_a_sync(mapping());
    let first = run.open().0.coverage;
    run.fake.change(|org| assert!(org.add_member("00gOps", "00uA")));
    pass(&run, 300);
    let done = run.done();
    let coverage = &done.facts.coverage;
    let record = coverage.incremental.clone().unwrap();
    assert_eq!(record.entries, 1);
    assert_eq!(Some(record.full), first.from);
    assert_eq!(Some(record.log_since), first.log_from.map(|from| from - EVENT_LAG));
    assert!(coverage.from > first.from && coverage.log_from > first.log_from);
    assert_eq!(first.incremental, None);
    pass(&run, 300);
    let next = run.done().facts.coverage.incremental.unwrap();
    assert_eq!(next.full, record.full, "the last full sync stays the same");
    assert_eq!(next.based_on, done.summary.sync_id.to_string());
}

/// A planted mistake: a run that does not look back misses what the log tells late. With the default it does not.
#[test]
fn late_entries_are_found_because_each_run_looks_back() {
    for (event_lag, found) in [(SignedDuration::ZERO, false), (EVENT_LAG, true)] {
        let run = Run::of(org(direct())).plain().options(|sync| {
            sync.incremental = Some(IncrementalOptions { event_lag, ..wanted() });
        });
        run.fake.configure(|okta| {
            okta.log_lag = Duration::from_secs(90);
            okta.date_lag = Duration::from_secs(90);
        });
        run.done();
        pass(&run, 300);
        run.fake.change(|org| {
            for user in ["00uA", "00uB", "00uC"] {
                org.put_app_user(APP, AppUser::direct(user).saml_roles(["Late"]));
            }
        });
        pass(&run, 1);
        run.done();
        pass(&run, 300);
        let done = run.done();
        assert_eq!(done.summary.why_full, None);
        let late = |done: &Done| done.rows.holders("account:111122223333:Late").len();
        assert_eq!(late(&done) == 3, found, "looking back {event_lag:#}");
    }
}

#[track_caller]
fn full_because(run: &Run, why: &str) {
    let done = run.done();
    let said = done.summary.why_full.clone().unwrap_or_default();
    assert!(said.contains(why), "{said:?} does not say {why:?}");
    assert_eq!(done.facts.coverage.incremental, None);
    assert!(done.asked("/apps/0oaAWS/users") > 0, "every list is read");
    let answered = done.log.iter().filter(|entry| entry.status == 200);
    let lines: Vec<String> = answered.map(rolebook_fake_okta::Logged::line).collect();
    let once: std::collections::BTreeSet<&String> = lines.iter().collect();
    assert_eq!(once.len(), lines.len(), "something was asked twice: {lines:#?}");
}

#[track_caller]
fn full_after(app: App, change: impl FnOnce(&mut Org), why: &str) {
    let run = after_a_sync(app);
    run.fake.change(change);
    pass(&run, 300);
    full_because(&run, why);
    // From there on it is incremental again, when the entry lies behind the lag.
    pass(&run, 300);
    costs(&run.done(), 3);
}

#[test]
fn the_run_is_full_when_the_app_changed() {
    let setting = |org: &mut Org| assert!(org.change_app(APP, |app| app.setting("sessionDuration", 7200)));
    full_after(mapping(), setting, "the app, or one of its settings, changed");
    let union = |org: &mut Org| assert!(org.change_app(APP, |app| app.union(true)));
    full_after(direct(), union, "the schema of an app's profile changed");
}

#[test]
fn the_run_is_full_when_a_rule_was_at_work() {
    let rule = GroupRule::new("all", "true").assigns(["00gOps"]).holds(["00uC"]);
    full_after(direct(), |org| org.put_rule(rule), "a group rule was at work");
}

#[test]
fn the_run_is_full_when_the_log_speaks_of_what_is_not_understood() {
    let entry = |kind: &str, targets: &str| {
        format!(
            r#"[{{"uuid":"1","published":"2026-09-01T08:10:00.000Z","eventType":"{kind}","target":[{targets}]}}]"#
        )
    };
    let user = r#"{"id":"00uA","type":"User"}"#;
    for (kind, targets, why) in [
        ("app.user_management.user_group_import.upsert_success", user, "an import changed people or groups"),
        ("application.policy.sign_on.update", user, "whose effect is not known"),
        ("group.lifecycle.vanish", user, "whose effect is not known"),
        ("group.user_membership.add", user, "names no group"),
        ("application.user_membership.add", r#"{"id":"0uaX","type":"AppUser"}"#, "names no user"),
        ("application.lifecycle.deactivate", user, "the app changed"),
    ] {
        let run = after_a_sync(mapping());
        run.fake.add_fault(Fault::on("/api/v1/logs").count(1).body(entry(kind, targets)));
        full_because(&run, why);
    }
    let run = after_a_sync(mapping());
    run.fake.add_fault(Fault::on("/api/v1/logs").count(1).body(r#"[{"eventType":7}]"#));
    full_because(&run, "entry of Okta's log");
}

#[test]
fn the_run_is_full_without_the_right_to_read_the_log() {
    let run = after_a_sync(mapping());
    run.fake.add_fault(Fault::on("/api/v1/logs").status(403).code("E0000006"));
    full_because(&run, "this token may not read Okta's System Log");
    let run = after_a_sync(mapping());
    run.fake.add_fault(Fault::on("/api/v1/logs").count(100).status(500));
    full_because(&run, "Okta's System Log could not be read");
}

#[test]
fn the_run_is_full_after_a_day() {
    let run = after_a_sync(mapping());
    pass(&run, 24 * 3600 - 700);
    costs(&run.done(), 3);
    pass(&run, 200);
    full_because(&run, "--full-every");
    pass(&run, 600);
    costs(&run.done(), 3);
}

#[test]
fn the_run_is_full_when_the_log_does_not_reach_back() {
    let run = after_a_sync(mapping()).options(|sync| {
        sync.incremental =
            Some(IncrementalOptions { full_every: SignedDuration::from_hours(24 * 365), ..wanted() });
    });
    pass(&run, 89 * 86_400);
    costs(&run.done(), 3);
    pass(&run, 91 * 86_400);
    full_because(&run, "does not reach back to the last sync (90 days)");
}

#[test]
fn the_run_is_full_when_other_things_are_asked_for() {
    let run = after_a_sync(mapping()).options(|sync| sync.read.no_group_names = true);
    full_because(&run, "told to read something else");
    let run = after_a_sync(mapping()).options(|sync| sync.switches.filter_match = FilterMatch::Full);
    full_because(&run, "--assume");
    let run = after_a_sync(mapping()).options(|sync| sync.writer = "acceptance 2".to_owned());
    full_because(&run, "another version");
    let run =
        after_a_sync_of(Run::of(org(mapping())).token("super").options(|sync| sync.read.custom_roles = true));
    full_because(&run, "custom admin roles");
}

#[test]
fn the_run_is_full_when_the_last_one_was_partial() {
    let members = Fault::on("/api/v1/groups/00gOps/users").count(1).status(403).code("E0000006");
    let run = after_a_sync_of(Run::of(org(direct())).plain().fault(members));
    full_because(&run, "the last sync is partial");
    pass(&run, 600);
    costs(&run.done(), 3);
}

#[test]
fn the_run_is_full_when_clocks_are_in_doubt() {
    let run = after_a_sync(mapping());
    run.later(-7200);
    full_because(&run, "in the future by this machine's clock");
    let run = after_a_sync(mapping());
    run.fake.skew(-7200);
    full_because(&run, "in the future by Okta's clock");
    let run = after_a_sync(mapping());
    run.fake.add_fault(Fault::everywhere().no_date());
    full_because(&run, "Okta does not say what time it is");
    // A sync that could not tell the time is no base.
    run.fake.clear_faults();
    pass(&run, 60);
    full_because(&run, "does not say when it was");
}

#[test]
fn the_run_is_full_when_another_token_reads() {
    let mut run = Run::of(org(direct())).plain();
    run.fake.configure(|okta| {
        okta.tokens.push(Token::new("other", TokenRole::ReadOnly).owner("00uC"));
    });
    run = after_a_sync_of(run);
    run = run.token("other");
    // With nothing changed, what stands there is still what the first token saw.
    costs(&run.done(), 3);
    run.fake.change(|org| assert!(org.add_member("00gAdmin", "00uC")));
    pass(&run, 300);
    let done = run.done();
    assert_eq!(done.summary.why_full.as_deref(), Some("another token, or service app, read the last sync"));
}

#[test]
fn the_run_is_full_when_admin_roles_may_have_moved() {
    type Change = fn(&mut Org);
    let run = || {
        let org = org(direct()).group_role("00gOps", AdminRole::GroupAdmin, RoleTargets::all());
        after_a_sync_of(Run::of(org).token("super").admin_roles(AdminRoles::On))
    };
    costs(&run().done(), 3);
    let changes: [(Change, &str); 4] = [
        (|org| org.put_user_role("00uC", AdminRole::AppAdmin, RoleTargets::all()), "admin roles changed"),
        (|org| _ = org.add_member("00gOther", "00uC"), "through which Okta admin roles may be held"),
        (|org| _ = org.add_member("00gOps", "00uC"), "which holds an Okta admin role"),
        (|org| _ = org.remove_app_group(APP, "00gOps"), "groups changed, and Okta admin roles are read"),
    ];
    for (change, why) in changes {
        let run = run();
        run.fake.change(change);
        pass(&run, 300);
        full_because(&run, why);
    }
    let run = run();
    run.fake.change(|org| assert!(org.add_member("00gAdmin", "00uC")));
    pass(&run, 300);
    costs(&run.done(), 7);
}

#[test]
fn the_run_is_full_when_everyone_matters_and_people_come() {
    let app = direct().group(AppGroup::new("Everyone").saml_roles(["Guest"]));
    let run = after_a_sync_of(Run::of(people().everyone().app(app)).plain());
    run.fake.change(|org| org.put_user(User::new("dee@acme.test").id("00uD")));
    pass(&run, 300);
    full_because(&run, "people came or went");
    assert_eq!(
        run.open().1.holders("account:111122223333:Guest").iter().filter(|h| h.starts_with("user")).count(),
        4
    );
}

/// A loss is a loss, however it was found.
#[test]
fn the_guard_stands_before_an_incremental_file_too() {
    let people: Vec<String> = (0..60).map(|n| format!("00u{n:02}")).collect();
    let org =
        people.iter().fold(Org::new("acme"), |org, id| org.user(User::new(format!("{id}@acme.test")).id(id)));
    let app = direct().group(AppGroup::new("00gAll").saml_roles(["Admin"]));
    let org = org.group(Group::new("all").id("00gAll").members(people)).app(app);
    let run = after_a_sync_of(Run::of(org).plain());
    let before = run.bytes();
    run.fake.change(|org| assert!(org.remove_app_group(APP, "00gAll")));
    pass(&run, 300);
    let done = run.done();
    assert_eq!(done.summary.why_full, None);
    assert!(done.summary.held.is_some());
    assert_eq!(run.bytes(), before, "the old one stays");
}

#[test]
fn cut_off_at_any_request_the_rerun_ends_in_the_same_content() {
    for app in [mapping, direct] {
        let change = |org: &mut Org| {
            org.add_member("00gAdmin", "00uC");
            org.remove_member("00gOps", "00uB");
            org.put_app_group(APP, AppGroup::new("00gOther").saml_roles(["X"]));
            org.put_group(Group::new("aws_111122223333_New").id("00gNew").members(["00uC"]));
            org.set_status("00uA", UserStatus::Suspended);
        };
        let whole = after_a_sync(app());
        whole.fake.change(change);
        pass(&whole, 300);
        let whole = whole.done();
        assert_eq!(whole.summary.why_full, None);
        let requests = whole.log.len();
        assert!(requests > 8);
        for request in 0..requests {
            let run = after_a_sync(app());
            let before = run.bytes();
            run.fake.change(change);
            pass(&run, 300);
            run.cut_off_at(request);
            assert_eq!(run.bytes(), before, "cut off at {request}");
            pass(&run, 60);
            let done = run.done();
            assert_eq!(done.summary.why_full, None, "cut off at {request}");
            assert_eq!(plain(done.facts), plain(whole.facts.clone()), "cut off at {request}");
            assert!(done.log.len() <= requests, "cut off at {request}");
        }
    }
}

/// What happened at the fake's own pace, without its seconds.
fn plain(facts: Facts) -> Vec<String> {
    let facts = content(facts);
    let groups =
        facts.groups.iter().map(|group| format!("{} {:?} {}", group.id, group.group, group.members_read));
    let users = facts.users.iter().map(|user| {
        format!("{} {:?} {:?}", user.id, user.user, user.assignment.as_ref().map(|a| (&a.status, &a.scope)))
    });
    groups.chain(users).chain([format!("{:?}", facts.coverage.lists)]).collect()
}
