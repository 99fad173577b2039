//! Shapes of single objects, as Okta shows them.

use rolebook_fake_okta::{AdminRole, App, AppGroup, Group, GroupRule, Org, RoleTargets, User};
use serde_json::{Value, json};

use crate::client::Client;

fn org() -> Org {
    Org::new("acme")
        .everyone()
        .user(User::new("ann@acme.test").id("00uA").attribute("department", "Ops"))
        .user(User::new("bob@acme.test").id("00uB"))
        .group(Group::new("aws_111122223333_Admin").id("gX").members(["00uA"]))
        .group(Group::new("aws_111122223333_Ops").id("gAD").from_app("0oaAD"))
        .group(Group::nameless().id("gN"))
        .rule(GroupRule::new("rule", "user.department==\"Eng\"").id("0pr1").assigns(["gX"]))
        .app(App::active_directory("0oaAD"))
        .app(App::aws("0oaAWS").setting("foo", json!(null)).group(AppGroup::new("gX")))
        .app(
            App::aws("0oaSWA")
                .sign_on_mode(Some("BROWSER_PLUGIN"))
                .without_setting("appFilter")
                .status("INACTIVE"),
        )
        .user_role("00uB", AdminRole::SuperAdmin, RoleTargets::all())
        .group_role("gX", AdminRole::AppAdmin, RoleTargets::all().apps(["amazon_aws", "0oaAWS"]))
        .group_role("gX", AdminRole::GroupAdmin, RoleTargets::all().groups(["gAD"]))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn org_and_well_known() {
    let client = Client::new(org());
    let body = client.json("/api/v1/org").await;
    assert_eq!(
        (&body["companyName"], &body["subdomain"], &body["status"]),
        (&json!("Acme"), &json!("acme"), &json!("ACTIVE"))
    );
    assert!(body["id"].as_str().unwrap().starts_with("00o"));
    assert_eq!(body["created"], "2025-01-02T03:04:05.000Z");
    let known = client.json("/.well-known/okta-organization").await;
    assert_eq!((&known["id"], &known["pipeline"]), (&body["id"], &json!("idx")));
}

#[tokio::test]
async fn apps() {
    let client = Client::new(org());
    let app = client.json("/api/v1/apps/0oaAWS").await;
    assert_eq!(app["settings"]["app"]["useGroupMapping"], false);
    assert_eq!(app["settings"]["app"]["identityProviderArn"], Value::Null);
    assert!(app["settings"]["app"].as_object().unwrap().contains_key("foo"));
    assert_eq!(app["settings"]["app"].as_object().unwrap().len(), 16);
    assert!(app["settings"]["signOn"].is_object());
    assert!(app["settings"].get("implicitAssignment").is_none());
    let swa = client.json("/api/v1/apps/0oaSWA").await;
    assert_eq!((&swa["signOnMode"], &swa["credentials"]["signing"]), (&json!("BROWSER_PLUGIN"), &json!({})));
    assert!(swa["settings"]["app"].get("appFilter").is_none() && swa["settings"].get("signOn").is_none());
    assert!(swa["_links"]["activate"].is_object());
    assert_eq!(client.json("/api/v1/apps/0oaAD").await["signOnMode"], Value::Null);
    for (query, count) in [
        ("filter=name%20eq%20%22amazon_aws%22", 2),
        ("filter=status%20eq%20%22ACTIVE%22", 2),
        ("filter=name+eq+%22amazon_aws%22+and+status+eq+%22ACTIVE%22", 1),
        ("q=aws", 2),
        ("q=amazon", 2),
        ("q=nothing", 0),
    ] {
        assert_eq!(
            client.json(&format!("/api/v1/apps?{query}")).await.as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    assert_eq!(client.get("/api/v1/apps?filter=label%20eq%20%22x%22").await.code(), "E0000031");
    assert_eq!(
        client.get("/api/v1/apps/0oaNONE").await.json()["errorSummary"],
        "Not found: Resource not found: 0oaNONE (AppInstance)"
    );
}

#[tokio::test]
async fn schema_and_types() {
    let client = Client::new(org());
    let path = "/api/v1/meta/schemas/apps/0oaAWS/default";
    let roles = |schema: &Value| schema["definitions"]["base"]["properties"]["samlRoles"].clone();
    let schema = client.json(path).await;
    assert_eq!((&roles(&schema)["union"], &roles(&schema)["type"]), (&json!("DISABLE"), &json!("array")));
    client.fake.change(|org| org.change_app("0oaAWS", |app| app.union(true).saml_iam_roles(["Admin"])));
    assert_eq!(roles(&client.json(path).await)["union"], "ENABLE");
    let types = client.json("/api/v1/internal/apps/0oaAWS/types").await;
    assert_eq!(
        types,
        json!({"AWSEnvironmentEnum": ["aws.amazon"], "SamlIamRole": ["Admin"], "IamRole": ["Admin"]})
    );
    assert_eq!(client.get("/api/v1/internal/apps/0oaAD/types").await.code(), "E0000007");
}

#[tokio::test]
async fn groups() {
    let client = Client::new(org());
    let group = client.json("/api/v1/groups/gX").await;
    assert_eq!((&group["type"], &group["objectClass"]), (&json!("OKTA_GROUP"), &json!(["okta:user_group"])));
    assert_eq!(group["profile"], json!({"name": "aws_111122223333_Admin", "description": null}));
    assert!(group.get("_embedded").is_none());
    let list = client.json("/api/v1/groups?expand=stats,app").await;
    let by_id = |id: &str| list.as_array().unwrap().iter().find(|group| group["id"] == id).unwrap().clone();
    let stats = by_id("gX")["_embedded"]["stats"].clone();
    assert_eq!(
        (&stats["usersCount"], &stats["appsCount"], &stats["hasAdminPrivlege"]),
        (&json!(1), &json!(1), &json!(true))
    );
    let imported = by_id("gAD");
    assert_eq!((&imported["type"], &imported["source"]["id"]), (&json!("APP_GROUP"), &json!("0oaAD")));
    assert_eq!(imported["_embedded"]["app"]["name"], "active_directory");
    assert_eq!(imported["objectClass"], json!(["okta:windows_security_principal"]));
    assert_eq!(imported["profile"]["samAccountName"], "aws_111122223333_Ops");
    assert_eq!(by_id("gN")["profile"]["name"], Value::Null);
    for (query, count) in [
        ("filter=type%20eq%20%22APP_GROUP%22", 1),
        ("filter=type%20eq%20%22BUILT_IN%22", 1),
        ("filter=lastUpdated%20gt%20%222030-01-01T00:00:00.000Z%22", 0),
        (
            "filter=lastUpdated+gt+%222020-01-01T00:00:00.000Z%22+or+lastMembershipUpdated+gt+%222030-01-01T00:00:00.000Z%22",
            4,
        ),
        ("search=profile.name%20sw%20%22aws_%22", 2),
        ("search=profile.name%20eq%20%22aws_111122223333_Admin%22", 1),
        ("search=source.id%20eq%20%220oaAD%22", 1),
        ("q=aws_1111", 2),
    ] {
        assert_eq!(
            client.json(&format!("/api/v1/groups?{query}")).await.as_array().unwrap().len(),
            count,
            "{query}"
        );
    }
    assert_eq!(client.get("/api/v1/groups?filter=profile.name%20sw%20%22a%22").await.code(), "E0000031");
    assert_eq!(client.json("/api/v1/groups/gX/apps").await[0]["id"], "0oaAWS");
}

#[tokio::test]
async fn membership_dates_move_apart_from_the_group() {
    let client = Client::new(org());
    client.fake.change(|org| org.add_member("gX", "00uB"));
    let group = client.json("/api/v1/groups/gX").await;
    assert_eq!(group["lastUpdated"], "2025-01-02T03:04:05.000Z");
    assert!(group["lastMembershipUpdated"].as_str().unwrap().starts_with("2026-09-01T08:00:"));
}

#[tokio::test]
async fn users() {
    let client = Client::new(org());
    let user = client.json("/api/v1/users/00uA").await;
    assert_eq!(
        user["profile"],
        json!({"firstName": "Ann", "lastName": "Example", "mobilePhone": null, "secondEmail": null,
        "login": "ann@acme.test", "email": "ann@acme.test", "department": "Ops"})
    );
    assert_eq!(user["credentials"]["provider"], json!({"type": "OKTA", "name": "OKTA"}));
    assert!(keys(&user["_links"]).contains(&"suspend"));
    for reference in ["ann@acme.test", "ANN@acme.test", "ann", "ann%40acme.test"] {
        assert_eq!(client.json(&format!("/api/v1/users/{reference}")).await["id"], "00uA", "{reference}");
    }
    assert_eq!(client.get("/api/v1/users/nobody").await.code(), "E0000007");
    let names: Vec<Value> = client
        .json("/api/v1/users/00uA/groups")
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|g| g["profile"]["name"].clone())
        .collect();
    assert_eq!(names, ["Everyone", "aws_111122223333_Admin"]);
    let listed = client.json("/api/v1/users?search=profile.department%20eq%20%22ops%22").await;
    assert_eq!(keys(&listed[0]["_links"]), ["self"]);
    let me = client.json("/api/v1/users/me").await;
    assert_eq!(me["id"].as_str().unwrap().len(), 20);
}

#[tokio::test]
async fn rules() {
    let client = Client::new(org());
    let rule = client.json("/api/v1/groups/rules/0pr1").await;
    assert_eq!(client.json("/api/v1/groups/rules").await, json!([rule]));
    assert_eq!(rule["conditions"]["expression"]["value"], "user.department==\"Eng\"");
    assert_eq!(rule["actions"]["assignUserToGroups"]["groupIds"], json!(["gX"]));
    let named = client.json("/api/v1/groups/rules?expand=groupIdToGroupNameMap").await;
    assert_eq!(named[0]["_embedded"]["groupIdToGroupNameMap"]["gX"], "aws_111122223333_Admin");
}

#[tokio::test]
async fn admin_roles() {
    let client = Client::new(org());
    let of_group = client.json("/api/v1/groups/gX/roles").await;
    assert_eq!((&of_group[0]["id"], &of_group[0]["type"]), (&json!("IFIFAX2BIRGUSTQ"), &json!("APP_ADMIN")));
    assert_eq!(
        (&of_group[1]["label"], &of_group[1]["assignmentType"]),
        (&json!("Group Administrator"), &json!("GROUP"))
    );
    let of_member = client.json("/api/v1/users/00uA/roles?expand=targets/groups,targets/catalog/apps").await;
    assert_eq!(of_member[0]["assignmentType"], "GROUP");
    assert!(of_member[0]["_links"]["assignee"]["href"].as_str().unwrap().ends_with("/groups/gX"));
    assert_eq!(of_member[0]["_embedded"]["targets"]["catalog"]["apps"][1]["id"], "0oaAWS");
    assert_eq!(of_member[1]["_embedded"]["targets"]["groups"][0]["id"], "gAD");
    let own = client.json("/api/v1/users/00uB/roles").await;
    assert_eq!((&own[0]["type"], &own[0]["assignmentType"]), (&json!("SUPER_ADMIN"), &json!("USER")));
    assert!(own[0]["id"].as_str().unwrap().starts_with("ra1"));
    let targets = client.json("/api/v1/groups/gX/roles/KVJUKUS7IFCE2SKO/targets/groups").await;
    assert_eq!(targets[0]["id"], "gAD");
    let targets = client.json("/api/v1/groups/gX/roles/IFIFAX2BIRGUSTQ/targets/catalog/apps").await;
    assert_eq!(
        (&targets[0]["name"], &targets[0]["id"], &targets[1]["id"]),
        (&json!("amazon_aws"), &Value::Null, &json!("0oaAWS"))
    );
    let holders = client.json("/api/v1/iam/assignees/users").await;
    let ids: Vec<&str> =
        holders["value"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["00uA", "00uB"]);
    assert_eq!(
        client.get("/api/v1/users/00uB/roles/nope/targets/groups").await.json()["errorSummary"],
        "Not found: Resource not found: nope (RoleAssignment)"
    );
}

#[tokio::test]
async fn searches_can_be_sorted() {
    let client = Client::new(org());
    let logins = async |query: &str| -> Vec<String> {
        let pages = client.pages(&format!("/api/v1/users?limit=1&search=status%20pr&{query}")).await.concat();
        pages.iter().map(|user| user["profile"]["login"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(logins("sortBy=profile.login&sortOrder=desc").await, ["bob@acme.test", "ann@acme.test"]);
    assert_eq!(logins("sortBy=profile.login").await, ["ann@acme.test", "bob@acme.test"]);
    let groups = client.json("/api/v1/groups?search=type%20pr&sortBy=profile.name&sortOrder=desc").await;
    let names: Vec<Value> =
        groups.as_array().unwrap().iter().map(|group| group["profile"]["name"].clone()).collect();
    assert_eq!(
        names,
        [json!("Everyone"), json!("aws_111122223333_Ops"), json!("aws_111122223333_Admin"), Value::Null]
    );
}
