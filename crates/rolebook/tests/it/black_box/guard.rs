//! What stands between a sync and its file: held files, gains, runs that are cut off, disks that fill up.

use std::process::{Command, Stdio};

use rolebook_fake_okta::{App, AppGroup, AppUser, FakeOkta, Group, Org, User};

use super::{
    place::{Place, okta},
    redaction::redacted,
};

pub(crate) fn org(people: usize) -> Org {
    let users: Vec<String> = (0..people).map(|n| format!("00u{n:04}")).collect();
    let app =
        users.iter().fold(App::aws_mapping("0oaAWS"), |app, id| app.user(AppUser::by_group(id.as_str())));
    Org::new("acme")
        .users(users.iter().map(|id| User::new(format!("{id}@acme.test")).id(id)))
        .group(Group::new("aws_111122223333_Admin").id("00gA").members(users.clone()))
        .group(Group::new("aws_111122223333_Ops").id("00gB").members(["00u0000"]))
        .group(Group::new("People").id("00gP").members(users.clone()))
        .app(app.group(AppGroup::new("00gP")))
}

pub(crate) fn members(fake: &FakeOkta, group: &str, range: std::ops::Range<usize>, present: bool) {
    fake.change(|org| {
        for n in range {
            let user = format!("00u{n:04}");
            assert!(if present { org.add_member(group, &user) } else { org.remove_member(group, &user) });
        }
    });
}

/// A file of fifty people, of whom Okta then shows only ten as admins.
fn shrunk() -> (Place, FakeOkta) {
    let (place, fake) = (Place::new(), okta(org(50)));
    place.synced(&fake, "read_only");
    members(&fake, "00gA", 10..50, false);
    (place, fake)
}

#[test]
fn a_loss_is_held_and_accepted_with_a_reason() {
    let (place, fake) = shrunk();
    let before = std::fs::read(place.path("sync.c1z")).unwrap();
    let end = place.connected(&fake, "read_only", "sync").end();
    assert_eq!(end.code, Some(6), "{end:#?}");
    insta::assert_snapshot!("held", redacted(&end.out));
    assert_eq!(place.files(), ["sync.c1z", "sync.c1z.held"]);
    assert!(std::fs::read(place.path("sync.c1z")).unwrap() == before);
    let end = place.connected(&fake, "read_only", "sync -o json").end();
    assert_eq!(end.code, Some(6));
    assert_eq!(end.json()["held"]["reasons"][0], "grants of roles to people: 51 before, 11 now");

    place.run("sync --accept-loss").failed(2);
    place.run("sync --reason because").failed(2);
    fake.clear_log();
    let end = place.run("sync --accept-loss").failed(2);
    assert!(end.err.contains("needs a reason"));
    // Without an audit nothing is put in force.
    let end = place.run("sync --accept-loss --reason so").failed(2);
    assert!(end.err.contains("no folder for the audit"), "{end:#?}");
    place.write("broken.jsonl", "{}\n");
    place.run("sync --accept-loss --reason so --audit broken.jsonl").failed(1);
    std::fs::remove_file(place.path("broken.jsonl")).unwrap();
    assert_eq!(place.files(), ["sync.c1z", "sync.c1z.held"]);
    let state = tempfile::tempdir().unwrap();
    let local = |arguments: &str| place.call(arguments).env("XDG_STATE_HOME", state.path().to_str().unwrap());
    let held = std::fs::read(place.path("sync.c1z.held")).unwrap();
    let end = local("sync --accept-loss --reason").arg("the project ended").end().succeeded();
    insta::assert_snapshot!("accepted", accepted(&end.out));
    assert!(fake.log().is_empty(), "nothing is asked");
    assert_eq!(place.files(), ["sync.c1z", "sync.c1z.accepted.jsonl"]);
    local("sync --accept-loss --reason again").end().failed(3);
    // The chain holds who, why and what, before and after.
    local("audit --verify").end().succeeded();
    let entries = local("audit -o json").end().succeeded().json();
    let [intent, outcome] = entries.as_array().unwrap().as_slice() else { panic!("{entries:#}") };
    assert_eq!((&intent["kind"], &intent["reason"]), (&"accept-loss".into(), &"the project ended".into()));
    assert_eq!(intent["who"]["os_user"], super::place::os_user());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &held);
    assert_eq!(intent["sha256"], data_encoding::HEXLOWER.encode(digest.as_ref()));
    assert_eq!((&outcome["kind"], &outcome["outcome"]), (&"end".into(), &"done".into()));
    assert_eq!(intent["op"], outcome["op"]);
    let list = local("audit").end().succeeded().out;
    assert!(list.contains("because: the project ended"), "{list}");
    assert!(place.run("show grants -o csv").succeeded().out.lines().count() == 12);
}

/// The user's name is the machine's.
fn accepted(text: &str) -> String {
    let mut lines = redacted(text);
    let by = lines.find("by ").unwrap();
    let end = lines[by..].find(':').unwrap();
    lines.replace_range(by..by + end, "by [user]");
    lines
}

