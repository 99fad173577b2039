//! Targets of admin roles, rules that hold members, and changes of rules.

use rolebook_fake_okta::{AdminRole, App, Group, GroupRule, Options, Org, RoleTargets, User};
use serde_json::{Value, json};

use crate::client::Client;

const APP_ADMIN: &str = "IFIFAX2BIRGUSTQ";
const GROUP_ADMIN: &str = "KVJUKUS7IFCE2SKO";

fn org() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .group(Group::new("staff").id("gX").members(["00uB"]))
        .group(Group::new("other").id("gY"))
        .app(App::aws("0oaAWS"))
        .app(App::aws("0oaTwo"))
        .user_role("00uA", AdminRole::AppAdmin, RoleTargets::all())
        .user_role("00uA", AdminRole::GroupAdmin, RoleTargets::all())
        .group_role("gX", AdminRole::SuperAdmin, RoleTargets::all())
        .rule(
            GroupRule::new("Engineers", "user.department==\"Eng\"")
                .id("0pr1")
                .assigns(["gX"])
                .holds(["00uA"]),
        )
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|row| row["id"].as_str().or(row["name"].as_str()).unwrap()).collect()
}

#[tokio::test]
async fn targets_come_and_go_but_the_last() {
    let client = Client::new(org());
    for (role, list, first, second) in
        [(GROUP_ADMIN, "groups", "gX", "gY"), (APP_ADMIN, "catalog/apps", "amazon_aws", "amazon_aws/0oaTwo")]
    {
        let path = format!("/api/v1/users/00uA/roles/{role}/targets/{list}");
        assert_eq!(client.json(&path).await, json!([]), "no targets: all");
        for target in [first, second, second] {
            let got = client.send("PUT", &format!("{path}/{target}"), None).await;
            assert_eq!((got.status, got.text.as_str()), (204, ""), "{target}");
            assert!(got.headers.get("content-type").is_none());
        }
        let id = second.rsplit('/').next().unwrap();
        assert_eq!(ids(&client.json(&path).await), [first, id]);
        assert_eq!(client.send("DELETE", &format!("{path}/{first}"), None).await.status, 204);
        assert_eq!(client.send("DELETE", &format!("{path}/{first}"), None).await.code(), "E0000007");
        assert_eq!(
            client.send("DELETE", &format!("{path}/{second}"), None).await.code(),
            "E0000001",
            "the last"
        );
        assert_eq!(ids(&client.json(&path).await), [id]);
        assert_eq!(client.get(&format!("{path}/{second}")).await.status, 405);
    }
}

#[tokio::test]
async fn targets_must_fit_the_role_and_exist() {
    let client = Client::new(org());
    let of = |rest: &str| format!("/api/v1/users/00uA/roles/{rest}");
    for (path, code) in [
        (of(&format!("{GROUP_ADMIN}/targets/catalog/apps/amazon_aws")), "E0000091"),
        (of(&format!("{APP_ADMIN}/targets/groups/gX")), "E0000091"),
        (of(&format!("{GROUP_ADMIN}/targets/groups/gNone")), "E0000007"),
        (of(&format!("{APP_ADMIN}/targets/catalog/apps/nothing")), "E0000007"),
        (of(&format!("{APP_ADMIN}/targets/catalog/apps/amazon_aws/0oaNone")), "E0000007"),
        (of(&format!("{APP_ADMIN}/targets/catalog/apps/other/0oaAWS")), "E0000007"),
        (of("nope/targets/groups/gX"), "E0000007"),
        ("/api/v1/users/00uB/roles/nope/targets/groups/gX".to_owned(), "E0000007"),
    ] {
        assert_eq!(client.send("PUT", &path, None).await.code(), code, "{path}");
    }
    let client = client.token("app_group_admin");
    let path = of(&format!("{GROUP_ADMIN}/targets/groups/gX"));
    assert_eq!(client.send("PUT", &path, None).await.code(), "E0000006", "only super admins delegate");
}

#[tokio::test]
async fn members_tell_the_rules_that_hold_them_when_asked() {
    let client = Client::new(org());
    let path = "/api/v1/groups/gX/users";
    let rules = |page: &Value, row: usize| page[row]["_embedded"].get("group-rules").cloned();
    let plain = client.json(path).await;
    assert_eq!(rules(&plain, 0), None);
    let page = client.json(&format!("{path}?expand=group-rules")).await;
    assert_eq!(rules(&page, 0), Some(json!([{ "id": "0pr1", "name": "Engineers" }])));
    assert_eq!(rules(&page, 1), Some(json!([])), "by hand");
    // `next` forgets the parameter.
    let first = client.get(&format!("{path}?limit=1&expand=group-rules")).await;
    assert!(!first.next().unwrap().contains("expand"), "{:?}", first.next());
    assert!(first.self_link().unwrap().contains("expand=group-rules"));
    // An org before 2026.06.0.
    let older = Client::with(org(), Options { member_rules: false, ..Options::default() });
    assert_eq!(rules(&older.json(&format!("{path}?expand=group-rules")).await, 0), None);
}

#[tokio::test]
async fn a_rule_is_replaced_whole_while_it_is_inactive() {
    let client = Client::new(org());
    let path = "/api/v1/groups/rules/0pr1";
    let rule = |name: &str, expression: &str, groups: &[&str], exclude: &[&str]| {
        json!({
            "type": "group_rule", "name": name,
            "conditions": {
                "expression": { "value": expression, "type": "urn:okta:expression:1.0" },
                "people": { "users": { "exclude": exclude } },
            },
            "actions": { "assignUserToGroups": { "groupIds": groups } },
        })
    };
    let same = "user.department==\"Eng\"";
    let renamed = client.send("PUT", path, Some(rule("Builders", same, &["gX"], &[]))).await;
    assert_eq!(
        (renamed.status, &renamed.json()["name"], &renamed.json()["status"]),
        (200, &json!("Builders"), &json!("ACTIVE"))
    );
    let changed = rule("Builders", "user.title==\"x\"", &["gX"], &[]);
    assert_eq!(client.send("PUT", path, Some(changed.clone())).await.code(), "E0000001");
    assert_eq!(client.send("PUT", path, Some(rule("Builders", same, &["gY"], &[]))).await.code(), "E0000001");
    assert_eq!(client.send("POST", &format!("{path}/lifecycle/deactivate"), None).await.status, 204);
    let got = client
        .send("PUT", path, Some(rule("Builders", "user.title==\"x\"", &["gY"], &["00uB"])))
        .await
        .json();
    assert_eq!(got["conditions"]["expression"]["value"], "user.title==\"x\"");
    assert_eq!(got["conditions"]["people"]["users"]["exclude"], json!(["00uB"]));
    assert_eq!(got["actions"]["assignUserToGroups"]["groupIds"], json!(["gY"]));
    assert_eq!(got["created"], client.json(path).await["created"]);
    for (body, code) in [
        (rule("", same, &["gX"], &[]), "E0000001"),
        (rule(&"x".repeat(51), same, &["gX"], &[]), "E0000001"),
        (rule("r", "", &["gX"], &[]), "E0000001"),
        (rule("r", same, &["gNone"], &[]), "E0000007"),
    ] {
        assert_eq!(client.send("PUT", path, Some(body.clone())).await.code(), code, "{body}");
    }
    assert_eq!(client.send("PUT", "/api/v1/groups/rules/0prNone", Some(changed)).await.code(), "E0000007");
}
