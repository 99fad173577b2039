//! What changed between two snapshots.

use std::{collections::BTreeMap, io};

use rolebook_insight::{Cause, Change, Delta, Diff, EventNote};

use super::{Node, Page, Tone, complete_cells, toned};
use crate::output::{Cell, Rows, visible};

pub(crate) fn text(diff: &Diff, page: &mut Page) -> io::Result<()> {
    let old = diff
        .old
        .to
        .map_or_else(|| "an unknown time".to_owned(), |to| to.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    let since = format!("Since {old} (snapshot {}): ", diff.old.snapshot);
    let sum = format!("{} gained, {} lost", diff.gained, diff.lost);
    page.paragraph(&format!("{since}{}", toned(Tone::Strong, &sum)), 2)?;
    for not in &diff.not_compared {
        page.paragraph(&visible(&format!("Not compared: {}, {}", not.what, not.why)), 2)?;
    }
    if let Some(gap) = diff.completeness.gap() {
        page.paragraph(&visible(&format!("There may be more changes: {gap}.")), 2)?;
    }
    match &diff.log {
        None => {
            let text = "Authors unknown: no events stored beside the snapshots";
            page.paragraph(&toned(Tone::Faint, text), 2)?;
        }
        Some(log) => {
            for text in reach(log, diff) {
                page.paragraph(&text, 2)?;
            }
        }
    }
    settings_and_changes(&diff.changes, &diff.settings, &diff.setting_events, page)
}

/// What the log does not tell of the time between.
fn reach(log: &rolebook_insight::LogNote, diff: &Diff) -> Vec<String> {
    let time = |at: jiff::Timestamp| at.strftime("%Y-%m-%d %H:%MZ").to_string();
    let mut texts = Vec::new();
    if let (Some(since), Some(from)) = (log.since, diff.old.from)
        && since > from
    {
        texts.push(format!("Events are known since {}: who made earlier changes is not", time(since)));
    }
    for gap in &log.gaps {
        texts.push(format!("Events from {} to {} are not known", time(gap.since), time(gap.until)));
    }
    texts
}

/// Settings first, then each change with what follows from it.
pub(crate) fn changes(
    changes: &[Change],
    settings: &[rolebook_insight::SettingChange],
    page: &mut Page,
) -> io::Result<()> {
    settings_and_changes(changes, settings, &[], page)
}

fn settings_and_changes(
    changes: &[Change],
    settings: &[rolebook_insight::SettingChange],
    events: &[EventNote],
    page: &mut Page,
) -> io::Result<()> {
    if !settings.is_empty() {
        page.line("")?;
        let mut tree = Node::new(toned(Tone::Strong, "Settings"));
        for setting in settings {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
            let line = format!("{}: {} → {}", setting.name, text(&setting.old), text(&setting.new));
            tree.push(Node::new(visible(&line)));
        }
        push_events(&mut tree, events);
        page.tree(&tree)?;
    }
    for change in changes {
        page.line("")?;
        let mut tree = Node::new(toned(Tone::Strong, &visible(&sentence(&change.cause))));
        for (tone, word, deltas) in
            [(Tone::Good, "gained", &change.gained), (Tone::Bad, "lost", &change.lost)]
        {
            for (role, people) in by_role(deltas) {
                let who = visible(&people.join(", "));
                tree.push(Node::new(format!("{} {}: {who}", toned(tone, word), visible(&role))));
            }
        }
        let mut events: Vec<EventNote> = change.events.clone();
        if events.is_empty() {
            let of_people = change.gained.iter().chain(&change.lost).filter_map(|delta| delta.event.clone());
            events = of_people.collect();
            events.sort_by(|a, b| (a.at, &a.uuid).cmp(&(b.at, &b.uuid)));
            events.dedup();
        }
        push_events(&mut tree, &events);
        page.tree(&tree)?;
    }
    Ok(())
}

/// The newest events of a change, each with who, when and what.
fn push_events(tree: &mut Node, events: &[EventNote]) {
    const SHOWN: usize = 3;
    for event in events.iter().rev().take(SHOWN) {
        tree.push(Node::new(toned(Tone::Faint, &visible(&by_whom(event)))));
    }
    if let Some(more) = events.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        tree.push(Node::new(toned(Tone::Faint, &format!("and {more} earlier events"))));
    }
}

