//! A console that speaks TLS itself.

use std::{path::Path, sync::Arc, time::Duration};

use rcgen::{CertificateParams, KeyPair};
use rolebook_console::{ConsoleConfig, ConsoleError, Front, Server, TlsFiles};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::house::House;

/// Writes a certificate of its own and its key; gives the certificate.
fn renew(folder: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    certificate.der().clone()
}

fn config(house: &House, folder: &Path) -> ConsoleConfig {
    let files = TlsFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    ConsoleConfig { data: folder.join("data"), front: Front::Tls(files), ..house.config() }
}

/// Asks for a page, trusting this certificate alone.
async fn get(server: &Server, trusted: &CertificateDer<'static>, path: &str) -> std::io::Result<String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(server.address()).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    let ask = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address());
    stream.write_all(ask.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn it_speaks_tls_and_stays_reachable_beside_peers_that_do_not() {
    let house = House::demo().await;
    let folder = tempfile::tempdir().unwrap();
    let trusted = renew(folder.path());
    let server = Server::start(config(&house, folder.path()), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    assert_eq!(server.url(), format!("https://{}", server.address()));

    // One says nothing, one speaks plain HTTP, one does not trust the certificate.
    let silent = TcpStream::connect(server.address()).await.unwrap();
    let mut plain = TcpStream::connect(server.address()).await.unwrap();
    plain.write_all(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("alive"), "nothing is told without TLS");
    let elsewhere = tempfile::tempdir().unwrap();
    get(&server, &renew(elsewhere.path()), "/live").await.unwrap_err();

    let answer = get(&server, &trusted, "/live").await.unwrap();
    assert!(answer.ends_with("alive\n"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
    // The peer of a request is known: metrics are for this machine.
    assert!(get(&server, &trusted, "/metrics").await.unwrap().contains("rolebook_"));
    let link = server.first_link().await.unwrap().unwrap();
    let path = link.strip_prefix(server.url()).unwrap();
    assert!(get(&server, &trusted, path).await.unwrap().contains("Create the Super Administrator"));
    drop(silent);
    tokio::time::timeout(Duration::from_secs(20), server.stop()).await.unwrap();
}

#[tokio::test]
async fn files_that_are_no_good_are_refused_before_anything_is_made() {
    let house = House::demo().await;
    let folder = tempfile::tempdir().unwrap();
    renew(folder.path());
    let good_key = std::fs::read(folder.path().join("key.pem")).unwrap();
    renew(folder.path());
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let start = || async {
        match Server::start(config(&house, folder.path()), "127.0.0.1:0".parse().unwrap()).await {
            Err(error @ ConsoleError::Tls { .. }) => error.to_string(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it started"),
        }
    };
    std::fs::write(&key, &good_key).unwrap();
    assert!(start().await.contains("key.pem cannot be used"), "the key of another certificate");
    std::fs::write(&key, "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n").unwrap();
    let told = start().await;
    assert!(told.contains("key.pem cannot be used") && !told.contains("c2VjcmV0"), "{told}");
    std::fs::write(&certificate, "").unwrap();
    assert!(start().await.contains("certificate.pem cannot be used: it holds no certificate"));
    std::fs::remove_file(&certificate).unwrap();
    assert!(start().await.contains("certificate.pem cannot be used"));
    assert!(!folder.path().join("data").exists());
}
