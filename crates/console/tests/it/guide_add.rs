//! SB-15 … SB-27: adding a connector.

use reqwest::StatusCode;
use serde_json::json;

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_of_connectors_add_one() {
    // SB-15, SB-16
    let house = House::demo().await;
    let sue = house.sue().await;
    let bob = house.invite(&sue, "Bob", "basic-user").await;
    let cat = house.invite(&sue, "Cat", "connector-administrator").await;
    let new = json!({ "kind": "okta-aws-federation", "app": { "new": "AWS" } });

    let refused = bob.post("/api/connectors", &new).await.json(StatusCode::FORBIDDEN).await;
    assert!(refused["detail"].as_str().unwrap().contains("Connector Administrator"), "{refused}");
    let home = bob.get("/").await.text(StatusCode::OK).await;
    assert!(!home.contains("href=\"/connectors\""), "the menu of a Basic user has no connectors");
    let me = bob.get("/api/me").await.json(StatusCode::OK).await;
    let audit = sue.audit(&format!("user/{}", me["id"].as_str().unwrap())).await;
    assert!(audit.iter().any(|event| event["action"] == "request.refused" && event["detail"]["path"] == "/api/connectors"));

    cat.post("/api/connectors", &new).await.json(StatusCode::CREATED).await;
    let page = cat.get("/connectors").await.text(StatusCode::OK).await;
    assert!(page.contains("Add connector"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_says_the_next_step() {
    // SB-16, SB-21
    let house = House::demo().await;
    let sue = house.sue().await;
    let list = sue.get("/connectors").await.text(StatusCode::OK).await;
    assert!(list.contains("No connector yet") && list.contains("href=\"/connectors/add\""));
    let wizard = sue.get("/connectors/new?kind=okta-aws-federation").await.text(StatusCode::OK).await;
    assert!(wizard.contains("id=\"c-unmanaged\" value=\"unmanaged\" disabled"));
    assert!(wizard.contains("Discover apps now"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_ways_to_an_app() {
    // SB-18, SB-19, SB-20
    let house = House::demo().await;
    let sue = house.sue().await;
    let found = sue
        .post(
            "/api/apps/discover",
            &json!({ "domain": house.fake.url(), "api_token": house.fake.token("read_only") }),
        )
        .await
        .json(StatusCode::OK)
        .await;
    let unmanaged = sue.get("/api/apps?state=unmanaged&limit=200").await.json(StatusCode::OK).await;
    assert_eq!(found["found"], unmanaged["total"]);
    let aws = unmanaged["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|app| app["aws"] == true)
        .expect("the AWS app")
        .clone();
    let id = aws["id"].as_str().unwrap();

    // 1: a discovered app becomes managed and is linked, once.
    let new = json!({ "kind": "okta-aws-federation", "app": { "unmanaged": id } });
    let made = sue.post("/api/connectors", &new).await.json(StatusCode::CREATED).await;
    assert_eq!(made["app_id"], id);
    assert_eq!(made["settings"]["aws_okta_app_id"], aws["okta_id"], "the app is known already");
    let managed = sue.get("/api/apps?state=managed").await.json(StatusCode::OK).await;
    assert_eq!(managed["items"][0]["id"], id);
    let again = sue.post("/api/connectors", &new).await.json(StatusCode::CONFLICT).await;
    assert!(again["title"].as_str().unwrap().contains("managed"), "{again}");
    sue.post(&format!("/api/apps/{id}/promote"), &json!({})).await.json(StatusCode::CONFLICT).await;

    // 2: a managed app may hold several connectors.
    let second = json!({ "kind": "okta-aws-federation", "app": { "managed": id }, "name": "Second" });
    sue.post("/api/connectors", &second).await.json(StatusCode::CREATED).await;

    // 3: a new one, whose name is free.
    let third = json!({ "kind": "okta-aws-federation", "app": { "new": "Sandbox" } });
    sue.post("/api/connectors", &third).await.json(StatusCode::CREATED).await;
    let taken = json!({ "kind": "okta-aws-federation", "app": { "new": "sandbox" } });
    let refused = sue.post("/api/connectors", &taken).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["fields"][0]["field"], "app");
    let wizard = sue.get("/connectors/new?kind=okta-aws-federation").await.text(StatusCode::OK).await;
    assert!(wizard.contains("value=\"Okta AWS Federation\""), "the name is prefilled");
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_are_told_once_and_finish_the_set_up_with_the_basic_role() {
    // SB-22 … SB-27
    let house = House::demo().await;
    let sue = house.sue().await;
    let bob = house.invite(&sue, "Bob", "basic-user").await;
    let eve = house.invite(&sue, "Eve", "basic-user").await;

    let mine = json!({ "kind": "okta-aws-federation", "app": { "new": "Mine" } });
    let mine = sue.post("/api/connectors", &mine).await.json(StatusCode::CREATED).await;
    assert_eq!(mine["owners"][0]["email"], "sue@acme.test", "SB-22: whoever makes it, when nobody is named");

    let unknown =
        json!({ "kind": "okta-aws-federation", "app": { "new": "X" }, "owners": ["nobody@acme.test"] });
    let refused = sue.post("/api/connectors", &unknown).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(refused["fields"][0]["text"].as_str().unwrap().contains("invite"), "SB-23: {refused}");

    let shared = json!({ "kind": "okta-aws-federation", "app": { "new": "Shared" }, "owners": ["Bob@acme.test", "sue@acme.test"] });
    let shared = sue.post("/api/connectors", &shared).await.json(StatusCode::CREATED).await;
    let id = shared["id"].as_str().unwrap().to_owned();
    assert_eq!(shared["owners"].as_array().unwrap().len(), 2, "SB-24");
    assert_eq!(
        (&shared["label"], &shared["settings"]["domain"]),
        (&json!("not-connected"), &json!("")),
        "SB-26"
    );
    let audit = sue.audit(&format!("connector/{id}")).await;
    assert!(audit.iter().any(|event| event["action"] == "connector.created"), "SB-26");

    // SB-25: Bob is told, Sue is not; setting the same owners again tells nobody.
    let letters = house.mail_to("bob@acme.test", 2).await;
    let letter = letters.iter().find(|letter| letter.contains("Your help is needed")).expect("the hand-over");
    assert!(
        letter.contains("Sue") && letter.contains(&format!("{}/connectors/{id}/settings", house.url)),
        "{letter}"
    );
    assert!(letter.contains("Read-only Administrator"));
    let owners = json!({ "owners": ["bob@acme.test", "sue@acme.test"] });
    sue.send(reqwest::Method::PUT, &format!("/api/connectors/{id}/owners"), Some(&owners))
        .await
        .json(StatusCode::OK)
        .await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let helps = house.mail().iter().filter(|letter| letter.contains("Your help is needed")).count();
    assert_eq!(helps, 1);

    // SB-27
    house.save(&bob, &id, "read_only").await;
    let view = house.settled(&bob, &id).await;
    assert_eq!(view["label"], "connected");
    let other = mine["id"].as_str().unwrap();
    bob.get(&format!("/api/connectors/{other}")).await.json(StatusCode::FORBIDDEN).await;
    eve.get(&format!("/api/connectors/{id}")).await.json(StatusCode::FORBIDDEN).await;
    bob.get("/api/grants").await.json(StatusCode::FORBIDDEN).await;
    assert_eq!(bob.get("/api/connectors").await.json(StatusCode::OK).await["total"], 1);

    // SB-24: the last owner may go.
    let none = json!({ "owners": [] });
    let view = sue
        .send(reqwest::Method::PUT, &format!("/api/connectors/{id}/owners"), Some(&none))
        .await
        .json(StatusCode::OK)
        .await;
    assert_eq!(view["owners"], json!([]));
    bob.get(&format!("/api/connectors/{id}")).await.json(StatusCode::FORBIDDEN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wizard_works_as_a_form() {
    // SB-20, SB-26 through the pages
    let house = House::demo().await;
    let sue = house.sue().await;
    let me = sue.get("/api/me").await.json(StatusCode::OK).await;
    let fields = [
        ("kind", "okta-aws-federation"),
        ("choice", "new"),
        ("new", "AWS by form"),
        ("owner", me["id"].as_str().unwrap()),
    ];
    let answer = sue.form("/connectors/new", &fields).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let to = answer.header("location");
    assert!(to.starts_with("/connectors/con_") && to.ends_with("/settings"), "{to}");
    let page = sue.get(&to).await.text(StatusCode::OK).await;
    assert!(page.contains("Not connected") && page.contains(">Edit</a>") && page.contains("not set"));
    let again = sue.form("/connectors/new", &fields).await.text(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(again.contains("there is a managed app AWS by form already"));
}
