//! `serve`, `admin` and `doctor`: the console as a process.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::Child,
};

use super::place::{Call, Place, ended, terminate};

/// A console that runs, and what it has said up to its last line.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) said: String,
    _out: BufReader<std::process::ChildStdout>,
}

impl Serving {
    pub(crate) fn start(place: &Place, arguments: &str) -> Self {
        Self::start_with(place, arguments, &[])
    }

    pub(crate) fn start_with(place: &Place, arguments: &str, environment: &[(&str, &str)]) -> Self {
        let mut call = place.call(arguments);
        for (name, value) in environment {
            call = call.env(name, value);
        }
        Self::of(call)
    }

    pub(crate) fn of(call: Call) -> Self {
        let mut child = call.spawn();
        let mut log = child.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("Ctrl-C stops it.") {
            let read = out.read_line(&mut said).unwrap();
            assert!(read > 0, "it ended: {said}");
        }
        Self { child, said, _out: out }
    }

    /// Address of the console.
    pub(crate) fn address(&self) -> &str {
        self.word("Console    http://")
    }

    pub(crate) fn word(&self, before: &str) -> &str {
        self.said
            .split(before)
            .nth(1)
            .unwrap_or_else(|| panic!("no {before} in {}", self.said))
            .split_whitespace()
            .next()
            .unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.get_with(path, "")
    }

