//! The ready-made orgs hold what they promise.

use rolebook_fake_okta::{Options, Org, RateLimits, UserStatus, orgs};

use crate::client::Client;

fn fast(org: Org) -> Client {
    Client::with(org, Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() })
}

#[tokio::test]
async fn the_demo_org() {
    let client = fast(orgs::demo());
    let users = client.pages("/api/v1/users?search=status%20pr").await.concat();
    assert_eq!(users.len(), 120);
    for status in UserStatus::ALL {
        assert!(users.iter().any(|user| user["status"] == status.as_str()), "{status:?}");
    }
    let groups = client.pages("/api/v1/groups").await.concat();
    let role_groups = groups.iter().filter(|group| {
        let name = group["profile"]["name"].as_str().unwrap();
        group["type"] == "OKTA_GROUP"
            && name.starts_with("aws_")
            && name.split('_').nth(1).unwrap().len() == 12
    });
    assert!(role_groups.count() >= 41);
    assert!(
        groups
            .iter()
            .any(|group| group["type"] == "APP_GROUP" && group["profile"]["name"] == "aws_111122223333_Root")
    );
    let assigned = client.pages("/api/v1/apps/0oaAWS/users?limit=500").await.concat();
    assert!(assigned.len() > 70 && assigned.iter().all(|user| user["scope"] == "GROUP"));
    let app = client.json("/api/v1/apps/0oaAWS").await;
    assert_eq!(app["settings"]["app"]["useGroupMapping"], true);
    let members = client.json("/api/v1/groups?q=aws_222233334444_Legacy").await;
    let outside = client.json(&format!("/api/v1/groups/{}/users", members[0]["id"].as_str().unwrap())).await;
    let outsider = outside[0]["id"].as_str().unwrap();
    assert_eq!(client.get(&format!("/api/v1/apps/0oaAWS/users/{outsider}")).await.status, 404);
    assert!(!client.json("/api/v1/groups/rules").await.as_array().unwrap().is_empty());
}

#[tokio::test]
async fn the_direct_demo_org() {
    let client = fast(orgs::demo_direct());
    let users = client.pages("/api/v1/apps/0oaAWS/users?limit=500").await.concat();
    let direct = users.iter().filter(|user| user["scope"] == "USER").count();
    assert!(direct >= 8 && users.len() > 40);
    assert!(
        users
            .iter()
            .any(|user| user["profile"]["role"] == "Support" && user["profile"]["samlRoles"].is_null())
    );
    let groups = client.json("/api/v1/apps/0oaAWS/groups").await;
    assert_eq!(groups[0]["profile"]["samlRoles"][1], "[acme-staging] -- Admin");
}

#[tokio::test]
async fn generated_orgs_are_as_big_as_asked_and_repeat() {
    let spec = orgs::GeneratorSpec::default();
    let client = fast(orgs::generated(&spec));
    let groups = client.pages("/api/v1/groups").await.concat();
    assert_eq!(groups.len(), 5_001);
    let role_groups: Vec<&str> = groups
        .iter()
        .filter(|group| group["profile"]["name"].as_str().unwrap().starts_with("aws_"))
        .map(|group| group["id"].as_str().unwrap())
        .collect();
    assert_eq!(role_groups.len(), 1000);
    let members: usize = client.fake.with_org(|org| role_groups.iter().map(|id| org.members(id).len()).sum());
    assert_eq!(members, 32_000);
    assert_eq!(client.pages("/api/v1/users?search=status%20pr").await.concat().len(), 10_000);
    let assigned = client.pages("/api/v1/apps/0oaAWS/users?limit=500").await.concat().len();
    assert!((8_800..9_200).contains(&assigned), "{assigned}");
    let again = orgs::generated(&spec);
    assert!(client.fake.with_org(|org| org.user_ids().eq(again.user_ids())));
    assert!(client.fake.with_org(|org| role_groups.iter().all(|id| org.members(id) == again.members(id))));
}

#[tokio::test]
async fn generated_direct_orgs() {
    let mode = orgs::Mode::Direct { join: false, union: true };
    let spec = orgs::GeneratorSpec {
        mode,
        users: 500,
        groups: 60,
        memberships: 800,
        direct_users: 40,
        ..Default::default()
    };
    let client = fast(orgs::generated(&spec));
    let users = client.pages("/api/v1/apps/0oaAWS/users?limit=500").await.concat();
    assert!(users.iter().filter(|user| user["scope"] == "USER").count() > 30);
    assert!(users.iter().all(|user| user["profile"]["samlRoles"].is_array()));
    assert_eq!(client.pages("/api/v1/apps/0oaAWS/groups?limit=200").await.concat().len(), 60);
}

#[test]
fn orgs_survive_a_file() {
    for org in [orgs::demo(), orgs::demo_direct()] {
        let yaml = org.to_yaml().unwrap();
        let again = Org::from_yaml(&yaml).unwrap();
        assert_eq!(again.to_yaml().unwrap(), yaml);
    }
}

#[tokio::test]
async fn an_org_from_a_file_answers_like_the_one_it_was_written_from() {
    let org = orgs::demo_direct();
    let copy = fast(Org::from_yaml(&org.to_yaml().unwrap()).unwrap());
    let first = fast(org);
    for path in [
        "/api/v1/users?search=status%20pr",
        "/api/v1/apps/0oaAWS/groups?limit=200",
        "/api/v1/apps/0oaAWS",
        "/api/v1/org",
    ] {
        let neutral = |client: &Client, text: String| text.replace(client.fake.url(), "");
        let here = neutral(&first, first.get(path).await.text);
        assert_eq!(neutral(&copy, copy.get(path).await.text), here, "{path}");
    }
    let roles = async |client: &Client| {
        let users = client.pages("/api/v1/apps/0oaAWS/users?limit=500").await.concat();
        users
            .iter()
            .map(|user| (user["id"].clone(), user["scope"].clone(), user["profile"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(roles(&copy).await, roles(&first).await);
}

#[test]
fn a_bad_file_says_what_is_wrong() {
    for (yaml, reason) in [
        ("users: []", "`subdomain` is missing"),
        ("subdomain: acme\ncolor: red", "color"),
        ("subdomain: acme\nusers: [{login: a, status: ASLEEP}]", "`ASLEEP` is no user status"),
        ("subdomain: acme\nroles: [{user: a, role: KING}]", "`KING` is no admin role"),
    ] {
        let error = Org::from_yaml(yaml).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
