//! What changed between two snapshots.

use std::{collections::BTreeMap, io};

use rolebook_insight::{Cause, Change, Delta, Diff};

use super::{Node, Page, Tone, toned};
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
    changes(&diff.changes, &diff.settings, page)
}

/// Settings first, then each change with what follows from it.
pub(crate) fn changes(
    changes: &[Change],
    settings: &[rolebook_insight::SettingChange],
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
        page.tree(&tree)?;
    }
    Ok(())
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
    change_rows(&diff.changes)
}

pub(crate) fn change_rows(changes: &[Change]) -> Rows {
    let mut rows = Vec::new();
    for change in changes {
        for (word, deltas) in [("gained", &change.gained), ("lost", &change.lost)] {
            for delta in deltas {
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
        ],
        rows,
    }
}
