//! Where the token may go: names that lead inside, names that change their mind, and TLS.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rolebook_fake_okta::{FakeOkta, Options, Org};
use rolebook_okta::{
    ApiToken, Client, ClientConfig, Domain, Error, Leg, LookupFn, Secret, install_crypto_provider,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::scripted::{Server, say};
use crate::{TOKEN, quick};

/// A resolver that gives one list of addresses after the other, and counts.
fn resolving(answers: &[&[&str]]) -> (LookupFn, Arc<AtomicUsize>) {
    let answers: Vec<Vec<IpAddr>> =
        answers.iter().map(|list| list.iter().map(|text| text.parse().unwrap()).collect()).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookup: LookupFn = Arc::new(move |_host| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let found = answers[number.min(answers.len() - 1)].clone();
        Box::pin(async move { Ok(found) })
    });
    (lookup, asked)
}

/// A configuration as in the field: https, a real name, nothing opened.
fn strict(domain: &str, lookup: LookupFn) -> ClientConfig {
    install_crypto_provider();
    let (domain, _) = Domain::parse(domain, false).unwrap();
    let mut config = ClientConfig::new(domain, ApiToken::new(&Secret::from(TOKEN)).unwrap());
    config.lookup = lookup;
    config.retry.base = std::time::Duration::from_millis(1);
    config
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_before_anything_is_sent() {
    for inside in [
        "127.0.0.1",
        "10.0.0.5",
        "169.254.169.254",
        "::1",
        "::ffff:192.168.1.1",
        "64:ff9b::a00:1",
        "100.64.0.1",
    ] {
        let (lookup, asked) = resolving(&[&[inside]]);
        let error = Client::new(strict("acme.okta.com", lookup)).unwrap().org().await.unwrap_err();
        let Error::Transport { leg: Leg::RefusedAddress, detail, .. } = &error else {
            panic!("{inside}: {error}")
        };
        assert!(detail.starts_with("acme.okta.com resolves to"), "{detail}");
        assert!(!error.is_transient());
        assert_eq!(asked.load(Ordering::SeqCst), 1, "it is not tried again");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_refused_then() {
    let fake = FakeOkta::start(Org::new("acme"), Options { tls: true, ..Options::default() }).unwrap();
    let port = fake.address().port();
    // First an address that is open to us, then the metadata service.
    let (lookup, asked) = resolving(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let mut config = strict(&format!("localhost.acme.example:{port}"), lookup);
    config.addresses.allow = vec!["127.0.0.0/8".parse().unwrap()];
    config.ca_pem = Some(fake.ca_pem().unwrap().into());
    config.retry.attempts = 2;
    let client = Client::new(config).unwrap();
    // The certificate is for another name: the address was allowed, the host was not believed.
    let first = client.org().await.unwrap_err();
    assert!(matches!(first, Error::Transport { leg: Leg::Tls, .. }), "{first}");
    let second = client.org().await.unwrap_err();
    assert!(matches!(second, Error::Transport { leg: Leg::RefusedAddress, .. }), "{second}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert!(fake.log().is_empty());
}

#[tokio::test]
async fn a_name_that_does_not_resolve_says_so() {
    let lookup: LookupFn = Arc::new(|_| Box::pin(async { Err(std::io::Error::other("no such host")) }));
    let error = Client::new(strict("acme.okta.com", lookup)).unwrap().org().await.unwrap_err();
    let Error::Transport { leg: Leg::Dns, detail, .. } = &error else { panic!("{error}") };
    assert_eq!(detail, "no such host");
    assert!(error.hint().contains("spelling"));
}

#[tokio::test]
async fn localhost_needs_loopback_to_be_open() {
    let server = Server::in_order([say(200, r#"{"id":"00o1"}"#)]).await;
    let url = server.url.replace("127.0.0.1", "localhost");
    let (lookup, _) = resolving(&[&["127.0.0.1"]]);
    let mut config = quick(&url, TOKEN);
    config.lookup = lookup;
    Client::new(config.clone()).unwrap().org().await.unwrap();
    config.addresses.allow_loopback = false;
    let error = Client::new(config).unwrap().org().await.unwrap_err();
    assert!(matches!(error, Error::Transport { leg: Leg::RefusedAddress, .. }), "{error}");
}

#[tokio::test]
async fn tls_needs_a_certificate_that_is_trusted() {
    let fake = FakeOkta::start(Org::new("acme"), Options { tls: true, ..Options::default() }).unwrap();
    assert!(fake.url().starts_with("https://"));
    let mut config = quick(fake.url(), &fake.token("super"));
    let error = Client::new(config.clone()).unwrap().org().await.unwrap_err();
    assert!(matches!(error, Error::Transport { leg: Leg::Tls, .. }), "{error}");
    assert!(error.hint().contains("CA"));
    config.ca_pem = Some(fake.ca_pem().unwrap().into());
    assert_eq!(Client::new(config.clone()).unwrap().org().await.unwrap().subdomain.as_deref(), Some("acme"));
    for pem in ["", "no certificate here"] {
        config.ca_pem = Some(pem.into());
        assert!(matches!(Client::new(config.clone()), Err(Error::Setup(_))));
    }
}

#[tokio::test]
async fn a_port_that_speaks_no_tls_is_a_tls_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = quick(&format!("https://{}", listener.local_addr().unwrap()), TOKEN);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 1024];
        let _ = stream.read(&mut hello).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let error = Client::new(config).unwrap().org().await.unwrap_err();
    assert!(matches!(error, Error::Transport { leg: Leg::Tls, .. }), "{error}");
}

/// The look tells the issuer of a certificate, trusted or not, and sends nothing.
#[tokio::test]
async fn a_look_sees_the_way_and_asks_nothing() {
    let fake = FakeOkta::start(Org::new("acme"), Options { tls: true, ..Options::default() }).unwrap();
    let mut config = quick(fake.url(), &fake.token("super"));
    for ca in [None, Some(fake.ca_pem().unwrap().into())] {
        config.ca_pem = ca;
        let look = Client::new(config.clone()).unwrap().look().await;
        assert!(look.failure.is_none(), "{look:?}");
        assert_eq!(look.issuer.as_deref(), Some("fake-okta test CA"));
        assert_eq!(look.connected.map(|to| to.ip()), look.addresses.first().copied());
    }
    assert!(fake.log().is_empty());
    let plain = FakeOkta::start(Org::new("acme"), Options::default()).unwrap();
    let look = Client::new(quick(plain.url(), TOKEN)).unwrap().look().await;
    assert!(look.failure.is_none() && look.connected.is_some() && look.issuer.is_none(), "{look:?}");
}

#[tokio::test]
async fn a_look_says_where_the_way_ends() {
    let leg = async |config: ClientConfig| {
        let look = Client::new(config).unwrap().look().await;
        match look.failure {
            Some(Error::Transport { leg, .. }) => leg,
            other => panic!("{other:?}"),
        }
    };
    let mut config = quick("https://nowhere.okta.com", TOKEN);
    config.lookup = Arc::new(|_| Box::pin(async { Err(std::io::Error::other("no such host")) }));
    assert_eq!(leg(config.clone()).await, Leg::Dns);
    config.lookup = Arc::new(|_| Box::pin(async { Ok(vec!["10.0.0.1".parse().unwrap()]) }));
    assert_eq!(leg(config).await, Leg::RefusedAddress);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    assert_eq!(leg(quick(&here, TOKEN)).await, Leg::Tls);
    // The listener is gone.
    assert_eq!(leg(quick(&here, TOKEN)).await, Leg::Connect);
}
