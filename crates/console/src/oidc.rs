//! Sign-in through an OpenID Connect provider: what the operator configures, and what is taken from the provider.
//!
//! Authorization code with PKCE (S256), state and nonce. Nothing of it lies here in the open: the browser's cookie
//! holds one secret, of which state, nonce and verifier are derived; the database holds a hash, which is used up once.
//! The provider is the operator's choice, so no address rules apply to it; but nothing is sent in the clear over a
//! network, and redirects are not followed.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use reqwest::header;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::Mutex;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::ConsoleError;

mod id_token;

pub(crate) use id_token::{Claims, Expected};

/// Longest time for one request to the provider.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the provider says of itself is asked for again after so many seconds.
const FRESH: i64 = 3600;
/// Whoever asks within so many seconds after a failure hears of that failure: a provider that hangs holds up one
/// sign-in, and not each that waits behind it for as long again.
const SPARED: i64 = 10;
/// Largest answer.
const LARGEST: usize = 256 * 1024;

/// A provider of sign-ins.
#[derive(Clone)]
pub struct OidcConfig {
    /// Its issuer, as in `https://login.acme.com`.
    pub issuer: String,
    /// This console's client id there.
    pub client_id: String,
    /// Its secret; nothing for a public client.
    pub client_secret: Option<Zeroizing<String>>,
    /// Whoever the provider vouches for may sign in as a Basic user; else only people who were invited.
    pub create_basic: bool,
}

impl std::fmt::Debug for OidcConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcConfig").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// What the provider says of itself.
#[derive(Debug, Clone, Deserialize)]
struct Discovery {
    issuer: String,
    #[serde(deserialize_with = "address")]
    authorization_endpoint: Url,
    #[serde(deserialize_with = "address")]
    token_endpoint: Url,
    #[serde(deserialize_with = "address")]
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

fn address<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(serde::de::Error::custom)
}

#[derive(Clone)]
struct Found {
    at: i64,
    says: Discovery,
    keys: Arc<Vec<Value>>,
}

/// The provider, and what is known of it.
pub(crate) struct Provider {
    pub(crate) config: OidcConfig,
    issuer: Url,
    http: reqwest::Client,
    found: Mutex<Known>,
}

/// What is known of the provider: what it said, or when and why it said nothing.
#[derive(Default)]
struct Known {
    found: Option<Found>,
    failed: Option<(i64, String)>,
}

/// Why nobody was signed in.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The provider does not answer, or not as it must.
    Provider(String),
    /// What it answers does not prove who this is.
    Unproven(String),
}

/// One attempt: everything follows from the secret in the browser's cookie.
pub(crate) struct Attempt {
    secret: String,
}

impl Attempt {
    pub(crate) fn of(secret: &str) -> Self {
        Self { secret: secret.to_owned() }
    }

    fn derived(&self, what: &str) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(what.as_bytes());
        context.update(&[0]);
        context.update(self.secret.as_bytes());
        BASE64URL_NOPAD.encode(context.finish().as_ref())
    }

    pub(crate) fn state(&self) -> String {
        self.derived("state")
    }

    pub(crate) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    fn verifier(&self) -> String {
        self.derived("verifier")
    }

    fn challenge(&self) -> String {
        BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, self.verifier().as_bytes()).as_ref())
    }
}

/// https, or this machine.
fn is_private(url: &Url) -> bool {
    let local = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    (url.scheme() == "https" && url.has_host()) || (url.scheme() == "http" && local)
}

