//! Every stored secret moves to another vault key.

use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{Options, ServiceApp, ServiceKey, TokenRole, orgs};
use serde_json::json;

use crate::house::{House, Person};

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_reseals_tokens_keys_and_webhooks() {
    let key = ServiceKey::generate("k1").unwrap();
    let read =
        ["apps", "groups", "orgs", "roles", "schemas", "users"].map(|what| format!("okta.{what}.read"));
    let write = ["okta.apps.manage", "okta.groups.manage"];
    let app = ServiceApp::new("0oaSVC").key(key.public_jwk()).grant(read).grant(write).role(TokenRole::Super);
    let options = Options { service_apps: vec![app], ..Options::default() };
    let mut house = House::with(orgs::demo(), options).await;
    let sue = house.sue().await;
    let with_token = house.connected(&sue, "super").await;
    let with_key = house.added(&sue).await;
    let entry = json!({ "client_id": "0oaSVC", "key_id": "k1", "private_key": key.private_pem() });
    let body = json!({ "domain": house.fake.url(), "service_app": entry });
    let path = format!("/api/connectors/{with_key}/settings");
    sue.send(Method::PATCH, &path, Some(&body)).await.json(StatusCode::OK).await;
    house.settled(&sue, &with_key).await;
    for (id, body) in [
        (&with_key, json!({ "api_token": house.fake.token("super") })),
        (&with_token, json!({ "service_app": entry })),
    ] {
        let path = format!("/api/connectors/{id}/provisioning/token");
        sue.send(Method::PUT, &path, Some(&body)).await.json(StatusCode::OK).await;
    }
    sue.post("/api/webhooks", &json!({ "url": "http://127.0.0.1:9/hook" }))
        .await
        .json(StatusCode::CREATED)
        .await;
    house.stop().await;

    let before = crate::tokens::sealed(&house);
    let done = rolebook_console::rotate_key(house.config(), None).await.unwrap();
    assert_eq!((done.secrets, &done.unopened), (5, &Vec::new()));
    let after = crate::tokens::sealed(&house);
    assert_eq!(after.len(), 5, "{after:?}");
    assert!(after.iter().all(|text| text.starts_with(&done.to)), "{after:?}");
    assert!(!after.iter().any(|text| before.contains(text)));

    // All of them open, each in its place.
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    for id in [&with_token, &with_key] {
        sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
        let view = house.settled(&sue, id).await;
        assert_eq!(
            (&view["label"], &view["token"]["usable"]),
            (&json!("connected"), &json!(true)),
            "{view:#}"
        );
        let writes = sue.get(&format!("/api/connectors/{id}/provisioning")).await.json(StatusCode::OK).await;
        assert_eq!(writes["token"]["usable"], true, "{writes:#}");
    }

    // The key is gone: whatever it sealed asks to be entered again, and what was read stays.
    house.stop().await;
    std::fs::remove_file(house.data.join("vault.key")).unwrap();
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    let view = sue.get(&format!("/api/connectors/{with_key}")).await.json(StatusCode::OK).await;
    assert_eq!(view["token"]["usable"], false, "{view:#}");
    let body = json!({ "service_app": { "client_id": "0oaSVC", "key_id": "k1" } });
    let path = format!("/api/connectors/{with_key}/settings");
    let asks = sue.send(Method::PATCH, &path, Some(&body)).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(asks["fields"][0]["field"], "service_app.private_key", "{asks:#}");
    assert!(asks["fields"][0]["text"].as_str().unwrap().contains("enter the key again"), "{asks:#}");
    sue.get("/api/people").await.json(StatusCode::OK).await;
}
