//! SB-42: an OAuth 2.0 private key instead of a token.

use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{
    App, FakeOkta, Options, Org, RateLimits, ServiceApp, ServiceKey, TokenRole, User, orgs,
};
use serde_json::{Value, json};

use crate::house::{Answer, House, Person};

/// What reading takes.
const READ: [&str; 6] = [
    "okta.apps.read",
    "okta.groups.read",
    "okta.orgs.read",
    "okta.roles.read",
    "okta.schemas.read",
    "okta.users.read",
];
const WRITE: [&str; 2] = ["okta.apps.manage", "okta.groups.manage"];

/// A house whose Okta knows three apps: one that asks for DPoP, one that writes, one without an admin role.
async fn house() -> (House, ServiceKey) {
    let key = ServiceKey::generate("k1").unwrap();
    let app = |id: &str| ServiceApp::new(id).key(key.public_jwk()).grant(READ);
    let apps = vec![
        app("0oaREAD").role(TokenRole::ReadOnly).dpop(true),
        app("0oaWRITE").grant(WRITE).role(TokenRole::Super),
        app("0oaBLIND"),
    ];
    let house = House::with(orgs::demo(), Options { service_apps: apps, ..Options::default() }).await;
    (house, key)
}

fn entry(client: &str, pem: &str) -> Value {
    json!({ "client_id": client, "key_id": "k1", "private_key": pem })
}

async fn save(who: &Person, id: &str, body: Value) -> Answer {
    who.send(Method::PATCH, &format!("/api/connectors/{id}/settings"), Some(&body)).await
}

async fn refused(who: &Person, id: &str, body: Value, field: &str, text: &str) {
    let refused = save(who, id, body).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    let error = &refused["fields"][0];
    assert_eq!(error["field"], field, "{refused:#}");
    assert!(error["text"].as_str().unwrap().contains(text), "{text}: {refused:#}");
}

fn knows(view: &Value) -> Vec<&str> {
    view["matrix"].as_array().unwrap().iter().map(|row| row["known"].as_str().unwrap()).collect()
}

