//! The access token of a service app: got when first needed, renewed before it ends, got anew when Okta takes it back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::ServiceApp;
use super::jwt::{ProofKey, access_token_hash, assertion};
use crate::client::Client;
use crate::error::Error;
use crate::rate::server_date;
use crate::secret::Secret;
use crate::target::Target;
use crate::transport::Request;

const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Refusals in a row that can be answered with something new: no proof, no nonce, a wrong clock, and one to spare.
const MOST_LESSONS: u32 = 4;
/// A clock is taken to have been wrong when Okta's `Date` differs by more than this.
const CLOCK_TOLERANCE: i64 = 5;

/// An access token and what goes with it.
pub(crate) struct AccessToken {
    token: Secret,
    /// Bound to the proof key.
    bound: bool,
    hash: String,
    /// By Okta's clock.
    renew_at: Timestamp,
}

/// What the token endpoint answers.
#[derive(Deserialize)]
struct Issued {
    token_type: String,
    #[serde(deserialize_with = "secret")]
    access_token: Secret,
    expires_in: Option<i64>,
}

/// A service app at work.
pub(crate) struct Session {
    app: ServiceApp,
    origin: String,
    state: Mutex<State>,
    /// Held by whoever gets a token, so that everybody else waits for that one.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<AccessToken>>,
    proof_key: Option<Arc<ProofKey>>,
    /// Okta's latest nonces, for the token endpoint and for everything else.
    token_nonce: Option<String>,
    nonce: Option<String>,
    /// Seconds by which Okta's clock is ahead of ours.
    ahead: i64,
}

/// What an attempt is sent with.
#[derive(Default)]
pub(crate) struct Dressing {
    pub(crate) headers: HeaderMap,
    pub(crate) form: Option<Zeroizing<Vec<u8>>>,
}

impl Session {
    pub(crate) fn new(app: ServiceApp, origin: &str) -> Self {
        Self { app, origin: origin.to_owned(), state: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// The access token, gotten or renewed where that is due.
    pub(crate) async fn access(
        &self,
        client: &Client,
        cancel: &CancellationToken,
    ) -> Result<Arc<AccessToken>, Error> {
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        let _turn = cancel.run_until_cancelled(self.turn.lock()).await.ok_or(Error::Cancelled)?;
        match self.fresh() {
            Some(token) => Ok(token),
            None => self.get(client).await,
        }
    }

    fn fresh(&self) -> Option<Arc<AccessToken>> {
        let state = self.state();
        state.token.clone().filter(|token| self.now(&state) < token.renew_at)
    }

    /// Asks until Okta grants or says something that cannot be answered with more than was sent.
    async fn get(&self, client: &Client) -> Result<Arc<AccessToken>, Error> {
        let attempts = client.config().retry.attempts;
        let mut lessons = 0;
        loop {
            let (proved, nonce, ahead) = {
                let state = self.state();
                (state.proof_key.is_some(), state.token_nonce.clone(), state.ahead)
            };
            let request = Request::for_access_token();
            let error = match client.call(&request, attempts, |answer| answer.json::<Issued>()).await {
                Ok(issued) => return self.take(issued),
                Err(error) => error,
            };
            lessons += 1;
            let learnt = {
                let state = self.state();
                let clock_was_wrong = (state.ahead - ahead).abs() > CLOCK_TOLERANCE;
                match error.code() {
                    Some("invalid_dpop_proof") if !proved => true,
                    Some("use_dpop_nonce") => !proved || state.token_nonce != nonce,
                    Some("invalid_client" | "invalid_dpop_proof") => clock_was_wrong,
                    _ => false,
                }
            };
            if !learnt || lessons > MOST_LESSONS {
                return Err(error.with_scopes(&self.app.scopes));
            }
            tracing::debug!(code = error.code(), "asking for an access token again");
            if !proved && matches!(error.code(), Some("invalid_dpop_proof" | "use_dpop_nonce")) {
                self.make_proof_key().await?;
            }
        }
    }

    async fn make_proof_key(&self) -> Result<(), Error> {
        // It takes a good part of a second.
        let made = tokio::task::spawn_blocking(ProofKey::generate).await.ok().flatten();
        let key = made.ok_or_else(|| Error::Setup("no key for DPoP could be made".to_owned()))?;
        self.state().proof_key = Some(Arc::new(key));
        Ok(())
    }

    fn take(&self, issued: Issued) -> Result<Arc<AccessToken>, Error> {
        let mut state = self.state();
        let life = issued.expires_in.unwrap_or(3600).clamp(0, 86_400);
        // Requests may wait a while for the rate limit before they go.
        let margin = (life / 4).min(300);
        let renew_at = self.now(&state) + SignedDuration::from_secs(life - margin);
        let bound = issued.token_type.eq_ignore_ascii_case("dpop");
        let token = issued.access_token.reveal();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Shape {
                target: Target::token().to_string(),
                detail: "the access token is none".to_owned(),
                request_id: None,
            });
        }
        let token = Arc::new(AccessToken {
            hash: access_token_hash(token),
            token: issued.access_token,
            bound,
            renew_at,
        });
        tracing::debug!(bound, seconds = life, "got an access token");
        state.token = Some(Arc::clone(&token));
        Ok(token)
    }

