//! Every stored secret moves to another vault key.

use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{Options, ServiceApp, ServiceKey, TokenRole, orgs};
use serde_json::json;

use crate::house::{House, Person};

/// A console with every kind of secret: the connectors that sign in with a token and with a key each write with the
/// other, and there is a webhook.
async fn filled() -> (House, Person, String, String) {
    let key = ServiceKey::generate("k1").unwrap();
    let read =
        ["apps", "groups", "orgs", "roles", "schemas", "users"].map(|what| format!("okta.{what}.read"));
    let write = ["okta.apps.manage", "okta.groups.manage"];
    let app = ServiceApp::new("0oaSVC").key(key.public_jwk()).grant(read).grant(write).role(TokenRole::Super);
    let options = Options { service_apps: vec![app], ..Options::default() };
    let house = House::with(orgs::demo(), options).await;
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
    (house, sue, with_token, with_key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_reseals_tokens_keys_and_webhooks() {
    let (mut house, sue, with_token, with_key) = filled().await;
    // An answer that is kept for a repetition, with a secret in it.
    let key = json!({ "name": "robot", "role": "basic-user", "days": 1 });
    let once = async |sue: &Person| {
        let headers = [("idempotency-key", "once")];
        sue.send_with(Method::POST, "/api/keys", Some(&key), &headers).await.json(StatusCode::CREATED).await
    };
    let answered = once(&sue).await;
    house.stop().await;

    let before = crate::tokens::sealed(&house);
    let done = rolebook_console::rotate_key(house.config(), None).await.unwrap();
    assert_eq!((done.secrets, &done.unopened), (5, &Vec::new()));
    let after = crate::tokens::sealed(&house);
    assert_eq!(after.len(), 6, "and the answer: {after:?}");
    assert!(after.iter().all(|text| text.starts_with(&done.to)), "{after:?}");
    assert!(!after.iter().any(|text| before.contains(text)));

    // All of them open, each in its place.
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    assert_eq!(once(&sue).await, answered);
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
    let headers = [("idempotency-key", "once")];
    let again = sue.send_with(Method::POST, "/api/keys", Some(&key), &headers).await;
    let again = again.json(StatusCode::CONFLICT).await;
    assert_eq!(again["title"], "this was done already", "{again:#}");
    let body = json!({ "service_app": { "client_id": "0oaSVC", "key_id": "k1" } });
    let path = format!("/api/connectors/{with_key}/settings");
    let asks = sue.send(Method::PATCH, &path, Some(&body)).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(asks["fields"][0]["field"], "service_app.private_key", "{asks:#}");
    assert!(asks["fields"][0]["text"].as_str().unwrap().contains("enter the key again"), "{asks:#}");
    sue.get("/api/people").await.json(StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_says_which_secrets_are_to_be_given_again() {
    let (mut house, sue, _, _) = filled().await;
    let provider = crate::provider::Provider::start().await;
    house.stop().await;
    house.oidc = Some(provider.config());
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    let ann = json!({ "name": "Ann", "email": "ann@acme.test", "roles": ["read-only-administrator"] });
    sue.post("/api/users", &ann).await.json(StatusCode::CREATED).await;
    assert_eq!(crate::oidc::sign_in(&house).await.status(), StatusCode::SEE_OTHER);
    let rules = json!({
        "snapshot_days": 7, "snapshot_count": 3, "one_per_day_after": 2, "log_days": 5, "message_days": 90, "plan_days": 400,
    });
    sue.send(Method::PUT, "/api/retention", Some(&rules)).await.json(StatusCode::OK).await;
    let file = house.data.with_file_name("kept.tar");
    rolebook_console::backup(&house.config(), &file).await.unwrap();
    let key = std::fs::read_to_string(house.data.join("vault.key")).unwrap();

    let restore = async |folder: &str, key: Option<&str>| {
        let house = house.elsewhere(folder);
        let mut config = house.config();
        config.vault.text = key.map(|key| key.to_owned().into());
        (rolebook_console::restore(&config, &file).await.unwrap(), house)
    };
    let (done, _) = restore("with-key", Some(&key)).await;
    assert_eq!(done.unopened, []);
    let (other, _) = restore("with-another-key", Some(crate::house::KEY)).await;
    let (done, mut house) = restore("without", None).await;
    assert_eq!(other.unopened, done.unopened);
    let names: Vec<&str> = done.unopened.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "Okta AWS Federation: API token",
            "Okta AWS Federation: API token, the one that writes",
            "Okta AWS Federation: private key of its service app",
            "Okta AWS Federation: private key of its service app, the one that writes",
            "webhook to 127.0.0.1: its secret",
        ]
    );
    let ids: Vec<&str> = done.unopened.iter().map(|(_, key)| key.as_str()).collect();
    assert!(ids[0].len() == 8 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");

    // The console itself, and a look over it, say the same; who is whom at the provider has come along, and the rules.
    house.start().await;
    assert_eq!(house.unopened().await, names);
    provider.names(json!({ "email": "ann.new@acme.test", "email_verified": false }));
    let answer = crate::oidc::sign_in(&house).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "known by the provider's name for her");
    let ann = Person::with(&house.url, &crate::house::cookie_of(&answer)).await;
    assert_eq!(ann.get("/api/retention").await.json(StatusCode::OK).await, rules);
    house.stop().await;
    let lines = rolebook_console::doctor(house.config()).await.unwrap().lines;
    let bad: Vec<&str> =
        lines.iter().filter(|(_, well, _)| !well).map(|(_, _, text)| text.as_str()).collect();
    let (waiting, bad): (Vec<&str>, Vec<&str>) = bad
        .into_iter()
        .partition(|line| line.starts_with("letters not sent") || line.starts_with("messages not"));
    assert!(!waiting.is_empty(), "what waits to be sent is lost with the key, too: {lines:#?}");
    assert_eq!(bad.len(), 5, "{lines:#?}");
    assert!(bad.iter().zip(&names).all(|(line, name)| line.starts_with(&format!("{name}: "))), "{bad:?}");
}
