//! Starting and stopping a console.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::TcpListener;

use crate::{
    ConsoleConfig, ConsoleError,
    connections::{self, Limits},
    console::{Console, Front},
    head_export, hook, mail, refusals, retention, secrets,
    store::{self, Who},
    tell,
    tls::TlsListener,
    watch, web, worker,
};

/// How long a stop takes at most.
const GRACE: Duration = Duration::from_secs(12);

/// What connections come from.
enum Way {
    Plain(TcpListener),
    Tls(TlsListener),
}

/// A console that listens.
pub struct Server {
    console: Arc<Console>,
    address: SocketAddr,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Opens everything and begins to listen. `base_url` is filled in from the address when it is empty.
    ///
    /// # Errors
    /// [`ConsoleError`]: the data folder, the database, the vault's key, or the address.
    pub async fn start(mut config: ConsoleConfig, listen: SocketAddr) -> Result<Self, ConsoleError> {
        if !listen.ip().is_loopback() && !config.secure() {
            return Err(ConsoleError::Exposed(listen));
        }
        let failed = |source| ConsoleError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        if config.base_url.is_empty() {
            let scheme = if config.secure() { "https" } else { "http" };
            config.base_url = format!("{scheme}://{address}");
        }
        config.base_url = config.base_url.trim_end_matches('/').to_owned();
        if config.name.is_empty() {
            config.name = address.to_string();
        }
        // Before anything is opened, so that a certificate that is no good is told first.
        let way = match &config.front {
            Front::Tls(files) => Way::Tls(TlsListener::new(listener, address, files)?),
            Front::Open | Front::Proxy => Way::Plain(listener),
        };
        raise_open_files();
        let console = Console::open(config).await?;
        console.join().await?;
        let tasks = vec![
            tokio::spawn(worker::work(Arc::clone(&console))),
            tokio::spawn(mail::deliver(Arc::clone(&console))),
            tokio::spawn(tell::tell(Arc::clone(&console))),
            tokio::spawn(hook::deliver(Arc::clone(&console))),
            tokio::spawn(refusals::count(Arc::clone(&console))),
            tokio::spawn(head_export::send_daily(Arc::clone(&console))),
            tokio::spawn(watch::settings(Arc::clone(&console))),
            tokio::spawn(retention::clean_up(Arc::clone(&console))),
            tokio::spawn(warm(Arc::clone(&console))),
        ];
        let router = web::router(&console);
        let limits = Limits::new(console.config.front == Front::Proxy);
        let stop = console.stop.clone();
        let serving = tokio::spawn(async move {
            match way {
                Way::Plain(listener) => connections::serve(listener, router, limits, stop).await,
                Way::Tls(listener) => connections::serve(listener, router, limits, stop).await,
            }
        });
        Ok(Self { console, address, tasks, serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a person opens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.console.config.base_url
    }

    /// The vault's key file, when this start made it.
    #[must_use]
    pub fn made_key(&self) -> Option<&std::path::Path> {
        self.console.vault.made.as_deref()
    }

    /// What a rebuild brought back, when this start was one.
    #[must_use]
    pub fn rebuilt(&self) -> Option<&crate::Rebuilt> {
        self.console.rebuilt.as_ref()
    }

    /// Secrets that do not open under the vault's key, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn unopened(&self) -> Result<Vec<String>, ConsoleError> {
        secrets::unopened(self.console.store.db(), &self.console.vault).await
    }

    /// A one-time link to create the first administrator, while there is none.
    ///
    /// # Errors
    /// The database.
    pub async fn first_link(&self) -> Result<Option<String>, ConsoleError> {
        if store::people::count(self.console.store.db()).await? > 0 {
            return Ok(None);
        }
        self.console.setup_link(Who::host()).await.map(Some)
    }

    /// Stops: requests under way are answered, syncs are left for the next start.
    pub async fn stop(self) {
        self.console.stop.cancel();
        let deadline = tokio::time::Instant::now() + GRACE;
        for mut task in self.tasks {
            // A task that panicked has nothing left to stop. One that waits for a peer which stands still is left:
            // what it had not written yet did not happen, and is taken up by the next start.
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                tracing::warn!("a task did not hear that the console stops");
                task.abort();
            }
        }
        if tokio::time::timeout_at(deadline, self.serving).await.is_err() {
            tracing::warn!("some requests were still open");
        }
        refusals::write(&self.console, true).await;
        // Connections let go of the console a moment after their last answer; then the data folder is free.
        for _ in 0..100 {
            if Arc::strong_count(&self.console) == 1 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

/// Raises the soft limit of open files to the hard one: the usual 1,024 leaves little room for connections.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

/// Opens what pages show. Whoever asks earlier waits for it themselves.
async fn warm(console: Arc<Console>) {
    tokio::select! {
        () = console.warm() => {}
        () = console.stop.cancelled() => {}
    }
}

/// Makes a one-time set-up link for a console that is not running, for somebody with a shell on the host.
///
/// # Errors
/// The data folder is in use, or the database.
pub async fn admin_link(config: ConsoleConfig) -> Result<String, ConsoleError> {
    Console::open(config).await?.setup_link(Who::host()).await
}

/// What a look over a data folder found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// Lines: what was looked at, whether it is well, and what was found.
    pub lines: Vec<(&'static str, bool, String)>,
}

/// Looks over a data folder while no console runs on it: database, audit record, secrets, snapshots.
///
/// # Errors
/// The data folder is in use, or cannot be opened at all.
pub async fn doctor(config: ConsoleConfig) -> Result<Diagnosis, ConsoleError> {
    doctor_against(config, None).await
}

/// The same, and compares the audit record with heads that left the host: lines of the event `audit.head`, of the log,
/// or of `audit-heads.ndjson`.
///
/// # Errors
/// As [`doctor`].
pub async fn doctor_against(config: ConsoleConfig, heads: Option<&str>) -> Result<Diagnosis, ConsoleError> {
    let console = Console::open(config).await?;
    let kind = if console.store.shared() { "PostgreSQL" } else { "SQLite" };
    let mut lines = vec![("database", true, format!("{kind}: opened, tables up to date"))];
    lines.push(match console.store.try_write().await {
        Ok(()) => ("database", true, "takes changes".to_owned()),
        Err(error) => ("database", false, error.to_string()),
    });
    lines.push(match console.blobs.probe().await {
        Ok(()) => ("blobs", true, format!("{}: written, read and removed", console.blobs.place)),
        Err(error) => ("blobs", false, error.to_string()),
    });
    if console.store.shared() {
        let others = console.others().await?;
        let text = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
        lines.push(("processes", true, format!("at work now: {text}")));
    }
    if console.open_to_others.is_empty() {
        lines.push(("files", true, "closed to other users of this machine".to_owned()));
    }
    lines.extend(console.open_to_others.iter().map(|words| ("files", false, words.clone())));
    lines.push(match store::audit::verify(console.store.db()).await? {
        Ok(rows) => ("audit record", true, format!("{rows} rows, each follows from the one before")),
        Err(row) => {
            ("audit record", false, format!("row {row} does not follow from the one before: it was changed"))
        }
    });
    if let Some(found) = store::audit::standing(&console.store).await? {
        // What the record notes itself is known.
        lines.push(("audit record", found.noted_at.is_some(), found.text));
    }
    if let Some(heads) = heads {
        let compared = head_export::compare(console.store.db(), heads).await?;
        lines.extend(compared.into_iter().map(|(holds, text)| ("audit head", holds, text)));
    }
    let mut sealed = secrets::all(console.store.db()).await?;
    sealed.extend(secrets::waiting(console.store.db()).await?);
    for secret in sealed {
        let name = &secret.name;
        lines.push(match secret.open(&console.vault) {
            Ok(()) => ("secret", true, format!("{name}: can be opened")),
            Err(error) => ("secret", false, format!("{name}: {error} (key {})", secret.key_id())),
        });
    }
    if let Some(provider) = &console.oidc {
        lines.push(match provider.look(console.now()).await {
            Ok(keys) => ("sign-in", true, format!("{}: answers, {keys} keys", provider.config.issuer)),
            Err(why) => {
                ("sign-in", false, format!("{}: {}", provider.config.issuer, crate::run::clean(&why)))
            }
        });
    }
    for row in store::connectors::all(console.store.db()).await? {
        let hosted = crate::hosted::Hosted::of(row)?;
        let name = crate::run::clean(&hosted.row.name);
        if let Some(good) = &hosted.row.good_sync {
            lines.push(match console.lens(&hosted.row.id, good).await {
                Ok(lens) => ("snapshot", true, format!("{name}: {} grants", lens.grants.len())),
                Err(error) => ("snapshot", false, format!("{name}: {error}")),
            });
        }
    }
    Ok(Diagnosis { lines })
}
