//! The token is seen in the Authorization header and nowhere else.

use std::io;
use std::sync::{Arc, Mutex};

use rolebook_fake_okta::{FakeOkta, Options, Org, User};
use rolebook_okta::{ApiToken, Client, Domain, Secret};
use tracing_subscriber::fmt::MakeWriter;

use crate::scripted::{Server, Step, refuse, say};
use crate::{TOKEN, client, quick};

#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl io::Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Capture {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Capture {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

#[tokio::test]
async fn x16_no_log_line_carries_the_token_or_an_app_secret() {
    let capture = Capture::default();
    // hyper, h2, rustls and reqwest trace too, some of them through the log facade, which this includes.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(capture.clone())
        .init();

    let app = r#"{"id":"0oa1","settings":{"app":{"secretKey":"canarySECRET","accessKey":"canaryACCESS"}}}"#;
    let server = Server::in_order([
        refuse(503, "E0000009").into(),
        Step::Close,
        refuse(429, "E0000047").rate(600, 0, 0).into(),
        say(200, app).rate(600, 599, 60).into(),
    ] as [Step; 4])
    .await;
    let client = client(&server.url);
    let read = client.app(&"0oa1".parse().unwrap()).await.unwrap();
    let bad = Server::in_order([refuse(401, "E0000011")]).await;
    let other = crate::client(&bad.url);
    let error = other.org().await.unwrap_err();

    // The same over TLS and HTTP/2.
    let options = Options { tls: true, ..Options::default() };
    let fake = FakeOkta::start(Org::new("acme").user(User::new("ann@acme.test")), options).unwrap();
    let token = fake.token("super").to_owned();
    let mut config = quick(fake.url(), &token);
    config.ca_pem = Some(fake.ca_pem().unwrap().into());
    let secure = Client::new(config.clone()).unwrap();
    secure.org().await.unwrap();

    let printed = format!(
        "{client:?} {read:?} {error:?} {error} {config:?} {:?} {:?} {secure:?} {:?}",
        client.governor(),
        client.governor().stats(),
        client.users(1).unwrap(),
    );
    let logged = capture.text();
    assert!(logged.contains("okta answered") && logged.contains("/api/v1/org"), "the log is empty");
    assert!(logged.contains("hyper") || logged.contains("rustls"), "the libraries do not trace");
    for text in [&printed, &logged] {
        for secret in [TOKEN, token.as_str(), "canarySECRET", "canaryACCESS", "SSWS"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    drop((other, error));
    // It did go over the wire.
    assert!(server.seen()[0].header("authorization").unwrap().contains(TOKEN));
}

#[test]
fn a_refused_domain_or_token_is_not_repeated_in_the_error() {
    let error = Domain::parse(&format!("https://user:{TOKEN}@acme.okta.com"), false).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(TOKEN));
    let error = ApiToken::new(&Secret::from(format!("{TOKEN} {TOKEN}"))).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(TOKEN));
}
