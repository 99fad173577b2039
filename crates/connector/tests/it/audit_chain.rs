//! The audit as a file: a chain that nobody can change unseen, one writer, durable, its owner's only.

use std::{fs, io::Write, path::Path, time::Duration};

use rolebook_connector::{Audit, AuditError, AuditEvent, Outcome, read_audit};

use crate::desk::{block, now};

const ORG: &str = "00oTEST";

fn open(path: &Path) -> Result<Audit, AuditError> {
    block(Audit::open(path, ORG, now(), Duration::from_millis(100)))
}

fn end(done: usize) -> AuditEvent {
    AuditEvent::End {
        outcome: Outcome::Done,
        says: "ok \u{1b}[31m \"quoted\" ,\"hash\":\"x\"".to_owned(),
        done,
        of: 3,
    }
}

/// An audit of three records.
fn three(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("deep/er/audit.jsonl");
    let mut audit = open(&path).unwrap();
    for number in 1..=3 {
        audit.append(now(), "0oaAWS", &format!("op{number}"), end(number)).unwrap();
    }
    path
}

#[test]
fn records_make_a_chain_that_contains_every_earlier_head() {
    let folder = tempfile::tempdir().unwrap();
    let path = three(folder.path());
    let chain = read_audit(&path).unwrap();
    assert_eq!((chain.head.count, chain.entries.len()), (3, 3));
    let second = chain.hashes()[1].clone();
    // Going on keeps the head that was noted.
    open(&path).unwrap().append(now(), "0oaAWS", "op4", end(4)).unwrap();
    let chain = read_audit(&path).unwrap();
    assert_eq!((chain.position_of(&second), chain.head.count), (Some(2), 4));
    assert_eq!(chain.position_of("00"), None);
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = three(folder.path());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&path).unwrap());
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn any_change_is_found_and_nothing_is_written_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = three(folder.path());
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let spoilt: [(String, u64); 6] = [
        // a value, a record less, records swapped, a record twice, a foreign line, a hash
        (whole.replacen("\"op2\"", "\"op9\"", 1), 2),
        (format!("{}\n{}\n", lines[0], lines[2]), 2),
        (format!("{}\n{}\n{}\n", lines[1], lines[0], lines[2]), 1),
        (format!("{whole}{}\n", lines[2]), 4),
        (format!("{}\nhello\n{}\n{}\n", lines[0], lines[1], lines[2]), 2),
        (whole.replacen("\"hash\":\"", "\"hash\":\"0", 1), 1),
    ];
    for (text, at) in spoilt {
        fs::write(&path, &text).unwrap();
        let error = read_audit(&path).unwrap_err();
        assert!(matches!(error, AuditError::Broken { line, .. } if line == at), "{error}: {text}");
        assert!(matches!(open(&path), Err(AuditError::Broken { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn records_cut_off_at_the_end_show_only_against_a_head_kept_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = three(folder.path());
    let head = read_audit(&path).unwrap().head;
    let whole = fs::read_to_string(&path).unwrap();
    let two: String = whole.lines().take(2).map(|line| format!("{line}\n")).collect();
    fs::write(&path, two).unwrap();
    let chain = read_audit(&path).unwrap();
    assert_eq!((chain.head.count, chain.position_of(&head.hash)), (2, None));
}

#[test]
fn what_a_crash_left_of_a_line_is_sealed_by_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = three(folder.path());
    let whole = fs::read_to_string(&path).unwrap();
    for cut in [1, 10, whole.len() / 3 - 5] {
        let torn = format!("{whole}{}", &whole[..cut]);
        fs::write(&path, &torn).unwrap();
        assert!(read_audit(&path).unwrap().is_torn());
        open(&path).unwrap().append(now(), "0oaAWS", "op4", end(4)).unwrap();
        let chain = read_audit(&path).unwrap();
        assert_eq!(chain.head.count, 5);
        assert!(matches!(chain.entries[3].event, AuditEvent::Torn { bytes, .. } if bytes == cut as u64));
        // Only appended, and the torn part cannot be changed either.
        let sealed = fs::read_to_string(&path).unwrap();
        assert!(sealed.starts_with(&torn));
        let at = whole.len();
        fs::write(&path, format!("{}X{}", &sealed[..at], &sealed[at + 1..])).unwrap();
        assert!(read_audit(&path).is_err());
    }
    // A line that only lacks its end is whole.
    fs::write(&path, whole.trim_end()).unwrap();
    open(&path).unwrap().append(now(), "0oaAWS", "op4", end(4)).unwrap();
    assert_eq!(read_audit(&path).unwrap().head.count, 4);
}

#[test]
fn there_is_one_writer_and_one_org() {
    let folder = tempfile::tempdir().unwrap();
    let path = three(folder.path());
    let first = open(&path).unwrap();
    assert!(matches!(open(&path), Err(AuditError::InUse { .. })));
    // Reading needs no lock.
    assert_eq!(read_audit(&path).unwrap().head.count, 3);
    drop(first);
    drop(open(&path).unwrap());
    let other = block(Audit::open(&path, "00oOTHER", now(), Duration::ZERO));
    assert!(matches!(other, Err(AuditError::OtherOrg { .. })));
}

#[test]
fn an_audit_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::File::create(&file).unwrap().write_all(b"x").unwrap();
    assert!(matches!(open(&file.join("audit.jsonl")), Err(AuditError::Io { .. })));
    // A foreign file is left as it is.
    fs::write(&file, "no audit\n").unwrap();
    assert!(matches!(open(&file), Err(AuditError::Broken { line: 1, .. })));
    assert_eq!(fs::read_to_string(&file).unwrap(), "no audit\n");
}
