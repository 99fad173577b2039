//! DPoP proofs: a key shows that it is there, for this method and this URL, now and only once.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::ThumbprintHash;
use serde_json::Value;

use super::assertion::{ALGORITHMS, claims};
use super::{OAuth, Presented, day};

/// What the proof goes with.
#[derive(Clone, Copy)]
pub(super) enum Bearer<'a> {
    /// A token request: the proof needs a nonce.
    None,
    /// A resource request with this access token: the proof needs its hash.
    Token(&'a str),
}

/// Why a proof is not taken.
pub(super) enum ProofFault {
    Bad(&'static str),
    NeedsNonce,
}

impl OAuth {
    /// The thumbprint of the key that proves itself.
    pub(super) fn prove(&mut self, asked: &Presented<'_>, bearer: Bearer<'_>) -> Result<String, ProofFault> {
        let [proof] = asked.proofs else { return Err(ProofFault::Bad("exactly one DPoP header is needed")) };
        let bad = |text| move || ProofFault::Bad(text);
        let header = jsonwebtoken::decode_header(proof).map_err(|_| ProofFault::Bad("it is no JWT"))?;
        if header.typ.as_deref() != Some("dpop+jwt") {
            return Err(ProofFault::Bad("typ must be dpop+jwt"));
        }
        if !ALGORITHMS.contains(&header.alg) {
            return Err(ProofFault::Bad("unsupported algorithm"));
        }
        let jwk = header.jwk.ok_or_else(bad("jwk is missing"))?;
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| ProofFault::Bad("jwk is no public key"))?;
        let claims = claims(proof, &key, header.alg).ok_or_else(bad("the signature is wrong"))?;
        let text = |key: &str| claims.get(key).and_then(Value::as_str);
        if text("htm") != Some(asked.method) {
            return Err(ProofFault::Bad("htm is not the method"));
        }
        if text("htu") != Some(asked.url) {
            return Err(ProofFault::Bad("htu is not the URL without query"));
        }
        let now = asked.now.as_second();
        match claims.get("iat").and_then(Value::as_i64) {
            Some(iat) if (now - 300..=now).contains(&iat) => {}
            _ => return Err(ProofFault::Bad("iat is missing, in the future or older than five minutes")),
        }
        match bearer {
            Bearer::None => {
                let known = text("nonce").is_some_and(|nonce| {
                    (day(asked.now) - 3..=day(asked.now)).any(|day| self.nonce(day) == nonce)
                });
                if !known {
                    return Err(ProofFault::NeedsNonce);
                }
            }
            Bearer::Token(token) => {
                let hash = BASE64URL_NOPAD.encode(digest(&SHA256, token.as_bytes()).as_ref());
                if text("ath") != Some(hash.as_str()) {
                    return Err(ProofFault::Bad("ath is not the hash of the access token"));
                }
            }
        }
        let thumbprint =
            jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| ProofFault::Bad("jwk has no thumbprint"))?;
        let jti = text("jti").ok_or_else(bad("jti is missing"))?;
        if !self.spend(format!("proof {thumbprint} {jti}")) {
            return Err(ProofFault::Bad("jti was used before"));
        }
        Ok(thumbprint)
    }
}
