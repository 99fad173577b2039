//! What becomes of a stored token when another one is entered.

use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{App, FakeOkta, Options, Org, RateLimits};
use serde_json::json;

use crate::house::House;

/// Every sealed secret in the files of the database. The head of the audit record and letters that wait are sealed alike,
/// and come and go by themselves.
pub(crate) fn sealed(house: &House) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["rolebook.db", "rolebook.db-wal"] {
        let Ok(bytes) = std::fs::read(house.data.join(name)) else { continue };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for (at, _) in text.match_indices("v1.") {
            let (before, part) = (&text[..at], &text[at + 3..]);
            if before.ends_with("audit.head") || before.ends_with("@acme.test") {
                continue;
            }
            let body: String = part
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
                .collect();
            if body.len() > 40 {
                found.push(body);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_validates_destroys_the_old_one_and_one_of_another_org_does_not() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "read_only").await;
    let before = sealed(&house);
    assert_eq!(before.len(), 1, "{before:?}");
    let path = format!("/api/connectors/{id}/settings");

    // Another org with a working token: refused by the org's id, and what worked stays.
    let options = Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() };
    let other = FakeOkta::start(Org::new("other").app(App::aws_mapping("0oaOther")), options).unwrap();
    let theirs = json!({ "domain": other.url(), "api_token": other.token("super"), "aws_okta_app_id": "" });
    let refused =
        sue.send(Method::PATCH, &path, Some(&theirs)).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(refused["fields"][0]["field"], "domain", "{refused:#}");
    assert!(refused["fields"][0]["text"].as_str().unwrap().contains("this is another org"), "{refused:#}");
    let dead = json!({ "api_token": "00deaddeaddeaddead" });
    sue.send(Method::PATCH, &path, Some(&dead)).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(sealed(&house), before);

    house.save(&sue, &id, "super").await;
    let after = sealed(&house);
    assert!(!after.contains(&before[0]), "the old ciphertext is in no file of the database");
    assert!(!after.is_empty());
    house.settled(&sue, &id).await;
}
