//! Every route, asked as an attacker would: the answer is never an error of the console's own, never gives back what was
//! sent as markup, and always carries the headers.

use reqwest::{Method, StatusCode, header};
use rolebook_console::policy::Access;
use rolebook_fake_okta::{AdminRole, App, AppGroup, Group, Org, RoleTargets, User};
use serde_json::json;

use crate::house::{House, PASSWORD, Person, cookie_of, http};

const SCRIPT: &str = "<script>alert(1)</script>";

/// What stands for a part of a path.
const PARTS: [&str; 6] = [
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%2frolebook.db",
    "x%0d%0aset-cookie:%20stolen=1",
    "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "%27%20OR%201=1--",
    "%00%ff%fe",
];

fn with_parts(path: &str, part: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        out.push_str(part);
        rest = after.split_once('}').unwrap().1;
    }
    out + rest
}

struct Probe<'a> {
    house: &'a House,
    cookie: Option<&'a str>,
    csrf: Option<&'a str>,
    origin: Option<&'a str>,
    kind: &'a str,
    body: Vec<u8>,
}

impl Probe<'_> {
    /// Sends it, looks at what holds for every answer, and gives the status.
    async fn of(&self, method: &Method, path: &str) -> StatusCode {
        let mut request = http().request(method.clone(), format!("{}{path}", self.house.url));
        for (name, value) in [("cookie", self.cookie), ("x-csrf-token", self.csrf), ("origin", self.origin)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if *method != Method::GET {
            request = request.header(header::CONTENT_TYPE, self.kind).body(self.body.clone());
        }
        let answer = request.send().await.unwrap();
        let name = format!("{method} {path} ({}, {} bytes)", self.kind, self.body.len());
        let status = answer.status();
        assert!(!status.is_server_error(), "{name}: {status}");
        let of = |header: &str| {
            answer.headers().get(header).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let policy = of("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{name}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{name}");
        assert_eq!(of("x-content-type-options"), "nosniff", "{name}");
        let asset = path.starts_with("/assets/");
        assert_eq!(of("cache-control") == "no-store", !asset, "{name}: {}", of("cache-control"));
        assert!(!of("set-cookie").contains("stolen") && !of("location").contains("//evil"), "{name}");
        let kind = of("content-type");
        if status == StatusCode::UNAUTHORIZED && path.starts_with("/api/") {
            assert!(kind.contains("json"), "{name}: {kind}");
        }
        if kind.contains("event-stream") {
            return status;
        }
        let text = String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned();
        if kind.contains("html") {
            assert!(!text.contains(SCRIPT) && !text.contains("<script>"), "{name}: {text}");
        }
        if path.starts_with("/api/") && status.is_client_error() {
            let told = serde_json::from_str::<serde_json::Value>(&text);
            assert!(
                told.is_ok_and(|told| told["title"].is_string() && told["hint"].is_string()),
                "{name}: {text}"
            );
        }
        for secret in ["root:x:", "SQLite format"] {
            assert!(!text.contains(secret), "{name}");
        }
        status
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_withstands() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let old = house.again().await;
    house.advance(61 * 60);
    let sue_again = house.again().await;
    drop(sue);
    let json_kind = "application/json";
    let form = "application/x-www-form-urlencoded";
    let probe = |cookie, csrf, origin, kind, body: &[u8]| Probe {
        house: &house,
        cookie,
        csrf,
        origin,
        kind,
        body: body.to_vec(),
    };
    let nobody = probe(None, None, None, json_kind, b"{}");
    let expired = probe(Some(old.cookie.as_str()), Some(old.csrf.as_str()), None, json_kind, b"{}");
    let (cookie, csrf) = (Some(sue_again.cookie.as_str()), Some(sue_again.csrf.as_str()));
    let foreign = probe(cookie, csrf, Some("https://evil.test"), json_kind, b"{}");
    let tokenless = probe(cookie, None, None, form, b"name=x");
    let large = vec![b'x'; 300 * 1024];
    let hostile = format!(
        "name={0}&email={0}&to=%2F%2Fevil.test&url={0}&kind={0}&value={0}&password={0}&again={0}&role={0}&q={0}&csrf={1}",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E", sue_again.csrf
    );
    let inside = [
        probe(cookie, csrf, None, json_kind, &large),
        probe(cookie, csrf, None, form, &large),
        probe(cookie, csrf, None, "text/xml", b"<x/>"),
        probe(cookie, csrf, None, json_kind, b"{\"name\": \"<script>alert(1)</script>\", "),
        probe(cookie, csrf, None, json_kind, b"[[[[[[[[]]]]]]]]"),
        probe(cookie, csrf, None, form, hostile.as_bytes()),
        probe(cookie, csrf, None, form, b"\xff\xfe%zz=%0&=&&"),
    ];
    let mut asked = 0;
    for route in rolebook_console::routes() {
        let path = with_parts(&route.path, "none");
        let is_public = route.access == Access::Public;
        let out = if path.starts_with("/api/") { StatusCode::UNAUTHORIZED } else { StatusCode::SEE_OTHER };
        for outside in [&nobody, &expired] {
            let status = outside.of(&route.method, &path).await;
            assert!(is_public || status == out, "{} {path}: {status}", route.method);
        }
        if route.method != Method::GET {
            assert_eq!(
                foreign.of(&route.method, &path).await,
                StatusCode::FORBIDDEN,
                "{} {path}",
                route.method
            );
            let status = tokenless.of(&route.method, &path).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{} {path}", route.method);
        }
        if route.path == "/sign-out" {
            continue;
        }
        for one in &inside {
            // What changes is only looked at: a wish to change the console's users is a good one in this test too.
            let path = if route.method == Method::GET || !path.starts_with("/api/") {
                path.clone()
            } else {
                format!("{path}?dry_run=1")
            };
            let status = one.of(&route.method, &path).await;
            asked += 1;
            if one.body.len() > 256 * 1024 && route.method != Method::GET {
                assert!(!status.is_success(), "{} {path}: {status}", route.method);
            }
        }
        for part in PARTS {
            let path = with_parts(&route.path, part);
            if path == route.path && route.path.contains("none") {
                continue;
            }
            let query = format!(
                "{path}?q={part}&page={part}&sort={part}&person={part}&ask={part}&limit={part}&format={part}"
            );
            inside[4].of(&route.method, &query).await;
        }
    }
    assert!(asked > 500, "{asked}");
    assert_eq!(sue_again.get("/api/me").await.status(), StatusCode::OK, "and it goes on");
    // What a browser would not send.
    for (name, value) in [("x-forwarded-host", "evil.test"), ("x-forwarded-proto", "javascript")] {
        let request = http().get(format!("{}/connectors", house.url)).header(name, value);
        let answer = request.send().await.unwrap();
        let location = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(location.starts_with("/sign-in"), "{name}: {location}");
    }
}

/// Names that mean harm to pages, spreadsheets and terminals.
fn hostile() -> Org {
    let people = ["=cmd@acme.test", "tag@acme.test", "bidi@acme.test"];
    Org::new("evil")
        .user(User::new(people[0]).id("00u1").name("=cmd|' /C calc'!A0", "+1"))
        .user(User::new(people[1]).id("00u2").name(SCRIPT, "\"><img src=x onerror=alert(1)>"))
        .user(User::new(people[2]).id("00u3").name("\u{202e}olleH", "two\nlines\u{7}"))
        .group(Group::new("@SUM(1+1)").id("00gU").members(["00u1", "00u2", "00u3"]))
        .group(Group::new("aws_012345678901_=A+1").id("00gR").members(["00u1", "00u2", "00u3"]))
        .group(Group::new("aws_012345678901_Admin").id("00gA").members(["00u2"]))
        .group(Group::new(format!("{SCRIPT}\u{202e}")).id("00gS").members(["00u2"]))
        .app(
            App::aws_mapping("0oaAWS")
                .label(format!("=HYPERLINK(\"x\") {SCRIPT}"))
                .group(AppGroup::new("00gU")),
        )
        .user_role("00u2", AdminRole::SuperAdmin, RoleTargets::all())
        .company(format!("{SCRIPT} & Sons\u{202e}"))
}

fn harmless(name: &str, text: &str) {
    for bad in [SCRIPT, "<script>", "<img src=x", "\u{202e}", "\u{7}"] {
        assert!(!text.contains(bad), "{name} holds {bad:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_stay_text_on_every_page_and_in_every_csv() {
    let house = House::of(hostile()).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let on = json!({ "enabled": true, "reason": SCRIPT });
    sue.send(Method::PATCH, &format!("/api/connectors/{id}/provisioning"), Some(&on))
        .await
        .json(StatusCode::OK)
        .await;
    let wish = json!({ "action": "grant", "person": "00u1", "group": "00gS" });
    let plan = sue.post(&format!("/api/connectors/{id}/plans"), &wish).await.json(StatusCode::CREATED).await;
    // The diff page too has something to show.
    house.fake.change(|org| org.add_member("00gA", "00u1"));
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    let view = house.settled(&sue, &id).await;
    assert_eq!(view["label"], "connected", "{view:#}");
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    let sync = syncs["items"][0]["id"].as_str().unwrap().to_owned();
    let apps = sue.get("/api/apps").await.json(StatusCode::OK).await;
    let app = apps.pointer("/0/id").or(apps.pointer("/items/0/id")).unwrap().as_str().unwrap().to_owned();
    let mut pages = vec![
        "/explorer?ask=who&account=012345678901".to_owned(),
        "/explorer?ask=who&role=012345678901%2FAdmin".to_owned(),
        "/explorer?ask=what&person=00u2".to_owned(),
        "/explorer?ask=why&person=00u2&role=012345678901%2FAdmin".to_owned(),
        "/people?q=%3Cscript%3E".to_owned(),
        "/activity?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E".to_owned(),
    ];
    for route in rolebook_console::routes() {
        let path = route.path.as_str();
        if route.method == Method::GET
            && !path.starts_with("/api/")
            && !path.starts_with("/assets/")
            && !path.contains("{secret}")
            // No provider here.
            && !path.starts_with("/sign-in/oidc")
        {
            let plan = plan["id"].as_str().unwrap();
            let path = path.replace("/connectors/new", "/connectors/new?kind=okta-aws-federation");
            pages.push(
                path.replace("{id}", &id)
                    .replace("{sync}", &sync)
                    .replace("{app}", &app)
                    .replace("{plan}", plan),
            );
        }
    }
    let mut named = 0;
    for path in &pages {
        let answer = sue.get(path).await;
        assert!(
            answer.status() == StatusCode::OK || answer.status() == StatusCode::SEE_OTHER,
            "{path}: {}",
            answer.status()
        );
        let text = answer.0.text().await.unwrap();
        harmless(path, &text);
        named += usize::from(text.contains("&#60;script&#62;") || text.contains("&lt;script&gt;"));
    }
    assert!(pages.len() > 25 && named >= 5, "{named} of {} pages name them", pages.len());
    let mut csvs: Vec<String> = ["accounts", "roles", "people", "groups", "grants"]
        .iter()
        .map(|kind| format!("/api/{kind}?format=csv"))
        .collect();
    for scope in ["group-membership", "application-assignment", "okta-roles", "aws-roles"] {
        csvs.push(format!("/api/connectors/{id}/reviews/{scope}"));
    }
    for path in &csvs {
        let text = sue.get(path).await.text(StatusCode::OK).await;
        assert!(!text.contains('\u{202e}') && !text.contains('\u{7}'), "{path}: {text:?}");
        assert!(text.lines().count() > 0);
        for cell in text.lines().flat_map(|line| line.split(',')) {
            let cell = cell.trim_matches('"');
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t']), "{path}: {cell:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_count_however_they_come() {
    let house = House::demo().await;
    let sue = house.sue().await;
    for name in ["Ann", "Bob", "Cid"] {
        house.invite(&sue, name, "basic-user").await;
    }
    let guess = |url: &str, who: &str, password: &str| {
        let form = [("email", format!("{who}@acme.test")), ("password", password.to_owned())];
        http().post(format!("{url}/sign-in")).form(&form).send()
    };
    // Forty at once: as if they had come one after the other.
    let url = house.url.clone();
    let at_once = (0..40).map(|n| guess(&url, "ann", if n == 39 { PASSWORD } else { "wrong wrong wrong" }));
    let answers = futures_util::future::join_all(at_once).await;
    let taken = answers.iter().flatten().filter(|answer| answer.status() == StatusCode::UNAUTHORIZED).count();
    // Five, and one more for each doubled wait that passes on a slow machine.
    assert!(taken <= 10, "{taken} guesses were judged in one turn");
    // One account that waits makes no other wait.
    assert_eq!(guess(&url, "bob", PASSWORD).await.unwrap().status(), StatusCode::SEE_OTHER);
    for _ in 0..8 {
        guess(&url, "cid", "wrong wrong wrong").await.unwrap();
        house.advance(1);
    }
    assert_eq!(guess(&url, "cid", PASSWORD).await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
    house.advance(3600);
    assert_eq!(guess(&url, "cid", PASSWORD).await.unwrap().status(), StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_session_of_before() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let second = house.again().await;
    assert_ne!(sue.cookie, second.cookie, "each sign-in has a session of its own");
    let key =
        sue.post("/api/keys", &json!({ "name": "ci", "role": "read-only-administrator", "days": 1 })).await;
    key.json(StatusCode::CREATED).await;
    house.stop().await;
    let link = rolebook_console::admin_link(house.config()).await.unwrap();
    house.start().await;
    let path = &link[link.find("/setup/").unwrap()..];
    let fresh = "another horse battery staple";
    let form = [("name", "Sue"), ("email", "sue@acme.test"), ("password", fresh), ("again", fresh)];
    let answer = http().post(format!("{}{path}", house.url)).form(&form).send().await.unwrap();
    let third = Person::with(&house.url, &cookie_of(&answer)).await;
    assert_eq!(third.get("/api/me").await.status(), StatusCode::OK);
    for (whose, cookie) in [("first", &sue.cookie), ("second", &second.cookie)] {
        let asked =
            http().get(format!("{}/api/me", house.url)).header(header::COOKIE, cookie).send().await.unwrap();
        assert_eq!(asked.status(), StatusCode::UNAUTHORIZED, "{whose}");
    }
    let old = [("email", "sue@acme.test"), ("password", PASSWORD)];
    let refused = http().post(format!("{}/sign-in", house.url)).form(&old).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(third.form("/sign-out", &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(third.get("/api/me").await.status(), StatusCode::UNAUTHORIZED, "signed out is out");
}

/// A row of the audit record that somebody edits, takes out, or puts in by hand.
#[tokio::test(flavor = "multi_thread")]
async fn the_audit_record_names_the_row_that_was_touched() {
    for (statement, named) in [
        ("UPDATE audit SET detail = '{}' WHERE seq = 3", "row 3"),
        ("UPDATE audit SET at = at + 1 WHERE seq = 2", "row 2"),
        ("UPDATE audit SET hash = prev WHERE seq = 1", "row 1"),
        ("DELETE FROM audit WHERE seq = 2", "row 3"),
        ("DELETE FROM audit WHERE seq = 1", "row 2"),
        (
            "INSERT INTO audit SELECT max(seq) + 1, at, actor_id, actor, 'forged', object, detail, hash, hash FROM audit",
            "row ",
        ),
    ] {
        let mut house = House::demo().await;
        let sue = house.sue().await;
        house.added(&sue).await;
        house.stop().await;
        let db = sea_orm::Database::connect(format!("sqlite://{}", house.data.join("rolebook.db").display()))
            .await
            .unwrap();
        sea_orm::ConnectionTrait::execute_unprepared(&db, statement).await.unwrap();
        db.close().await.unwrap();
        let looked = rolebook_console::doctor(house.config()).await.unwrap();
        let line = looked.lines.iter().find(|(what, ..)| *what == "audit record").unwrap();
        assert!(!line.1 && line.2.contains(named), "{statement}: {line:?}");
    }
}