/// Whether the secret stands in any file, or in anything that is answered.
async fn never_shown(house: &House, sue: &Person, id: &str, pem: &str) {
    let secret = pem.lines().nth(2).unwrap();
    for path in [
        format!("/api/connectors/{id}"),
        format!("/api/connectors/{id}/provisioning"),
        format!("/connectors/{id}/settings"),
        format!("/connectors/{id}/settings?edit=1"),
        format!("/connectors/{id}/provisioning"),
        "/api/audit?limit=200".to_owned(),
    ] {
        assert!(!sue.get(&path).await.text(StatusCode::OK).await.contains(secret), "{path}");
    }
    for entry in crate::guide_settings::walk(&house.data) {
        let bytes = std::fs::read(&entry).unwrap();
        assert!(
            !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
            "{}",
            entry.display()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_validates_syncs_and_connects_as_a_token_does() {
    // SB-42 with SB-33 … SB-35, SB-30, SB-14
    let (house, key) = house().await;
    let sue = house.sue().await;
    let id = house.added(&sue).await;
    let other = ServiceKey::generate("k1").unwrap();
    let with = |app: Value| json!({ "domain": house.fake.url(), "service_app": app });
    for (app, field, text) in [
        (entry("0oaREAD", ""), "service_app.private_key", "is needed"),
        (entry("0oaREAD", "nonsense"), "service_app.private_key", "holds no private key"),
        (entry("0oaREAD", other.private_pem()), "service_app.private_key", "no access token"),
        (entry("", key.private_pem()), "service_app.client_id", "is empty"),
        (entry("0oaBLIND", key.private_pem()), "service_app.client_id", "an admin role"),
        (
            json!({ "client_id": "0oaREAD", "private_key": key.private_pem(), "scopes": "okta.apps.manage" }),
            "service_app.scopes",
            "in the field Scopes",
        ),
    ] {
        refused(&sue, &id, with(app), field, text).await;
    }
    let both =
        json!({ "domain": house.fake.url(), "api_token": "00x", "service_app": entry("0oaREAD", "x") });
    refused(&sue, &id, both, "service_app", "not both").await;
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    assert_eq!(view["token"], Value::Null, "SB-33: nothing was stored");

    let saved = save(&sue, &id, with(entry("0oaREAD", key.private_pem()))).await.json(StatusCode::OK).await;
    assert!(
        ["syncing", "processing", "connected"].contains(&saved["label"].as_str().unwrap()),
        "SB-34: {saved:#}"
    );
    let view = house.settled(&sue, &id).await;
    assert_eq!(view["label"], "connected", "SB-35: {view:#}");
    let token = &view["token"];
    assert_eq!(
        (
            &token["service_app"]["client_id"],
            &token["service_app"]["key_id"],
            &token["set_by"],
            &token["ends"]
        ),
        (&json!("0oaREAD"), &json!("k1"), &json!("Sue"), &json!(""))
    );
    assert_eq!(token["service_app"]["scopes"], json!(READ));
    assert_eq!(token["owner"], Value::Null);
    // Without the scopes that write, no admin role helps; admin roles were asked for and refused.
    assert_eq!(knows(&view), ["yes", "no", "yes", "no", "no"]);
    never_shown(&house, &sue, &id, key.private_pem()).await;
    let page = sue.get(&format!("/connectors/{id}/settings")).await.text(StatusCode::OK).await;
    for text in ["OAuth 2.0 private key", "0oaREAD", "okta.roles.read", "Replace key", "Clear key"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let page = sue.get(&format!("/connectors/{id}/settings?edit=1")).await.text(StatusCode::OK).await;
    assert!(page.contains("value=\"service-app\" checked") && page.contains("keep the stored key"), "{page}");

    // SB-33: what does not work keeps what did; a field that is empty keeps the key.
    refused(
        &sue,
        &id,
        json!({ "service_app": entry("0oaNOBODY", "") }),
        "service_app.private_key",
        "no access",
    )
    .await;
    refused(&sue, &id, json!({ "api_token": "" }), "api_token", "a token is needed").await;
    let kept = save(&sue, &id, json!({ "skip_secondary_emails": true })).await.json(StatusCode::OK).await;
    assert_eq!(kept["token"]["service_app"]["client_id"], "0oaREAD");
    assert_eq!(house.settled(&sue, &id).await["label"], "connected");

    // Another app with the same key; then a token: the key is gone.
    let kept =
        save(&sue, &id, json!({ "service_app": entry("0oaWRITE", "") })).await.json(StatusCode::OK).await;
    assert_eq!(kept["token"]["service_app"]["client_id"], "0oaWRITE");
    house.settled(&sue, &id).await;
    let sealed = crate::tokens::sealed(&house);
    let token = house.save(&sue, &id, "super").await;
    assert_eq!(token["token"]["service_app"], Value::Null);
    assert!(!crate::tokens::sealed(&house).contains(&sealed[0]), "the old key's ciphertext is destroyed");
    house.settled(&sue, &id).await;
    let audit = sue.audit(&format!("connector/{id}")).await;
    let saved = audit.iter().find(|event| event["action"] == "connector.settings-saved").unwrap();
    assert_eq!(saved["detail"]["service_app"]["from"]["client_id"], "0oaWRITE");
    assert_eq!(saved["detail"]["service_app"]["to"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_of_another_org_is_refused_and_a_cleared_key_is_gone() {
    let (house, key) = house().await;
    let sue = house.sue().await;
    let id = house.added(&sue).await;
    let ours = json!({ "domain": house.fake.url(), "service_app": entry("0oaREAD", key.private_pem()) });
    save(&sue, &id, ours).await.json(StatusCode::OK).await;
    house.settled(&sue, &id).await;

    let theirs = ServiceKey::generate("k1").unwrap();
    let app = ServiceApp::new("0oaTHEIRS").key(theirs.public_jwk()).grant(READ).role(TokenRole::Super);
    let options =
        Options { rate_limits: RateLimits::UNLIMITED, service_apps: vec![app], ..Options::default() };
    let other = FakeOkta::start(
        Org::new("other").user(User::new("zoe@other.test")).app(App::aws_mapping("0oaOther")),
        options,
    )
    .unwrap();
    let before = crate::tokens::sealed(&house);
    let body = json!({ "domain": other.url(), "aws_okta_app_id": "",
        "service_app": entry("0oaTHEIRS", theirs.private_pem()) });
    refused(&sue, &id, body, "domain", "this is another org").await;
    assert_eq!(crate::tokens::sealed(&house), before);

    let gone = sue.send(Method::DELETE, &format!("/api/connectors/{id}/token"), None).await;
    let view = gone.json(StatusCode::OK).await;
    assert_eq!(view["token"], Value::Null, "{view:#}");
    assert!(crate::tokens::sealed(&house).is_empty(), "its ciphertext is destroyed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_credential_that_writes_may_be_a_service_app_and_never_of_another_org() {
    let (house, key) = house().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "read_only").await;
    let path = format!("/api/connectors/{id}/provisioning/token");
    let put = |body: Value| {
        let (sue, path) = (sue.clone(), path.clone());
        async move { sue.send(Method::PUT, &path, Some(&body)).await }
    };
    // The scopes that write are asked for by themselves; this app has not been granted them.
    let poor = put(json!({ "service_app": entry("0oaREAD", key.private_pem()) })).await;
    let poor = poor.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(poor["fields"][0]["field"], "service_app.scopes", "{poor:#}");
    let view = put(json!({ "service_app": entry("0oaWRITE", key.private_pem()) })).await;
    let view = view.json(StatusCode::OK).await;
    assert_eq!(view["token"]["service_app"]["client_id"], "0oaWRITE", "{view:#}");
    assert_eq!(
        knows(&view),
        ["yes", "not-proven", "yes", "not-proven", "yes"],
        "the roles of an app are not read"
    );
    never_shown(&house, &sue, &id, key.private_pem()).await;

    // It writes, and syncs do not use it.
    let on = json!({ "enabled": true, "reason": "a test" });
    let switch = format!("/api/connectors/{id}/provisioning");
    sue.send(Method::PATCH, &switch, Some(&on)).await.json(StatusCode::OK).await;
    house.fake.clear_log();
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.settled(&sue, &id).await;
    let tokens_asked =
        |house: &House| house.fake.log_lines().iter().any(|line| line.contains("/oauth2/v1/token"));
    assert!(!tokens_asked(&house), "a sync keeps the connector's own token");

    // A credential of another org, of either kind, is refused by the org's id.
    house.fake.change(|org| *org = std::mem::replace(org, Org::new("gone")).id("00oOTHER"));
    let foreign = put(json!({ "api_token": house.fake.token("super") })).await;
    let foreign = foreign.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(foreign["fields"][0]["field"], "api_token", "{foreign:#}");
    assert!(foreign["fields"][0]["text"].as_str().unwrap().contains("of another org"), "{foreign:#}");
    let foreign = put(json!({ "service_app": entry("0oaWRITE", key.private_pem()) })).await;
    let foreign = foreign.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(foreign["fields"][0]["field"], "service_app.client_id", "{foreign:#}");
    let kept = sue.get(&switch).await.json(StatusCode::OK).await;
    assert_eq!(kept["token"]["service_app"]["client_id"], "0oaWRITE", "what worked is kept");
}
