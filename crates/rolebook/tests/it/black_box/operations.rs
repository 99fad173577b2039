//! Looking after a console: another vault key, backups, and bad days, in the words that people see.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Command,
};

use rolebook_fake_okta::{FakeOkta, orgs};
use serde_json::{Value, json};

use super::{
    place::{Place, okta, until},
    serve::Serving,
};

pub(super) const SERVE: &str = "serve --listen 127.0.0.1:0 --allow-loopback";

/// Somebody with a browser.
#[derive(Clone)]
pub(super) struct Browser {
    pub(super) address: String,
    cookie: String,
    csrf: String,
}

/// Status and body of an answer.
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
}

impl Answer {
    #[track_caller]
    pub(super) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Browser {
    /// Opens a one-time link and becomes the Super Administrator.
    pub(super) fn sue(serving: &Serving, link: &str) -> Self {
        let mut browser =
            Self { address: serving.address().to_owned(), cookie: String::new(), csrf: String::new() };
        let path = &link[link.find("/setup/").unwrap()..];
        let password = "correct+horse+battery+staple";
        let form = format!("name=Sue&email=sue%40acme.test&password={password}&again={password}");
        let answer = browser.send("POST", path, "application/x-www-form-urlencoded", &form);
        assert_eq!(answer.status, 303, "{}", answer.body);
        let cookie = answer.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        let page = browser.get("/settings").body;
        browser.csrf =
            page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        browser
    }

    /// The same person at another process.
    pub(super) fn at(&self, address: &str) -> Self {
        Self { address: address.to_owned(), ..self.clone() }
    }

    /// The same browser, after the console began anew on another port.
    pub(super) fn moved(&self, serving: &Serving) -> Self {
        Self { address: serving.address().to_owned(), ..self.clone() }
    }

    pub(super) fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let answer = self.sent(method, path, kind, body).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Sends something whose answer may never come.
    pub(super) fn tell(&self, method: &str, path: &str, body: &Value) {
        drop(self.sent(method, path, "application/json", &body.to_string()));
    }

    fn sent(&self, method: &str, path: &str, kind: &str, body: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nCookie: {}\r\nX-CSRF-Token: {}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            self.cookie,
            self.csrf,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "text/plain", "")
    }

    pub(super) fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, "application/json", &body.to_string())
    }

    pub(super) fn connector(&self) -> Value {
        self.get("/api/connectors").json(200)["items"][0].clone()
    }

    /// Waits until no sync is open; the connector then.
    pub(super) fn settled(&self) -> Value {
        until("the sync has ended", || self.connector()["open_sync"].is_null());
        self.connector()
    }

    /// Makes a connector that is connected; its id.
    pub(super) fn connected(&self, fake: &FakeOkta) -> String {
        let new = json!({ "kind": "okta-aws-federation", "app": { "new": "AWS" } });
        let id = self.json("POST", "/api/connectors", &new).json(201)["id"].as_str().unwrap().to_owned();
        self.enter(fake, &id, 200);
        assert_eq!(self.settled()["label"], "connected");
        id
    }

    /// Enters domain and token.
    #[track_caller]
    fn enter(&self, fake: &FakeOkta, id: &str, status: u16) -> Value {
        let patch = json!({ "domain": fake.url(), "api_token": fake.token("super") });
        self.json("PATCH", &format!("/api/connectors/{id}/settings"), &patch).json(status)
    }

    /// Syncs, and gives the connector afterwards.
    #[track_caller]
    pub(super) fn sync(&self, id: &str) -> Value {
        self.json("POST", &format!("/api/connectors/{id}/sync"), &json!({})).json(202);
        self.settled()
    }

    pub(super) fn grants(&self) -> u64 {
        self.get("/api/grants?limit=1").json(200)["total"].as_u64().unwrap()
    }
}

/// A console with Sue and a connected connector.
pub(super) fn house(place: &Place, fake: &FakeOkta) -> (Serving, Browser, String) {
    let serving = Serving::start(place, SERVE);
    let link = serving.word("for 15 minutes:").to_owned();
    let sue = Browser::sue(&serving, &link);
    let id = sue.connected(fake);
    (serving, sue, id)
}

