//! The client: configuration, and the loop that turns attempts into an answer.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::address::{AddressRules, LookupFn, system_lookup};
use crate::answer::Answer;
use crate::credential::{Credential, Keeper, Pass};
use crate::domain::Domain;
use crate::error::Error;
use crate::oauth::{Dressing, ServiceApp};
use crate::proxy::Proxy;
use crate::rate::{BucketName, Governor, GovernorConfig, Reading, Refusal, Ticket};
use crate::reply::Reply;
use crate::retry::{RetryPolicy, Verdict, judge};
use crate::target::Target;
use crate::transport::{Body, Repetition, Request, Transport};

/// Everything a client is made from. [`ClientConfig::new`] gives sensible values for all but the first two.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The org.
    pub domain: Domain,
    /// The credential: an API token or a service app.
    pub credential: Credential,
    /// Rate limits; share one governor among all clients of an org.
    pub governor: Governor,
    /// Repetition.
    pub retry: RetryPolicy,
    /// Time to connect, TLS included. Default 10 s.
    pub connect_timeout: Duration,
    /// Longest silence within an answer. Default 60 s; Okta itself gives up on large lists after about 30 s.
    pub read_timeout: Duration,
    /// Longest time for one attempt. Default 180 s.
    pub request_timeout: Duration,
    /// Largest body, in bytes after decompression. Default 64 MiB.
    pub max_body: usize,
    /// The `User-Agent`.
    pub user_agent: String,
    /// Which addresses may be connected to.
    pub addresses: AddressRules,
    /// A proxy to go through. Which addresses the org's name leads to is then the proxy's matter.
    pub proxy: Option<Proxy>,
    /// Who resolves host names; the system by default.
    pub lookup: LookupFn,
    /// Root certificates in PEM, trusted beside the platform's.
    pub ca_pem: Option<Vec<u8>>,
    /// Other hosts of the same org. With a custom domain, `next` links may name the org's plain Okta host; such a
    /// link is followed on the configured domain. Nothing is ever sent to these hosts.
    pub other_hosts: Vec<String>,
    /// Pages in a row without anything new after which a list is taken to be endless. Default 50.
    pub max_barren_pages: usize,
    /// Seed of the jitter in backoffs; draw it from the system.
    pub seed: u64,
}

impl ClientConfig {
    /// A configuration with default values and a governor of its own.
    #[must_use]
    pub fn new(domain: Domain, credential: impl Into<Credential>) -> Self {
        Self {
            domain,
            credential: credential.into(),
            governor: Governor::new(GovernorConfig::default()),
            retry: RetryPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(180),
            max_body: 64 << 20,
            user_agent: concat!("rolebook/", env!("CARGO_PKG_VERSION")).to_owned(),
            addresses: AddressRules::default(),
            proxy: None,
            lookup: system_lookup(),
            ca_pem: None,
            other_hosts: Vec::new(),
            max_barren_pages: 50,
            seed: 0,
        }
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("domain", &self.domain)
            .field("credential", &self.credential)
            .field("governor", &self.governor)
            .field("retry", &self.retry)
            .field("addresses", &self.addresses)
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}

/// A client of one org. Clones share connections, governor and configuration.
#[derive(Clone)]
pub struct Client {
    core: Arc<Core>,
    cancel: CancellationToken,
}

struct Core {
    config: ClientConfig,
    keeper: Keeper,
    transport: Transport,
    rng: Mutex<SmallRng>,
    /// Seconds since 1970 of the last answer's `Date`; the smallest number before there was one.
    okta_time: AtomicI64,
    /// Requests of this client and its clones; the governor counts those of every client of the org.
    sent: AtomicU64,
}

impl Client {
    /// Makes a client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Setup`] when no TLS provider is installed (see [`crate::install_crypto_provider`]), when the
    /// machine has no root certificates, or when the extra CA cannot be read. [`Error::Proxy`] when the domain is plain
    /// http and there is a proxy.
    pub fn new(config: ClientConfig) -> Result<Self, Error> {
        let transport = Transport::new(&config)?;
        let rng = Mutex::new(SmallRng::seed_from_u64(config.seed));
        let keeper = Keeper::new(&config.credential, &config.domain.origin())?;
        let okta_time = AtomicI64::new(i64::MIN);
        let core = Arc::new(Core { config, keeper, transport, rng, okta_time, sent: AtomicU64::new(0) });
        Ok(Self { core, cancel: CancellationToken::new() })
    }

    /// The same client under a token that ends its waits and requests with [`Error::Cancelled`].
    #[must_use]
    pub fn with_cancellation(&self, cancel: CancellationToken) -> Self {
        Self { core: Arc::clone(&self.core), cancel }
    }

    /// The org's address.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.core.config.domain
    }

    /// The proxy that is gone through, if any.
    #[must_use]
    pub fn proxy(&self) -> Option<&Proxy> {
        let config = &self.core.config;
        config.proxy.as_ref().filter(|proxy| !proxy.passes_by(config.domain.host()))
    }

    /// The governor, for its counters.
    #[must_use]
    pub fn governor(&self) -> &Governor {
        &self.core.config.governor
    }

