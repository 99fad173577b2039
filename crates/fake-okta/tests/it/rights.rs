//! Who may read what, and how refusals look.

use rolebook_fake_okta::{App, AppGroup, Group, GroupRule, Options, Org, Token, TokenRole, User, UserStatus};

use crate::client::Client;

fn org() -> Org {
    Org::new("acme")
        .everyone()
        .user(User::new("ann@acme.test").id("00uA"))
        .group(Group::new("first").id("gX").members(["00uA"]))
        .group(Group::new("second").id("gY"))
        .rule(GroupRule::new("rule", "true").id("0pr1"))
        .app(App::aws("0oaAWS").group(AppGroup::new("gX").saml_roles(["Admin"])))
        .app(App::aws("0oaTWO"))
}

const PATHS: [&str; 28] = [
    "/api/v1/org",
    "/api/v1/users/me",
    "/api/v1/apps",
    "/api/v1/apps/0oaAWS",
    "/api/v1/apps/0oaAWS/users",
    "/api/v1/apps/0oaAWS/users/00uA",
    "/api/v1/apps/0oaAWS/groups",
    "/api/v1/apps/0oaAWS/groups/gX",
    "/api/v1/groups",
    "/api/v1/groups/gX",
    "/api/v1/groups/gX/users",
    "/api/v1/groups/gX/apps",
    "/api/v1/users",
    "/api/v1/users/00uA",
    "/api/v1/users/00uA/groups",
    "/api/v1/meta/schemas/apps/0oaAWS/default",
    "/api/v1/groups/rules",
    "/api/v1/groups/rules/0pr1",
    "/api/v1/internal/apps/0oaAWS/types",
    "/api/v1/groups/gX/roles",
    "/api/v1/users/00uA/roles",
    "/api/v1/iam/assignees/users",
    "/api/v1/groups/gX/users/00uA/group-rules",
    "/api/v1/logs",
    "/api/v1/iam/roles",
    "/api/v1/iam/resource-sets",
    "/api/v1/groups/gNONE",
    "/api/v1/nowhere",
];

/// One letter per path above: `y` 200, `-` 403 E0000006, `n` 404 E0000007, `p` 404 E0000008.
const TABLE: [(&str, &str); 5] = [
    ("super", "yyyyyyyyyyyyyyyyyyyyyyyyyynp"),
    ("read_only", "yyyyyyyyyyyyyyyyyyy---yy--np"),
    ("app_admin", "yyyyyyyyyyyyyyyy--y---y---np"),
    ("group_admin", "yy------yyy yyy-yy----y---np"),
    ("app_group_admin", "yyyyyyyyyyyyyyyyyyy---yy--np"),
];

#[tokio::test]
async fn every_token_may_read_what_its_role_allows() {
    for (name, expected) in TABLE {
        let client = Client::new(org()).token(name);
        let expected = expected.replace(' ', "y");
        let mut seen = String::new();
        for path in PATHS {
            let got = client.get(path).await;
            seen.push(match got.status {
                200 => 'y',
                status => match (status, got.code().as_str()) {
                    (403, "E0000006") => '-',
                    (404, "E0000007") => 'n',
                    (404, "E0000008") => 'p',
                    other => panic!("{path}: {other:?}"),
                },
            });
        }
        assert_eq!(seen, expected, "{name}");
    }
}

#[tokio::test]
async fn tokens_are_checked() {
    let client = Client::new(org());
    let good = client.fake.token("super");
    let no_blank = format!("SSWS{good}");
    let lower = format!("ssws {good}");
    for (header, status, code) in [
        (Some(no_blank.as_str()), 200, ""),
        (Some("SSWS 00nonsense"), 401, "E0000011"),
        (Some(lower.as_str()), 403, "E0000005"),
        (Some("Basic YTpi"), 403, "E0000005"),
        (None, 403, "E0000005"),
    ] {
        let client = Client::new(org()).authorization(header);
        let got = client.get("/api/v1/org").await;
        assert_eq!(got.status, status, "{header:?}");
        if status != 200 {
            assert_eq!(got.code(), code);
            let body = got.json();
            assert_eq!(body["errorLink"], body["errorCode"]);
            assert!(body["errorId"].as_str().unwrap().starts_with("oae"));
            assert!(body["errorCauses"].is_array());
        }
    }
    assert!(good.starts_with("00") && good.len() == 42);
    assert_eq!(
        Client::new(org()).authorization(None).get("/.well-known/okta-organization").await.status,
        200
    );
}

#[tokio::test]
async fn scoped_and_blinded_tokens() {
    let tokens = vec![
        Token::new("one_app", TokenRole::AppAdmin).only_apps(["0oaAWS"]),
        Token::new("one_group", TokenRole::GroupAdmin).only_groups(["gX"]),
        Token::new("blind", TokenRole::ReadOnly).deny("/api/v1/meta/").owner("00uA"),
    ];
    let options = Options { tokens, ..Options::default() };
    let client = Client::with(org(), options.clone()).token("one_app");
    assert_eq!(client.page_sizes("/api/v1/apps").await, [1]);
    assert_eq!(client.get("/api/v1/apps/0oaTWO").await.code(), "E0000006");
    let client = Client::with(org(), options.clone()).token("one_group");
    assert_eq!(client.page_sizes("/api/v1/groups").await, [1]);
    assert_eq!(client.get("/api/v1/groups/gY/users").await.code(), "E0000006");
    let client = Client::with(org(), options).token("blind");
    assert_eq!(client.get("/api/v1/meta/schemas/apps/0oaAWS/default").await.code(), "E0000006");
    assert_eq!(client.json("/api/v1/users/me").await["id"], "00uA");
    assert_eq!(client.page_sizes("/api/v1/groups").await, [3]);
}

#[tokio::test]
async fn a_group_admin_never_sees_everyone() {
    assert_eq!(Client::new(org()).page_sizes("/api/v1/groups").await, [3]);
    assert_eq!(Client::new(org()).token("group_admin").page_sizes("/api/v1/groups").await, [2]);
}

#[tokio::test]
async fn read_only_types_can_be_switched_off() {
    let client = Client::new(org()).token("read_only");
    client.fake.configure(|options| options.types_for_read_only = false);
    assert_eq!(client.get("/api/v1/internal/apps/0oaAWS/types").await.code(), "E0000006");
}

#[tokio::test]
async fn a_wrong_method_is_refused() {
    let got = Client::new(org()).send("DELETE", "/api/v1/org", None).await;
    assert_eq!((got.status, got.code().as_str()), (405, "E0000022"));
}

#[tokio::test]
async fn a_token_dies_with_its_owner() {
    let tokens = vec![Token::new("anns", TokenRole::ReadOnly).owner("00uA")];
    let client = Client::with(org(), Options { tokens, ..Options::default() }).token("anns");
    assert_eq!(client.get("/api/v1/org").await.status, 200);
    client.fake.change(|org| org.set_status("00uA", UserStatus::Deprovisioned));
    assert_eq!(client.get("/api/v1/org").await.code(), "E0000011");
}

#[tokio::test]
async fn a_token_without_a_role_sees_an_empty_list_of_users() {
    let tokens = vec![Token::new("bare", TokenRole::NoRole)];
    let client = Client::with(org(), Options { tokens, ..Options::default() }).token("bare");
    assert_eq!(client.page_sizes("/api/v1/users").await, [0]);
    assert_eq!(client.get("/api/v1/groups").await.code(), "E0000006");
}
