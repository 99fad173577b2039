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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn follow(from: &str, link: &str) -> Result<String, Error> {
        let domain = Domain::parse("acme.okta.com", false).unwrap().0;
        let aliases = ["login.acme.example".to_owned()];
        Target::parse(from).unwrap().follow(link, &domain, &aliases).map(|target| target.as_str().to_owned())
    }

    #[test]
    fn ids_cannot_leave_their_place() {
        assert_eq!(
            Target::of(&["users", "a/b?c=d#e@acme.test"]).unwrap().as_str(),
            "/api/v1/users/a%2Fb%3Fc%3Dd%23e%40acme.test"
        );
        for id in ["..", ".", "", "%2e%2e"] {
            let built = Target::of(&["apps", id, "users"]).map(|target| target.as_str().to_owned());
            match id {
                "%2e%2e" => assert_eq!(built.unwrap(), "/api/v1/apps/%252e%252e/users"),
                _ => assert!(matches!(built, Err(Error::Path(_))), "{id}"),
            }
        }
    }

    #[test]
    fn p6_next_is_followed_to_the_letter() {
        let rows = [
            "/api/v1/groups?after=a%2Bb%3D%3D&limit=200&filter=type+eq+%22X%22",
            "/api/v1/groups?limit=200&after=%C3%A9=,;:'!()*~&&x",
            "/api/v1/apps/0oa1/users?after=https%3A%2F%2Fx&expand=user",
        ];
        for path in rows {
            assert_eq!(follow("/api/v1/groups", &format!("https://acme.okta.com{path}")).unwrap(), path);
            assert_eq!(follow("/api/v1/groups", path).unwrap(), path);
        }
    }

    #[test]
    fn the_origin_is_always_ours() {
        for origin in [
            "https://acme-admin.okta.com",
            "http://acme.okta.com",
            "https://ACME.okta.com:8443",
            "https://login.acme.example",
        ] {
            assert_eq!(
                follow("/api/v1/groups", &format!("{origin}/api/v1/groups?after=1")).unwrap(),
                "/api/v1/groups?after=1"
            );
        }
        for (link, said) in [
            ("https://evil.example/api/v1/groups", "evil.example"),
            ("//evil.example/api/v1/groups", "//evil.example/api/v1/groups"),
            ("https://acme.okta.com.evil.example/api/v1/groups", "acme.okta.com.evil.example"),
            (
                "https://acme.okta.com@evil.example/api/v1/groups",
                "https://acme.okta.com@evil.example/api/v1/groups",
            ),
            (
                "https://evil.example\\@acme.okta.com/api/v1/groups",
                "https://evil.example\\@acme.okta.com/api/v1/groups",
            ),
            ("ftp://acme.okta.com/api/v1/groups", "ftp://acme.okta.com/api/v1/groups"),
            ("not a link", "not a link"),
        ] {
            match follow("/api/v1/groups", link) {
                Err(Error::ForeignNext { host, .. }) => assert_eq!(host, said),
                other => panic!("{link}: {other:?}"),
            }
        }
        for link in [
            "https://acme.okta.com/oauth2/v1/token",
            "https://acme.okta.com/api/v1/../../login",
            "https://acme.okta.com/api/v1/%2e%2e/x",
            "https://acme.okta.com",
            "/api/v2/groups",
        ] {
            assert!(matches!(follow("/api/v1/groups", link), Err(Error::Path(_))), "{link}");
        }
    }

    #[test]
    fn a_lost_expand_is_put_back_and_nothing_else() {
        let from = "/api/v1/apps/0oa1/users?limit=500&expand=user";
        assert_eq!(
            follow(from, "/api/v1/apps/0oa1/users?after=x").unwrap(),
            "/api/v1/apps/0oa1/users?after=x&expand=user"
        );
        assert_eq!(
            follow(from, "/api/v1/apps/0oa1/users?expand=user&after=x").unwrap(),
            "/api/v1/apps/0oa1/users?expand=user&after=x"
        );
        assert_eq!(
            follow("/api/v1/groups?limit=5", "/api/v1/groups?after=x").unwrap(),
            "/api/v1/groups?after=x"
        );
    }

    #[test]
    fn the_limit_changes_in_place() {
        for (from, to) in [
            ("/api/v1/groups?after=a&limit=200&q=limit%3D1", "/api/v1/groups?after=a&limit=100&q=limit%3D1"),
            ("/api/v1/groups?after=a", "/api/v1/groups?after=a&limit=100"),
            ("/api/v1/groups", "/api/v1/groups?limit=100"),
        ] {
            let target = Target::parse(from).unwrap();
            assert_eq!(target.with_limit(100).as_str(), to);
            assert_eq!(target.with_limit(100).limit(), Some(100));
        }
    }

    #[test]
    fn cursors_are_checked_on_their_way_back() {
        let cursor = Cursor::parse("/api/v1/groups?after=x").unwrap();
        let json = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        for text in [
            "",
            "/",
            "https://evil.example/api/v1/x",
            "/api/v1/../x",
            "/api/v1/a b",
            "/api/v1/a\nb",
            "/api/v1/a#b",
        ] {
            assert!(Cursor::parse(text).is_err(), "{text:?}");
            assert!(serde_json::from_str::<Cursor>(&serde_json::to_string(text).unwrap()).is_err());
        }
    }

    proptest! {
        /// Whatever a link says, what is followed stays below our root on our host.
        #[test]
        fn nothing_leads_elsewhere(link in "(https?:)?//?[a-z@:.\\\\/]{0,12}(acme.okta.com)?[a-z0-9%./?&=@:\\\\#-]{0,40}") {
            if let Ok(target) = follow("/api/v1/groups", &link) {
                let url = Url::parse(&format!("https://acme.okta.com{target}")).unwrap();
                prop_assert_eq!(url.host_str(), Some("acme.okta.com"));
                prop_assert!(url.path().starts_with("/api/v1/"));
            }
        }
    }
}
