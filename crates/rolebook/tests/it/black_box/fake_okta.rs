//! `fake-okta`: a fake for any Okta client.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout},
};

use serde_json::Value;

use super::place::{Place, ended, terminate};

pub(crate) struct Served {
    child: Child,
    out: BufReader<ChildStdout>,
    pub(crate) line: Value,
}

/// Starts the fake and reads its line.
pub(crate) fn served(place: &Place, arguments: &str) -> Served {
    let mut child = place.call(&format!("fake-okta --listen 127.0.0.1:0 {arguments}")).spawn();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let line = serde_json::from_str(&line).unwrap_or_else(|error| {
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        panic!("{error}: {line:?} {err}")
    });
    Served { child, out, line }
}

impl Served {
    pub(crate) fn text(&self, key: &str) -> &str {
        self.line[key].as_str().unwrap()
    }

    /// SIGTERM ends it well, and it has said no more than its line.
    pub(crate) fn stop(mut self) {
        terminate(&self.child);
        assert_eq!(ended(&mut self.child).code(), Some(0));
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Gone already when the test ended it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn serves_https_that_a_sync_reads() {
    let place = Place::new();
    let fake = served(&place, "--ca-out ca.pem");
    let keys: Vec<&String> = fake.line.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["app_id", "ca_file", "tokens", "url"]);
    let tokens: Vec<&String> = fake.line["tokens"].as_object().unwrap().keys().collect();
    assert_eq!(tokens, ["app_admin", "app_group_admin", "group_admin", "read_only", "super"]);
    let url = fake.text("url");
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let ca = fake.text("ca_file");
    assert!(std::path::Path::new(ca).is_absolute());
    assert_eq!(std::fs::canonicalize(ca).unwrap(), std::fs::canonicalize(place.path("ca.pem")).unwrap());

    let token = fake.line["tokens"]["super"].as_str().unwrap();
    let sync = |arguments: &str| {
        place
            .call(arguments)
            .arg("--domain")
            .arg(url)
            .arg("--allow-loopback")
            .env("ROLEBOOK_API_TOKEN", token)
    };
    let end = sync("sync -o json").arg("--ca-file").arg(ca).end().succeeded();
    assert_eq!(end.json()["app"]["id"], fake.text("app_id"));
    // Without its authority the fake is a stranger, and the failure tells what is the matter.
    let end = sync("check").end().failed(1);
    assert!(end.err.to_lowercase().contains("certificate"), "{end:#?}");
    // So does a command that does not look at the way.
    let end = sync("sync").end().failed(1);
    end.says([
        "the TLS handshake failed",
        "hint: if your company has a certificate authority of its own",
        "--ca-file",
    ]);
    sync("check --ca-file absent.pem").end().failed(3).says(["absent.pem"]);
    place.write("wrong.pem", "no certificate");
    let end = sync("check --ca-file wrong.pem").end();
    assert!(matches!(end.code, Some(1 | 2)), "{end:#?}");
    let code = end.code.unwrap();
    end.failed(code);
    fake.stop();
}

#[test]
fn serves_http() {
    let place = Place::new();
    for (org, mode) in [("demo", "group-mapping"), ("demo-direct", "direct")] {
        let fake = served(&place, &format!("--http --org {org}"));
        assert_eq!(fake.line["ca_file"], Value::Null);
        let call = place.call("check -o json --allow-loopback").arg("--domain").arg(fake.text("url"));
        let token = fake.line["tokens"]["read_only"].as_str().unwrap();
        assert_eq!(call.env("ROLEBOOK_API_TOKEN", token).end().succeeded().json()["mode"], mode);
        fake.stop();
    }
    assert_eq!(place.files(), [""; 0]);
}

/// The file that the documentation shows is one that can be read, and says what the documentation says.
#[test]
fn serves_the_org_of_the_documentation() {
    let usage = include_str!("../../../../../docs/USAGE.md");
    let (_, rest) = usage.split_once("```yaml\nsubdomain:").unwrap();
    let place = Place::new();
    place.write("org.yaml", format!("subdomain:{}", rest.split_once("```").unwrap().0));
    let fake = served(&place, "--http --org org.yaml");
    let token = fake.line["tokens"]["super"].as_str().unwrap();
    let call =
        place.call("sync -o json --sync-custom-roles --allow-loopback").arg("--domain").arg(fake.text("url"));
    let done = call.env("ROLEBOOK_API_TOKEN", token).end().succeeded().json();
    assert_eq!((&done["mode"], &done["counts"]["custom_roles"]), (&"group-mapping".into(), &1.into()));
    let grants = place.run("show grants -o csv").succeeded().out;
    assert!(grants.contains("ann@acme.test") && grants.contains("111122223333"), "{grants}");
    fake.stop();
    place.write("odd.yaml", "subdomain: acme\nuzers: []\n");
    let end = place.run("fake-okta --http --listen 127.0.0.1:0 --org odd.yaml");
    assert_eq!(end.code, Some(2), "{end:#?}");
    assert!(end.err.contains("uzers"), "{end:#?}");
}

#[test]
fn serves_an_org_from_a_file() {
    let place = Place::new();
    place.write("org.yaml", super::orgs::small().to_yaml().unwrap());
    let fake = served(&place, "--http --org org.yaml");
    let call = place.call("sync -o json --allow-loopback").arg("--domain").arg(fake.text("url"));
    let token = fake.line["tokens"]["super"].as_str().unwrap();
    assert_eq!(call.env("ROLEBOOK_API_TOKEN", token).end().succeeded().json()["counts"]["users"], 3);
    fake.stop();
}

#[test]
fn listens_on_this_machine_only() {
    let place = Place::new();
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0", "10.0.0.1:8443"] {
        place.run(&format!("fake-okta --http --listen {address}")).failed(2).says(["127.0.0.1"]);
    }
    place.run("fake-okta --http --listen localhost").failed(2);
}

#[test]
fn a_port_in_use_is_1() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    place.run(&format!("fake-okta --http --listen {address}")).failed(1).says(["--listen"]);
}

#[test]
fn orgs_that_are_none() {
    let place = Place::new();
    place.run("fake-okta --http --listen 127.0.0.1:0 --org absent.yaml").failed(3).says(["absent.yaml"]);
    place.write("wrong.yaml", "flavour: sweet\n");
    place.run("fake-okta --http --listen 127.0.0.1:0 --org wrong.yaml").failed(2).says(["wrong.yaml"]);
    place.run("fake-okta --listen 127.0.0.1:0 --ca-out absent/ca.pem").failed(1).says(["absent/ca.pem"]);
    assert_eq!(place.files(), ["wrong.yaml"]);
}
