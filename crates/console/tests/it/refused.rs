//! Being refused, many times: the audit record stays small.

use reqwest::{StatusCode, header};
use rolebook_fake_okta::orgs;
use serde_json::Value;

use crate::{
    house::{House, Person, cookie_of, http},
    provider::Provider,
};

/// Every row of the record, oldest first.
async fn record(sue: &Person) -> Vec<Value> {
    let page = sue.get("/api/audit?limit=200&sort=seq").await.json(StatusCode::OK).await;
    assert!(page["next_cursor"].is_null(), "one page holds all of it");
    page["items"].as_array().unwrap().clone()
}

fn of(rows: &[Value], action: &str) -> Vec<Value> {
    rows.iter().filter(|row| row["action"] == action).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_refused_requests_with_long_paths_are_two_short_rows() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let bob = house.invite(&sue, "Bob", "basic-user").await;
    let long = format!("/api/connectors/{}", "x".repeat(60_000));
    for _ in 0..300 {
        bob.get(&long).await.json(StatusCode::FORBIDDEN).await;
    }
    let first = of(&record(&sue).await, "request.refused");
    assert_eq!(first.len(), 1, "{first:#?}");
    assert_eq!(first[0]["detail"]["path"].as_str().unwrap().chars().count(), 201, "cut, and marked so");
    // Another action, and another person, are told apart.
    bob.get("/api/users").await.json(StatusCode::FORBIDDEN).await;
    assert_eq!(of(&record(&sue).await, "request.refused").len(), 2);

    // The hour is over: the others are one row.
    house.pass(&sue, 61 * 60).await;
    let begin = std::time::Instant::now();
    let counted = loop {
        let rows = of(&record(&sue).await, "request.refused");
        if rows.len() > 2 {
            break rows;
        }
        assert!(begin.elapsed().as_secs() < 30, "{rows:#?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert_eq!((counted.len(), &counted[2]["detail"]["again"]), (3, &299.into()), "{counted:#?}");
    assert_eq!(
        (&counted[2]["actor"], &counted[2]["detail"]["asked"]),
        (&"Bob".into(), &"ReadConnector".into())
    );
    let size: usize = counted.iter().map(|row| row.to_string().len()).sum();
    assert!(size < 3000, "{size}");

    // What is counted when the console stops is not lost.
    let bob = again(&house, "bob@acme.test").await;
    for _ in 0..3 {
        bob.get(&long).await.json(StatusCode::FORBIDDEN).await;
    }
    house.stop().await;
    house.start().await;
    let sue = house.again().await;
    let rows = of(&record(&sue).await, "request.refused");
    assert_eq!((rows.len(), &rows[4]["detail"]["again"]), (5, &2.into()), "{rows:#?}");
    house.stop().await;
    let found = rolebook_console::doctor(house.config()).await.unwrap();
    assert!(found.lines.iter().all(|(_, well, _)| *well), "the chain holds: {found:#?}");
}

async fn again(house: &House, email: &str) -> Person {
    let form = [("email", email), ("password", crate::house::PASSWORD)];
    let answer = http().post(format!("{}/sign-in", house.url)).form(&form).send().await.unwrap();
    Person::with(&house.url, &cookie_of(&answer)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_anonymous_answers_of_the_provider_leave_no_row() {
    let provider = Provider::start().await;
    let mut house = House::of(orgs::demo()).await;
    house.stop().await;
    house.oidc = Some(provider.config());
    house.start().await;
    let sue = house.sue().await;
    let before = record(&sue).await.len();
    let browser = http();
    for _ in 0..1000 {
        // No faster than one address may begin sign-ins.
        house.advance(1);
        let out = browser.get(format!("{}/sign-in/oidc", house.url)).send().await.unwrap();
        let place = out.headers()[header::LOCATION].to_str().unwrap().to_owned();
        let state = place.split("state=").nth(1).unwrap().split('&').next().unwrap();
        let back = format!("{}/sign-in/oidc/callback?state={state}&error={}", house.url, "x".repeat(1000));
        let answer = browser.get(back).header(header::COOKIE, cookie_of(&out)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(record(&sue).await.len(), before, "{:#?}", record(&sue).await);
    let metrics = browser.get(format!("{}/metrics", house.url)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("rolebook_provider_sign_ins_refused_total 1000\n"), "{metrics}");

    // Whom the provider vouches for, and who was not invited, is one row however often they come.
    for _ in 0..5 {
        assert_eq!(crate::oidc::sign_in(&house).await.status(), StatusCode::FORBIDDEN);
    }
    let refused = of(&record(&sue).await, "session.refused");
    assert_eq!(refused.len(), 1, "{refused:#?}");
}
