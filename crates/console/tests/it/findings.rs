//! Findings, and accepting one for a time.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{Answer, House, http};

pub(crate) fn findings(answer: &Value) -> Vec<Value> {
    answer["answers"][0]["answer"]["findings"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_accepted_until_a_day_with_a_reason_and_stays_in_the_list() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let found = findings(&sue.get("/api/findings").await.json(StatusCode::OK).await);
    let (first, count) = (found[0]["id"].as_str().unwrap().to_owned(), found.len());
    let page = sue.get("/findings").await.text(StatusCode::OK).await;
    assert!(page.contains("Accept it for a time") && page.contains(found[0]["rule"].as_str().unwrap()));

    let path = "/api/findings/acceptances";
    let new = |reason: &str, until: &str| json!({ "connector": id, "finding": first, "reason": reason, "until": until });
    for (body, field) in [
        (new(" ", "2026-12-01"), "reason"),
        (new("known", "soon"), "until"),
        (new("known", "2026-08-01"), "until"),
        (new("known", "2031-01-01"), "until"),
    ] {
        let refused = sue.post(path, &body).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(refused["fields"][0]["field"], field, "{refused}");
    }
    let none = json!({ "connector": id, "finding": "no-rule:x", "reason": "known", "until": "2026-12-01" });
    sue.post(path, &none).await.json(StatusCode::NOT_FOUND).await;

    let accepted = sue.post(path, &new("known", "2026-09-02")).await.json(StatusCode::CREATED).await;
    let now = findings(&sue.get("/api/findings").await.json(StatusCode::OK).await);
    assert_eq!(now.len(), count, "it stays in the list");
    let this = |all: &[Value]| all.iter().find(|finding| finding["id"] == first.as_str()).unwrap().clone();
    assert_eq!(this(&now)["accepted"]["by"], "Sue");
    assert_eq!(sue.audit(&format!("connector/{id}")).await[0]["action"], "finding.accepted");
    let page = sue.get("/findings").await.text(StatusCode::OK).await;
    assert!(page.contains("accepted by Sue until 2026-09-02: known"));

    // After its last day it counts again, and the entry is a finding of its own.
    let key = json!({ "name": "pipeline", "role": "super-administrator", "days": 30 });
    let key = sue.post("/api/keys", &key).await.json(StatusCode::CREATED).await["secret"].clone();
    let by_key = |method: Method, path: &str| {
        let request = http().request(method, format!("{}{path}", house.url));
        let request = request.bearer_auth(key.as_str().unwrap());
        async move { Answer(request.send().await.unwrap()) }
    };
    house.advance(3 * 86_400);
    let later = findings(&by_key(Method::GET, "/api/findings").await.json(StatusCode::OK).await);
    assert!(this(&later)["accepted"].is_null());
    assert_eq!(later.len(), count + 1);

    let one = format!("{path}/{}", accepted["id"].as_str().unwrap());
    assert_eq!(by_key(Method::DELETE, &one).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(findings(&by_key(Method::GET, "/api/findings").await.json(StatusCode::OK).await).len(), count);
    by_key(Method::DELETE, &one).await.json(StatusCode::NOT_FOUND).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_do_the_same_and_a_rule_that_could_not_be_asked_says_so() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let empty = sue.get("/findings").await.text(StatusCode::OK).await;
    assert!(empty.contains("No sync has brought data yet"));
    let id = house.connected(&sue, "read_only").await;
    let page = sue.get("/findings").await.text(StatusCode::OK).await;
    assert!(page.contains("Rules that could not be asked"), "admin roles were not read");
    let found = findings(&sue.get("/api/findings").await.json(StatusCode::OK).await);
    let first = found[0]["id"].as_str().unwrap();
    let fields = [("connector", id.as_str()), ("finding", first), ("reason", "<b>known</b>")];
    let refused = sue.form("/findings/accept", &fields).await.text(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(refused.contains("a day, as in 2027-01-31"));
    let mut fields = fields.to_vec();
    fields.push(("until", "2026-09-30"));
    assert_eq!(sue.form("/findings/accept", &fields).await.status(), StatusCode::SEE_OTHER);
    let page = sue.get("/findings").await.text(StatusCode::OK).await;
    assert!(page.contains("End the acceptance") && !page.contains("<b>known</b>"));
    let rita = house.invite(&sue, "Rita", "read-only-administrator").await;
    let page = rita.get("/findings").await.text(StatusCode::OK).await;
    assert!(!page.contains("Accept it for a time") && !page.contains("End the acceptance"));
    rita.form("/findings/accept", &fields).await.text(StatusCode::FORBIDDEN).await;
}