    pub(crate) fn get_with(&self, path: &str, headers: &str) -> String {
        let (address, mut stream) = (self.address(), TcpStream::connect(self.address()).unwrap());
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Connection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn stop(mut self) {
        terminate(&self.child);
        let status = ended(&mut self.child);
        assert!(status.success(), "{status}");
    }
}

#[test]
fn it_says_one_address_and_a_link_that_works_once() {
    let place = Place::new();
    let serving = Serving::start(&place, "serve --listen 127.0.0.1:0");
    assert!(serving.said.contains("A vault key was made in rolebook-data/vault.key"), "{}", serving.said);
    assert_eq!(serving.get("/live").lines().last(), Some("alive"));
    let link = serving.word("for 15 minutes:").to_owned();
    let path = link.split(serving.address()).nth(1).unwrap();
    assert!(serving.get(path).contains("Create the Super Administrator"), "{link}");
    assert!(serving.get("/").starts_with("HTTP/1.1 303"));
    serving.stop();

    // The next start finds its key, and makes a new link as long as there is nobody.
    let serving = Serving::start(&place, "serve --listen 127.0.0.1:0");
    assert!(!serving.said.contains("vault key"), "{}", serving.said);
    assert!(serving.get(path).starts_with("HTTP/1.1 410"), "a newer link ends the older one");
    serving.stop();

    let end = place.run("doctor").succeeded();
    assert!(end.out.contains("ok    database"), "{end:#?}");
    assert!(end.out.contains("ok    audit record"), "{end:#?}");
    let end = place.run("admin link").succeeded();
    assert!(end.out.contains("http://127.0.0.1:8686/setup/"), "{end:#?}");
}

#[test]
fn one_process_holds_a_data_folder() {
    let place = Place::new();
    let serving = Serving::start(&place, "serve --listen 127.0.0.1:0 --data-dir there");
    for command in ["serve --listen 127.0.0.1:0", "doctor", "admin link"] {
        place
            .run(&format!("{command} --data-dir there"))
            .failed(1)
            .says(["error: the data folder there is in use by another rolebook", "hint: stop the other one"]);
    }
    serving.stop();
}

#[test]
fn it_refuses_to_be_reached_without_tls() {
    let place = Place::new();
    place.run("serve --listen 0.0.0.0:0").failed(2).says([
        "can be reached from other machines",
        "--tls-certificate and --tls-key",
        "--behind-proxy",
    ]);
    for (flags, told) in [
        ("--tls-certificate c.pem", "--tls-key"),
        ("--tls-key k.pem", "--tls-certificate"),
        ("--tls-certificate c.pem --tls-key k.pem --behind-proxy", "cannot be used with"),
    ] {
        place.run(&format!("serve --listen 0.0.0.0:0 {flags}")).failed(2).says([told]);
    }
    place
        .run("serve --listen 0.0.0.0:0 --tls-certificate c.pem --tls-key k.pem")
        .failed(1)
        .says(["the TLS file c.pem cannot be used", "in PEM"]);
    place.run("serve --listen 127.0.0.1:0 --metrics-token-file m").failed(3).says(["metrics token file m"]);
    assert_eq!(place.files(), [""; 0], "nothing was made");
    let serving = Serving::start(
        &place,
        "serve --listen 0.0.0.0:0 --behind-proxy --base-url https://rolebook.acme.test",
    );
    assert!(serving.said.contains("Console    https://rolebook.acme.test\n"), "{}", serving.said);
    assert!(serving.said.contains("https://rolebook.acme.test/setup/"));
    serving.stop();
}

#[test]
fn a_provider_that_cannot_be_used_is_refused_at_the_start() {
    let place = Place::new();
    place
        .run("serve --listen 127.0.0.1:0 --oidc-issuer http://login.acme.test --oidc-client-id rolebook")
        .failed(2)
        .says(["the issuer must be an https address", "hint: check --oidc-issuer"]);
    place
        .run("serve --listen 127.0.0.1:0 --oidc-issuer https://login.acme.test --oidc-client-id r --oidc-client-secret-file no")
        .failed(3)
        .says(["cannot read the client secret file no"]);
    assert_eq!(place.files(), [""; 0], "nothing was made");
}

#[test]
fn every_place_of_it_can_come_from_the_environment() {
    let place = Place::new();
    place.write("vault.key", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    place.write("certificate.pem", certificate.self_signed(&key).unwrap().pem());
    place.write("key.pem", key.serialize_pem());
    let serving = Serving::start_with(
        &place,
        "serve",
        &[
            ("ROLEBOOK_LISTEN", "127.0.0.1:0"),
            ("ROLEBOOK_DATA_DIR", "there"),
            ("ROLEBOOK_BASE_URL", "http://localhost:7"),
            ("ROLEBOOK_VAULT_KEY_FILE", "vault.key"),
            ("ROLEBOOK_MAIL_FOLDER", "mail"),
            ("ROLEBOOK_MAIL_FROM", "Access <access@acme.test>"),
            ("ROLEBOOK_TLS_CERTIFICATE", "certificate.pem"),
            ("ROLEBOOK_TLS_KEY", "key.pem"),
        ],
    );
    assert!(serving.said.contains("Console    http://localhost:7\n"), "{}", serving.said);
    serving.stop();
    assert!(place.path("there").is_dir() && !place.path("there/vault.key").exists());

    place.write("metrics.token", "s3cret\n");
    let place_of_token = [("ROLEBOOK_METRICS_TOKEN_FILE", "metrics.token")];
    let serving = Serving::start_with(&place, "serve --listen 127.0.0.1:0", &place_of_token);
    let metrics = |token: &str| serving.get_with("/metrics", &format!("Authorization: Bearer {token}\r\n"));
    assert!(metrics("other").starts_with("HTTP/1.1 401"));
    assert!(metrics("s3cret").contains("rolebook_"));
    serving.stop();
}

#[test]
fn what_it_cannot_use_it_says() {
    let place = Place::new();
    place.run("serve --database-url mysql://u:secret@h/d").failed(2).says([
        "mysql:…",
        "SQLite",
        "postgres://",
    ]);
    place.run("serve --database-url postgres://u:secret@h:x/d").failed(2).says(["cannot be read"]);
    // Port 1 of this machine: nobody answers.
    let end =
        place.run("serve --listen 127.0.0.1:0 --database-url postgres://u:secret@127.0.0.1:1/d").failed(1);
    assert!(!end.err.contains("secret"), "{end:#?}");
    end.says(["error: cannot open the database: ", "hint: check that PostgreSQL runs"]);
    place.run("serve --blobs ftp://x").failed(2).says(["neither a folder nor s3://BUCKET/PREFIX"]);
    place.run("serve --blobs s3://b --blobs-endpoint http://10.0.0.1:9").failed(2).says(["plain http"]);
    let by_variable = place.call("serve --blobs s3://b").env("ROLEBOOK_BLOBS_ENDPOINT", "http://10.0.0.1:9");
    by_variable.end().failed(2).says(["plain http"]);
    let elsewhere = "--database-url postgres://u:secret@127.0.0.1:1/d";
    for task in ["backup", "restore"] {
        place
            .run(&format!("admin {task} x.tar {elsewhere}"))
            .failed(2)
            .says(["this database is PostgreSQL", "hint: use pg_dump and pg_restore"]);
    }
    place.write("short.key", "c2hvcnQ=");
    let end = place.run("serve --listen 127.0.0.1:0 --vault-key-file short.key").failed(1);
    end.says(["the vault key from short.key: it has 5 bytes instead of 32", "hint: give 32 bytes in base64"]);
    let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    let serving = Serving::start_with(
        &place,
        "serve",
        &[("ROLEBOOK_VAULT_KEY", key), ("ROLEBOOK_LISTEN", "127.0.0.1:0")],
    );
    assert!(!serving.said.contains("vault key"), "the environment gives one: {}", serving.said);
    serving.stop();
    assert!(!place.path("rolebook-data/vault.key").exists());
}

#[test]
fn a_demo_goes_on_into_the_console_when_told_so() {
    let place = Place::new();
    let serving = Serving::start(&place, "demo --serve on");
    assert!(serving.said.contains("Wrote      demo.c1z"), "{}", serving.said);
    assert!(serving.get("/ready").ends_with("ready\n"));
    serving.stop();
    assert_eq!(place.files(), ["demo.c1z", "demo.data"]);
}
