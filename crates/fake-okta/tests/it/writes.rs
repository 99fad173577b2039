//! Writes and their side effects.

use std::time::Duration;

use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, Fault, Group, GroupRule, Options, Org, RoleTargets, User, UserStatus,
};
use serde_json::{Value, json};

use crate::client::Client;

const APP: &str = "/api/v1/apps/0oaAWS";

/// gX (Admin, Ops) before gY (ReadOnly); ann is assigned by herself, bob by both groups, cy not at all.
fn org() -> Org {
    Org::new("acme")
        .everyone()
        .users([
            User::new("ann@acme.test").id("00uA"),
            User::new("bob@acme.test").id("00uB"),
            User::new("cy@acme.test").id("00uC"),
            User::new("old@acme.test").id("00uOLD").status(UserStatus::Deprovisioned),
            User::new("root@acme.test").id("00uROOT"),
        ])
        .group(Group::new("first").id("gX").members(["00uB"]))
        .group(Group::new("second").id("gY").members(["00uB"]))
        .group(Group::new("imported").id("gAD").from_app("0oaAD"))
        .group(Group::new("admins").id("gADM").members(["00uROOT"]))
        .app(App::active_directory("0oaAD"))
        .app(
            App::aws("0oaAWS")
                .group(AppGroup::new("gX").priority(0).saml_roles(["Admin", "Ops"]))
                .group(AppGroup::new("gY").priority(1).saml_roles(["ReadOnly"]))
                .user(AppUser::direct("00uA").saml_roles(["Ops"]).role("Support")),
        )
        .group_role("gADM", AdminRole::AppAdmin, RoleTargets::all())
}

fn client() -> Client {
    Client::with(org(), Options { frozen_clock: true, ..Options::default() })
}

async fn everyone_id(client: &Client) -> String {
    client.json("/api/v1/groups?q=Everyone").await[0]["id"].as_str().unwrap().to_owned()
}

async fn app_user(client: &Client, id: &str) -> Value {
    client.json(&format!("{APP}/users/{id}")).await
}

#[tokio::test]
async fn membership() {
    let client = client();
    let put = async |group: &str, user: &str| {
        client.send("PUT", &format!("/api/v1/groups/{group}/users/{user}"), None).await
    };
    let joined = put("gX", "00uC").await;
    assert_eq!((joined.status, joined.text.as_str()), (204, ""));
    assert!(joined.headers.get("content-type").is_none());
    assert_eq!(put("gX", "00uC").await.status, 204, "again");
    let cy = app_user(&client, "00uC").await;
    assert_eq!((&cy["scope"], &cy["profile"]["samlRoles"]), (&json!("GROUP"), &json!(["Admin", "Ops"])));
    let group = client.json("/api/v1/groups/gX").await;
    assert_eq!(group["lastMembershipUpdated"], "2026-09-01T08:00:00.000Z");
    assert_eq!(group["lastUpdated"], "2025-01-02T03:04:05.000Z");
    let left = client.send("DELETE", "/api/v1/groups/gX/users/00uC", None).await;
    assert_eq!(left.status, 204);
    assert_eq!(client.get(&format!("{APP}/users/00uC")).await.status, 404);

    let everyone = everyone_id(&client).await;
    for (group, user, status, code) in [
        (everyone.as_str(), "00uC", 403, "E0000006"),
        ("gAD", "00uC", 403, "E0000006"),
        ("gX", "00uNOBODY", 404, "E0000007"),
        ("gNONE", "00uC", 404, "E0000007"),
    ] {
        let refused = put(group, user).await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{group} {user}");
    }
    client.fake.configure(|options| options.built_in_501 = true);
    let old = put(&everyone, "00uC").await;
    assert_eq!((old.status, old.code().as_str()), (501, "E0000060"));
}

