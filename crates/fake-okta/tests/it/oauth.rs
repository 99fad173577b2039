//! Service apps: the token endpoint, scopes, DPoP.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rolebook_fake_okta::{App, FakeOkta, Options, Org, RateLimits, ServiceApp, TokenRole, User};
use serde_json::{Value, json};

use crate::client::{Client, Got};

/// A key pair of a client.
pub(crate) struct Key {
    private: EncodingKey,
    public: Value,
}

impl Key {
    pub(crate) fn new(kid: &str) -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let private = EncodingKey::from_ec_der(&pair.serialize_der());
        let jwk = Jwk::from_encoding_key(&private, Algorithm::ES256).unwrap();
        let mut public = serde_json::to_value(jwk).unwrap();
        public["kid"] = json!(kid);
        Self { private, public }
    }

    pub(crate) fn public(&self) -> Value {
        self.public.clone()
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.private).unwrap()
    }

    /// A client assertion; `change` spoils it.
    fn assertion(&self, fake: &FakeOkta, jti: &str, change: impl FnOnce(&mut Header, &mut Value)) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.public["kid"].as_str().unwrap().to_owned());
        let now = fake.now().as_second();
        let mut claims = json!({"iss": "0oaSVC", "sub": "0oaSVC", "aud": format!("{}/oauth2/v1/token", fake.url()),
            "exp": now + 300, "iat": now, "jti": jti});
        change(&mut header, &mut claims);
        self.sign(&header, &claims)
    }

    fn proof(&self, fake: &FakeOkta, path: &str, change: impl FnOnce(&mut Header, &mut Value)) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some("dpop+jwt".to_owned());
        header.jwk = Some(serde_json::from_value(self.public.clone()).unwrap());
        let method = if path.starts_with("/oauth2") { "POST" } else { "GET" };
        let mut claims = json!({"htm": method, "htu": format!("{}{path}", fake.url()), "iat": fake.now().as_second(), "jti": "p"});
        change(&mut header, &mut claims);
        self.sign(&header, &claims)
    }
}

const SCOPES: [&str; 3] = ["okta.apps.read", "okta.users.read", "okta.groups.manage"];

fn client(app: ServiceApp) -> Client {
    let org = Org::new("acme").user(User::new("ann@acme.test").id("00uA")).app(App::aws("0oaAWS"));
    let options = Options {
        frozen_clock: true,
        rate_limits: RateLimits::UNLIMITED,
        service_apps: vec![app.grant(SCOPES)],
        ..Options::default()
    };
    Client::with(org, options).authorization(None)
}

fn form(assertion: &str, scope: &str) -> String {
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    format!(
        "grant_type=client_credentials&scope={scope}&client_assertion_type={kind}&client_assertion={assertion}"
    )
}

async fn ask(client: &Client, form: &str, headers: &[(&str, &str)]) -> Got {
    client.send_text("POST", "/oauth2/v1/token", "application/x-www-form-urlencoded", form, headers).await
}

/// An access token of the service app `0oaSVC` for one scope.
pub(crate) async fn access_token(client: &Client, key: &Key, scope: &str) -> String {
    let got = ask(client, &form(&key.assertion(&client.fake, scope, |_, _| {}), scope), &[]).await;
    assert_eq!(got.status, 200, "{scope}: {}", got.text);
    got.json()["access_token"].as_str().unwrap().to_owned()
}

