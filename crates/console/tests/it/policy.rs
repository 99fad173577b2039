//! Every route, asked by every role: what stands in the table beside this file, and nothing else.

use std::{collections::BTreeMap, fmt::Write};

use reqwest::{Method, StatusCode};
use rolebook_console::policy::{Access, Action, Role};
use serde_json::json;

use crate::house::{House, Person};

/// Who is asked, in the order of the table's columns: the five roles, and the owner of the connector with the basic role.
const WHO: [(&str, &str); 6] = [
    ("SA", "super-administrator"),
    ("CA", "connector-administrator"),
    ("AA", "application-administrator"),
    ("RO", "read-only-administrator"),
    ("BU", "basic-user"),
    ("CO", "basic-user"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_each_role_as_the_table_says() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let mut people: BTreeMap<&str, Person> = BTreeMap::new();
    people.insert("SA", sue.clone());
    for (who, role) in WHO.into_iter().skip(1) {
        people.insert(who, house.invite(&sue, who, role).await);
    }
    let new = json!({ "kind": "okta-aws-federation", "app": { "new": "AWS" }, "owners": ["co@acme.test"] });
    let id = sue.post("/api/connectors", &new).await.json(StatusCode::CREATED).await["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let mut table = String::new();
    for route in rolebook_console::routes() {
        if route.access == Access::Public || route.path == "/sign-out" || route.path == "/api/events" {
            let _ = writeln!(table, "{:<7}{:<52}{:?}", route.method.as_str(), route.path, route.access);
            continue;
        }
        let mut allowed = Vec::new();
        for (who, _) in WHO {
            let status = ask(&people[who], &route.method, &route.path, &id).await;
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{who} {} {}", route.method, route.path);
            assert!(!status.is_server_error(), "{who} {} {}: {status}", route.method, route.path);
            if status != StatusCode::FORBIDDEN {
                allowed.push(who);
            }
        }
        let _ = writeln!(table, "{:<7}{:<52}{}", route.method.as_str(), route.path, allowed.join(" "));
    }
    insta::assert_snapshot!(table);
}

/// Asks with a body that is never right, so that nothing changes.
async fn ask(who: &Person, method: &Method, path: &str, id: &str) -> StatusCode {
    let path = path
        .replace("{id}", id)
        .replace("{sync}", "none")
        .replace("{app}", "none")
        .replace("{org}", "none")
        .replace("{user}", "none")
        .replace("{key}", "none")
        .replace("{kind}", "none")
        .replace("{scope}", "none")
        .replace("{acceptance}", "none")
        .replace("{plan}", "none")
        .replace("{watch}", "none")
        .replace("{webhook}", "none");
    assert!(!path.contains('{'), "{path}: say what stands for its parts");
    let harmless = if *method == Method::GET { path } else { format!("{path}?dry_run=1") };
    who.send(method.clone(), &harmless, (*method != Method::GET).then_some(&json!({ "none": 0 })))
        .await
        .status()
}

#[test]
fn the_table_of_roles_is_the_one_of_the_design() {
    // Duties are apart: who hosts connectors does not see who has access, and cannot give it to themselves.
    let routes = rolebook_console::routes();
    let asks = |action: Action| {
        routes
            .iter()
            .filter(|route| route.access == Access::May(action) || route.access == Access::Connector(action))
            .count()
    };
    for action in [
        Action::SeeAccess,
        Action::DownloadSnapshot,
        Action::ChangeUsers,
        Action::ConfirmHold,
        Action::SeeAudit,
    ] {
        assert!(asks(action) > 0, "{action:?} guards nothing");
    }
    assert_eq!(Role::ALL.len(), 5);
}