    /// What a request for an access token is sent with: a new assertion, and a new proof where one is wanted.
    pub(crate) fn dress_for_access_token(&self, request: &Request) -> Result<Dressing, Error> {
        let (key, nonce, now) = {
            let state = self.state();
            (state.proof_key.clone(), state.token_nonce.clone(), self.now(&state))
        };
        let url = self.url(request);
        let assertion = assertion(&self.app, &url, now).map(Zeroizing::new).ok_or_else(unsigned)?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &self.app.scopes.join(" "))
            .append_pair("client_assertion_type", ASSERTION_TYPE)
            .append_pair("client_assertion", &assertion)
            .finish();
        let mut dressing = Dressing { form: Some(Zeroizing::new(form.into_bytes())), ..Dressing::default() };
        if let Some(key) = key {
            let proof = key.prove(request.method.as_str(), &url, now, nonce.as_deref(), None);
            dressing.headers.insert("dpop", sensitive(&proof.ok_or_else(unsigned)?)?);
        }
        Ok(dressing)
    }

    /// What any other request is sent with.
    pub(crate) fn dress(&self, request: &Request, token: &AccessToken) -> Result<Dressing, Error> {
        let mut dressing = Dressing::default();
        let scheme = if token.bound { "DPoP" } else { "Bearer" };
        let authorization = Zeroizing::new(format!("{scheme} {}", token.token.reveal()));
        dressing.headers.insert(http::header::AUTHORIZATION, sensitive(&authorization)?);
        if token.bound {
            let (key, nonce, now) = {
                let state = self.state();
                (state.proof_key.clone(), state.nonce.clone(), self.now(&state))
            };
            let proof = key.and_then(|key| {
                let url = self.url(request);
                key.prove(request.method.as_str(), &url, now, nonce.as_deref(), Some(&token.hash))
            });
            dressing.headers.insert("dpop", sensitive(&proof.ok_or_else(unsigned)?)?);
        }
        Ok(dressing)
    }

    /// Takes note of what an answer says beside its body: Okta's clock and its nonce.
    pub(crate) fn hear(&self, request: &Request, headers: &HeaderMap) {
        let mut state = self.state();
        if let Some(date) = server_date(headers) {
            state.ahead = date.saturating_sub((self.app.clock)().as_second());
        }
        let nonce = headers.get(NONCE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if let Some(nonce) = nonce {
            let kept = if request.is_for_access_token() { &mut state.token_nonce } else { &mut state.nonce };
            *kept = Some(nonce);
        }
    }

    /// Whether trying once more can help after a refusal: with another token than the one refused, or with a nonce.
    pub(crate) fn may_try_again(&self, refused: &Arc<AccessToken>, error: &Error) -> bool {
        let nonce_wanted = error.code() == Some("use_dpop_nonce");
        let refusal = matches!(error, Error::InvalidToken(_))
            || matches!(error.code(), Some("invalid_dpop_proof" | "invalid_token"));
        if !nonce_wanted && !refusal {
            return false;
        }
        if !nonce_wanted {
            let mut state = self.state();
            if state.token.as_ref().is_some_and(|token| Arc::ptr_eq(token, refused)) {
                state.token = None;
            }
        }
        true
    }

    pub(crate) fn app(&self) -> &ServiceApp {
        &self.app
    }

    /// Without query, as proofs and assertions want it.
    fn url(&self, request: &Request) -> String {
        let path = request.target.as_str().split('?').next().unwrap_or_default();
        format!("{}{path}", self.origin)
    }

    fn now(&self, state: &State) -> Timestamp {
        let ours = (self.app.clock)();
        ours.checked_add(SignedDuration::from_secs(state.ahead)).unwrap_or(ours)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves facts, not invariants, behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

fn sensitive(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text).map_err(|_| unsigned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn unsigned() -> Error {
    Error::Setup("the private key does not sign".to_owned())
}
