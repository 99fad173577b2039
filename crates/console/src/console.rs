//! What every part of a running console shares.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use rolebook_okta::{AddressRules, CancellationToken};
use tokio::sync::Notify;

use crate::{
    ConsoleError, backup,
    blobs::{self, Blobs},
    fresh,
    hub::Hub,
    lens::Lenses,
    mail::MailConfig,
    metrics::Metrics,
    oidc::{OidcConfig, Provider},
    orgs::Orgs,
    private,
    rebuild::{self, Rebuilt},
    refusals::Refusals,
    reseal, retention,
    run::Running,
    store::{self, Store, Who, head::Keeper, shared, syncs},
    tls::TlsFiles,
    vault::{Vault, VaultKeySource},
};

/// What time it is: the binary gives the clock, tests turn it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A fake org that people may try things out on; its tokens are shown, since they protect nothing.
#[derive(Debug, Clone)]
pub struct DemoOrg {
    /// What goes into the domain field.
    pub domain: String,
    /// Tokens by what they may do.
    pub tokens: Vec<(&'static str, String)>,
}

/// Everything a console is made from.
#[derive(Clone)]
pub struct ConsoleConfig {
    /// Folder of database, snapshots, logs and key.
    pub data: PathBuf,
    /// Database; SQLite in the data folder when absent.
    pub database_url: Option<String>,
    /// Where snapshots and logs lie: a folder, or `s3://bucket/prefix`; the data folder when absent.
    pub blobs: Option<String>,
    /// What speaks like S3; Amazon's when absent, or what `AWS_ENDPOINT_URL` says.
    pub blobs_endpoint: Option<String>,
    /// What other processes on the same database call this one.
    pub name: String,
    /// What links in mail begin with, as in `https://rolebook.acme.com`.
    pub base_url: String,
    /// What stands between it and a browser.
    pub front: Front,
    /// Where the vault's key comes from.
    pub vault: VaultKeySource,
    /// Which addresses an Okta domain may lead to.
    pub addresses: AddressRules,
    /// Certificate authority to trust beside the system's, in PEM.
    pub ca_pem: Option<Vec<u8>>,
    /// Share of Okta's rate limit to use, in percent.
    pub rate_budget: u8,
    /// Name and version of the program, for coverage records.
    pub writer: String,
    /// Where mail goes.
    pub mail: MailConfig,
    /// A provider to sign in with, beside passwords.
    pub oidc: Option<OidcConfig>,
    /// Lets `/metrics` be read from other machines.
    pub metrics_token: Option<String>,
    /// The database is gone: bring back what the snapshots tell.
    pub rebuild: bool,
    /// The key that a shared database's secrets are sealed under is lost: this one takes its place.
    pub vault_key_lost: bool,
    /// A fake org to try things out on.
    pub demo: Option<DemoOrg>,
    /// The clock.
    pub clock: Clock,
}

/// What stands between the console and a browser.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Front {
    /// Nothing: only for this machine.
    #[default]
    Open,
    /// A proxy with TLS.
    Proxy,
    /// TLS of its own.
    Tls(TlsFiles),
}

impl ConsoleConfig {
    /// A console for this machine alone, with everything in `data`: database, snapshots, key and, in a folder, its mail.
    pub fn local(data: PathBuf, writer: String, clock: Clock) -> Self {
        Self {
            mail: MailConfig::Folder(data.join("mail")),
            data,
            database_url: None,
            blobs: None,
            blobs_endpoint: None,
            name: String::new(),
            base_url: String::new(),
            front: Front::Open,
            vault: VaultKeySource::default(),
            addresses: AddressRules::default(),
            ca_pem: None,
            rate_budget: 50,
            writer,
            oidc: None,
            metrics_token: None,
            rebuild: false,
            vault_key_lost: false,
            demo: None,
            clock,
        }
    }

    /// Whether browsers come by TLS: cookies are then `Secure`.
    pub(crate) fn secure(&self) -> bool {
        self.front != Front::Open
    }
}

/// A console: shared by pages, API and workers.
pub(crate) struct Console {
    pub(crate) config: ConsoleConfig,
    pub(crate) store: Store,
    pub(crate) vault: Arc<Vault>,
    pub(crate) blobs: Blobs,
    pub(crate) hub: Hub,
    pub(crate) orgs: Orgs,
    pub(crate) lenses: Lenses,
    pub(crate) metrics: Metrics,
    pub(crate) hashing: crate::password::Hashing,
    pub(crate) throttle: crate::throttle::Throttle,
    pub(crate) readiness: crate::web::Readiness,
    /// Live streams by person.
    pub(crate) streams: crate::web::Streams,
    pub(crate) refusals: Refusals,
    /// Who else vouches for people.
    pub(crate) oidc: Option<Provider>,
    /// Syncs under way in this process, by connector.
    pub(crate) running: Mutex<HashMap<String, Arc<Running>>>,
    /// Wakes the worker.
    pub(crate) nudge: Notify,
    /// Ends everything.
    pub(crate) stop: CancellationToken,
    /// Name of this process in leases.
    pub(crate) worker: String,
    /// What a rebuild brought back.
    pub(crate) rebuilt: Option<Rebuilt>,
    /// Folders outside of the data folder that others may look into, in words.
    pub(crate) open_to_others: Vec<String>,
    /// Held as long as the process lives: one process per data folder.
    _lock: std::fs::File,
}

