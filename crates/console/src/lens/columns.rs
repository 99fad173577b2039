//! The rows of a lens as tables.

use crate::{
    lens::{AccountRow, AdminRow, GrantRow, GroupRow, Lens, MembershipRow, PersonRow, RoleRow},
    table::{Cell, Column, Tabular, column, numbers, spare},
};

/// Rows that a lens has.
pub(crate) trait Listed: Tabular + Clone + Send + Sync + 'static {
    fn of(lens: &Lens) -> &[Self];
}

impl Listed for AccountRow {
    fn of(lens: &Lens) -> &[Self] {
        &lens.accounts
    }
}

impl Listed for RoleRow {
    fn of(lens: &Lens) -> &[Self] {
        &lens.roles
    }
}

impl Listed for PersonRow {
    fn of(lens: &Lens) -> &[Self] {
        &lens.people
    }
}

impl Listed for GroupRow {
    fn of(lens: &Lens) -> &[Self] {
        &lens.groups
    }
}

impl Listed for GrantRow {
    fn of(lens: &Lens) -> &[Self] {
        &lens.grants
    }
}

impl Tabular for AccountRow {
    const COLUMNS: &'static [Column] = &[
        column("account", "Account"),
        column("name", "Name"),
        column("partition", "Partition"),
        column("roles", "Roles"),
        numbers("people", "People"),
    ];

    fn cell(&self, column: &str) -> Cell<'_> {
        match column {
            "account" => Cell::text(&self.account),
            "name" => Cell::text(&self.name),
            "partition" => Cell::text(&self.partition),
            "roles" => Cell::List(&self.roles),
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

    fn cell(&self, column: &str) -> Cell<'_> {
        match column {
            "account" => Cell::text(&self.account),
            "role" => Cell::text(&self.role),
            "people" => Cell::Number(self.people),
            "groups" => Cell::List(&self.groups),
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
        spare("email", "E-mail"),
        spare("second_email", "Second e-mail"),
        spare("id", "Okta id"),
    ];

    fn cell(&self, column: &str) -> Cell<'_> {
        match column {
            "name" => Cell::text(&self.name),
            "login" => Cell::text(&self.login),
            "status" => Cell::text(&self.status),
            "assigned" => Cell::text(&self.assigned),
            "roles" => Cell::Number(self.roles),
            "accounts" => Cell::Number(self.accounts),
            "email" => Cell::text(&self.email),
            "second_email" => Cell::text(&self.second_email),
            "id" => Cell::text(&self.id),
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
        spare("id", "Okta id"),
    ];

    fn cell(&self, column: &str) -> Cell<'_> {
        match column {
            "name" => Cell::text(&self.name),
            "kind" => Cell::text(&self.kind),
            "assigned" => Cell::Flag(self.assigned),
            "members" => self.members.map_or(Cell::Nothing, Cell::Number),
            "confers" => Cell::List(&self.confers),
            "id" => Cell::text(&self.id),
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
        spare("user_id", "Okta id"),
    ];

    fn cell(&self, column: &str) -> Cell<'_> {
        match column {
            "account" => Cell::text(&self.account),
            "role" => Cell::text(&self.role),
            "person" => Cell::text(&self.person),
            "login" => Cell::text(&self.login),
            "source" => Cell::text(&self.source),
            "groups" => Cell::List(&self.groups),
            "user_id" => Cell::text(&self.user_id),
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

    fn cell(&self, column: &str) -> Cell<'_> {
        match column {
            "group" => Cell::text(&self.group),
            "group_id" => Cell::text(&self.group_id),
            "login" => Cell::text(&self.login),
            "person" => Cell::text(&self.person),
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

    fn cell(&self, column: &str) -> Cell<'_> {
        match column {
            "role" => Cell::text(&self.role),
            "label" => Cell::text(&self.label),
            "holder" => Cell::text(&self.holder),
            "direct" => Cell::Flag(self.direct),
            "targets" => Cell::List(&self.targets),
            _ => Cell::Nothing,
        }
    }
}