/// Signs Sue in again by a link that is made on the host.
pub(super) fn again(place: &Place, arguments: &str) -> (Serving, Browser) {
    let end = place.run(&format!("admin link {arguments}")).succeeded();
    let link = end.out.lines().find(|line| line.contains("/setup/")).unwrap().trim().to_owned();
    let serving = Serving::start(place, &format!("{SERVE} {arguments}"));
    let sue = Browser::sue(&serving, &link);
    (serving, sue)
}

fn holds(path: &Path, text: &str) -> bool {
    std::fs::read(path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
}

/// The key id that a rotation says.
fn word_after<'a>(text: &'a str, before: &str) -> &'a str {
    text.split(before)
        .nth(1)
        .unwrap_or_else(|| panic!("no {before} in {text}"))
        .split_whitespace()
        .next()
        .unwrap()
}

#[test]
fn another_vault_key() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    let (serving, _, id) = house(&place, &fake);
    place
        .run("admin rotate-key")
        .failed(1)
        .says(["the data folder rolebook-data is in use by another rolebook", "hint: stop the other one"]);
    serving.stop();
    let key = place.path("rolebook-data/vault.key");
    let old = std::fs::read_to_string(&key).unwrap();
    let end = place.run("admin rotate-key").succeeded();
    assert!(end.out.contains("in rolebook-data/vault.key\nSecrets    1 sealed anew\n"), "{end:#?}");
    assert!(end.out.contains("The old key is destroyed. Backups made before need it"), "{end:#?}");
    let (from, to) =
        (word_after(&end.out, "instead of ").trim_end_matches(','), word_after(&end.out, "Vault key"));
    assert_ne!(from, to);
    let new = std::fs::read_to_string(&key).unwrap();
    assert_ne!(new, old);
    let database = place.path("rolebook-data/rolebook.db");
    assert!(!holds(&database, &format!("v1.{from}.")), "the old ciphertext is gone from the file");
    assert!(holds(&database, &format!("v1.{to}.")));

    // A rotation that was killed before its last step: both keys lie there, and both open.
    std::fs::rename(&key, place.path("rolebook-data/vault.key.next")).unwrap();
    std::fs::write(&key, &old).unwrap();
    let (serving, sue) = again(&place, "");
    assert!(!serving.said.contains("another vault key"), "{}", serving.said);
    assert_eq!(sue.sync(&id)["label"], "connected");
    serving.stop();
    let end = place.run("admin rotate-key").succeeded();
    assert!(end.out.starts_with(&format!("Vault key  {to} instead of {from}")), "it goes on: {end:#?}");
    assert_eq!(std::fs::read_to_string(&key).unwrap(), new);
    assert!(!place.path("rolebook-data/vault.key.next").exists());

    // To a key of one's own, and from there to another; in place only what lies in place.
    let end = place.run("admin rotate-key own.key").succeeded();
    assert!(end.out.contains("Start the console with this key from now on"), "{end:#?}");
    place
        .run("admin rotate-key --vault-key-file own.key")
        .failed(1)
        .says(["the key does not lie in the data folder", "hint: name a file that is not there yet"]);
    place.run("admin rotate-key own.key --vault-key-file own.key").failed(1).says(["that is in use"]);
    place.run("admin rotate-key next.key --vault-key-file own.key").succeeded();
    let end = place.run("doctor --vault-key-file next.key").succeeded();
    assert!(end.out.contains(": can be opened"), "{end:#?}");
    let end = place.run("doctor");
    assert!(end.code == Some(1) && end.out.contains("it was sealed under another vault key"), "{end:#?}");
}

