//! Who asks: an API token, or an OAuth service app.

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;

use crate::error::Error;
use crate::oauth::{ServiceApp, Session};
use crate::secret::ApiToken;

/// The credential of a client.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// An API token (`SSWS`), with the rights of the person who made it.
    Token(ApiToken),
    /// An OAuth 2.0 service app, with the scopes granted to it *and* the admin roles given to it.
    ServiceApp(Box<ServiceApp>),
}

impl From<ApiToken> for Credential {
    fn from(token: ApiToken) -> Self {
        Self::Token(token)
    }
}

impl From<ServiceApp> for Credential {
    fn from(app: ServiceApp) -> Self {
        Self::ServiceApp(Box::new(app))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(token) => token.fmt(f),
            Self::ServiceApp(app) => app.fmt(f),
        }
    }
}

/// A credential at work.
pub(crate) enum Keeper {
    Token(HeaderValue),
    ServiceApp(Session),
}

impl Keeper {
    pub(crate) fn new(credential: &Credential, origin: &str) -> Result<Self, Error> {
        Ok(match credential {
            Credential::Token(token) => Self::Token(token.authorization()?),
            Credential::ServiceApp(app) => Self::ServiceApp(Session::new(app.as_ref().clone(), origin)),
        })
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        match self {
            Self::Token(_) => None,
            Self::ServiceApp(session) => Some(session),
        }
    }
}

/// What one attempt proves itself with.
#[derive(Clone)]
pub(crate) enum Pass {
    /// A header that is the same every time.
    Header(HeaderValue),
    /// An access token, with a proof made for the very attempt where it is bound to a key.
    Access(Arc<crate::oauth::AccessToken>),
    /// The request is itself for an access token.
    Assertion,
}
