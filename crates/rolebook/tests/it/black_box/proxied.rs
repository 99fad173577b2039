//! Through a proxy that speaks CONNECT, from the command line and from the environment.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use rolebook_fake_okta::{FakeOkta, Options};

use super::{
    orgs,
    place::{Call, Place, unlimited},
};

const HOST: &str = "acme.okta.com";
const PASSWORD: &str = "canaryPassword42";

/// Lets everybody through to one place, whatever name they ask for; some must say who they are.
struct ConnectProxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    fn start(to: SocketAddr, needs_credentials: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let proxy = Self { address, heads: Arc::clone(&heads) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let heads = Arc::clone(&heads);
                std::thread::spawn(move || pass(stream, to, needs_credentials, &heads));
            }
        });
        proxy
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Requests since the last look.
    fn asked(&self) -> usize {
        std::mem::take(&mut *self.heads.lock().unwrap()).len()
    }
}

fn pass(mut stream: TcpStream, to: SocketAddr, needs_credentials: bool, heads: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    heads.lock().unwrap().push(head.clone());
    assert!(head.starts_with(&format!("CONNECT {HOST}:443 ")), "{head}");
    // ann:canaryPassword42
    if needs_credentials && !head.contains("Basic YW5uOmNhbmFyeVBhc3N3b3JkNDI=") {
        let _ = stream.write_all(b"HTTP/1.1 407 who are you\r\n\r\n");
        return;
    }
    let okta = TcpStream::connect(to).unwrap();
    stream.write_all(b"HTTP/1.1 200 established\r\n\r\n").unwrap();
    let (mut from_okta, mut to_client) = (okta.try_clone().unwrap(), stream.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut from_okta, &mut to_client));
    let mut okta = okta;
    let _ = std::io::copy(&mut stream, &mut okta);
}

fn okta() -> FakeOkta {
    let options = Options {
        tls: true,
        host_names: vec![HOST.to_owned()],
        next_origin: Some(format!("https://{HOST}")),
        ..unlimited()
    };
    FakeOkta::start(orgs::small(), options).unwrap()
}

fn call(place: &Place, fake: &FakeOkta, arguments: &str) -> Call {
    place.write("ca.pem", fake.ca_pem().unwrap());
    place
        .call(&format!("{arguments} --domain {HOST} --ca-file ca.pem"))
        .env("ROLEBOOK_API_TOKEN", &fake.token("super"))
}

#[test]
fn the_flag_and_the_variables_lead_through_it() {
    let (place, fake) = (Place::new(), okta());
    let proxy = ConnectProxy::start(fake.address(), false);
    let url = proxy.url();
    // Nothing listens there.
    let elsewhere = "http://127.0.0.1:9";
    let sync = |arguments: &str| call(&place, &fake, &format!("sync {arguments}"));
    for call in [
        sync(&format!("--proxy {url}")),
        sync("").env("ROLEBOOK_PROXY", &url),
        sync("").env("HTTPS_PROXY", &url),
        sync("").env("https_proxy", &url),
        sync("").env("HTTPS_PROXY", elsewhere).env("https_proxy", &url),
        // The flag counts, whatever the variables say.
        sync(&format!("--proxy {url}")).env("HTTPS_PROXY", elsewhere).env("NO_PROXY", "*"),
        sync("").env("HTTPS_PROXY", &url).env("NO_PROXY", "other.test,10.0.0.0/8"),
    ] {
        call.end().succeeded();
        assert!(proxy.asked() > 0);
    }
    place.write("rolebook.toml", format!("proxy = \"{url}\"\n"));
    sync("").end().succeeded();
    assert!(proxy.asked() > 0);
}

#[test]
fn a_domain_on_this_machine_goes_without_the_variables() {
    let (place, fake) = (Place::new(), super::place::okta(orgs::small()));
    let nowhere = "http://127.0.0.1:9";
    place
        .connected(&fake, "super", "check")
        .env("HTTPS_PROXY", nowhere)
        .env("ALL_PROXY", nowhere)
        .end()
        .succeeded();
    place.connected(&fake, "super", "check").env("HTTPS_PROXY", "socks5://x:1").end().succeeded();
    place.connected(&fake, "super", "check --proxy none").env("HTTPS_PROXY", nowhere).end().succeeded();
    place.connected(&fake, "super", "check --proxy http://127.0.0.1:9").end().failed(2).says(["plain http"]);
}

#[test]
fn exceptions_go_without_it() {
    let (place, fake) = (Place::new(), okta());
    let proxy = ConnectProxy::start(fake.address(), false);
    let call = call(&place, &fake, "check").env("HTTPS_PROXY", &proxy.url()).env("NO_PROXY", "okta.test");
    // `.test` resolves nowhere, so only the proxy could have found it.
    call.arg("--domain=acme.okta.test").end().failed(1).says(["does not resolve"]);
    assert_eq!(proxy.asked(), 0);
}

#[test]
fn credentials_come_from_a_file_and_are_never_told() {
    let (place, fake) = (Place::new(), okta());
    let proxy = ConnectProxy::start(fake.address(), true);
    let url = proxy.url();
    place.write("proxy.txt", format!("ann:{PASSWORD}\n"));
    let trace = |rest: &str| call(&place, &fake, &format!("check --log-level trace {rest}"));
    let with_password = url.replace("http://", &format!("http://ann:{PASSWORD}@"));
    let hidden = |end: &super::place::End| {
        let encoded = "YW5uOmNhbmFyeVBhc3N3b3JkNDI";
        for secret in [PASSWORD, encoded] {
            assert!(!end.out.contains(secret) && !end.err.contains(secret), "{end:#?}");
        }
    };
    for call in [
        trace(&format!("--proxy {url} --proxy-credentials-file proxy.txt")),
        trace("--proxy-credentials-file proxy.txt").env("HTTPS_PROXY", &url),
        trace(&format!("--proxy {url} --proxy-credentials-file -")).stdin(format!("ann:{PASSWORD}")),
        trace("").env("HTTPS_PROXY", &with_password),
    ] {
        hidden(&call.end().succeeded());
        assert!(proxy.asked() > 0);
    }
    let refused = call(&place, &fake, &format!("check --proxy {url}")).end().failed(1);
    refused.says(["the proxy wants credentials", "--proxy-credentials-file"]);
    for (arguments, code) in [
        (format!("--proxy {with_password}"), 2),
        (format!("--proxy {url} --proxy-credentials-file absent.txt"), 3),
        (format!("--proxy {url} --proxy-credentials-file ca.pem"), 2),
        ("--proxy socks5://127.0.0.1:1080".to_owned(), 2),
    ] {
        let end = call(&place, &fake, &format!("check {arguments}")).end().failed(code);
        hidden(&end);
        assert!(end.err.contains("proxy"), "{end:#?}");
    }
}
