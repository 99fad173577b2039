//! Who had a role at any time: each time as a line, with the events that began and ended it.

use std::{collections::BTreeMap, io};

use jiff::Timestamp;
use rolebook_insight::{Answer, EventNote, History, SnapshotNote, Span};

use super::{Node, Page, Tone, complete_cells, count, diff::by_whom, toned};
use crate::output::{Cell, Rows, visible};

pub(crate) fn text(answer: &Answer<History>, page: &mut Page) -> io::Result<()> {
    let history = &answer.result;
    let between = format!("Between {} and {}", minute(history.between.from), minute(history.between.to));
    page.paragraph(&toned(Tone::Strong, &between), 2)?;
    let mut apps: BTreeMap<&str, Vec<&SnapshotNote>> = BTreeMap::new();
    for note in &answer.snapshots {
        apps.entry(&note.app.id).or_default().push(note);
    }
    for notes in apps.values() {
        page.paragraph(&asked(notes), 2)?;
        let partial = notes.iter().filter(|note| !note.coverage.complete).count();
        if partial > 0 {
            let text = format!("{} {partial} of them", toned(Tone::Bad, "PARTIAL:"));
            page.paragraph(&text, 2)?;
        }
    }
    for limit in &history.limits {
        page.paragraph(&visible(&format!("Gaps: {limit}")), 2)?;
    }
    page.paragraph(&toned(Tone::Faint, &answer.meaning), 2)?;
    let several = apps.len() > 1;
    for role in &history.roles {
        let count = count(role.people.len(), "nobody", "person", "people", &role.completeness);
        let app = if several { format!(" through app {}", role.app.id) } else { String::new() };
        let called = role.role.account.called().map(|called| format!(" ({called})")).unwrap_or_default();
        let name = toned(Tone::Strong, &visible(&format!("{}{called}", role.role.key())));
        let mut tree = Node::new(format!("{name}{app}: {count}"));
        for person in &role.people {
            let mut node = Node::new(visible(person.person.label()));
            for span in &person.spans {
                node.push(time(span));
            }
            tree.push(node);
        }
        page.line("")?;
        page.tree(&tree)?;
    }
    Ok(())
}

/// Which snapshots of one app were asked.
fn asked(notes: &[&SnapshotNote]) -> String {
    let ends = || notes.iter().filter_map(|note| note.to);
    let span = match (ends().min(), ends().max()) {
        (Some(first), Some(last)) if first == last => format!(" of {}", minute(first)),
        (Some(first), Some(last)) => format!(" from {} to {}", minute(first), minute(last)),
        _ => String::new(),
    };
    let count = if notes.len() == 1 { "1 snapshot".to_owned() } else { format!("{} snapshots", notes.len()) };
    let app = notes.first().map(|note| {
        format!(
            ": {} ({}), app {} \"{}\", {}",
            note.org,
            note.app.org_domain,
            note.app.id,
            note.app.label,
            note.mode.replace('-', " ")
        )
    });
    visible(&format!("{count}{span}{}.", app.unwrap_or_default()))
}

fn time(span: &Span) -> Node {
    let begin = match (&span.began, span.not_before) {
        (Some(event), _) => minute(event.at),
        (None, Some(_)) => format!("seen {}", minute(span.first_seen)),
        (None, None) => format!("{} or before", minute(span.first_seen)),
    };
    let end = match (&span.ended, span.gone_by) {
        (Some(event), _) => minute(event.at),
        (None, Some(gone)) => format!("{}, gone by {}", minute(span.last_seen), minute(gone)),
        (None, None) => format!("{} and on", minute(span.last_seen)),
    };
    let mut text = format!("{begin} – {end}, through {}", span.through.join(", "));
    if span.seen_in == 0 {
        text.push_str("; not present in any sync");
    }
    if span.uncertain {
        text.push_str("; not certain: the app or the group changed in that time");
    }
    let mut node = Node::new(visible(&text));
    for (word, event) in [("given", &span.began), ("taken", &span.ended)] {
        let line = |event: &EventNote| toned(Tone::Faint, &visible(&format!("{word} {}", by_whom(event))));
        if let Some(event) = event {
            node.push(Node::new(line(event)));
        }
    }
    node
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

pub(crate) fn rows(answer: &Answer<History>) -> Rows {
    let mut rows = Vec::new();
    for role in &answer.result.roles {
        for person in &role.people {
            for span in &person.spans {
                let mut row = vec![
                    Cell::from(role.app.id.as_str()),
                    role.role.account.id.as_str().into(),
                    role.role.account.name.as_deref().into(),
                    role.role.role.as_str().into(),
                    person.person.login.as_deref().into(),
                    person.person.id.as_str().into(),
                    person.person.name.as_str().into(),
                    span.first_seen.to_string().into(),
                    span.not_before.map(|at| at.to_string()).into(),
                    span.last_seen.to_string().into(),
                    span.gone_by.map(|at| at.to_string()).into(),
                    span.lasts.into(),
                    span.seen_in.into(),
                    span.uncertain.into(),
                    span.through.clone().into(),
                ];
                for event in [&span.began, &span.ended] {
                    let event = event.as_ref();
                    let actor = event.and_then(|event| event.actor.as_ref());
                    row.push(event.map(|event| event.at.to_string()).into());
                    row.push(actor.map(|actor| actor.label()).into());
                    row.push(event.map(|event| event.event.as_str()).into());
                    row.push(event.map(|event| event.uuid.as_str()).into());
                }
                row.push(answer.as_of.map(|at| at.to_string()).into());
                row.extend(complete_cells(&role.completeness));
                rows.push(row);
            }
        }
        // Where nobody was seen although somebody may have been there, a row without a person says so.
        if role.people.is_empty() && !role.completeness.complete {
            let mut row = vec![
                Cell::from(role.app.id.as_str()),
                role.role.account.id.as_str().into(),
                role.role.account.name.as_deref().into(),
                role.role.role.as_str().into(),
            ];
            row.extend(vec![Cell::Empty; 19]);
            row.push(answer.as_of.map(|at| at.to_string()).into());
            row.extend(complete_cells(&role.completeness));
            rows.push(row);
        }
    }
    Rows {
        columns: vec![
            "app",
            "account",
            "account_name",
            "role",
            "login",
            "user_id",
            "name",
            "first_seen",
            "not_before",
            "last_seen",
            "gone_by",
            "lasts",
            "seen_in",
            "uncertain",
            "through",
            "began",
            "began_by",
            "began_event",
            "began_uuid",
            "ended",
            "ended_by",
            "ended_event",
            "ended_uuid",
            "as_of",
            "complete",
            "unread_groups",
        ],
        rows,
    }
}
