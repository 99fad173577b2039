//! A fake Okta, and readings of what real syncs of it seal.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rolebook_connector::{AdminRoles, AppChoice, ReadOptions, Silent, SyncOptions, sync};
use rolebook_fake_okta::{FakeOkta, Options, Org, RateLimits};
use rolebook_federation::Switches;
use rolebook_insight::{Readings, open};
use rolebook_ledger::AccountRecord;
use rolebook_okta::{
    ApiToken, Client, ClientConfig, Domain, Governor, GovernorConfig, Secret, install_crypto_provider,
};
use rolebook_snapshot::Limits;
use tempfile::TempDir;

/// The app in every org of these tests.
pub(crate) const APP: &str = "0oaAWS";
/// When the first sync happens.
pub(crate) const START: i64 = 1_788_249_600;

/// A fake Okta and a folder for the files.
pub(crate) struct Okta {
    pub(crate) fake: FakeOkta,
    pub(crate) token: &'static str,
    pub(crate) switches: Switches,
    /// Whether custom admin roles are read.
    pub(crate) custom_roles: bool,
    /// What an accounts file would say.
    pub(crate) accounts: Vec<AccountRecord>,
    now: AtomicI64,
    folder: TempDir,
}

impl Okta {
    pub(crate) fn of(org: Org) -> Self {
        let options = Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() };
        Self {
            fake: FakeOkta::start(org, options).unwrap(),
            token: "super",
            switches: Switches::default(),
            custom_roles: false,
            accounts: Vec::new(),
            now: AtomicI64::new(START),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn token(mut self, token: &'static str) -> Self {
        self.token = token;
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn client(&self) -> Client {
        install_crypto_provider();
        let (domain, _) = Domain::parse(self.fake.url(), true).unwrap();
        let token = ApiToken::new(&Secret::new(self.fake.token(self.token))).unwrap();
        let mut config = ClientConfig::new(domain, token);
        config.addresses.allow_loopback = true;
        let mut budget = GovernorConfig::default();
        budget.jitter = Duration::ZERO;
        config.governor = Governor::new(budget);
        Client::new(config).unwrap()
    }

    /// When the next sync happens.
    pub(crate) fn next(&self) -> Timestamp {
        Timestamp::from_second(self.now.load(Ordering::Relaxed)).unwrap()
    }

    /// Syncs into a file of this name, a day after the one before.
    pub(crate) fn sync(&self, name: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        let now = self.now.fetch_add(86_400, Ordering::Relaxed);
        let client = self.client();
        let admin_roles = if self.token == "super" { AdminRoles::Auto } else { AdminRoles::Off };
        let mut random = [7; 16];
        random[0] = u8::try_from(now / 86_400 % 251).unwrap();
        let options = SyncOptions {
            file: file.clone(),
            app: AppChoice::Id(APP.to_owned()),
            read: ReadOptions { admin_roles, custom_roles: self.custom_roles, ..ReadOptions::default() },
            switches: self.switches,
            writer: "test 1".to_owned(),
            random,
            accounts: self.accounts.clone(),
            accounts_of: None,
            resume_max_age: SignedDuration::ZERO,
            incremental: None,
        };
        let clock = || Timestamp::from_second(now).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(sync(&client, &options, &clock, &Silent)).unwrap();
        file
    }

    /// Syncs and opens.
    pub(crate) fn read(&self, name: &str) -> Readings {
        opened(&[self.sync(name)])
    }
}

pub(crate) fn opened(files: &[PathBuf]) -> Readings {
    open(files, &Limits::default()).unwrap()
}

pub(crate) fn read(org: Org) -> Readings {
    Okta::of(org).read("acme.c1z")
}
