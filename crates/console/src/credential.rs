//! What a connector signs in to Okta with: an API token, or the private key of an OAuth 2.0 service app.
//!
//! Of either, one text is secret. The vault seals it for a place that names its kind, so a key never opens as a token,
//! and for one origin and org ([`crate::origin`]): a [`Login`] knows where it may go.

use std::sync::Arc;

use rolebook_okta::{ApiToken, Credential, PrivateKey, READ_SCOPES, Secret, ServiceApp, ServiceAppError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::{ConsoleError, console::Clock, origin::Origin, problem::Problem};

/// Largest private key that is taken, in bytes.
const LARGEST_KEY: usize = 16 * 1024;
/// What a service app asks for that also writes, beside what reading takes.
const WRITE_SCOPES: [&str; 2] = ["okta.apps.manage", "okta.groups.manage"];

/// A service app, without its key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub(crate) struct ServiceAppName {
    /// Client id of the app in Okta.
    pub client_id: String,
    /// Okta's id of the key (KID); empty where the app has one key.
    pub key_id: String,
    /// Scopes that are asked for. Okta grants all of them or nothing.
    pub scopes: Vec<String>,
}

/// A service app, as it is entered.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ServiceAppEntry {
    /// Client id of an app of the type API Services.
    pub client_id: String,
    /// Okta's id of the key (KID); needed where the app has several.
    pub key_id: String,
    /// Scopes to ask for, with blanks between; empty: those that the connector needs.
    pub scopes: String,
    /// The private key in PEM: never given back by any answer. Empty: the stored key stays.
    #[schema(write_only)]
    pub private_key: String,
}

impl std::fmt::Debug for ServiceAppEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceAppEntry").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl ServiceAppEntry {
    fn name(&self, writes: bool) -> ServiceAppName {
        let mut scopes: Vec<String> = self
            .scopes
            .split([' ', ',', '\n', '\r', '\t'])
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
            .collect();
        if scopes.is_empty() {
            scopes = READ_SCOPES.map(str::to_owned).to_vec();
            if writes {
                scopes.extend(WRITE_SCOPES.map(str::to_owned));
            }
        }
        scopes.sort();
        scopes.dedup();
        ServiceAppName {
            client_id: self.client_id.trim().to_owned(),
            key_id: self.key_id.trim().to_owned(),
            scopes,
        }
    }
}

/// A credential that is open.
#[derive(Clone)]
pub(crate) struct Login {
    /// The token, or the key.
    pub(crate) secret: Zeroizing<String>,
    /// Whose key it is; nothing for a token.
    pub(crate) app: Option<ServiceAppName>,
    /// Where it may go: where it was entered for, or sealed for. Nothing where what was entered beside it is no domain.
    pub(crate) origin: Option<Origin>,
}

/// What is wrong with what was entered, and about which field.
pub(crate) struct Wrong {
    pub(crate) check: (&'static str, &'static str),
    pub(crate) text: String,
    pub(crate) hint: &'static str,
}

/// Checks about credentials: field, and what is checked.
pub(crate) const TOKEN: (&str, &str) = ("api_token", "Okta accepts the token");
pub(crate) const KEY: (&str, &str) = ("service_app.private_key", "Okta accepts the key");
const CLIENT_ID: (&str, &str) = ("service_app.client_id", KEY.1);
const KEY_ID: (&str, &str) = ("service_app.key_id", KEY.1);
pub(crate) const SCOPES: (&str, &str) = ("service_app.scopes", KEY.1);

impl Login {
    /// An API token that was entered together with this domain.
    pub(crate) fn token(text: &str, domain: &str) -> Self {
        Self { secret: Zeroizing::new(text.trim().to_owned()), app: None, origin: Origin::read(domain) }
    }

