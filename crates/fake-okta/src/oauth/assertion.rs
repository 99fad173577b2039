//! `private_key_jwt`: who a client says it is, and whether its key says so too.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

use super::{OAuth, Presented, ServiceApp};
use crate::query::Query;
use crate::refusal::Refusal;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Okta takes these (and ES512, which the library at hand does not know).
pub(super) const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::ES256, Algorithm::ES384];

fn no_client(text: &str) -> Refusal {
    Refusal::oauth(401, "invalid_client", text)
}

/// The claims of a JWT whose signature is good.
pub(super) fn claims(jwt: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<Map<String, Value>> {
    let mut validation = Validation::new(algorithm);
    // Times are checked against the fake's clock, not the machine's.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode(jwt, key, &validation).ok().map(|data| data.claims)
}

impl OAuth {
    /// The service app that proves itself in this form.
    pub(super) fn client<'a>(
        &mut self,
        apps: &'a [ServiceApp],
        form: &Query<'_>,
        asked: &Presented<'_>,
    ) -> Result<&'a ServiceApp, Refusal> {
        if form.get("client_assertion_type") != Some(TYPE) {
            return Err(no_client("The client must use the private_key_jwt authentication method."));
        }
        let jwt = form.get("client_assertion").unwrap_or_default();
        let unread: Map<String, Value> = jsonwebtoken::dangerous::insecure_decode(jwt)
            .map_err(|_| no_client("The client_assertion is no JWT."))?
            .claims;
        let text = |claims: &Map<String, Value>, key: &str| {
            claims.get(key).and_then(Value::as_str).map(str::to_owned)
        };
        let client = text(&unread, "iss").unwrap_or_default();
        let app = apps.iter().find(|app| app.client_id() == client);
        let app = app.ok_or_else(|| no_client("Invalid value for 'client_id' parameter."))?;
        let claims = signed(app, jwt)?;
        if text(&claims, "sub").as_deref() != Some(client.as_str()) {
            return Err(no_client("The client_assertion must have the client_id as iss and sub."));
        }
        if text(&claims, "aud").as_deref() != Some(asked.url) {
            return Err(no_client(
                "The audience claim for client_assertion must be the endpoint invoked for the request.",
            ));
        }
        let now = asked.now.as_second();
        let number = |key: &str| claims.get(key).and_then(Value::as_f64).map(|seconds| seconds as i64);
        match number("exp") {
            None => return Err(no_client("The client_assertion must have an exp.")),
            Some(exp) if exp <= now => return Err(no_client("The client_assertion token is expired.")),
            Some(exp) if exp > now + 3600 => {
                return Err(no_client(
                    "The client_assertion token has an expiration too far into the future.",
                ));
            }
            Some(_) => {}
        }
        if number("iat").is_some_and(|iat| iat > now) {
            return Err(no_client("The client_assertion token was issued in the future."));
        }
        match text(&claims, "jti") {
            Some(jti) if !self.spend(format!("assertion {client} {jti}")) => {
                Err(no_client("The client_assertion token has already been used."))
            }
            _ => Ok(app),
        }
    }
}

/// The claims, when a registered key has signed them.
fn signed(app: &ServiceApp, jwt: &str) -> Result<Map<String, Value>, Refusal> {
    let header =
        jsonwebtoken::decode_header(jwt).map_err(|_| no_client("The client_assertion is no JWT."))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(no_client("The client_assertion has an unsupported algorithm."));
    }
    let named = |jwk: &&Value| jwk.get("kid").and_then(Value::as_str) == header.kid.as_deref();
    let key = match (app.keys.as_slice(), &header.kid) {
        ([], _) => return Err(no_client("The client has no JWK set configured.")),
        ([only], None) => Some(only),
        (keys, _) => keys.iter().find(named),
    };
    let key = key.ok_or_else(|| no_client("The client_assertion has an unknown kid."))?;
    let decoding =
        serde_json::from_value::<Jwk>(key.clone()).ok().and_then(|jwk| DecodingKey::from_jwk(&jwk).ok());
    let claims = decoding.and_then(|key| claims(jwt, &key, header.alg));
    claims.ok_or_else(|| no_client("The client_assertion signature is invalid."))
}
