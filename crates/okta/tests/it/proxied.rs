//! Through a proxy: a small one that speaks CONNECT, and what it sees of us.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rolebook_fake_okta::{FakeOkta, Group, Options, Org};
use rolebook_okta::{
    ApiToken, Client, ClientConfig, Domain, Error, GroupQuery, Leg, LookupFn, Proxy, ProxyError, Secret,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::governor;
use crate::scripted::Server;

const HOST: &str = "acme.okta.com";
const CREDENTIALS: &str = "ann:canary word";
/// The same in base64.
const ENCODED: &str = "YW5uOmNhbmFyeSB3b3Jk";

/// A proxy that lets everybody through to one place, whatever name they ask for.
struct ConnectProxy {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
    accept: JoinHandle<()>,
}

impl ConnectProxy {
    /// `refusal` is what it says instead of letting through, by the number of the request.
    async fn start(
        to: SocketAddr,
        refusal: impl Fn(usize, &str) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let refusal = Arc::new(refusal);
        let accept = tokio::spawn({
            let heads = Arc::clone(&heads);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(pass(stream, to, Arc::clone(&heads), Arc::clone(&refusal)));
                }
            }
        });
        Self { url, heads, accept }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

async fn pass(
    mut stream: TcpStream,
    to: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    refusal: Arc<impl Fn(usize, &str) -> Option<&'static str>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let number = {
        let mut heads = heads.lock().unwrap();
        heads.push(head.clone());
        heads.len() - 1
    };
    if let Some(words) = refusal(number, &head) {
        let _ = stream.write_all(format!("HTTP/1.1 {words}\r\n\r\n").as_bytes()).await;
        return;
    }
    let mut okta = TcpStream::connect(to).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 established\r\n\r\n").await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut okta).await;
}

fn okta() -> FakeOkta {
    let org = (0..250).fold(Org::new("acme"), |org, n| org.group(Group::new(format!("g{n}"))));
    let options = Options {
        tls: true,
        host_names: vec![HOST.to_owned()],
        next_origin: Some(format!("https://{HOST}")),
        ..Options::default()
    };
    FakeOkta::start(org, options).unwrap()
}

/// Names resolve to nothing here, as in a network whose only way out is the proxy.
fn nowhere() -> (LookupFn, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookup: LookupFn = Arc::new(move |host| {
        count.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            // The proxy's own name leads inside, where proxies are.
            if host == "proxy.corp" { Ok(vec!["127.0.0.1".parse().unwrap()]) } else { Ok(Vec::new()) }
        })
    });
    (lookup, asked)
}

fn config(fake: &FakeOkta, proxy: Option<Proxy>) -> ClientConfig {
    rolebook_okta::install_crypto_provider();
    let (domain, _) = Domain::parse(HOST, false).unwrap();
    let token = fake.token("super");
    let mut config = ClientConfig::new(domain, ApiToken::new(&Secret::from(token.as_str())).unwrap());
    config.ca_pem = Some(fake.ca_pem().unwrap().into());
    config.lookup = nowhere().0;
    config.retry.base = std::time::Duration::from_millis(1);
    config.governor = governor(|_| {});
    config.proxy = proxy;
    config
}

#[tokio::test]
async fn the_proxy_finds_okta_and_sees_its_name_only() {
    let fake = okta();
    let proxy = ConnectProxy::start(fake.address(), |_, _| None).await;
    let port = proxy.url.rsplit(':').next().unwrap();
    // By address, and by a name that leads inside: the address rules are not for proxies.
    for url in [proxy.url.clone(), format!("http://proxy.corp:{port}"), format!("PROXY.corp:{port}")] {
        let proxied = Proxy::parse(&url).unwrap().with_credentials(&Secret::from(CREDENTIALS)).unwrap();
        let client = Client::new(config(&fake, Some(proxied))).unwrap();
        assert_eq!(client.groups(&GroupQuery::default()).unwrap().all().await.unwrap().0.len(), 250);
    }
    let heads = proxy.heads();
    assert_eq!(heads.len(), 3, "{heads:?}");
    for head in heads {
        assert!(head.starts_with("CONNECT acme.okta.com:443 HTTP/1.1\r\n"), "{head}");
        assert!(
            head.to_ascii_lowercase()
                .contains(&format!("proxy-authorization: basic {}\r\n", ENCODED.to_ascii_lowercase()))
        );
        assert!(!head.contains("SSWS") && !head.contains("/api/"), "{head}");
    }
    // The credentials are the proxy's alone.
    assert!(fake.log().iter().all(|logged| logged.status == 200));
}

#[tokio::test]
async fn without_the_proxy_nothing_is_found_and_exceptions_go_without_it() {
    let fake = okta();
    let proxy = ConnectProxy::start(fake.address(), |_, _| None).await;
    let except = |list: &str| Proxy::from_variables(&Secret::from(proxy.url.as_str()), list).unwrap();
    for (proxied, through) in [
        (None, false),
        (Some(except("")), true),
        (Some(except("corp.test,acme.okta.com")), false),
        (Some(except(".okta.com")), false),
        (Some(except("okta.com")), false),
        (Some(except("*")), false),
        (Some(except("notokta.com, 10.0.0.0/8, me.okta.com")), true),
    ] {
        let mut config = config(&fake, proxied.clone());
        config.retry.attempts = 1;
        let read = Client::new(config).unwrap().org().await;
        match read {
            Ok(_) => assert!(through, "{proxied:?}"),
            Err(Error::Transport { leg: Leg::Dns, .. }) => assert!(!through, "{proxied:?}"),
            Err(error) => panic!("{proxied:?}: {error}"),
        }
    }
}

