//! One run of the real sync against a fake Okta.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use rolebook_connector::{
    AdminRoles, AppChoice, EventsRead, Probe, RESUME_MAX_AGE, ReadOptions, Silent, Summary, SyncError,
    SyncOptions, check, read_events, sync,
};
use rolebook_fake_okta::{App, FakeOkta, Fault, Group, Logged, Options, Org, RateLimits, User};
use rolebook_federation::Switches;
use rolebook_ledger::Facts;
use rolebook_okta::{
    ApiToken, Client, ClientConfig, Credential, Domain, Governor, GovernorConfig, Secret, ServiceApp,
    install_crypto_provider,
};
use rolebook_snapshot::{Limits, Snapshot};
use tempfile::TempDir;

use crate::rows::Rows;

/// The app in every org of these tests.
pub(crate) const APP: &str = "0oaAWS";
/// The account of bare role names in direct mode.
pub(crate) const MAIN: &str = "111122223333";
/// When the first sync of a run happens.
const START: i64 = 1_788_249_600;

/// A fake Okta, a token and a file.
pub(crate) struct Run {
    pub(crate) fake: FakeOkta,
    pub(crate) sync: SyncOptions,
    token: String,
    service_app: Option<ServiceApp>,
    in_flight: usize,
    now: AtomicI64,
    _folder: TempDir,
}

/// What a sync did, what the file holds and what Okta was asked.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) summary: Summary,
    pub(crate) facts: Facts,
    pub(crate) rows: Rows,
    pub(crate) log: Vec<Logged>,
}

/// Okta without limits: what most tests want.
pub(crate) fn unlimited() -> Options {
    Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() }
}

impl Run {
    pub(crate) fn of(org: Org) -> Self {
        Self::with(org, unlimited())
    }

    /// At one moment of Okta's clock, which stands in the file.
    pub(crate) fn frozen(org: Org) -> Self {
        Self::with(org, Options { frozen_clock: true, ..unlimited() })
    }

    pub(crate) fn with(org: Org, okta: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sync = SyncOptions {
            file: folder.path().join("acme.c1z"),
            app: AppChoice::Find,
            read: ReadOptions::default(),
            accounts: Vec::new(),
            accounts_of: None,
            switches: Switches::default(),
            resume_max_age: RESUME_MAX_AGE,
            incremental: None,
            writer: "acceptance 1".to_owned(),
            random: [7; 16],
        };
        Self {
            fake: FakeOkta::start(org, okta).unwrap(),
            sync,
            token: "read_only".to_owned(),
            service_app: None,
            in_flight: 10,
            now: AtomicI64::new(START),
            _folder: folder,
        }
    }

    /// Which of the fake's tokens.
    pub(crate) fn token(mut self, name: &str) -> Self {
        name.clone_into(&mut self.token);
        self
    }

    /// A service app instead of a token.
    pub(crate) fn service_app(mut self, app: ServiceApp) -> Self {
        self.service_app = Some(app);
        self
    }

    pub(crate) fn options(mut self, change: impl FnOnce(&mut SyncOptions)) -> Self {
        change(&mut self.sync);
        self
    }

    pub(crate) fn admin_roles(self, admin_roles: AdminRoles) -> Self {
        self.options(|sync| sync.read.admin_roles = admin_roles)
    }

    /// Without admin roles, the one list that a read-only token may not read.
    pub(crate) fn plain(self) -> Self {
        self.admin_roles(AdminRoles::Off)
    }

    pub(crate) fn app(self, id: &str) -> Self {
        self.options(|sync| sync.app = AppChoice::Id(id.to_owned()))
    }

    pub(crate) fn fault(self, fault: Fault) -> Self {
        self.fake.add_fault(fault);
        self
    }

    /// Requests under way at once.
    pub(crate) fn in_flight(mut self, requests: usize) -> Self {
        self.in_flight = requests;
        self
    }

