//! The running fake: a thread with its own runtime that serves until the handle is dropped.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderName, HeaderValue, Response, header};
use axum::serve::ListenerExt as _;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::Error;
use crate::journal::Logged;
use crate::options::Options;
use crate::org::Org;
use crate::tls::{self, TlsListener};
use crate::world::{Reply, Request, World};

/// Bodies above this are refused; Okta's own edge has a limit too.
const LARGEST_BODY: usize = 4 << 20;

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
        let identity = options.tls.then(tls::identity).transpose()?;
        let listener = std::net::TcpListener::bind(options.listen).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(listen)?;
        let scheme = if options.tls { "https" } else { "http" };
        let world = Arc::new(World::new(org, options, format!("{scheme}://{address}")));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&world));
        let (stop, stopped) = oneshot::channel::<()>();
        let (ca_pem, config) = identity.map(|identity| (identity.ca_pem, identity.config)).unzip();
        let thread = std::thread::Builder::new().name("fake-okta".to_owned());
        let started = thread.spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                let serving = async {
                    match config {
                        None => {
                            let listener = listener.tap_io(|stream| {
                                let _ = stream.set_nodelay(true);
                            });
                            axum::serve(listener, router).await
                        }
                        Some(config) => axum::serve(TlsListener::new(listener, config)?, router).await,
                    }
                };
                tokio::select! {
                    _ = serving => {}
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
        let mut state = self.world.state();
        state.org.settle();
        look(&state.org)
    }

    /// Changes the org while the server runs: `fake.change(|org| org.add_member("gX", "00uA"))`. Times of changes are
    /// those of the fake's clock.
    pub fn change<R>(&self, change: impl FnOnce(&mut Org) -> R) -> R {
        let now = self.world.clock.now();
        let mut state = self.world.state();
        state.org.now = now;
        let result = change(&mut state.org);
        state.org.settle();
        result
    }

    /// Changes the options while the server runs; those marked "at start" stay as they were.
    pub fn configure(&self, change: impl FnOnce(&mut Options)) {
        let mut state = self.world.state();
        change(&mut state.options);
        state.name_tokens();
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

/// Counts a request as being served for as long as it lives.
struct InFlight(Arc<World>);

impl InFlight {
    fn enter(world: &Arc<World>) -> Self {
        world.state().in_flight += 1;
        Self(Arc::clone(world))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
    }
}

async fn serve(Shared(world): Shared<Arc<World>>, request: axum::extract::Request) -> Response<Body> {
    let _in_flight = InFlight::enter(&world);
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let authorization = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let request = Request {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        authorization: authorization.map(str::to_owned),
        body: body.to_vec(),
    };
    let reply = world.reply(&request);
    let latency = world.state().options.latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    response(reply)
}

fn response(reply: Reply) -> Response<Body> {
    let Reply { answer, request_id, date, rate } = reply;
    let empty = answer.body.is_empty();
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status.try_into().unwrap_or_default();
    let headers = response.headers_mut();
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    };
    put("date", &date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    put("x-okta-request-id", &request_id);
    put("cache-control", "no-cache, no-store");
    put("expires", "0");
    // A 204 with a content type breaks Okta's own Python client.
    if !empty {
        put("content-type", "application/json");
    }
    if let Some(rate) = rate {
        put("x-rate-limit-limit", &rate.limit.to_string());
        put("x-rate-limit-remaining", &rate.remaining.to_string());
        put("x-rate-limit-reset", &rate.reset.to_string());
    }
    for link in &answer.links {
        put("link", link);
    }
    response
}
