//! What can go wrong between us and Okta, one variant for each thing a caller does differently.
//!
//! Okta speaks of errors with an HTTP status and an `errorCode`; neither alone says enough. A 401 is a dead token
//! or a feature that the org has not switched on; a 404 is an object that is gone or a path that never was; a 403
//! comes with JSON, with an empty body or with a firewall's HTML page. Who deletes data because of an error must
//! know which it was, so the distinction is made here, once, and callers ask predicates: [`Error::is_gone`] is the
//! only evidence of absence, [`Error::is_refused`] means too few rights, [`Error::is_transient`] that asking later
//! may help. Text that came from Okta is tamed before it is kept; headers are never kept, so no error can carry a
//! credential.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;

use crate::domain::DomainError;
use crate::proxy::ProxyError;
use crate::rate::BucketName;
use crate::reply::{Leg, Reply};
use crate::secret::TokenError;

/// Everything that a call can end with instead of an answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configured domain cannot be the address of an Okta org.
    #[error(transparent)]
    Domain(#[from] DomainError),
    /// The configured API token cannot be one.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The configured proxy cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The client cannot be built: no TLS provider, no root certificates, an unreadable extra CA.
    #[error("okta client: {0}")]
    Setup(String),

    /// 401 `E0000011`: the token is wrong, expired or revoked.
    #[error("the API token was not accepted: {0}")]
    InvalidToken(Box<Reply>),
    /// The token endpoint turned the service app away: unknown client or key, a wrong clock, no client of this kind.
    #[error("okta gives the service app no access token: {0}")]
    ServiceApp(Box<Reply>),
    /// The token endpoint knows the service app, but not all the scopes that it asks for are granted to it.
    #[error("not all of the scopes {scopes} are granted to the service app: {reply}")]
    ScopesNotGranted {
        /// The scopes that were asked for, separated by blanks.
        scopes: String,
        /// The answer.
        reply: Box<Reply>,
    },
    /// 401 `E0000015`: the org lacks a feature. The token is fine.
    #[error("the org does not have this feature: {0}")]
    FeatureOff(Box<Reply>),
    /// 403 `E0000005`: the Authorization header did not arrive or has an unknown scheme.
    #[error("okta saw no credential: {0}")]
    NoSession(Box<Reply>),
    /// 403 `E0000006` and other refusals for lack of rights.
    #[error("not permitted: {0}")]
    NotPermitted(Box<Reply>),
    /// 403 with `WWW-Authenticate … error="insufficient_scope"`: an OAuth scope is missing.
    #[error("the OAuth scope {} is missing: {reply}", .scope.as_deref().unwrap_or("(not named)"))]
    MissingScope {
        /// The scope that Okta names.
        scope: Option<String>,
        /// The answer.
        reply: Box<Reply>,
    },
    /// 404 `E0000007` or `E0000048`: the object does not exist (any more).
    #[error("no such object: {0}")]
    NotFound(Box<Reply>),
    /// 404 without such a code: the path is unknown here. It says nothing about any object.
    #[error("unknown path: {0}")]
    UnknownPath(Box<Reply>),
    /// Okta kept answering 429, or the bucket opens only after our patience ends.
    #[error("rate limit of {bucket} exhausted{}, waited {} s: {target}",
            .reset.map(|at| format!(" until {at}")).unwrap_or_default(), .waited.as_secs())]
    RateLimited {
        /// The bucket that is empty.
        bucket: BucketName,
        /// Path and query of the request.
        target: String,
        /// When Okta says the bucket is full again, by Okta's clock.
        reset: Option<Timestamp>,
        /// How long this request has waited so far.
        waited: Duration,
        /// The last 429, if there was one.
        reply: Option<Box<Reply>>,
    },
    /// 400 on a page request: the cursor is unknown or too old; start the list again.
    #[error("okta does not accept the cursor: {0}")]
    BadCursor(Box<Reply>),
    /// 400: Okta found something wrong with the request.
    #[error("okta finds the request invalid: {0}")]
    Validation(Box<Reply>),
    /// 409: the object is not in a state that allows it, or it exists already.
    #[error("conflict: {0}")]
    Conflict(Box<Reply>),
    /// 503 `E0000010`: the org is in maintenance, reads work and writes do not.
    #[error("okta is in read-only mode: {0}")]
    ReadOnly(Box<Reply>),
    /// 405, 410, 501 and their codes: this org or object does not offer the operation.
    #[error("okta does not offer this operation: {0}")]
    Unsupported(Box<Reply>),
    /// Any other 4xx.
    #[error("okta rejected the request: {0}")]
    Rejected(Box<Reply>),
    /// 5xx, still after the attempts allowed.
    #[error("okta failed: {0}")]
    Server(Box<Reply>),
    /// 3xx: redirects are never followed, they would carry the token elsewhere.
    #[error("redirected to {}: {reply}", .host.as_deref().unwrap_or("(nowhere)"))]
    Redirected {
        /// Host of the `Location` header.
        host: Option<String>,
        /// The answer.
        reply: Box<Reply>,
    },

    /// No answer.
    #[error("{leg}: {method} {target}{}", colon(.detail))]
    Transport {
        /// Where it failed.
        leg: Leg,
        /// Method of the request.
        method: Method,
        /// Path and query of the request.
        target: String,
        /// What the network said, possibly empty.
        detail: String,
    },
    /// The answer is not JSON: mostly a mistyped domain, a proxy or a firewall.
    #[error("{} instead of JSON: {reply}", .content_type.as_deref().unwrap_or("a body without content type"))]
    NotJson {
        /// The content type that came.
        content_type: Option<String>,
        /// The answer.
        reply: Box<Reply>,
    },
    /// The answer is JSON of another shape than documented.
    #[error("unexpected answer to {target}: {detail}{}", .request_id.as_deref().map(|id| format!(" (request {id})")).unwrap_or_default())]
    Shape {
        /// Path and query of the request.
        target: String,
        /// Which field and what is wrong with it.
        detail: String,
        /// `X-Okta-Request-Id`.
        request_id: Option<String>,
    },
    /// The body is larger than allowed.
    #[error("the answer to {target} is larger than {limit} bytes")]
    TooLarge {
        /// Path and query of the request.
        target: String,
        /// The limit, in bytes after decompression.
        limit: usize,
    },

    /// A `next` link leads back to a page that this walk has read.
    #[error("the pages of {target} go in a circle")]
    PagingLoop {
        /// The page that came up twice.
        target: String,
    },
    /// Page after page without anything new, and always another `next`.
    #[error("{pages} pages without anything new, the last is {target}")]
    EndlessPages {
        /// The last page read.
        target: String,
        /// Pages without progress in a row.
        pages: usize,
    },
    /// A `next` link names another host than the org's. The token was not sent there.
    #[error("the next page of {target} is said to be on {host}")]
    ForeignNext {
        /// The page that carried the link.
        target: String,
        /// The host it names, or what makes the link unusable.
        host: String,
    },
    /// A stored cursor, or a path built from an id, is not a path below `/api/v1/`.
    #[error("not a path of the Okta API: {0}")]
    Path(String),

    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
}

