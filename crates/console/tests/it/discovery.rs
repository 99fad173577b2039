//! Discovering apps: who may, with whose token, and what a server's answer can change.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    evil::{Evil, Ways},
    house::{House, Person},
};

async fn own(sue: &Person, id: &str, email: &str) {
    let owners = json!({ "owners": [email] });
    sue.send(Method::PUT, &format!("/api/connectors/{id}/owners"), Some(&owners))
        .await
        .json(StatusCode::OK)
        .await;
}

async fn apps(who: &Person) -> Vec<Value> {
    let page = who.get("/api/apps?limit=500").await.json(StatusCode::OK).await;
    page["items"].as_array().unwrap().clone()
}

async fn total(who: &Person) -> u64 {
    who.get("/api/apps?limit=1").await.json(StatusCode::OK).await["total"].as_u64().unwrap()
}

async fn orgs(who: &Person) -> Vec<Value> {
    let page = who.get("/api/orgs").await.json(StatusCode::OK).await;
    page["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_discovers_with_the_token_of_their_own_connector_only() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let (a, b) = (house.connected(&sue, "super").await, house.added(&sue).await);
    let own_a = house.invite(&sue, "OwnA", "basic-user").await;
    let own_b = house.invite(&sue, "OwnB", "basic-user").await;
    own(&sue, &a, "owna@acme.test").await;
    own(&sue, &b, "ownb@acme.test").await;
    let ro = house.invite(&sue, "Ronny", "read-only-administrator").await;
    let aa = house.invite(&sue, "Alma", "application-administrator").await;
    let ca = house.invite(&sue, "Carl", "connector-administrator").await;
    let with_a = json!({ "connector": a });
    let by_domain = json!({ "domain": house.fake.url(), "api_token": house.fake.token("super") });
    house.fake.clear_log();
    for (who, body) in [
        (&own_b, &with_a),
        (&own_b, &by_domain),
        (&own_a, &by_domain),
        (&ro, &with_a),
        (&ro, &by_domain),
        (&aa, &with_a),
        (&aa, &by_domain),
        (&own_b, &json!({ "connector": "con_none" })),
    ] {
        who.post("/api/apps/discover", body).await.json(StatusCode::FORBIDDEN).await;
    }
    assert_eq!(own_b.form("/apps/discover", &[("connector", &a)]).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(house.fake.log_lines(), Vec::<String>::new(), "nothing was asked");
    let refusals = sue.get("/api/audit?limit=50").await.json(StatusCode::OK).await;
    let refusals = refusals["items"].as_array().unwrap().clone();
    let told = |row: &Value| row["action"] == "request.refused" && row["detail"]["connector"] == a.as_str();
    assert!(refusals.iter().any(|row| told(row) && row["actor"] == "OwnB"), "{refusals:#?}");

    for (who, body) in [(&own_a, &with_a), (&ca, &with_a), (&ca, &by_domain), (&sue, &by_domain)] {
        let done = who.post("/api/apps/discover", body).await.json(StatusCode::OK).await;
        assert_eq!(done["more"], false, "{done}");
    }
    // Whoever owns the app may configure its connectors, and so may discover with them.
    let app = sue.get(&format!("/api/connectors/{a}")).await.json(StatusCode::OK).await["app_id"].clone();
    let path = format!("/api/apps/{}/owners", app.as_str().unwrap());
    sue.post(&path, &json!({ "user": "alma@acme.test" })).await.json(StatusCode::OK).await;
    aa.post("/api/apps/discover", &with_a).await.json(StatusCode::OK).await;
    let page = aa.get("/apps?state=unmanaged").await.text(StatusCode::OK).await;
    assert!(page.contains("Discover apps now") && !page.contains("another org, below"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_claims_the_org_of_another_domain_changes_nothing_of_it() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let a = house.connected(&sue, "super").await;
    sue.post("/api/apps/discover", &json!({ "connector": a })).await.json(StatusCode::OK).await;
    let org = sue.get(&format!("/api/connectors/{a}")).await.json(StatusCode::OK).await["org_id"].clone();
    let org = org.as_str().unwrap();
    let (before, known) = (apps(&sue).await, orgs(&sue).await);
    assert!(before.len() > 1, "{before:#?}");
    let evil =
        Evil::start(Ways::Claim { org: org.to_owned(), pages: 1, per_page: 1, ids: "False".to_owned() })
            .await;
    let carl = house.invite(&sue, "Carl", "connector-administrator").await;
    let body = json!({ "domain": evil.url, "api_token": "00attackersowntoken" });
    for who in [&carl, &sue] {
        let refused = who.post("/api/apps/discover", &body).await;
        let refused = refused.json(StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(refused["fields"][0]["field"], "domain", "{refused:#}");
        let text = refused["fields"][0]["text"].as_str().unwrap();
        assert!(text.contains("known as") && text.contains("a Super Administrator confirms"), "{text}");
    }
    assert!(evil.paths().iter().all(|path| path == "/api/v1/org"), "{:?}", evil.paths());
    // A fresh connector's settings are another way to the same: the host forwards to the real org.
    *evil.ways.lock().unwrap() = Ways::Forward(house.fake.url().to_owned());
    let b = house.added(&sue).await;
    let basic = house.invite(&sue, "OwnB", "basic-user").await;
    own(&sue, &b, "ownb@acme.test").await;
    let body = json!({ "domain": evil.url, "api_token": house.fake.token("read_only") });
    let path = format!("/api/connectors/{b}/settings");
    let refused = basic.send(Method::PATCH, &path, Some(&body)).await;
    let refused = refused.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["fields"][0]["field"], "domain", "{refused:#}");

    let same = |now: Vec<Value>| {
        let mut now = now;
        now.retain(|app| app["okta_id"].is_string());
        now
    };
    assert_eq!(same(apps(&sue).await), same(before));
    let domain = |orgs: &[Value]| orgs[0]["domain"].clone();
    assert_eq!(domain(&orgs(&sue).await), domain(&known));
    assert_eq!(domain(&known), house.fake.url());
    // The next connector of the org begins with the domain that is known.
    let unmanaged = apps(&sue).await.into_iter().find(|app| app["state"] == "unmanaged").unwrap();
    let new = json!({ "kind": "okta-aws-federation", "app": { "unmanaged": unmanaged["id"] } });
    let made = carl.post("/api/connectors", &new).await.json(StatusCode::CREATED).await;
    assert_eq!(made["settings"]["domain"], house.fake.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_changes_by_a_super_administrator_alone_and_is_recorded() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let a = house.connected(&sue, "super").await;
    sue.post("/api/apps/discover", &json!({ "connector": a })).await.json(StatusCode::OK).await;
    let org = orgs(&sue).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/orgs/{org}/domain");
    let wanted = json!({ "domain": "HTTPS://Login.Acme.example/" });
    for role in ["connector-administrator", "read-only-administrator", "basic-user"] {
        let who = house.invite(&sue, role, role).await;
        who.send(Method::POST, &path, Some(&wanted)).await.json(StatusCode::FORBIDDEN).await;
        let form = who.form(&format!("/orgs/{org}/domain"), &[("domain", "login.acme.example")]).await;
        assert_eq!(form.status(), StatusCode::FORBIDDEN);
    }
    for wrong in ["", "http://login.acme.example", "10.0.0.1", "login.acme.example/x"] {
        let refused = sue.send(Method::POST, &path, Some(&json!({ "domain": wrong }))).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let dry = format!("{path}?dry_run=1");
    sue.send(Method::POST, &dry, Some(&wanted)).await.json(StatusCode::OK).await;
    assert_eq!(orgs(&sue).await[0]["domain"], house.fake.url());
    let none = "/api/orgs/00onone/domain";
    assert_eq!(sue.send(Method::POST, none, Some(&wanted)).await.status(), StatusCode::NOT_FOUND);
    let done = sue.send(Method::POST, &path, Some(&wanted)).await.json(StatusCode::OK).await;
    assert_eq!(done["domain"], "login.acme.example");
    let audit = sue.audit(&format!("org/{org}")).await;
    assert_eq!(audit[0]["action"], "org.domain-confirmed");
    assert_eq!(audit[0]["detail"]["from"], house.fake.url());
    assert_eq!(audit[0]["detail"]["to"], "login.acme.example");
    // What was known before is refused from now on; the connector that is set up there goes on.
    let refused = sue.post("/api/apps/discover", &json!({ "connector": a })).await;
    refused.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    house.save(&sue, &a, "super").await;
    assert_eq!(house.settled(&sue, &a).await["label"], "connected");
    assert_eq!(orgs(&sue).await[0]["domain"], "login.acme.example");
    // By the page, back again.
    let page = sue.get("/apps?state=unmanaged").await.text(StatusCode::OK).await;
    assert!(page.contains("Confirm domain") && page.contains("login.acme.example"));
    let form = sue.form(&format!("/orgs/{org}/domain"), &[("domain", house.fake.url())]).await;
    assert_eq!(form.status(), StatusCode::SEE_OTHER);
    assert_eq!(orgs(&sue).await[0]["domain"], house.fake.url());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discovery_is_bounded_and_what_nobody_uses_can_be_removed() {
    const MOST: u64 = 4000;
    let house = House::demo().await;
    let sue = house.sue().await;
    let claim = |pages: usize, per_page: usize, ids: &str| Ways::Claim {
        org: "00oFlood".to_owned(),
        pages,
        per_page,
        ids: ids.to_owned(),
    };
    let flood = Evil::start(claim(25, 300, "One")).await;
    let body = json!({ "domain": flood.url, "api_token": "00attackersowntoken" });
    let done = sue.post("/api/apps/discover", &body).await.json(StatusCode::OK).await;
    assert_eq!((&done["found"], &done["new"], &done["more"]), (&json!(MOST), &json!(MOST), &json!(true)));
    let pages = flood.paths().iter().filter(|path| path.starts_with("/api/v1/apps?")).count();
    assert_eq!(pages, 20);
    assert_eq!(total(&sue).await, MOST);
    // Others do not come on top, and of a list without an end nothing is said to be gone.
    *flood.ways.lock().unwrap() = claim(1, 500, "Two");
    let done = sue.post("/api/apps/discover", &body).await.json(StatusCode::OK).await;
    assert_eq!((&done["new"], &done["gone"], &done["more"]), (&json!(0), &json!(0), &json!(true)), "{done}");
    assert_eq!(total(&sue).await, MOST);

    let all = apps(&sue).await;
    let id = |at: usize| all[at]["id"].as_str().unwrap().to_owned();
    let (one, managed, used) = (id(0), id(1), id(2));
    sue.post(&format!("/api/apps/{managed}/promote"), &json!({})).await.json(StatusCode::OK).await;
    let new = json!({ "kind": "okta-aws-federation", "app": { "unmanaged": used } });
    sue.post("/api/connectors", &new).await.json(StatusCode::CREATED).await;
    let carl = house.invite(&sue, "Carl", "connector-administrator").await;
    let remove = async |who: &Person, path: &str| who.send(Method::DELETE, path, None).await.status();
    assert_eq!(remove(&carl, &format!("/api/apps/{one}")).await, StatusCode::FORBIDDEN);
    assert_eq!(remove(&carl, "/api/apps").await, StatusCode::FORBIDDEN);
    for kept in [&managed, &used] {
        assert_eq!(remove(&sue, &format!("/api/apps/{kept}")).await, StatusCode::CONFLICT);
    }
    assert_eq!(remove(&sue, &format!("/api/apps/{one}")).await, StatusCode::NO_CONTENT);
    assert_eq!(remove(&sue, &format!("/api/apps/{one}")).await, StatusCode::NOT_FOUND);
    assert_eq!(sue.audit(&format!("app/{one}")).await[0]["action"], "app.removed");
    let page = sue.get("/apps?state=unmanaged&q=nothing").await.text(StatusCode::OK).await;
    assert!(!page.contains("Remove all unmanaged"));
    let none = sue.send(Method::DELETE, "/api/apps?org=00onone", None).await.json(StatusCode::OK).await;
    assert_eq!(none["removed"], 0);
    let dry =
        sue.send(Method::DELETE, "/api/apps?org=00oFlood&dry_run=1", None).await.json(StatusCode::OK).await;
    assert_eq!((&dry["removed"], total(&sue).await), (&json!(MOST - 3), MOST - 1));
    assert_eq!(sue.form("/apps/remove-unused", &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(total(&sue).await, 2);
    assert_eq!(sue.audit("console").await[0]["detail"]["removed"], MOST - 3);
}
