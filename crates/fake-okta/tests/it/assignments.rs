//! App users follow from groups: priority, union, scope.

use rolebook_fake_okta::{App, AppGroup, AppUser, Group, Org, User, UserStatus};
use serde_json::{Value, json};

use crate::client::Client;

fn two_groups() -> App {
    App::aws("0oaAWS")
        .group(AppGroup::new("gX").priority(0).saml_roles(["Admin", "Ops"]))
        .group(AppGroup::new("gY").priority(1).saml_roles(["ReadOnly", "Ops"]))
}

fn org(app: App) -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .group(Group::new("first").id("gX").members(["00uB"]))
        .group(Group::new("second").id("gY").members(["00uA", "00uB"]))
        .app(app)
}

async fn app_user(client: &Client, id: &str) -> Value {
    client.json(&format!("/api/v1/apps/0oaAWS/users/{id}")).await
}

#[tokio::test]
async fn the_best_priority_gives_the_profile() {
    let client = Client::new(org(two_groups()));
    let bob = app_user(&client, "00uB").await;
    assert_eq!(bob["scope"], "GROUP");
    assert_eq!(bob["profile"]["samlRoles"], json!(["Admin", "Ops"]));
    assert_eq!(bob["_links"]["group"]["name"], "first");
    assert!(bob["_links"]["group"]["href"].as_str().unwrap().ends_with("/api/v1/groups/gX"));
    let ann = app_user(&client, "00uA").await;
    assert_eq!(ann["profile"]["samlRoles"], json!(["ReadOnly", "Ops"]));
}

#[tokio::test]
async fn union_joins_the_roles_of_all_groups_in_order() {
    let client = Client::new(org(two_groups().union(true)));
    let bob = app_user(&client, "00uB").await;
    assert_eq!(bob["profile"]["samlRoles"], json!(["Admin", "Ops", "ReadOnly"]));
    assert_eq!(bob["_links"]["group"]["name"], "first");
}

#[tokio::test]
async fn a_direct_assignment_wins() {
    let client = Client::new(org(two_groups().user(AppUser::direct("00uB").saml_roles(["Audit"]))));
    let bob = app_user(&client, "00uB").await;
    assert_eq!((&bob["scope"], &bob["profile"]["samlRoles"]), (&json!("USER"), &json!(["Audit"])));
    assert!(bob["_links"]["group"].is_null());
}

#[tokio::test]
async fn a_test_may_override_what_groups_give() {
    let app = two_groups().user(AppUser::by_group("00uB").saml_roles(["Other"]).status("PENDING"));
    let bob = app_user(&Client::new(org(app)), "00uB").await;
    assert_eq!((&bob["scope"], &bob["status"]), (&json!("GROUP"), &json!("PENDING")));
    assert_eq!(bob["profile"]["samlRoles"], json!(["Other"]));
    assert_eq!(bob["_links"]["group"]["name"], "first");
}

#[tokio::test]
async fn hostile_profiles_arrive_as_written() {
    for odd in [json!("Admin"), json!(null), json!(["Admin", null, 5, {"x": 1}]), json!(7)] {
        let client = Client::new(org(
            App::aws("0oaAWS").user(AppUser::direct("00uA").attribute("samlRoles", odd.clone()))
        ));
        assert_eq!(app_user(&client, "00uA").await["profile"]["samlRoles"], odd);
    }
    let bare = AppUser::unscoped("00uA").raw_profile(json!({"x": 1}));
    let ann = app_user(&Client::new(org(App::aws("0oaAWS").user(bare))), "00uA").await;
    assert_eq!(ann["profile"], json!({"x": 1}));
    assert!(ann.get("scope").is_none());
}

#[tokio::test]
async fn unset_properties_are_null() {
    let ann = app_user(&Client::new(org(App::aws("0oaAWS").user(AppUser::direct("00uA")))), "00uA").await;
    let expected = json!({"email": "ann@acme.test", "firstName": "Ann", "lastName": "Example", "mobilePhone": null,
        "secondEmail": null, "role": null, "samlRoles": null, "idpRolePairs": []});
    assert_eq!(ann["profile"], expected);
}

#[tokio::test]
async fn app_users_follow_changes() {
    let client = Client::new(org(two_groups()));
    let statuses = async || {
        let mut found = Vec::new();
        for id in ["00uA", "00uB"] {
            found.push(client.get(&format!("/api/v1/apps/0oaAWS/users/{id}")).await.status);
        }
        found
    };
    client.fake.change(|org| org.remove_member("gX", "00uB"));
    assert_eq!(app_user(&client, "00uB").await["profile"]["samlRoles"], json!(["ReadOnly", "Ops"]));
    client.fake.change(|org| org.remove_app_group("0oaAWS", "gY"));
    assert_eq!(statuses().await, [404, 404]);
    client.fake.change(|org| org.put_app_group("0oaAWS", AppGroup::new("gY").role("Support")));
    assert_eq!(statuses().await, [200, 200]);
    assert_eq!(app_user(&client, "00uA").await["profile"]["role"], "Support");
    client.fake.change(|org| org.set_status("00uA", UserStatus::Deprovisioned));
    assert_eq!(statuses().await, [404, 200]);
    assert!(!client.fake.with_org(|org| org.is_member("gY", "00uA")));
    client.fake.change(|org| org.change_app("0oaAWS", |app| app.union(true).setting("joinAllRoles", true)));
    assert_eq!(client.json("/api/v1/apps/0oaAWS").await["settings"]["app"]["joinAllRoles"], true);
}

#[tokio::test]
async fn app_groups_come_in_priority_order_and_without_names() {
    let app = App::aws("0oaAWS")
        .group(AppGroup::new("gY").priority(7).saml_roles(["Ops"]))
        .group(AppGroup::new("gX").priority(2))
        .group(AppGroup::new("gZ"));
    let client = Client::new(org(app));
    let list = client.json("/api/v1/apps/0oaAWS/groups").await;
    let seen: Vec<(&str, i64)> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|g| (g["id"].as_str().unwrap(), g["priority"].as_i64().unwrap()))
        .collect();
    assert_eq!(seen, [("gX", 2), ("gY", 7), ("gZ", 8)]);
    assert_eq!(list[0]["profile"], json!({}));
    assert_eq!(list[1]["profile"], json!({"role": null, "samlRoles": ["Ops"]}));
    assert!(list[0].get("_embedded").is_none());
    let one = client.json("/api/v1/apps/0oaAWS/groups/gX?expand=group").await;
    assert_eq!(one["_embedded"]["group"]["profile"]["name"], "first");
}

#[tokio::test]
async fn groups_grant_nothing_to_the_departed() {
    let org = org(two_groups())
        .user(User::new("old@acme.test").id("00uOLD").status(UserStatus::Deprovisioned))
        .group(Group::new("first").id("gX").members(["00uOLD"]));
    let client = Client::new(org);
    assert!(client.fake.with_org(|org| org.is_member("gX", "00uOLD")), "a test may say so");
    assert_eq!(client.get("/api/v1/apps/0oaAWS/users/00uOLD").await.status, 404);
}
