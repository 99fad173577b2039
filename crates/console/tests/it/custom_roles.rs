//! SB-31: Sync custom roles.

use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{AdminRole, App, AppGroup, CustomRole, Group, Org, ResourceSet, RoleTargets, User};
use serde_json::{Value, json};

use crate::house::{House, Person};

fn org() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test"))
        .user(User::new("bob@acme.test"))
        .group(Group::new("aws_111122223333_Admin").members(["ann@acme.test"]))
        .group(Group::new("helpers"))
        .app(App::aws_mapping("0oaAWS").group(AppGroup::new("aws_111122223333_Admin")))
        .user_role("bob@acme.test", AdminRole::SuperAdmin, RoleTargets::all())
        .custom_role(
            CustomRole::new("AWS <b>Reviewer</b>").id("cr0R").permissions(["okta.groups.members.manage"]),
        )
        .resource_set(
            ResourceSet::new("The AWS groups")
                .id("iamS")
                .resources(["/api/v1/groups"])
                .bind("cr0R", ["ann@acme.test", "helpers"]),
        )
}

async fn switch(who: &Person, id: &str, body: Value) -> crate::house::Answer {
    who.send(Method::PATCH, &format!("/api/connectors/{id}/settings"), Some(&body)).await
}

fn asked(house: &House) -> bool {
    house
        .fake
        .log_lines()
        .iter()
        .any(|line| line.contains("/iam/roles") || line.contains("/iam/resource-sets"))
}

#[tokio::test(flavor = "multi_thread")]
async fn off_asks_for_nothing_and_on_brings_roles_and_bindings() {
    let house = House::of(org()).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let review = format!("/api/connectors/{id}/reviews/okta-roles");
    let off = sue.get(&review).await.text(StatusCode::OK).await;
    assert!(!asked(&house), "SB-31, off: no custom role is asked for");
    assert!(off.contains("SUPER_ADMIN") && !off.contains("cr0R"), "{off}");

    let view = switch(&sue, &id, json!({ "sync_custom_roles": true })).await.json(StatusCode::OK).await;
    assert_eq!(view["settings"]["sync_custom_roles"], true);
    let view = house.settled(&sue, &id).await;
    assert!(asked(&house), "SB-31, on");
    let on = sue.get(&review).await.text(StatusCode::OK).await;
    let line = |holder: &str| {
        on.lines().find(|line| line.contains("cr0R") && line.contains(holder)).map(str::to_owned)
    };
    let ann = line("ann@acme.test").unwrap_or_else(|| panic!("{on}"));
    assert!(ann.contains("AWS <b>Reviewer</b>") && ann.contains("The AWS groups"), "{ann}");
    assert!(line("helpers").is_some(), "a group that is bound stands there too: {on}");
    let sync = view["good_sync"].as_str().unwrap();
    let page = sue.get(&format!("/connectors/{id}/syncs/{sync}")).await.text(StatusCode::OK).await;
    assert!(page.contains("custom-roles"), "what it read says so: {page}");

    let audit = sue.audit(&format!("connector/{id}")).await;
    let saved = audit.iter().find(|event| event["action"] == "connector.settings-saved").unwrap();
    let of = |side: &str| saved["detail"][side]["sync_custom_roles"].clone();
    assert_eq!((of("from"), of("to")), (json!(false), json!(true)));

    // The page: read, edit, and off again from the next sync on.
    let read = sue.get(&format!("/connectors/{id}/settings")).await.text(StatusCode::OK).await;
    assert!(read.contains("<dt>Sync custom roles</dt><dd>yes</dd>"), "{read}");
    let edit = sue.get(&format!("/connectors/{id}/settings?edit=1")).await.text(StatusCode::OK).await;
    assert!(edit.contains("name=\"sync_custom_roles\" value=\"1\" checked"), "{edit}");
    house.fake.clear_log();
    let form = [("domain", house.fake.url()), ("sign_in_with", "token"), ("do", "save")];
    let saved = sue.form(&format!("/connectors/{id}/settings"), &form).await;
    assert_eq!(saved.status(), StatusCode::SEE_OTHER);
    house.settled(&sue, &id).await;
    assert!(!asked(&house), "SB-31, off again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_not_see_them_is_told_at_the_box() {
    let house = House::of(org()).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "read_only").await;
    let refused = switch(&sue, &id, json!({ "sync_custom_roles": true }))
        .await
        .json(StatusCode::UNPROCESSABLE_ENTITY)
        .await;
    assert_eq!(refused["fields"][0]["field"], "sync_custom_roles", "{refused:#}");
    assert!(
        refused["fields"][0]["text"].as_str().unwrap().contains("leave Sync custom roles off"),
        "{refused:#}"
    );
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    assert_eq!(
        (&view["settings"]["sync_custom_roles"], &view["label"]),
        (&json!(false), &json!("connected"))
    );
    let form =
        [("domain", house.fake.url()), ("sign_in_with", "token"), ("sync_custom_roles", "1"), ("do", "save")];
    let page = sue.form(&format!("/connectors/{id}/settings"), &form).await;
    let page = page.text(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(
        page.contains("id=\"sync_custom_roles-error\"")
            && page.contains("sync_custom_roles\" value=\"1\" checked")
    );
}
