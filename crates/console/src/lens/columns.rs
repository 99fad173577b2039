//! The rows of a lens as tables.

use crate::{
    lens::{AccountRow, AdminRow, GrantRow, GroupRow, MembershipRow, PersonRow, RoleRow},
    table::{Cell, Column, Tabular, column, numbers},
};

impl Tabular for AccountRow {
    const COLUMNS: &'static [Column] = &[
        column("account", "Account"),
        column("name", "Name"),
        column("partition", "Partition"),
        column("roles", "Roles"),
        numbers("people", "People"),
    ];

    fn cell(&self, column: &str) -> Cell {
        match column {
            "account" => Cell::Text(self.account.clone()),
            "name" => Cell::Text(self.name.clone()),
            "partition" => Cell::Text(self.partition.clone()),
            "roles" => Cell::List(self.roles.clone()),
            "people" => Cell::Number(self.people),
            _ => Cell::Nothing,
        }
    }
}

impl Tabular for RoleRow {
    const COLUMNS: &'static [Column] = &[
        column("account", "Account"),
        column("role", "Role"),
        numbers("people", "People"),
        column("groups", "Conferred by"),
    ];

    fn cell(&self, column: &str) -> Cell {
        match column {
            "account" => Cell::Text(self.account.clone()),
            "role" => Cell::Text(self.role.clone()),
            "people" => Cell::Number(self.people),
            "groups" => Cell::List(self.groups.clone()),
            _ => Cell::Nothing,
        }
    }
}

impl Tabular for PersonRow {
    const COLUMNS: &'static [Column] = &[
        column("name", "Name"),
        column("login", "Login"),
        column("status", "Status"),
        column("assigned", "Assigned"),
        numbers("roles", "Roles"),
        numbers("accounts", "Accounts"),
        column("email", "E-mail"),
        column("second_email", "Second e-mail"),
        column("id", "Okta id"),
    ];

    fn cell(&self, column: &str) -> Cell {
        match column {
            "name" => Cell::Text(self.name.clone()),
            "login" => Cell::Text(self.login.clone()),
            "status" => Cell::Text(self.status.clone()),
            "assigned" => Cell::Text(self.assigned.clone()),
            "roles" => Cell::Number(self.roles),
            "accounts" => Cell::Number(self.accounts),
            "email" => Cell::Text(self.email.clone()),
            "second_email" => Cell::Text(self.second_email.clone()),
            "id" => Cell::Text(self.id.clone()),
            _ => Cell::Nothing,
        }
    }
}

impl Tabular for GroupRow {
    const COLUMNS: &'static [Column] = &[
        column("name", "Group"),
        column("kind", "Type"),
        column("assigned", "Assigned"),
        numbers("members", "Members"),
        column("confers", "Confers"),
        column("id", "Okta id"),
    ];

    fn cell(&self, column: &str) -> Cell {
        match column {
            "name" => Cell::Text(self.name.clone()),
            "kind" => Cell::Text(self.kind.clone()),
            "assigned" => Cell::Flag(self.assigned),
            "members" => self.members.map_or(Cell::Nothing, Cell::Number),
            "confers" => Cell::List(self.confers.clone()),
            "id" => Cell::Text(self.id.clone()),
            _ => Cell::Nothing,
        }
    }
}

impl Tabular for GrantRow {
    const COLUMNS: &'static [Column] = &[
        column("account", "Account"),
        column("role", "Role"),
        column("person", "Person"),
        column("login", "Login"),
        column("source", "Source"),
        column("groups", "Through"),
        column("user_id", "Okta id"),
    ];

    fn cell(&self, column: &str) -> Cell {
        match column {
            "account" => Cell::Text(self.account.clone()),
            "role" => Cell::Text(self.role.clone()),
            "person" => Cell::Text(self.person.clone()),
            "login" => Cell::Text(self.login.clone()),
            "source" => Cell::Text(self.source.clone()),
            "groups" => Cell::List(self.groups.clone()),
            "user_id" => Cell::Text(self.user_id.clone()),
            _ => Cell::Nothing,
        }
    }
}

impl Tabular for MembershipRow {
    const COLUMNS: &'static [Column] = &[
        column("group", "Group"),
        column("group_id", "Group id"),
        column("login", "Login"),
        column("person", "Person"),
    ];

    fn cell(&self, column: &str) -> Cell {
        match column {
            "group" => Cell::Text(self.group.clone()),
            "group_id" => Cell::Text(self.group_id.clone()),
            "login" => Cell::Text(self.login.clone()),
            "person" => Cell::Text(self.person.clone()),
            _ => Cell::Nothing,
        }
    }
}

impl Tabular for AdminRow {
    const COLUMNS: &'static [Column] = &[
        column("role", "Okta role"),
        column("label", "Label"),
        column("holder", "Holder"),
        column("direct", "Direct"),
        column("targets", "Limited to"),
    ];

    fn cell(&self, column: &str) -> Cell {
        match column {
            "role" => Cell::Text(self.role.clone()),
            "label" => Cell::Text(self.label.clone()),
            "holder" => Cell::Text(self.holder.clone()),
            "direct" => Cell::Flag(self.direct),
            "targets" => Cell::List(self.targets.clone()),
            _ => Cell::Nothing,
        }
    }
}
