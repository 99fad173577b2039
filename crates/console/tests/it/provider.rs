//! A provider of sign-ins, as faithful as the console can tell: discovery, keys, codes that work once, PKCE.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    digest, hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use rolebook_console::OidcConfig;
use rolebook_fake_okta::ServiceKey;
use serde_json::{Value, json};

pub(crate) const CLIENT: &str = "rolebook";
pub(crate) const SECRET: &str = "s3cret/with+signs";
/// The hour at which the console's clock begins.
const BEGIN: i64 = 1_788_249_600;

enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

/// What the provider does otherwise than it should, and whom it names.
pub(crate) struct Ways {
    /// Laid over the claims; null takes one away.
    pub(crate) claims: Value,
    /// `none` or `HS256` instead of what the key signs.
    pub(crate) alg: Option<&'static str>,
    pub(crate) down: bool,
    /// It takes the question, and never answers.
    pub(crate) hangs: bool,
    /// Published, if not the key that signs.
    pub(crate) hide_key: bool,
}

pub(crate) struct Provider {
    pub(crate) url: String,
    pub(crate) ways: Mutex<Ways>,
    key: Mutex<(Signer, Value)>,
    codes: Mutex<HashMap<String, HashMap<String, String>>>,
    pub(crate) spent: Mutex<u32>,
}

fn rsa(kid: &str) -> (Signer, Value) {
    let key = ServiceKey::generate(kid).unwrap();
    let body: String = key.private_pem().lines().filter(|line| !line.starts_with("-----")).collect();
    let pair = RsaKeyPair::from_pkcs8(&BASE64.decode(body.as_bytes()).unwrap()).unwrap();
    (Signer::Rsa(pair), key.public_jwk())
}

fn ec(kid: &str) -> (Signer, Value) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
        "x": BASE64URL_NOPAD.encode(&point[1..33]), "y": BASE64URL_NOPAD.encode(&point[33..]) });
    (Signer::Ec(pair), jwk)
}

impl Provider {
    pub(crate) async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            ways: Mutex::new(Ways {
                claims: json!({}),
                alg: None,
                down: false,
                hangs: false,
                hide_key: false,
            }),
            key: Mutex::new(rsa("k1")),
            codes: Mutex::default(),
            spent: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&provider));
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub(crate) fn config(&self) -> OidcConfig {
        OidcConfig {
            issuer: self.url.clone(),
            client_id: CLIENT.to_owned(),
            client_secret: Some(SECRET.to_owned().into()),
            create_basic: false,
        }
    }

    /// Names somebody: what is laid over the usual claims.
    pub(crate) fn names(&self, claims: Value) {
        self.ways.lock().unwrap().claims = claims;
    }

    pub(crate) fn rotate(&self, kid: &str, curve: bool) {
        *self.key.lock().unwrap() = if curve { ec(kid) } else { rsa(kid) };
    }

    fn sign(&self, claims: &Value) -> String {
        let ways = self.ways.lock().unwrap();
        let key = self.key.lock().unwrap();
        let usual = if matches!(key.0, Signer::Rsa(_)) { "RS256" } else { "ES256" };
        let header = json!({ "alg": ways.alg.unwrap_or(usual), "kid": key.1["kid"] });
        let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let text = format!("{}.{}", encode(&header), encode(claims));
        let random = SystemRandom::new();
        let signature = match (ways.alg, &key.0) {
            (Some("none"), _) => Vec::new(),
            // The old trick: the public key as the secret.
            (Some("HS256"), _) => {
                let secret = hmac::Key::new(hmac::HMAC_SHA256, key.1["n"].as_str().unwrap().as_bytes());
                hmac::sign(&secret, text.as_bytes()).as_ref().to_vec()
            }
            (_, Signer::Rsa(pair)) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature).unwrap();
                signature
            }
            (_, Signer::Ec(pair)) => pair.sign(&random, text.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{text}.{}", BASE64URL_NOPAD.encode(&signature))
    }
}

async fn discovery(State(provider): State<Arc<Provider>>) -> Response {
    if provider.ways.lock().unwrap().hangs {
        return std::future::pending().await;
    }
    if provider.ways.lock().unwrap().down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let at = |path: &str| format!("{}{path}", provider.url);
    Json(json!({ "issuer": provider.url, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks") }))
    .into_response()
}

async fn jwks(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let key = provider.key.lock().unwrap().1.clone();
    let odd = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "odd", "x": "AA" });
    let hidden = provider.ways.lock().unwrap().hide_key;
    Json(json!({ "keys": if hidden { vec![odd] } else { vec![odd, key] } }))
}

async fn authorize(
    State(provider): State<Arc<Provider>>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    assert_eq!((&*asked["response_type"], &*asked["client_id"]), ("code", CLIENT));
    assert_eq!(asked["code_challenge_method"], "S256");
    let mut codes = provider.codes.lock().unwrap();
    let code = format!("code-{}", codes.len());
    let back = format!(
        "{}?code={code}&state={}&iss={}",
        asked["redirect_uri"],
        asked["state"],
        provider.url.replace(':', "%3A").replace('/', "%2F")
    );
    codes.insert(code, asked);
    (StatusCode::SEE_OTHER, [(header::LOCATION, back)]).into_response()
}

async fn token(State(provider): State<Arc<Provider>>, headers: HeaderMap, body: String) -> Response {
    let refuse = |word: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": word }))).into_response();
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let expected = format!("Basic {}", BASE64.encode(format!("{CLIENT}:s3cret%2Fwith%2Bsigns").as_bytes()));
    if headers.get(header::AUTHORIZATION).is_none_or(|value| value != &expected) {
        return refuse("invalid_client");
    }
    let Some(asked) = provider.codes.lock().unwrap().remove(&form["code"]) else {
        return refuse("invalid_grant");
    };
    let challenge =
        BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, form["code_verifier"].as_bytes()).as_ref());
    if challenge != asked["code_challenge"] || form["redirect_uri"] != asked["redirect_uri"] {
        return refuse("invalid_grant");
    }
    *provider.spent.lock().unwrap() += 1;
    let mut claims = json!({
        "iss": provider.url, "sub": "00u-ann", "aud": CLIENT, "iat": BEGIN, "exp": BEGIN + 3600,
        "nonce": asked["nonce"], "email": "ann@acme.test", "email_verified": true, "name": "Ann <b>A</b>",
    });
    for (name, value) in provider.ways.lock().unwrap().claims.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name).map(drop).unwrap_or_default(),
            value => claims[name] = value.clone(),
        }
    }
    Json(json!({ "token_type": "Bearer", "access_token": "x", "id_token": provider.sign(&claims) }))
        .into_response()
}