impl Provider {
    pub(crate) fn new(config: OidcConfig, ca_pem: Option<&[u8]>) -> Result<Self, ConsoleError> {
        let wrong = |why: String| ConsoleError::Oidc(why);
        let issuer = Url::parse(&config.issuer).map_err(|error| wrong(format!("the issuer: {error}")))?;
        let bare = issuer.username().is_empty()
            && issuer.password().is_none()
            && issuer.query().is_none()
            && issuer.fragment().is_none();
        if !is_private(&issuer) || !bare {
            return Err(wrong(
                "the issuer must be an https address without query (http only on this machine)".into(),
            ));
        }
        if config.client_id.trim().is_empty() {
            return Err(wrong("the client id is missing".into()));
        }
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .referer(false);
        if let Some(pem) = ca_pem {
            let extra =
                reqwest::Certificate::from_pem_bundle(pem).map_err(|error| wrong(error.to_string()))?;
            builder = builder.tls_certs_merge(extra);
        }
        let http = builder.build().map_err(|error| wrong(error.to_string()))?;
        Ok(Self { config, issuer, http, found: Mutex::default() })
    }

    /// Its host, for people.
    pub(crate) fn host(&self) -> &str {
        self.issuer.host_str().unwrap_or_default()
    }

    /// Where the browser is sent.
    pub(crate) async fn entrance(
        &self,
        attempt: &Attempt,
        redirect: &str,
        now: Timestamp,
    ) -> Result<Url, Refusal> {
        let mut url = self.found(now).await?.says.authorization_endpoint;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", "openid email profile")
            .append_pair("state", &attempt.state())
            .append_pair("nonce", &attempt.nonce())
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Turns a code into what the provider says of the person.
    pub(crate) async fn redeem(
        &self,
        attempt: &Attempt,
        code: &str,
        redirect: &str,
        now: Timestamp,
    ) -> Result<Claims, Refusal> {
        #[derive(Deserialize)]
        struct Answer {
            id_token: String,
        }
        let found = self.found(now).await?;
        let request = self.exchange(&found.says, &attempt.verifier(), code, redirect);
        let answer: Answer = self.ask(request).await?;
        let expected = Expected {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            nonce: &attempt.nonce(),
            now,
        };
        match id_token::check(&answer.id_token, &found.keys, &expected) {
            // Its keys may have been changed since they were read.
            Err(id_token::Fault::UnknownKey) => {
                let keys = self.keys(&found.says).await?;
                let checked = id_token::check(&answer.id_token, &keys, &expected);
                self.found.lock().await.found = Some(Found { keys: Arc::new(keys), ..found });
                checked
            }
            checked => checked,
        }
        .map_err(|fault| Refusal::Unproven(fault.to_string()))
    }

    /// The request that gives a code and gets tokens.
    fn exchange(
        &self,
        says: &Discovery,
        verifier: &str,
        code: &str,
        redirect: &str,
    ) -> reqwest::RequestBuilder {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect)
            .append_pair("code_verifier", verifier);
        let mut request = self.http.post(says.token_endpoint.clone());
        let methods = &says.token_endpoint_auth_methods_supported;
        let has = |name: &str| methods.iter().any(|known| known == name);
        match &self.config.client_secret {
            // The standard's default, unless the provider offers only the other one.
            Some(secret) if has("client_secret_basic") || !has("client_secret_post") => {
                let encode = |text: &str| -> String {
                    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
                };
                request = request.basic_auth(encode(&self.config.client_id), Some(encode(secret)));
            }
            secret => {
                form.append_pair("client_id", &self.config.client_id);
                if let Some(secret) = secret {
                    form.append_pair("client_secret", secret);
                }
            }
        }
        request
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(form.finish())
    }

    /// What the provider says of itself, and its keys.
    async fn found(&self, now: Timestamp) -> Result<Found, Refusal> {
        let begin = std::time::Instant::now();
        let mut kept = self.found.lock().await;
        let now = now.as_second();
        if let Some(found) = kept.found.as_ref().filter(|found| (0..FRESH).contains(&(now - found.at))) {
            return Ok(found.clone());
        }
        if let Some((_, why)) = kept.failed.as_ref().filter(|(at, _)| (-60..SPARED).contains(&(now - at))) {
            return Err(Refusal::Provider(why.clone()));
        }
        match self.discover(now).await {
            Ok(found) => {
                kept.failed = None;
                Ok(kept.found.insert(found).clone())
            }
            Err(refusal) => {
                let (Refusal::Provider(why) | Refusal::Unproven(why)) = &refusal;
                // From now on, not from when it was asked.
                let waited = i64::try_from(begin.elapsed().as_secs()).unwrap_or(0);
                kept.failed = Some((now.saturating_add(waited), why.clone()));
                Err(refusal)
            }
        }
    }

