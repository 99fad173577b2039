//! Where a sign-in comes from: an address, or a browser that has signed in to the account before.

use std::net::{IpAddr, SocketAddr};

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use super::gate::cookie_of;
use crate::{
    console::{Console, Front},
    fresh,
    throttle::Source,
    tls::Peer,
};

/// What the vault seals a device's cookie for.
const PLACE: &str = "device";
/// A year, in seconds.
const REMEMBERED: u32 = 365 * 24 * 60 * 60;

/// The caller's address. Behind a proxy it is the last one in `X-Forwarded-For`, which the proxy itself has appended;
/// what stands before it is the caller's own claim.
pub(crate) fn address(console: &Console, Peer(peer): Peer, headers: &HeaderMap) -> IpAddr {
    if console.config.front != Front::Proxy {
        return peer.ip();
    }
    let last = headers.get_all("x-forwarded-for").iter().next_back();
    let last = last.and_then(|value| value.to_str().ok()).and_then(|line| line.rsplit(',').next());
    let parsed = last.map(str::trim).and_then(|text| {
        text.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
    });
    parsed.unwrap_or_else(|| peer.ip())
}

/// Where guesses at this account's password come from.
pub(crate) fn source(console: &Console, email: &str, peer: Peer, headers: &HeaderMap) -> Source {
    if let Some(cookie) = cookie_of(headers, name(console))
        && console.vault.open_sealed(PLACE, &cookie).is_ok_and(|of| *of == account(email))
    {
        return Source::Browser(fresh::hash(&cookie));
    }
    Source::Peer(address(console, peer, headers))
}

/// Lets the browser show later that this account has signed in with it. The cookie opens nothing by itself.
pub(crate) fn remember(console: &Console, email: &str, response: &mut Response) {
    let Ok(sealed) = console.vault.seal(PLACE, &account(email)) else { return };
    let secure = if console.config.secure() { "; Secure" } else { "" };
    let text =
        format!("{}={sealed}; Path=/; HttpOnly; SameSite=Lax; Max-Age={REMEMBERED}{secure}", name(console));
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn account(email: &str) -> String {
    fresh::hash(&email.trim().to_lowercase())
}

fn name(console: &Console) -> &'static str {
    if console.config.secure() { "__Host-rolebook-device" } else { "rolebook-device" }
}
