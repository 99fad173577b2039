//! The proof as a tree, and as rows.

use std::io;

use jiff::Timestamp;
use rolebook_insight::{Hop, Path, Verdict, Why};

use super::{Node, Page, Tone, complete_cells, toned};
use crate::output::{Cell, Rows, visible};

pub(crate) fn text(why: &Why, page: &mut Page) -> io::Result<()> {
    for (at, verdict) in why.verdicts.iter().enumerate() {
        if at > 0 {
            page.line("")?;
        }
        page.tree(&tree(why, verdict))?;
    }
    Ok(())
}

fn tree(why: &Why, verdict: &Verdict) -> Node {
    let who = visible(why.person.label());
    let role = visible(&verdict.role.label());
    let (tone, can) = match (verdict.can_assume, verdict.completeness.complete) {
        (true, _) => (Tone::Good, "can assume"),
        (false, true) => (Tone::Bad, "cannot assume"),
        (false, false) => (Tone::Bad, "is not known to be able to assume"),
    };
    let mut tree = Node::new(format!("{who} {} {role}", toned(tone, can)));
    let mut rules = Node::new("rules");
    for check in &verdict.checks {
        let mark = if check.passed { toned(Tone::Good, "yes") } else { toned(Tone::Bad, "no ") };
        rules.push(Node::new(format!("{mark}  {}", visible(&check.text))));
    }
    tree.push(rules);
    for (number, path) in (1..).zip(&verdict.paths) {
        tree.push(way(number, path));
    }
    if !verdict.near_misses.is_empty() {
        let mut near = Node::new("near misses");
        for miss in &verdict.near_misses {
            let member = match miss.member {
                Some(true) => "; the person is a member",
                Some(false) => "; the person is no member",
                None => "",
            };
            let text = format!("`{}` ({}): {}{member}", miss.name, miss.id, miss.text);
            near.push(Node::new(visible(&text)));
        }
        tree.push(near);
    }
    tree
}

fn way(number: usize, path: &Path) -> Node {
    let state = match (&path.stopped_by, path.in_force) {
        (_, true) => toned(Tone::Good, "in force"),
        (Some(reason), false) => format!("{}: {}", toned(Tone::Bad, "not in force"), visible(reason)),
        (None, false) => toned(Tone::Bad, "not in force"),
    };
    let mut node = Node::new(format!("path {number}, {}, {state}", visible(&path.brief())));
    for hop in &path.hops {
        node.push(Node::new(step(hop)));
    }
    node
}

fn step(hop: &Hop) -> String {
    let mut text = visible(&hop.text);
    let mut evidence = vec![hop.id.clone()];
    evidence.extend(hop.since_at_latest.map(since));
    evidence.extend(hop.settings.iter().map(|setting| format!("{} = {}", setting.name, setting.value)));
    text.push('\n');
    text.push_str(&toned(Tone::Faint, &visible(&format!("[{}]", evidence.join("; ")))));
    if let Some(removed_by) = &hop.removed_by {
        text.push_str(&format!("\nremoved by {}", visible(removed_by)));
    }
    text
}

fn since(at: Timestamp) -> String {
    format!("since {} or earlier", at.strftime("%Y-%m-%d"))
}

pub(crate) fn rows(why: &Why) -> Rows {
    let mut rows = Vec::new();
    for verdict in &why.verdicts {
        let stop = verdict.stopped_by();
        let start = |path: Option<usize>| {
            vec![
                Cell::from(why.person.login.as_deref()),
                why.person.id.as_str().into(),
                verdict.app.id.as_str().into(),
                verdict.role.account.id.as_str().into(),
                verdict.role.role.as_str().into(),
                verdict.can_assume.into(),
                stop.map(|check| check.rule.as_str()).into(),
                stop.map(|check| check.text.as_str()).into(),
                path.into(),
            ]
        };
        if verdict.paths.is_empty() {
            let mut row = start(None);
            row.extend(vec![Cell::Empty; 6]);
            row.extend(complete_cells(&verdict.completeness));
            rows.push(row);
        }
        for (number, path) in (1..).zip(&verdict.paths) {
            for hop in &path.hops {
                let mut row = start(Some(number));
                row.extend([
                    Cell::from(path.in_force),
                    hop.id.as_str().into(),
                    hop.text.as_str().into(),
                    hop.settings.iter().map(|s| format!("{}={}", s.name, s.value)).collect::<Vec<_>>().into(),
                    hop.since_at_latest.map(|at| at.to_string()).into(),
                    hop.removed_by.as_deref().into(),
                ]);
                row.extend(complete_cells(&verdict.completeness));
                rows.push(row);
            }
        }
    }
    Rows {
        columns: vec![
            "login",
            "user_id",
            "app",
            "account",
            "role",
            "can_assume",
            "stopped_by",
            "stopped_because",
            "path",
            "in_force",
            "hop_id",
            "hop",
            "settings",
            "since_at_latest",
            "removed_by",
            "complete",
            "unread_groups",
        ],
        rows,
    }
}
