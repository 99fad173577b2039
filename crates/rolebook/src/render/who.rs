//! Who can assume a role, for people and as rows.

use std::io;

use rolebook_insight::{Holder, Path, RoleHolders, Who};

use super::{Page, Tone, complete_cells, count, toned};
use crate::output::{Cell, Rows, visible};

pub(crate) fn text(who: &Who, page: &mut Page) -> io::Result<()> {
    let several_apps = who.roles.windows(2).any(|pair| matches!(pair, [a, b] if a.app != b.app));
    for (at, role) in who.roles.iter().enumerate() {
        if at > 0 {
            page.line("")?;
        }
        page.paragraph(&title(role, several_apps), 2)?;
        if !role.people.is_empty() {
            let people = role.people.iter().map(|holder| {
                let status = holder.person.status.as_deref().unwrap_or("not read");
                vec![Cell::from(holder.person.label()), status.into(), through(&holder.paths).into()]
            });
            page.table(&Rows { columns: vec!["person", "status", "through"], rows: people.collect() })?;
        }
    }
    Ok(())
}

fn title(role: &RoleHolders, several_apps: bool) -> String {
    let count = count(role.people.len(), "nobody", "person", "people", &role.completeness);
    let app = if several_apps { format!(" through app {}", role.app.id) } else { String::new() };
    let key = role.role.key();
    let name = role.role.account.called().map(|called| format!(" ({called})")).unwrap_or_default();
    format!("{}{app}: {count}", toned(Tone::Strong, &visible(&format!("{key}{name}"))))
}

/// The paths in force, in a few words each; what gives way is said too.
pub(crate) fn through(paths: &[Path]) -> Vec<String> {
    paths
        .iter()
        .map(|path| if path.in_force { path.brief() } else { format!("({} gives way)", path.brief()) })
        .collect()
}

pub(crate) fn rows(who: &Who) -> Rows {
    let row = |role: &RoleHolders, holder: Option<&Holder>| {
        let person = holder.map(|holder| &holder.person);
        let mut row = vec![
            Cell::from(role.app.id.as_str()),
            role.role.account.id.as_str().into(),
            role.role.account.name.as_deref().into(),
            role.role.role.as_str().into(),
            person.and_then(|person| person.login.as_deref()).into(),
            person.map(|person| person.id.as_str()).into(),
            person.map(|person| person.name.as_str()).into(),
            person.and_then(|person| person.status.as_deref()).into(),
            holder.map(|holder| holder.source.as_str()).into(),
            holder.map(|holder| through(&holder.paths)).into(),
            holder.map(|holder| holder.partial_match).into(),
        ];
        row.extend(complete_cells(&role.completeness));
        row
    };
    // Where nobody was seen although somebody may be there, a row without a person says so.
    let of_role = |role: &RoleHolders| -> Vec<Vec<Cell>> {
        if role.people.is_empty() && !role.completeness.complete {
            return vec![row(role, None)];
        }
        role.people.iter().map(|holder| row(role, Some(holder))).collect()
    };
    Rows {
        columns: vec![
            "app",
            "account",
            "account_name",
            "role",
            "login",
            "user_id",
            "name",
            "status",
            "source",
            "through",
            "partial_match",
            "complete",
            "unread_groups",
        ],
        rows: who.roles.iter().flat_map(of_role).collect(),
    }
}
