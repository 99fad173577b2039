//! The memory beside a snapshot: what is read of the System Log, how often, and what survives.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use rolebook_connector::{ErrorKind, EventStore, LoggedEvent, SyncError, events_path};
use rolebook_fake_okta::{AdminRole, App, AppUser, Fault, RoleTargets, UserStatus};

use crate::run::{APP, Run, group, mapping, people};

fn run() -> Run {
    let org = people()
        .group(group("00gA", "aws_111122223333_Admin", ["00uA"]))
        .app(mapping().user(AppUser::direct("00uA")))
        .app(App::new("0oaMail", "mail", "Mail").user(AppUser::direct("00uB")));
    Run::of(org).plain()
}

fn kept(run: &Run) -> Vec<LoggedEvent> {
    let mut events = Vec::new();
    EventStore::open(&events_path(&run.file())).unwrap().each(None, |event| events.push(event)).unwrap();
    events
}

fn kinds(run: &Run) -> Vec<String> {
    kept(run).into_iter().map(|event| event.kind).collect()
}

#[test]
fn what_concerns_access_is_kept_and_the_rest_is_not() {
    let run = run();
    let done = run.done().summary;
    run.fake.change(|org| {
        org.add_member("00gA", "00uB");
        org.sign_on(APP, "00uA");
        org.sign_on("0oaMail", "00uB");
        org.put_app_user("0oaMail", AppUser::direct("00uC"));
        org.put_app_user(APP, AppUser::direct("00uC"));
        org.set_status("00uC", UserStatus::Suspended);
        org.put_user_role("00uB", AdminRole::AppAdmin, RoleTargets::all());
        org.change_app(APP, |app| app.setting("sessionDuration", 7200));
    });
    let read = run.events(&done).unwrap();
    assert_eq!((read.new, read.kept, read.unreadable, read.gap), (read.kept, read.kept, 0, None));
    let mut found = kinds(&run);
    found.sort();
    assert_eq!(
        found,
        [
            "application.lifecycle.update",
            "application.user_membership.add",
            "group.user_membership.add",
            "user.account.privilege.grant",
            "user.authentication.sso",
            "user.lifecycle.suspend",
        ]
    );
    let sign_on = kept(&run).into_iter().find(|event| event.kind == "user.authentication.sso").unwrap();
    assert_eq!(sign_on.actor.unwrap().id, "00uA");
    assert!(sign_on.targets.iter().any(|target| target.id == APP));
    assert_eq!(sign_on.outcome.as_deref(), Some("SUCCESS"));
    // By the person or thing that they are about.
    let store = EventStore::open(&events_path(&run.file())).unwrap();
    let mut about = Vec::new();
    store.each(Some("00gA"), |event| about.push(event.kind)).unwrap();
    assert_eq!(about, ["group.user_membership.add"]);
    let mode = std::fs::metadata(events_path(&run.file())).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn a_later_reading_goes_on_where_the_last_one_stopped() {
    let run = run();
    let done = run.done().summary;
    run.fake.change(|org| org.add_member("00gA", "00uB"));
    assert_eq!(run.events(&done).unwrap().new, 1);
    let read = run.events(&done).unwrap();
    assert_eq!((read.new, read.kept), (0, 1));
    assert_eq!(run.fake.log().len(), 1, "nothing new costs one request: {:?}", run.fake.log_lines());
    run.fake.change(|org| org.remove_member("00gA", "00uB"));
    let read = run.events(&done).unwrap();
    assert_eq!((read.new, read.kept), (1, 2));
    assert_eq!(kinds(&run), ["group.user_membership.add", "group.user_membership.remove"]);
    assert!(run.fake.log().iter().all(|asked| asked.path == "/api/v1/logs" && asked.method == "GET"));
}

/// Three pages; the second fails for good. What was read stays, and is not read again.
#[test]
fn a_reading_that_is_cut_off_is_taken_up() {
    let run = run();
    let done = run.done().summary;
    run.fake.change(|org| {
        for _ in 0..1250 {
            org.add_member("00gA", "00uB");
            org.remove_member("00gA", "00uB");
        }
    });
    run.fake.add_fault(Fault::on("/api/v1/logs").skip(1).status(501));
    let error = run.events(&done).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert_eq!(kept(&run).len(), 1000);
    run.fake.clear_faults();
    let read = run.events(&done).unwrap();
    assert_eq!((read.new, read.kept), (1500, 2500));
    assert_eq!(run.fake.log().len(), 3, "two pages and the empty one: {:?}", run.fake.log_lines());
}

/// Okta no longer knows the place: the reading begins again a little before the newest event, and nothing comes twice.
#[test]
fn a_place_that_is_lost_costs_no_event_and_doubles_none() {
    let run = run();
    let done = run.done().summary;
    run.fake.change(|org| org.add_member("00gA", "00uB"));
    run.events(&done).unwrap();
    run.fake.change(|org| org.remove_member("00gA", "00uB"));
    run.fake.add_fault(Fault::on("/api/v1/logs").status(400).code("E0000029").count(1));
    let read = run.events(&done).unwrap();
    assert_eq!((read.new, read.kept), (1, 2));
    // A log that refuses every question is no lost place.
    run.fake.add_fault(Fault::on("/api/v1/logs").status(400).code("E0000031"));
    assert!(matches!(run.events(&done).unwrap_err(), SyncError::Essential { .. }));
    assert!(run.fake.log().len() <= 2, "{:?}", run.fake.log_lines());
    assert_eq!(kept(&run).len(), 2);
}

#[test]
fn what_okta_has_forgotten_is_a_gap() {
    let run = run();
    let done = run.done().summary;
    run.events(&done).unwrap();
    let days = 100 * 86_400;
    run.later(days);
    run.fake.advance(Duration::from_secs(u64::try_from(days).unwrap()));
    run.fake.change(|org| org.add_member("00gA", "00uB"));
    let read = run.events(&done).unwrap();
    let (since, until) = read.gap.unwrap();
    assert_eq!(until.duration_since(since).as_hours(), 10 * 24);
    assert_eq!(read.new, 1);
    let store = EventStore::open(&events_path(&run.file())).unwrap();
    assert_eq!(store.gaps().unwrap(), [(since, until)]);
    assert_eq!(run.events(&done).unwrap().gap, None, "told once");
}

#[test]
fn a_token_without_the_right_is_refused_and_other_apps_have_other_files() {
    let run = run().token("app_admin");
    let done = run.done().summary;
    assert_eq!(run.events(&done).unwrap_err().kind(), ErrorKind::Refused);
    let run = self::run();
    let mut done = run.done().summary;
    run.events(&done).unwrap();
    done.app.id = "0oaOther".into();
    let error = run.events(&done).unwrap_err();
    assert!(matches!(error, SyncError::OtherOwner { what: "app", .. }), "{error}");
    assert!(run.fake.log().is_empty());
}