/// Who resolves to an inner address directly is refused, proxy or not; behind the proxy it is the proxy's matter.
#[tokio::test]
async fn the_rules_for_names_hold_and_those_for_addresses_are_the_proxys() {
    for domain in ["10.0.0.5", "okta.internal", "acme.local", "http://acme.okta.com", "[::1]"] {
        Domain::parse(domain, false).unwrap_err();
    }
    let fake = okta();
    let proxy = ConnectProxy::start(fake.address(), |_, _| None).await;
    let inside: LookupFn = Arc::new(|_| Box::pin(async { Ok(vec!["127.0.0.1".parse().unwrap()]) }));
    let except = |list: &str| Proxy::from_variables(&Secret::from(proxy.url.as_str()), list).unwrap();
    let mut direct = config(&fake, Some(except(HOST)));
    direct.lookup = Arc::clone(&inside);
    let error = Client::new(direct).unwrap().org().await.unwrap_err();
    assert!(matches!(error, Error::Transport { leg: Leg::RefusedAddress, .. }), "{error}");
    let mut proxied = config(&fake, Some(except("")));
    proxied.lookup = inside;
    Client::new(proxied).unwrap().org().await.unwrap();
}

#[tokio::test]
async fn what_the_proxy_refuses_is_told() {
    let fake = okta();
    let attempt =
        async |proxied: Proxy| Client::new(config(&fake, Some(proxied))).unwrap().org().await.unwrap_err();

    let proxy = ConnectProxy::start(fake.address(), |_, head| {
        (!head.to_ascii_lowercase().contains("proxy-authorization")).then_some("407 who are you")
    })
    .await;
    let proxied = Proxy::parse(&proxy.url).unwrap();
    let error = attempt(proxied.clone()).await;
    assert!(matches!(error, Error::Transport { leg: Leg::ProxyCredentials, .. }), "{error}");
    assert!(error.hint().contains("--proxy-credentials-file"));
    assert_eq!(proxy.heads().len(), 1, "asking again does not help");
    let known = proxied.with_credentials(&Secret::from(CREDENTIALS)).unwrap();
    Client::new(config(&fake, Some(known))).unwrap().org().await.unwrap();

    let proxy = ConnectProxy::start(fake.address(), |_, _| Some("403 not there")).await;
    let error = attempt(Proxy::parse(&proxy.url).unwrap()).await;
    assert_eq!(error.to_string(), "no way through the proxy: GET /api/v1/org: unsuccessful");
    assert!(error.is_transient() && error.hint().contains("proxy"));
    // One that is busy is asked again.
    let proxy = ConnectProxy::start(fake.address(), |number, _| (number < 2).then_some("503 busy")).await;
    Client::new(config(&fake, Some(Proxy::parse(&proxy.url).unwrap()))).unwrap().org().await.unwrap();

    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = attempt(Proxy::parse(&gone.to_string()).unwrap()).await;
    assert!(matches!(error, Error::Transport { leg: Leg::Proxy, .. }), "{error}");
    let error = attempt(Proxy::parse("http://lost.corp:3128").unwrap()).await;
    assert!(matches!(error, Error::Transport { leg: Leg::Proxy, .. }), "{error}");
}

/// A proxy that opens TLS shows a certificate of its own.
#[tokio::test]
async fn a_proxy_that_opens_tls_is_a_stranger_without_its_ca() {
    let (fake, other) = (okta(), okta());
    let proxy = ConnectProxy::start(other.address(), |_, _| None).await;
    let proxied = Proxy::parse(&proxy.url).unwrap();
    let error = Client::new(config(&fake, Some(proxied))).unwrap().org().await.unwrap_err();
    assert!(matches!(error, Error::Transport { leg: Leg::Tls, .. }), "{error}");
    assert!(error.hint().contains("proxy"), "{}", error.hint());
    assert!(other.log().is_empty());
}

#[tokio::test]
async fn plain_http_does_not_go_through_a_proxy() {
    let server = Server::in_order([crate::scripted::say(200, "{}")]).await;
    let mut config = crate::quick(&server.url, crate::TOKEN);
    config.proxy = Some(Proxy::parse("http://127.0.0.1:9").unwrap());
    let error = Client::new(config).unwrap_err();
    assert!(matches!(error, Error::Proxy(ProxyError::PlainHttp)), "{error}");
}

/// A look goes the same way as requests do, and tells the proxy's refusals apart.
#[tokio::test]
async fn a_look_through_the_proxy_sees_the_certificate() {
    let fake = okta();
    let proxy = ConnectProxy::start(fake.address(), |_, head| {
        (!head.to_ascii_lowercase().contains("proxy-authorization")).then_some("407 who are you")
    })
    .await;
    let stranger = Proxy::parse(&proxy.url).unwrap();
    let known = stranger.clone().with_credentials(&Secret::from(CREDENTIALS)).unwrap();
    let look = Client::new(config(&fake, Some(known))).unwrap().look().await;
    assert!(look.failure.is_none(), "{look:?}");
    assert_eq!(look.issuer.as_deref(), Some("fake-okta test CA"));
    let leg = async |proxied: Proxy| match Client::new(config(&fake, Some(proxied)))
        .unwrap()
        .look()
        .await
        .failure
    {
        Some(Error::Transport { leg, .. }) => leg,
        other => panic!("{other:?}"),
    };
    assert_eq!(leg(stranger).await, Leg::ProxyCredentials);
    let closed = ConnectProxy::start(fake.address(), |_, _| Some("403 not there")).await;
    assert_eq!(leg(Proxy::parse(&closed.url).unwrap()).await, Leg::Proxy);
    assert!(fake.log().is_empty());
}