    /// Requests that this client and its clones have sent, retries included.
    ///
    /// The governor's counters cover all clients that share it.
    #[must_use]
    pub fn requests_sent(&self) -> u64 {
        self.core.sent.load(Ordering::Relaxed)
    }

    /// The service app, when it is one that asks.
    #[must_use]
    pub fn service_app(&self) -> Option<&ServiceApp> {
        self.core.keeper.session().map(crate::oauth::Session::app)
    }

    pub(crate) fn config(&self) -> &ClientConfig {
        &self.core.config
    }

    /// Reads one object. `target` is a path below `/api/v1/`, query included, encoded as it is to be sent.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T, Error> {
        self.read(Target::parse(target)?).await
    }

    /// Sends any request and gives the answer, when it is a 2xx.
    ///
    /// What is not a GET is repeated only after a 429 and when it certainly did not reach Okta; after any other
    /// failure see [`Error::outcome_unknown`].
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let attempts = self.core.config.retry.attempts;
        self.call(&request, attempts, Ok).await
    }

    pub(crate) async fn read<T: DeserializeOwned>(&self, target: Target) -> Result<T, Error> {
        let request = Request { method: Method::GET, target, body: Body::None };
        self.call(&request, self.core.config.retry.attempts, |answer| answer.json()).await
    }

    /// What time Okta said it is, in its last answer; to the second, and not later than now by its clock.
    #[must_use]
    pub fn okta_time(&self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_second(self.core.okta_time.load(Ordering::Relaxed)).ok()
    }

    /// Tries until an answer decodes, the error is final, or patience is spent. `attempts` bounds the tries that
    /// end in a fault.
    pub(crate) async fn call<T>(
        &self,
        request: &Request,
        attempts: u32,
        decode: impl Fn(Answer) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let config = &self.core.config;
        let bucket = BucketName::of(&request.method, request.target.as_str());
        let mut effort = Effort::default();
        loop {
            // Before the request has its turn: getting an access token takes turns of its own.
            let pass = self.pass(request).await?;
            let patience = config.retry.max_wait.saturating_sub(effort.waited);
            let mut ticket = match config.governor.admit(bucket, patience, &self.cancel).await {
                Ok(ticket) => ticket,
                Err(Refusal::Cancelled) => return Err(Error::Cancelled),
                Err(Refusal::TooLong { reset }) => {
                    let reply = effort.refusal.take();
                    let target = request.target.to_string();
                    return Err(Error::RateLimited { bucket, target, reset, waited: effort.waited, reply });
                }
            };
            if effort.count > 0 {
                // The first wait is our own queue; what follows a refusal is patience.
                effort.waited += ticket.waited;
                config.governor.count_retry(bucket);
            }
            let attempt = self.attempt(request, &pass, bucket, &mut ticket, &effort);
            let Some((outcome, reading)) = self.cancel.run_until_cancelled(attempt).await else {
                return Err(Error::Cancelled);
            };
            drop(ticket);
            if let Some(date) = outcome.as_ref().ok().and_then(Answer::date) {
                self.core.okta_time.store(date.as_second(), Ordering::Relaxed);
            }
            let error = match outcome.and_then(&decode) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if !effort.passed_anew && self.may_pass_anew(&pass, &error) {
                effort.passed_anew = true;
                effort.count += 1;
                tracing::debug!(target = %request.target, %error, "trying again with a new proof or access token");
                continue;
            }
            self.before_next(request, bucket, attempts, &mut effort, error, reading).await?;
        }
    }

    async fn pass(&self, request: &Request) -> Result<Pass, Error> {
        Ok(match &self.core.keeper {
            Keeper::Token(header) => Pass::Header(header.clone()),
            Keeper::ServiceApp(_) if request.is_for_access_token() => Pass::Assertion,
            // Boxed, since it comes back here for the token endpoint.
            Keeper::ServiceApp(session) => Pass::Access(Box::pin(session.access(self, &self.cancel)).await?),
        })
    }

    fn dress(&self, request: &Request, pass: &Pass) -> Result<Dressing, Error> {
        let mut dressing = Dressing::default();
        match (pass, self.core.keeper.session()) {
            (Pass::Header(header), _) => {
                dressing.headers.insert(http::header::AUTHORIZATION, header.clone());
            }
            (Pass::Access(token), Some(session)) => dressing = session.dress(request, token)?,
            (Pass::Assertion, Some(session)) => dressing = session.dress_for_access_token(request)?,
            (_, None) => {}
        }
        Ok(dressing)
    }

    /// An access token may end, or be revoked, while a request is on its way: that costs one more request, no more.
    fn may_pass_anew(&self, pass: &Pass, error: &Error) -> bool {
        match (pass, self.core.keeper.session()) {
            (Pass::Access(token), Some(session)) => session.may_try_again(token, error),
            _ => false,
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        pass: &Pass,
        bucket: BucketName,
        ticket: &mut Ticket,
        effort: &Effort,
    ) -> (Result<Answer, Error>, Option<Reading>) {
        let repetition = Repetition { of: effort.first_request_id.as_deref(), count: effort.count };
        let transport = &self.core.transport;
        let dressing = match self.dress(request, pass) {
            Ok(dressing) => dressing,
            Err(error) => return (Err(error), None),
        };
        self.core.sent.fetch_add(1, Ordering::Relaxed);
        let response = match transport.send(request, dressing, repetition).await {
            Ok(response) => response,
            Err(error) => return (Err(error), None),
        };
        if let Some(session) = self.core.keeper.session() {
            session.hear(request, response.headers());
        }
        let status = response.status();
        let reading = ticket.heard(status.as_u16(), response.headers());
        let answer = transport.receive(response, request).await;
        tracing::debug!(
            method = %request.method,
            target = %request.target,
            status = status.as_u16(),
            attempt = effort.count,
            %bucket,
            "okta answered",
        );
        let outcome = answer
            .and_then(|answer| if status.is_success() { Ok(answer) } else { Err(answer.refusal(bucket)) });
        (outcome, reading)
    }

    /// Returns the error when it is final; else waits, where waiting is not the governor's part.
    async fn before_next(
        &self,
        request: &Request,
        bucket: BucketName,
        attempts: u32,
        effort: &mut Effort,
        error: Error,
        reading: Option<Reading>,
    ) -> Result<(), Error> {
        let config = &self.core.config;
        effort.count += 1;
        let pause = match judge(&error, request.is_repeatable()) {
            Verdict::Final => return Err(error),
            Verdict::Fault => {
                effort.faults += 1;
                if effort.faults >= attempts {
                    return Err(error);
                }
                Some(self.backoff(effort.faults - 1))
            }
            Verdict::Rate if reading.is_some_and(|reading| reading.is_concurrency()) => {
                // Too many under way in the org: the bucket is not to blame, and the reset means nothing.
                effort.refusals += 1;
                Some(self.backoff(effort.refusals - 1))
            }
            Verdict::Rate => {
                // With a reset the bucket is closed until then; without, and against resets that lie behind, the
                // backoff closes it.
                let known =
                    reading.and_then(|reading| reading.until_reset()).is_some_and(|left| !left.is_zero());
                let hold = if known { self.backoff(0) } else { self.backoff(effort.refusals) };
                effort.refusals += u32::from(!known);
                config.governor.hold(bucket, hold);
                None
            }
        };
        tracing::debug!(target = %request.target, %error, pause_ms = pause.map(|pause| pause.as_millis()), "trying again");
        if effort.first_request_id.is_none() {
            let id = error.reply().and_then(|reply| reply.request_id.clone());
            effort.first_request_id = id.filter(|id| id.bytes().all(|byte| byte.is_ascii_graphic()));
        }
        if let Some(pause) = pause {
            effort.waited += pause;
            if effort.waited > config.retry.max_wait {
                return Err(effort.give_up(error));
            }
            self.cancel.run_until_cancelled(tokio::time::sleep(pause)).await.ok_or(Error::Cancelled)?;
        }
        if let Error::RateLimited { reply, .. } = error {
            effort.refusal = reply;
        }
        Ok(())
    }

    fn backoff(&self, count: u32) -> Duration {
        let mut rng = self.core.rng.lock().unwrap_or_else(PoisonError::into_inner);
        self.core.config.retry.backoff(count, &mut *rng)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("domain", self.domain()).finish_non_exhaustive()
    }
}

