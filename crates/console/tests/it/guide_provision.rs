//! SB-08 and SB-40 on plans: assigning to the app, and turning a group assignment into an individual one.

use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{App, AppGroup, AppUser, Group, Org, User};
use serde_json::{Value, json};

use crate::house::{Answer, House, Person};

/// Roles stand in profiles: Ann is assigned by herself, Bob by his group.
pub(crate) fn org() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .user(User::new("cy@acme.test").id("00uC"))
        .group(Group::new("staff").id("gX").members(["00uB"]))
        .app(
            App::aws("0oaAWS")
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .saml_iam_roles(["Audit", "Ops"])
                .user(AppUser::direct("00uA").saml_roles(["Ops"]))
                .group(AppGroup::new("gX").saml_roles(["Ops"])),
        )
}

async fn ready(token: &str) -> (House, Person, String) {
    let house = House::of(org()).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, token).await;
    let on = json!({ "enabled": true, "reason": "trying it out" });
    let path = format!("/api/connectors/{id}/provisioning");
    sue.send(Method::PATCH, &path, Some(&on)).await.json(StatusCode::OK).await;
    (house, sue, id)
}

async fn make(who: &Person, id: &str, plan: &Value) -> Answer {
    who.post(&format!("/api/connectors/{id}/plans"), plan).await
}

#[tokio::test(flavor = "multi_thread")]
async fn assigning_to_the_app_needs_the_right_of_its_row() {
    // SB-08
    let assign = json!({ "action": "grant", "person": "cy@acme.test", "app": true });
    let (house, sue, id) = ready("read_only").await;
    let page = sue.get("/plans").await.text(StatusCode::OK).await;
    assert!(page.contains("not proven"), "SB-08: unknown is marked so");
    let stated = json!({ "stated": "read-only" });
    let settings = format!("/api/connectors/{id}/settings");
    sue.send(Method::PATCH, &settings, Some(&stated)).await.json(StatusCode::OK).await;
    house.settled(&sue, &id).await;
    house.fake.clear_log();
    let refused = make(&sue, &id, &assign).await.json(StatusCode::CONFLICT).await;
    let why = "the token lacks Application Administrator (stated no)";
    assert!(refused["detail"].as_str().unwrap().contains(why), "SB-08: {refused:#}");
    assert!(
        sue.get("/plans").await.text(StatusCode::OK).await.contains(why),
        "SB-08: the reason stands there"
    );
    assert!(!house.fake.log_lines().iter().any(|line| line.contains("POST ")), "nothing was written");

    let (house, sue, id) = ready("super").await;
    house.fake.clear_log();
    let plan = make(&sue, &id, &assign).await.json(StatusCode::CREATED).await;
    let path = format!("/api/connectors/{id}/plans/{}/apply", plan["id"].as_str().unwrap());
    let done = sue.post(&path, &json!({ "digest": plan["digest"] })).await.json(StatusCode::OK).await;
    assert_eq!(done["result"]["outcome"], "done", "{done:#}");
    let log = house.fake.log_lines();
    assert!(
        log.iter().any(|line| line.contains("/api/v1/apps/0oaAWS/users") && !line.starts_with("GET")),
        "{log:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_assignment_is_converted_only_where_that_is_switched_on_and_the_plan_says_so() {
    // SB-40
    let (house, sue, id) = ready("super").await;
    let grant = json!({ "action": "grant", "person": "bob@acme.test", "role": "111122223333/Audit" });
    let refused = make(&sue, &id, &grant).await;
    assert!(refused.status().is_client_error());
    let refused = refused.0.text().await.unwrap();
    assert!(refused.contains("GROUP"), "SB-40, off: refused with an explanation: {refused}");
    let on = json!({ "allow_conversion": true });
    let settings = format!("/api/connectors/{id}/settings");
    sue.send(Method::PATCH, &settings, Some(&on)).await.json(StatusCode::OK).await;
    house.settled(&sue, &id).await;
    let plan = make(&sue, &id, &grant).await.json(StatusCode::CREATED).await;
    let page = format!("/connectors/{id}/plans/{}", plan["id"].as_str().unwrap());
    let page = sue.get(&page).await.text(StatusCode::OK).await;
    let says = |text: &str| text.contains("GROUP") && text.contains("USER");
    assert!(says(&plan.to_string()) && says(&page), "SB-40, on: {plan:#} {page}");
}