#[test]
fn a_backup_is_made_while_it_runs_and_restored_elsewhere() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    let (serving, sue, id) = house(&place, &fake);
    let grants = sue.grants();
    let end = place.run("admin backup kept.tar").succeeded();
    assert!(end.out.contains("Written    kept.tar, "), "{end:#?}");
    assert!(end.out.contains("Not in it: the vault's key "), "{end:#?}");
    let backup = place.path("kept.tar");
    let key = std::fs::read_to_string(place.path("rolebook-data/vault.key")).unwrap();
    assert!(
        !holds(&backup, key.trim()) && !holds(&backup, &fake.token("super")),
        "ciphertext stays ciphertext"
    );
    place.run("admin backup kept.tar").failed(1).says(["kept.tar is there already"]);
    place.run("admin backup x.tar --data-dir nowhere").failed(3).says(["there is no data folder nowhere"]);
    place.run("admin backup").failed(2).says(["<FILE>"]);
    place.run("admin restore kept.tar").failed(1).says([
        "the data folder rolebook-data is not empty",
        "hint: give a file that rolebook admin backup made",
    ]);
    // What came after the backup is not in it.
    sue.sync(&id);
    serving.stop();

    // Damaged in any way: nothing appears.
    let whole = std::fs::read(&backup).unwrap();
    let mut flipped = whole.clone();
    let at = flipped.len() / 2;
    flipped[at] ^= 1;
    place.write("flipped.tar", &flipped);
    place.write("cut.tar", &whole[..whole.len() / 512 / 2 * 512]);
    for bad in ["flipped.tar", "cut.tar"] {
        place.run(&format!("admin restore {bad} --data-dir there")).failed(1).says(["is no whole backup"]);
    }
    place.run("admin restore none.tar --data-dir there").failed(1).says(["cannot read none.tar"]);
    assert!(!place.path("there").exists());
    assert!(!place.files().iter().any(|name| name.starts_with(".rolebook")), "{:?}", place.files());

    let end = place.run("admin restore kept.tar --data-dir there").succeeded();
    assert!(end.out.contains("Restored   there, "), "{end:#?}");
    assert!(
        end.out.contains(
            "Put that key into\nthere/vault.key before you start, or give these again:\n  \
             Okta AWS Federation: API token\n"
        ),
        "{end:#?}"
    );

    // Without the key everything reads, and the token is asked for.
    let (serving, sue) = again(&place, "--data-dir there");
    assert!(
        serving.said.contains(
            "Sealed under another vault key, so these are to be given again:\n  Okta AWS Federation: API token\n"
        ),
        "{}",
        serving.said
    );
    assert_eq!(sue.grants(), grants);
    let page = sue.get(&format!("/connectors/{id}")).body;
    assert!(page.contains("The stored token cannot be opened") && page.contains("Enter the token again"));
    let failed = sue.sync(&id);
    assert_eq!(failed["label"], "error");
    let page = sue.get(&format!("/connectors/{id}")).body;
    assert!(page.contains("it was sealed under another vault key"), "{page}");
    assert!(
        page.contains("enter the secret again in the connector&#39;s settings")
            || page.contains("enter the secret again")
    );
    sue.enter(&fake, &id, 200);
    assert_eq!(sue.settled()["label"], "connected");
    serving.stop();
    let end = place.run("doctor --data-dir there").succeeded();
    assert!(end.out.contains("ok    audit record"), "{end:#?}");

    // With the key it goes on as if nothing had been.
    place.run("admin restore kept.tar --data-dir second").succeeded();
    std::fs::copy(place.path("rolebook-data/vault.key"), place.path("second/vault.key")).unwrap();
    let (serving, sue) = again(&place, "--data-dir second");
    assert!(!serving.said.contains("another vault key"));
    assert_eq!(sue.sync(&id)["label"], "connected");
    let audit = sue.get("/api/audit?limit=200").body;
    assert!(
        audit.contains("backup.made")
            && audit.contains("backup.restored")
            && audit.contains("setup.link-made")
    );
    serving.stop();
}

