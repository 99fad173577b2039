//! Private keys, in the forms in which people keep them.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use data_encoding::BASE64URL_NOPAD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// A curve that Okta takes.
struct Curve {
    /// Its name in a JWK.
    name: &'static str,
    /// The JWT algorithm that goes with it.
    algorithm: &'static str,
    signing: &'static EcdsaSigningAlgorithm,
    /// Bytes of a coordinate.
    width: usize,
}

static CURVES: [Curve; 3] = [
    Curve { name: "P-256", algorithm: "ES256", signing: &ECDSA_P256_SHA256_FIXED_SIGNING, width: 32 },
    Curve { name: "P-384", algorithm: "ES384", signing: &ECDSA_P384_SHA384_FIXED_SIGNING, width: 48 },
    Curve { name: "P-521", algorithm: "ES512", signing: &ECDSA_P521_SHA512_FIXED_SIGNING, width: 66 },
];

/// A private key for signing. It never prints, and its memory is wiped when it is dropped.
pub struct PrivateKey {
    pair: Pair,
    key_id: Option<String>,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec { pair: EcdsaKeyPair, algorithm: &'static str },
}

/// Why a text holds no usable private key. Never carries any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Nothing that looks like a key.
    #[error("oauth-private-key-file: holds no private key")]
    NoKey,
    /// A public key or a certificate.
    #[error("oauth-private-key-file: holds a public key, not the private one")]
    Public,
    /// A passphrase protects it.
    #[error("oauth-private-key-file: the key is encrypted with a passphrase")]
    Encrypted,
    /// Several keys, and none or another was named.
    #[error("oauth-private-key-file: holds several keys, and none is named by oauth-key-id")]
    Several,
    /// Damaged, or of a kind that Okta does not take.
    #[error(
        "oauth-private-key-file: is damaged, or neither RSA of 2048 to 8192 bits nor EC on P-256, P-384 or P-521"
    )]
    Unusable,
}

impl KeyError {
    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::NoKey => "give the private key in PEM (-----BEGIN … PRIVATE KEY-----) or as JWK, whole",
            Self::Public => "give the private half of the pair; Okta keeps the public one",
            Self::Encrypted => "write it out without passphrase: openssl pkey -in key.pem -out plain.pem",
            Self::Several => "name the key by the id that Okta shows, or give a file with one key",
            Self::Unusable => {
                "openssl pkey -in key.pem -noout -text tells what it is; Okta can make a new pair"
            }
        }
    }
}

/// The members of a JWK that matter here.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<Member>,
    e: Option<Member>,
    d: Option<Member>,
    p: Option<Member>,
    q: Option<Member>,
    dp: Option<Member>,
    dq: Option<Member>,
    qi: Option<Member>,
    x: Option<Member>,
    y: Option<Member>,
}

/// A base64url number, wiped when dropped.
struct Member(Zeroizing<Vec<u8>>);

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = BASE64URL_NOPAD
            .decode(text.trim_end_matches('=').as_bytes())
            .map_err(|_| serde::de::Error::custom("not base64url"))?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