    /// Whether it answers as it must: how many keys it has, or what is wrong.
    pub(crate) async fn look(&self, now: Timestamp) -> Result<usize, String> {
        match self.found(now).await {
            Ok(found) => Ok(found.keys.len()),
            Err(Refusal::Provider(why) | Refusal::Unproven(why)) => Err(why),
        }
    }

    async fn discover(&self, now: i64) -> Result<Found, Refusal> {
        let place = format!("{}/.well-known/openid-configuration", self.config.issuer.trim_end_matches('/'));
        let says: Discovery = self.ask(self.http.get(place)).await?;
        if says.issuer != self.config.issuer {
            return Err(Refusal::Provider(
                "it calls itself by another issuer than the configured one".to_owned(),
            ));
        }
        for url in [&says.authorization_endpoint, &says.token_endpoint, &says.jwks_uri] {
            if !is_private(url) {
                return Err(Refusal::Provider("it names an address that is not https".to_owned()));
            }
        }
        let keys = Arc::new(self.keys(&says).await?);
        Ok(Found { at: now, says, keys })
    }

    async fn keys(&self, says: &Discovery) -> Result<Vec<Value>, Refusal> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        Ok(self.ask::<Set>(self.http.get(says.jwks_uri.clone())).await?.keys)
    }

    /// Sends a request and reads its answer as JSON. Neither code nor secret gets into an error.
    async fn ask<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, Refusal> {
        let failed = |error: reqwest::Error| Refusal::Provider(crate::hook::innermost(&error.without_url()));
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(part) = answer.chunk().await.map_err(failed)? {
            body.extend_from_slice(&part);
            if body.len() > LARGEST {
                return Err(Refusal::Provider("its answer is too large".to_owned()));
            }
        }
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|_| Refusal::Provider("its answer is not what the standard says".to_owned()));
        }
        let word = serde_json::from_slice::<Value>(&body).ok();
        match word.as_ref().and_then(|body| body.get("error")).and_then(Value::as_str) {
            Some(word) if status.is_client_error() => {
                Err(Refusal::Unproven(format!("the provider answered {}", plain(word))))
            }
            _ => Err(Refusal::Provider(format!("it answered {status}"))),
        }
    }
}

/// An error code of the standard; anything else is not repeated.
pub(crate) fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_is_https_or_this_machine() {
        rolebook_okta::install_crypto_provider();
        let with = |issuer: &str| {
            let config = OidcConfig {
                issuer: issuer.to_owned(),
                client_id: "c".to_owned(),
                client_secret: Some("s3cret".to_owned().into()),
                create_basic: false,
            };
            assert!(!format!("{config:?}").contains("s3cret"));
            Provider::new(config, None).map(drop)
        };
        for good in ["https://login.acme.com", "https://acme.okta.com/oauth2/default", "http://127.0.0.1:9"] {
            with(good).unwrap();
        }
        for bad in
            ["http://login.acme.com", "https://a@login.acme.com", "https://x.test/?a=b", "file:///x", "acme"]
        {
            assert!(with(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_secret_gives_three_that_differ() {
        let attempt = Attempt::of("secret");
        assert_ne!(attempt.state(), attempt.nonce());
        assert_ne!(attempt.nonce(), attempt.verifier());
        assert_ne!(attempt.state(), Attempt::of("other").state());
        assert_eq!(attempt.verifier().len(), 43);
    }
}
