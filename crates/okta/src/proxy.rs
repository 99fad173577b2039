//! A proxy on the way to Okta.
//!
//! Requests go through it by `CONNECT`, so it sees the org's host name and nothing of what is said. The rules for
//! names hold as ever; which addresses a name may lead to is the proxy's to judge, since it is the proxy that resolves
//! it. The proxy itself may be anywhere: it was named by whoever runs this.

use std::fmt;

use data_encoding::BASE64;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::secret::Secret;

/// A proxy, and what it wants to see.
#[derive(Clone)]
pub struct Proxy {
    url: Url,
    /// `user:password`.
    credentials: Option<Secret>,
    /// Hosts to reach without it, as `NO_PROXY` lists them.
    except: String,
}

/// Why a text names no proxy. Never carries any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Not a URL with a host.
    #[error("proxy: is not the URL of a proxy")]
    Url,
    /// Neither `http` nor `https`.
    #[error("proxy: has a scheme other than http and https")]
    Scheme,
    /// Credentials where they can be seen.
    #[error("proxy: must not hold user and password")]
    Credentials,
    /// Credentials that are none.
    #[error("proxy-credentials-file: is not one line user:password")]
    NoCredentials,
    /// The token would be seen on the way.
    #[error("proxy: the domain is plain http, so the proxy would see the token")]
    PlainHttp,
}

impl ProxyError {
    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Url | Self::Scheme => "give it as http://proxy.example.com:3128",
            Self::Credentials | Self::NoCredentials => {
                "put user:password into a file of its own and name that with --proxy-credentials-file"
            }
            Self::PlainHttp => "leave the proxy out: a domain over plain http is on this machine",
        }
    }
}

impl Proxy {
    /// Reads a URL such as `http://proxy.example.com:3128`; the scheme may be left out.
    ///
    /// # Errors
    /// [`ProxyError`], one per way to get it wrong.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let url = parse(text)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ProxyError::Credentials);
        }
        Ok(Self { url, credentials: None, except: String::new() })
    }

    /// Reads what the variable `HTTPS_PROXY` holds, user and password included, and `NO_PROXY`.
    ///
    /// # Errors
    /// As [`Proxy::parse`].
    pub fn from_variables(https_proxy: &Secret, no_proxy: &str) -> Result<Self, ProxyError> {
        let mut url = parse(https_proxy.reveal())?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let credentials = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let password = Zeroizing::new(decoded(url.password().unwrap_or_default()));
            Secret::new(format!("{}:{}", decoded(url.username()), password.as_str()))
        });
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| ProxyError::Url)?;
        Ok(Self { url, credentials, except: no_proxy.to_owned() })
    }

    /// Gives it `user:password` to show.
    ///
    /// # Errors
    /// [`ProxyError::NoCredentials`] when the text is not of that form.
    pub fn with_credentials(mut self, secret: &Secret) -> Result<Self, ProxyError> {
        let text = secret.reveal().trim_matches(['\r', '\n']);
        let fits = text.split_once(':').is_some_and(|(user, _)| !user.is_empty());
        if !fits || text.chars().any(char::is_control) {
            return Err(ProxyError::NoCredentials);
        }
        self.credentials = Some(Secret::from(text));
        Ok(self)
    }

    /// The host of the proxy itself.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The port of the proxy itself.
    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(80)
    }

    /// Whether what is said to the proxy itself is in the open.
    pub(crate) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// Whether a host is reached without it.
    pub(crate) fn passes_by(&self, host: &str) -> bool {
        self.except.split(',').map(str::trim).any(|entry| {
            let domain = entry.trim_start_matches('*').trim_start_matches('.');
            let below = host.strip_suffix(domain).is_some_and(|before| before.ends_with('.'));
            entry == "*" || !domain.is_empty() && (host == domain || below)
        })
    }

    /// What the proxy wants to see.
    pub(crate) fn authorization(&self) -> Option<Zeroizing<String>> {
        let credentials = self.credentials.as_ref()?;
        let encoded = Zeroizing::new(BASE64.encode(credentials.reveal().as_bytes()));
        Some(Zeroizing::new(format!("Basic {}", encoded.as_str())))
    }

    /// For the HTTP library: nothing but `https` goes through.
    pub(crate) fn build(&self) -> Result<reqwest::Proxy, Error> {
        let refused = || Error::Setup("the proxy cannot be used".to_owned());
        let mut proxy = reqwest::Proxy::https(self.url.clone()).map_err(|_| refused())?;
        if let Some(header) = self.authorization() {
            let mut header = HeaderValue::from_str(&header).map_err(|_| refused())?;
            header.set_sensitive(true);
            proxy = proxy.custom_http_auth(header);
        }
        Ok(proxy.no_proxy(reqwest::NoProxy::from_string(&self.except)))
    }
}

