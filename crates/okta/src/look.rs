//! A look at the way to the org: name, address, connection, certificate. Nothing of ours is sent, no token and no
//! request: the TLS handshake is broken off as soon as the other side has shown its certificate. A proxy is asked for
//! the way, as by any request.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use crate::address::vet_host;
use crate::certificate;
use crate::client::Client;
use crate::error::Error;
use crate::foreign_text::tame;
use crate::proxy::Proxy;
use crate::reply::Leg;

/// A proxy's answer to `CONNECT` is a few lines.
const LONGEST_ANSWER: usize = 16 * 1024;

/// How far the way was seen.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Look {
    /// Addresses of the host that this client may talk to, or of the proxy.
    pub addresses: Vec<IpAddr>,
    /// The one that took the connection.
    pub connected: Option<SocketAddr>,
    /// Who issued the certificate that was shown: a public authority, or a proxy's own. Not verified here.
    pub issuer: Option<String>,
    /// Where the way ended, when it did not lead to a certificate (or, without TLS, to a connection).
    pub failure: Option<Error>,
}

impl Client {
    /// Looks at the way to the org.
    pub async fn look(&self) -> Look {
        let mut look = Look::default();
        if let Err(error) = self.look_into(&mut look).await {
            look.failure = Some(error);
        }
        look
    }

    async fn look_into(&self, look: &mut Look) -> Result<(), Error> {
        let config = self.config();
        let host = config.domain.host().to_owned();
        let stream = match self.proxy() {
            Some(proxy) if proxy.is_plain() => {
                look.addresses = match literal(proxy.host()) {
                    Some(address) => vec![address],
                    None => (config.lookup)(proxy.host().to_owned())
                        .await
                        .map_err(|error| failed(Leg::Proxy, &error.to_string()))?,
                };
                if look.addresses.is_empty() {
                    return Err(failed(Leg::Proxy, "its name does not resolve"));
                }
                let stream = self.connect(look, proxy.port(), Leg::Proxy).await?;
                let to = format!("{host}:{}", config.domain.port());
                let tunnel = tunnel(stream, proxy, &to);
                match tokio::time::timeout(config.connect_timeout, tunnel).await {
                    Ok(stream) => stream?,
                    Err(_) => return Err(failed(Leg::Proxy, "the proxy does not answer")),
                }
            }
            // What an encrypted proxy shows is seen by requests alone.
            Some(_) => return Ok(()),
            None => {
                look.addresses = match literal(&host) {
                    Some(address) => vec![address],
                    None => vet_host(&config.addresses, &config.lookup, host.clone())
                        .await
                        .map_err(|(leg, text)| failed(leg, &text))?,
                };
                self.connect(look, config.domain.port(), Leg::Connect).await?
            }
        };
        if !config.domain.is_secure() {
            return Ok(());
        }
        let name = ServerName::try_from(host).map_err(|error| failed(Leg::Tls, &error.to_string()))?;
        let witness = Arc::new(Witness::default());
        let verifier: Arc<dyn ServerCertVerifier> = Arc::<Witness>::clone(&witness);
        let tls = ClientConfig::builder()
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        let handshake = TlsConnector::from(Arc::new(tls)).connect(name, stream);
        let ended = tokio::time::timeout(config.connect_timeout, handshake).await;
        if let Some(seen) = witness.seen.lock().unwrap_or_else(PoisonError::into_inner).take() {
            look.issuer =
                Some(certificate::issuer(&seen).unwrap_or_else(|| "an issuer without a name".to_owned()));
            return Ok(());
        }
        Err(match ended {
            Ok(Err(error)) => failed(Leg::Tls, &error.to_string()),
            // The witness lets no handshake end well, so this is silence.
            _ => failed(Leg::Tls, "no answer to the TLS handshake"),
        })
    }

    async fn connect(&self, look: &mut Look, port: u16, leg: Leg) -> Result<TcpStream, Error> {
        let config = self.config();
        let mut last = None;
        for address in &look.addresses {
            let to = SocketAddr::new(*address, port);
            match tokio::time::timeout(config.connect_timeout, TcpStream::connect(to)).await {
                Ok(Ok(stream)) => {
                    look.connected = Some(to);
                    return Ok(stream);
                }
                Ok(Err(error)) => last = Some(format!("{to}: {error}")),
                Err(_) => {
                    last = Some(format!("{to}: no answer within {} s", config.connect_timeout.as_secs()))
                }
            }
        }
        Err(failed(leg, &last.unwrap_or_default()))
    }
}

/// The address that a host is, when it is no name.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

/// Asks a proxy for the way to a host.
async fn tunnel(mut stream: TcpStream, proxy: &Proxy, to: &str) -> Result<TcpStream, Error> {
    let broken = |error: std::io::Error| failed(Leg::Proxy, &error.to_string());
    let mut request = Zeroizing::new(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n"));
    if let Some(authorization) = proxy.authorization() {
        request.push_str("Proxy-Authorization: ");
        request.push_str(&authorization);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") && answer.len() < LONGEST_ANSWER {
        answer.push(stream.read_u8().await.map_err(broken)?);
    }
    let answer = String::from_utf8_lossy(&answer);
    let line = answer.lines().next().unwrap_or_default();
    match line.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => Ok(stream),
        Some("407") => Err(failed(Leg::ProxyCredentials, line)),
        _ => Err(failed(Leg::Proxy, line)),
    }
}

fn failed(leg: Leg, detail: &str) -> Error {
    Error::Transport { leg, method: Method::GET, target: "/".to_owned(), detail: tame(detail) }
}

/// Notes the certificate and refuses every one.
#[derive(Debug, Default)]
struct Witness {
    seen: Mutex<Option<Vec<u8>>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(end_entity.to_vec());
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
