//! HTTP/1.1 connections, with limits that keep slow or greedy peers from using up the process.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    serve::Listener,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rolebook_okta::CancellationToken;
use tokio::task::JoinSet;
use tower::Service;
use tower_http::timeout::TimeoutBody;

use crate::tls::Peer;

/// Limits of the listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Connections in all.
    pub(crate) all: usize,
    /// Connections of one address.
    pub(crate) per_peer: usize,
    /// Time to send the headers of a request.
    pub(crate) header: Duration,
    /// Time between two parts of a body.
    pub(crate) body: Duration,
}

impl Limits {
    /// Below the usual limit of 1,024 open files. Behind a proxy every connection has the proxy's address.
    pub(crate) fn new(behind_proxy: bool) -> Self {
        let all = 768;
        let per_peer = if behind_proxy { all } else { 256 };
        Self { all, per_peer, header: Duration::from_secs(10), body: Duration::from_secs(30) }
    }
}

/// Open connections by address.
#[derive(Default)]
struct Open(Mutex<HashMap<IpAddr, usize>>);

/// One counted connection; it counts until it is dropped.
struct Counted {
    open: Arc<Open>,
    peer: IpAddr,
}

impl Counted {
    fn new(open: &Arc<Open>, peer: IpAddr, limits: Limits) -> Option<Self> {
        let mut counts = open.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.get(&peer).copied().unwrap_or(0);
        if own >= limits.per_peer || counts.values().sum::<usize>() >= limits.all {
            return None;
        }
        counts.insert(peer, own + 1);
        Some(Self { open: Arc::clone(open), peer })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get_mut(&self.peer) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(counts.remove(&self.peer)),
        }
    }
}

/// Serves connections until `stop`; then requests under way are answered.
pub(crate) async fn serve<L>(mut listener: L, router: Router, limits: Limits, stop: CancellationToken)
where
    L: Listener<Addr = SocketAddr>,
{
    let open = Arc::new(Open::default());
    let mut tasks = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            taken = listener.accept() => taken,
            Some(_) = tasks.join_next() => continue,
            () = stop.cancelled() => break,
        };
        let Some(counted) = Counted::new(&open, peer.ip(), limits) else {
            tracing::debug!(%peer, "a connection was refused: too many are open");
            continue;
        };
        let (router, stop) = (router.clone(), stop.clone());
        tasks.spawn(async move {
            let _counted = counted;
            let service = service_fn(move |request: Request<Incoming>| {
                let mut request = request.map(|body| Box::pin(TimeoutBody::new(limits.body, body)));
                request.extensions_mut().insert(ConnectInfo(Peer(peer)));
                router.clone().call(request)
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.header)
                .serve_connection(TokioIo::new(stream), service);
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%peer, %error, "a connection broke off");
            }
        });
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    async fn start(limits: Limits) -> (SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let router = Router::new().route("/live", axum::routing::get(|| async { "alive\n" }));
        tokio::spawn(serve(listener, router, limits, stop.clone()));
        (address, stop)
    }

    /// What the peer answers until it closes.
    async fn ask(address: SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    const ASK: &[u8] = b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    #[tokio::test]
    async fn connections_beyond_the_cap_are_closed_and_half_sent_headers_end() {
        let limits = Limits { per_peer: 3, header: Duration::from_millis(300), ..Limits::new(false) };
        let (address, stop) = start(limits).await;
        let mut slow = Vec::new();
        for _ in 0..3 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /live HTTP/1.1\r\nHos").await.unwrap();
            slow.push(stream);
        }
        assert_eq!(ask(address, ASK).await, "", "a fourth connection of this peer");
        for mut stream in slow {
            // Ends by the server's own timeout; the client never closes.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        assert!(ask(address, ASK).await.ends_with("alive\n"));
        stop.cancel();
    }

    #[tokio::test]
    async fn http_2_with_prior_knowledge_is_not_spoken() {
        let (address, stop) = start(Limits::new(false)).await;
        let answer = ask(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
        assert!(!answer.starts_with('\0'), "no SETTINGS frame: {answer:?}");
        stop.cancel();
    }
}