impl Console {
    /// Opens data folder, database and vault.
    pub(crate) async fn open(config: ConsoleConfig) -> Result<Arc<Self>, ConsoleError> {
        store::check_url(config.database_url.as_deref())?;
        Blobs::check(config.blobs.as_deref(), config.blobs_endpoint.as_deref())?;
        let oidc =
            config.oidc.clone().map(|oidc| Provider::new(oidc, config.ca_pem.as_deref())).transpose()?;
        let lock = prepare(&config.data)?;
        backup::remove_killed(&config.data, (config.clock)());
        retention::remove_halves(&config.data);
        let blobs = Blobs::open(config.blobs.as_deref(), config.blobs_endpoint.as_deref(), &config.data)?;
        let mail = match &config.mail {
            MailConfig::Folder(folder) => Some(folder.as_path()),
            MailConfig::Off | MailConfig::Smtp { .. } => None,
        };
        let outside = [blobs.other_folder(), mail].into_iter().flatten().map(Path::to_path_buf);
        let open_to_others = private::open_to_others(outside);
        for words in &open_to_others {
            tracing::warn!("{words}");
        }
        let mut store =
            Store::open(config.database_url.as_deref(), &config.data, Arc::clone(&config.clock)).await?;
        let vault = Arc::new(Vault::open(&config.vault, &config.data)?);
        let keeper = Keeper::open(&config.data, Arc::clone(&vault), store.shared())?;
        keeper.begin(store.db()).await?;
        store.keep_head(keeper);
        seal_waiting(&store).await?;
        if store.shared() {
            agree_on_key(&store, &vault, &config).await?;
            agree_on_blobs(&store, &blobs).await?;
        }
        reseal::bind(&store, &vault).await?;
        // A console that ever started has an audit record.
        let fresh_database =
            store::audit::page(store.db(), &store::audit::Wanted::default(), 1).await?.is_empty();
        match (config.rebuild, fresh_database) {
            (true, false) => return Err(ConsoleError::DatabaseThere(config.data)),
            (false, true) if rebuild::has_snapshots(&blobs).await? => {
                return Err(ConsoleError::DatabaseGone(blobs.place));
            }
            _ => {}
        }
        let hub = Hub::new();
        let mut console = Arc::new(Self {
            orgs: Orgs::new(config.rate_budget, hub.clone()),
            lenses: Lenses::default(),
            metrics: Metrics::default(),
            hashing: crate::password::Hashing::default(),
            throttle: crate::throttle::Throttle::default(),
            readiness: crate::web::Readiness::default(),
            streams: crate::web::Streams::default(),
            refusals: Refusals::default(),
            oidc,
            running: Mutex::default(),
            nudge: Notify::new(),
            stop: CancellationToken::new(),
            worker: fresh::id("wrk")?,
            store,
            vault,
            blobs,
            hub,
            config,
            rebuilt: None,
            open_to_others,
            _lock: lock,
        });
        if console.config.rebuild {
            let rebuilt = rebuild::bring_back(&console).await?;
            if let Some(console) = Arc::get_mut(&mut console) {
                console.rebuilt = Some(rebuilt);
            }
        }
        Ok(console)
    }

    /// Says to other processes on a shared database that this one is at work.
    pub(crate) async fn join(&self) -> Result<(), ConsoleError> {
        if !self.store.shared() {
            return Ok(());
        }
        shared::join(self.store.db(), &self.worker, &self.config.name, self.now().as_millisecond()).await
    }

    /// Names of other processes that are at work on the same database.
    pub(crate) async fn others(&self) -> Result<Vec<String>, ConsoleError> {
        let mut all = shared::at_work(self.store.db(), self.now().as_millisecond()).await?;
        all.remove(&self.worker);
        let mut names: Vec<String> = all.into_values().collect();
        names.sort();
        Ok(names)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.config.clock)()
    }

    /// The sync of a connector that runs in this process.
    pub(crate) fn running(&self, connector: &str) -> Option<Arc<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(connector).cloned()
    }

    /// A sync's snapshot, as a file that never changes.
    pub(crate) async fn snapshot(&self, connector: &str, sync: &str) -> Result<PathBuf, ConsoleError> {
        let row = syncs::by_id(self.store.db(), sync).await?;
        let file = row.and_then(|row| row.file).unwrap_or_else(|| blobs::snapshot_file(sync, 1));
        self.blobs.fetch(&blobs::snapshot_name(connector, &file)).await
    }

    /// The file that a connector's syncs write: the connector's own guard compares with it, and a run that is cut off
    /// is taken up beside it.
    pub(crate) fn current_path(&self, connector: &str) -> PathBuf {
        self.blobs.path(&blobs::current_name(connector))
    }

    /// Where the log of a sync under way lies.
    pub(crate) fn log_path(&self, connector: &str, sync: &str) -> PathBuf {
        self.blobs.path(&blobs::log_name(connector, sync))
    }

    /// Makes the one-time link with which the first administrator is created.
    pub(crate) async fn setup_link(&self, who: Who) -> Result<String, ConsoleError> {
        let change = self.store.change(who, false).await?;
        let secret = change.add_link("setup", None, SETUP_MINUTES).await?;
        change.audit("setup.link-made", "console", serde_json::json!({ "minutes": SETUP_MINUTES })).await?;
        change.commit().await?;
        Ok(format!("{}/setup/{secret}", self.config.base_url))
    }
}

