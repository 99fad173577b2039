//! Intents without an outcome are settled by reading: a run was killed between its call and its record.

use jiff::Timestamp;

use super::object;
use crate::{Audit, AuditEvent, ChangeError, Entry, Outcome, plan::Provisioning};

/// An intent of an earlier run, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The change.
    pub op: String,
    /// What was to be done.
    pub what: String,
    /// What came of it.
    pub outcome: Outcome,
    /// In words.
    pub says: String,
}

/// Settles every open intent of the audit, and writes the outcomes down.
///
/// # Errors
/// What reading ends in: then nothing new may be begun.
pub async fn settle(
    place: &Provisioning,
    audit: &mut Audit,
    now: Timestamp,
) -> Result<Vec<Settled>, ChangeError> {
    crate::acceptance::settle_acceptances(audit, now)?;
    let mut settled = Vec::new();
    for entry in audit.open_intents() {
        let Entry { app, op, event: AuditEvent::Intent { step, attempt, write, .. }, .. } = entry else {
            continue;
        };
        let (outcome, says, after) = if app == place.app.id.as_str() {
            let found = object::read(place, &write).await?.state;
            let (outcome, says) = if object::is_after(&write, &found) {
                (Outcome::Done, format!("Okta shows it: {found}"))
            } else if object::is_before(&write, &found) {
                (Outcome::Failed, format!("Okta does not show it: {found}"))
            } else {
                (Outcome::Unknown, format!("it was changed since; it shows {found}"))
            };
            (outcome, says, Some(found))
        } else {
            // Another app of the org: only a run on that app can tell.
            continue;
        };
        let event = AuditEvent::Outcome {
            step,
            attempt,
            outcome,
            says: says.clone(),
            after,
            request_ids: Vec::new(),
            missing: None,
            settled: true,
        };
        audit.append(now, &app, &op, event)?;
        settled.push(Settled { op, what: write.to_string(), outcome, says });
    }
    Ok(settled)
}
