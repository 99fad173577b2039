//! One attempt at one request.

use std::error::Error as StdError;

use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Response};

use crate::address::{AddressRefused, NotResolved, VettingResolver};
use crate::answer::Answer;
use crate::client::ClientConfig;
use crate::error::Error;
use crate::foreign_text::tame;
use crate::oauth::Dressing;
use crate::proxy::ProxyError;
use crate::reply::Leg;
use crate::target::Target;

const RETRY_FOR: HeaderName = HeaderName::from_static("x-okta-retry-for");
const RETRY_COUNT: HeaderName = HeaderName::from_static("x-okta-retry-count");

/// Makes `aws_lc_rs` the TLS provider of this process. Every `main` calls it once, before any client is built;
/// calling it again, or after somebody else chose a provider, changes nothing.
pub fn install_crypto_provider() {
    // An error means that a provider is installed, which is all that is wanted.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Something to ask of the org.
pub struct Request {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) body: Body,
}

/// What a request carries.
pub(crate) enum Body {
    None,
    /// JSON, ready to send.
    Json(Vec<u8>),
    /// A form that proves who asks, made anew for each attempt.
    Assertion,
}

/// What repetitions tell Okta: the id of the first request that failed, and how many came after it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repetition<'a> {
    pub(crate) of: Option<&'a str>,
    pub(crate) count: u32,
}

/// The connection to one org.
pub(crate) struct Transport {
    http: reqwest::Client,
    origin: String,
    max_body: usize,
}

impl Transport {
    /// Roots of trust are the platform's, by the verifier that reqwest brings along: what the machine's
    /// administrator trusts is trusted here, and no list of our own grows old. `ca_pem` adds to them.
    pub(crate) fn new(config: &ClientConfig) -> Result<Self, Error> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(Error::Setup("no TLS provider is installed".to_owned()));
        }
        let setup = |error: &reqwest::Error| Error::Setup(tame(&innermost(error)));
        let mut builder = reqwest::Client::builder()
            .user_agent(config.user_agent.as_str())
            .connect_timeout(config.connect_timeout)
            .read_timeout(config.read_timeout)
            .timeout(config.request_timeout)
            .redirect(Policy::none())
            .referer(false)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .dns_resolver(VettingResolver {
                rules: config.addresses.clone(),
                lookup: std::sync::Arc::clone(&config.lookup),
                proxy: config.proxy.as_ref().map(|proxy| proxy.host().to_owned()),
            });
        // A proxy resolves names for us, past our rules: none is taken from anywhere but the configuration.
        builder = match &config.proxy {
            None => builder.no_proxy(),
            Some(_) if !config.domain.is_secure() => return Err(ProxyError::PlainHttp.into()),
            Some(proxy) => builder.proxy(proxy.build()?),
        };
        builder = match &config.ca_pem {
            // Without TLS there is nothing to trust, so no roots are loaded.
            _ if !config.domain.is_secure() => builder.tls_certs_only([]),
            Some(pem) => {
                let certificates = Certificate::from_pem_bundle(pem).map_err(|error| setup(&error))?;
                if certificates.is_empty() {
                    return Err(Error::Setup("the extra CA file holds no certificate".to_owned()));
                }
                builder.https_only(true).tls_certs_merge(certificates)
            }
            None => builder.https_only(true),
        };
        Ok(Self {
            http: builder.build().map_err(|error| setup(&error))?,
            origin: config.domain.origin(),
            max_body: config.max_body,
        })
    }

    /// Sends and waits for the headers.
    pub(crate) async fn send(
        &self,
        request: &Request,
        dressing: Dressing,
        repetition: Repetition<'_>,
    ) -> Result<Response, Error> {
        let mut builder = self
            .http
            .request(request.method.clone(), format!("{}{}", self.origin, request.target))
            .headers(dressing.headers)
            .header(header::ACCEPT, "application/json");
        if repetition.count > 0 {
            builder = builder.header(RETRY_COUNT, repetition.count);
            if let Some(first) = repetition.of {
                builder = builder.header(RETRY_FOR, first);
            }
        }
        builder = match (&request.body, dressing.form) {
            (_, Some(form)) => {
                let content_type = "application/x-www-form-urlencoded";
                builder.header(header::CONTENT_TYPE, content_type).body(form.to_vec())
            }
            (Body::Json(body), None) => {
                builder.header(header::CONTENT_TYPE, "application/json").body(body.clone())
            }
            // Okta answers 411 to a write without a length.
            _ if !request.method.is_safe() => builder.header(header::CONTENT_LENGTH, 0),
            _ => builder,
        };
        builder.send().await.map_err(|error| unreached(&error, request))
    }

    /// Reads the body to its end, within the limit.
    pub(crate) async fn receive(&self, mut response: Response, request: &Request) -> Result<Answer, Error> {
        let status: StatusCode = response.status();
        let headers: HeaderMap = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreached(&error, request))? {
            if body.len() + chunk.len() > self.max_body {
                return Err(Error::TooLarge { target: request.target.to_string(), limit: self.max_body });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            method: request.method.clone(),
            target: request.target.clone(),
            status: status.as_u16(),
            headers,
            body,
        })
    }
}

/// How hyper begins what it says of a proxy; the type of the error is not public.
const TUNNEL: &str = "tunnel error: ";

fn unreached(error: &reqwest::Error, request: &Request) -> Error {
    let tunnel = causes(error).map(ToString::to_string).find(|text| text.starts_with(TUNNEL));
    let leg = if let Some(tunnel) = &tunnel {
        if tunnel.contains("authorization required") { Leg::ProxyCredentials } else { Leg::Proxy }
    } else if find::<AddressRefused>(error) {
        Leg::RefusedAddress
    } else if find::<NotResolved>(error) {
        Leg::Dns
    } else if error.is_connect() && find::<rustls::Error>(error) {
        Leg::Tls
    } else if error.is_connect() {
        Leg::Connect
    } else if error.is_timeout() {
        Leg::Timeout
    } else {
        Leg::Broken
    };
    Error::Transport {
        leg,
        method: request.method.clone(),
        target: request.target.to_string(),
        detail: tame(innermost(error).trim_start_matches(TUNNEL)),
    }
}

/// The chain of causes.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |cause| cause_of(*cause))
}

/// An I/O error hides the error it wraps from `source`, so it is opened here.
fn cause_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<std::io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => error.source(),
    }
}

fn find<E: StdError + 'static>(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.is::<E>())
}

/// The last cause says what happened; the ones above only repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "no details".to_owned(), ToString::to_string)
}