fn error(got: &Got) -> (u16, String) {
    (got.status, got.json()["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_token_opens_what_scope_and_role_allow() {
    let key = Key::new("k1");
    let client = client(ServiceApp::new("0oaSVC").key(key.public.clone()).role(TokenRole::ReadOnly));
    let got = ask(
        &client,
        &form(&key.assertion(&client.fake, "1", |_, _| {}), "okta.apps.read+okta.users.read"),
        &[],
    )
    .await;
    assert_eq!(got.status, 200, "{}", got.text);
    let token = got.json();
    assert_eq!(
        (&token["token_type"], &token["expires_in"], &token["scope"]),
        (&json!("Bearer"), &json!(3600), &json!("okta.apps.read okta.users.read"))
    );
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let client = client.authorization(Some(&bearer));
    assert_eq!(client.get("/api/v1/apps").await.status, 200);
    assert_eq!(client.fake.log().last().unwrap().token.as_deref(), Some("0oaSVC"));
    let lacking = client.get("/api/v1/groups").await;
    assert_eq!((lacking.status, lacking.text.as_str()), (403, ""));
    assert!(
        lacking
            .header("www-authenticate")
            .contains("scope=\"okta.groups.read\", error=\"insufficient_scope\"")
    );
    assert!(lacking.headers.get("content-type").is_none());
    assert_eq!(client.get("/api/v1/internal/apps/0oaAWS/types").await.status, 403);
    assert_eq!(client.get("/api/v1/users/me").await.code(), "E0000007");
    client.fake.advance(Duration::from_secs(3600));
    let expired = client.get("/api/v1/apps").await;
    assert_eq!(expired.status, 401);
    assert!(expired.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn without_a_role_scopes_open_nothing() {
    let key = Key::new("k1");
    let client = client(ServiceApp::new("0oaSVC").key(key.public.clone()));
    let got = ask(
        &client,
        &form(&key.assertion(&client.fake, "1", |_, _| {}), "okta.apps.read+okta.users.read"),
        &[],
    )
    .await;
    let bearer = format!("Bearer {}", got.json()["access_token"].as_str().unwrap());
    let client = client.authorization(Some(&bearer));
    assert_eq!(client.json("/api/v1/users").await, json!([]));
    assert_eq!(client.get("/api/v1/apps").await.code(), "E0000006");
}

#[tokio::test]
async fn assertions_are_checked() {
    let (key, second, stranger) = (Key::new("k1"), Key::new("k2"), Key::new("k1"));
    let app = ServiceApp::new("0oaSVC").key(key.public.clone()).key(second.public.clone());
    let client = client(app);
    let now = client.fake.now().as_second();
    type Spoil = Box<dyn Fn(&mut Header, &mut Value)>;
    let set = |name: &'static str, value: Value| -> Spoil {
        Box::new(move |_, claims| claims[name] = value.clone())
    };
    let spoiled: Vec<(&str, Spoil)> = vec![
        ("unknown client", set("iss", json!("0oaWHO"))),
        ("sub", set("sub", json!("0oaWHO"))),
        ("aud", set("aud", json!("https://acme.okta.com/oauth2/v1/token"))),
        ("no exp", set("exp", Value::Null)),
        ("past exp", set("exp", json!(now))),
        ("far exp", set("exp", json!(now + 3601))),
        ("future iat", set("iat", json!(now + 60))),
        ("unknown kid", Box::new(|header, _| header.kid = Some("k9".to_owned()))),
        ("no kid", Box::new(|header, _| header.kid = None)),
    ];
    for (jti, (what, spoil)) in spoiled.into_iter().enumerate() {
        let got =
            ask(&client, &form(&key.assertion(&client.fake, &jti.to_string(), spoil), "okta.apps.read"), &[])
                .await;
        assert_eq!(error(&got), (401, "invalid_client".to_owned()), "{what}");
    }
    let forged =
        ask(&client, &form(&stranger.assertion(&client.fake, "f", |_, _| {}), "okta.apps.read"), &[]).await;
    assert_eq!(error(&forged), (401, "invalid_client".to_owned()), "signature");
    let good = form(&second.assertion(&client.fake, "once", |_, _| {}), "okta.apps.read");
    assert_eq!(ask(&client, &good, &[]).await.status, 200);
    assert_eq!(error(&ask(&client, &good, &[]).await), (401, "invalid_client".to_owned()), "replayed");
    for (n, (scope, code)) in [
        ("apps", "invalid_scope"),
        ("", "invalid_scope"),
        ("okta.logs.read", "consent_required"),
        ("okta.apps.read+okta.logs.read", "consent_required"),
    ]
    .into_iter()
    .enumerate()
    {
        let got =
            ask(&client, &form(&key.assertion(&client.fake, &format!("s{n}"), |_, _| {}), scope), &[]).await;
        assert_eq!(error(&got), (400, code.to_owned()), "{scope}");
    }
    assert_eq!(
        error(&ask(&client, "grant_type=password", &[]).await),
        (400, "unsupported_grant_type".to_owned())
    );
}

#[tokio::test]
async fn dpop_from_the_first_call_to_the_last() {
    let key = Key::new("k1");
    let client =
        client(ServiceApp::new("0oaSVC").key(key.public.clone()).role(TokenRole::ReadOnly).dpop(true));
    let token_path = "/oauth2/v1/token";
    let fake = &client.fake;
    let body = |jti: &str| form(&key.assertion(fake, jti, |_, _| {}), "okta.apps.read");
    let plain = ask(&client, &body("1"), &[]).await;
    assert_eq!(error(&plain), (400, "invalid_dpop_proof".to_owned()));
    let proof = key.proof(fake, token_path, |_, claims| claims["jti"] = json!("a"));
    let second = ask(&client, &body("2"), &[("dpop", &proof)]).await;
    assert_eq!(error(&second), (400, "use_dpop_nonce".to_owned()));
    let nonce = second.header("dpop-nonce").to_owned();
    let proof = |jti: &str| {
        key.proof(fake, token_path, |_, claims| {
            claims["jti"] = json!(jti);
            claims["nonce"] = json!(nonce);
        })
    };
    assert_eq!(
        ask(&client, &body("2"), &[("dpop", &proof("b"))]).await.status,
        401,
        "the assertion was spent"
    );
    let third = ask(&client, &body("3"), &[("dpop", &proof("c"))]).await;
    assert_eq!((third.status, &third.json()["token_type"]), (200, &json!("DPoP")), "{}", third.text);
    assert_eq!(
        error(&ask(&client, &body("4"), &[("dpop", &proof("c"))]).await).1,
        "invalid_dpop_proof",
        "replayed"
    );

    let token = third.json()["access_token"].as_str().unwrap().to_owned();
    let hash = BASE64URL_NOPAD.encode(digest(&SHA256, token.as_bytes()).as_ref());
    let get = async |scheme: &str, path: &str, proof: &str| {
        client
            .send_text(
                "GET",
                path,
                "",
                "",
                &[("authorization", &format!("{scheme} {token}")), ("dpop", proof)],
            )
            .await
    };
    let proof = |jti: &str, change: fn(&mut Value)| {
        key.proof(fake, "/api/v1/apps", |_, claims| {
            claims["jti"] = json!(jti);
            claims["ath"] = json!(hash);
            change(claims);
        })
    };
    let good = proof("r1", |_| {});
    assert_eq!(get("DPoP", "/api/v1/apps?limit=20", &good).await.status, 200, "htu is without the query");
    for (what, scheme, proof) in [
        ("the same proof again", "DPoP", good.clone()),
        ("another method", "DPoP", proof("r2", |claims| claims["htm"] = json!("POST"))),
        ("another url", "DPoP", proof("r3", |claims| claims["htu"] = json!("http://127.0.0.1/api/v1/apps"))),
        (
            "a query in htu",
            "DPoP",
            proof("r4", |claims| {
                claims["htu"] = json!(format!("{}?limit=20", claims["htu"].as_str().unwrap()))
            }),
        ),
        ("old", "DPoP", proof("r5", |claims| claims["iat"] = json!(claims["iat"].as_i64().unwrap() - 301))),
        (
            "from the future",
            "DPoP",
            proof("r6", |claims| claims["iat"] = json!(claims["iat"].as_i64().unwrap() + 1)),
        ),
        ("another token's hash", "DPoP", proof("r7", |claims| claims["ath"] = json!("x"))),
        ("as bearer", "Bearer", proof("r8", |_| {})),
        (
            "another key",
            "DPoP",
            Key::new("k2").proof(fake, "/api/v1/apps", |_, claims| claims["ath"] = json!(hash)),
        ),
    ] {
        assert_eq!(
            error(&get(scheme, "/api/v1/apps?limit=20", &proof).await),
            (400, "invalid_dpop_proof".to_owned()),
            "{what}"
        );
    }
    // The nonce of three days ago is taken, that of four days ago is not.
    for (days, status) in [(3, 200), (1, 400)] {
        fake.advance(Duration::from_secs(86_400 * days));
        let proof = key.proof(fake, token_path, |_, claims| {
            claims["jti"] = json!(format!("n{days}"));
            claims["nonce"] = json!(nonce);
        });
        assert_eq!(ask(&client, &body(&format!("n{days}")), &[("dpop", &proof)]).await.status, status);
    }
}
