//! What holds for every operation of the API: everything that pages do is in it, changes can be tried out and sent
//! twice, lists have pages, and whatever goes wrong is a problem.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode, header};
use rolebook_console::policy::Access;
use serde_json::{Value, json};

use crate::house::{Answer, House, Person, http};

/// What a form of a page does, and the operation of the API that does the same.
const FORMS: [(&str, &str); 42] = [
    ("/connectors/new", "POST /api/connectors"),
    ("/connectors/{id}/sync", "POST /api/connectors/{id}/sync"),
    ("/connectors/{id}/pause", "POST /api/connectors/{id}/pause"),
    ("/connectors/{id}/resume", "POST /api/connectors/{id}/resume"),
    ("/connectors/{id}/cancel", "POST /api/connectors/{id}/cancel"),
    ("/connectors/{id}/hold", "POST /api/connectors/{id}/hold/confirm"),
    ("/connectors/{id}/hold", "POST /api/connectors/{id}/hold/discard"),
    ("/connectors/{id}/rename", "PATCH /api/connectors/{id}"),
    ("/connectors/{id}/owners", "PUT /api/connectors/{id}/owners"),
    ("/connectors/{id}/schedule", "PUT /api/connectors/{id}/schedule"),
    ("/connectors/{id}/delete", "DELETE /api/connectors/{id}"),
    ("/connectors/{id}/settings", "PATCH /api/connectors/{id}/settings"),
    ("/connectors/{id}/settings", "POST /api/connectors/{id}/test"),
    ("/connectors/{id}/clear-token", "DELETE /api/connectors/{id}/token"),
    ("/apps/discover", "POST /api/apps/discover"),
    ("/apps/{app}/move", "POST /api/apps/{app}/promote"),
    ("/apps/{app}/move", "POST /api/apps/{app}/ignore"),
    ("/apps/{app}/move", "POST /api/apps/{app}/list-again"),
    ("/apps/{app}/remove", "DELETE /api/apps/{app}"),
    ("/apps/remove-unused", "DELETE /api/apps"),
    ("/orgs/{org}/domain", "POST /api/orgs/{org}/domain"),
    ("/apps/{app}/owners", "POST /api/apps/{app}/owners"),
    ("/apps/{app}/owners/{user}/end", "DELETE /api/apps/{app}/owners/{user}"),
    ("/findings/accept", "POST /api/findings/acceptances"),
    ("/findings/acceptances/{acceptance}/end", "DELETE /api/findings/acceptances/{acceptance}"),
    ("/connectors/{id}/provisioning/switch", "PATCH /api/connectors/{id}/provisioning"),
    ("/connectors/{id}/provisioning/token", "PUT /api/connectors/{id}/provisioning/token"),
    ("/connectors/{id}/provisioning/clear-token", "DELETE /api/connectors/{id}/provisioning/token"),
    ("/plans", "POST /api/connectors/{id}/plans"),
    ("/connectors/{id}/plans/{plan}/approve", "POST /api/connectors/{id}/plans/{plan}/approve"),
    ("/connectors/{id}/plans/{plan}/apply", "POST /api/connectors/{id}/plans/{plan}/apply"),
    ("/watches", "POST /api/watches"),
    ("/watches/{watch}/end", "DELETE /api/watches/{watch}"),
    ("/webhooks", "POST /api/webhooks"),
    ("/webhooks/{webhook}/end", "DELETE /api/webhooks/{webhook}"),
    ("/settings/retention", "PUT /api/retention"),
    ("/settings/second-person", "PUT /api/second-person"),
    ("/settings/users/{user}/okta", "POST /api/users/{user}/okta"),
    ("/settings/users", "POST /api/users"),
    ("/settings/users/{user}", "PATCH /api/users/{user}"),
    ("/settings/keys", "POST /api/keys"),
    ("/settings/keys/{key}/end", "DELETE /api/keys/{key}"),
];

/// Changes of the API that no form makes: the explorer asks by its address.
const NO_FORM: [&str; 1] = ["POST /api/explorer/what-if"];

/// Forms about somebody's own session: a program has a key and no session.
const OF_SESSIONS: [&str; 4] = ["/sign-in", "/sign-out", "/setup/{secret}", "/join/{secret}"];

fn document() -> Value {
    serde_json::from_str(&rolebook_console::openapi()).unwrap()
}

/// Every operation: method, path, and what the document says of it.
pub(crate) fn operations(document: &Value) -> Vec<(Method, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| {
            let method: Method = method.to_uppercase().parse().unwrap();
            (method, path.clone(), operation.clone())
        })
    });
    each.collect()
}

