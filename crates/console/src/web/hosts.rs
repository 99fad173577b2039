//! Which names this console goes by: requests are answered under these alone, and changes are taken from pages of these
//! alone.
//!
//! Another site can make a name of its own lead to this machine (DNS rebinding); its pages would then be of the same
//! origin as ours. A name of this machine, and the host of the base URL, cannot be taken like that.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header, uri::Authority},
    middleware::Next,
    response::Response,
};
use url::Url;

use crate::{
    console::{Console, Front},
    problem::Problem,
    run::clean,
    web::page,
};

/// Who looks whether the console is well asks by address; that it is alive may be known under any name.
const PROBES: [&str; 2] = ["/ready", "/metrics"];

/// Answers only what was sent to one of our names.
pub(super) async fn ours_only(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let named = host(request.headers());
    let path = request.uri().path();
    let probe = path == "/live" || (PROBES.contains(&path) && address(&named).is_some());
    if probe || ours(&console, &named) {
        return next.run(request).await;
    }
    let problem = Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "other-host",
        "this console does not go by that name",
        format!("the request was sent to {:?}, the console is {}", clean(&named), console.config.base_url),
        "open that address; when people are to reach it under another one, start it with --base-url",
    );
    page::problem(&console, None, &request, problem)
}

/// Whether a change was asked for by a page of another origin than the one it was sent to.
pub(super) fn foreign(console: &Console, headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok())
        && !matches!(site, "same-origin" | "none")
    {
        return true;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let Ok(origin) = origin.to_str() else { return true };
    // It was sent to one of our names: that was looked at before.
    let same = origin.split_once("://").is_some_and(|(scheme, named)| {
        named == host(headers) && (scheme == "https" || (scheme == "http" && !console.config.secure()))
    });
    !same && origin != console.config.base_url
}

fn host(headers: &HeaderMap) -> String {
    let named = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    named.unwrap_or_default().to_owned()
}

/// Whether a host, with or without its port, is the console's.
fn ours(console: &Console, named: &str) -> bool {
    // Under another name its certificate is none, and no browser comes this far.
    if matches!(console.config.front, Front::Tls(_)) {
        return true;
    }
    let base = Url::parse(&console.config.base_url).ok();
    let base = base.as_ref().and_then(Url::host_str);
    let Ok(authority) = named.parse::<Authority>() else { return false };
    let name = authority.host().trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost")
        || address(named).is_some_and(|ip| ip.is_loopback())
        || base.is_some_and(|base| base.eq_ignore_ascii_case(name))
}

/// A host that is an address and no name.
fn address(named: &str) -> Option<IpAddr> {
    let authority = named.parse::<Authority>().ok()?;
    authority.host().trim_start_matches('[').trim_end_matches(']').parse().ok()
}