impl PrivateKey {
    /// Reads a key: PEM with PKCS#1 (RSA), PKCS#8 or SEC1 (EC), also with line breaks written as `\n`; or a JWK,
    /// or a set of JWKs of which `key_id` names one.
    ///
    /// # Errors
    /// [`KeyError`], one per way to get it wrong.
    pub fn parse(secret: &Secret, key_id: Option<&str>) -> Result<Self, KeyError> {
        // Keys come through environments and JSON with quotes around and line breaks spelt out.
        let text = secret.reveal().trim().trim_matches(['"', '\'']).trim();
        if text.starts_with('{') {
            return Self::from_json(text, key_id);
        }
        let text = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
        if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        match PrivateKeyDer::from_pem_slice(text.as_bytes()) {
            Ok(PrivateKeyDer::Pkcs1(der)) => {
                RsaKeyPair::from_der(der.secret_pkcs1_der()).map(Self::rsa).map_err(|_| KeyError::Unusable)
            }
            Ok(PrivateKeyDer::Sec1(der)) => Self::ec(der.secret_sec1_der()),
            Ok(PrivateKeyDer::Pkcs8(der)) => match RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()) {
                Ok(pair) => Ok(Self::rsa(pair)),
                Err(_) => Self::ec(der.secret_pkcs8_der()),
            },
            Ok(_) => Err(KeyError::Unusable),
            Err(_) if text.contains("PRIVATE KEY-----") => Err(KeyError::Unusable),
            Err(_) if text.contains("PUBLIC KEY-----") || text.contains("CERTIFICATE-----") => {
                Err(KeyError::Public)
            }
            Err(_) => Err(KeyError::NoKey),
        }
    }

    /// A new RSA key of 2048 bits, for proofs, and its public half as JWK.
    pub(super) fn generate() -> Option<(Self, Value)> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).ok()?;
        let public = pair.public_key();
        let [n, e] = [public.modulus(), public.exponent()]
            .map(|number| BASE64URL_NOPAD.encode(number.big_endian_without_leading_zero()));
        let jwk = json!({ "kty": "RSA", "n": n, "e": e });
        Some((Self::rsa(pair), jwk))
    }

    fn rsa(pair: RsaKeyPair) -> Self {
        Self { pair: Pair::Rsa(pair), key_id: None }
    }

    fn ec(der: &[u8]) -> Result<Self, KeyError> {
        CURVES
            .iter()
            .find_map(|curve| {
                let pair = EcdsaKeyPair::from_private_key_der(curve.signing, der).ok()?;
                Some(Self { pair: Pair::Ec { pair, algorithm: curve.algorithm }, key_id: None })
            })
            .ok_or(KeyError::Unusable)
    }

    fn from_json(text: &str, key_id: Option<&str>) -> Result<Self, KeyError> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrSet {
            Set { keys: Vec<Jwk> },
            One(Box<Jwk>),
        }
        match serde_json::from_str(text).map_err(|_| KeyError::NoKey)? {
            OneOrSet::One(jwk) => Self::from_jwk(*jwk),
            OneOrSet::Set { mut keys } if keys.len() > 1 => {
                keys.retain(|key| key.kid.is_some() && key.kid.as_deref() == key_id);
                keys.pop().ok_or(KeyError::Several).and_then(Self::from_jwk)
            }
            OneOrSet::Set { mut keys } => keys.pop().ok_or(KeyError::NoKey).and_then(Self::from_jwk),
        }
    }

    fn from_jwk(jwk: Jwk) -> Result<Self, KeyError> {
        let d = jwk.d.ok_or(KeyError::Public)?.0;
        let need = |member: Option<Member>| member.map(|member| member.0).ok_or(KeyError::Unusable);
        let pair = match jwk.kty.as_str() {
            "RSA" => {
                let components = KeyPairComponents {
                    public_key: PublicKeyComponents { n: need(jwk.n)?, e: need(jwk.e)? },
                    d,
                    p: need(jwk.p)?,
                    q: need(jwk.q)?,
                    dP: need(jwk.dp)?,
                    dQ: need(jwk.dq)?,
                    qInv: need(jwk.qi)?,
                };
                Pair::Rsa(RsaKeyPair::from_components(&components).map_err(|_| KeyError::Unusable)?)
            }
            "EC" => {
                let named = CURVES.iter().find(|curve| Some(curve.name) == jwk.crv.as_deref());
                let curve = named.ok_or(KeyError::Unusable)?;
                let mut point = vec![4];
                for coordinate in [need(jwk.x)?, need(jwk.y)?] {
                    let missing = curve.width.checked_sub(coordinate.len()).ok_or(KeyError::Unusable)?;
                    point.resize(point.len() + missing, 0);
                    point.extend_from_slice(&coordinate);
                }
                let pair = EcdsaKeyPair::from_private_key_and_public_key(curve.signing, &d, &point)
                    .map_err(|_| KeyError::Unusable)?;
                Pair::Ec { pair, algorithm: curve.algorithm }
            }
            _ => return Err(KeyError::Unusable),
        };
        Ok(Self { pair, key_id: jwk.kid })
    }

    /// The `kid` that a JWK brings along.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The JWT algorithm that goes with the key, such as `RS256`.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match &self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::Ec { algorithm, .. } => algorithm,
        }
    }

    /// The signature in the form that JWTs want.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Pair::Ec { pair, .. } => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} …)", self.algorithm())
    }
}

#[cfg(test)]
mod tests;
