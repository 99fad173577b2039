//! The org's address, as people paste it.
//!
//! What ends up in [`Domain`] is an origin and nothing else, so whatever is later appended is a path on that
//! host. The rules for what is refused guard against a token sent to the wrong place: plain `http`, an address
//! inside the network this runs in, a pasted page instead of the host.

use std::fmt;

use url::{Host, Url};

/// Domains of Okta itself, under which an org is one label.
const OKTA_DOMAINS: [&str; 5] = ["okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil"];

/// Suffixes that only resolve inside somebody's network.
const INTERNAL_SUFFIXES: [&str; 5] = ["local", "internal", "localdomain", "home.arpa", "localhost"];

/// Something worth telling about how a pasted domain was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Only the org's name was given.
    CompletedOrgName {
        /// What was given.
        given: String,
        /// The host used.
        host: String,
    },
    /// The host of the admin console was given; the API belongs to the org's plain host.
    StrippedAdmin {
        /// What was given.
        given: String,
        /// The host used.
        host: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::CompletedOrgName { given, host } => write!(f, "domain: {given} is taken as {host}"),
            Notice::StrippedAdmin { given, host } => {
                write!(f, "domain: {given} is the admin console, {host} is used")
            }
        }
    }
}

/// Why a text cannot be the address of an Okta org. The text itself is not repeated where it could hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// Nothing but blanks.
    #[error("domain: is empty")]
    Empty,
    /// Plain `http`.
    #[error("domain: must be https, not http")]
    Http,
    /// Neither `https` nor none.
    #[error("domain: has a scheme other than https")]
    Scheme,
    /// `https://https://…`
    #[error("domain: has its scheme twice")]
    DoubledScheme,
    /// More than a host.
    #[error("domain: must not have a path")]
    Path,
    /// `?…`
    #[error("domain: must not have a query")]
    Query,
    /// `#…`
    #[error("domain: must not have a fragment")]
    Fragment,
    /// `user@`
    #[error("domain: must not have user info")]
    UserInfo,
    /// A port that is none.
    #[error("domain: the port must be a number from 1 to 65535")]
    Port,
    /// An address in any spelling.
    #[error("domain: must be a host name, not an address")]
    AddressLiteral,
    /// `localhost`, `.local`, `.internal` and the like.
    #[error("domain: {0} is a name inside a private network")]
    Internal(String),
    /// Not a host name.
    #[error("domain: is not a host name")]
    Host,
    /// Okta's own domain without the org.
    #[error("domain: {0} names no org")]
    NoOrg(String),
}

impl DomainError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            DomainError::Host => {
                "give the host of your org, such as acme.okta.com; names with other letters in their xn-- form"
            }
            DomainError::Http => {
                "give the host alone or with https://; the token must not travel unencrypted"
            }
            DomainError::AddressLiteral | DomainError::Internal(_) => {
                "give the public host of your org, such as acme.okta.com"
            }
            _ => "give only the host of your org, such as acme.okta.com",
        }
    }
}

/// The address of one org: scheme, host and port, checked and normalised.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Domain {
    secure: bool,
    /// Lower case, without trailing dot; IPv6 in brackets.
    host: String,
    /// Absent when it is the scheme's own.
    port: Option<u16>,
}

impl Domain {
    /// Reads what a person pasted: a host, an `https://` URL of the root, with or without port, trailing slash
    /// and blanks around, or the bare org name (`acme` becomes `acme.okta.com`). `acme-admin.okta.com` becomes
    /// `acme.okta.com`. Custom domains are taken as they are.
    ///
    /// `allow_loopback` admits `localhost`, `127.x.x.x` and `[::1]`, and plain `http` on those only.
    ///
    /// # Errors
    /// One [`DomainError`] per way to get it wrong; each text starts with `domain:`.
    pub fn parse(text: &str, allow_loopback: bool) -> Result<(Self, Option<Notice>), DomainError> {
        let given = text.trim();
        if given.is_empty() {
            return Err(DomainError::Empty);
        }
        let (secure, rest) = split_scheme(given)?;
        let authority = split_authority(rest)?;
        let (given_host, port) = split_port(authority)?;
        let given_host = given_host.strip_suffix('.').unwrap_or(given_host).to_ascii_lowercase();

        if is_loopback(&given_host) && allow_loopback {
            return Ok((Self::assemble(secure, given_host, port), None));
        }
        if !secure {
            return Err(DomainError::Http);
        }
        check_host(&given_host)?;
        let (host, notice) = complete(given_host)?;
        Ok((Self::assemble(true, host, port), notice))
    }

    fn assemble(secure: bool, host: String, port: Option<u16>) -> Self {
        let default = if secure { 443 } else { 80 };
        Self { secure, host, port: port.filter(|port| *port != default) }
    }

