//! Service apps: the way to an access token, proofs, renewal, and refusals that say what is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rolebook_fake_okta::{App, FakeOkta, Fault, Group, Options, Org, TokenRole, User};
use rolebook_okta::{
    Client, ClientConfig, ClockFn, Domain, Error, GroupQuery, PrivateKey, READ_SCOPES, Secret, ServiceApp,
};
use serde_json::Value;

use crate::governor;
use crate::scripted::{Seen, Server, Step, say};

const RSA: &str = include_str!("../keys/rsa.jwk");
const EC: &str = include_str!("../keys/ec256.jwk");

/// The public half of a JWK.
fn public(jwk: &str) -> Value {
    let mut jwk: Value = serde_json::from_str(jwk).unwrap();
    jwk.as_object_mut()
        .unwrap()
        .retain(|name, _| matches!(name.as_str(), "kty" | "kid" | "crv" | "n" | "e" | "x" | "y"));
    jwk
}

fn org() -> Org {
    (0..450).fold(
        Org::new("acme").user(User::new("ann@acme.test").id("00uA")).app(App::aws("0oaAWS")),
        |org, n| org.group(Group::new(format!("g{n}"))),
    )
}

fn fake(
    change: impl FnOnce(rolebook_fake_okta::ServiceApp) -> rolebook_fake_okta::ServiceApp,
) -> Arc<FakeOkta> {
    let app = rolebook_fake_okta::ServiceApp::new("0oaSVC")
        .key(public(RSA))
        .key(public(EC))
        .grant(READ_SCOPES)
        .role(TokenRole::Super);
    let options = Options { service_apps: vec![change(app)], frozen_clock: true, ..Options::default() };
    Arc::new(FakeOkta::start(org(), options).unwrap())
}

fn clock(fake: &Arc<FakeOkta>, off: i64) -> ClockFn {
    let fake = Arc::clone(fake);
    Arc::new(move || fake.now() + SignedDuration::from_secs(off))
}

fn app(key: &str, clock: ClockFn) -> ServiceApp {
    ServiceApp::new("0oaSVC", PrivateKey::parse(&Secret::from(key), None).unwrap(), clock).unwrap()
}

fn client(url: &str, app: ServiceApp) -> Client {
    rolebook_okta::install_crypto_provider();
    let (domain, _) = Domain::parse(url, true).unwrap();
    let mut config = ClientConfig::new(domain, app);
    config.addresses.allow_loopback = true;
    config.retry.base = Duration::from_millis(2);
    config.retry.ceiling = Duration::from_millis(20);
    config.governor = governor(|_| {});
    Client::new(config).unwrap()
}

/// The paths that the fake was asked for, without query.
fn paths(fake: &FakeOkta) -> Vec<(String, u16)> {
    fake.log().iter().map(|logged| (logged.path.clone(), logged.status)).collect()
}

async fn groups(client: &Client) -> Result<usize, Error> {
    Ok(client.groups(&GroupQuery::default())?.all().await?.0.len())
}

#[tokio::test]
async fn an_access_token_is_got_once_and_serves_every_page() {
    let fake = fake(|app| app);
    let client = client(fake.url(), app(RSA, clock(&fake, 0)));
    assert_eq!(client.service_app().unwrap().client_id(), "0oaSVC");
    let (org, groups) = tokio::join!(client.org(), groups(&client));
    assert_eq!((org.unwrap().id.is_empty(), groups.unwrap()), (false, 450));
    let tokens = paths(&fake).iter().filter(|(path, _)| path == "/oauth2/v1/token").count();
    assert_eq!(tokens, 1, "both asked, one got it");
}

