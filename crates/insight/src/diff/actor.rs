//! Who made a change, by the events of the log that fit it.

use jiff::Timestamp;

use super::{Cause, Diff};
use crate::{EventNote, Gap, Log, LogNote, LoggedEvent, Reading};

/// Names the events behind each change, where the log has them: for a membership the last event of this person and
/// this group, for a group or a person the last that fits, for a setting every change of the app, since Okta's log does
/// not say which setting it was.
pub(super) fn name(diff: &mut Diff, old: &Reading, new: &Reading, log: &Log) {
    let (after, until) = (old.facts().coverage.from, new.facts().coverage.to);
    let window = Window { log, after, until };
    diff.log = Some(LogNote { gaps: overlapping(&log.note.gaps, after, until), ..log.note.clone() });
    if !diff.settings.is_empty() {
        diff.setting_events = window.all(of_settings);
    }
    for change in &mut diff.changes {
        let cause = &change.cause;
        if cause.kind == "setting" {
            change.events = window.all(|event| of_setting(event, &cause.name));
        } else if let Some(kind) = membership(cause) {
            for delta in change.gained.iter_mut().chain(&mut change.lost) {
                let fits = |event: &LoggedEvent| {
                    event.kind == kind && event.concerns(&cause.id) && event.concerns(&delta.person.id)
                };
                delta.event = window.last(fits);
            }
        } else {
            change.events =
                window.last(|event| fits(cause, event) && event.concerns(&cause.id)).into_iter().collect();
        }
    }
}

struct Window<'a> {
    log: &'a Log,
    after: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Window<'_> {
    fn last(&self, fits: impl Fn(&LoggedEvent) -> bool) -> Option<EventNote> {
        self.log.between(self.after, self.until).rev().find(|event| fits(event)).map(EventNote::of)
    }

    fn all(&self, fits: impl Fn(&LoggedEvent) -> bool) -> Vec<EventNote> {
        self.log.between(self.after, self.until).filter(|event| fits(event)).map(EventNote::of).collect()
    }
}

/// The gaps that a time has a part in.
pub(crate) fn overlapping(gaps: &[Gap], after: Option<Timestamp>, until: Option<Timestamp>) -> Vec<Gap> {
    let mut found: Vec<Gap> = gaps
        .iter()
        .filter(|gap| after.is_none_or(|after| gap.until > after))
        .filter(|gap| until.is_none_or(|until| gap.since < until))
        .copied()
        .collect();
    found.sort();
    found
}

fn of_settings(event: &LoggedEvent) -> bool {
    event.kind.starts_with("application.lifecycle.")
}

fn of_setting(event: &LoggedEvent, setting: &str) -> bool {
    match setting {
        "status" => matches!(
            event.kind.as_str(),
            "application.lifecycle.activate" | "application.lifecycle.deactivate"
        ),
        _ => event.kind == "application.lifecycle.update",
    }
}

fn membership(cause: &Cause) -> Option<&'static str> {
    match cause.kind.as_str() {
        "member-added" => Some("group.user_membership.add"),
        "member-removed" => Some("group.user_membership.remove"),
        _ => None,
    }
}

/// Whether an event of this type can have made the change.
fn fits(cause: &Cause, event: &LoggedEvent) -> bool {
    let kind = event.kind.as_str();
    match cause.kind.as_str() {
        "group-assigned" => kind == "group.application_assignment.add",
        "group-unassigned" => {
            matches!(kind, "group.application_assignment.remove" | "group.lifecycle.delete")
        }
        "group-priority" | "group-profile" => {
            matches!(kind, "group.application_assignment.update" | "group.application_assignment.add")
        }
        "group-renamed" | "group-source" => kind == "group.profile.update",
        "group-appeared" => matches!(kind, "group.lifecycle.create" | "group.profile.update"),
        "group-gone" => matches!(kind, "group.lifecycle.delete" | "group.profile.update"),
        "user-status" => kind.starts_with("user.lifecycle."),
        "person-gone" => kind == "user.lifecycle.deactivate" || kind.starts_with("user.lifecycle.delete"),
        "assigned" => kind == "application.user_membership.add",
        "unassigned" => kind == "application.user_membership.remove",
        "scope" | "profile" | "assignment-status" => kind.starts_with("application.user_membership."),
        _ => false,
    }
}
