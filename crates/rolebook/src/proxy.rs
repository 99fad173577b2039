//! The way out: `--proxy`, else `HTTPS_PROXY` and `NO_PROXY` as everybody reads them.

use rolebook_okta::{Domain, Proxy, ProxyError, Secret};

use crate::{
    arguments::ConnectionArguments,
    credential::{self, CREDENTIALS_HINT},
    failure::Failure,
};

/// The proxy to go through, if any.
pub(crate) fn proxy(arguments: &ConnectionArguments, domain: &Domain) -> Result<Option<Proxy>, Failure> {
    let failed = |error: ProxyError| Failure::usage(error.to_string(), error.hint());
    let proxy = match arguments.proxy.as_deref() {
        Some("none") => None,
        Some(url) => Some(Proxy::parse(url).map_err(failed)?),
        // Variables that serve a whole machine are not meant for what runs on the machine itself.
        None if domain.is_loopback() => None,
        None => match variable("HTTPS_PROXY") {
            Some(url) => {
                let except = variable("NO_PROXY").unwrap_or_default();
                let proxy = Proxy::from_variables(&Secret::new(url), &except);
                Some(proxy.map_err(|error| {
                    Failure::usage(format!("HTTPS_PROXY: {error}"), "unset it, or set --proxy")
                })?)
            }
            None => None,
        },
    };
    let Some(mut proxy) = proxy else { return Ok(None) };
    if let Some(path) = &arguments.proxy_credentials_file {
        let text = credential::secret_text(path, "proxy credentials", CREDENTIALS_HINT)?;
        proxy = proxy.with_credentials(&Secret::new(text)).map_err(failed)?;
    }
    tracing::debug!(%proxy, "going through a proxy");
    Ok(Some(proxy))
}

/// A variable in small letters, which counts first, or in capitals; an empty one is none.
#[expect(
    clippy::disallowed_methods,
    reason = "it may hold a password, which must not travel with all settings"
)]
fn variable(name: &str) -> Option<String> {
    [name.to_ascii_lowercase(), name.to_owned()]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
}
