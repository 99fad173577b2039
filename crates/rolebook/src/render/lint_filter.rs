//! A group filter explained.

use std::io;

use rolebook_insight::{FilterLint, NameLint};

use super::{Node, Page, Tone, toned};
use crate::output::{Cell, Rows, visible};

pub(crate) fn text(lint: &FilterLint, page: &mut Page) -> io::Result<()> {
    let filter = visible(&lint.filter);
    match &lint.error {
        None => page.line(&format!("{} {filter}", toned(Tone::Good, "valid"))),
        Some(problem) => {
            page.line(&format!("{} {filter}", toned(Tone::Bad, "not valid")))?;
            if let Some(position) = problem.position {
                let before: String = lint.filter.chars().take(position.saturating_sub(1)).collect();
                let width = "not valid ".len() + textwrap::core::display_width(&visible(&before));
                page.line(&format!("{}{}", " ".repeat(width), toned(Tone::Bad, "^")))?;
            }
            page.paragraph(&visible(&problem.text), 2)?;
            page.paragraph(&format!("hint: {}", problem.hint), 2)
        }
    }?;
    if !lint.parts.is_empty() {
        page.line("")?;
        page.line(&toned(Tone::Strong, "Parts"))?;
        for part in &lint.parts {
            let text = visible(&part.text);
            page.paragraph(&format!("  {:>3}  {text}  {}", part.position, part.meaning), 7)?;
        }
    }
    if !lint.warnings.is_empty() {
        page.line("")?;
        let mut tree = Node::new(toned(Tone::Strong, "Warnings"));
        for warning in &lint.warnings {
            let mut node = Node::new(format!("{} [{}]", warning.text, warning.code));
            for sample in &warning.samples {
                node.push(Node::new(visible(sample)));
            }
            tree.push(node);
        }
        page.tree(&tree)?;
    }
    if !lint.names.is_empty() {
        page.line("")?;
        let found = lint.names.iter().filter(|name| name.role.is_some()).count();
        page.line(&toned(Tone::Strong, &format!("{found} of {} names give a role", lint.names.len())))?;
        page.table(&Rows {
            columns: vec!["name", "verdict", "account", "role"],
            rows: lint.names.iter().map(brief).collect(),
        })?;
    }
    Ok(())
}

fn brief(name: &NameLint) -> Vec<Cell> {
    let verdict = match (name.only_without_case, name.only_unescaped) {
        (true, _) => format!("{} (case differs)", name.verdict),
        (_, true) => format!("{} (filter escaped twice)", name.verdict),
        _ => name.verdict.clone(),
    };
    vec![
        Cell::from(name.name.as_str()),
        verdict.into(),
        name.account.as_deref().into(),
        name.role.as_deref().into(),
    ]
}

pub(crate) fn rows(lint: &FilterLint) -> Rows {
    let rows = lint.names.iter().map(|name| {
        let mut row = brief(name);
        row.push(name.value.as_deref().into());
        row
    });
    Rows { columns: vec!["name", "verdict", "account", "role", "value"], rows: rows.collect() }
}
