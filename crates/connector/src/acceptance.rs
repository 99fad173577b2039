//! A loss is accepted: who said so and why stands in the audit before the file changes.

use std::{fs::File, io, path::Path};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use crate::{
    Accepted, Audit, AuditEvent, ChangeError, Outcome, SyncError, Who,
    held::{accept, held_path},
};

/// Puts the held file of `file` in force, as [`accept_held`](crate::accept_held) does, and writes it down in the audit:
/// the intent, with the file's digest, durably before, and the outcome after. What an earlier run left open is settled
/// first.
///
/// # Errors
/// [`ChangeError`]: the file is as it was; without an audit nothing is put in force.
pub fn accept_recorded(
    audit: &mut Audit,
    op: &str,
    file: &Path,
    reason: &str,
    who: &Who,
    now: Timestamp,
) -> Result<Accepted, ChangeError> {
    settle_acceptances(audit, now)?;
    // The audit is read from any folder.
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut intended = false;
    let by = who.to_string();
    let accepted = accept(file, reason, &by, now, |held, accepted| {
        let failed = |source| SyncError::Beside { path: held.to_owned(), source };
        let event = AuditEvent::AcceptLoss {
            who: who.clone(),
            reason: reason.to_owned(),
            file: whole.clone(),
            sha256: sha256(held).map_err(failed)?,
            sync: accepted.sync.clone(),
            replaced: accepted.replaced.clone(),
        };
        audit.append(now, "", op, event)?;
        intended = true;
        Ok::<(), ChangeError>(())
    });
    let (outcome, says) = match &accepted {
        Ok(accepted) => (Outcome::Done, format!("sync {} is in force", accepted.sync)),
        Err(error) => (Outcome::Failed, format!("the file is as it was: {error}")),
    };
    if intended {
        audit.append(now, "", op, end(outcome, says))?;
    }
    accepted
}

/// Acceptances without an end: a run was killed in the middle, and the file tells what came of it.
pub(crate) fn settle_acceptances(audit: &mut Audit, now: Timestamp) -> Result<(), ChangeError> {
    let open: Vec<_> = audit
        .entries()
        .iter()
        .filter(|entry| {
            let ended =
                |other: &&crate::Entry| other.op == entry.op && matches!(other.event, AuditEvent::End { .. });
            !audit.entries().iter().any(|other| ended(&other))
        })
        .filter_map(|entry| match &entry.event {
            AuditEvent::AcceptLoss { file, sha256, .. } => {
                Some((entry.op.clone(), file.clone(), sha256.clone()))
            }
            _ => None,
        })
        .collect();
    for (op, file, digest) in open {
        let has = |path: &Path| sha256(path).is_ok_and(|found| found == digest);
        let (outcome, says) = if has(&file) {
            (Outcome::Done, "the file shows it".to_owned())
        } else if has(&held_path(&file)) {
            (Outcome::Failed, "the held file still waits, the file is as it was".to_owned())
        } else {
            (Outcome::Unknown, "both files have changed since".to_owned())
        };
        audit.append(now, "", &op, end(outcome, says))?;
    }
    Ok(())
}

fn end(outcome: Outcome, says: String) -> AuditEvent {
    AuditEvent::End { outcome, says, done: usize::from(outcome == Outcome::Done), of: 1 }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut context = Context::new(&SHA256);
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = io::Read::read(&mut file, &mut buffer)?;
        if read == 0 {
            return Ok(HEXLOWER.encode(context.finish().as_ref()));
        }
        context.update(buffer.get(..read).unwrap_or_default());
    }
}
