//! What a person sees of the guide before, beside and after its main way (`browser.rs`), by its numbers.

use reqwest::StatusCode;
use rolebook_fake_okta::{App, orgs};
use serde_json::json;

use crate::{
    browser::{browser_cookie, set_up},
    driver::{Browser, browser},
    house::{House, PASSWORD, Person},
};

async fn sign_in_as(browser: &Browser, house: &House, email: &str) {
    browser.click("form[action='/sign-out'] button").await;
    browser.see("Sign in").await;
    browser.open(&format!("{}/sign-in", house.url)).await;
    browser.fill("#email", email).await;
    browser.fill("#password", PASSWORD).await;
    browser.click("button.main").await;
    browser.see("Sign out").await;
}

async fn count(browser: &Browser, selector: &str) -> u64 {
    let script = "return document.querySelectorAll(arguments[0]).length";
    browser.run(script, json!([selector])).await.as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_there_before_anything_is_set_up() {
    let Some(browser) = browser().await else { return };
    let house = House::demo().await;
    set_up(&browser, &house).await;
    let sue = Person::with(&house.url, &browser_cookie(&browser, &house).await).await;
    let entry = sue.get("/api/connector-catalog/okta-aws-federation").await.json(StatusCode::OK).await;

    // SB-01, SB-02: the card, drawn from the catalogue.
    browser.open(&format!("{}/connectors/add", house.url)).await;
    browser.see("Okta AWS Federation").await;
    browser.see(entry["purpose"].as_str().unwrap()).await;
    for resource in entry["resources"].as_array().unwrap() {
        let does = if resource["provision"] == true { "sync, provision" } else { "sync" };
        browser.see(&format!("{} {does}", resource["name"].as_str().unwrap())).await;
    }

    // SB-11, SB-12, SB-13: how Okta is prepared, with links into the org that was typed.
    browser.click(&format!("article a[href='{}']", entry["docs"].as_str().unwrap())).await;
    browser.fill("#domain", "acme.okta.com").await;
    browser.click(".filters button").await;
    for text in [
        "Somebody with the role Super Administrator in Okta does this",
        "Add person",
        "store it in a vault",
        "Add administrator",
        "Confirm",
        "Create token",
        "A token carries the permissions of whoever creates it",
    ] {
        browser.see(text).await;
    }
    for place in ["users", "access/admins", "access/api/tokens"] {
        let link = format!("a[href='https://acme-admin.okta.com/admin/{place}']");
        assert_eq!(count(&browser, &link).await, 1, "{link}");
    }

    // SB-03, SB-04, SB-43: the wizard, before it asks for anything.
    browser.click("a.button.main").await;
    browser.see("Set up Okta AWS Federation").await;
    for row in entry["matrix"].as_array().unwrap() {
        browser.see(row["text"].as_str().unwrap()).await;
    }
    for hosting in entry["hosting"].as_array().unwrap() {
        let known = format!("{} {}", hosting["name"].as_str().unwrap(), hosting["notes"].as_str().unwrap());
        browser.see(&known).await;
    }
    browser.picture("wizard-empty").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_finishes_the_set_up() {
    let Some(browser) = browser().await else { return };
    let house = House::of(orgs::demo().app(App::aws_mapping("0oaAWS2").label("AWS second"))).await;
    set_up(&browser, &house).await;
    let sue = Person::with(&house.url, &browser_cookie(&browser, &house).await).await;
    house.invite(&sue, "Bob", "basic-user").await;
    house.invite(&sue, "Cid", "basic-user").await;

    // SB-20, SB-22: a name is there already, and so is the owner.
    browser.open(&format!("{}/connectors/new?kind=okta-aws-federation", house.url)).await;
    browser.see("Sue Park (you)").await;
    let filled = browser.run("return document.querySelector('[name=new]').value", json!([])).await;
    assert_eq!(filled, "Okta AWS Federation");
    assert_eq!(count(&browser, "[name=owner]:checked").await, 1);
    // SB-23: nobody has this address.
    browser.click("#c-new").await;
    browser.fill("#others", "dan@acme.test").await;
    browser.click("form button.main").await;
    browser.see("invite").await;
    // SB-24, SB-25, SB-26: two owners; the other one hears of it.
    browser.fill("#others", "bob@acme.test").await;
    browser.click("form button.main").await;
    browser.see("Not connected").await;
    let page = browser.path().await.trim_end_matches("/settings").to_owned();
    browser.click(&format!(".tabs a[href='{page}']")).await;
    browser.see("Bob, Sue Park").await;
    // The first letter was the invitation.
    let letters = house.mail_to("bob@acme.test", 2).await;
    assert!(letters.iter().any(|letter| letter.replace("=\r\n", "").contains(&page)), "{page}: {letters:?}");

    // SB-15: a Basic user is offered nothing.
    sign_in_as(&browser, &house, "cid@acme.test").await;
    assert_eq!(count(&browser, "a[href='/connectors/add']").await, 0, "{}", browser.text().await);
    browser.open(&format!("{}/connectors/add", house.url)).await;
    browser.see("This needs the role Super Administrator or Connector Administrator").await;

    // SB-27, SB-39: Bob does, and chooses among the org's AWS apps.
    browser.open(&house.url).await;
    sign_in_as(&browser, &house, "bob@acme.test").await;
    browser.open(&format!("{}{page}/settings?edit=1", house.url)).await;
    browser.fill("#domain", house.fake.url()).await;
    browser.fill("#api_token", &house.fake.token("read_only")).await;
    browser.click("button[value=save]").await;
    browser.see("AWS second").await;
    assert_eq!(count(&browser, "[name=aws_okta_app_id][type=radio]").await, 3);
    browser.picture("app-choice").await;
    browser.click("[value='0oaAWS']").await;
    browser.fill("#api_token", &house.fake.token("read_only")).await;
    browser.click("button[value=save]").await;
    browser.see("Last log").await;

    // SB-05, SB-07, SB-09, SB-10, SB-14: whose token it is, what can be reviewed with it, and what cannot.
    browser.open(&house.url).await;
    sign_in_as(&browser, &house, "sue@acme.test").await;
    browser.open(&format!("{}{page}", house.url)).await;
    browser.see("Export for review").await;
    let id = page.rsplit('/').next().unwrap();
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    browser.see(view["token"]["owner"].as_str().unwrap()).await;
    for scope in ["group-membership", "application-assignment"] {
        assert_eq!(count(&browser, &format!(".offers a[href$='/reviews/{scope}']")).await, 1, "{scope}");
    }
    assert_eq!(count(&browser, "button[disabled][aria-describedby='offer-okta-roles']").await, 1);
    browser.see("the token may not read this").await;
    browser.picture("connected-read-only").await;

    // SB-19: the app is managed now, and may hold another connector.
    browser.open(&format!("{}/connectors/new?kind=okta-aws-federation", house.url)).await;
    browser.click("#c-managed").await;
    browser.see("has 1 connector").await;

    // SB-32, SB-38, SB-41: optional boxes are changed later; a sync follows at once.
    browser.open(&format!("{}{page}/settings", house.url)).await;
    browser.see("not available yet: every sync reads the people it needs itself").await;
    browser.see("Skip secondary emails\nno").await;
    browser.click("[data-edit]").await;
    browser.click("[name=skip_secondary_emails]").await;
    browser.click("button[value=save]").await;
    browser.see("Last log").await;
    house.settled(&sue, id).await;
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    let items = syncs["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["cause"]), (2, &json!("save")), "{syncs:#}");
    browser.open(&format!("{}{page}/settings", house.url)).await;
    browser.see("Skip secondary emails\nyes").await;
}
