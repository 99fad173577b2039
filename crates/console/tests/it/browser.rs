//! The guide in a real browser, from the set-up link to who has access, and what every page owes to everybody.
//! These run where `ROLEBOOK_CHROMEDRIVER` names a driver.

use std::time::Duration;

use rolebook_fake_okta::{FakeOkta, Fault, Options, ServiceApp, ServiceKey, TokenRole, orgs};
use serde_json::{Value, json};

use crate::{
    driver::{Browser, browser},
    house::{House, PASSWORD},
};

pub(crate) async fn set_up(browser: &Browser, house: &House) {
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
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(reqwest::StatusCode::OK).await;
    let app = view["app_id"].as_str().unwrap().to_owned();
    let first = view["good_sync"].as_str().unwrap().to_owned();
    let (person, group) = somebody(&house);
    house.fake.change(|org| org.remove_member(&group, &person));
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await;
    let view = house.settled(&sue, &id).await;
    let good = view["good_sync"].as_str().unwrap().to_owned();
    let plan = planned(&sue, &id, &person, &group).await;
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
        format!("/connectors/{id}/syncs/{good}?with={first}"),
        format!("/connectors/{id}/plans/{plan}"),
        format!("/apps/{app}"),
        "/explorer?ask=group&group=aws-users".to_owned(),
        "/explorer?ask=what&person=ann.lee@acme.example".to_owned(),
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
        "/watches".to_owned(),
        "/help/okta".to_owned(),
        "/nothing".to_owned(),
    ];
    let pages: Vec<(String, String)> = pages
        .into_iter()
        .map(|path| {
            let name =
                path.replace(&id, "one").replace(&plan, "one").replace(&app, "one").replace(&good, "one");
            (name.split("with=").next().unwrap().replace(['/', '?', '=', '&', '*', '@'], "_"), path)
        })
        .collect();
    usable(&browser, &house, &pages).await;
}

/// Each page, by its name and path, light and dark and on a phone: not too wide, and without serious findings.
async fn usable(browser: &Browser, house: &House, pages: &[(String, String)]) {
    let axe =
        std::env::var("ROLEBOOK_AXE").ok().map(|path| std::fs::read_to_string(path).expect("axe.min.js"));
    let mut findings = Vec::new();
    for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 360)] {
        browser.scheme(scheme).await;
        browser.size(width, 860).await;
        for (name, path) in pages {
            browser.complaints().await;
            browser.open(&format!("{}{path}", house.url)).await;
            browser.picture(&format!("{scheme}-{width}{name}")).await;
            let wide =
                browser.run("return document.documentElement.scrollWidth - innerWidth", json!([])).await;
            if wide.as_i64().unwrap() > 0 {
                findings.push(format!("{path} is {wide} too wide at {width}"));
            }
            if let Some(axe) = &axe {
                let found = violations(browser, axe).await;
                findings.extend(found.into_iter().map(|found| format!("{scheme} {width} {path}: {found}")));
            }
        }
    }
    assert!(findings.is_empty(), "{findings:#?}");
}

/// Somebody of the demo org who is in a group that confers a role by its name, and that group.
fn somebody(house: &House) -> (String, String) {
    house.fake.with_org(|org| {
        let groups: Vec<String> = org
            .group_names()
            .filter(|(_, name)| {
                name.is_some_and(|name| name.starts_with("aws_") && name.contains("ReadOnly"))
            })
            .map(|(id, _)| id.to_owned())
            .collect();
        let members = |group: &String| org.members(group).first().map(|user| (*user).to_owned());
        let found = groups.iter().find_map(|group| Some((members(group)?, group.clone())));
        found.expect("the demo org has such a group")
    })
}