    /// What is to be tried at this domain: what was entered, else what is stored, which goes to its own origin only.
    /// Says whether its secret is a new one.
    pub(crate) fn entered(
        token: Option<&str>,
        app: Option<&ServiceAppEntry>,
        stored: Option<Result<Self, ConsoleError>>,
        domain: &str,
        writes: bool,
    ) -> Result<(Self, bool), Problem> {
        let origin = Origin::read(domain);
        let given = token.map(str::trim).filter(|text| !text.is_empty());
        match (given, app) {
            (Some(_), Some(_)) => {
                Err(Problem::field("service_app", "give a token or a service app, not both"))
            }
            (Some(text), None) => Ok((Self::token(text, domain), true)),
            (None, Some(entry)) if !entry.private_key.trim().is_empty() => {
                if entry.private_key.len() > LARGEST_KEY {
                    return Err(Problem::field(KEY.0, "this is too large to be a private key"));
                }
                let secret = Zeroizing::new(entry.private_key.trim().to_owned());
                Ok((Self { secret, app: Some(entry.name(writes)), origin }, true))
            }
            (None, Some(entry)) => match stored {
                Some(Ok(login)) if login.app.is_some() => {
                    login.stays_at(origin.as_ref())?;
                    Ok((Self { app: Some(entry.name(writes)), ..login }, false))
                }
                Some(Err(error)) => Err(Problem::field(KEY.0, format!("{error}: enter the key again"))),
                _ => Err(Problem::field(KEY.0, "the private key of the service app is needed")),
            },
            (None, None) => match stored {
                Some(Ok(login)) if login.app.is_none() || token.is_none() => {
                    login.stays_at(origin.as_ref())?;
                    Ok((login, false))
                }
                Some(Err(error)) => Err(Problem::field(TOKEN.0, format!("{error}: enter the token again"))),
                _ => Err(Problem::field(
                    TOKEN.0,
                    "a token is needed: create one in Okta under Security > API > Tokens",
                )),
            },
        }
    }

    /// Refuses a stored secret for another origin than its own. What is no domain at all is said by the checks.
    fn stays_at(&self, wanted: Option<&Origin>) -> Result<(), Problem> {
        match wanted.and_then(|wanted| self.elsewhere(wanted)) {
            Some(wrong) => Err(Problem::field(wrong.check.0, wrong.text)),
            None => Ok(()),
        }
    }

    /// What is wrong with sending this to `origin`, if anything is.
    pub(crate) fn elsewhere(&self, origin: &Origin) -> Option<Wrong> {
        if self.origin.as_ref() == Some(origin) {
            return None;
        }
        let (check, what) = if self.app.is_some() { (KEY, "key") } else { (TOKEN, "token") };
        let own = self.origin.as_ref().map_or_else(|| "no domain".to_owned(), Origin::to_string);
        let text = format!("enter the {what} again: the stored one belongs to {own}");
        Some(Wrong { check, text, hint: "a stored secret is sent to one address only" })
    }

    /// The last four characters of a token that is long enough to give four away. Of a key, nothing.
    pub(crate) fn ends(&self) -> String {
        let length = self.secret.chars().count();
        if self.app.is_some() || length < 16 {
            String::new()
        } else {
            self.secret.chars().skip(length - 4).collect()
        }
    }

    /// What a client signs its requests with.
    pub(crate) fn credential(&self, clock: &Clock) -> Result<Credential, Wrong> {
        let secret = Secret::new(self.secret.to_string());
        let Some(app) = &self.app else {
            return ApiToken::new(&secret).map(Credential::from).map_err(|error| Wrong {
                check: TOKEN,
                text: error.to_string(),
                hint: "copy the whole token from Okta, Security > API > Tokens",
            });
        };
        let named = Some(app.key_id.as_str()).filter(|id| !id.is_empty());
        let key = PrivateKey::parse(&secret, named).map_err(|error| Wrong {
            check: KEY,
            text: plain(&error.to_string()),
            hint: error.hint(),
        })?;
        let clock = Arc::clone(clock);
        let build = || -> Result<ServiceApp, ServiceAppError> {
            let made = ServiceApp::new(&app.client_id, key, Arc::new(move || clock()))?;
            let made = if let Some(id) = named { made.with_key_id(id)? } else { made };
            made.with_scopes(&app.scopes)
        };
        build().map(Credential::from).map_err(|error| Wrong {
            check: match error {
                ServiceAppError::ClientId => CLIENT_ID,
                ServiceAppError::KeyId => KEY_ID,
                _ => SCOPES,
            },
            text: plain(&error.to_string()),
            hint: error.hint(),
        })
    }
}

/// The command line names its own flag first; a field needs no name.
fn plain(text: &str) -> String {
    text.split_once(": ").map_or(text, |(_, rest)| rest).to_owned()
}