/// What a reference leads to.
pub(crate) fn resolved<'a>(document: &'a Value, of: &'a Value) -> &'a Value {
    let Some(place) = of["$ref"].as_str() else { return of };
    document.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("{place} leads nowhere"))
}

pub(crate) fn parameters(operation: &Value) -> BTreeSet<(String, String)> {
    let all = operation["parameters"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.iter().map(|parameter| (text(&parameter["in"]), text(&parameter["name"]))).collect()
}

#[test]
fn every_form_of_a_page_has_its_operation() {
    let document = document();
    let api: BTreeSet<String> =
        operations(&document).into_iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    for (form, operation) in FORMS {
        assert!(api.contains(operation), "{form}: no {operation}");
    }
    let routes = rolebook_console::routes();
    let forms =
        routes.iter().filter(|route| route.method == Method::POST && !route.path.starts_with("/api/"));
    for route in forms {
        let path = route.path.as_str();
        assert!(
            OF_SESSIONS.contains(&path) || FORMS.iter().any(|(form, _)| *form == path),
            "{path} can be done on a page only"
        );
    }
    // And the other way: what a program can do, a person can.
    for (method, path, _) in operations(&document).iter().filter(|(method, ..)| *method != Method::GET) {
        let operation = format!("{method} {path}");
        assert!(
            NO_FORM.contains(&operation.as_str()) || FORMS.iter().any(|(_, known)| *known == operation),
            "{operation} has no form"
        );
    }
}

#[test]
fn the_document_says_of_every_operation_how_it_is_paged_tried_out_and_sent_twice() {
    let document = document();
    let mut lists = 0;
    for (method, path, operation) in operations(&document) {
        let named = parameters(&operation);
        let takes = |place: &str, name: &str| named.contains(&(place.to_owned(), name.to_owned()));
        if method == Method::GET {
            let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            let name = schema["$ref"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            let schema = if name.is_empty() { schema } else { &document["components"]["schemas"][name] };
            let is_list = schema["type"] == "array" || !schema["properties"]["next_cursor"].is_null();
            assert!(schema["type"] != "array", "{path} gives a bare array: it has no place for a cursor");
            lists += usize::from(is_list);
            if is_list {
                assert!(takes("query", "cursor") && takes("query", "limit"), "{path}: {named:?}");
            }
        } else {
            assert!(takes("query", "dry_run"), "{method} {path}");
            assert!(takes("header", "Idempotency-Key"), "{method} {path}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolved(&document, response);
            assert!(!response["description"].as_str().unwrap().is_empty(), "{method} {path} {status}");
            if status == "default" || status.starts_with(['4', '5']) {
                let kinds: Vec<&String> = response["content"].as_object().unwrap().keys().collect();
                assert_eq!(kinds, ["application/problem+json"], "{method} {path} {status}");
            }
        }
        assert!(operation["responses"]["default"].is_object(), "{method} {path}");
    }
    assert!(lists > 15, "{lists} lists were found");
}

async fn is_problem(answer: Answer, what: &str) -> Value {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}: {}", answer.status());
    let status = answer.status();
    let problem = answer.json(status).await;
    assert_eq!(problem["status"], status.as_u16(), "{what}");
    for field in ["type", "title", "detail", "hint", "code"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{what}: {field} of {problem}");
    }
    problem
}

fn filled(path: &str, id: &str) -> String {
    let mut out = String::new();
    for (at, part) in path.replace("{id}", id).split('/').enumerate() {
        out.push_str(if at > 0 { "/" } else { "" });
        out.push_str(if part.starts_with('{') { "none" } else { part });
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_is_a_problem() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.added(&sue).await;
    for (method, path, operation) in operations(&document()) {
        let path = filled(&path, &id);
        let what = format!("{method} {path}");
        // Nobody is signed in.
        let nobody = http().request(method.clone(), format!("{}{path}", house.url)).send().await.unwrap();
        assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED, "{what}");
        is_problem(Answer(nobody), &what).await;
        if operation["requestBody"].is_object() {
            // A body that is no JSON, JSON of another shape, and none.
            for (kind, body) in [("application/json", "{"), ("application/json", "[7]"), ("text/plain", "x")]
            {
                let request = http()
                    .request(method.clone(), format!("{}{path}", house.url))
                    .header(header::COOKIE, &sue.cookie)
                    .header("x-csrf-token", &sue.csrf)
                    .header(header::CONTENT_TYPE, kind)
                    .body(body);
                let answer = request.send().await.unwrap();
                assert!(answer.status().is_client_error(), "{what} {body}: {}", answer.status());
                is_problem(Answer(answer), &what).await;
            }
        }
        // A method that there is not.
        let answer = sue.send(Method::TRACE, &path, None).await;
        assert!(answer.status().is_client_error(), "{what}");
        is_problem(answer, &what).await;
        let takes = |name: &str| parameters(&operation).contains(&("query".to_owned(), name.to_owned()));
        let refused = async |asked: &str, status: StatusCode, words: &str| {
            let answer = sue.get(&format!("{path}?{asked}")).await;
            assert_eq!(answer.status(), status, "{what} {asked}");
            let problem = is_problem(answer, &what).await;
            assert!(problem["detail"].as_str().unwrap().contains(words), "{what}: {problem}");
        };
        if takes("limit") {
            refused("limit=many", StatusCode::BAD_REQUEST, "limit").await;
            // Taken for the first page, it would be read for ever.
            for cursor in ["none", "-1", "1e3", "%00"] {
                refused(&format!("cursor={cursor}"), StatusCode::BAD_REQUEST, "next_cursor").await;
            }
        }
        if takes("only") {
            refused("only=none&is=x", StatusCode::UNPROCESSABLE_ENTITY, "no column none").await;
            refused("sort=-none", StatusCode::UNPROCESSABLE_ENTITY, "no column none").await;
        }
    }
    let large = json!({ "name": "x".repeat(300_000) });
    is_problem(sue.post("/api/keys", &large).await, "a large body").await;
    let large = sue.send_with(Method::POST, "/api/keys", Some(&large), &[("idempotency-key", "large")]).await;
    is_problem(large, "a large body with a key").await;
    is_problem(sue.get("/api/nothing").await, "no such operation").await;
}

/// Changes that can be made of a new console, each with a body that is right.
fn changes(id: &str) -> Vec<(Method, String, Value)> {
    let at = |rest: &str| format!("/api/connectors/{id}{rest}");
    vec![
        (
            Method::POST,
            "/api/connectors".to_owned(),
            json!({ "kind": "okta-aws-federation", "app": { "new": "B" } }),
        ),
        (Method::PATCH, at(""), json!({ "name": "Renamed" })),
        (Method::PUT, at("/owners"), json!({ "owners": [] })),
        (Method::PUT, at("/schedule"), json!({ "kind": "every", "minutes": 90 })),
        (Method::POST, at("/pause"), json!({})),
        (Method::PATCH, at("/provisioning"), json!({ "enabled": true, "reason": "trying" })),
        (
            Method::POST,
            "/api/users".to_owned(),
            json!({ "name": "Ann", "email": "ann@acme.test", "roles": ["basic-user"] }),
        ),
        (Method::POST, "/api/keys".to_owned(), json!({ "name": "ci", "role": "basic-user", "days": 3 })),
        (Method::POST, "/api/watches".to_owned(), json!({ "kind": "role", "value": "Admin" })),
        (Method::POST, "/api/webhooks".to_owned(), json!({ "url": "https://hooks.example.com/x" })),
        (Method::DELETE, at("/token"), json!({})),
    ]
}

/// Everything that a change leaves: the audit record has a row of each.
async fn recorded(who: &Person) -> u64 {
    let page = who.get("/api/audit?limit=1").await.json(StatusCode::OK).await;
    page["items"][0]["seq"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_tried_out_without_a_trace_and_sent_twice_done_once() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    for (at, (method, path, body)) in changes(&id).into_iter().enumerate() {
        let what = format!("{method} {path}");
        let before = recorded(&sue).await;
        let dry = sue.send(method.clone(), &format!("{path}?dry_run=1"), Some(&body)).await;
        assert!(dry.status().is_success(), "{what}: {}", dry.text(StatusCode::OK).await);
        assert_eq!(recorded(&sue).await, before, "{what} left a trace when tried out");
        let key = format!("key-{at}");
        let headers = [("idempotency-key", key.as_str())];
        let send = || sue.send_with(method.clone(), &path, Some(&body), &headers);
        let first = send().await;
        assert!(first.status().is_success(), "{what}: {}", first.text(StatusCode::OK).await);
        let status = first.status();
        let first = first.text(status).await;
        let after = recorded(&sue).await;
        assert!(after > before, "{what} was not recorded");
        let second = send().await;
        assert_eq!(second.header("idempotent-replay"), "true", "{what}");
        assert_eq!(second.text(status).await, first, "{what}");
        assert_eq!(recorded(&sue).await, after, "{what} was done twice");
    }
    let signed_in = rolebook_console::routes().into_iter().filter(|route| route.access == Access::Public);
    assert!(signed_in.into_iter().all(|route| !route.path.starts_with("/api/")));
}
