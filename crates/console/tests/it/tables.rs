//! Tables: pages, order, filters and columns in the URL; what can be granted and revoked from a row.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, Person, between, cookie_of, http};

const TABLES: [&str; 5] = ["accounts", "roles", "people", "groups", "grants"];

async fn provisioning(sue: &Person, id: &str, on: bool) {
    let switch = json!({ "enabled": on, "reason": "trying it out" });
    let path = format!("/api/connectors/{id}/provisioning");
    sue.send(Method::PATCH, &path, Some(&switch)).await.json(StatusCode::OK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_chosen_without_script_and_remembered() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let history = format!("/connectors/{id}/history");
    for (path, column, title) in [
        ("/accounts", "account", "Account"),
        ("/roles", "role", "Role"),
        ("/people", "login", "Login"),
        ("/groups", "name", "Group"),
        ("/grants", "login", "Login"),
        ("/activity", "action", "What"),
        (history.as_str(), "result", "Result"),
    ] {
        let all = sue.get(path).await.text(StatusCode::OK).await;
        assert!(all.matches("<th scope").count() > 2 && all.contains("name=\"column\""), "{path}");
        let chosen = sue.get(&format!("{path}?column={column}&column=%22%3E%3Cb%3E&sort={column}")).await;
        assert_eq!(chosen.status(), StatusCode::SEE_OTHER, "{path}");
        let to = chosen.header("location");
        assert_eq!(to, format!("{path}?sort={column}&columns={column}"));
        let cookie = chosen.header("set-cookie");
        assert!(cookie.starts_with(&format!("columns={column}; Path={path};")), "{cookie}");
        let one = sue.get(&to).await.text(StatusCode::OK).await;
        let head = between(&one, "<thead>", "</thead>");
        let heads = head.matches("<th scope").count() - head.matches("Changes").count();
        assert!(heads == 1 && head.contains(title), "{path}: {head}");
        // The cookie alone does the same; the link to the CSV carries the columns along.
        let cookies = format!("{}; {}", sue.cookie, cookie.split(';').next().unwrap());
        let remembered = sue.send_with(Method::GET, path, None, &[(header::COOKIE.as_str(), &cookies)]).await;
        let remembered = remembered.text(StatusCode::OK).await;
        assert_eq!(
            between(&remembered, "<thead>", "</thead>").matches("<th scope").count(),
            heads + head.matches("Changes").count(),
            "{path}"
        );
        let csv = between(&one, "<a href=\"/api/", "\">CSV").rsplit("<a href=\"/api/").next().unwrap();
        let csv = format!("/api/{}", csv.replace("&#38;", "&").replace("&amp;", "&"));
        let csv = sue.get(&csv).await.text(StatusCode::OK).await;
        assert_eq!(csv.lines().next(), Some(if path == history { "result" } else { column }), "{path}");
        assert!(csv.lines().count() > 1, "{path}: {csv}");
        // The usual ones again: nothing is remembered.
        let usual = between(&all, "class=\"columns\"", "</details>");
        let usual = usual.split("value=\"").skip(1).filter(|part| part.contains(" checked>"));
        let usual: Vec<String> =
            usual.map(|part| format!("column={}", part.split('"').next().unwrap())).collect();
        let back = sue.get(&format!("{path}?{}", usual.join("&"))).await;
        assert_eq!(
            (back.header("location"), back.header("set-cookie").contains("Max-Age=0")),
            (path.to_owned(), true)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another_and_csv_has_all_that_fits() {
    let house = House::demo().await;
    let sue = house.sue().await;
    house.connected(&sue, "super").await;
    for table in TABLES {
        let mut seen: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        let total = loop {
            let path = format!("/api/{table}?limit=7&cursor={cursor}");
            let page = sue.get(&path).await.json(StatusCode::OK).await;
            seen.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break page["total"].as_u64().unwrap() as usize,
            }
        };
        assert_eq!(seen.len(), total, "{table}");
        assert!(seen.iter().all(|row| row["connector"].as_str().unwrap().starts_with("con_")), "{table}");
        let csv = sue.get(&format!("/api/{table}?format=csv")).await.text(StatusCode::OK).await;
        assert_eq!(csv.lines().count(), total + 1, "{table}");
    }
    let audit = sue.get("/api/audit?format=csv&limit=1").await.text(StatusCode::OK).await;
    let events = sue.get("/api/audit?limit=200").await.json(StatusCode::OK).await;
    assert_eq!(audit.lines().count(), events["items"].as_array().unwrap().len() + 1);
    let found = sue.get("/api/findings?limit=3&sort=-roles").await.json(StatusCode::OK).await;
    assert_eq!(found["answers"][0]["answer"]["findings"].as_array().unwrap().len(), 3);
    assert_eq!(found["next_cursor"], "3");
    let csv = sue.get("/api/findings?format=csv").await.text(StatusCode::OK).await;
    assert_eq!(csv.lines().count() as u64, found["total"].as_u64().unwrap() + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_is_filtered_by_who_what_which_and_when() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    house.advance(2 * 86_400);
    let form = [("email", "sue@acme.test"), ("password", PASSWORD)];
    let again = http().post(format!("{}/sign-in", house.url)).form(&form).send().await.unwrap();
    let sue = Person::with(&house.url, &cookie_of(&again)).await;
    sue.post(&format!("/api/connectors/{id}/pause"), &json!({})).await.json(StatusCode::OK).await;
    let actions = |query: &str| {
        let (sue, path) = (sue.clone(), format!("/api/audit?limit=200&{query}"));
        async move {
            let page = sue.get(&path).await.json(StatusCode::OK).await;
            let items = page["items"].as_array().unwrap().clone();
            items.into_iter().map(|event| event["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(actions("since=2026-09-03").await, ["connector.paused", "session.opened"]);
    assert!(!actions("until=2026-09-02").await.contains(&"connector.paused".to_owned()));
    let of_sue = actions("actor=Sue&action=connector.").await;
    assert!(of_sue.len() > 1 && of_sue.iter().all(|action| action.starts_with("connector.")), "{of_sue:?}");
    assert!(actions("actor=Nobody").await.is_empty());
    assert_eq!(actions("sort=seq").await.last().unwrap(), "connector.paused");
    sue.get("/api/audit?since=soon").await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    let page = sue.get("/activity?since=soon&actor=Sue").await.text(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(page.contains("a day, as in") && page.contains("value=\"soon\""));
    let page = sue.get("/activity?since=2026-09-03").await.text(StatusCode::OK).await;
    assert!(page.contains("connector.paused") && !page.contains("connector.created"));
}

#[tokio::test(flavor = "multi_thread")]
async fn granting_and_revoking_is_offered_where_things_are_shown_or_greyed_with_the_reason() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "read_only").await;
    let row = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["items"][0].clone();
    let (login, role) = (
        row["login"].as_str().unwrap(),
        format!("{}/{}", row["account"].as_str().unwrap(), row["role"].as_str().unwrap()),
    );
    let group = sue.get("/api/groups?limit=1").await.json(StatusCode::OK).await["items"][0]["id"].clone();
    let pages = [
        "/people".to_owned(),
        "/groups".to_owned(),
        "/roles".to_owned(),
        "/grants".to_owned(),
        format!("/explorer?ask=what&person={login}"),
        format!("/explorer?ask=who&role={role}"),
        format!("/explorer?ask=group&group={}", group.as_str().unwrap()),
    ];
    let shut = |reason: &'static str| {
        let (sue, pages) = (sue.clone(), pages.clone());
        async move {
            for path in pages {
                let page = sue.get(&path).await.text(StatusCode::OK).await;
                assert!(page.contains(&format!("Greyed changes cannot be made: {reason}")), "{path}: {page}");
                assert!(
                    page.contains("aria-disabled=\"true\"") || page.contains("<button disabled"),
                    "{path}"
                );
                assert!(!page.contains("href=\"/plans?"), "{path}");
            }
        }
    };
    // Provisioning is off, at first.
    shut("provisioning is off for this connector").await;
    provisioning(&sue, &id, true).await;
    // On, and what the token may is not known.
    for path in &pages {
        let page = sue.get(path).await.text(StatusCode::OK).await;
        assert!(page.contains("href=\"/plans?action=") && page.contains("not proven"), "{path}: {page}");
        assert!(!page.contains("Greyed changes"), "{path}");
    }
    // Somebody says that the token may not.
    let stated = json!({ "stated": "read-only" });
    sue.send(Method::PATCH, &format!("/api/connectors/{id}/settings"), Some(&stated))
        .await
        .json(StatusCode::OK)
        .await;
    house.settled(&sue, &id).await;
    shut("its token may write nothing").await;
    // A second credential that may; but not everybody may use it.
    let token = json!({ "api_token": house.fake.token("super") });
    let path = format!("/api/connectors/{id}/provisioning/token");
    sue.send(Method::PUT, &path, Some(&token)).await.json(StatusCode::OK).await;
    let rita = house.invite(&sue, "Rita", "read-only-administrator").await;
    for path in &pages {
        let page = sue.get(path).await.text(StatusCode::OK).await;
        assert!(page.contains("href=\"/plans?action="), "{path}");
        let page = rita.get(path).await.text(StatusCode::OK).await;
        assert!(
            page.contains("this needs the role Super Administrator") && !page.contains("href=\"/plans?"),
            "{path}"
        );
    }
    // Of an older sync no change is offered: it would be planned on what is no longer so.
    let sync =
        sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await["good_sync"].clone();
    let old = format!("/explorer?ask=what&person={login}&connector={id}&sync={}", sync.as_str().unwrap());
    let page = sue.get(&old).await.text(StatusCode::OK).await;
    assert!(page.contains("can assume") && !page.contains("/plans?action="));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_shows_its_settings_owners_connectors_and_syncs() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    let app = view["app_id"].as_str().unwrap();
    let second = json!({ "kind": "okta-aws-federation", "app": { "managed": app }, "name": "Second" });
    sue.post("/api/connectors", &second).await.json(StatusCode::CREATED).await;
    let tom = house.invite(&sue, "Tom", "application-administrator").await;
    tom.get(&format!("/api/apps/{app}")).await.json(StatusCode::NOT_FOUND).await;
    let path = format!("/apps/{app}/owners");
    let unknown =
        sue.form(&path, &[("user", "nobody@acme.test")]).await.text(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(unknown.contains("there is no such user"));
    assert_eq!(sue.form(&path, &[("user", "tom@acme.test")]).await.status(), StatusCode::SEE_OTHER);

    let detail = tom.get(&format!("/api/apps/{app}")).await.json(StatusCode::OK).await;
    assert_eq!(detail["owners"][0]["email"], "tom@acme.test");
    let sources = detail["sources"].as_array().unwrap();
    assert_eq!(sources.len(), 2);
    let first = sources.iter().find(|source| source["connector"]["id"] == id.as_str()).unwrap();
    let setting =
        first["settings"].as_array().unwrap().iter().find(|setting| setting["name"] == "groupFilter");
    assert!(setting.unwrap()["value"].as_str().unwrap().contains("accountid"), "{first:#}");
    let total = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
    assert_eq!(first["numbers"]["grants"], total);
    assert_eq!(first["syncs"][0]["result"], "succeeded");
    let page = sue.get(&format!("/apps/{app}")).await.text(StatusCode::OK).await;
    for text in ["groupFilter", "tom@acme.test", "Second", "succeeded", "group mapping"] {
        assert!(page.contains(text), "{text} in {page}");
    }
    let tom_id = detail["owners"][0]["id"].as_str().unwrap();
    let end = format!("/apps/{app}/owners/{tom_id}");
    assert_eq!(sue.form(&format!("{end}/end"), &[]).await.status(), StatusCode::SEE_OTHER);
    sue.send(Method::DELETE, &format!("/api{end}"), None).await.json(StatusCode::NOT_FOUND).await;
    tom.get(&format!("/api/apps/{app}")).await.json(StatusCode::NOT_FOUND).await;
    let actions: Vec<Value> =
        sue.audit(&format!("app/{app}")).await.iter().map(|event| event["action"].clone()).collect();
    assert!(actions.contains(&json!("app.owner-removed")), "{actions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_begins_with_what_needs_somebody() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let texts = |who: &Person| {
        let who = who.clone();
        async move {
            let needs = who.get("/api/overview").await.json(StatusCode::OK).await["needs"].clone();
            needs
                .as_array()
                .unwrap()
                .iter()
                .map(|need| need["text"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    let found = texts(&sue).await;
    assert!(
        found.iter().any(|text| text.ends_with("critical findings") || text.contains("high finding")),
        "{found:?}"
    );
    house.added(&sue).await;
    assert!(texts(&sue).await.iter().any(|text| text.ends_with("its set-up is not finished")));
    provisioning(&sue, &id, true).await;
    let row = sue.get("/api/grants?limit=200").await.json(StatusCode::OK).await;
    let row = row["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["role"].as_str().unwrap().contains("Read"))
        .unwrap()
        .clone();
    let role = format!("{}/{}", row["account"].as_str().unwrap(), row["role"].as_str().unwrap());
    let revoke = json!({ "action": "revoke", "person": row["login"], "role": role });
    sue.post(&format!("/api/connectors/{id}/plans"), &revoke).await.json(StatusCode::CREATED).await;
    let found = texts(&sue).await;
    assert!(found.iter().any(|text| text.starts_with("revoke ")), "{found:?}");
    let page = sue.get("/").await.text(StatusCode::OK).await;
    assert!(page.contains("Needs attention") && page.contains("set-up is not finished"));
    // Who may not see access is not told of findings.
    let cat = house.invite(&sue, "Cat", "connector-administrator").await;
    let found = texts(&cat).await;
    assert!(found.iter().all(|text| !text.contains("finding") && !text.contains("revoke")), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sync_read_is_open_before_anybody_asks() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    // Opened anew it would be missed.
    let name = format!("{}.c1z", view["good_sync"].as_str().unwrap());
    std::fs::remove_file(house.data.join("snapshots").join(&id).join(name)).unwrap();
    let grants = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await;
    assert!(grants["total"].as_u64() > Some(10), "{grants}");
}
