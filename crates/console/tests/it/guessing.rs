//! Guessing a password tells nothing and keeps nobody out but the one who guesses.

use reqwest::{Response, StatusCode, header};
use rolebook_console::Front;
use serde_json::json;

use crate::house::{House, PASSWORD, http};

/// Signs in through a proxy that has seen the caller's address.
async fn sign_in(house: &House, from: &str, cookie: &str, email: &str, password: &str) -> Response {
    http()
        // The proxy speaks plain HTTP to the console.
        .post(format!("{}/sign-in", house.url.replace("https://", "http://")))
        .header("x-forwarded-for", from)
        .header(header::COOKIE, cookie)
        .form(&[("email", email), ("password", password)])
        .send()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_guesses_from_elsewhere_keep_nobody_out_and_tell_nothing() {
    let mut house = House::demo().await;
    house.sue().await;
    house.stop().await;
    house.start_with(|config| config.front = Front::Proxy).await;

    let mut seen = Vec::new();
    for email in ["sue@acme.test", "unknown@acme.test"] {
        let mut answers = Vec::new();
        for n in 0..7 {
            // What stands before the last address is the caller's own claim.
            let from = format!("198.51.100.{n}, 203.0.113.1");
            let answer = sign_in(&house, &from, "", email, "wrong wrong wrong").await;
            let status = answer.status();
            answers.push((status, answer.text().await.unwrap().replace(email, "ADDRESS")));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0][4].0, StatusCode::UNAUTHORIZED);
    assert_eq!(seen[0][5].0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(seen[0], seen[1], "known and unknown addresses are answered alike");

    let answer = sign_in(&house, "203.0.113.2", "", "sue@acme.test", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "the right person, from elsewhere");
    let device = answer
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok()?.split(';').next())
        .find(|pair| pair.starts_with("__Host-rolebook-device="))
        .unwrap()
        .to_owned();
    // The office of the attacker: others wait there, a browser that has signed in before does not.
    let answer = sign_in(&house, "203.0.113.1", "", "sue@acme.test", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let answer = sign_in(&house, "203.0.113.1", &device, "sue@acme.test", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    // The lane is of one account.
    let answer = sign_in(&house, "203.0.113.1", &device, "unknown@acme.test", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_does_not_use_up_the_sign_ins_of_others() {
    let mut house = House::demo().await;
    house.sue().await;
    house.stop().await;
    house.start_with(|config| config.front = Front::Proxy).await;
    let mut refused = 0;
    for n in 0..200 {
        let answer = sign_in(&house, "203.0.113.1", "", &format!("{n}@acme.test"), "x").await;
        refused += usize::from(answer.status() == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 0, "the peer's bucket is empty");
    let answer = sign_in(&house, "203.0.113.2", "", "sue@acme.test", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_guess_is_recorded_as_nobodys() {
    let house = House::demo().await;
    let sue = house.sue().await;
    sign_in(&house, "203.0.113.1", "", "sue@acme.test", "wrong wrong wrong").await;
    let me = sue.get("/api/me").await.json(StatusCode::OK).await;
    let id = me["id"].as_str().unwrap();
    // Written after the answer.
    let row = loop {
        let rows = sue.audit(&format!("user/{id}")).await;
        if let Some(row) = rows.iter().find(|row| row["action"] == "session.refused") {
            break row.clone();
        }
    };
    assert_eq!(row["actor_id"], json!("anonymous"), "{row:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_ends_with_the_account() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let invitation = json!({ "name": "Bea", "email": "bea@acme.test", "roles": ["basic-user"] });
    let invited = sue.post("/api/users", &invitation).await.json(StatusCode::CREATED).await;
    let path = format!("/api/users/{}", invited["user"]["id"].as_str().unwrap());
    for active in [false, true] {
        sue.send(reqwest::Method::PATCH, &path, Some(&json!({ "active": active })))
            .await
            .json(StatusCode::OK)
            .await;
    }
    let form = [("password", PASSWORD), ("again", PASSWORD)];
    let answer = http().post(invited["link"].as_str().unwrap()).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::GONE);
}
