//! Listening with TLS, for a console that no proxy stands before.
//!
//! Handshakes run beside one another and have a time limit, so that a peer that says nothing holds nobody up. A
//! certificate that was renewed in its file is shown from the next look on, without a restart.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use axum::serve::Listener;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::ConsoleError;

/// A handshake takes at most so long.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at the same time; more wait in the system's queue.
const AT_ONCE: usize = 256;
/// The files are looked at no more often than this.
const LOOK: Duration = Duration::from_secs(60);

/// Certificate and key, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and the ones that lead to its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl TlsFiles {
    fn load(&self) -> Result<Arc<CertifiedKey>, ConsoleError> {
        let failed = |path: &PathBuf, reason: String| ConsoleError::Tls { path: path.clone(), reason };
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| failed(&self.certificate, error.to_string()))?;
        if chain.is_empty() {
            return Err(failed(&self.certificate, "it holds no certificate".to_owned()));
        }
        // Errors of reading a key say where it is broken, never what it holds.
        let key =
            PrivateKeyDer::from_pem_file(&self.key).map_err(|error| failed(&self.key, error.to_string()))?;
        let key = aws_lc_rs::sign::any_supported_type(&key)
            .map_err(|error| failed(&self.key, error.to_string()))?;
        let pair = CertifiedKey::new(chain, key);
        pair.keys_match().map_err(|error| failed(&self.key, error.to_string()))?;
        Ok(Arc::new(pair))
    }

    fn written(&self) -> Option<(SystemTime, SystemTime)> {
        let time = |path: &PathBuf| std::fs::metadata(path).and_then(|meta| meta.modified()).ok();
        Some((time(&self.certificate)?, time(&self.key)?))
    }
}

/// Shows the certificate, and follows its files.
#[derive(Debug)]
struct Shown {
    files: TlsFiles,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pair: Arc<CertifiedKey>,
    written: Option<(SystemTime, SystemTime)>,
    looked: Instant,
}

impl Shown {
    fn current(&self, look: Duration) -> Arc<CertifiedKey> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= look {
            state.looked = Instant::now();
            let written = self.files.written();
            if written.is_some() && written != state.written {
                match self.files.load() {
                    Ok(pair) => (state.pair, state.written) = (pair, written),
                    // Half a renewal: the old pair goes on, and the next look tries again.
                    Err(error) => tracing::warn!(%error, "the renewed certificate is not used"),
                }
            }
        }
        Arc::clone(&state.pair)
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current(LOOK))
    }
}

/// Takes connections whose handshake is done.
pub(crate) struct TlsListener {
    arrived: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    /// Begins to take connections.
    pub(crate) fn new(
        listener: TcpListener,
        address: SocketAddr,
        files: &TlsFiles,
    ) -> Result<Self, ConsoleError> {
        let state = State { written: files.written(), pair: files.load()?, looked: Instant::now() };
        let shown = Shown { files: files.clone(), state: Mutex::new(state) };
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| ConsoleError::Tls {
                path: files.certificate.clone(),
                reason: error.to_string(),
            })?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let (sender, arrived) = mpsc::channel(AT_ONCE);
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), sender));
        Ok(Self { arrived, address })
    }
}

async fn accept(
    mut listener: TcpListener,
    acceptor: TlsAcceptor,
    sender: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let (stream, peer) = tokio::select! {
            // axum's own way to accept: what goes wrong is waited out.
            taken = Listener::accept(&mut listener) => taken,
            () = sender.closed() => return,
        };
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        tokio::spawn(async move {
            let _slot = slot;
            match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // A console that has stopped takes nobody.
                Ok(Ok(stream)) => drop(sender.send((stream, peer)).await),
                Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
                Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
            }
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.arrived.recv().await {
            Some(taken) => taken,
            // The task that accepts ends only after this.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn renew(files: &TlsFiles) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        std::fs::write(&files.certificate, certificate.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        certificate.der().to_vec()
    }

    #[test]
    fn a_renewed_certificate_is_shown_and_half_a_renewal_is_waited_out() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificate: folder.path().join("c"), key: folder.path().join("k") };
        let first = renew(&files);
        let state = State { written: None, pair: files.load().unwrap(), looked: Instant::now() };
        let shown = Shown { files: files.clone(), state: Mutex::new(state) };
        let der = |look| shown.current(look).cert[0].to_vec();
        assert_eq!(der(Duration::ZERO), first);

        let whole = std::fs::read(&files.key).unwrap();
        let second = renew(&files);
        let new_key = std::fs::read(&files.key).unwrap();
        std::fs::write(&files.key, &whole).unwrap();
        assert_eq!(der(Duration::ZERO), first, "certificate and key do not belong together yet");
        std::fs::write(&files.key, &new_key).unwrap();
        assert_eq!(der(LOOK), first, "it is not looked at so soon");
        shown.state.lock().unwrap().written = None;
        assert_eq!(der(Duration::ZERO), second);
        std::fs::remove_file(&files.certificate).unwrap();
        assert_eq!(der(Duration::ZERO), second);
    }
}
