//! The guide in a real browser, from the set-up link to who has access, and what every page owes to everybody.
//! These run where `ROLEBOOK_CHROMEDRIVER` names a driver.

use std::time::Duration;

use rolebook_fake_okta::{FakeOkta, Fault};
use serde_json::{Value, json};

use crate::{
    driver::{Browser, browser},
    house::{House, PASSWORD},
};

async fn set_up(browser: &Browser, house: &House) {
    browser.open(&house.link()).await;
    browser.see("Create the Super Administrator").await;
    browser.picture("set-up").await;
    for (field, value) in
        [("#name", "Sue Park"), ("#email", "sue@acme.test"), ("#password", PASSWORD), ("#again", PASSWORD)]
    {
        browser.fill(field, value).await;
    }
    browser.click("button.main").await;
    browser.see("Nothing is connected yet").await;
}

fn slow(fake: &FakeOkta, milliseconds: u64) {
    fake.configure(|options| options.latency = Duration::from_millis(milliseconds));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_from_end_to_end() {
    let Some(browser) = browser().await else { return };
    let house = House::demo().await;
    set_up(&browser, &house).await;
    browser.picture("home-empty").await;

    // SB-16, SB-17: Connectors, Add connector, search, Enter on the single hit.
    browser.click("nav a[href='/connectors']").await;
    browser.see("No connector yet").await;
    browser.picture("connectors-empty").await;
    browser.click(".head .button.main").await;
    browser.fill("#q", "okta aws FEDERATION").await;
    browser.see("Works through Okta groups").await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    browser.picture("add").await;
    browser.press("\u{e007}").await;
    browser.see("Set up Okta AWS Federation").await;

    // SB-21: nothing discovered; discover, and come back.
    browser.click("a[href='/apps?state=unmanaged']").await;
    browser.fill("#domain", house.fake.url()).await;
    browser.fill("#api_token", &house.fake.token("read_only")).await;
    browser.click("form[action='/apps/discover'] button").await;
    browser.see("apps found").await;
    browser.picture("apps").await;
    browser.open(&format!("{}/connectors/new?kind=okta-aws-federation", house.url)).await;
    browser.see("An app that is not managed yet").await;
    browser.picture("wizard").await;

    // SB-18, SB-22, SB-26
    browser.click("form button.main").await;
    browser.see("Not connected").await;
    browser.see("API token").await;
    browser.picture("settings-read").await;

    // SB-28 … SB-30, SB-33: Edit, a wrong token, then the right one.
    browser.click("[data-edit]").await;
    browser.fill("#domain", house.fake.url()).await;
    browser.fill("#api_token", "00wrongwrongwrongwrong").await;
    browser.click("button[value=save]").await;
    browser.see("The settings do not work; nothing was changed").await;
    browser.picture("settings-error").await;
    slow(&house.fake, 60);
    browser.fill("#api_token", &house.fake.token("super")).await;
    browser.click("button[value=save]").await;

    // SB-34 … SB-36: live, without a reload.
    browser.see("Syncing").await;
    browser.run("window.stayed = true", json!([])).await;
    browser.see("members").await;
    browser.picture("syncing").await;
    slow(&house.fake, 0);
    browser.see("Export for review").await;
    let label =
        browser.run("return document.querySelector('.head .chip .text').textContent", json!([])).await;
    assert_eq!(label, "Connected");
    assert_eq!(browser.run("return window.stayed", json!([])).await, true, "the page was never loaded anew");
    browser.picture("connected").await;
    browser.click("a[href*='/syncs/']").await;
    browser.see("What it read").await;
    browser.picture("sync").await;

    // SB-37
    for (path, text) in [
        ("/accounts", "Accounts that the app leads to"),
        ("/people", "People who are assigned"),
        ("/grants", "Who can assume which role"),
    ] {
        browser.open(&format!("{}{path}", house.url)).await;
        browser.see(text).await;
        browser.picture(&path[1..]).await;
    }
    browser.open(&house.url).await;
    browser.see("grants in effect").await;
    browser.picture("home").await;
    assert_eq!(
        browser.complaints().await.iter().filter(|text| !text.contains("422")).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_usable_by_everybody() {
    let Some(browser) = browser().await else { return };
    let house = House::demo().await;
    set_up(&browser, &house).await;
    let cookie = browser_cookie(&browser, &house).await;
    let sue = crate::house::Person::with(&house.url, &cookie).await;
    let id = house.connected(&sue, "super").await;
    house.fake.add_fault(Fault::everywhere().status(401).code("E0000011").done());
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await;
    house.settled(&sue, &id).await;
    house.fake.clear_faults();
    let pages = [
        "/".to_owned(),
        "/connectors".to_owned(),
        "/connectors/add".to_owned(),
        "/connectors/new?kind=okta-aws-federation".to_owned(),
        format!("/connectors/{id}"),
        format!("/connectors/{id}/settings"),
        format!("/connectors/{id}/settings?edit=1"),
        format!("/connectors/{id}/history"),
        format!("/connectors/{id}/manage"),
        format!("/connectors/{id}/provisioning"),
        "/apps?state=unmanaged".to_owned(),
        "/accounts".to_owned(),
        "/people?q=a".to_owned(),
        "/groups".to_owned(),
        "/grants".to_owned(),
        "/explorer?ask=who&role=*Admin*".to_owned(),
        "/findings".to_owned(),
        "/plans".to_owned(),
        "/activity".to_owned(),
        "/settings".to_owned(),
        "/help/okta".to_owned(),
        "/nothing".to_owned(),
    ];
    let axe =
        std::env::var("ROLEBOOK_AXE").ok().map(|path| std::fs::read_to_string(path).expect("axe.min.js"));
    let mut findings = Vec::new();
    for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 360)] {
        browser.scheme(scheme).await;
        browser.size(width, 860).await;
        for path in &pages {
            browser.open(&format!("{}{path}", house.url)).await;
            let name = path.split('?').next().unwrap().replace(&id, "one").replace('/', "_");
            browser.picture(&format!("{scheme}-{width}{name}")).await;
            let wide =
                browser.run("return document.documentElement.scrollWidth - innerWidth", json!([])).await;
            if wide.as_i64().unwrap() > 0 {
                findings.push(format!("{path} is {wide} too wide at {width}"));
            }
            if let Some(axe) = &axe {
                let found = violations(&browser, axe).await;
                findings.extend(found.into_iter().map(|found| format!("{scheme} {width} {path}: {found}")));
            }
        }
    }
    assert!(findings.is_empty(), "{findings:#?}");
}

/// Serious findings of axe.
async fn violations(browser: &Browser, axe: &str) -> Vec<String> {
    // The content policy lets no page load a script of others; a driver's script is none of the page's.
    browser.run(axe, json!([])).await;
    let found = browser
        .run(
            "return axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations\
             .filter((v) => ['serious', 'critical'].includes(v.impact))\
             .map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ') + ' ' + n.failureSummary).join('; ')}`))",
            json!([]),
        )
        .await;
    found
        .as_array()
        .map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default()
}

async fn browser_cookie(browser: &Browser, house: &House) -> String {
    // The cookie is not for scripts, so somebody signs in anew.
    assert_eq!(browser.run("return document.cookie", json!([])).await, "", "{}", house.url);
    let form = [("email", "sue@acme.test"), ("password", PASSWORD)];
    let answer =
        crate::house::http().post(format!("{}/sign-in", house.url)).form(&form).send().await.unwrap();
    crate::house::cookie_of(&answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_reaches_everything() {
    let Some(browser) = browser().await else { return };
    let house = House::demo().await;
    set_up(&browser, &house).await;
    browser.press("gc").await;
    browser.see("No connector yet").await;
    assert_eq!(browser.path().await, "/connectors");
    browser.press("?").await;
    browser.see("next and previous row").await;
    browser.press("\u{e00c}").await;
    browser.press("gt").await;
    browser.see("Rows are only ever added").await;
    browser.press("jj").await;
    let here = browser.run("return [...document.querySelectorAll('tbody tr')].findIndex((r) => r.classList.contains('here'))", json!([])).await;
    assert_eq!(here, 1);
    browser.press("/").await;
    assert_eq!(browser.run("return document.activeElement.id", json!([])).await, "q");
}
