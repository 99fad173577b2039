//! Whatever happens while a sync is written, the target is the old file or the new one, and nothing else stays.

use std::path::Path;
use std::process::Command;

use rolebook_snapshot::{Error, SnapshotWriter};

use crate::raw::names;
use crate::sample::{self, open, options, records, seal, write_all};

/// Tells the test that runs as a child which snapshot to write.
const TARGET: &str = "ROLEBOOK_TEST_TARGET";

/// Runs one of the ignored tests below in a process of its own.
fn child(test: &str, target: &Path, wrapper: &[&str]) -> std::process::ExitStatus {
    let this = std::env::current_exe().unwrap();
    let this = this.to_str().unwrap();
    let line: Vec<&str> = wrapper.iter().copied().chain([this, "--exact", test, "--ignored"]).collect();
    Command::new(line[0]).args(&line[1..]).env(TARGET, target).output().unwrap().status
}

fn target_of_the_parent() -> std::path::PathBuf {
    std::env::var_os(TARGET).expect("runs only as a child").into()
}

#[test]
#[ignore = "a child of the test below"]
fn dies_while_writing() {
    let mut writer = SnapshotWriter::create(options(&target_of_the_parent(), 2)).unwrap();
    write_all(&mut writer, &records()).unwrap();
    std::process::abort();
}

#[test]
fn a_writer_that_dies_leaves_the_target_and_the_next_one_clears_up() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let before = std::fs::read(&target).unwrap();

    assert!(!child("all_or_nothing::dies_while_writing", &target, &[]).success());
    let left = names(folder.path());
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left[0].starts_with(".sync.c1z.working-"), "{left:?}");
    assert_eq!(std::fs::read(&target).unwrap(), before);
    assert_eq!(open(&target).syncs().unwrap().len(), 1, "a reader does not mind");

    seal(&target, 3);
    assert_eq!(names(folder.path()), ["sync.c1z"]);
    assert_eq!(open(&target).latest_full().unwrap().id, sample::sync_id(3));
}

#[test]
#[ignore = "a child of the test below"]
fn runs_out_of_space() {
    let mut writer = SnapshotWriter::create(options(&target_of_the_parent(), 2)).unwrap();
    let noise: Vec<u8> = (0..200_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let written = (0..20).try_for_each(|at| writer.asset(&format!("{at:02}"), "", &noise));
    let error = written.err().or_else(|| writer.seal(sample::end(), None).err()).unwrap();
    assert!(matches!(error, Error::Sqlite { .. } | Error::Io { .. }), "{error}");
}

#[test]
fn without_space_the_old_file_stays_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let before = std::fs::read(&target).unwrap();
    // No file may grow beyond a megabyte or half of one, and the signal that comes with it is ignored.
    let small = ["sh", "-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\""];
    assert!(child("all_or_nothing::runs_out_of_space", &target, &small).success());
    assert_eq!(std::fs::read(&target).unwrap(), before);
    assert_eq!(names(folder.path()), ["sync.c1z"]);
}

#[test]
fn a_seal_that_cannot_begin_leaves_all_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let before = std::fs::read(&target).unwrap();
    let mut writer = SnapshotWriter::create(options(&target, 2)).unwrap();
    write_all(&mut writer, &records()).unwrap();
    // Something lies where the seal wants to put its temporary file.
    let in_the_way = format!(".sync.c1z.sealing-{}", std::process::id());
    std::fs::create_dir(folder.path().join(&in_the_way)).unwrap();
    writer.seal(sample::end(), None).unwrap_err();
    assert_eq!(std::fs::read(&target).unwrap(), before);
    assert_eq!(names(folder.path()), [in_the_way.as_str(), "sync.c1z"]);
}

#[test]
fn a_seal_that_cannot_replace_leaves_all_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let writer = SnapshotWriter::create(options(&target, 1)).unwrap();
    std::fs::create_dir(&target).unwrap();
    std::fs::write(target.join("keep"), "me").unwrap();
    let error = writer.seal(sample::end(), None).unwrap_err();
    assert!(matches!(error, Error::Io { action: "replace", .. }), "{error}");
    assert_eq!(names(folder.path()), ["sync.c1z"]);
    assert_eq!(names(&target), ["keep"]);
}

#[test]
fn places_that_cannot_hold_a_snapshot_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for place in [folder.path().join("missing/sync.c1z"), folder.path().into(), "/proc/sync.c1z".into()] {
        let error = SnapshotWriter::create(options(&place, 1)).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn giving_up_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    for give_up in [SnapshotWriter::discard, drop] {
        let mut writer = SnapshotWriter::create(options(&target, 1)).unwrap();
        write_all(&mut writer, &records()).unwrap();
        assert_eq!(names(folder.path()).len(), 1);
        give_up(writer);
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
fn two_writers_of_one_target_do_not_meet() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let first = SnapshotWriter::create(options(&target, 1)).unwrap();
    let error = SnapshotWriter::create(options(&target, 2)).unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    SnapshotWriter::create(options(&folder.path().join("other.c1z"), 2)).unwrap().discard();
    first.seal(sample::end(), None).unwrap();
    seal(&target, 2);
    assert_eq!(open(&target).syncs().unwrap().len(), 2);
}

#[test]
fn only_leftovers_of_the_same_target_are_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    let others = [".other.c1z.working-1", ".sync.c1z.working-", ".sync.c1z.working-x", "sync.c1z.working-1"];
    let leftovers = [".sync.c1z.working-1", ".sync.c1z.sealing-77", ".sync.c1z.previous-123456"];
    for name in others.iter().chain(&leftovers) {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let mut expected: Vec<_> =
        others.iter().map(|name| (*name).to_owned()).chain(["sync.c1z".into()]).collect();
    expected.sort();
    seal(&target, 1);
    assert_eq!(names(folder.path()), expected);
}

#[test]
fn another_file_can_be_sealed_while_the_target_stays() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("sync.c1z");
    seal(&target, 1);
    let before = std::fs::read(&target).unwrap();
    let held = folder.path().join("sync.c1z.held");
    let mut writer = SnapshotWriter::create(options(&target, 2)).unwrap();
    write_all(&mut writer, &records()).unwrap();
    let sealed = writer.seal_as(&held, sample::end(), None).unwrap();
    assert_eq!(sealed.path, held);
    assert_eq!(std::fs::read(&target).unwrap(), before);
    assert_eq!(open(&held).syncs().unwrap().len(), 2);
    assert_eq!(names(folder.path()), ["sync.c1z", "sync.c1z.held"]);
}

#[test]
fn a_link_stays_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (link, real) = (folder.path().join("link.c1z"), folder.path().join("real.c1z"));
    seal(&real, 1);
    std::os::unix::fs::symlink(&real, &link).unwrap();
    seal(&link, 2);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(open(&real).syncs().unwrap().len(), 2);
}