    /// The host, lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, 443 or 80 unless it was named.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.secure { 443 } else { 80 })
    }

    /// Whether TLS is spoken; false only on loopback.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether it is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Whether the host lies under one of Okta's own domains (else it is a custom domain, or loopback).
    #[must_use]
    pub fn is_okta_owned(&self) -> bool {
        split_okta(&self.host).is_some()
    }

    /// Scheme, host and port, without trailing slash.
    #[must_use]
    pub fn origin(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        match self.port {
            Some(port) => format!("{scheme}://{}:{port}", self.host),
            None => format!("{scheme}://{}", self.host),
        }
    }

    /// Whether `host` is this org in another spelling: the same host, or its admin console. Ports and schemes
    /// do not matter, as nothing is ever sent to the spelling found in a link.
    #[must_use]
    pub fn is_spelled(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        host == self.host
            || split_okta(&self.host).is_some_and(|(org, domain)| host == format!("{org}-admin.{domain}"))
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Domain({})", self.origin())
    }
}

/// Splits `https://` off; true means TLS.
fn split_scheme(text: &str) -> Result<(bool, &str), DomainError> {
    let Some((scheme, rest)) = text.split_once("://") else { return Ok((true, text)) };
    // `acme.okta.com/?to=https://x` has its "://" in the query: not a scheme.
    if !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')) {
        return Ok((true, text));
    }
    let secure = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return Err(DomainError::Scheme),
    };
    let doubled = rest.to_ascii_lowercase();
    if ["http:", "https:", "http//", "https//"].iter().any(|start| doubled.starts_with(start)) {
        return Err(DomainError::DoubledScheme);
    }
    Ok((secure, rest))
}

/// Keeps the host and port, and refuses whatever else a URL can have.
fn split_authority(rest: &str) -> Result<&str, DomainError> {
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if authority.contains('@') {
        return Err(DomainError::UserInfo);
    }
    let tail = tail.strip_prefix('/').unwrap_or(tail);
    match tail.chars().next() {
        None => Ok(authority),
        Some('?') => Err(DomainError::Query),
        Some('#') => Err(DomainError::Fragment),
        Some(_) => Err(DomainError::Path),
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), DomainError> {
    let colon = match authority.rfind(']') {
        Some(bracket) => authority.get(bracket..).and_then(|tail| tail.find(':')).map(|at| bracket + at),
        // Two colons without brackets: a bare IPv6 address.
        None if authority.matches(':').count() > 1 => return Err(DomainError::AddressLiteral),
        None => authority.find(':'),
    };
    let Some((host, port)) = colon.and_then(|at| Some((authority.get(..at)?, authority.get(at + 1..)?)))
    else {
        return Ok((authority, None));
    };
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DomainError::Port);
    }
    match port.parse() {
        Ok(port) if port > 0 => Ok((host, Some(port))),
        _ => Err(DomainError::Port),
    }
}

/// Only the plain spellings count; `127.1` or `0x7f000001` are refused as addresses further on.
fn is_loopback(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.is_loopback()),
        None => {
            host == "localhost"
                || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

fn check_host(host: &str) -> Result<(), DomainError> {
    if host.starts_with('[') {
        return Err(DomainError::AddressLiteral);
    }
    let well_formed = !host.is_empty()
        && host.len() <= 253
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
    if !well_formed {
        return Err(DomainError::Host);
    }
    // The URL standard reads decimal, octal and hexadecimal spellings as IPv4; so does whoever connects.
    match Host::parse(host) {
        Ok(Host::Domain(_)) => {}
        Ok(_) => return Err(DomainError::AddressLiteral),
        Err(_) => return Err(DomainError::Host),
    }
    let ends_in = |suffix: &str| {
        host.strip_suffix(suffix).is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    if INTERNAL_SUFFIXES.into_iter().any(ends_in) {
        return Err(DomainError::Internal(host.to_owned()));
    }
    Ok(())
}

/// `acme` → `acme.okta.com`, `acme-admin.okta.com` → `acme.okta.com`.
fn complete(given: String) -> Result<(String, Option<Notice>), DomainError> {
    if OKTA_DOMAINS.contains(&given.as_str())
        || OKTA_DOMAINS.iter().any(|domain| given == format!("www.{domain}"))
    {
        return Err(DomainError::NoOrg(given));
    }
    let host = if given.contains('.') { given.clone() } else { format!("{given}.okta.com") };
    let plain = split_okta(&host)
        .filter(|(label, _)| label.ends_with("-admin"))
        .map(|(label, domain)| format!("{}.{domain}", label.trim_end_matches("-admin")));
    match plain {
        Some(plain) => Ok((plain.clone(), Some(Notice::StrippedAdmin { given, host: plain }))),
        None if host == given => Ok((host, None)),
        None => Ok((host.clone(), Some(Notice::CompletedOrgName { given, host }))),
    }
}

/// `acme.okta.com` → (`acme`, `okta.com`); nothing for other domains and for deeper names.
fn split_okta(host: &str) -> Option<(&str, &'static str)> {
    OKTA_DOMAINS.iter().find_map(|domain| {
        let label = host.strip_suffix(domain)?.strip_suffix('.')?;
        (!label.is_empty() && !label.contains('.')).then_some((label, *domain))
    })
}

/// The host of a link, if it is an absolute http(s) URL without user info.
pub(crate) fn host_of(link: &Url) -> Option<&str> {
    let plain =
        matches!(link.scheme(), "http" | "https") && link.username().is_empty() && link.password().is_none();
    link.host_str().filter(|_| plain)
}

#[cfg(test)]
mod tests;
