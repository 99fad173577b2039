//! A stored secret goes to the origin that it was entered for, and to no other.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    digest,
};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{App, FakeOkta, Options, Org, RateLimits};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection};
use serde_json::{Value, json};

use crate::{
    evil::{Evil, Ways},
    house::{Answer, House, Person},
};

async fn patch(who: &Person, id: &str, body: &Value) -> Answer {
    who.send(Method::PATCH, &format!("/api/connectors/{id}/settings"), Some(body)).await
}

async fn provisioning(who: &Person, id: &str) -> Value {
    who.get(&format!("/api/connectors/{id}/provisioning")).await.json(StatusCode::OK).await
}

/// A connector that reads with one token and writes with another, which provisioning is on for.
async fn writing(house: &House, sue: &Person) -> String {
    let id = house.connected(sue, "read_only").await;
    let path = format!("/api/connectors/{id}/provisioning");
    let token = json!({ "api_token": house.fake.token("super") });
    sue.send(Method::PUT, &format!("{path}/token"), Some(&token)).await.json(StatusCode::OK).await;
    let on = json!({ "enabled": true, "reason": "trying it out" });
    sue.send(Method::PATCH, &path, Some(&on)).await.json(StatusCode::OK).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_token_is_not_sent_to_the_domain_that_an_owner_or_a_connector_administrator_types() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let owner = house.invite(&sue, "Ownie", "basic-user").await;
    let owners = json!({ "owners": ["ownie@acme.test"] });
    sue.send(Method::PUT, &format!("/api/connectors/{id}/owners"), Some(&owners))
        .await
        .json(StatusCode::OK)
        .await;
    let admin = house.invite(&sue, "Carl", "connector-administrator").await;
    let evil = Evil::start(Ways::Forward(house.fake.url().to_owned())).await;
    let before = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    let says = format!("enter the token again: the stored one belongs to {}", house.fake.url());

    let localhost = evil.url.replace("127.0.0.1", "localhost");
    for who in [&owner, &admin, &sue] {
        for domain in [evil.url.as_str(), &format!("{}/", evil.url), &localhost] {
            for body in [json!({ "domain": domain }), json!({ "domain": domain, "api_token": " " })] {
                let tested = who.post(&format!("/api/connectors/{id}/test"), &body).await;
                let saved = patch(who, &id, &body).await;
                for refused in [tested, saved] {
                    let refused = refused.json(StatusCode::UNPROCESSABLE_ENTITY).await;
                    assert_eq!(refused["fields"][0]["field"], "api_token", "{refused:#}");
                    assert_eq!(refused["fields"][0]["text"], says.as_str());
                }
            }
        }
        for what in ["test", "save"] {
            let fields = [("domain", evil.url.as_str()), ("api_token", ""), ("do", what)];
            let page = who.form(&format!("/connectors/{id}/settings"), &fields).await;
            let page = page.text(StatusCode::UNPROCESSABLE_ENTITY).await;
            assert!(page.contains("the stored one belongs to"), "{page}");
        }
    }
    assert_eq!(evil.paths(), Vec::<String>::new(), "it was not asked for anything");
    let after = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    assert_eq!((&after["settings"], &after["version"]), (&before["settings"], &before["version"]));

    // Each attempt is in the record, with where it was to go; a dry run asks a server too.
    let dry = format!("/api/connectors/{id}/test?dry_run=1");
    owner.post(&dry, &json!({ "domain": evil.url })).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    let audit = sue.audit(&format!("connector/{id}")).await;
    assert_eq!(audit[0]["action"], "connector.settings-tested", "{:#}", audit[0]);
    assert_eq!(audit[0]["actor"], "Ownie");
    assert_eq!(audit[0]["detail"], json!({ "domain": evil.url, "secret": "stored" }));

    // The same domain in another spelling is the same origin.
    let same = format!(" {}/ ", house.fake.url().to_uppercase());
    let works = owner.post(&format!("/api/connectors/{id}/test"), &json!({ "domain": same })).await;
    assert_eq!(works.json(StatusCode::OK).await["passed"], true);
    let saved = patch(&owner, &id, &json!({ "domain": same })).await.json(StatusCode::OK).await;
    assert_eq!(saved["settings"]["domain"], house.fake.url());
    house.settled(&sue, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_forwards_is_not_saved_and_never_sees_the_credential_that_writes() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = writing(&house, &sue).await;
    let admin = house.invite(&sue, "Carl", "connector-administrator").await;
    let evil = Evil::start(Ways::Forward(house.fake.url().to_owned())).await;
    let own = house.fake.token("app_admin");

    // The stored token stays; with a token of one's own the forwarding host shows that it works, and is not saved.
    patch(&admin, &id, &json!({ "domain": evil.url })).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    let body = json!({ "domain": evil.url, "api_token": house.fake.token("read_only") });
    let refused = patch(&admin, &id, &body).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["fields"][0]["field"], "domain", "{refused:#}");
    let text = refused["fields"][0]["text"].as_str().unwrap();
    assert!(text.contains("which is known as") && text.contains("a Super Administrator confirms"), "{text}");
    let view = admin.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    assert_eq!(view["settings"]["domain"], house.fake.url());
    let writes = provisioning(&sue, &id).await;
    assert_eq!((&writes["enabled"], &writes["token"]["usable"]), (&json!(true), &json!(true)));

    // Confirmed by mistake: the second credential and the switch do not come along.
    let org = view["org_id"].as_str().unwrap();
    let path = format!("/api/orgs/{org}/domain");
    let wanted = json!({ "domain": evil.url });
    admin.send(Method::POST, &path, Some(&wanted)).await.json(StatusCode::FORBIDDEN).await;
    sue.send(Method::POST, &path, Some(&wanted)).await.json(StatusCode::OK).await;
    // As long as the connector is not at the confirmed domain, no credential that writes is taken for it.
    let token = json!({ "api_token": own });
    let put = format!("/api/connectors/{id}/provisioning/token");
    sue.send(Method::PUT, &put, Some(&token)).await.json(StatusCode::CONFLICT).await;
    patch(&admin, &id, &json!({ "sync_custom_roles": false })).await.json(StatusCode::OK).await;
    house.settled(&sue, &id).await;
    patch(&admin, &id, &body).await.json(StatusCode::OK).await;
    house.settled(&sue, &id).await;
    let writes = provisioning(&sue, &id).await;
    assert_eq!((&writes["enabled"], &writes["token"]), (&json!(false), &Value::Null), "{writes:#}");
    assert!(writes["reason"].as_str().unwrap().contains("domain was changed"), "{writes:#}");
    let audit = sue.audit(&format!("connector/{id}")).await;
    let of = |action: &str| audit.iter().find(|row| row["action"] == action).unwrap();
    assert!(of("provisioning.token-cleared").to_string().contains(&evil.url));
    assert!(of("provisioning.switched-off").to_string().contains(&evil.url));
    assert_eq!(of("provisioning.switched-off")["actor"], "Carl");
    let plan = json!({ "action": "revoke", "person": "ann", "app": true });
    sue.post(&format!("/api/connectors/{id}/plans"), &plan).await.json(StatusCode::CONFLICT).await;
    let seen = evil.authorizations();
    assert_eq!(seen, [format!("SSWS {}", house.fake.token("read_only"))], "the one that was typed");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_org_under_the_same_domain_is_refused() {
    let house = House::demo().await;
    let sue = house.sue().await;
    // A domain that another org is moved to.
    let moving = Evil::start(Ways::Forward(house.fake.url().to_owned())).await;
    let id = house.added(&sue).await;
    let body = json!({ "domain": moving.url, "api_token": house.fake.token("super") });
    patch(&sue, &id, &body).await.json(StatusCode::OK).await;
    house.settled(&sue, &id).await;
    let options = Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() };
    let other = FakeOkta::start(Org::new("other").app(App::aws_mapping("0oaOther")), options).unwrap();
    *moving.ways.lock().unwrap() = Ways::Forward(other.url().to_owned());
    let body = json!({ "api_token": other.token("super"), "aws_okta_app_id": "" });
    let tested = sue.post(&format!("/api/connectors/{id}/test"), &body).await;
    for refused in [tested, patch(&sue, &id, &body).await] {
        let refused = refused.json(StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(refused["fields"][0]["field"], "domain", "{refused:#}");
        assert!(refused["fields"][0]["text"].as_str().unwrap().contains("another org"), "{refused:#}");
    }
}

async fn open(house: &House) -> DatabaseConnection {
    let path = house.data.join("rolebook.db");
    Database::connect(format!("sqlite://{}?mode=rw", path.display())).await.unwrap()
}

/// Seals as the first versions did: for the place in the database alone.
fn sealed_before(house: &House, place: &str, secret: &str) -> String {
    let text = std::fs::read_to_string(house.data.join("vault.key")).unwrap();
    let bytes = BASE64.decode(text.trim().as_bytes()).unwrap();
    let id =
        digest::digest(&digest::SHA256, &[b"rolebook vault key id".as_slice(), bytes.as_slice()].concat());
    let id = HEXLOWER.encode(&id.as_ref()[..4]);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).unwrap());
    let nonce = [7; 12];
    let mut body = secret.as_bytes().to_vec();
    let nonce_of = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce_of, Aad::from(place.as_bytes()), &mut body).unwrap();
    let whole = [nonce.as_slice(), &body, tag.as_ref()].concat();
    format!("v1.{id}.{}", BASE64URL_NOPAD.encode(&whole))
}