fn colon(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(": {detail}") }
}

impl Error {
    /// Names the scopes asked for, where it is they that were refused.
    pub(crate) fn with_scopes(self, scopes: &[String]) -> Self {
        match self {
            Error::ServiceApp(reply)
                if matches!(reply.code.as_deref(), Some("consent_required" | "invalid_scope")) =>
            {
                Error::ScopesNotGranted { scopes: scopes.join(" "), reply }
            }
            other => other,
        }
    }

    /// Okta's answer, where there was one.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Error::InvalidToken(reply)
            | Error::ServiceApp(reply)
            | Error::ScopesNotGranted { reply, .. }
            | Error::FeatureOff(reply)
            | Error::NoSession(reply)
            | Error::NotPermitted(reply)
            | Error::MissingScope { reply, .. }
            | Error::NotFound(reply)
            | Error::UnknownPath(reply)
            | Error::BadCursor(reply)
            | Error::Validation(reply)
            | Error::Conflict(reply)
            | Error::ReadOnly(reply)
            | Error::Unsupported(reply)
            | Error::Rejected(reply)
            | Error::Server(reply)
            | Error::Redirected { reply, .. }
            | Error::NotJson { reply, .. } => Some(reply),
            Error::RateLimited { reply, .. } => reply.as_deref(),
            _ => None,
        }
    }

    /// HTTP status, where there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.reply().map(|reply| reply.status)
    }

    /// Okta's `errorCode`, where there was one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.reply()?.code.as_deref()
    }

    /// The credential itself is dead or missing: stop, nothing else will work.
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        matches!(
            self,
            Error::InvalidToken(_)
                | Error::NoSession(_)
                | Error::ServiceApp(_)
                | Error::ScopesNotGranted { .. }
        )
    }

    /// The credential lives but may not do this.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Error::NotPermitted(_) | Error::MissingScope { .. })
    }

    /// The object is positively gone. Nothing else counts as absence.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Error::NotFound(_))
    }

    /// The org or this path does not offer what was asked: go on without it.
    #[must_use]
    pub fn is_unavailable_here(&self) -> bool {
        matches!(self, Error::FeatureOff(_) | Error::UnknownPath(_) | Error::Unsupported(_))
    }

    /// Asking again later may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Error::RateLimited { .. } | Error::Server(_) | Error::ReadOnly(_) => true,
            Error::Transport { leg, .. } => {
                !matches!(leg, Leg::RefusedAddress | Leg::Tls | Leg::ProxyCredentials)
            }
            _ => false,
        }
    }

    /// A write may or may not have taken effect: re-read before doing it again. Always false for reads.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Error::Transport { leg, method, .. } => !leg.is_unsent() && !method.is_safe(),
            Error::Server(reply) | Error::NotJson { reply, .. } => !reply.method.is_safe(),
            _ => false,
        }
    }

    /// What to do about it, one sentence for a person.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Error::Domain(error) => error.hint(),
            Error::Token(_) => "create a token in Okta under Security > API > Tokens and give it whole",
            Error::Proxy(error) => error.hint(),
            Error::Setup(_) => "check the certificates of this machine and the extra CA file",
            Error::InvalidToken(_) => {
                "the token is wrong, was revoked, or lay idle for 30 days; or its owner was deactivated: create a new one"
            }
            Error::ServiceApp(reply) if reply.code.as_deref() == Some("invalid_client") => {
                "client id, key id and key must belong together in an app of the type API Services with public key authentication; check this machine's clock too"
            }
            Error::ServiceApp(_) => "the app must be an active one of the type API Services in this org",
            Error::ScopesNotGranted { .. } => {
                "grant them under the app's Okta API Scopes, or name those that are granted with --oauth-scopes"
            }
            Error::FeatureOff(_) => "ask Okta support to enable the feature, or go on without it",
            Error::NoSession(_) => "a proxy in between may strip the Authorization header",
            Error::NotPermitted(_) => {
                "give the token's owner, or the service app, an admin role that may do this; group admins never reach groups and users with admin roles"
            }
            Error::MissingScope { .. } => "grant the scope to the service app under Okta API Scopes",
            Error::NotFound(_) => "it was deleted or unassigned meanwhile, or the id belongs to another org",
            Error::UnknownPath(_) => "the org may lack this API, or the domain is not an Okta org",
            Error::RateLimited { .. } => {
                "other clients use up the org's rate limit: run later, lower their use, or raise the token's share"
            }
            Error::BadCursor(_) => "start the list from its first page",
            Error::Validation(_) => "the causes in the message name the field",
            Error::Conflict(_) => "read the object again and decide anew",
            Error::ReadOnly(_) => "wait until Okta's maintenance is over (status.okta.com)",
            Error::Unsupported(_) => "Okta does not allow this for objects of this type",
            Error::Rejected(_) => "see the message; the request id helps Okta's support",
            Error::Server(_) => "try later; if it stays, give the request id to Okta's support",
            Error::Redirected { .. } => {
                "the domain is probably not the org's own: use the host that the redirect names"
            }
            Error::Transport { leg, .. } => match leg {
                Leg::Dns => "check the spelling of the domain",
                Leg::RefusedAddress => {
                    "the domain leads into a private network; if that is meant, allow the network by its CIDR"
                }
                Leg::Proxy => {
                    "check the proxy's address, and that it lets this machine through to the domain"
                }
                Leg::ProxyCredentials => {
                    "give user:password in a file with --proxy-credentials-file; only basic authentication is spoken"
                }
                Leg::Connect => "check that this machine may reach the domain on its port",
                Leg::Tls => {
                    "if your company has a certificate authority of its own, or a proxy that opens TLS, name its CA with --ca-file; else go no further"
                }
                Leg::Timeout | Leg::Broken => "try later; check the network path to Okta",
            },
            Error::NotJson { .. } => {
                "this looks like a web page, not the API: check the domain, and any firewall or proxy on the way"
            }
            Error::Shape { .. } => {
                "Okta changed an answer, or something in between did: report it with the request id"
            }
            Error::TooLarge { .. } => "ask for smaller pages or raise the limit",
            Error::PagingLoop { .. } | Error::EndlessPages { .. } => {
                "Okta's paging is broken at this list: try later, give the request to Okta's support"
            }
            Error::ForeignNext { .. } => {
                "configure the host that Okta itself uses, or name the other one as a host of the same org"
            }
            Error::Path(_) => "the stored position is damaged: start over",
            Error::Cancelled => "run again to go on from the last page",
        }
    }
}
