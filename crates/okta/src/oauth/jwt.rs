//! The two things that a service app signs: assertions for access tokens, proofs for requests.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{PrivateKey, ServiceApp};

/// Seconds that an assertion lives; Okta takes up to an hour.
const ASSERTION_LIFE: i64 = 300;

/// The key that access tokens are bound to.
pub(super) struct ProofKey {
    key: PrivateKey,
    public: Value,
}

impl ProofKey {
    /// A key of its own for each run: RSA, because not everything at Okta takes proofs by EC keys.
    pub(super) fn generate() -> Option<Self> {
        let (key, public) = PrivateKey::generate()?;
        Some(Self { key, public })
    }

    /// A proof for one request. `url` has neither query nor fragment; `access_token_hash` is left out for requests for
    /// an access token.
    pub(super) fn prove(
        &self,
        method: &str,
        url: &str,
        now: Timestamp,
        nonce: Option<&str>,
        access_token_hash: Option<&str>,
    ) -> Option<String> {
        let header = json!({ "typ": "dpop+jwt", "alg": self.key.algorithm(), "jwk": self.public });
        let mut claims = json!({ "htm": method, "htu": url, "iat": now.as_second(), "jti": unique()? });
        if let Value::Object(claims) = &mut claims {
            let named = [("nonce", nonce), ("ath", access_token_hash)];
            claims
                .extend(named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
        }
        signed(&self.key, &header, &claims)
    }
}

/// What proves the app to the token endpoint. Okta takes it once, so each attempt makes a new one. `iat` is left out:
/// Okta does not need it and refuses one that lies ahead of its own clock.
pub(super) fn assertion(app: &ServiceApp, endpoint: &str, now: Timestamp) -> Option<String> {
    let mut header = json!({ "typ": "JWT", "alg": app.key.algorithm() });
    if let (Value::Object(header), Some(key_id)) = (&mut header, &app.key_id) {
        header.insert("kid".to_owned(), key_id.as_str().into());
    }
    let claims = json!({
        "iss": app.client_id,
        "sub": app.client_id,
        "aud": endpoint,
        "exp": now.as_second().saturating_add(ASSERTION_LIFE),
        "jti": unique()?,
    });
    signed(&app.key, &header, &claims)
}

/// The hash of an access token that proofs for its use carry.
pub(super) fn access_token_hash(token: &str) -> String {
    BASE64URL_NOPAD.encode(digest(&SHA256, token.as_bytes()).as_ref())
}

/// `None` only when the system gives no random numbers.
fn unique() -> Option<String> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(BASE64URL_NOPAD.encode(&bytes))
}

fn signed(key: &PrivateKey, header: &Value, claims: &Value) -> Option<String> {
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(message.as_bytes())?;
    Some(format!("{message}.{}", BASE64URL_NOPAD.encode(&signature)))
}
