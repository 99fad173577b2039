//! The token and the app's AWS keys are nowhere but in the request and in Okta: not in the file, not in what a sync
//! returns, not in an error, not in the log at its most talkative.

use std::io::Write;
use std::sync::{Arc, Mutex};

use rolebook_fake_okta::{AppGroup, AppUser, Fault, Org};
use rolebook_snapshot::{Limits, Snapshot};
use tracing_subscriber::fmt::MakeWriter;

use crate::run::{Run, direct, group, mapping, people};

const KEYS: [&str; 3] =
    ["AKIACANARY00ACCESS01", "canarySecretKeyValue/0123456789abcdefABCD", "canary+Encrypted=="];

fn org(app: rolebook_fake_okta::App) -> Org {
    let app = app
        .setting("accessKey", KEYS[0])
        .setting("secretKey", KEYS[1])
        .setting("secretKeyEnc", KEYS[2])
        .group(AppGroup::new("g1").priority(0).saml_roles(["Admin"]))
        .user(AppUser::direct("00uC").saml_roles(["Ops"]));
    people().group(group("g1", "aws_111122223333_Admin", ["00uA", "00uB"])).app(app)
}

/// Everything written to it, for one test.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Heard {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A sync under a subscriber that hears everything; what it returned, as text, and what was heard.
fn overheard(run: &Run) -> (String, String) {
    let heard = Heard::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(heard.clone())
        .finish();
    let dispatch = tracing::Dispatch::new(subscriber);
    let for_threads = dispatch.clone();
    let result = tracing::dispatcher::with_default(&dispatch, || {
        run.summary_on(move || {
            // The thread ends with the runtime, and the subscriber with it.
            std::mem::forget(tracing::dispatcher::set_default(&for_threads));
        })
    });
    let said = match result {
        Ok(summary) => format!("{summary:?} {summary:#?}"),
        Err(error) => {
            let mut said = format!("{error} {error:?} {}", error.hint());
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                said += &format!(" {cause} {cause:?}");
                source = cause.source();
            }
            said
        }
    };
    let heard = heard.0.lock().unwrap().clone();
    (said, String::from_utf8_lossy(&heard).into_owned())
}

/// The file's database as bytes, as it lies on the disk when opened.
fn database(run: &Run) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("database");
    let opened = Snapshot::open_cached(&run.file(), &cache, &Limits::default()).unwrap();
    let bytes = std::fs::read(&cache).unwrap();
    drop(opened);
    assert!(bytes.windows(6).any(|window| window == b"SQLite"), "that is the database");
    bytes
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn a_sync_keeps_its_secrets() {
    for app in [mapping(), direct()] {
        let run = Run::of(org(app));
        let token = run.fake.token("read_only");
        let (said, heard) = overheard(&run);
        assert!(heard.contains("/api/v1/"), "the log was heard");
        let file = database(&run);
        assert!(holds(&file, "aws_111122223333_Admin"), "the file was read");
        let (facts, rows) = run.open();
        let decoded = format!("{facts:?} {rows:?}");
        for secret in KEYS.into_iter().chain([token.as_str()]) {
            assert!(!said.contains(secret), "in the summary");
            assert!(!heard.contains(secret), "in the log");
            assert!(!holds(&file, secret) && !holds(&run.bytes(), secret), "in the file");
            assert!(!decoded.contains(secret), "in a record");
        }
        for key in ["accessKey", "secretKey", "secretKeyEnc"] {
            assert!(facts.app.settings.get(key).is_none(), "{key}");
        }
        assert!(facts.app.settings.get("identityProviderArn").is_some() || !facts.app.settings.is_empty());
    }
}

#[test]
fn a_failure_keeps_them_too() {
    let faults = [
        Fault::on("/api/v1/apps/*/users").status(401).code("E0000011"),
        Fault::on("/api/v1/apps/*/users").status(403),
        Fault::on("/api/v1/apps/*/groups").status(500),
        Fault::on("/api/v1/groups").html(),
        Fault::on("/api/v1/groups").cut(),
        Fault::on("/api/v1/groups").drop_connection(),
        Fault::on("/api/v1/groups").status(200).body("[{\"id\":7}"),
        Fault::on("/api/v1/apps").cut(),
        Fault::on("/api/v1/org").status(503),
    ];
    for fault in faults {
        let described = format!("{fault:?}");
        let run = Run::of(org(mapping())).fault(fault);
        let token = run.fake.token("read_only");
        let (said, heard) = overheard(&run);
        assert!(said.contains("cannot read"), "{described}: {said}");
        for secret in KEYS.into_iter().chain([token.as_str()]) {
            assert!(!said.contains(secret), "{described}: in the error");
            assert!(!heard.contains(secret), "{described}: in the log");
        }
    }
}