fn parse(text: &str) -> Result<Url, ProxyError> {
    let text = text.trim();
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    let url = url.map_err(|_| ProxyError::Url)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ProxyError::Scheme);
    }
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !bare || url.host_str().is_none_or(str::is_empty) {
        return Err(ProxyError::Url);
    }
    Ok(url)
}

impl fmt::Display for Proxy {
    /// Scheme, host and port.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self}{})", if self.credentials.is_some() { ", with credentials" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_proxies() {
        let rows: [(&str, Result<&str, ProxyError>); 14] = [
            ("http://proxy.corp:3128", Ok("http://proxy.corp:3128")),
            ("https://proxy.corp", Ok("https://proxy.corp")),
            (" http://10.0.0.1:8080/ \n", Ok("http://10.0.0.1:8080")),
            ("http://[fd00::1]:8080", Ok("http://[fd00::1]:8080")),
            ("proxy.corp:3128", Ok("http://proxy.corp:3128")),
            ("localhost:3128", Ok("http://localhost:3128")),
            ("", Err(ProxyError::Url)),
            ("http://", Err(ProxyError::Url)),
            ("http://proxy.corp/pac", Err(ProxyError::Url)),
            ("http://proxy.corp:99999", Err(ProxyError::Url)),
            ("socks5://proxy.corp:1080", Err(ProxyError::Scheme)),
            ("file:///etc/passwd", Err(ProxyError::Scheme)),
            ("http://ann:secret@proxy.corp:3128", Err(ProxyError::Credentials)),
            ("ann@proxy.corp:3128", Err(ProxyError::Credentials)),
        ];
        for (text, expected) in rows {
            let got = Proxy::parse(text).map(|proxy| proxy.to_string());
            assert_eq!(got.as_deref().map_err(|error| *error), expected, "{text}");
        }
    }

    #[test]
    fn credentials_come_from_the_variable_or_a_text_and_never_print() {
        let header = |proxy: &Proxy| proxy.credentials.as_ref().map(|secret| secret.reveal().to_owned());
        let variable = |text| Proxy::from_variables(&Secret::from(text), "").unwrap();
        let proxy = variable("http://ann:p%40ss%3Aword@proxy.corp:3128");
        assert_eq!(header(&proxy).as_deref(), Some("ann:p@ss:word"));
        assert_eq!(
            format!("{proxy} {proxy:?}"),
            "http://proxy.corp:3128 Proxy(http://proxy.corp:3128, with credentials)"
        );
        assert_eq!(header(&variable("proxy.corp:3128")), None);
        let read = |text| Proxy::parse("proxy.corp").unwrap().with_credentials(&Secret::from(text));
        assert_eq!(header(&read("ann:a b:c\n").unwrap()).as_deref(), Some("ann:a b:c"));
        for text in ["", "ann", ":word", "ann:a\nb", "ann:a\u{7f}"] {
            assert_eq!(read(text).unwrap_err(), ProxyError::NoCredentials, "{text:?}");
        }
        assert!(proxy.build().is_ok());
    }
}
