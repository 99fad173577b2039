//! One file, one truth: one writer, one org, one app.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use rolebook_connector::{ErrorKind, SyncError};
use rolebook_fake_okta::{App, AppUser, Group, Org, User};
use rolebook_snapshot::{Limits, Snapshot};

use crate::run::{Run, mapping};

fn org(name: &str) -> Org {
    Org::new(name)
        .user(User::new("ann@acme.test").id("00uA"))
        .group(Group::new("aws_111122223333_Admin").id("00g1").members(["00uA"]))
        .app(mapping().user(AppUser::direct("00uA")))
}

/// A second run that writes the first one's file.
fn into_the_file_of(first: &Run, org: Org) -> Run {
    let file = first.file();
    Run::of(org).plain().options(|sync| sync.file = file)
}

#[test]
fn a_file_of_another_org_is_refused_before_the_first_list() {
    let first = Run::of(org("acme")).plain();
    first.done();
    let before = first.bytes();
    let other = into_the_file_of(&first, org("globex").id("00oGlobex"));
    let error = other.summary_on(|| {}).unwrap_err();
    assert!(matches!(&error, SyncError::OtherOwner { what: "org", .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(first.bytes(), before);
    assert_eq!(other.fake.log().len(), 3, "org, owner, app: {:?}", other.fake.log_lines());
}

#[test]
fn a_file_of_another_app_is_refused_and_the_same_org_under_another_domain_is_not() {
    let two = || org("acme").app(App::aws_mapping("0oaTwo").label("AWS two"));
    let first = Run::of(two()).plain().app("0oaAWS");
    first.done();
    let before = first.bytes();
    let first = first.app("0oaTwo");
    let error = first.summary_on(|| {}).unwrap_err();
    assert!(matches!(&error, SyncError::OtherOwner { what: "app", .. }), "{error}");
    assert!(error.to_string().contains("AWS two"), "{error}");
    assert_eq!(first.bytes(), before);
    // Another port is another domain to us; the org's id is the same.
    let moved = into_the_file_of(&first, two()).app("0oaAWS");
    moved.later(60);
    moved.done();
}

#[test]
fn of_two_runs_at_once_one_writes_and_the_other_learns_at_once_who() {
    let run = Run::of(org("acme")).plain();
    run.fake.configure(|okta| okta.latency = std::time::Duration::from_millis(150));
    let refused = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let runs = [0, 1].map(|_| {
            scope.spawn(|| match run.summary_on(|| {}) {
                Ok(_) => {}
                Err(error) => {
                    assert!(matches!(&error, SyncError::Held { .. }), "{error}");
                    assert!(
                        error.to_string().contains(&format!("process {}", std::process::id())),
                        "{error}"
                    );
                    assert_eq!(error.kind(), ErrorKind::Conflict);
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        for run in runs {
            run.join().unwrap();
        }
    });
    assert_eq!(refused.into_inner(), 1);
    assert_eq!(Snapshot::open(&run.file(), &Limits::default()).unwrap().syncs().unwrap().len(), 1);
    let folder = run.file().parent().unwrap().to_owned();
    let left: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [run.file()], "lock and journal are gone");
}

#[test]
fn whatever_a_cut_off_run_leaves_is_for_its_owner_only_and_the_next_run_takes_the_file() {
    let run = Run::of(org("acme")).plain();
    run.cut_off_at(6);
    let folder = run.file().parent().unwrap().to_owned();
    let mut left = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let mode = entry.as_ref().unwrap().metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.unwrap().path());
        left += 1;
    }
    assert!(left > 0);
    // As after kill -9: the lock's file is there, its lock is not.
    std::fs::write(folder.join(".acme.c1z.lock"), "process 1 since long ago").unwrap();
    run.done();
    assert_eq!(std::fs::metadata(run.file()).unwrap().permissions().mode() & 0o777, 0o600);
}