/// Seals letters and messages that an earlier version left as they are.
async fn seal_waiting(store: &Store) -> Result<(), ConsoleError> {
    let change = store.change(Who::console(), false).await?;
    let sealed = change.seal_letters().await? + change.seal_deliveries().await?;
    change.commit().await?;
    if sealed > 0 {
        store.settle_log().await?;
    }
    Ok(())
}

/// Processes on one database open each other's secrets, so all of them have one key.
async fn agree_on_key(store: &Store, vault: &Vault, config: &ConsoleConfig) -> Result<(), ConsoleError> {
    let known = shared::fact(store.db(), shared::VAULT_KEY).await?;
    match known {
        Some(known) if known == vault.key_id() => return Ok(()),
        Some(known) if !config.vault_key_lost => {
            return Err(ConsoleError::OtherKey { found: vault.key_id().to_owned(), known });
        }
        Some(_) => {
            let now = (config.clock)().as_millisecond();
            let at_work = shared::at_work(store.db(), now).await?;
            if !at_work.is_empty() {
                return Err(ConsoleError::OthersAtWork(at_work.into_values().collect()));
            }
        }
        None => {}
    }
    let change = store.change(Who::host(), false).await?;
    // Of two processes that start at once, one is first.
    match shared::fact(change.tx(), shared::VAULT_KEY).await? {
        Some(other) if other != vault.key_id() && known.as_ref() != Some(&other) => {
            return Err(ConsoleError::OtherKey { found: vault.key_id().to_owned(), known: other });
        }
        _ => {}
    }
    change.keep_fact(shared::VAULT_KEY, vault.key_id()).await?;
    if let Some(from) = known {
        let detail = serde_json::json!({ "from": from, "to": vault.key_id() });
        change.audit("vault.key-replaced", "console", detail).await?;
    }
    change.commit().await?;
    Ok(())
}

/// Processes on one database read each other's snapshots, so these lie in one place. The first process leaves a mark
/// there.
async fn agree_on_blobs(store: &Store, blobs: &Blobs) -> Result<(), ConsoleError> {
    const MARK: &str = "rolebook-blobs";
    let there = blobs.text(MARK).await?.map(|text| text.trim().to_owned());
    let change = store.change(Who::host(), false).await?;
    let known = match shared::fact(change.tx(), shared::BLOBS).await? {
        Some(known) => known,
        None => {
            let mark = match &there {
                Some(there) => there.clone(),
                None => {
                    let mark = fresh::id("blo")?;
                    blobs.put_text(MARK, &mark).await?;
                    mark
                }
            };
            change.keep_fact(shared::BLOBS, &mark).await?;
            change.commit().await?;
            return Ok(());
        }
    };
    if there.as_ref() == Some(&known) {
        return Ok(());
    }
    Err(ConsoleError::NotHere {
        what: format!(
            "the snapshots of this database do not lie in {}: its file {MARK} should say {known}",
            blobs.place
        ),
        hint: "give every process the same --blobs, a bucket or a folder that all of them reach; where all of it was \
               moved on purpose, write that file there",
    })
}

/// A set-up link works so long.
pub(crate) const SETUP_MINUTES: i64 = 15;

/// Makes the data folder, for its owner only, and takes it for this process.
fn prepare(data: &Path) -> Result<std::fs::File, ConsoleError> {
    for words in private::open_to_others([data.to_path_buf()]) {
        tracing::warn!("{words}; it is closed now");
    }
    for folder in [data.to_path_buf(), data.join("snapshots"), data.join("logs")] {
        private::create_folder(&folder)?;
    }
    let path = data.join("lock");
    let lock = private::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(ConsoleError::file("open", &path))?;
    match lock.try_lock() {
        // What an earlier version made, or what was copied here, had the modes of its umask.
        Ok(()) => private::close_all(data).map(|()| lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(ConsoleError::InUse(data.to_path_buf())),
        Err(std::fs::TryLockError::Error(error)) => Err(ConsoleError::file("lock", path)(error)),
    }
}