#[tokio::test]
async fn dpop_is_found_out_and_every_page_has_a_proof_of_its_own() {
    for key in [RSA, EC] {
        let fake = fake(|app| app.dpop(true));
        let client = client(fake.url(), app(key, clock(&fake, 0)));
        // The fake refuses a proof that was used before, and one with a query in it.
        assert_eq!(groups(&client).await.unwrap(), 450);
        let expected = [("/oauth2/v1/token", 400), ("/oauth2/v1/token", 400), ("/oauth2/v1/token", 200)];
        let seen = paths(&fake);
        assert_eq!(
            seen[..3].iter().map(|(path, status)| (path.as_str(), *status)).collect::<Vec<_>>(),
            expected
        );
        assert_eq!(seen.len(), 6, "{seen:?}");
        // From now on the nonce is known: one request renews.
        fake.advance(Duration::from_secs(3500));
        client.org().await.unwrap();
        assert_eq!(
            paths(&fake)[6..],
            [("/oauth2/v1/token".to_owned(), 200), ("/api/v1/org".to_owned(), 200)]
        );
        // After four days it is outdated, and Okta tells the new one.
        fake.advance(Duration::from_secs(4 * 86_400));
        client.org().await.unwrap();
        let later: Vec<u16> = paths(&fake)[8..].iter().map(|(_, status)| *status).collect();
        assert_eq!(later, [400, 200, 200]);
    }
}

#[tokio::test]
async fn a_repetition_has_a_proof_of_its_own() {
    let fake = fake(|app| app.dpop(true));
    fake.add_fault(Fault::on("/api/v1/groups").status(503).count(2));
    let client = client(fake.url(), app(RSA, clock(&fake, 0)));
    assert_eq!(groups(&client).await.unwrap(), 450);
}

#[tokio::test]
async fn it_is_renewed_before_it_ends() {
    let fake = fake(|app| app);
    let client = client(fake.url(), app(EC, clock(&fake, 0)));
    client.org().await.unwrap();
    for (minutes, requests) in [(50, 1), (54, 1), (56, 2), (58, 1)] {
        let before = fake.log().len();
        fake.advance(Duration::from_secs(minutes * 60) - elapsed(&fake));
        client.org().await.unwrap();
        assert_eq!(fake.log().len() - before, requests, "after {minutes} minutes");
    }
    assert!(fake.log().iter().all(|logged| logged.status == 200));
}

/// Since the fake's start.
fn elapsed(fake: &FakeOkta) -> Duration {
    fake.now().duration_since(Options::default().start_time).unsigned_abs()
}

