//! How the fake is to behave.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::fault::Fault;
use crate::oauth::ServiceApp;
use crate::rate::RateLimits;
use crate::token::Token;

/// What happens to a `limit` above the maximum. Okta does not say; clients that ask too much are served, so clamping
/// is the likely one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverMax {
    /// The maximum is used.
    Clamp,
    /// 400 E0000001.
    Reject,
}

/// How the fake is to behave. All fields have a default; [`FakeOkta::configure`](crate::FakeOkta::configure) changes
/// them while the server runs (those marked "at start" are read once).
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of token values, error ids and request ids (at start). Default 1.
    pub seed: u64,
    /// Where to listen (at start). Default `127.0.0.1:0`, a free port.
    pub listen: SocketAddr,
    /// Serve HTTPS with a certificate made at start (at start). Default false.
    pub tls: bool,
    /// Names that the certificate holds beside `localhost` and the loopback addresses, for clients that come by another
    /// name through a proxy (at start). Default none.
    pub host_names: Vec<String>,
    /// What the fake's clock says at start (at start). Default 2026-09-01T08:00:00Z, the same for every run; a
    /// program that serves people passes the real time.
    pub start_time: Timestamp,
    /// The clock stands still and moves only by [`FakeOkta::advance`](crate::FakeOkta::advance) (at start). Default
    /// false.
    pub frozen_clock: bool,
    /// Rate buckets. Default [`RateLimits::WORKFORCE`].
    pub rate_limits: RateLimits,
    /// Length of a rate window. Default 60 s.
    pub rate_window: Duration,
    /// Percent of a bucket that one token may use; Okta's default is 50. Default 100, so that the header shows the
    /// bucket.
    pub token_share: u32,
    /// Requests served at the same time; one more gets a 429 with limit 0. Default 75.
    pub concurrency: usize,
    /// Time that every answer takes. Default zero.
    pub latency: Duration,
    /// How long changes of memberships and app groups take to show on app users, by the fake's clock. What is assigned
    /// individually shows at once. Okta needs seconds; default zero. Meant for small orgs: each change keeps a copy.
    pub fan_out_lag: Duration,
    /// Default and maximum page of `GET /groups`: 10,000, or 200 as on most orgs in 2022. Default 10,000.
    pub groups_max: usize,
    /// No page of any list holds more than this, whatever is asked: Okta may give shorter pages than `limit` says, and a
    /// small org then has many. Default none.
    pub largest_page: Option<usize>,
    /// What happens to a limit above the maximum. Default [`OverMax::Clamp`].
    pub over_max: OverMax,
    /// `next` of `/apps/{id}/users` forgets `expand`, as Okta did before 2026.08.1. Default false.
    pub next_loses_expand: bool,
    /// Origin of `next` links instead of the fake's own, such as `https://acme.okta.test`. Default none.
    pub next_origin: Option<String>,
    /// `expand=group-rules` on members is honoured, as Okta does since 2026.06.0; before, it was ignored. Default true.
    pub member_rules: bool,
    /// Whether a read-only token may read the internal types endpoint; sources disagree. Default true.
    pub types_for_read_only: bool,
    /// Changing members of a BUILT_IN group answers 501 E0000060, as Okta did before 2026.04.0, instead of 403.
    /// Default false.
    pub built_in_501: bool,
    /// PATCH `replace` of a property that an app group does not have is refused with 400; Okta is not known to.
    /// Default false.
    pub patch_needs_key: bool,
    /// Maintenance: reads go on, every write answers 503 E0000010. Default false.
    pub read_only_mode: bool,
    /// Compress answers when the client takes gzip. Default false: it only costs time unless gzip is what is tested.
    pub gzip: bool,
    /// Seed of the faults that strike by chance (at start); without one it is [`seed`](Self::seed).
    pub fault_seed: Option<u64>,
    /// Faults from the start (at start); more come with [`FakeOkta::add_fault`](crate::FakeOkta::add_fault).
    pub faults: Vec<Fault>,
    /// OAuth service apps.
    pub service_apps: Vec<ServiceApp>,
    /// Tokens beside the five standard ones; one with a standard name replaces it.
    pub tokens: Vec<Token>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: false,
            host_names: Vec::new(),
            start_time: Timestamp::constant(1_788_249_600, 0),
            frozen_clock: false,
            rate_limits: RateLimits::WORKFORCE,
            rate_window: Duration::from_secs(60),
            token_share: 100,
            concurrency: 75,
            latency: Duration::ZERO,
            fan_out_lag: Duration::ZERO,
            groups_max: 10_000,
            largest_page: None,
            over_max: OverMax::Clamp,
            next_loses_expand: false,
            next_origin: None,
            member_rules: true,
            types_for_read_only: true,
            built_in_501: false,
            patch_needs_key: false,
            read_only_mode: false,
            gzip: false,
            fault_seed: None,
            faults: Vec::new(),
            service_apps: Vec::new(),
            tokens: Vec::new(),
        }
    }
}

impl Options {
    pub(crate) fn lag(&self) -> SignedDuration {
        SignedDuration::try_from(self.fan_out_lag).unwrap_or_default()
    }
}