#[tokio::test]
async fn who_may_write() {
    let writes = [
        ("PUT", "/api/v1/groups/gX/users/00uC", None, "-y--yy"),
        ("PUT", "/api/v1/apps/0oaAWS/groups/gX", Some(json!({})), "-y-y-y"),
        ("POST", "/api/v1/apps/0oaAWS/users", Some(json!({"id": "00uC", "scope": "USER"})), "-y-y-y"),
        ("POST", "/api/v1/groups", Some(json!({"profile": {"name": "new"}})), "-y--yy"),
        ("POST", "/api/v1/users/00uC/roles", Some(json!({"type": "APP_ADMIN"})), "-y----"),
        ("PUT", "/api/v1/groups/gADM/users/00uC", None, "-y----"),
        ("PUT", "/api/v1/groups/gX/users/00uROOT", None, "-y----"),
    ];
    let tokens = ["nobody", "super", "read_only", "app_admin", "group_admin", "app_group_admin"];
    for (method, path, body, expected) in writes {
        let mut seen = String::new();
        for token in tokens {
            let client = Client::new(org()).token(token);
            let got = client.send(method, path, body.clone()).await;
            seen.push(match got.status {
                200..300 => 'y',
                401 | 403 => '-',
                other => panic!("{method} {path}: {other} {}", got.text),
            });
        }
        assert_eq!(seen, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn assigning_somebody() {
    let client = client();
    let post = async |body: Value| client.send("POST", &format!("{APP}/users"), Some(body)).await;
    let made = post(json!({"id": "00uC", "scope": "USER", "profile": {"samlRoles": ["Admin"]}})).await;
    assert_eq!(made.status, 200);
    let made = made.json();
    assert_eq!(
        (&made["scope"], &made["status"], &made["credentials"]["userName"]),
        (&json!("USER"), &json!("ACTIVE"), &json!("cy@acme.test"))
    );
    assert_eq!(made["profile"]["samlRoles"], json!(["Admin"]));
    for (body, status, code) in [
        (json!({"id": "00uNONE"}), 404, "E0000007"),
        (json!({}), 400, "E0000001"),
        (json!({"id": "00uROOT", "profile": {"color": "red"}}), 400, "E0000001"),
        (json!({"id": "00uROOT", "profile": {"samlRoles": "Admin"}}), 400, "E0000001"),
        (json!({"id": "00uROOT", "scope": "GROUP"}), 400, "E0000001"),
        (json!({"id": "00uOLD"}), 403, "E0000038"),
    ] {
        let refused = post(body.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{body}");
    }
    let cause = post(json!({"id": "00uROOT", "profile": {"color": "red"}})).await.json()["errorCauses"][0]["errorSummary"].clone();
    assert_eq!(cause, "Property name 'color' is not defined in profile");
    let broken = client.send("POST", &format!("{APP}/users"), Some(json!("x"))).await;
    assert_eq!(broken.code(), "E0000001");
}

#[tokio::test]
async fn profiles_merge_and_scopes_convert() {
    let client = client();
    let post =
        async |id: &str, body: Value| client.send("POST", &format!("{APP}/users/{id}"), Some(body)).await;
    let ann = post("00uA", json!({"profile": {"samlRoles": ["Ops", "Admin"]}})).await.json();
    assert_eq!(
        (&ann["profile"]["samlRoles"], &ann["profile"]["role"]),
        (&json!(["Ops", "Admin"]), &json!("Support"))
    );

    let bob = post("00uB", json!({"scope": "USER", "profile": {"samlRoles": ["Audit"]}})).await.json();
    assert_eq!((&bob["scope"], &bob["profile"]["samlRoles"]), (&json!("USER"), &json!(["Audit"])));
    assert!(bob["_links"]["group"].is_null());
    client
        .send(
            "PUT",
            &format!("{APP}/groups/gX"),
            Some(json!({"priority": 0, "profile": {"samlRoles": ["New"]}})),
        )
        .await;
    assert_eq!(app_user(&client, "00uB").await["profile"]["samlRoles"], json!(["Audit"]), "frozen");
    let bob = post("00uB", json!({"scope": "GROUP"})).await.json();
    assert_eq!((&bob["scope"], &bob["profile"]["samlRoles"]), (&json!("GROUP"), &json!(["New"])));
    let kept = post("00uB", json!({"scope": "USER"})).await.json();
    assert_eq!(kept["profile"]["samlRoles"], json!(["New"]), "conversion alone keeps what was shown");

    assert_eq!(post("00uC", json!({"profile": {"samlRoles": []}})).await.code(), "E0000007");
    assert_eq!(
        post("00uC", json!({"scope": "USER"})).await.json()["scope"],
        "USER",
        "scope makes an assignment"
    );
    let replaced = client
        .send("PUT", &format!("{APP}/users/00uA"), Some(json!({"profile": {"samlRoles": ["X"]}})))
        .await
        .json();
    assert_eq!(
        (&replaced["profile"]["samlRoles"], &replaced["profile"]["role"]),
        (&json!(["X"]), &Value::Null)
    );
}

#[tokio::test]
async fn an_assignment_given_back_to_its_groups_goes_with_them() {
    let client = client();
    client.send("PUT", "/api/v1/groups/gX/users/00uA", None).await;
    assert_eq!(app_user(&client, "00uA").await["scope"], "USER", "an own assignment stays");
    let ann = client.send("POST", &format!("{APP}/users/00uA"), Some(json!({"scope": "GROUP"}))).await.json();
    assert_eq!(ann["profile"]["samlRoles"], json!(["Admin", "Ops"]));
    client.send("DELETE", "/api/v1/groups/gX/users/00uA", None).await;
    assert_eq!(client.get(&format!("{APP}/users/00uA")).await.status, 404);
}

#[tokio::test]
async fn mapped_attributes_are_guarded_when_profiles_are_pushed() {
    let client = client();
    let post = async |body: Value| {
        client.send("POST", &format!("{APP}/users/00uA"), Some(json!({"profile": body}))).await
    };
    assert_eq!(post(json!({"email": "other@acme.test"})).await.status, 200);
    client.fake.change(|org| org.change_app("0oaAWS", |app| app.features(["PUSH_PROFILE_UPDATES"])));
    let refused = post(json!({"email": "third@acme.test"})).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "E0000075"));
    assert_eq!(
        post(json!({"email": "ann@acme.test", "samlRoles": ["Ops"]})).await.status,
        200,
        "an echo is harmless"
    );
}

#[tokio::test]
async fn unassigning_somebody() {
    let client = client();
    let delete = async |id: &str| client.send("DELETE", &format!("{APP}/users/{id}"), None).await;
    assert_eq!(delete("00uA").await.status, 204);
    assert_eq!(delete("00uA").await.code(), "E0000007");
    let granted = delete("00uB").await;
    assert_eq!((granted.status, granted.code().as_str()), (403, "E0000046"));
    client.fake.change(|org| {
        org.remove_member("gX", "00uB");
        org.remove_member("gY", "00uB");
    });
    assert_eq!(delete("00uB").await.status, 404, "gone with its groups");
}

#[tokio::test]
async fn app_groups_are_replaced_patched_and_removed() {
    let client = client();
    let put = async |group: &str, body: Value| {
        client.send("PUT", &format!("{APP}/groups/{group}"), Some(body)).await
    };
    let order = async || -> Vec<(String, i64)> {
        let list = client.json(&format!("{APP}/groups?limit=200")).await;
        list.as_array()
            .unwrap()
            .iter()
            .map(|g| (g["id"].as_str().unwrap().to_owned(), g["priority"].as_i64().unwrap()))
            .collect()
    };
    let pairs =
        |pairs: &[(&str, i64)]| pairs.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect::<Vec<_>>();
    client.send("POST", "/api/v1/groups", Some(json!({"profile": {"name": "third"}}))).await;
    client.fake.change(|org| org.put_group(Group::new("fourth").id("gZ")));
    assert_eq!(put("gZ", json!({})).await.json()["priority"], 2);
    assert_eq!(put("gZ", json!({"priority": 1})).await.json()["profile"], json!({}));
    assert_eq!(
        order().await,
        pairs(&[("gX", 0), ("gZ", 1), ("gY", 2)]),
        "a taken priority pushes the others down"
    );
    assert_eq!(
        put("gZ", json!({"priority": 7, "profile": {"samlRoles": ["A"], "role": "B"}})).await.status,
        200
    );
    assert_eq!(order().await, pairs(&[("gX", 0), ("gY", 2), ("gZ", 7)]), "gaps stay");
    assert_eq!(
        put("gZ", json!({"profile": {"samlRoles": ["A"]}})).await.json()["profile"]["role"],
        Value::Null,
        "replaced whole"
    );
    assert_eq!(put("gZ", json!({"profile": {"color": "x"}})).await.code(), "E0000001");
    assert_eq!(put("gNONE", json!({})).await.code(), "E0000007");

    let patch = async |body: Value| client.send("PATCH", &format!("{APP}/groups/gX"), Some(body)).await;
    let patched =
        patch(json!([{"op": "replace", "path": "/profile/samlRoles", "value": ["Admin", "Ops", "New"]}]))
            .await;
    assert_eq!((patched.status, &patched.json()["priority"]), (200, &json!(0)));
    assert_eq!(app_user(&client, "00uB").await["profile"]["samlRoles"], json!(["Admin", "Ops", "New"]));
    assert_eq!(
        patch(json!([{"op": "replace", "path": "/priority", "value": 2}])).await.json()["priority"],
        2
    );
    assert_eq!(order().await[0].0, "gX", "gX took 2 and pushed gY to 3");
    assert_eq!(
        patch(json!([{"op": "remove", "path": "/profile/samlRoles"}])).await.json()["profile"],
        json!({})
    );
    assert_eq!(
        patch(json!([{"op": "replace", "path": "/profile/samlRoles", "value": ["Back"]}])).await.status,
        200
    );
    for bad in [
        json!([{"op": "add", "path": "/profile/samlRoles", "value": []}]),
        json!([{"op": "replace", "path": "/id", "value": 1}]),
        json!({}),
    ] {
        assert_eq!(patch(bad.clone()).await.code(), "E0000001", "{bad}");
    }
    client.fake.configure(|options| options.patch_needs_key = true);
    assert_eq!(
        patch(json!([{"op": "replace", "path": "/profile/role", "value": "x"}])).await.code(),
        "E0000001"
    );

    assert_eq!(client.send("DELETE", &format!("{APP}/groups/gX"), None).await.status, 204);
    assert_eq!(client.send("DELETE", &format!("{APP}/groups/gX"), None).await.code(), "E0000007");
    assert_eq!(app_user(&client, "00uB").await["profile"]["samlRoles"], json!(["ReadOnly"]));
    client.send("DELETE", &format!("{APP}/groups/gY"), None).await;
    assert_eq!(client.get(&format!("{APP}/users/00uB")).await.status, 404);
    assert_eq!(client.get(&format!("{APP}/users/00uA")).await.status, 200, "assigned by herself");
}

#[tokio::test]
async fn groups_and_rules() {
    let client = client();
    let create = async |name: &str| {
        client
            .send("POST", "/api/v1/groups", Some(json!({"profile": {"name": name, "description": "d"}})))
            .await
    };
    let made = create("new").await;
    assert_eq!((made.status, &made.json()["type"]), (200, &json!("OKTA_GROUP")));
    assert_eq!(create("new").await.code(), "E0000001");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/groups/{id}");
    let renamed = client.send("PUT", &path, Some(json!({"profile": {"name": "newer"}}))).await.json();
    assert_eq!(
        (&renamed["profile"]["name"], &renamed["profile"]["description"]),
        (&json!("newer"), &Value::Null)
    );
    assert_eq!(create("new").await.status, 200, "the old name is free");
    assert_eq!(client.send("DELETE", &path, None).await.status, 204);
    assert_eq!(client.get(&path).await.code(), "E0000007");
    assert_eq!(client.send("DELETE", "/api/v1/groups/gAD", None).await.code(), "E0000006");

    let body = json!({"type": "group_rule", "name": "r", "conditions": {"expression": {"value": "true", "type": "urn:okta:expression:1.0"}},
        "actions": {"assignUserToGroups": {"groupIds": ["gX"]}}});
    let rule = client.send("POST", "/api/v1/groups/rules", Some(body)).await.json();
    assert_eq!(rule["status"], "INACTIVE");
    let rule_path = format!("/api/v1/groups/rules/{}", rule["id"].as_str().unwrap());
    assert_eq!(client.send("POST", &format!("{rule_path}/lifecycle/activate"), None).await.status, 204);
    assert_eq!(client.json(&rule_path).await["status"], "ACTIVE");
    client.send("DELETE", "/api/v1/groups/gX", None).await;
    assert_eq!(client.json(&rule_path).await["status"], "INVALID");
    let deleted = client.send("DELETE", &rule_path, None).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (202, "{}"));
}

#[tokio::test]
async fn a_member_held_by_a_rule_becomes_its_exception() {
    let rule = GroupRule::new("r", "true").id("0prR").assigns(["gX"]).holds(["00uC"]);
    let client = Client::new(org().rule(rule));
    let rules = client.json("/api/v1/groups/gX/users/00uC/group-rules").await;
    assert_eq!(rules[0]["id"], "0prR");
    assert_eq!(client.json("/api/v1/groups/gX/users/00uB/group-rules").await, json!([]));
    assert_eq!(client.send("DELETE", "/api/v1/groups/gX/users/00uC", None).await.status, 204);
    let rule = client.json("/api/v1/groups/rules/0prR").await;
    assert_eq!(rule["conditions"]["people"]["users"]["exclude"], json!(["00uC"]));
    assert_eq!(client.get("/api/v1/groups/gX/users/00uC/group-rules").await.code(), "E0000007");
}

#[tokio::test]
async fn users_and_their_life() {
    let client = client();
    let profile = json!({"login": "dee@acme.test", "email": "dee@acme.test", "firstName": "Dee", "lastName": "Doe", "title": "CTO"});
    let create = async |query: &str, body: Value| {
        client.send("POST", &format!("/api/v1/users{query}"), Some(body)).await
    };
    let made = create("?activate=true", json!({"profile": profile, "groupIds": ["gX"]})).await;
    assert_eq!((made.status, &made.json()["status"]), (200, &json!("PROVISIONED")));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(app_user(&client, &id).await["scope"], "GROUP");
    assert_eq!(create("", json!({"profile": profile})).await.code(), "E0000001");
    let path = format!("/api/v1/users/{id}");
    let changed = client
        .send("POST", &path, Some(json!({"profile": {"title": "CEO", "firstName": "Di"}})))
        .await
        .json();
    assert_eq!(
        (&changed["profile"]["title"], &changed["profile"]["firstName"], &changed["profile"]["lastName"]),
        (&json!("CEO"), &json!("Di"), &json!("Doe"))
    );
    let act = async |id: &str, action: &str| {
        client.send("POST", &format!("/api/v1/users/{id}/lifecycle/{action}"), None).await
    };
    assert_eq!(act("00uB", "suspend").await.text, "{}");
    assert_eq!(client.json("/api/v1/users/00uB").await["status"], "SUSPENDED");
    assert_eq!(app_user(&client, "00uB").await["scope"], "GROUP", "suspension keeps assignments");
    assert_eq!(act("00uB", "suspend").await.code(), "E0000001");
    assert_eq!(act("00uB", "unsuspend").await.status, 200);
    assert_eq!(act("00uB", "activate").await.code(), "E0000016");
    assert_eq!(act("00uB", "deactivate").await.status, 200);
    assert_eq!(client.get(&format!("{APP}/users/00uB")).await.status, 404);
    assert!(client.fake.with_org(|org| org.members("gX").len() == 1));
    assert_eq!(client.send("DELETE", &path, None).await.status, 204);
    assert_eq!(client.json(&path).await["status"], "DEPROVISIONED");
    assert_eq!(client.send("DELETE", &path, None).await.status, 204);
    assert_eq!(client.get(&path).await.code(), "E0000007");
}

#[tokio::test]
async fn apps_and_schema() {
    let client = client();
    let made = client
        .send(
            "POST",
            "/api/v1/apps",
            Some(json!({"name": "amazon_aws", "label": "Second", "signOnMode": "SAML_2_0",
        "settings": {"app": {"joinAllRoles": true}}})),
        )
        .await;
    assert_eq!(made.status, 200);
    let made = made.json();
    assert_eq!(
        (&made["settings"]["app"]["joinAllRoles"], &made["settings"]["app"]["appFilter"]),
        (&json!(true), &json!("okta"))
    );
    let path = format!("/api/v1/apps/{}", made["id"].as_str().unwrap());
    assert_eq!(client.send("DELETE", &path, None).await.code(), "E0000056");
    let replaced = client.send("PUT", &path, Some(json!({"name": "amazon_aws", "label": "Second", "settings": {"app": {"useGroupMapping": true}}}))).await.json();
    assert_eq!(
        (&replaced["settings"]["app"]["joinAllRoles"], &replaced["settings"]["app"]["useGroupMapping"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(client.send("POST", &format!("{path}/lifecycle/deactivate"), None).await.text, "{}");
    assert_eq!(client.json(&path).await["status"], "INACTIVE");
    let refused =
        client.send("POST", &format!("{path}/users"), Some(json!({"id": "00uC", "scope": "USER"}))).await;
    assert_eq!(refused.status, 403);
    assert_eq!(client.send("DELETE", &path, None).await.status, 204);
    assert_eq!(client.get(&path).await.status, 404);

    let schema = "/api/v1/meta/schemas/apps/0oaAWS/default";
    let add =
        json!({"definitions": {"custom": {"properties": {"team": {"type": "string", "title": "Team"}}}}});
    assert_eq!(
        client.send("POST", schema, Some(add)).await.json()["definitions"]["custom"]["properties"]["team"]["title"],
        "Team"
    );
    let set =
        client.send("POST", &format!("{APP}/users/00uA"), Some(json!({"profile": {"team": "x"}}))).await;
    assert_eq!(set.json()["profile"]["team"], "x");
    let base = json!({"definitions": {"base": {"properties": {"samlRoles": {"union": "ENABLE"}}}}});
    assert_eq!(client.send("POST", schema, Some(base)).await.code(), "E0000001");
}

#[tokio::test]
async fn roles_are_granted_once() {
    let client = client();
    let grant = async |path: &str, kind: &str| client.send("POST", path, Some(json!({"type": kind}))).await;
    let granted = grant("/api/v1/users/00uC/roles", "READ_ONLY_ADMIN").await;
    assert_eq!((granted.status, &granted.json()["type"]), (201, &json!("READ_ONLY_ADMIN")));
    let again = grant("/api/v1/users/00uC/roles", "READ_ONLY_ADMIN").await;
    assert_eq!((again.status, again.code().as_str()), (409, "E0000090"));
    assert_eq!(grant("/api/v1/groups/gX/roles", "NONSENSE").await.code(), "E0000091");
    let id = granted.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(client.send("DELETE", &format!("/api/v1/users/00uC/roles/{id}"), None).await.status, 204);
    assert_eq!(client.json("/api/v1/users/00uC/roles").await, json!([]));
    assert_eq!(
        client.send("DELETE", &format!("/api/v1/users/00uC/roles/{id}"), None).await.code(),
        "E0000007"
    );
}

#[tokio::test]
async fn maintenance_and_bad_bodies() {
    let client = client();
    client.fake.configure(|options| options.read_only_mode = true);
    let refused = client.send("PUT", "/api/v1/groups/gX/users/00uC", None).await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "E0000010"));
    assert_eq!(client.get("/api/v1/groups").await.status, 200);
}

#[tokio::test]
async fn a_fault_may_hide_that_a_write_was_done() {
    for (rule, member) in [("status=500,method=PUT", false), ("status=500,method=PUT,done", true)] {
        let client = client();
        client.fake.add_fault(rule.parse::<Fault>().unwrap());
        assert_eq!(client.send("PUT", "/api/v1/groups/gX/users/00uC", None).await.status, 500);
        assert_eq!(client.fake.with_org(|org| org.is_member("gX", "00uC")), member, "{rule}");
    }
}

#[tokio::test]
async fn app_users_may_lag_behind_their_groups() {
    let options = Options { frozen_clock: true, fan_out_lag: Duration::from_secs(10), ..Options::default() };
    let client = Client::with(org(), options);
    let roles = async |id: &str| {
        let got = client.get(&format!("{APP}/users/{id}")).await;
        if got.status == 200 { got.json()["profile"]["samlRoles"].clone() } else { json!(got.status) }
    };
    client.send("PUT", "/api/v1/groups/gX/users/00uC", None).await;
    client.fake.advance(Duration::from_secs(4));
    let patch = json!([{"op": "replace", "path": "/profile/samlRoles", "value": ["New"]}]);
    client.send("PATCH", &format!("{APP}/groups/gX"), Some(patch)).await;
    client.send("POST", &format!("{APP}/users/00uA"), Some(json!({"profile": {"samlRoles": ["Own"]}}))).await;
    assert!(client.fake.with_org(|org| org.is_member("gX", "00uC")));
    assert_eq!((roles("00uC").await, roles("00uB").await), (json!(404), json!(["Admin", "Ops"])));
    assert_eq!(roles("00uA").await, json!(["Own"]), "one's own assignment shows at once");
    client.fake.advance(Duration::from_secs(6));
    assert_eq!(
        (roles("00uC").await, roles("00uB").await),
        (json!(["Admin", "Ops"]), json!(["Admin", "Ops"]))
    );
    client.fake.advance(Duration::from_secs(4));
    assert_eq!((roles("00uC").await, roles("00uB").await), (json!(["New"]), json!(["New"])));
}

#[tokio::test]
async fn a_write_must_say_that_it_has_no_body() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let client = client();
    for (length, status) in [("", "411"), ("content-length: 0\r\n", "204")] {
        let mut stream = tokio::net::TcpStream::connect(client.fake.address()).await.unwrap();
        let token = client.fake.token("super");
        let head = format!(
            "PUT /api/v1/groups/gX/users/00uC HTTP/1.1\r\nhost: x\r\nauthorization: SSWS {token}\r\nconnection: close\r\n{length}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}