#[tokio::test]
async fn a_token_that_is_taken_back_in_the_middle_is_replaced_once() {
    let fake = fake(|app| app.dpop(true));
    // Our clock stands still, so nothing is renewed in time.
    let start = fake.now();
    let client = client(fake.url(), app(RSA, Arc::new(move || start)));
    let mut pages = client.groups(&GroupQuery::default()).unwrap();
    assert_eq!(pages.next_page().await.unwrap().unwrap().items.len(), 200);
    fake.add_fault(Fault::on("/api/v1/groups").status(401).count(1));
    assert_eq!(pages.next_page().await.unwrap().unwrap().items.len(), 200);
    let tail: Vec<_> = paths(&fake)[4..]
        .iter()
        .map(|(path, status)| (path.rsplit('/').next().unwrap().to_owned(), *status))
        .collect();
    assert_eq!(tail, [("groups".to_owned(), 401), ("token".to_owned(), 200), ("groups".to_owned(), 200)]);
    // Okta goes on refusing: one renewal, then the truth.
    fake.add_fault(Fault::on("/api/v1/groups").status(401));
    let before = fake.log().len();
    let error = pages.next_page().await.unwrap_err();
    assert!(matches!(error, Error::InvalidToken(_)), "{error}");
    assert_eq!(fake.log().len() - before, 3);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_corrected_by_oktas() {
    for (off, dpop) in [(-7200, false), (7200, false), (-7200, true), (7200, true), (-3, true), (3, true)] {
        let fake = fake(|app| app.dpop(dpop));
        let client = client(fake.url(), app(RSA, clock(&fake, off)));
        client.org().await.unwrap();
        let refused = paths(&fake).iter().filter(|(_, status)| *status == 401).count();
        assert_eq!(refused, usize::from(off.abs() > 3600), "{off} s off");
    }
}

#[tokio::test]
async fn refusals_say_what_is_wrong() {
    let stranger = |fake: &Arc<FakeOkta>| {
        let key = PrivateKey::parse(&Secret::from(RSA), None).unwrap();
        ServiceApp::new("0oaWHO", key, clock(fake, 0)).unwrap()
    };
    let fake_with = || fake(|app| app);
    let fake1 = fake_with();
    let error = client(fake1.url(), stranger(&fake1)).org().await.unwrap_err();
    assert!(error.is_unauthenticated(), "{error}");
    insta(
        &error,
        "okta gives the service app no access token: POST /oauth2/v1/token answered 401 invalid_client \"Invalid value for 'client_id' parameter.\"",
    );
    assert_eq!(fake1.log().len(), 1, "nothing new could be said");

    let pem = include_str!("../keys/rsa-pkcs1.pem");
    let unnamed = app(pem, clock(&fake1, 0));
    let error = client(fake1.url(), unnamed.clone()).org().await.unwrap_err();
    assert!(error.hint().contains("key id"), "{}", error.hint());
    client(fake1.url(), unnamed.with_key_id("rsa").unwrap()).org().await.unwrap();

    let greedy = app(RSA, clock(&fake1, 0)).with_scopes(["okta.orgs.read", "okta.logs.read"]).unwrap();
    let error = client(fake1.url(), greedy).org().await.unwrap_err();
    assert!(
        matches!(&error, Error::ScopesNotGranted { scopes, .. } if scopes == "okta.logs.read okta.orgs.read")
    );
    assert!(error.hint().contains("--oauth-scopes"));

    let modest = app(RSA, clock(&fake1, 0)).with_scopes(["okta.orgs.read"]).unwrap();
    let client = client(fake1.url(), modest);
    client.org().await.unwrap();
    let error = groups(&client).await.unwrap_err();
    assert!(
        matches!(&error, Error::MissingScope { scope: Some(scope), .. } if scope == "okta.groups.read"),
        "{error}"
    );
}

#[track_caller]
fn insta(error: &Error, expected: &str) {
    let text = error.to_string();
    assert!(text.starts_with(expected), "{text}");
}

/// A token endpoint that answers by number, and an org behind it.
async fn scripted(tokens: impl Fn(usize) -> Step + Send + Sync + 'static) -> Server {
    let asked = AtomicUsize::new(0);
    Server::start(move |_, seen: &Seen| match seen.target.as_str() {
        "/oauth2/v1/token" => tokens(asked.fetch_add(1, Ordering::SeqCst)),
        _ => say(200, r#"{"id":"00o1"}"#).into(),
    })
    .await
}

fn issued(kind: &str) -> Step {
    say(200, format!(r#"{{"token_type":"{kind}","expires_in":3600,"access_token":"eyJcanary","scope":"x"}}"#))
        .into()
}

fn still() -> ClockFn {
    Arc::new(|| Timestamp::from_second(1_800_000_000).unwrap())
}

#[tokio::test]
async fn the_token_endpoint_is_asked_again_like_any_other_with_a_new_assertion() {
    let server = scripted(|number| match number {
        0 => say(503, "{}").into(),
        1 => Step::Close,
        2 => say(429, r#"{"errorCode":"E0000047"}"#).rate(600, 0, 0).into(),
        _ => issued("Bearer"),
    })
    .await;
    let client = client(&server.url, app(RSA, still()));
    client.org().await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 5);
    assert_eq!(seen[4].header("authorization"), Some("Bearer eyJcanary"));
    assert_eq!(seen[0].header("authorization"), None);
}

#[tokio::test]
async fn endless_lessons_end() {
    let odd: [fn(usize) -> Step; 4] = [
        |n| say(400, r#"{"error":"use_dpop_nonce"}"#).header("dpop-nonce", format!("n{n}")).into(),
        |_| say(400, r#"{"error":"use_dpop_nonce"}"#).into(),
        |_| say(400, r#"{"error":"invalid_dpop_proof"}"#).into(),
        |n| {
            let date =
                if n % 2 == 0 { "Fri, 15 Jan 2027 09:00:00 GMT" } else { "Fri, 15 Jan 2027 07:00:00 GMT" };
            say(401, r#"{"error":"invalid_client"}"#).header("date", date).into()
        },
    ];
    for tokens in odd {
        let server = scripted(tokens).await;
        let error = client(&server.url, app(RSA, still())).org().await.unwrap_err();
        assert!(matches!(error, Error::ServiceApp(_)), "{error}");
        assert!((2..=5).contains(&server.seen().len()), "{}", server.seen().len());
    }
}

#[tokio::test]
async fn answers_that_are_no_token_are_told_by_their_name() {
    let odd: [(Step, &str); 5] = [
        (say(200, "{}").into(), "unexpected answer to /oauth2/v1/token: missing field `token_type`"),
        (
            say(200, "<html>").header("content-type", "text/html").without("content-type").into(),
            "a body without content type instead of JSON",
        ),
        (
            say(200, r#"{"token_type":"Bearer","access_token":"canary x"}"#).into(),
            "unexpected answer to /oauth2/v1/token: the access token is none",
        ),
        (say(404, "{}").into(), "unknown path: POST /oauth2/v1/token answered 404"),
        (say(302, "{}").header("location", "https://elsewhere.test/").into(), "redirected to elsewhere.test"),
    ];
    for (step, expected) in odd {
        let server = scripted(move |_| step.clone()).await;
        let error = client(&server.url, app(RSA, still())).org().await.unwrap_err();
        insta(&error, expected);
        assert!(!format!("{error} {error:?}").contains("canary x"));
    }
}

#[tokio::test]
async fn a_nonce_that_is_asked_for_at_a_resource_is_given() {
    let server = Server::start(|_, seen: &Seen| {
        let proof = seen.header("dpop").map(claims);
        match (seen.target.as_str(), proof) {
            ("/oauth2/v1/token", None) => say(400, r#"{"error":"invalid_dpop_proof"}"#).into(),
            ("/oauth2/v1/token", Some(proof)) if proof["nonce"] == "for-tokens" => issued("DPoP"),
            ("/oauth2/v1/token", Some(_)) => {
                say(400, r#"{"error":"use_dpop_nonce"}"#).header("dpop-nonce", "for-tokens").into()
            }
            (_, Some(proof)) if proof["nonce"] == "for-resources" => say(200, r#"{"id":"00o1"}"#).into(),
            (_, Some(_)) => say(401, "")
                .header("www-authenticate", "DPoP error=\"use_dpop_nonce\", error_description=\"x\"")
                .header("dpop-nonce", "for-resources")
                .into(),
            _ => say(500, "{}").into(),
        }
    })
    .await;
    let client = client(&server.url, app(RSA, still()));
    client.org().await.unwrap();
    client.org().await.unwrap();
    assert_eq!(server.seen().len(), 6, "the nonce was asked for once");
}

/// The claims of a JWT, unverified.
fn claims(jwt: &str) -> Value {
    let part = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn nothing_secret_prints() {
    let server = scripted(|_| issued("Bearer")).await;
    let app = app(RSA, still());
    let client = client(&server.url, app.clone());
    client.org().await.unwrap();
    let private: Value = serde_json::from_str(RSA).unwrap();
    let printed = format!("{app:?} {client:?} {:?}", client.service_app());
    for secret in ["eyJcanary", private["d"].as_str().unwrap(), private["p"].as_str().unwrap()] {
        assert!(!printed.contains(secret), "{printed}");
    }
    let bad = scripted(|_| say(401, r#"{"error":"invalid_client","error_description":"no"}"#).into()).await;
    let error = crate::oauth::client(&bad.url, app).org().await.unwrap_err();
    let assertion = "client_assertion=";
    assert!(!format!("{error} {error:?}").contains(assertion));
}

#[tokio::test]
async fn many_at_once_get_one_token_and_a_stop_ends_the_wait() {
    let asked = Arc::new(AtomicI64::new(0));
    let server = scripted({
        let asked = Arc::clone(&asked);
        move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Step::Silence
        }
    })
    .await;
    let stop = rolebook_okta::CancellationToken::new();
    let client = client(&server.url, app(RSA, still())).with_cancellation(stop.clone());
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.org().await })
        })
        .collect();
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    for task in waiting {
        assert!(matches!(task.await.unwrap().unwrap_err(), Error::Cancelled));
    }
    assert_eq!(server.seen().len(), 1);
}
