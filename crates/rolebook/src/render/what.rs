//! What a person or a group has, for people and as rows.

use std::io;

use rolebook_insight::{GroupRoles, PersonRef, What, WhatGroup};

use super::{Node, Page, Tone, complete_cells, count, toned, who::through};
use crate::output::{Cell, Rows, counted, visible};

pub(crate) fn text(what: &What, page: &mut Page) -> io::Result<()> {
    let person = &what.person;
    let status = person.status.as_deref().unwrap_or("status not read");
    let title = visible(&format!("{} ({}, {})", person.label(), person.name, status));
    let count = count(what.roles.len(), "no role", "role", "roles", &what.completeness);
    let mut tree = Node::new(format!("{} can assume {count}", toned(Tone::Strong, &title)));
    let several_apps = what.roles.windows(2).any(|pair| matches!(pair, [a, b] if a.app != b.app));
    let mut at = 0;
    while let Some(first) = what.roles.get(at) {
        let account = &first.role.account;
        let mut node = Node::new(visible(&match account.called() {
            Some(called) => format!("{} ({called})", account.id),
            None => account.id.clone(),
        }));
        while let Some(held) = what.roles.get(at).filter(|held| held.role.account == *account) {
            let app = if several_apps { format!(" [app {}]", held.app.id) } else { String::new() };
            let role = toned(Tone::Strong, &visible(&held.role.role));
            node.push(Node::new(format!("{role}{app}: {}", visible(&through(&held.paths).join("; ")))));
            at += 1;
        }
        tree.push(node);
    }
    page.tree(&tree)
}

pub(crate) fn rows(what: &What) -> Rows {
    let start = || vec![Cell::from(what.person.login.as_deref()), what.person.id.as_str().into()];
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for held in &what.roles {
        let mut row = start();
        row.extend([
            Cell::from(held.app.id.as_str()),
            held.role.account.id.as_str().into(),
            held.role.account.name.as_deref().into(),
            held.role.role.as_str().into(),
            held.role.role_arn.as_deref().into(),
            held.source.as_str().into(),
            through(&held.paths).into(),
            held.partial_match.into(),
        ]);
        row.extend(complete_cells(&what.completeness));
        rows.push(row);
    }
    // Where no role was seen although there may be some, a row without a role says so.
    if rows.is_empty() && !what.completeness.complete {
        let mut row = start();
        row.extend(vec![Cell::Empty; 8]);
        row.extend(complete_cells(&what.completeness));
        rows.push(row);
    }
    Rows {
        columns: vec![
            "login",
            "user_id",
            "app",
            "account",
            "account_name",
            "role",
            "role_arn",
            "source",
            "through",
            "partial_match",
            "complete",
            "unread_groups",
        ],
        rows,
    }
}

pub(crate) fn group_text(what: &WhatGroup, page: &mut Page) -> io::Result<()> {
    let group = &what.group;
    let mut facts = vec![group.kind.clone()];
    facts.push(if what.assigned { "assigned to the app" } else { "not assigned to the app" }.to_owned());
    if let Some(filter) = &what.filter {
        facts.push(format!("group filter: {filter}"));
    }
    facts.push(if what.members_read {
        counted(what.members as u64, "member", "members")
    } else {
        "members not read".to_owned()
    });
    let title = toned(Tone::Strong, &visible(group.label()));
    let mut tree = Node::new(format!("{title} ({}, {})", group.id, facts.join(", ")));
    if what.roles.is_empty() {
        tree.push(Node::new("confers no role"));
    }
    for role in &what.roles {
        let partial = if role.partial_match { " (partial match)" } else { "" };
        let none = "nobody has it through this group";
        let people = count(role.people.len(), none, "person", "people", &what.completeness);
        let mut node = Node::new(format!("{}{partial}: {people}", visible(&role.role.label())));
        for person in &role.people {
            node.push(Node::new(visible(person.label())));
        }
        tree.push(node);
    }
    page.tree(&tree)
}

pub(crate) fn group_rows(what: &WhatGroup) -> Rows {
    let row = |role: &GroupRoles, person: Option<&PersonRef>| {
        let mut row = vec![
            Cell::from(what.group.id.as_str()),
            what.group.name.as_deref().into(),
            role.role.account.id.as_str().into(),
            role.role.account.name.as_deref().into(),
            role.role.role.as_str().into(),
            person.and_then(|person| person.login.as_deref()).into(),
            person.map(|person| person.id.as_str()).into(),
            person.and_then(|person| person.status.as_deref()).into(),
            role.partial_match.into(),
        ];
        row.extend(complete_cells(&what.completeness));
        row
    };
    let rows = what.roles.iter().flat_map(|role| {
        if role.people.is_empty() && !what.completeness.complete {
            return vec![row(role, None)];
        }
        role.people.iter().map(|person| row(role, Some(person))).collect()
    });
    Rows {
        columns: vec![
            "group_id",
            "group",
            "account",
            "account_name",
            "role",
            "login",
            "user_id",
            "status",
            "partial_match",
            "complete",
            "unread_groups",
        ],
        rows: rows.collect(),
    }
}
