//! Doors: set-up, sign-in, sessions, keys, origins, headers.

use reqwest::{Method, StatusCode, header};
use rolebook_console::Front;
use serde_json::json;

use crate::house::{House, PASSWORD, Person, cookie_of, http};

#[tokio::test(flavor = "multi_thread")]
async fn the_set_up_link_works_once_and_for_fifteen_minutes() {
    let house = House::demo().await;
    let link = house.link();
    let page = http().get(&link).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Create the Super Administrator"));
    let short = [("name", "Sue"), ("email", "sue@acme.test"), ("password", "short"), ("again", "short")];
    let refused = http().post(&link).form(&short).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().await.unwrap().contains("at least 12 characters"));
    house.sue().await;
    assert_eq!(http().get(&link).send().await.unwrap().status(), StatusCode::GONE);

    let late = House::demo().await;
    late.advance(15 * 60 + 1);
    assert_eq!(http().get(late.link()).send().await.unwrap().status(), StatusCode::GONE);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_four_addresses_answer_and_nothing_else() {
    let house = House::demo().await;
    let open = http();
    for path in ["/live", "/ready", "/metrics", "/openapi.json"] {
        assert_eq!(
            open.get(format!("{}{path}", house.url)).send().await.unwrap().status(),
            StatusCode::OK,
            "{path}"
        );
    }
    for route in rolebook_console::routes() {
        if route.access == rolebook_console::policy::Access::Public {
            continue;
        }
        let path = route.path.replace("{id}", "x").replace("{sync}", "x").replace("{app}", "x");
        let answer = open
            .request(route.method.clone(), format!("{}{path}", house.url))
            .header(header::CONTENT_TYPE, "application/json")
            .body("{}")
            .send()
            .await
            .unwrap();
        let wanted = if path.starts_with("/api/") { StatusCode::UNAUTHORIZED } else { StatusCode::SEE_OTHER };
        assert_eq!(answer.status(), wanted, "{} {path}", route.method);
    }
    for (path, wanted) in [("/nothing", StatusCode::SEE_OTHER), ("/api/nothing", StatusCode::UNAUTHORIZED)] {
        assert_eq!(open.get(format!("{}{path}", house.url)).send().await.unwrap().status(), wanted, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_headers() {
    let house = House::demo().await;
    let sue = house.sue().await;
    for path in ["/", "/connectors", "/api/connectors", "/assets/console.css", "/live", "/nothing"] {
        let answer = sue.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
    }
    for path in ["/", "/connectors", "/settings", "/sign-in"] {
        let page = sue.get(path).await.text(StatusCode::OK).await;
        assert!(
            !page.contains("<script>") && !page.contains("style=\"") && !page.contains("onclick"),
            "{path}"
        );
        assert_eq!(page.matches("<script").count(), 1, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_throttled_and_sessions_rotate() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let sign_in = |password: &'static str| {
        let url = format!("{}/sign-in", house.url);
        async move {
            http()
                .post(url)
                .form(&[("email", "SUE@acme.test"), ("password", password), ("to", "//evil.test")])
                .send()
                .await
                .unwrap()
        }
    };
    for _ in 0..5 {
        assert_eq!(sign_in("wrong wrong wrong").await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        sign_in(PASSWORD).await.status(),
        StatusCode::TOO_MANY_REQUESTS,
        "the right one has to wait, too"
    );
    house.advance(3);
    let answer = sign_in(PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], "/", "nothing leads to another site");
    let line = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(line.contains("HttpOnly") && line.contains("SameSite=Lax"), "{line}");
    let again = Person::with(&house.url, &cookie_of(&answer)).await;
    assert_ne!(again.cookie, sue.cookie);

    assert_eq!(again.form("/sign-out", &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(again.get("/api/me").await.status(), StatusCode::UNAUTHORIZED);
    let nobody = http()
        .post(format!("{}/sign-in", house.url))
        .form(&[("email", "no@acme.test"), ("password", "x")])
        .send()
        .await
        .unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_idle_and_in_any_case() {
    let house = House::demo().await;
    let sue = house.sue().await;
    for _ in 0..7 {
        house.advance(59 * 60);
        assert_eq!(sue.get("/api/me").await.status(), StatusCode::OK);
    }
    house.advance(70 * 60);
    assert_eq!(sue.get("/api/me").await.status(), StatusCode::UNAUTHORIZED, "after eight hours in any case");

    let idle = House::demo().await;
    let sue = idle.sue().await;
    idle.advance(61 * 60);
    assert_eq!(sue.get("/api/me").await.status(), StatusCode::UNAUTHORIZED, "an hour without a request");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_needs_our_own_page() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let body = json!({ "kind": "okta-aws-federation", "app": { "new": "X" } });
    let with = |headers: Vec<(&'static str, String)>| {
        let (sue, body) = (sue.clone(), body.clone());
        async move {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            sue.send_with(Method::POST, "/api/connectors", Some(&body), &headers).await.status()
        }
    };
    assert_eq!(with(vec![("origin", "https://evil.test".into())]).await, StatusCode::FORBIDDEN);
    assert_eq!(with(vec![("origin", "null".into())]).await, StatusCode::FORBIDDEN);
    assert_eq!(with(vec![("sec-fetch-site", "cross-site".into())]).await, StatusCode::FORBIDDEN);
    assert_eq!(with(vec![("sec-fetch-site", "same-site".into())]).await, StatusCode::FORBIDDEN);
    assert_eq!(with(vec![("origin", house.url.clone())]).await, StatusCode::CREATED);

    let without = http()
        .post(format!("{}/api/connectors", house.url))
        .header(header::COOKIE, &sue.cookie)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(without.status(), StatusCode::FORBIDDEN, "no token of the form");
    let mut stale = sue.clone();
    stale.csrf = "x".repeat(43);
    assert_eq!(stale.post("/api/connectors", &body).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_to_its_own_names_only() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let ask = |sue: &Person, path: &'static str, host: &str| {
        let (sue, host) = (sue.clone(), host.to_owned());
        async move { sue.send_with(Method::GET, path, None, &[("host", &host)]).await }
    };
    let port = house.url.rsplit_once(':').unwrap().1.to_owned();
    for own in ["127.0.0.1", "localhost", "LOCALHOST.", "[::1]", "127.0.0.7"] {
        assert_eq!(ask(&sue, "/api/me", &format!("{own}:{port}")).await.status(), StatusCode::OK, "{own}");
    }
    // A name that somebody made lead here: no page, no number, no door.
    for other in
        ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.3", "rolebook.acme.test", "@"]
    {
        let other = format!("{other}:{port}");
        for path in ["/", "/sign-in", "/assets/console.css", "/openapi.json", "/nothing"] {
            let answer = ask(&sue, path, &other).await;
            assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{path} at {other}");
        }
        let problem = ask(&sue, "/api/me", &other).await.json(StatusCode::MISDIRECTED_REQUEST).await;
        assert_eq!(problem["code"], "other-host");
        assert!(problem["hint"].as_str().unwrap().contains("--base-url"), "{problem}");
        assert_eq!(ask(&sue, "/live", &other).await.status(), StatusCode::OK);
        let by_address = other.starts_with("10.");
        for path in ["/ready", "/metrics"] {
            assert_eq!(ask(&sue, path, &other).await.status().is_success(), by_address, "{path} at {other}");
        }
    }
    // A change from such a page, were it same-origin to the browser.
    let origin = format!("http://evil.test:{port}");
    let headers = [("host", &origin[7..]), ("origin", origin.as_str()), ("sec-fetch-site", "same-origin")];
    let answer = sue.send_with(Method::POST, "/api/keys", Some(&json!({})), &headers).await;
    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);

    // Behind a proxy, and with a base URL, it goes by that name too, and says so to whoever comes by another.
    for front in [Front::Proxy, Front::Open] {
        house.stop().await;
        house
            .start_with(|config| {
                config.front = front.clone();
                config.base_url = "https://rolebook.acme.test".to_owned();
            })
            .await;
        let here = |path: &str| format!("http://127.0.0.1:{}{path}", house.port());
        for (host, wanted) in
            [("rolebook.acme.test", StatusCode::OK), ("evil.test", StatusCode::MISDIRECTED_REQUEST)]
        {
            let answer = http().get(here("/sign-in")).header(header::HOST, host).send().await.unwrap();
            assert_eq!(answer.status(), wanted, "{front:?} {host}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_have_a_role_and_an_end() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let made = sue
        .post("/api/keys", &json!({ "name": "ci", "role": "read-only-administrator", "days": 1 }))
        .await
        .json(StatusCode::CREATED)
        .await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    let call = |method: Method, path: &'static str| {
        let (secret, url) = (secret.clone(), format!("{}{path}", house.url));
        async move {
            http().request(method, url).bearer_auth(secret).json(&json!({})).send().await.unwrap().status()
        }
    };
    assert_eq!(call(Method::GET, "/api/audit").await, StatusCode::OK);
    assert_eq!(call(Method::POST, "/api/connectors").await, StatusCode::FORBIDDEN, "read-only");
    let shown = sue.get("/api/keys").await.text(StatusCode::OK).await;
    assert!(!shown.contains(&secret));
    sue.post("/api/keys", &json!({ "name": "x", "role": "basic-user", "days": 181 }))
        .await
        .json(StatusCode::UNPROCESSABLE_ENTITY)
        .await;
    let bob = house.invite(&sue, "Bob", "basic-user").await;
    bob.post("/api/keys", &json!({ "name": "x", "role": "super-administrator", "days": 1 }))
        .await
        .json(StatusCode::UNPROCESSABLE_ENTITY)
        .await;
    house.advance(24 * 3600 + 1);
    assert_eq!(call(Method::GET, "/api/audit").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_makes_none_that_outlives_it_and_ends_when_a_person_is_switched_off() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let ann = house.invite(&sue, "Ann", "read-only-administrator").await;
    let new = |days: i64| json!({ "name": "ci", "role": "read-only-administrator", "days": days });
    let first = ann.post("/api/keys", &new(2)).await.json(StatusCode::CREATED).await;
    let secret = first["secret"].as_str().unwrap();
    let send = |method: Method, body: serde_json::Value| {
        let request = http().request(method, format!("{}/api/keys", house.url)).bearer_auth(secret);
        async move { request.json(&body).send().await.unwrap().status() }
    };
    assert_eq!(send(Method::POST, new(180)).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(send(Method::POST, new(1)).await, StatusCode::CREATED);
    let users = sue.get("/api/users").await.json(StatusCode::OK).await;
    let id =
        users["items"].as_array().unwrap().iter().find(|user| user["name"] == "Ann").unwrap()["id"].clone();
    let user = format!("/api/users/{}", id.as_str().unwrap());
    for active in [false, true] {
        let body = json!({ "active": active });
        sue.send(Method::PATCH, &user, Some(&body)).await.json(StatusCode::OK).await;
        assert_eq!(send(Method::GET, json!({})).await, StatusCode::UNAUTHORIZED, "active: {active}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_gives_no_more_than_its_owner_has_now() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let ann = house.invite(&sue, "Ann", "read-only-administrator").await;
    let new = json!({ "name": "ci", "role": "read-only-administrator", "days": 9 });
    let make = || async { ann.post("/api/keys", &new).await.json(StatusCode::CREATED).await };
    let (one, two) = (make().await, make().await);
    let call = |made: &serde_json::Value| {
        let request =
            http().get(format!("{}/api/audit", house.url)).bearer_auth(made["secret"].as_str().unwrap());
        async move { request.send().await.unwrap().status() }
    };
    assert_eq!((call(&one).await, call(&two).await), (StatusCode::OK, StatusCode::OK));
    // One that was ended opens nothing, and is not there to be ended again.
    let path = format!("/api/keys/{}", one["id"].as_str().unwrap());
    assert_eq!(ann.send(Method::DELETE, &path, None).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(ann.send(Method::DELETE, &path, None).await.status(), StatusCode::NOT_FOUND);
    assert_eq!((call(&one).await, call(&two).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    // Nor does anybody end another's.
    let path = format!("/api/keys/{}", two["id"].as_str().unwrap());
    assert_eq!(sue.send(Method::DELETE, &path, None).await.status(), StatusCode::NOT_FOUND);
    // A role that was taken away is gone from the key as well; so is somebody who was switched off.
    let users = sue.get("/api/users").await.json(StatusCode::OK).await;
    let id =
        users["items"].as_array().unwrap().iter().find(|user| user["name"] == "Ann").unwrap()["id"].clone();
    let user = format!("/api/users/{}", id.as_str().unwrap());
    let change = |body: serde_json::Value| {
        let (sue, user) = (sue.clone(), user.clone());
        async move { sue.send(Method::PATCH, &user, Some(&body)).await.json(StatusCode::OK).await }
    };
    change(json!({ "roles": ["basic-user"] })).await;
    assert_eq!(call(&two).await, StatusCode::UNAUTHORIZED);
    change(json!({ "roles": ["read-only-administrator"] })).await;
    assert_eq!(call(&two).await, StatusCode::UNAUTHORIZED, "it ended with the sessions");
    for line in ["Bearer", "Bearer ", "Basic c3VlOng=", "Bearer none"] {
        let request = http().get(format!("{}/api/me", house.url)).header(header::AUTHORIZATION, line);
        // Whoever sends a key does not fall back on a session that the browser adds.
        let answer = request.header(header::COOKIE, &sue.cookie).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_change_sessions_and_the_last_super_administrator_stays() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let bob = house.invite(&sue, "Bob", "connector-administrator").await;
    let users = sue.get("/api/users").await.json(StatusCode::OK).await;
    let id = |name: &str| {
        users["items"].as_array().unwrap().iter().find(|user| user["name"] == name).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let change = |user: String, body: serde_json::Value| {
        let sue = sue.clone();
        async move { sue.send(Method::PATCH, &format!("/api/users/{user}"), Some(&body)).await }
    };
    let refused =
        change(id("Sue"), json!({ "roles": ["basic-user"] })).await.json(StatusCode::CONFLICT).await;
    assert!(refused["title"].as_str().unwrap().contains("last Super Administrator"));
    change(id("Bob"), json!({ "roles": ["basic-user"] })).await.json(StatusCode::OK).await;
    assert_eq!(bob.get("/api/me").await.status(), StatusCode::UNAUTHORIZED, "his session has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_only_here_without_tls() {
    let house = House::demo().await;
    let mut config = house.config();
    config.data = house.data.with_extension("other");
    let error =
        rolebook_console::Server::start(config, "0.0.0.0:0".parse().unwrap()).await.err().expect("a refusal");
    assert!(error.to_string().contains("can be reached from other machines"), "{error}");
    let busy =
        rolebook_console::Server::start(house.config(), "127.0.0.1:0".parse().unwrap()).await.err().unwrap();
    assert!(busy.to_string().contains("in use by another rolebook"), "{busy}");
}
