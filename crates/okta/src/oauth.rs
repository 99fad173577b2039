//! OAuth 2.0 service apps: `client_credentials` with `private_key_jwt`, and DPoP where Okta asks for it.
//!
//! A service app proves itself with a signed assertion that Okta takes once, and gets an access token for an hour.
//! Newly made apps bind it to a key: then every request, every repetition of it and every page carries a new proof
//! (RFC 9449). Whether an app does is learnt from Okta's refusal, so nobody has to configure it.
//!
//! `key` reads keys, `jwt` signs, `session` keeps the access token and renews it.

mod jwt;
mod key;
mod session;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

pub use key::{KeyError, PrivateKey};
pub(crate) use session::{AccessToken, Dressing, Session};

/// The scopes that reading takes. `okta.roles.read` is for admin roles only.
pub const READ_SCOPES: [&str; 6] = [
    "okta.apps.read",
    "okta.groups.read",
    "okta.orgs.read",
    "okta.roles.read",
    "okta.schemas.read",
    "okta.users.read",
];

/// Tells the time, for assertions and proofs. A clock that goes wrong is corrected by Okta's `Date`.
pub type ClockFn = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A service app ("API Services" in Okta's console) and its private key.
#[derive(Clone)]
pub struct ServiceApp {
    pub(crate) client_id: String,
    pub(crate) key: Arc<PrivateKey>,
    pub(crate) key_id: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) clock: ClockFn,
}

impl ServiceApp {
    /// A service app that asks for [`READ_SCOPES`].
    ///
    /// # Errors
    /// [`ServiceAppError::ClientId`] when the id cannot be one.
    pub fn new(client_id: &str, key: PrivateKey, clock: ClockFn) -> Result<Self, ServiceAppError> {
        let client_id = client_id.trim();
        if client_id.is_empty() || !client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ServiceAppError::ClientId);
        }
        Ok(Self {
            client_id: client_id.to_owned(),
            key_id: key.key_id().map(str::to_owned),
            key: Arc::new(key),
            scopes: READ_SCOPES.map(str::to_owned).to_vec(),
            clock,
        })
    }

    /// The id under which Okta knows the key; needed when the app has several. A JWK may bring its own.
    ///
    /// # Errors
    /// [`ServiceAppError::KeyId`] when it is empty or not the one of the JWK.
    pub fn with_key_id(mut self, key_id: &str) -> Result<Self, ServiceAppError> {
        let key_id = key_id.trim();
        if key_id.is_empty() || self.key_id.as_deref().is_some_and(|own| own != key_id) {
            return Err(ServiceAppError::KeyId);
        }
        self.key_id = Some(key_id.to_owned());
        Ok(self)
    }

    /// Other scopes than [`READ_SCOPES`]. Okta refuses the whole request when one of them is not granted.
    ///
    /// # Errors
    /// [`ServiceAppError::Scope`] when there is none, or one that cannot be a scope.
    pub fn with_scopes<S: AsRef<str>>(
        mut self,
        scopes: impl IntoIterator<Item = S>,
    ) -> Result<Self, ServiceAppError> {
        let mut wanted = Vec::new();
        for scope in scopes {
            let scope = scope.as_ref().trim();
            // RFC 6749, 3.3.
            let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            if scope.is_empty() || !scope.bytes().all(fits) {
                return Err(ServiceAppError::Scope);
            }
            wanted.push(scope.to_owned());
        }
        wanted.sort();
        wanted.dedup();
        if wanted.is_empty() {
            return Err(ServiceAppError::Scope);
        }
        self.scopes = wanted;
        Ok(self)
    }

    /// The client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The scopes that are asked for, sorted.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }
}

impl fmt::Debug for ServiceApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceApp")
            .field("client_id", &self.client_id)
            .field("key", &self.key)
            .field("key_id", &self.key_id)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the description of a service app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceAppError {
    /// Not a client id.
    #[error("oauth-client-id: is empty or has characters that no client id has")]
    ClientId,
    /// Not a key id, or another than the key's own.
    #[error("oauth-key-id: is empty, or not the one that the key file names")]
    KeyId,
    /// Not a scope.
    #[error("oauth-scopes: has an entry that cannot be a scope, or none at all")]
    Scope,
}

impl ServiceAppError {
    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::ClientId => "copy the client id of the app in Okta; it begins with 0oa",
            Self::KeyId => "copy the KID of the public key as the app's page in Okta shows it",
            Self::Scope => "scopes look like okta.apps.read; separate them by commas",
        }
    }
}
