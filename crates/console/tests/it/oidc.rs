//! Sign-in through an OpenID Connect provider.

use std::sync::Arc;

use reqwest::{Method, Response, StatusCode, header};
use rolebook_fake_okta::orgs;
use serde_json::{Value, json};

use crate::{
    house::{House, Person, cookie_of, http},
    provider::{Provider, SECRET},
};

async fn house() -> (House, Arc<Provider>, Person) {
    let provider = Provider::start().await;
    let mut house = House::of(orgs::demo()).await;
    house.stop().await;
    house.oidc = Some(provider.config());
    house.start().await;
    let sue = house.sue().await;
    (house, provider, sue)
}

async fn fetch(url: &str, cookie: &str) -> Response {
    http().get(url).header(header::COOKIE, cookie).send().await.unwrap()
}

fn location(answer: &Response) -> String {
    answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

/// To the provider: where it leads back to, and the cookie that belongs to it.
async fn go(house: &House) -> (String, String) {
    let out = fetch(&format!("{}/sign-in/oidc?to=/settings", house.url), "").await;
    assert_eq!(out.status(), StatusCode::SEE_OTHER);
    let line = out.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        line.contains("HttpOnly") && line.contains("SameSite=Lax") && line.contains("Max-Age=600"),
        "{line}"
    );
    let back = fetch(&location(&out), "").await;
    (location(&back), cookie_of(&out))
}

pub(crate) async fn sign_in(house: &House) -> Response {
    let (back, cookie) = go(house).await;
    fetch(&back, &cookie).await
}

