//! What each kind of row is called, where its cells lead, and which changes it offers.

use crate::{
    lens::{AccountRow, GrantRow, GroupRow, Listed, PersonRow, RoleRow},
    operation::plans::offers::{Doors, Writes},
    web::{
        page::href,
        pages::deed::{Deed, Wish},
    },
};

/// Rows that have a page.
pub(super) trait Shown: Listed {
    const PATH: &'static str;
    const TITLE: &'static str;
    const LEAD: &'static str;
    /// The entry of the menu that the page belongs to.
    const MENU: &'static str;

    /// Where a cell leads, or one item of a cell's list; empty for nowhere.
    fn leads(&self, column: &str, item: &str) -> String;

    /// What can be granted and revoked from the row.
    fn deeds(&self, _doors: &Doors, _connector: &str) -> Vec<Deed> {
        Vec::new()
    }
}

/// The rows of a table with one value in one column.
fn only(path: &str, column: &str, is: &str) -> String {
    href(path, &[("only", column), ("is", is)])
}

fn role_page(role: &str) -> String {
    href("/explorer", &[("ask", "who"), ("role", role)])
}

fn person_page(login: &str) -> String {
    href("/explorer", &[("ask", "what"), ("person", login)])
}

fn group_page(group: &str) -> String {
    href("/explorer", &[("ask", "group"), ("group", group)])
}

fn grant(writes: Writes, doors: &Doors, connector: &str, pairs: &[(&str, &str)]) -> Deed {
    let pairs: Vec<_> = [("action", "grant")].iter().chain(pairs).copied().collect();
    Deed::new(doors, connector, &Wish { text: "grant", writes, pairs: &pairs })
}

fn revoke(writes: Writes, doors: &Doors, connector: &str, pairs: &[(&str, &str)]) -> Deed {
    let pairs: Vec<_> = [("action", "revoke")].iter().chain(pairs).copied().collect();
    Deed::new(doors, connector, &Wish { text: "revoke", writes, pairs: &pairs })
}

impl Shown for AccountRow {
    const PATH: &'static str = "/accounts";
    const TITLE: &'static str = "AWS accounts";
    const LEAD: &'static str =
        "Accounts that the app leads to, their roles, and how many people can assume at least one.";
    const MENU: &'static str = "/accounts";

    fn leads(&self, column: &str, item: &str) -> String {
        match column {
            "account" | "name" => only(RoleRow::PATH, "account", &self.account),
            "roles" => role_page(&format!("{}/{item}", self.account)),
            "people" => only(GrantRow::PATH, "account", &self.account),
            _ => String::new(),
        }
    }
}

impl Shown for RoleRow {
    const PATH: &'static str = "/roles";
    const TITLE: &'static str = "Roles";
    const LEAD: &'static str = "Roles, how many people can assume each, and the groups that confer it.";
    const MENU: &'static str = "/accounts";

    fn leads(&self, column: &str, item: &str) -> String {
        match column {
            "account" => only(Self::PATH, "account", &self.account),
            "role" | "people" => role_page(&self.key()),
            "groups" => group_page(item),
            _ => String::new(),
        }
    }

    fn deeds(&self, doors: &Doors, connector: &str) -> Vec<Deed> {
        vec![grant(Writes::Role, doors, connector, &[("role", &self.key())])]
    }
}

impl Shown for PersonRow {
    const PATH: &'static str = "/people";
    const TITLE: &'static str = "People";
    const LEAD: &'static str =
        "People who are assigned to the app, are members of its groups, or hold Okta admin roles.";
    const MENU: &'static str = "/people";

    fn leads(&self, column: &str, item: &str) -> String {
        match column {
            "name" | "login" => person_page(&self.login),
            "roles" | "accounts" => only(GrantRow::PATH, "login", &self.login),
            "status" | "assigned" => only(Self::PATH, column, item),
            _ => String::new(),
        }
    }

    fn deeds(&self, doors: &Doors, connector: &str) -> Vec<Deed> {
        let person = ("person", self.login.as_str());
        vec![
            grant(Writes::Role, doors, connector, &[person]),
            revoke(Writes::Role, doors, connector, &[person, ("all", "1")]),
        ]
    }
}

impl Shown for GroupRow {
    const PATH: &'static str = "/groups";
    const TITLE: &'static str = "Groups";
    const LEAD: &'static str =
        "Groups that are assigned to the app or whose name its filter finds, and the roles they confer.";
    const MENU: &'static str = "/groups";

    fn leads(&self, column: &str, item: &str) -> String {
        match column {
            "name" | "members" => group_page(&self.id),
            "confers" => role_page(item),
            "kind" | "assigned" => only(Self::PATH, column, item),
            _ => String::new(),
        }
    }

    fn deeds(&self, doors: &Doors, connector: &str) -> Vec<Deed> {
        let group = [("group", self.id.as_str())];
        vec![
            grant(Writes::Membership, doors, connector, &group),
            revoke(Writes::Membership, doors, connector, &group),
        ]
    }
}

impl Shown for GrantRow {
    const PATH: &'static str = "/grants";
    const TITLE: &'static str = "Access";
    const LEAD: &'static str = "Who can assume which role now, as far as Okta decides, and through what.";
    const MENU: &'static str = "/grants";

    fn leads(&self, column: &str, item: &str) -> String {
        match column {
            "account" => only(Self::PATH, "account", &self.account),
            "role" => role_page(&self.key()),
            "person" | "login" => person_page(&self.login),
            // Where it is proved.
            "source" => href("/explorer", &[("ask", "why"), ("person", &self.login), ("role", &self.key())]),
            "groups" => group_page(item),
            _ => String::new(),
        }
    }

    fn deeds(&self, doors: &Doors, connector: &str) -> Vec<Deed> {
        let wish = [("person", self.login.as_str()), ("role", &self.key())];
        vec![revoke(Writes::Role, doors, connector, &wish)]
    }
}