/// What one call has been through.
#[derive(Debug, Default)]
struct Effort {
    /// Attempts that failed.
    count: u32,
    faults: u32,
    /// 429s that did not say how long to wait.
    refusals: u32,
    waited: Duration,
    first_request_id: Option<String>,
    /// A refused access token was replaced.
    passed_anew: bool,
    /// The last 429.
    refusal: Option<Box<Reply>>,
}

impl Effort {
    fn give_up(&self, error: Error) -> Error {
        match error {
            Error::RateLimited { bucket, target, reset, reply, .. } => {
                Error::RateLimited { bucket, target, reset, waited: self.waited, reply }
            }
            other => other,
        }
    }
}

impl Request {
    /// A request without body. `target` as for [`Client::get`].
    ///
    /// # Errors
    /// [`Error::Path`] when `target` is not a path below `/api/v1/`.
    pub fn new(method: Method, target: &str) -> Result<Self, Error> {
        Ok(Self { method, target: Target::parse(target)?, body: Body::None })
    }

    /// A request for an access token. What it carries is made for each attempt.
    pub(crate) fn for_access_token() -> Self {
        Self { method: Method::POST, target: Target::token(), body: Body::Assertion }
    }

    pub(crate) fn is_for_access_token(&self) -> bool {
        matches!(self.body, Body::Assertion)
    }

    /// Whether doing it twice does no harm: reads, and asking for an access token.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.method.is_safe() || self.is_for_access_token()
    }

    /// Gives it a JSON body.
    ///
    /// # Errors
    /// [`Error::Shape`] when the value cannot be written as JSON, such as a map with keys that are no text.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::Shape {
            target: self.target.to_string(),
            detail: format!("the body to send: {error}"),
            request_id: None,
        })?;
        self.body = Body::Json(body);
        Ok(self)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {})", self.method, self.target)
    }
}
