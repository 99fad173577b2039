//! What is kept of an exchange that failed.

use std::fmt;

use http::Method;

/// What Okta (or something in front of it) answered, without body and headers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// Method of the request.
    pub method: Method,
    /// Path and query of the request.
    pub target: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// Okta's `errorCode`, such as `E0000006`; absent when the body had none.
    pub code: Option<String>,
    /// Okta's `errorSummary`, control characters removed and shortened.
    pub summary: Option<String>,
    /// The `errorSummary` of each cause, tamed likewise.
    pub causes: Vec<String>,
    /// Okta's `errorId`, which its support can look up.
    pub error_id: Option<String>,
    /// `X-Okta-Request-Id`, which is also in the org's System Log.
    pub request_id: Option<String>,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} answered {}", self.method, self.target, self.status)?;
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if let Some(summary) = &self.summary {
            write!(f, " \"{summary}\"")?;
        }
        for cause in &self.causes {
            write!(f, "; {cause}")?;
        }
        match (&self.request_id, &self.error_id) {
            (Some(request), Some(error)) => write!(f, " (request {request}, error {error})"),
            (Some(request), None) => write!(f, " (request {request})"),
            (None, Some(error)) => write!(f, " (error {error})"),
            (None, None) => Ok(()),
        }
    }
}

/// Where on the way to a complete answer a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Leg {
    /// The host name did not resolve.
    Dns,
    /// The host resolved only to addresses that this client does not talk to.
    RefusedAddress,
    /// The proxy gave no way through, or could not be reached itself.
    Proxy,
    /// The proxy wants to know who asks.
    ProxyCredentials,
    /// No connection came about.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// No (complete) answer within the time allowed.
    Timeout,
    /// The connection broke, or the answer was cut off or could not be decompressed.
    Broken,
}

impl Leg {
    /// Whether the request certainly never reached Okta.
    #[must_use]
    pub fn is_unsent(self) -> bool {
        matches!(
            self,
            Leg::Dns | Leg::RefusedAddress | Leg::Proxy | Leg::ProxyCredentials | Leg::Connect | Leg::Tls
        )
    }

    fn as_str(self) -> &'static str {
        match self {
            Leg::Dns => "the host name does not resolve",
            Leg::RefusedAddress => "the address is not allowed",
            Leg::Proxy => "no way through the proxy",
            Leg::ProxyCredentials => "the proxy wants credentials",
            Leg::Connect => "no connection",
            Leg::Tls => "the TLS handshake failed",
            Leg::Timeout => "timed out",
            Leg::Broken => "the connection broke",
        }
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
