//! The System Log: what is written, polling, bounds.

use std::time::Duration;

use rolebook_fake_okta::{App, AppGroup, Group, Options, Org, User, UserStatus};
use serde_json::{Value, json};

use crate::client::Client;

fn client() -> Client {
    let org = Org::new("acme")
        .users([User::new("ann@acme.test").id("00uA"), User::new("bob@acme.test").id("00uB")])
        .group(Group::new("first").id("gX"))
        .app(App::aws("0oaAWS").group(AppGroup::new("gX").saml_roles(["Admin"])));
    Client::with(org, Options { frozen_clock: true, ..Options::default() })
}

fn kinds(events: &Value) -> Vec<&str> {
    events.as_array().unwrap().iter().map(|event| event["eventType"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_change_leaves_its_entries() {
    let client = client();
    let step = async |method: &str, path: &str, body: Option<Value>| {
        client.fake.advance(Duration::from_secs(1));
        let since = client.fake.now() - Duration::from_millis(1);
        let got = client.send(method, path, body).await;
        assert!(got.status < 300, "{method} {path}: {}", got.text);
        let list = client.json(&format!("/api/v1/logs?since={since}")).await;
        kinds(&list).join(" ")
    };
    let table = [
        (
            "PUT",
            "/api/v1/groups/gX/users/00uA",
            None,
            "group.user_membership.add application.user_membership.add",
        ),
        (
            "DELETE",
            "/api/v1/groups/gX/users/00uA",
            None,
            "group.user_membership.remove application.user_membership.remove",
        ),
        (
            "POST",
            "/api/v1/apps/0oaAWS/users",
            Some(json!({"id": "00uA", "scope": "USER"})),
            "application.user_membership.add",
        ),
        (
            "POST",
            "/api/v1/apps/0oaAWS/users/00uA",
            Some(json!({"profile": {"role": "x"}})),
            "application.user_membership.update",
        ),
        ("DELETE", "/api/v1/apps/0oaAWS/users/00uA", None, "application.user_membership.remove"),
        (
            "PATCH",
            "/api/v1/apps/0oaAWS/groups/gX",
            Some(json!([{"op": "replace", "path": "/priority", "value": 3}])),
            "group.application_assignment.update",
        ),
        ("DELETE", "/api/v1/apps/0oaAWS/groups/gX", None, "group.application_assignment.remove"),
        ("PUT", "/api/v1/apps/0oaAWS/groups/gX", Some(json!({})), "group.application_assignment.add"),
        ("POST", "/api/v1/users/00uB/lifecycle/suspend", None, "user.lifecycle.suspend"),
        ("POST", "/api/v1/users/00uB/lifecycle/unsuspend", None, "user.lifecycle.unsuspend"),
        (
            "POST",
            "/api/v1/users/00uB",
            Some(json!({"profile": {"title": "x"}})),
            "user.account.update_profile",
        ),
        ("POST", "/api/v1/users/00uB/lifecycle/deactivate", None, "user.lifecycle.deactivate"),
        (
            "DELETE",
            "/api/v1/users/00uB",
            None,
            "user.lifecycle.delete.initiated user.lifecycle.delete.completed",
        ),
        (
            "POST",
            "/api/v1/users/00uA/roles",
            Some(json!({"type": "APP_ADMIN"})),
            "user.account.privilege.grant",
        ),
        ("DELETE", "/api/v1/users/00uA/roles/IFIFAX2BIRGUSTQ", None, "user.account.privilege.revoke"),
        ("POST", "/api/v1/apps/0oaAWS/lifecycle/deactivate", None, "application.lifecycle.deactivate"),
        ("POST", "/api/v1/apps/0oaAWS/lifecycle/activate", None, "application.lifecycle.activate"),
        ("DELETE", "/api/v1/groups/gX", None, "group.lifecycle.delete"),
        ("POST", "/api/v1/groups", Some(json!({"profile": {"name": "n"}})), "group.lifecycle.create"),
    ];
    for (method, path, body, expected) in table {
        assert_eq!(step(method, path, body).await, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn targets_are_told_apart_by_type() {
    let client = client();
    client.send("PUT", "/api/v1/groups/gX/users/00uA", None).await;
    let list =
        client.json("/api/v1/logs?filter=eventType%20eq%20%22application.user_membership.add%22").await;
    let event = &list[0];
    let target =
        |kind: &str| event["target"].as_array().unwrap().iter().find(|t| t["type"] == kind).unwrap().clone();
    assert!(target("AppUser")["id"].as_str().unwrap().starts_with("0ua"));
    assert_eq!((&target("User")["id"], &target("AppInstance")["id"]), (&json!("00uA"), &json!("0oaAWS")));
    assert_eq!(target("User")["alternateId"], "ann@acme.test");
    assert_eq!(
        (&event["actor"]["alternateId"], &event["outcome"]["result"]),
        (&json!("super@acme.test"), &json!("SUCCESS"))
    );
    assert_eq!(event["published"], "2026-09-01T08:00:00.000Z");
    client.fake.change(|org| org.set_status("00uA", UserStatus::Suspended));
    let last = client.json("/api/v1/logs?sortOrder=DESCENDING&limit=1").await;
    assert_eq!(
        (&last[0]["eventType"], &last[0]["actor"]["type"]),
        (&json!("user.lifecycle.suspend"), &json!("SystemPrincipal"))
    );
    assert_eq!(
        client.json("/api/v1/logs?filter=target.id%20eq%20%22gX%22").await.as_array().unwrap().len(),
        1
    );
    assert_eq!(client.json("/api/v1/logs?q=suspend%20ann").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn polling_never_ends_and_loses_nothing() {
    let client = client();
    let mut seen = Vec::new();
    let first = client.get("/api/v1/logs?limit=2").await;
    assert_eq!(first.json(), json!([]));
    let mut next = first.next().unwrap();
    for user in ["00uA", "00uB"] {
        client.send("PUT", &format!("/api/v1/groups/gX/users/{user}"), None).await;
        loop {
            let got = client.get(&next).await;
            next = got.next().expect("always a next");
            let page = got.json();
            if page.as_array().unwrap().is_empty() {
                break;
            }
            assert!(page.as_array().unwrap().len() <= 2);
            seen.extend(
                page.as_array().unwrap().iter().map(|event| event["uuid"].as_str().unwrap().to_owned()),
            );
        }
    }
    assert_eq!(seen.len(), 4);
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn bounded_lists_end() {
    let client = client();
    for user in ["00uA", "00uB"] {
        client.fake.advance(Duration::from_secs(10));
        client.send("PUT", &format!("/api/v1/groups/gX/users/{user}"), None).await;
    }
    let path = "/api/v1/logs?since=2026-09-01T08:00:00Z&until=2026-09-01T08:00:30Z&limit=3";
    assert_eq!(client.page_sizes(path).await, [3, 1]);
    let half = "/api/v1/logs?since=2026-09-01T08:00:00Z&until=2026-09-01T08:00:20Z";
    assert_eq!(client.page_sizes(half).await, [2], "until is exclusive");
    for (query, code) in [
        ("since=2026-01-01T00:00:00Z", "E0000053"),
        ("since=yesterday", "E0000030"),
        ("filter=published%20gt%20%222026-01-01T00:00:00Z%22", "E0000053"),
        ("sortOrder=SIDEWAYS", "E0000037"),
    ] {
        assert_eq!(client.get(&format!("/api/v1/logs?{query}")).await.code(), code, "{query}");
    }
    assert_eq!(client.token("app_admin").get("/api/v1/logs").await.status, 403);
}

#[tokio::test]
async fn entries_name_the_request_that_made_them() {
    let client = client();
    let since = client.fake.now() - Duration::from_millis(1);
    let put = client.send("PUT", "/api/v1/groups/gX/users/00uA", None).await;
    let id = put.headers["x-okta-request-id"].to_str().unwrap().to_owned();
    client.fake.change(|org| org.remove_member("gX", "00uA"));
    let list = client.json(&format!("/api/v1/logs?since={since}")).await;
    let (by_request, by_nobody): (Vec<&Value>, Vec<&Value>) =
        list.as_array().unwrap().iter().partition(|event| event["actor"]["type"] == "User");
    assert_eq!(by_request.len(), 2);
    for event in by_request {
        assert_eq!(event["transaction"]["id"], id.as_str());
        assert_eq!(event["debugContext"]["debugData"]["requestId"], id.as_str());
    }
    assert_eq!(by_nobody.len(), 2);
    assert!(by_nobody.iter().all(|event| event["debugContext"]["debugData"] == json!({})));
}
