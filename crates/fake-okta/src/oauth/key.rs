//! Key pairs for service apps.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::error::Error;

/// A fresh RSA key pair for a [`ServiceApp`](crate::ServiceApp), as Okta's console makes them.
pub struct ServiceKey {
    id: String,
    private_pem: String,
    public_jwk: Value,
}

impl ServiceKey {
    /// Makes a pair under this key id.
    ///
    /// # Errors
    /// [`Error::Key`] when the system gives no random numbers.
    pub fn generate(id: impl Into<String>) -> Result<Self, Error> {
        let id = id.into();
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| Error::Key)?;
        let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().map_err(|_| Error::Key)?;
        let private = rcgen::KeyPair::try_from(der.as_ref()).map_err(|_| Error::Key)?;
        let public = pair.public_key();
        let [n, e] = [public.modulus(), public.exponent()]
            .map(|number| BASE64URL_NOPAD.encode(number.big_endian_without_leading_zero()));
        let public_jwk = json!({ "kty": "RSA", "kid": id, "use": "sig", "n": n, "e": e });
        Ok(Self { id, private_pem: private.serialize_pem(), public_jwk })
    }

    /// The key id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The private half, as PKCS#8 in PEM.
    pub fn private_pem(&self) -> &str {
        &self.private_pem
    }

    /// The public half, for [`ServiceApp::key`](crate::ServiceApp::key).
    pub fn public_jwk(&self) -> Value {
        self.public_jwk.clone()
    }
}