/// Puts both secrets of a connector back into the form of the first versions.
async fn unbind(house: &House, id: &str) {
    let read = sealed_before(house, &format!("connector/{id}/api-token"), &house.fake.token("read_only"));
    let write = sealed_before(house, &format!("connector/{id}/write-token"), &house.fake.token("super"));
    let db = open(house).await;
    for statement in [
        format!("UPDATE connector SET secret = '{read}' WHERE id = '{id}'"),
        format!("UPDATE provisioning SET secret = '{write}' WHERE connector_id = '{id}'"),
    ] {
        db.execute_unprepared(&statement).await.unwrap();
    }
    db.close().await.unwrap();
}

/// Takes the migration back, so that the next start is the first one after an upgrade.
async fn downgrade(house: &House) {
    let db = open(house).await;
    for statement in [
        "DELETE FROM seaql_migrations WHERE version = 'm0013_bound_secrets'",
        "DELETE FROM fact WHERE id = 'unbound-secrets'",
    ] {
        db.execute_unprepared(statement).await.unwrap();
    }
    db.close().await.unwrap();
}

async fn synced(house: &House, who: &Person, id: &str) -> Value {
    who.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.settled(who, id).await
}

const NAMES: [&str; 2] =
    ["Okta AWS Federation: API token", "Okta AWS Federation: API token, the one that writes"];

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_before_are_bound_at_the_first_start_and_the_old_form_is_refused_from_then_on() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let id = writing(&house, &sue).await;
    house.stop().await;
    unbind(&house, &id).await;
    downgrade(&house).await;
    let old = crate::tokens::sealed(&house);

    // A start under another key can bind nothing; the one with the right key still does.
    let (key, aside) = (house.data.join("vault.key"), house.data.join("aside"));
    std::fs::rename(&key, &aside).unwrap();
    house.start().await;
    assert_eq!(house.unopened().await, NAMES);
    house.stop().await;
    std::fs::rename(&aside, &key).unwrap();

    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    assert_eq!(house.unopened().await, Vec::<String>::new());
    assert!(crate::tokens::sealed(&house).iter().all(|text| !old.contains(text)), "none is left");
    assert_eq!(synced(&house, &sue, &id).await["label"], "connected");
    assert_eq!(provisioning(&sue, &id).await["token"]["usable"], true);
    let audit = sue.audit("console").await;
    let bound = audit.iter().find(|row| row["action"] == "vault.secrets-bound").unwrap();
    assert_eq!(bound["detail"]["secrets"], 2, "{bound:#}");

    // Put back later, the old form opens nothing: not at a start, not for a rotation, not for a sync.
    house.stop().await;
    unbind(&house, &id).await;
    let rotated = rolebook_console::rotate_key(house.config(), None).await.unwrap();
    assert_eq!((rotated.secrets, rotated.unopened.as_slice()), (0, NAMES.map(str::to_owned).as_slice()));
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    assert_eq!(house.unopened().await, NAMES);
    assert_eq!(synced(&house, &sue, &id).await["token"]["usable"], false);
    house.stop().await;
    let lines = rolebook_console::doctor(house.config()).await.unwrap().lines;
    assert_eq!(lines.iter().filter(|(what, well, _)| *what == "secret" && !well).count(), 2, "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_before_is_bound_when_it_is_restored() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let id = writing(&house, &sue).await;
    house.stop().await;
    unbind(&house, &id).await;
    // A backup is only made of an up-to-date database: one with the mark of the migration, which no start has met.
    let db = open(&house).await;
    db.execute_unprepared("INSERT INTO fact (id, value) VALUES ('unbound-secrets', 'yes')").await.unwrap();
    db.close().await.unwrap();
    let file = house.data.with_file_name("old.tar");
    rolebook_console::backup(&house.config(), &file).await.unwrap();
    let key = std::fs::read_to_string(house.data.join("vault.key")).unwrap();

    let restored = house.elsewhere("with-key");
    let mut config = restored.config();
    config.vault.text = Some(key.clone().into());
    assert_eq!(rolebook_console::restore(&config, &file).await.unwrap().unopened, []);

    // Without the key beside it, the first start binds them.
    let mut restored = house.elsewhere("without-key");
    assert_eq!(rolebook_console::restore(&restored.config(), &file).await.unwrap().unopened.len(), 2);
    std::fs::write(restored.data.join("vault.key"), key).unwrap();
    restored.start().await;
    assert_eq!(restored.unopened().await, Vec::<String>::new());
    let sue = restored.again().await;
    assert_eq!(synced(&restored, &sue, &id).await["label"], "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_edited_in_the_database_opens_no_secret_for_its_new_domain() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let id = writing(&house, &sue).await;
    let evil = Evil::start(Ways::Forward(house.fake.url().to_owned())).await;
    house.stop().await;
    let db = open(&house).await;
    let edit =
        format!("UPDATE connector SET settings = replace(settings, '{}', '{}')", house.fake.url(), evil.url);
    db.execute_unprepared(&edit).await.unwrap();
    db.close().await.unwrap();
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    // The clock passes the hour at which the settings of apps are looked at; syncs, plans and discovery ask for themselves.
    house.pass(&sue, 2 * 3600).await;
    house.settled(&sue, &id).await;
    let view = synced(&house, &sue, &id).await;
    assert_eq!(view["settings"]["domain"], evil.url, "{view:#}");
    assert_eq!(view["token"]["usable"], false, "{view:#}");
    assert_eq!(provisioning(&sue, &id).await["token"]["usable"], false);
    let plan = json!({ "action": "revoke", "person": "ann", "app": true });
    assert!(!sue.post(&format!("/api/connectors/{id}/plans"), &plan).await.status().is_success());
    assert!(!sue.post("/api/apps/discover", &json!({ "connector": id })).await.status().is_success());
    assert_eq!(evil.paths(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_connector_has_no_token_to_send() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    house.stop().await;
    for name in ["rolebook.db", "rolebook.db-wal", "rolebook.db-shm"] {
        let _ = std::fs::remove_file(house.data.join(name));
    }
    house.start_with(|config| config.rebuild = true).await;
    let sue = house.sue().await;
    let evil = Evil::start(Ways::Forward(house.fake.url().to_owned())).await;
    let refused = sue.post(&format!("/api/connectors/{id}/test"), &json!({ "domain": evil.url })).await;
    let refused = refused.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["fields"][0]["field"], "api_token", "{refused:#}");
    house.save(&sue, &id, "super").await;
    assert_eq!(house.settled(&sue, &id).await["label"], "connected");
    let body = json!({ "domain": evil.url });
    patch(&sue, &id, &body).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(evil.paths(), Vec::<String>::new());
}
