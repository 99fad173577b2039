//! Custom roles, resource sets and bindings.

use rolebook_fake_okta::{CustomRole, Group, Org, ResourceSet, User};
use serde_json::{Value, json};

use crate::client::Client;

const SET: &str = "/api/v1/iam/resource-sets/iamS";

fn org(members: usize) -> Org {
    let many = (0..members).map(|n| format!("00uM{n}"));
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .group(Group::new("first").id("gX").members(["00uA"]))
        .custom_role(
            CustomRole::new("Reviewer").id("cr0R").permissions(["okta.apps.read", "okta.groups.read"]),
        )
        .custom_role(CustomRole::new("Other").id("cr0O"))
        .resource_set(
            ResourceSet::new("AWS")
                .id("iamS")
                .resources(["/api/v1/apps/0oaAWS"])
                .bind("cr0R", ["gX"])
                .bind("cr0O", many),
        )
}

#[tokio::test]
async fn reading() {
    let client = Client::new(org(1));
    let roles = client.json("/api/v1/iam/roles").await;
    assert_eq!((&roles["roles"][0]["id"], &roles["roles"][0]["label"]), (&json!("cr0R"), &json!("Reviewer")));
    for reference in ["cr0R", "Reviewer"] {
        let permissions = client.json(&format!("/api/v1/iam/roles/{reference}/permissions")).await;
        assert_eq!(permissions["permissions"][1]["label"], "okta.groups.read");
    }
    let sets = client.json("/api/v1/iam/resource-sets").await;
    assert_eq!(sets["resource-sets"][0]["id"], "iamS");
    let resources = client.json(&format!("{SET}/resources")).await;
    assert!(
        resources["resources"][0]["_links"]["apps"]["href"]
            .as_str()
            .unwrap()
            .ends_with("/api/v1/apps/0oaAWS")
    );
    let bindings = client.json(&format!("{SET}/bindings")).await;
    assert_eq!(bindings["roles"][0]["id"], "cr0R");
    let members = client.json(&format!("{SET}/bindings/cr0R/members")).await;
    assert!(members["members"][0]["_links"]["self"]["href"].as_str().unwrap().ends_with("/api/v1/groups/gX"));
    assert!(members["members"][0]["id"].as_str().unwrap().starts_with("irb"));
    let held = client.json("/api/v1/users/00uA/roles").await;
    assert_eq!(
        (&held[0]["type"], &held[0]["role"], &held[0]["resource-set"]),
        (&json!("CUSTOM"), &json!("cr0R"), &json!("iamS"))
    );
    assert_eq!(held[0]["assignmentType"], "GROUP");
    let assignees = client.json("/api/v1/iam/assignees/users").await;
    assert_eq!(assignees["value"].as_array().unwrap().len(), 2);
    for path in [
        "/api/v1/iam/roles/nope",
        "/api/v1/iam/resource-sets/nope/bindings",
        "/api/v1/iam/resource-sets/iamS/bindings/nope/members",
    ] {
        assert_eq!(client.get(path).await.code(), "E0000007", "{path}");
    }
    assert_eq!(client.token("read_only").get("/api/v1/iam/roles").await.code(), "E0000006");
}

#[tokio::test]
async fn members_page_in_the_body() {
    for (count, sizes) in [(0, vec![0]), (100, vec![100]), (101, vec![100, 1])] {
        let client = Client::new(org(count));
        let mut seen = Vec::new();
        let mut url = format!("{SET}/bindings/cr0O/members");
        loop {
            let got = client.get(&url).await;
            assert!(got.next().is_none());
            seen.push(got.json()["members"].as_array().unwrap().len());
            match got.json()["_links"]["next"]["href"].as_str() {
                Some(next) => next.clone_into(&mut url),
                None => break,
            }
        }
        assert_eq!(seen, sizes);
    }
}

#[tokio::test]
async fn writing() {
    let client = Client::new(org(0));
    let role = client
        .send(
            "POST",
            "/api/v1/iam/roles",
            Some(json!({"label": "New", "description": "d", "permissions": ["okta.logs.read"]})),
        )
        .await;
    assert_eq!(role.status, 200);
    let role = role.json()["id"].as_str().unwrap().to_owned();
    let ann = format!("{}/api/v1/users/00uA", client.fake.url());
    let group = format!("{}/api/v1/groups/gX", client.fake.url());
    let bound =
        client.send("POST", &format!("{SET}/bindings"), Some(json!({"role": role, "members": [ann]}))).await;
    assert_eq!(bound.status, 200, "{}", bound.text);
    let members = format!("{SET}/bindings/{role}/members");
    assert_eq!(client.send("PATCH", &members, Some(json!({"additions": [group]}))).await.status, 200);
    let list = client.json(&members).await;
    assert_eq!(list["members"].as_array().unwrap().len(), 2);
    let member = list["members"][0]["id"].as_str().unwrap();
    assert_eq!(client.send("DELETE", &format!("{members}/{member}"), None).await.status, 204);
    assert_eq!(client.send("DELETE", &format!("{members}/{member}"), None).await.code(), "E0000007");
    assert_eq!(client.send("DELETE", &format!("{SET}/bindings/{role}"), None).await.status, 204);
    assert_eq!(client.get(&members).await.code(), "E0000007");
    let custom = json!({"type": "CUSTOM", "role": "cr0O", "resource-set": "iamS"});
    let granted = client.send("POST", "/api/v1/users/00uA/roles", Some(custom.clone())).await;
    assert_eq!(granted.status, 201);
    assert_eq!(client.send("POST", "/api/v1/users/00uA/roles", Some(custom)).await.code(), "E0000090");
    let own: Vec<Value> = client.json("/api/v1/users/00uA/roles").await.as_array().unwrap().clone();
    let id =
        own.iter().find(|held| held["assignmentType"] == "USER").unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(client.send("DELETE", &format!("/api/v1/users/00uA/roles/{id}"), None).await.status, 204);
}
