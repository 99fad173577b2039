//! What rows cannot say of the endpoints beside apps, groups and people.

use rolebook_fake_okta::{App, Options, ServiceApp};
use serde_json::json;

use super::{answer_code, client, hook, options, org};
use crate::client::Client;
use crate::oauth::{Key, access_token};

#[tokio::test]
async fn what_an_app_has_beside_itself() {
    let client = Client::with(org().app(App::aws("0oaSWA").sign_on_mode(Some("BROWSER_PLUGIN"))), options());
    let metadata = client.get("/api/v1/apps/0oaAWS/sso/saml/metadata").await;
    assert_eq!((metadata.status, metadata.header("content-type")), (200, "application/xml"));
    assert!(
        metadata.text.starts_with("<?xml ")
            && metadata.text.contains("entityID=\"http://www.okta.com/0oaAWS\"")
    );
    assert_eq!(client.get("/api/v1/apps/0oaSWA/sso/saml/metadata").await.status, 404);
    for path in ["features", "connections/default"] {
        let got = client.get(&format!("/api/v1/apps/0oaAWS/{path}")).await;
        assert_eq!(answer_code(&got), (400, "E0000024".to_owned()), "{path}");
    }
    let schema = client.json("/api/v1/catalog/apps/amazon_aws?expand=schema").await;
    let general = &schema["_embedded"]["schema"]["definitions"]["general"];
    assert!(general["required"].is_array());
    assert_eq!(general["properties"]["awsEnvironmentType"]["enum"], json!(["aws.amazon"]));
    for (filter, apps) in [
        ("user.id%20eq%20%2200uB%22", vec!["0oaAWS"]),
        ("user.id%20eq%20%2200uC%22", vec![]),
        ("user.id%20eq%20%2200uNONE%22", vec![]),
        ("group.id%20eq%20%22gX%22", vec!["0oaAWS"]),
        ("group.id%20eq%20%22gY%22", vec![]),
    ] {
        let found = client.json(&format!("/api/v1/apps?filter={filter}")).await;
        let found: Vec<&str> =
            found.as_array().unwrap().iter().map(|app| app["id"].as_str().unwrap()).collect();
        assert_eq!(found, apps, "{filter}");
    }
}

#[tokio::test]
async fn tokens_are_renamed_and_revoked_and_their_limits_told() {
    let client = Client::with(org(), options());
    let tokens = client.json("/api/v1/api-tokens").await;
    assert_eq!(tokens.as_array().unwrap().len(), 5);
    assert!(!tokens.to_string().contains(&client.fake.token("super")), "never the secret");
    let own = tokens.as_array().unwrap().iter().find(|token| token["name"] == "super").unwrap();
    let path = format!("/api/v1/api-tokens/{}", own["id"].as_str().unwrap());
    let renamed = client.send("PUT", &path, Some(json!({"name": "nightly"}))).await.json();
    assert_eq!((&renamed["name"], &renamed["tokenWindow"]), (&json!("nightly"), &json!("P30D")));

    let limits = "/api/v1/principal-rate-limits";
    assert_eq!(answer_code(&client.get(limits).await), (400, "E0000028".to_owned()));
    let filter = format!(
        "filter=principalType+eq+%22SSWS_TOKEN%22+and+principalId+eq+%22{}%22",
        own["id"].as_str().unwrap()
    );
    assert_eq!(client.page_sizes(&format!("{limits}?{filter}")).await, [1]);
    assert_eq!(client.page_sizes(&format!("{limits}?filter=principalType+eq+%22OAUTH_CLIENT%22")).await, [1]);

    assert_eq!(client.send("DELETE", "/api/v1/api-tokens/current", None).await.status, 204);
    assert_eq!(client.get("/api/v1/org").await.code(), "E0000011", "dead at once");
    let client = client.token("read_only");
    assert_eq!(client.json("/api/v1/api-tokens").await.as_array().unwrap().len(), 4);
    let revoked = client.json("/api/v1/logs?filter=eventType+eq+%22system.api_token.revoke%22").await;
    assert_eq!(revoked[0]["target"][0]["type"], "Token");
}

#[tokio::test]
async fn a_client_that_is_made_an_admin_sees_the_org() {
    let key = Key::new("k1");
    let app = ServiceApp::new("0oaSVC").key(key.public()).grant(["okta.users.read"]);
    let client = Client::with(org(), Options { service_apps: vec![app], ..options() });
    let roles = "/oauth2/v1/clients/0oaSVC/roles";
    assert_eq!(client.json(roles).await, json!([]));
    let bearer = format!("Bearer {}", access_token(&client, &key, "okta.users.read").await);
    let secret = format!("SSWS {}", client.fake.token("super"));
    let client = client.authorization(Some(&bearer));
    assert_eq!(client.json("/api/v1/users").await, json!([]), "scopes alone show nothing");
    let client = client.authorization(Some(&secret));
    let got = client.send("POST", roles, Some(json!({"type": "READ_ONLY_ADMIN"}))).await;
    assert_eq!((got.status, &got.json()["type"]), (201, &json!("READ_ONLY_ADMIN")));
    let again = client.send("POST", roles, Some(json!({"type": "READ_ONLY_ADMIN"}))).await;
    assert_eq!(answer_code(&again), (409, "E0000090".to_owned()));
    assert_eq!(client.json(roles).await[0]["label"], "Read-Only Administrator");
    let client = client.authorization(Some(&bearer));
    assert_eq!(client.json("/api/v1/users").await.as_array().unwrap().len(), 3, "the rights are live");
}

#[tokio::test]
async fn a_hook_keeps_its_secret() {
    let client = client().await;
    let hooks = client.json("/api/v1/eventHooks").await;
    assert_eq!(
        hooks[0]["channel"]["config"]["authScheme"],
        json!({"type": "HEADER", "key": "Authorization"})
    );
    assert_eq!(
        (&hooks[0]["status"], &hooks[0]["verificationStatus"]),
        (&json!("ACTIVE"), &json!("UNVERIFIED"))
    );
    let one = client.json(&format!("/api/v1/eventHooks/{}", hooks[0]["id"].as_str().unwrap())).await;
    assert_eq!(one, hooks[0]);
    let many: Vec<String> = (0..301).map(|n| format!("user.lifecycle.{n}")).collect();
    let mut too_many = hook();
    too_many["events"]["items"] = json!(many);
    assert_eq!(
        answer_code(&client.send("POST", "/api/v1/eventHooks", Some(too_many)).await),
        (400, "E0000001".to_owned())
    );
}