/// Nobody gets in, and the page says why.
async fn refused(house: &House, status: StatusCode, text: &str) {
    let answer = sign_in(house).await;
    let session = cookie_of(&answer);
    let got = answer.status();
    let page = answer.text().await.unwrap();
    assert!(got == status && page.contains(text), "{text}: {got} {page}");
    assert!(session.starts_with("rolebook-oidc="), "no session: {session}");
    assert!(page.contains("class=\"next\"") && page.contains("id=\"password\""), "what to do next: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_invited_comes_in_and_is_known_by_more_than_an_address_afterwards() {
    let (house, provider, sue) = house().await;
    let page =
        http().get(format!("{}/sign-in?to=/people", house.url)).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("href=\"/sign-in/oidc?to=/people\"") && page.contains("127.0.0.1"), "{page}");
    refused(&house, StatusCode::FORBIDDEN, "ask a Super Administrator to invite you").await;
    let invitation = json!({ "name": "Ann", "email": "Ann@acme.test", "roles": ["read-only-administrator"] });
    let ann = sue.post("/api/users", &invitation).await.json(StatusCode::CREATED).await;
    let id = ann["user"]["id"].as_str().unwrap();

    // An address that the provider has not verified proves nothing, nor does a word instead of true.
    for claims in [
        json!({ "email_verified": false }),
        json!({ "email_verified": null }),
        json!({ "email_verified": "true" }),
    ] {
        provider.names(claims);
        refused(&house, StatusCode::FORBIDDEN, "you may not come in").await;
    }
    provider.names(json!({}));
    let answer = sign_in(&house).await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, "/settings".to_owned()));
    let person = Person::with(&house.url, &cookie_of(&answer)).await;
    let me = person.get("/api/me").await.json(StatusCode::OK).await;
    assert_eq!(me["email"], "ann@acme.test", "{me:#}");
    let audit = sue.audit(&format!("user/{id}")).await;
    let actions: Vec<&str> = audit.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions[..3], ["session.opened", "user.identity-bound", "user.invited"], "{actions:?}");
    let all = sue.get("/api/audit?limit=200").await.text(StatusCode::OK).await;
    assert!(all.contains("session.refused") && !all.contains(SECRET));

    // Another address, the same person; and another person with the address that was first.
    provider.names(json!({ "email": "ann.new@acme.test", "email_verified": false }));
    assert_eq!(sign_in(&house).await.status(), StatusCode::SEE_OTHER);
    provider.names(json!({ "sub": "00u-thief" }));
    refused(&house, StatusCode::FORBIDDEN, "you may not come in").await;

    // A session like any other: it ends when nobody uses it; somebody switched off stays out.
    house.advance(61 * 60);
    person.get("/api/me").await.json(StatusCode::UNAUTHORIZED).await;
    provider.names(json!({ "exp": 1_788_249_600 + 3 * 3600 }));
    let form = [("email", "sue@acme.test"), ("password", crate::house::PASSWORD)];
    let again = http().post(format!("{}/sign-in", house.url)).form(&form).send().await.unwrap();
    let sue = Person::with(&house.url, &cookie_of(&again)).await;
    assert_eq!(sign_in(&house).await.status(), StatusCode::SEE_OTHER);
    let off = json!({ "active": false });
    sue.send(Method::PATCH, &format!("/api/users/{id}"), Some(&off)).await.json(StatusCode::OK).await;
    refused(&house, StatusCode::FORBIDDEN, "switched off").await;
    assert_eq!(sue.audit(&format!("user/{id}")).await[0]["action"], "session.refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_proves_nothing_lets_nobody_in() {
    let (house, provider, sue) = house().await;
    sue.post("/api/users", &json!({ "name": "Ann", "email": "ann@acme.test" }))
        .await
        .json(StatusCode::CREATED)
        .await;
    let began = 1_788_249_600;
    for (claims, text) in [
        (json!({ "nonce": "other" }), "belongs to another sign-in"),
        (json!({ "nonce": null }), "belongs to another sign-in"),
        (json!({ "aud": "somebody-else" }), "for another application"),
        (json!({ "aud": ["rolebook", "other"] }), "for another application"),
        (json!({ "azp": "other" }), "for another application"),
        (json!({ "iss": "https://evil.test" }), "of another issuer"),
        (json!({ "exp": began - 3600 }), "has expired"),
        (json!({ "iat": began + 3600 }), "not valid yet"),
        (json!({ "nbf": began + 3600 }), "not valid yet"),
        (json!({ "exp": null }), "cannot be read"),
        (json!({ "sub": "" }), "cannot be read"),
    ] {
        provider.names(claims);
        refused(&house, StatusCode::UNAUTHORIZED, text).await;
    }
    provider.names(json!({}));
    for alg in ["none", "HS256", "RS512"] {
        provider.ways.lock().unwrap().alg = Some(alg);
        refused(&house, StatusCode::UNAUTHORIZED, "RS256 and ES256 are").await;
    }
    provider.ways.lock().unwrap().alg = None;
    // Keys that were changed are read again; a key that nobody publishes is refused.
    assert_eq!(sign_in(&house).await.status(), StatusCode::SEE_OTHER);
    provider.rotate("k2", false);
    assert_eq!(sign_in(&house).await.status(), StatusCode::SEE_OTHER);
    provider.rotate("k2", false);
    refused(&house, StatusCode::UNAUTHORIZED, "signature is wrong").await;
    provider.rotate("k3", true);
    assert_eq!(sign_in(&house).await.status(), StatusCode::SEE_OTHER, "ES256");
    provider.rotate("k4", false);
    provider.ways.lock().unwrap().hide_key = true;
    refused(&house, StatusCode::UNAUTHORIZED, "does not publish").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_is_gone_once_and_only_by_the_browser_that_began() {
    let (house, provider, sue) = house().await;
    sue.post("/api/users", &json!({ "name": "Ann", "email": "ann@acme.test" }))
        .await
        .json(StatusCode::CREATED)
        .await;
    let (back, cookie) = go(&house).await;
    let (_, other) = go(&house).await;
    let spent = |answer: Response| async move {
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.text().await.unwrap().contains("this sign-in is over"));
    };
    spent(fetch(&back, "").await).await;
    spent(fetch(&back, &other).await).await;
    spent(fetch(&back.replace("state=", "state=x"), &cookie).await).await;
    assert_eq!(*provider.spent.lock().unwrap(), 0, "the code was given to nobody");
    assert_eq!(fetch(&back, &cookie).await.status(), StatusCode::SEE_OTHER);
    spent(fetch(&back, &cookie).await).await;
    assert_eq!(*provider.spent.lock().unwrap(), 1);

    // A code that was used, an answer of another issuer, a refusal: each uses its attempt up.
    let used = back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let (back, cookie) = go(&house).await;
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let replayed = fetch(&back.replace(&code, &used), &cookie).await;
    assert_eq!(replayed.status(), StatusCode::UNAUTHORIZED);
    assert!(replayed.text().await.unwrap().contains("invalid_grant"));
    spent(fetch(&back, &cookie).await).await;
    let (back, cookie) = go(&house).await;
    let elsewhere = fetch(&back.replace("iss=", "iss=x"), &cookie).await;
    assert!(elsewhere.text().await.unwrap().contains("another issuer"));
    let (back, cookie) = go(&house).await;
    let denied = fetch(&format!("{back}&error=access_denied%3Cb%3E"), &cookie).await.text().await.unwrap();
    assert!(denied.contains("access_denied") && !denied.contains("<b>"), "{denied}");
    let (back, cookie) = go(&house).await;
    house.advance(601);
    spent(fetch(&back, &cookie).await).await;

    // Nothing leads to another site.
    let out = fetch(&format!("{}/sign-in/oidc?to=//evil.test/", house.url), "").await;
    let cookie = cookie_of(&out);
    let back = location(&fetch(&location(&out), "").await);
    assert_eq!(location(&fetch(&back, &cookie).await), "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_the_provider_vouches_for_becomes_a_basic_user_only_where_that_is_configured() {
    let (mut house, provider, sue) = house().await;
    house.stop().await;
    house.oidc = Some(rolebook_console::OidcConfig { create_basic: true, ..provider.config() });
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    provider.names(json!({ "email_verified": false }));
    refused(&house, StatusCode::FORBIDDEN, "you may not come in").await;
    provider.names(json!({}));
    let answer = sign_in(&house).await;
    let ann = Person::with(&house.url, &cookie_of(&answer)).await;
    let me: Value = ann.get("/api/me").await.json(StatusCode::OK).await;
    assert_eq!(me["roles"], json!(["basic-user"]), "{me:#}");
    ann.get("/api/users").await.json(StatusCode::FORBIDDEN).await;
    let page = sue.get("/settings").await.text(StatusCode::OK).await;
    assert!(page.contains("ann@acme.test") && !page.contains("<b>A</b>"));
    let audit = sue.audit(&format!("user/{}", me["id"].as_str().unwrap())).await;
    assert!(
        audit.iter().any(|row| row["action"] == "user.created" && row["detail"]["by"] == "oidc"),
        "{audit:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_provider_passwords_go_on() {
    let (house, provider, _) = house().await;
    provider.ways.lock().unwrap().down = true;
    let answer = fetch(&format!("{}/sign-in/oidc", house.url), "").await;
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    let page = answer.text().await.unwrap();
    for text in ["the sign-in provider cannot be asked", "503", "sign in with a password", "id=\"password\""]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    let form = [("email", "sue@acme.test"), ("password", crate::house::PASSWORD)];
    let again = http().post(format!("{}/sign-in", house.url)).form(&form).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::SEE_OTHER);
    // It comes back by itself.
    provider.ways.lock().unwrap().down = false;
    house.advance(11);
    assert_eq!(fetch(&format!("{}/sign-in/oidc", house.url), "").await.status(), StatusCode::SEE_OTHER);
    let none = House::demo().await;
    assert_eq!(fetch(&format!("{}/sign-in/oidc", none.url), "").await.status(), StatusCode::NOT_FOUND);
    let page = http().get(format!("{}/sign-in", none.url)).send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("/sign-in/oidc"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_hangs_holds_up_nobody_for_long() {
    let (mut house, provider, sue) = house().await;
    provider.ways.lock().unwrap().hangs = true;
    let begin = std::time::Instant::now();
    let url = format!("{}/sign-in/oidc", house.url);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let url = url.clone();
        tasks.spawn(async move { fetch(&url, "").await.status() });
    }
    // Passwords and pages go on meanwhile.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    sue.get("/api/me").await.json(StatusCode::OK).await;
    let answers = tasks.join_all().await;
    assert_eq!(answers, [StatusCode::BAD_GATEWAY; 4]);
    let waited = begin.elapsed();
    assert!(waited < std::time::Duration::from_secs(19), "one after the other: {waited:?}");
    // Who comes a moment later is told at once; whoever comes when it is well again is let through.
    let begin = std::time::Instant::now();
    assert_eq!(fetch(&url, "").await.status(), StatusCode::BAD_GATEWAY);
    assert!(begin.elapsed() < std::time::Duration::from_secs(5));
    provider.ways.lock().unwrap().hangs = false;
    house.advance(30);
    assert_eq!(fetch(&url, "").await.status(), StatusCode::SEE_OTHER);

    // A look over the console says how the provider is.
    house.stop().await;
    let line = |lines: Vec<(&'static str, bool, String)>| {
        lines.into_iter().find(|(what, _, _)| *what == "sign-in").map(|(_, well, text)| (well, text)).unwrap()
    };
    let (well, text) = line(rolebook_console::doctor(house.config()).await.unwrap().lines);
    assert!(well && text.ends_with("answers, 2 keys"), "{text}");
    provider.ways.lock().unwrap().down = true;
    let (well, text) = line(rolebook_console::doctor(house.config()).await.unwrap().lines);
    assert!(!well && text.contains("503"), "{text}");
}
