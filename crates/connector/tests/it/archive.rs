//! An archive over years, through damage and crashes.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use jiff::{SignedDuration, Timestamp};
use rolebook_connector::{Archive, ArchiveError, Soundness};
use tempfile::TempDir;

fn day(day: i64) -> Timestamp {
    Timestamp::from_second(1_788_249_600 + day * 86_400).unwrap()
}

fn archive() -> (TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let archive = Archive::open(folder.path().join("deep/archive")).unwrap();
    (folder, archive)
}

fn keep(folder: &TempDir, archive: &Archive, app: &str, at: i64) -> rolebook_connector::Archived {
    let file = folder.path().join("sync.c1z");
    fs::write(&file, format!("snapshot of {app} on day {at}")).unwrap();
    archive.keep(&file, "00oA", app, day(at), &format!("sync{at}")).unwrap()
}

#[test]
fn keeps_each_snapshot_once_with_a_sum_that_others_can_check() {
    let (folder, archive) = archive();
    let first = keep(&folder, &archive, "0oaA", 0);
    assert!(first.path.ends_with("00oA/0oaA/2026-09-01T080000Z_sync0.c1z"), "{}", first.path.display());
    assert_eq!(fs::metadata(&first.path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(keep(&folder, &archive, "0oaA", 0), first, "twice is once");
    keep(&folder, &archive, "0oaA", 1);
    keep(&folder, &archive, "0oaB", 1);
    let entries = archive.list().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0], first);
    for entry in &entries {
        assert_eq!(archive.verify(entry).unwrap(), Soundness::Whole);
    }
    let mut check = Command::new("sha256sum");
    check.args(["-c", "--quiet", "SHA256SUMS"]).current_dir(first.path.parent().unwrap());
    assert!(check.status().unwrap().success());
}

#[test]
fn damage_loss_and_a_crash_are_told_apart() {
    let (folder, archive) = archive();
    let [changed, missing, unsummed, whole] = [0, 1, 2, 3].map(|at| keep(&folder, &archive, "0oaA", at));
    fs::write(&changed.path, "something else").unwrap();
    fs::remove_file(&missing.path).unwrap();
    let sums = whole.path.with_file_name("SHA256SUMS");
    let text = fs::read_to_string(&sums).unwrap();
    let cut: String =
        text.lines().filter(|line| !line.contains("sync2")).map(|line| format!("{line}\n")).collect();
    fs::write(&sums, cut + "0000  ../../evil_x.c1z\nrubbish\n").unwrap();
    // A copy that a crash cut off, and files of others.
    fs::write(whole.path.with_file_name(".copy-2026-09-05T080000Z_sync4.c1z"), "half").unwrap();
    fs::write(whole.path.with_file_name("notes.txt"), "").unwrap();
    let states: Vec<_> = archive.list().unwrap().iter().map(|entry| archive.verify(entry).unwrap()).collect();
    assert_eq!(states, [Soundness::Changed, Soundness::Missing, Soundness::Unsummed, Soundness::Whole]);
    // Keeping the one without a sum again gives it one; the changed one is not overwritten.
    let again = keep(&folder, &archive, "0oaA", 2);
    assert_eq!(again.path, unsummed.path);
    assert_eq!(archive.verify(&again).unwrap(), Soundness::Whole);
    let file = folder.path().join("sync.c1z");
    fs::write(&file, "snapshot of 0oaA on day 0").unwrap();
    let error = archive.keep(&file, "00oA", "0oaA", day(0), "sync0").unwrap_err();
    assert!(matches!(error, ArchiveError::Taken { .. }), "{error}");
    assert_eq!(fs::read(&changed.path).unwrap(), b"something else");
}

#[test]
fn prunes_what_is_old_but_never_the_newest() {
    let (folder, archive) = archive();
    for at in [0, 100, 399, 400] {
        keep(&folder, &archive, "0oaA", at);
    }
    keep(&folder, &archive, "0oaOld", 5);
    let limit = SignedDuration::from_hours(24 * 400);
    let now = day(500) + SignedDuration::from_secs(1);
    let names = |entries: &[rolebook_connector::Archived]| {
        entries
            .iter()
            .map(|entry| {
                entry.path.file_name().unwrap().to_str().unwrap().rsplit_once('_').unwrap().1.to_owned()
            })
            .collect::<Vec<_>>()
    };
    let would = archive.prune(now, limit, true).unwrap();
    assert_eq!(names(&would), ["sync0.c1z", "sync100.c1z"]);
    assert_eq!(archive.list().unwrap().len(), 5, "pretending removes nothing");
    assert_eq!(archive.prune(now, limit, false).unwrap(), would);
    assert_eq!(names(&archive.list().unwrap()), ["sync399.c1z", "sync400.c1z", "sync5.c1z"]);
    assert!(archive.prune(now, limit, false).unwrap().is_empty());
    // Years later each app still has one.
    archive.prune(day(5000), limit, false).unwrap();
    assert_eq!(names(&archive.list().unwrap()), ["sync400.c1z", "sync5.c1z"]);
    for entry in archive.list().unwrap() {
        assert_eq!(archive.verify(&entry).unwrap(), Soundness::Whole);
    }
}

#[test]
fn ids_do_not_lead_out_of_it() {
    let (folder, archive) = archive();
    let file = folder.path().join("sync.c1z");
    fs::write(&file, "x").unwrap();
    for id in ["..", "", "a/b", "a\\b", "\u{1b}[31m"] {
        assert!(
            matches!(archive.keep(&file, id, "0oaA", day(0), "s"), Err(ArchiveError::Id { .. })),
            "{id:?}"
        );
        assert!(
            matches!(archive.keep(&file, "00oA", id, day(0), "s"), Err(ArchiveError::Id { .. })),
            "{id:?}"
        );
    }
    let absent = folder.path().join("absent.c1z");
    assert!(matches!(archive.keep(&absent, "00oA", "0oaA", day(0), "s"), Err(ArchiveError::Io { .. })));
    assert!(archive.list().unwrap().is_empty());
}

/// Two syncs of one app into one archive at the same time: neither sum is lost.
#[test]
fn two_at_once() {
    let (folder, archive) = archive();
    let run = |from: i64| {
        for at in from..from + 20 {
            let file = folder.path().join(format!("{at}.c1z"));
            fs::write(&file, at.to_string()).unwrap();
            archive.keep(&file, "00oA", "0oaA", day(at), &format!("s{at}")).unwrap();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run(0));
        scope.spawn(|| run(100));
    });
    let entries = archive.list().unwrap();
    assert_eq!(entries.len(), 40);
    assert!(entries.iter().all(|entry| archive.verify(entry).unwrap() == Soundness::Whole));
}
