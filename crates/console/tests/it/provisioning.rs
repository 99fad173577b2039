//! The switch of a connector, and the credential that writes.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, Person};

async fn switch(who: &Person, id: &str, body: Value) -> crate::house::Answer {
    who.send(Method::PATCH, &format!("/api/connectors/{id}/provisioning"), Some(&body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_only_reads_until_a_super_administrator_switches_it_with_a_reason() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let fresh = house.added(&sue).await;
    let on = json!({ "enabled": true, "reason": "contractors come and go" });
    switch(&sue, &fresh, on.clone()).await.json(StatusCode::CONFLICT).await;
    let id = house.connected(&sue, "read_only").await;
    let path = format!("/api/connectors/{id}");
    let is_read_only = || async { sue.get(&path).await.json(StatusCode::OK).await["read_only"].clone() };
    assert_eq!(is_read_only().await, true);
    let page = sue.get(&format!("/connectors/{id}")).await.text(StatusCode::OK).await;
    assert!(page.contains("nothing is written to Okta"));
    for (body, field) in [
        (json!({ "enabled": true, "reason": " " }), "reason"),
        (json!({ "enabled": true, "reason": "x".repeat(501) }), "reason"),
        (json!({ "reason": "because" }), "enabled"),
    ] {
        let refused = switch(&sue, &id, body).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(refused["fields"][0]["field"], field, "{refused}");
    }
    let rita = house.invite(&sue, "Rita", "connector-administrator").await;
    switch(&rita, &id, on.clone()).await.json(StatusCode::FORBIDDEN).await;
    let page = rita.get(&format!("/connectors/{id}/provisioning")).await.text(StatusCode::OK).await;
    assert!(page.contains("Provisioning is off") && !page.contains("Switch provisioning on"));
    assert_eq!(is_read_only().await, true);

    switch(&sue, &id, on).await.json(StatusCode::OK).await;
    assert_eq!(is_read_only().await, false);
    let page = sue.get(&format!("/connectors/{id}")).await.text(StatusCode::OK).await;
    assert!(page.contains("provisioning is on") && !page.contains("nothing is written to Okta"));
    let list = sue.get("/api/connectors").await.json(StatusCode::OK).await;
    let listed = list["items"].as_array().unwrap().iter().find(|view| view["id"] == id.as_str()).unwrap();
    assert_eq!(listed["read_only"], false);
    let audit = sue.audit(&format!("connector/{id}")).await;
    assert_eq!(audit[0]["action"], "provisioning.switched-on");
    assert!(audit[0].to_string().contains("contractors come and go"));

    let fields = [("enabled", "off"), ("reason", "<b>enough</b>")];
    let form = format!("/connectors/{id}/provisioning/switch");
    assert_eq!(sue.form(&form, &fields).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(is_read_only().await, true);
    let page = sue.get(&format!("/connectors/{id}/provisioning")).await.text(StatusCode::OK).await;
    assert!(page.contains("enough") && !page.contains("<b>enough</b>"));
    let off = json!({ "second_person": false, "reason": "a team of one" });
    assert_eq!(switch(&sue, &id, off).await.json(StatusCode::OK).await["second_person"], false);
    let audit = sue.audit(&format!("connector/{id}")).await;
    assert_eq!(audit[0]["action"], "provisioning.second-person-off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_credential_is_tried_out_sealed_and_of_the_same_org() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "read_only").await;
    let path = format!("/api/connectors/{id}/provisioning/token");
    let put = |token: &str| {
        let (sue, path, body) = (sue.clone(), path.clone(), json!({ "api_token": token }));
        async move { sue.send(Method::PUT, &path, Some(&body)).await }
    };
    put(" ").await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    let wrong = put("00wrongwrongwrongwrong").await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(wrong["fields"][0]["field"], "api_token", "{wrong}");
    let nothing = sue.get(&format!("/api/connectors/{id}/provisioning")).await.json(StatusCode::OK).await;
    assert!(nothing["token"].is_null());

    let secret = house.fake.token("super");
    let view = put(&secret).await.json(StatusCode::OK).await;
    assert!(view["token"]["usable"].as_bool().unwrap());
    let database = std::fs::read(house.data.join("rolebook.db")).unwrap();
    let log = std::fs::read(house.data.join("rolebook.db-wal")).unwrap_or_default();
    for bytes in [database, log] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "it is sealed");
    }
    for place in [path.trim_end_matches("/token").to_owned(), format!("/connectors/{id}/provisioning")] {
        assert!(!sue.get(&place).await.text(StatusCode::OK).await.contains(&secret), "{place}");
    }
    assert_eq!(sue.audit(&format!("connector/{id}")).await[0]["action"], "provisioning.token-set");

    // Syncs keep the other token.
    let before = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    assert_ne!(before["token"]["owner"], view["token"]["owner"]);
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.settled(&sue, &id).await;

    let gone = sue.send(Method::DELETE, &path, None).await.json(StatusCode::OK).await;
    assert!(gone["token"].is_null());
    sue.send(Method::DELETE, &path, None).await.json(StatusCode::NOT_FOUND).await;
}
