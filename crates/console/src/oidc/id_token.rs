//! The proof of who somebody is: a signed token of the provider. RS256 and ES256 only; the time is a parameter.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, errors::ErrorKind, jwk::Jwk};
use serde::Deserialize;
use serde_json::Value;

use crate::web::same;

/// Clocks may differ by so many seconds.
const LEEWAY: i64 = 60;

/// What a token must be about.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) now: Timestamp,
}

/// What the provider says of a person.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    #[serde(default)]
    pub(crate) email: Option<String>,
    /// Only a true value counts, and no word that looks like one.
    #[serde(default)]
    email_verified: Value,
    #[serde(default)]
    pub(crate) name: Option<String>,
    aud: Value,
    #[serde(default)]
    azp: Option<String>,
    exp: i64,
    iat: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    nonce: Option<String>,
}

impl Claims {
    /// The address, where the provider has verified it.
    pub(crate) fn verified_email(&self) -> Option<&str> {
        self.email.as_deref().filter(|_| self.email_verified == Value::Bool(true))
    }
}

/// What is wrong with a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the token is signed by a key that the provider does not publish")]
    UnknownKey,
    #[error("the token is signed by a method that is not taken: RS256 and ES256 are")]
    Algorithm,
    #[error("the token's signature is wrong")]
    Signature,
    #[error("the token is of another issuer")]
    Issuer,
    #[error("the token is for another application")]
    Audience,
    #[error("the token has expired, or is not valid yet")]
    Time,
    #[error("the token belongs to another sign-in")]
    Nonce,
    #[error("the token cannot be read")]
    Unreadable,
}

/// Checks a token and gives what it says.
pub(crate) fn check(token: &str, keys: &[Value], expected: &Expected<'_>) -> Result<Claims, Fault> {
    let header = decode_header(token).map_err(|error| match error.kind() {
        // `none` is no algorithm that the library knows.
        ErrorKind::Json(_) | ErrorKind::InvalidAlgorithmName => Fault::Algorithm,
        _ => Fault::Unreadable,
    })?;
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
        return Err(Fault::Algorithm);
    }
    let family = if header.alg == Algorithm::RS256 { "RSA" } else { "EC" };
    let text = |key: &Value, name: &str| key.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut fitting = keys.iter().filter(|key| {
        text(key, "kty").as_deref() == Some(family)
            && text(key, "use").is_none_or(|used| used == "sig")
            && header.kid.as_ref().is_none_or(|kid| text(key, "kid").as_ref() == Some(kid))
    });
    // Without a name, only a provider with one key is understood.
    let (Some(key), None) = (fitting.next(), fitting.next()) else { return Err(Fault::UnknownKey) };
    let key: Jwk = serde_json::from_value(key.clone()).map_err(|_| Fault::UnknownKey)?;
    let key = DecodingKey::from_jwk(&key).map_err(|_| Fault::UnknownKey)?;
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // By our own clock, below.
    validation.validate_exp = false;
    let claims = decode::<Claims>(token, &key, &validation)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => Fault::Signature,
            ErrorKind::InvalidIssuer => Fault::Issuer,
            ErrorKind::InvalidAudience => Fault::Audience,
            ErrorKind::InvalidAlgorithm => Fault::Algorithm,
            _ => Fault::Unreadable,
        })?
        .claims;
    let now = expected.now.as_second();
    let begins = claims.nbf.unwrap_or(claims.iat).max(claims.iat);
    if claims.exp.saturating_add(LEEWAY) <= now || begins.saturating_sub(LEEWAY) > now {
        return Err(Fault::Time);
    }
    let several = claims.aud.as_array().is_some_and(|all| all.len() > 1);
    let party = claims.azp.as_deref();
    if (several && party.is_none()) || party.is_some_and(|party| party != expected.client_id) {
        return Err(Fault::Audience);
    }
    if !claims.nonce.as_deref().is_some_and(|nonce| same(nonce, expected.nonce)) {
        return Err(Fault::Nonce);
    }
    if claims.sub.is_empty() || claims.sub.len() > 255 {
        return Err(Fault::Unreadable);
    }
    Ok(claims)
}
