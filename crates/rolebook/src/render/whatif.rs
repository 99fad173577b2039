//! What would happen.

use std::io;

use rolebook_insight::WhatIf;

use super::{Node, Page, Tone, diff, toned};
use crate::output::{Rows, visible};

pub(crate) fn text(found: &WhatIf, page: &mut Page) -> io::Result<()> {
    let asked = found.changes_asked.join("; then ");
    page.paragraph(&visible(&format!("If this were done: {asked}")), 2)?;
    let least = if found.lower_bound { "at least " } else { "" };
    let sum = format!("{least}{} gained, {least}{} lost", found.gained, found.lost);
    page.line(&toned(Tone::Strong, &sum))?;
    for warning in &found.warnings {
        page.paragraph(&toned(Tone::Bad, &visible(warning)), 2)?;
    }
    for limit in &found.limits {
        page.paragraph(limit, 2)?;
    }
    if let Some(fetched) = &found.fetched {
        let names = if fetched.names { "the names of groups and " } else { "" };
        let groups = match fetched.groups.len() {
            1 => "1 group".to_owned(),
            several => format!("{several} groups"),
        };
        let text = format!(
            "Read for this at {}: {names}the members of {groups}, {} requests. All else is as of the snapshot.",
            fetched.at.strftime("%Y-%m-%d %H:%M:%SZ"),
            fetched.requests
        );
        page.paragraph(&text, 2)?;
        for not in &fetched.not_read {
            page.paragraph(&toned(Tone::Bad, &visible(&format!("Not read: {}: {}", not.list, not.why))), 2)?;
        }
    }
    if !found.unread_groups.is_empty() {
        page.line("")?;
        let count = found.unread_groups.len();
        let title = format!(
            "{count} more {} would count, whose members are not in the snapshot; reading them takes {} or more",
            if count == 1 { "group" } else { "groups" },
            if found.requests == 1 { "1 request".to_owned() } else { format!("{} requests", found.requests) }
        );
        let mut tree = Node::new(toned(Tone::Bad, &title));
        for group in &found.unread_groups {
            let what = group.role.as_deref().unwrap_or("assigns the app");
            tree.push(Node::new(visible(&format!("{} ({}): {what}", group.name, group.id))));
        }
        page.tree(&tree)?;
    }
    diff::changes(&found.changes, &found.settings, page)
}

pub(crate) fn rows(found: &WhatIf) -> Rows {
    diff::change_rows(&found.changes)
}
