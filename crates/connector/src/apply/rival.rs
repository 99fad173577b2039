//! Somebody else wrote the same list between our reading and our writing. Okta has no conditional writes, so what they
//! wrote may be gone; its System Log tells.

use jiff::{SignedDuration, Timestamp};
use rolebook_federation::plan::Step;
use rolebook_okta::{Answer, Error, shapes::LogEvent};

use super::Looks;
use crate::{Audit, plan::Provisioning};

const MOST_EVENTS: u32 = 100;
/// Longer than reading and calling take.
const WHILE: SignedDuration = SignedDuration::from_secs(10);

/// What Okta's System Log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rivals {
    /// Nobody else wrote.
    Nobody,
    /// The log cannot be read, or does not show our own call yet.
    NotTold,
    /// These did.
    Wrote(Vec<String>),
}

/// From when on to look when there was nothing to read, so that no answer told the time: a while before the call.
pub(crate) fn since_nothing(sent: &Result<Answer, Error>) -> Option<Timestamp> {
    let answered = sent.as_ref().ok()?.date()?;
    answered.checked_sub(WHILE).ok()
}

/// Looks for foreign writes since `since` (Okta's clock, cut to seconds). Ours are known by their request ids.
pub(crate) async fn look(
    place: &Provisioning,
    audit: &Audit,
    step: &Step,
    since: Timestamp,
    ours: &[String],
    mut looks: Looks,
) -> Rivals {
    let (id, kind) = match step {
        Step::SetUserRoles { user, .. } => (&user.id, "application.user_membership."),
        Step::SetGroupRoles { group, .. } => (&group.id, "group.application_assignment."),
        // Okta takes an assignment that exists for one to change.
        Step::AssignUser { user, roles } if !roles.is_empty() => (&user.id, "application.user_membership."),
        Step::AssignGroup { group, .. } => (&group.id, "group.application_assignment."),
        // Other writes replace nothing that somebody else may have written.
        _ => return Rivals::Nobody,
    };
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
        return Rivals::NotTold;
    }
    let filter = format!("target.id eq \"{id}\"");
    loop {
        // `since` is exclusive.
        let from = since - SignedDuration::from_millis(1);
        let Ok(events) = place.client.log(from, &filter, MOST_EVENTS).await else { return Rivals::NotTold };
        let assigns = matches!(step, Step::AssignUser { .. } | Step::AssignGroup { .. });
        let fits = |event: &&LogEvent| {
            let word = event.event_type.as_deref().unwrap_or_default();
            // That nothing was assigned is what was read: a removal before that is no rival.
            word.starts_with(kind)
                && !(assigns && word.ends_with(".remove"))
                && event.target.iter().any(|target| target.id.as_deref() == Some(place.app_id.as_str()))
        };
        let fitting: Vec<&LogEvent> = events.iter().filter(fits).collect();
        let is_ours =
            |event: &LogEvent| event.request_id().is_some_and(|id| ours.iter().any(|own| own == id));
        if let Some(own) = fitting.iter().position(|event| is_ours(event)) {
            let foreign: Vec<String> = fitting
                .iter()
                .take(own)
                .filter(|event| !event.request_id().is_some_and(|id| audit.knows_request(id)))
                .map(|event| words(event))
                .collect();
            return if foreign.is_empty() { Rivals::Nobody } else { Rivals::Wrote(foreign) };
        }
        if !looks.again().await {
            return Rivals::NotTold;
        }
    }
}

fn words(event: &LogEvent) -> String {
    let actor = event.actor.as_ref();
    let name = actor.and_then(|actor| actor.alternate_id.as_deref().or(actor.display_name.as_deref()));
    format!("{} at {}", name.unwrap_or("somebody"), event.published.as_deref().unwrap_or("an unknown time"))
}