#[test]
fn a_gain_is_sealed_and_fails_only_when_asked() {
    let (place, fake) = (Place::new(), okta(org(50)));
    place.synced(&fake, "read_only");
    members(&fake, "00gB", 1..40, true);
    fake.change(|org| assert!(org.change_app("0oaAWS", |app| app.setting("sessionDuration", 7200))));
    let end = place.connected(&fake, "read_only", "sync --fail-on-gain").end();
    assert_eq!(end.code, Some(6), "{end:#?}");
    insta::assert_snapshot!("gained", redacted(&end.out));
    assert_eq!(place.files(), ["sync.c1z"], "it is in force");
    members(&fake, "00gB", 40..50, true);
    place.synced(&fake, "read_only");
}

#[test]
fn nobody_is_assigned_yet() {
    let (place, fake) = (
        Place::new(),
        okta(Org::new("acme").user(User::new("ann@acme.test")).app(App::aws_mapping("0oaAWS"))),
    );
    let end = place.synced(&fake, "read_only");
    assert!(end.out.contains("nobody is assigned yet"), "{end:#?}");
}

#[test]
fn another_org_and_another_app_are_conflicts() {
    let place = Place::new();
    place.synced(&okta(org(3)), "read_only");
    let before = std::fs::read(place.path("sync.c1z")).unwrap();
    let end = place.connected(&okta(org(3).id("00oOther")), "read_only", "sync").end().failed(5);
    assert!(end.words().contains("belongs to org "), "{end:#?}");
    let two = okta(org(3).app(App::aws_mapping("0oaTwo").label("Two")));
    let end = place.connected(&two, "read_only", "sync --aws-okta-app-id 0oaTwo").end().failed(5);
    assert!(end.words().contains("belongs to app "), "{end:#?}");
    assert!(std::fs::read(place.path("sync.c1z")).unwrap() == before);
}

/// kill -9 at every request: the rerun shows the same and reads no list's page twice.
#[test]
fn killed_at_every_request() {
    let fake = okta(org(3));
    let whole = Place::new();
    let syncs = "sync --sync-okta-roles=off";
    whole.connected(&fake, "read_only", syncs).end().succeeded();
    let grants = whole.run("show grants -o json").succeeded().out;
    let requests = fake.log().len();
    for request in 0..requests {
        let place = Place::new();
        fake.clear_log();
        fake.add_fault(
            rolebook_fake_okta::Fault::everywhere()
                .skip(request)
                .latency(std::time::Duration::from_secs(3600)),
        );
        let mut child = place.connected(&fake, "read_only", syncs).spawn();
        super::place::until("the run stands still", || {
            let before = fake.log().len();
            std::thread::sleep(std::time::Duration::from_millis(100));
            before > request && fake.log().len() == before
        });
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!place.path("sync.c1z").exists());
        let answered: Vec<String> = fake.log_lines().into_iter().take(request).collect();
        fake.clear_faults();
        fake.clear_log();
        let end = place.connected(&fake, "read_only", syncs).end().succeeded();
        let lists =
            |line: &&String| !line.contains("/org") && !line.contains("/me") && !line.contains("/apps?");
        let twice: Vec<&String> =
            answered.iter().filter(lists).filter(|line| fake.log_lines().contains(line)).collect();
        assert!(twice.is_empty(), "killed at {request}: {twice:?}");
        assert_eq!(end.out.contains("\nResumed "), answered.iter().filter(lists).count() > 0, "{end:#?}");
        assert_eq!(place.run("show grants -o json").succeeded().out, grants, "killed at {request}");
        assert_eq!(place.files(), ["sync.c1z"], "killed at {request}");
    }
}

/// A file may have so many blocks and no more, one more from run to run: each run fails with the truth, or seals.
#[test]
fn a_disk_that_fills_up_at_every_stage() {
    let fake = okta(org(40));
    let place = Place::new();
    place.synced(&fake, "read_only");
    let before = std::fs::read(place.path("sync.c1z")).unwrap();
    members(&fake, "00gB", 1..5, true);
    let mut sealed = false;
    let mut blocks = 0;
    while !sealed {
        // A block of the shell's is 512 bytes. The signal is ignored, so that writing fails as on a full disk.
        let script =
            format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" sync --allow-loopback --domain \"$1\"");
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_rolebook"), fake.url()])
            .env_clear()
            .env("ROLEBOOK_API_TOKEN", fake.token("read_only"))
            .current_dir(place.path(""))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        sealed = output.status.success();
        if !sealed {
            assert_eq!(output.status.code(), Some(1), "{blocks} blocks: {err}");
            assert!(err.contains("error: ") && err.contains("hint: ") && !err.contains("panicked"), "{err}");
            assert!(std::fs::read(place.path("sync.c1z")).unwrap() == before, "{blocks} blocks");
        }
        blocks += 16;
        assert!(blocks < 4096, "it never fits: {err}");
    }
    assert!(blocks > 64, "the limit was felt");
    assert_eq!(place.run("show grants -o csv").succeeded().out.lines().count(), 1 + 40 + 5);
    assert_eq!(place.files(), ["sync.c1z"]);
}