/// Switches provisioning on and plans that somebody comes into a group.
async fn planned(sue: &crate::house::Person, id: &str, person: &str, group: &str) -> String {
    let on = json!({ "enabled": true, "reason": "access is given here" });
    let path = format!("/api/connectors/{id}/provisioning");
    sue.send(reqwest::Method::PATCH, &path, Some(&on)).await.json(reqwest::StatusCode::OK).await;
    let plan = json!({ "action": "grant", "person": person, "group": group });
    let plan = sue.post(&format!("/api/connectors/{id}/plans"), &plan).await;
    let plan = plan.json(reqwest::StatusCode::CREATED).await;
    plan["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn access_is_granted_and_revoked_from_a_persons_a_roles_and_a_groups_page() {
    let Some(browser) = browser().await else { return };
    let house = House::demo().await;
    set_up(&browser, &house).await;
    let cookie = browser_cookie(&browser, &house).await;
    let sue = crate::house::Person::with(&house.url, &cookie).await;
    let id = house.connected(&sue, "super").await;
    // The pictures of this test stand in the documents: small ones.
    browser.size(1280, 720).await;
    let (person, group) = somebody(&house);
    let row = |table: &str, is: &str| {
        let (sue, path) = (sue.clone(), format!("/api/{table}?only=id&is={is}"));
        async move { sue.get(&path).await.json(reqwest::StatusCode::OK).await["items"][0].clone() }
    };
    let login = row("people", &person).await["login"].as_str().unwrap().to_owned();
    let role = row("groups", &group).await["confers"][0].as_str().unwrap().to_owned();

    // Nothing is offered as long as provisioning is off: a person finds the switch, and it is recorded.
    browser.open(&format!("{}/explorer?ask=what&person={login}", house.url)).await;
    browser.see("provisioning is off for this connector").await;
    browser.open(&format!("{}/connectors/{id}/provisioning", house.url)).await;
    browser.fill("#reason", "access is given here").await;
    browser.click("button[name=enabled]").await;
    browser.see("Provisioning is on").await;

    // From the person's page: revoke what they have through the group, look at the plan, confirm, see that it is so.
    browser.open(&format!("{}/explorer?ask=what&person={login}", house.url)).await;
    browser.see("Revoke everything").await;
    browser.picture("person").await;
    browser.click(&format!("td.deeds a[href*='{}']", role.replace('/', "%2F"))).await;
    confirm(&browser, "revoke").await;
    assert!(!house.fake.with_org(|org| org.is_member(&group, &person)), "Okta was asked");
    settle(&house, &sue, &id).await;

    // From the role's page: give it back.
    browser.open(&format!("{}/explorer?ask=who&role={role}", house.url)).await;
    browser.see("Grant this role").await;
    browser.picture("explorer").await;
    browser.click(".head .actions a[href*='action=grant']").await;
    browser.see("Plan a change").await;
    browser.fill("#person", &login).await;
    confirm(&browser, "grant").await;
    assert!(house.fake.with_org(|org| org.is_member(&group, &person)));
    settle(&house, &sue, &id).await;

    // From the group's page: take them out of it.
    browser.open(&format!("{}/explorer?ask=group&group={group}", house.url)).await;
    browser.see("Put somebody in").await;
    browser.picture("group").await;
    browser.click(&format!("td.deeds a[href*='{}']", login.replace('@', "%40"))).await;
    confirm(&browser, "revoke").await;
    assert!(!house.fake.with_org(|org| org.is_member(&group, &person)));
    settle(&house, &sue, &id).await;

    // What the sync after it shows, and what stands in the record.
    browser.open(&format!("{}/connectors/{id}/history", house.url)).await;
    browser.click("tbody tr:first-child a[href*='/syncs/']").await;
    browser.see("member removed").await;
    browser.see(&login).await;
    browser.picture("difference").await;
    for (path, text, name) in [
        ("/people", "People who are assigned", "people-table"),
        ("/findings", "What is wrong", "findings"),
        ("/activity", "plan.applied", "activity"),
        (&*format!("/connectors/{id}/settings?edit=1"), "Sync custom roles", "connector-settings"),
        ("/", "Needs attention", "home"),
    ] {
        browser.open(&format!("{}{path}", house.url)).await;
        browser.see(text).await;
        browser.picture(name).await;
    }
    browser.scheme("dark").await;
    browser.open(&format!("{}/explorer?ask=who&role={role}", house.url)).await;
    browser.picture("explorer-dark").await;
    browser.open(&format!("{}/findings", house.url)).await;
    browser.picture("findings-dark").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
}

/// From the filled form to the verified result.
async fn confirm(browser: &Browser, what: &str) {
    browser.see("Show what it would do").await;
    browser.click("form[action='/plans'] button.main").await;
    browser.see("Confirm: make these calls").await;
    browser.picture(&format!("plan-{what}")).await;
    browser.click("form[action$='/apply'] button.danger").await;
    browser.see("Applied by Sue Park").await;
    let outcome = browser.run("return document.querySelector('.panel .chip').textContent", json!([])).await;
    assert_eq!(outcome, "done", "{}", browser.text().await);
    browser.picture(&format!("done-{what}")).await;
}

/// Waits for the sync that follows a change.
async fn settle(house: &House, sue: &crate::house::Person, id: &str) {
    let view = house.settled(sue, id).await;
    assert_eq!(view["held_sync"], Value::Null, "{view:#}");
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

pub(crate) async fn browser_cookie(browser: &Browser, house: &House) -> String {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_and_custom_roles_are_chosen_in_the_settings() {
    // SB-42, SB-31
    let Some(browser) = browser().await else { return };
    let key = ServiceKey::generate("k1").unwrap();
    let read =
        ["apps", "groups", "orgs", "roles", "schemas", "users"].map(|what| format!("okta.{what}.read"));
    let app = ServiceApp::new("0oaSVC").key(key.public_jwk()).grant(read).role(TokenRole::Super).dpop(true);
    let options = Options { service_apps: vec![app], ..Options::default() };
    let house = House::with(orgs::demo(), options).await;
    set_up(&browser, &house).await;
    let sue = crate::house::Person::with(&house.url, &browser_cookie(&browser, &house).await).await;
    let id = house.added(&sue).await;
    browser.open(&format!("{}/connectors/{id}/settings?edit=1", house.url)).await;
    let shown = |field: &'static str| {
        browser.run("return document.querySelector(arguments[0]).offsetParent !== null", json!([field]))
    };
    assert_eq!((shown("#api_token").await, shown("#private_key").await), (json!(true), json!(false)));
    browser.click("#with-app").await;
    assert_eq!((shown("#api_token").await, shown("#private_key").await), (json!(false), json!(true)));
    browser.fill("#domain", house.fake.url()).await;
    browser.fill("#client_id", "0oaSVC").await;
    browser.fill("#private_key", "no key").await;
    browser.click("button[value=save]").await;
    browser.see("Holds no private key").await;
    browser.picture("service-app").await;
    browser.fill("#private_key", key.private_pem()).await;
    browser.click("[name=sync_custom_roles]").await;
    browser.click("button[value=save]").await;
    browser.see("Export for review").await;
    assert!(house.fake.log_lines().iter().any(|line| line.contains("/iam/roles")));
    browser.open(&format!("{}/connectors/{id}/settings", house.url)).await;
    browser.see("OAuth 2.0 private key").await;
    browser.see("0oaSVC").await;
    assert!(!browser.text().await.contains("PRIVATE KEY-----"));
    browser.picture("service-app-read").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_through_the_provider() {
    let Some(browser) = browser().await else { return };
    let provider = crate::provider::Provider::start().await;
    let mut house = House::demo().await;
    house.stop().await;
    house.oidc = Some(provider.config());
    house.start().await;
    let sue = house.sue().await;
    let ann = json!({ "name": "Ann", "email": "ann@acme.test" });
    sue.post("/api/users", &ann).await.json(reqwest::StatusCode::CREATED).await;
    browser.open(&format!("{}/settings", house.url)).await;
    browser.see("Sign in with 127.0.0.1").await;
    let signing =
        [("_sign-in", "/sign-in"), ("_sign-in_refused", "/sign-in/oidc/callback?error=access_denied")];
    usable(&browser, &house, &signing.map(|(name, path)| (name.to_owned(), path.to_owned()))).await;
    browser.open(&format!("{}/settings", house.url)).await;
    browser.click("#provider").await;
    browser.see("Your API keys").await;
    assert_eq!(browser.path().await, "/settings");
    assert_eq!(browser.run("return document.cookie", json!([])).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_may_not_write_is_shut_and_says_why() {
    // SB-06, SB-08, SB-40
    let Some(browser) = browser().await else { return };
    let house = House::of(crate::guide_provision::org()).await;
    set_up(&browser, &house).await;
    let sue = crate::house::Person::with(&house.url, &browser_cookie(&browser, &house).await).await;
    let id = house.connected(&sue, "super").await;
    let patch = |path: String, body: Value| {
        let sue = sue.clone();
        async move {
            sue.send(reqwest::Method::PATCH, &path, Some(&body)).await.json(reqwest::StatusCode::OK).await
        }
    };
    let settings = format!("/api/connectors/{id}/settings");
    let on = json!({ "enabled": true, "reason": "access is given here" });
    patch(format!("/api/connectors/{id}/provisioning"), on).await;

    // SB-40, off: Bob has his assignment through a group.
    let plan = async |role: &str| {
        browser.open(&format!("{}/plans", house.url)).await;
        browser.fill("#person", "bob@acme.test").await;
        browser.fill("#role", role).await;
        browser.click("form[action='/plans'] button.main").await;
    };
    plan("111122223333/Audit").await;
    browser.see("GROUP").await;
    assert_eq!(browser.path().await, "/plans", "no plan was made");
    browser.picture("conversion-off").await;
    browser.open(&format!("{}/connectors/{id}/settings?edit=1", house.url)).await;
    browser.click("[name=allow_conversion]").await;
    browser.click("button[value=save]").await;
    browser.see("Export for review").await;
    house.settled(&sue, &id).await;
    plan("111122223333/Audit").await;
    browser.see("Confirm: make these calls").await;
    browser.see("the assignment becomes individual").await;
    browser.see("\"scope\":\"USER\"").await;
    browser.picture("conversion-on").await;

    // SB-06, SB-08: a token that is stated to read only.
    let token = json!({ "api_token": house.fake.token("read_only"), "stated": "read-only" });
    patch(settings, token).await;
    house.settled(&sue, &id).await;
    browser.open(&format!("{}/plans", house.url)).await;
    browser.see("the token lacks Application Administrator (stated no)").await;
    browser.see("the token lacks Group Administrator (stated no)").await;
    let shut = browser
        .run("return document.querySelector(\"form[action='/plans'] button.main\").disabled", json!([]));
    assert_eq!(shut.await, true);
    browser.open(&format!("{}/explorer?ask=what&person=ann@acme.test", house.url)).await;
    browser.see("Ops").await;
    let open = browser.run("return document.querySelectorAll(\"main a[href*='action=revoke'], main a[href*='action=grant']\").length", json!([]));
    assert_eq!(open.await, 0, "nothing is offered: {}", browser.text().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_live_log_is_searched() {
    let Some(browser) = browser().await else { return };
    let house = House::demo().await;
    set_up(&browser, &house).await;
    let sue = crate::house::Person::with(&house.url, &browser_cookie(&browser, &house).await).await;
    let id = house.connected(&sue, "super").await;
    browser.open(&format!("{}/connectors/{id}", house.url)).await;
    browser.fill("#log-q", "sync begins").await;
    let shown = async || {
        let script = "return [...document.querySelectorAll('#log li')].filter((l) => l.offsetParent).map((l) => l.textContent).join('|')";
        browser.run(script, json!([])).await.as_str().unwrap().to_owned()
    };
    let text = shown().await;
    assert!(text.contains("sync begins") && !text.contains('|'), "{text}");
    // What comes while the page is drawn anew is not passed over, and what comes while somebody types waits.
    let counted = "window.asked = 0; const real = fetch; window.fetch = (...all) => { asked += 1; return real(...all); }";
    browser.run(counted, json!([])).await;
    let asked = async |wanted: u64| {
        for _ in 0..100 {
            if browser.run("return swapping ? -1 : asked", json!([])).await == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{}", browser.run("return asked", json!([])).await);
    };
    browser.run("swap('[data-swap]')", json!([])).await;
    asked(0).await;
    browser.run("document.activeElement.blur()", json!([])).await;
    asked(1).await;
    browser.run("for (let n = 0; n < 3; n++) swap('[data-swap]')", json!([])).await;
    asked(3).await;
    // Lines that come later, and a page that is drawn anew, keep to it.
    slow(&house.fake, 40);
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await;
    browser.see("By the time that the last good one took").await;
    browser.picture("syncing-again").await;
    house.settled(&sue, &id).await;
    browser.see("Last log").await;
    let text = shown().await;
    assert!(text.contains("sync begins (manual") && !text.contains('|'), "{text}");
}