/// Who did it, when, and the event, in words.
pub(crate) fn by_whom(event: &EventNote) -> String {
    let actor = event.actor.as_ref().map_or("somebody", |actor| actor.label());
    format!("by {actor} at {} ({} {})", event.at.strftime("%Y-%m-%d %H:%M:%SZ"), event.event, event.uuid)
}

fn by_role(deltas: &[Delta]) -> BTreeMap<String, Vec<String>> {
    let mut roles: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for delta in deltas {
        let also =
            if delta.also.is_empty() { String::new() } else { format!(" (also {})", delta.also.join(", ")) };
        roles.entry(delta.role.label()).or_default().push(format!("{}{also}", delta.person.label()));
    }
    roles
}

/// What changed, in words.
pub(crate) fn sentence(cause: &Cause) -> String {
    let name = format!("`{}`", cause.name);
    let group = format!("{name} ({})", cause.id);
    let values = match (&cause.from, &cause.to) {
        (None, None) => String::new(),
        (from, to) => {
            let text = |value: &Option<String>| match value.as_deref() {
                None => "nothing".to_owned(),
                Some("") => "empty".to_owned(),
                Some(value) => value.to_owned(),
            };
            format!(": {} → {}", text(from), text(to))
        }
    };
    let what = match cause.kind.as_str() {
        "setting" => return format!("setting {}{values}", cause.name),
        "group-renamed" => {
            return format!("group renamed ({}){values}", cause.id);
        }
        "group-assigned" => format!("group {group} assigned to the app"),
        "group-unassigned" => format!("group {group} no longer assigned to the app"),
        "group-priority" => format!("priority of group {group}"),
        "group-profile" => format!("roles of group {group}"),
        "group-appeared" => format!("group {group} is new"),
        "group-gone" => format!("group {group} is gone"),
        "group-source" => format!("source of group {group}"),
        "member-added" => format!("joined group {group}"),
        "member-removed" => format!("left group {group}"),
        "user-status" => format!("status of {}", cause.name),
        "person-gone" => {
            format!("{} left every group and the app at once, as after a deactivation", cause.name)
        }
        "assigned" => format!("{} assigned to the app individually", cause.name),
        "unassigned" => format!("{} no longer assigned to the app individually", cause.name),
        "assignment-status" => format!("assignment of {}", cause.name),
        "scope" => format!("kind of assignment of {}", cause.name),
        "profile" => format!("own profile of {}", cause.name),
        _ => format!("several changes of {} together", cause.name),
    };
    format!("{what}{values}")
}

pub(crate) fn rows(diff: &Diff) -> Rows {
    let mut rows = change_rows(&diff.changes);
    rows.columns.extend(["complete", "unread_groups"]);
    rows.rows.iter_mut().for_each(|row| row.extend(complete_cells(&diff.completeness)));
    rows
}

pub(crate) fn change_rows(changes: &[Change]) -> Rows {
    let mut rows = Vec::new();
    for change in changes {
        for (word, deltas) in [("gained", &change.gained), ("lost", &change.lost)] {
            for delta in deltas {
                let event = delta.event.as_ref().or(change.events.last());
                rows.push(vec![
                    Cell::from(word),
                    delta.person.login.as_deref().into(),
                    delta.person.id.as_str().into(),
                    delta.role.account.id.as_str().into(),
                    delta.role.account.name.as_deref().into(),
                    delta.role.role.as_str().into(),
                    change.cause.kind.as_str().into(),
                    change.cause.id.as_str().into(),
                    change.cause.name.as_str().into(),
                    change.cause.from.as_deref().into(),
                    change.cause.to.as_deref().into(),
                    delta.also.clone().into(),
                    event.and_then(|event| event.actor.as_ref()).map(|actor| actor.label()).into(),
                    event.map(|event| event.at.to_string()).into(),
                    event.map(|event| event.event.as_str()).into(),
                    event.map(|event| event.uuid.as_str()).into(),
                ]);
            }
        }
    }
    Rows {
        columns: vec![
            "change",
            "login",
            "user_id",
            "account",
            "account_name",
            "role",
            "cause",
            "cause_id",
            "cause_name",
            "from",
            "to",
            "also",
            "actor",
            "event_time",
            "event",
            "event_uuid",
        ],
        rows,
    }
}
