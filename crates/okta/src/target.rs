//! What is asked of the org: a path below `/api/v1/` with its query, and the cursor, which is the same thing kept.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::domain::{Domain, host_of};
use crate::error::Error;
use crate::foreign_text::tame;

/// Everything but RFC 3986's unreserved characters.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where the API begins.
const ROOT: &str = "/api/v1/";

/// A path and query below `/api/v1/`, in the very characters that go over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Target(String);

impl Target {
    /// Takes a path and query as they are.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let refuse = || Error::Path(tame(text));
        let clean = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
        if !clean || !text.starts_with(ROOT) {
            return Err(refuse());
        }
        // Dot segments in any encoding would lead elsewhere: the path must survive the URL parser unchanged.
        let path = text.split('?').next().unwrap_or_default();
        let url = Url::parse("https://org.invalid").and_then(|base| base.join(text)).map_err(|_| refuse())?;
        if url.path() != path || url.host_str() != Some("org.invalid") {
            return Err(refuse());
        }
        Ok(Self(text.to_owned()))
    }

    /// The token endpoint of the org, the one path outside the API that is ever asked.
    pub(crate) fn token() -> Self {
        Self("/oauth2/v1/token".to_owned())
    }

    /// Builds a path from segments, each encoded, so that an id cannot leave its place.
    pub(crate) fn of(segments: &[&str]) -> Result<Self, Error> {
        let path: Vec<String> =
            segments.iter().map(|segment| utf8_percent_encode(segment, &UNRESERVED).to_string()).collect();
        if path.iter().any(String::is_empty) {
            return Err(Error::Path(tame(&segments.join("/"))));
        }
        Self::parse(&format!("{ROOT}{}", path.join("/")))
    }

    /// Appends a query parameter, encoded.
    #[must_use]
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        let value = utf8_percent_encode(value, &UNRESERVED).to_string();
        self.with_raw(&format!("{name}={value}"))
    }

    /// Appends a query pair as it is.
    #[must_use]
    fn with_raw(mut self, pair: &str) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(pair);
        self
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The pair `name=…` of the query as written, if any.
    fn pair(&self, name: &str) -> Option<&str> {
        let (_, query) = self.0.split_once('?')?;
        query.split('&').find(|pair| pair.split('=').next() == Some(name))
    }

    /// Whether the query has the parameter.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.pair(name).is_some()
    }

    /// The `limit` of the query.
    pub(crate) fn limit(&self) -> Option<u32> {
        self.pair("limit")?.split_once('=')?.1.parse().ok()
    }

    /// The same page with another `limit`; nothing else is touched.
    #[must_use]
    pub(crate) fn with_limit(&self, limit: u32) -> Self {
        let Some((path, query)) = self.0.split_once('?') else {
            return self.clone().with_raw(&format!("limit={limit}"));
        };
        if !self.has("limit") {
            return self.clone().with_raw(&format!("limit={limit}"));
        }
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| match pair.split('=').next() {
                Some("limit") => format!("limit={limit}"),
                _ => pair.to_owned(),
            })
            .collect();
        Self(format!("{path}?{}", pairs.join("&")))
    }

    /// Reads a `next` link found on this page. It is followed to the letter, with two repairs that Okta's own
    /// notes call for: the origin becomes the configured one (a link may name the admin console, or `http`
    /// behind a proxy), and an `expand` that Okta lost on the way is put back (its releases before 2026.08.1 did so).
    pub(crate) fn follow(&self, link: &str, domain: &Domain, other_hosts: &[String]) -> Result<Self, Error> {
        let foreign = |host: &str| Error::ForeignNext { target: self.0.clone(), host: tame(host) };
        // The URL standard reads a backslash as a slash, and skips blanks; no honest link has them.
        if !link.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err(foreign(link));
        }
        let path = if link.starts_with('/') && !link.starts_with("//") {
            link
        } else {
            let url = Url::parse(link).map_err(|_| foreign(link))?;
            let host = host_of(&url).ok_or_else(|| foreign(link))?;
            if !domain.is_spelled(host) && !other_hosts.iter().any(|other| other.eq_ignore_ascii_case(host)) {
                return Err(foreign(host));
            }
            let after_scheme = link.split_once("://").map_or(link, |(_, rest)| rest);
            after_scheme.find('/').and_then(|slash| after_scheme.get(slash..)).unwrap_or_default()
        };
        let path = path.split('#').next().unwrap_or_default();
        let next = Self::parse(path)?;
        Ok(match self.pair("expand") {
            Some(expand) if !next.has("expand") => next.with_raw(expand),
            _ => next,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place in a list: the page to read next. Opaque, but a text that can be stored and given back later.
///
/// Okta does not say how long a cursor lives; an outdated one ends in [`Error::BadCursor`], and the list has to be
/// started again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cursor(Target);

impl Cursor {
    /// Takes a stored cursor back.
    ///
    /// # Errors
    /// [`Error::Path`] when it is not a path below `/api/v1/`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Target::parse(text).map(Self)
    }

    /// The text to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn target(&self) -> &Target {
        &self.0
    }
}

impl From<Target> for Cursor {
    fn from(target: Target) -> Self {
        Self(target)
    }
}

impl TryFrom<String> for Cursor {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.0.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