#[test]
fn the_database_is_gone_and_the_files_are_there() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    let (serving, sue, id) = house(&place, &fake);
    sue.sync(&id);
    let grants = sue.grants();
    let syncs = sue.get(&format!("/api/connectors/{id}/syncs")).json(200)["items"].as_array().unwrap().len();
    serving.stop();
    place.run(&format!("{SERVE} --rebuild")).failed(1).says(["has a database: there is nothing to rebuild"]);
    for name in ["rolebook.db", "rolebook.db-wal", "rolebook.db-shm"] {
        let _ = std::fs::remove_file(place.path("rolebook-data").join(name));
    }
    place.run(SERVE).failed(1).says([
        "holds snapshots, but its database is gone",
        "hint: restore a backup",
        "rolebook serve --rebuild",
    ]);
    let serving = Serving::start(&place, &format!("{SERVE} --rebuild"));
    assert!(
        serving
            .said
            .contains(&format!("Rebuilt from the files: 1 connectors, {syncs} syncs. Each connector asks")),
        "{}",
        serving.said
    );
    let link = serving.word("for 15 minutes:").to_owned();
    let sue = Browser::sue(&serving, &link);
    assert_eq!(sue.grants(), grants);
    let view = sue.connector();
    assert_eq!((&view["id"], &view["token"], &view["label"]), (&json!(id), &Value::Null, &json!("error")));
    let history = sue.get(&format!("/api/connectors/{id}/syncs")).json(200);
    assert_eq!(history["items"].as_array().unwrap().len(), syncs);
    assert_eq!(history["items"][0]["report"]["counts"]["grants"], grants);
    let sync = history["items"][0]["id"].as_str().unwrap();
    let log = sue.get(&format!("/api/connectors/{id}/syncs/{sync}/log")).json(200);
    assert!(!log["items"].as_array().unwrap().is_empty(), "logs are found again");
    assert!(sue.get(&format!("/connectors/{id}")).body.contains("Enter the Okta domain and an API token"));
    sue.enter(&fake, &id, 200);
    assert_eq!(sue.settled()["label"], "connected");
    serving.stop();
}

#[test]
fn the_disk_is_full() {
    let (place, fake) = (Place::new(), okta(orgs::demo()));
    // A limit on the size of files stands for a full disk.
    let (serving, sue, id) = house(&place, &fake);
    let limit = |size: &str| {
        let pid = serving.child.id().to_string();
        let done =
            Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={size}:unlimited")]).status();
        assert!(done.unwrap().success());
    };
    assert!(serving.get("/ready").ends_with("ready\n"));
    let files = |place: &Place| {
        let mut names: Vec<String> = std::fs::read_dir(place.path("rolebook-data/snapshots").join(&id))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let (before, grants) = (files(&place), sue.grants());
    limit("0");
    // An answer of /ready holds for a second.
    let mut answer = serving.get("/ready");
    while answer.starts_with("HTTP/1.1 200") {
        std::thread::sleep(std::time::Duration::from_millis(100));
        answer = serving.get("/ready");
    }
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("not ready: the disk of the data folder is full: "), "{answer}");
    let key = json!({ "name": "robot", "role": "basic-user", "days": 1 });
    let refused = sue.json("POST", "/api/keys", &key).json(507);
    assert_eq!(refused["title"], "nothing can be written");
    assert_eq!(
        refused["detail"],
        "the disk of the data folder is full, and what cannot be recorded is not done"
    );
    assert_eq!(refused["hint"], "make room; the console goes on by itself");
    sue.json("POST", &format!("/api/connectors/{id}/sync"), &json!({})).json(507);
    assert_eq!(sue.grants(), grants, "what was read stays readable");
    assert_eq!(files(&place), before, "no half file");
    limit("unlimited");
    until("it is ready again", || serving.get("/ready").ends_with("ready\n"));
    sue.json("POST", "/api/keys", &key).json(201);
    assert_eq!(sue.sync(&id)["label"], "connected");
    let keys = sue.get("/api/keys").json(200);
    assert_eq!(keys["total"], 1, "the refused one was not made");
    serving.stop();
    let end = place.run("doctor").succeeded();
    assert!(end.out.contains("ok    audit record"), "{end:#?}");
}
