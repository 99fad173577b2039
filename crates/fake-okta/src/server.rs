//! The running fake: a thread with its own runtime that serves until the handle is dropped.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::Error;
use crate::fault::Fault;
use crate::journal::Logged;
use crate::options::Options;
use crate::org::Org;
use crate::serve;
use crate::tls;
use crate::world::World;

/// A running fake Okta. It stops when dropped.
#[derive(Debug)]
pub struct FakeOkta {
    world: Arc<World>,
    address: SocketAddr,
    ca_pem: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeOkta {
    /// Serves `org` on a thread of its own, with or without an async runtime around.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`] when the address is taken, [`Error::Certificate`] when no certificate could be made.
    pub fn start(org: Org, options: Options) -> Result<Self, Error> {
        let listen = |source: io::Error| Error::Listen { address: options.listen, source };
        let identity = options.tls.then(|| tls::identity(&options.host_names)).transpose()?;
        let listener = std::net::TcpListener::bind(options.listen).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(listen)?;
        let scheme = if options.tls { "https" } else { "http" };
        let world = Arc::new(World::new(org, options, format!("{scheme}://{address}")));
        let serving = Arc::clone(&world);
        let (stop, stopped) = oneshot::channel::<()>();
        let (ca_pem, acceptor) = identity.map(|identity| (identity.ca_pem, identity.acceptor)).unzip();
        let thread = std::thread::Builder::new().name("fake-okta".to_owned());
        let started = thread.spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                tokio::select! {
                    () = serve::accept(listener, acceptor, serving) => {}
                    _ = stopped => {}
                }
            });
        });
        let thread = started.map_err(|source| Error::Listen { address, source })?;
        Ok(Self { world, address, ca_pem, stop: Some(stop), thread: Some(thread) })
    }

    /// The origin to use as Okta domain, such as `http://127.0.0.1:40123`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.world.base
    }

    /// Where the fake listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The value of a token by name (`super`, `read_only`, `app_admin`, `group_admin`, `app_group_admin` or one of
    /// [`Options::tokens`]). A name that no token has gives a value that the fake refuses.
    pub fn token(&self, name: &str) -> String {
        self.world.state().token_value(name).map_or_else(|| format!("00unknown-{name}"), str::to_owned)
    }

    /// The certificate to trust, as PEM; `None` without [`Options::tls`].
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Writes the certificate to trust into a file.
    ///
    /// # Errors
    ///
    /// Whatever the file system says. Without TLS an empty file is written.
    pub fn write_ca_pem(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.ca_pem().unwrap_or_default())
    }

    /// Every request since the start or the last [`clear_log`](Self::clear_log), in the order of arrival.
    pub fn log(&self) -> Vec<Logged> {
        self.world.state().journal.clone()
    }

    /// Empties the request log.
    pub fn clear_log(&self) {
        self.world.state().journal.clear();
    }

    /// The log as lines like `GET /api/v1/groups?limit=200`.
    pub fn log_lines(&self) -> Vec<String> {
        self.world.state().journal.iter().map(Logged::line).collect()
    }

    /// Looks at the org. The server waits meanwhile, so ask it nothing inside.
    pub fn with_org<R>(&self, look: impl FnOnce(&Org) -> R) -> R {
        look(&self.world.state().org)
    }

    /// Changes the org while the server runs: `fake.change(|org| org.add_member("gX", "00uA"))`. Times of changes are
    /// those of the fake's clock.
    pub fn change<R>(&self, change: impl FnOnce(&mut Org) -> R) -> R {
        let now = self.world.clock.now();
        self.world.state().change(now, change)
    }

    /// Changes the options while the server runs; those marked "at start" stay as they were.
    pub fn configure(&self, change: impl FnOnce(&mut Options)) {
        let mut state = self.world.state();
        change(&mut state.options);
        state.name_tokens();
    }

    /// Adds a fault rule to those that stand.
    pub fn add_fault(&self, fault: Fault) {
        self.world.state().faults.add(fault);
    }

    /// Takes all fault rules away.
    pub fn clear_faults(&self) {
        self.world.state().faults.clear();
    }

    /// What the fake's clock says.
    pub fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Turns the fake's clock forward.
    pub fn advance(&self, by: Duration) {
        self.world.clock.turn(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
    }

    /// Turns the fake's clock by this many seconds, back when negative: clock skew as a client sees it.
    pub fn skew(&self, seconds: i64) {
        self.world.clock.turn(seconds.saturating_mul(1000));
    }

    /// Begins all rate windows anew.
    pub fn reset_rates(&self) {
        self.world.state().rate.clear();
    }
}

impl Drop for FakeOkta {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
