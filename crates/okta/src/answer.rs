//! An answer as it came, and what its status and body mean.

use http::{HeaderMap, HeaderName, Method, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::foreign_text::tame;
use crate::rate::{BucketName, server_date};
use crate::reply::{Leg, Reply};
use crate::target::Target;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-okta-request-id");

/// A complete answer with a 2xx status.
pub struct Answer {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl std::fmt::Debug for Answer {
    /// Neither headers nor body: both may hold what must not be printed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({} {} {}, {} bytes)", self.method, self.target, self.status, self.body.len())
    }
}

impl Answer {
    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// `X-Okta-Request-Id`.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        self.text_header(&REQUEST_ID)
    }

    /// The `Date` of the answer, by Okta's clock, cut to whole seconds.
    #[must_use]
    pub fn date(&self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_second(server_date(&self.headers)?).ok()
    }

    /// Whether there is no body, as after most writes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// [`Error::NotJson`] for another content type, [`Error::Shape`] for JSON of another shape, and a transport
    /// error when the text ends in the middle.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.check_json()?;
        serde_json::from_slice(&self.body).map_err(|error| self.malformed(&error))
    }

    /// Refuses what does not declare itself JSON, so that a sign-in page is called by its name.
    pub(crate) fn check_json(&self) -> Result<(), Error> {
        let declared = self.content_type();
        let is_json = match &declared {
            Some(content_type) => content_type.to_ascii_lowercase().contains("json"),
            None => matches!(self.body.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'[')),
        };
        if is_json {
            return Ok(());
        }
        if self.is_empty() {
            return Err(self.shape("the body is empty"));
        }
        Err(Error::NotJson { content_type: declared, reply: Box::new(self.reply()) })
    }

    /// What a JSON error means: an early end is a connection cut short, all else is Okta's doing.
    pub(crate) fn malformed(&self, error: &serde_json::Error) -> Error {
        if error.is_eof() && !self.is_empty() {
            return Error::Transport {
                leg: Leg::Broken,
                method: self.method.clone(),
                target: self.target.to_string(),
                detail: "the JSON ends in the middle".to_owned(),
            };
        }
        if self.is_empty() {
            return self.shape("the body is empty");
        }
        self.shape(&tame(&error.to_string()))
    }

    pub(crate) fn shape(&self, detail: &str) -> Error {
        Error::Shape {
            target: self.target.to_string(),
            detail: detail.to_owned(),
            request_id: self.request_id(),
        }
    }

    /// The error that this answer is; only for answers other than 2xx.
    pub(crate) fn refusal(&self, bucket: BucketName) -> Error {
        let reply = Box::new(self.reply());
        let status = self.status;
        if (300..400).contains(&status) {
            let host = self
                .text_header(&header::LOCATION)
                .and_then(|location| url::Url::parse(&location).ok())
                .and_then(|url| url.host_str().map(tame));
            return Error::Redirected { host, reply };
        }
        // A web page with a client error comes from something in front of Okta and says nothing about our request.
        if self.is_web_page() && (400..500).contains(&status) && status != 429 {
            return Error::NotJson { content_type: self.content_type(), reply };
        }
        let code = reply.code.as_deref();
        if self.target == Target::token() && matches!(status, 400 | 401 | 403) {
            return Error::ServiceApp(reply);
        }
        match (status, code) {
            (_, Some("E0000015")) => Error::FeatureOff(reply),
            (503, Some("E0000010")) => Error::ReadOnly(reply),
            (_, Some("E0000007" | "E0000048")) => Error::NotFound(reply),
            (_, Some("E0000060" | "E0000052" | "E0000022" | "E0000026" | "E0000215")) => {
                Error::Unsupported(reply)
            }
            (400, Some("E0000029" | "E0000054")) => Error::BadCursor(reply),
            // An outdated cursor comes back as a plain validation error too.
            (400, Some("E0000001")) if self.method == Method::GET && self.target.has("after") => {
                Error::BadCursor(reply)
            }
            (400, _) => Error::Validation(reply),
            (401, _) => Error::InvalidToken(reply),
            (403, Some("E0000005")) => Error::NoSession(reply),
            (403, _) => match self.missing_scope() {
                Some(scope) => Error::MissingScope { scope, reply },
                None => Error::NotPermitted(reply),
            },
            // Without Okta's word for it, a 404 is no evidence that an object is gone.
            (404, _) => Error::UnknownPath(reply),
            (405 | 410 | 501, _) => Error::Unsupported(reply),
            (409, _) => Error::Conflict(reply),
            (429, _) => Error::RateLimited {
                bucket,
                target: self.target.to_string(),
                reset: None,
                waited: std::time::Duration::ZERO,
                reply: Some(reply),
            },
            (408 | 500..=599, _) => Error::Server(reply),
            _ => Error::Rejected(reply),
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        let said: Said = if self.is_web_page() {
            Said::default()
        } else {
            serde_json::from_slice(&self.body).unwrap_or_default()
        };
        Reply {
            method: self.method.clone(),
            target: self.target.to_string(),
            status: self.status,
            code: said.code.as_ref().or(said.error.as_ref()).and_then(text).or_else(|| self.challenged()),
            summary: said.summary.as_ref().or(said.error_description.as_ref()).and_then(text),
            causes: said.causes(),
            error_id: said.id.as_ref().and_then(text),
            request_id: self.request_id(),
        }
    }

    fn is_web_page(&self) -> bool {
        self.content_type().is_some_and(|content_type| content_type.to_ascii_lowercase().contains("html"))
    }

    fn content_type(&self) -> Option<String> {
        self.text_header(&header::CONTENT_TYPE)
    }

    fn text_header(&self, name: &HeaderName) -> Option<String> {
        let value = self.headers.get(name)?;
        Some(tame(&String::from_utf8_lossy(value.as_bytes()))).filter(|text| !text.is_empty())
    }

    /// The `error` of an OAuth challenge, where the body says nothing.
    fn challenged(&self) -> Option<String> {
        let challenge = self.headers.get(header::WWW_AUTHENTICATE)?;
        let challenge = String::from_utf8_lossy(challenge.as_bytes()).into_owned();
        let (_, after) = challenge.split_once("error=\"")?;
        after.split('"').next().map(tame).filter(|error| !error.is_empty())
    }

    /// `Some` when OAuth refuses for want of a scope, with the scope if it is named.
    fn missing_scope(&self) -> Option<Option<String>> {
        self.headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .find(|value| value.contains("insufficient_scope"))
            .map(|value| {
                let (_, after) = value.split_once("scope=\"")?;
                after.split('"').next().map(tame)
            })
    }
}

/// Okta's error body. Nothing in it is relied on to have its type.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    #[serde(rename = "errorCode")]
    code: Option<serde_json::Value>,
    #[serde(rename = "errorSummary")]
    summary: Option<serde_json::Value>,
    #[serde(rename = "errorId")]
    id: Option<serde_json::Value>,
    #[serde(rename = "errorCauses")]
    causes: Option<serde_json::Value>,
    /// OAuth's way to say it.
    error: Option<serde_json::Value>,
    error_description: Option<serde_json::Value>,
}

/// Causes kept of an error.
const MOST_CAUSES: usize = 5;

impl Said {
    /// A list by the documentation, but one example shows a single object.
    fn causes(&self) -> Vec<String> {
        let causes = match &self.causes {
            Some(serde_json::Value::Array(causes)) => causes.as_slice(),
            Some(cause) => std::slice::from_ref(cause),
            None => &[],
        };
        causes.iter().take(MOST_CAUSES).filter_map(|cause| text(cause.get("errorSummary")?)).collect()
    }
}

fn text(value: &serde_json::Value) -> Option<String> {
    value.as_str().map(tame).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