    /// Turns the clock of the sync.
    pub(crate) fn later(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.sync.file.clone()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.sync.file).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        match &self.service_app {
            Some(app) => self.client_with(app.clone()),
            None => self.client_with(ApiToken::new(&Secret::from(self.fake.token(&self.token))).unwrap()),
        }
    }

    fn client_with(&self, credential: impl Into<Credential>) -> Client {
        install_crypto_provider();
        let (domain, _) = Domain::parse(self.fake.url(), true).unwrap();
        let mut config = ClientConfig::new(domain, credential);
        config.addresses.allow_loopback = true;
        config.retry.base = Duration::from_millis(1);
        config.retry.ceiling = Duration::from_millis(10);
        let mut governor = GovernorConfig::default();
        governor.rate_budget = 100;
        governor.jitter = Duration::ZERO;
        governor.margin = Duration::from_millis(10);
        governor.in_flight = self.in_flight;
        config.governor = Governor::new(governor);
        Client::new(config).unwrap()
    }

    pub(crate) fn clock(&self) -> Timestamp {
        Timestamp::from_second(self.now.load(Ordering::Relaxed)).unwrap()
    }

    async fn once(&self, client: Client) -> Result<Summary, SyncError> {
        self.fake.clear_log();
        sync(&client, &self.sync, &|| self.clock(), &Silent).await
    }

    /// The sync alone, on a runtime of its own; `on_thread` runs at the start of each of its threads.
    pub(crate) fn summary_on(
        &self,
        on_thread: impl Fn() + Send + Sync + 'static,
    ) -> Result<Summary, SyncError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .on_thread_start(on_thread)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(self.once(self.client()))
    }

    pub(crate) fn sync(&self) -> Result<Done, SyncError> {
        let summary = self.summary_on(|| {})?;
        let log = self.fake.log();
        let (facts, rows) = self.open();
        Ok(Done { summary, facts, rows, log })
    }

    /// Reads the System Log, after a sync told org and app.
    pub(crate) fn events(&self, of: &Summary) -> Result<EventsRead, SyncError> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        self.fake.clear_log();
        let (client, clock) = (self.client(), || self.clock());
        runtime.block_on(read_events(&client, &self.sync.file, &of.org, &of.app, &clock, &Silent))
    }

    /// Syncs, and expects a sealed file.
    pub(crate) fn done(&self) -> Done {
        self.sync().unwrap_or_else(|error| panic!("the sync failed: {error}: {:?}", self.fake.log_lines()))
    }

    /// Syncs, and expects that nothing is sealed: the file stays as it was, or away.
    pub(crate) fn refused(&self) -> SyncError {
        let read = || std::fs::read(&self.sync.file).ok();
        let before = read();
        let error = match self.summary_on(|| {}) {
            Err(error) => error,
            Ok(summary) => panic!("sealed all the same: {:?}", summary.counts),
        };
        assert_eq!(before, read(), "a sync that fails leaves the file alone");
        let folder = self.sync.file.parent().unwrap();
        let beside: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        // What was read so far may stay, to be taken up.
        let journal = folder.join(".acme.c1z.journal");
        let known = |path: &PathBuf| *path == self.sync.file || *path == journal;
        assert!(beside.iter().all(known), "left behind: {beside:?}");
        error
    }

    /// Syncs, but no request after the first so many gets an answer; when nothing moves any more, the run vanishes as
    /// if it were killed. Gives the lines of the list pages that were answered.
    pub(crate) fn cut_off_at(&self, requests: usize) -> BTreeSet<String> {
        if let Some(done) = self.cut_off_at_or_end(requests) {
            panic!("not cut off: {:?}", done.map(|summary| summary.counts));
        }
        let first = ["/api/v1/org", "/api/v1/users/me", "/api/v1/apps"];
        let log = self.fake.log();
        let answered = log.iter().take(requests);
        answered.filter(|entry| !first.contains(&entry.path.as_str())).map(Logged::line).collect()
    }

    /// The same, for a run that may end before: gives how it ended, nothing when it was cut off.
    pub(crate) fn cut_off_at_or_end(&self, requests: usize) -> Option<Result<Summary, SyncError>> {
        self.fake.add_fault(Fault::everywhere().skip(requests).latency(Duration::from_secs(3600)));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let client = self.client();
        let stalled = async {
            let (mut seen, mut still) = (0, 0);
            while still < 12 {
                tokio::time::sleep(Duration::from_millis(15)).await;
                let now = self.fake.log().len();
                still = if now == seen { still + 1 } else { 0 };
                seen = now;
            }
        };
        let outcome = runtime.block_on(async {
            tokio::select! {
                done = self.once(client) => Some(done),
                () = stalled => None,
            }
        });
        self.fake.clear_faults();
        outcome
    }

    pub(crate) fn check(&self) -> Result<Probe, SyncError> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        self.fake.clear_log();
        let (read, switches) = (&self.sync.read, &self.sync.switches);
        runtime.block_on(check(&self.client(), &self.sync.app, read, switches))
    }

    /// Facts and rows of the newest sync in the file.
    pub(crate) fn open(&self) -> (Facts, Rows) {
        let snapshot = Snapshot::open(&self.sync.file, &Limits::default()).unwrap();
        let newest = snapshot.latest_full().unwrap();
        let rows = snapshot.rows(&newest.id);
        (rolebook_ledger::read(&rows).unwrap(), Rows::read(&rows))
    }
}

impl Done {
    /// How often a warning was counted; 0 when never.
    pub(crate) fn warned(&self, code: &str) -> u64 {
        self.summary.warnings.get(code).map_or(0, |warning| warning.count)
    }

    /// Samples of a warning.
    pub(crate) fn samples(&self, code: &str) -> Vec<String> {
        self.summary.warnings.get(code).map(|warning| warning.samples.clone()).unwrap_or_default()
    }

    /// Requests whose path ends so.
    pub(crate) fn asked(&self, path_end: &str) -> usize {
        self.log.iter().filter(|entry| entry.path.ends_with(path_end)).count()
    }
}

/// Ann, bob and cy.
pub(crate) fn people() -> Org {
    let user = |id: &str, login: &str| User::new(login).id(id);
    Org::new("acme").users([
        user("00uA", "ann@acme.test"),
        user("00uB", "bob@acme.test"),
        user("00uC", "cy@acme.test"),
    ])
}

/// The app in assignment mode, its main account [`MAIN`].
pub(crate) fn direct() -> App {
    App::aws(APP).setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
}

/// The app in group mapping mode.
pub(crate) fn mapping() -> App {
    App::aws_mapping(APP)
}

/// A group with members.
pub(crate) fn group<const N: usize>(id: &str, name: &str, members: [&str; N]) -> Group {
    Group::new(name).id(id).members(members)
}
