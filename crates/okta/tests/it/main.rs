//! The client against a server that misbehaves to the letter, and against the fake Okta.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod addresses;
mod faults;
mod governed;
mod lists;
mod log;
mod matrix;
mod oauth;
mod pages;
mod proxied;
mod refusals;
mod retries;
mod scripted;
mod secrecy;

use std::time::Duration;

use rolebook_okta::{ApiToken, Client, ClientConfig, Domain, Governor, GovernorConfig, Secret};

/// The credential in every test. It must never be seen outside the Authorization header.
const TOKEN: &str = "00canaryCANARYcanary_token-0123456789abcdef";

/// A configuration for a server on loopback that loses no time: tiny backoffs and no margins.
fn quick(url: &str, token: &str) -> ClientConfig {
    rolebook_okta::install_crypto_provider();
    let (domain, _) = Domain::parse(url, true).unwrap();
    let mut config = ClientConfig::new(domain, ApiToken::new(&Secret::from(token)).unwrap());
    config.addresses.allow_loopback = true;
    config.retry.base = Duration::from_millis(2);
    config.retry.ceiling = Duration::from_millis(20);
    config.governor = governor(|_| {});
    config
}

fn governor(change: impl FnOnce(&mut GovernorConfig)) -> Governor {
    let mut config = GovernorConfig::default();
    config.rate_budget = 100;
    config.jitter = Duration::ZERO;
    config.margin = Duration::from_millis(10);
    change(&mut config);
    Governor::new(config)
}

fn client(url: &str) -> Client {
    Client::new(quick(url, TOKEN)).unwrap()
}
