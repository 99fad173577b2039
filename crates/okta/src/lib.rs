//! Okta Management API client: addresses, credential, transport, rate governor, paging, typed errors and the reads
//! that a federation connector needs. It knows Okta and nothing of what its objects are used for.
//!
//! A [`Client`] belongs to one org. Calls on it wait for their turn in the [`Governor`], are repeated where that
//! is safe, and end in an answer or in one [`Error`] that says what a caller can do about it. Lists come as
//! [`Pager`]s whose place is a [`Cursor`] that can be stored.

mod address;
mod answer;
mod certificate;
mod client;
mod credential;
mod domain;
mod endpoints;
mod error;
mod foreign_text;
#[cfg(fuzzing)]
pub mod fuzzing;
mod link;
mod log;
mod look;
mod oauth;
mod pager;
mod proxy;
mod rate;
mod reply;
mod retry;
mod secret;
pub mod shapes;
mod target;
mod transport;

pub use address::{AddressRules, Lookup, LookupFn, system_lookup};
pub use answer::Answer;
pub use client::{Client, ClientConfig};
pub use credential::Credential;
pub use domain::{Domain, DomainError, Notice};
pub use endpoints::GroupQuery;
pub use error::Error;
pub use foreign_text::is_steering;
pub use http::Method;
pub use log::{LogPage, LogWalk};
pub use look::Look;
pub use oauth::{ClockFn, KeyError, PrivateKey, READ_SCOPES, ServiceApp, ServiceAppError};
pub use pager::{Page, Pager, Skipped};
pub use proxy::{Proxy, ProxyError};
pub use rate::{BucketName, BucketStats, Governor, GovernorConfig, OnWait, Waiting};
pub use reply::{Leg, Reply};
pub use retry::RetryPolicy;
pub use secret::{ApiToken, Secret, TokenError};
pub use target::Cursor;
pub use tokio_util::sync::CancellationToken;
pub use transport::{Request, install_crypto_provider};
