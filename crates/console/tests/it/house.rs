//! A console with a fake Okta beside it, and people who use it.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, Response, StatusCode, header};
use rolebook_console::{ConsoleConfig, MailConfig, Server, VaultKeySource};
use rolebook_fake_okta::{FakeOkta, Options, Org, RateLimits, orgs};
use rolebook_okta::{AddressRules, install_crypto_provider};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{bases::Base, documented};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// The vault's key of processes that share a database.
pub(crate) const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A console and its Okta.
pub(crate) struct House {
    pub(crate) fake: Arc<FakeOkta>,
    pub(crate) url: String,
    pub(crate) data: PathBuf,
    /// Seconds that the console's clock is ahead.
    ahead: Arc<AtomicI64>,
    begin: Instant,
    /// Where mail goes, if not into a folder.
    pub(crate) mail: Option<MailConfig>,
    server: Option<Server>,
    first_link: Option<String>,
    /// A provider to sign in with.
    pub(crate) oidc: Option<rolebook_console::OidcConfig>,
    /// The database that it shares with others, and where snapshots lie.
    database_url: Option<String>,
    blobs: Option<(String, String)>,
    _folder: Arc<TempDir>,
}

/// Somebody with a session.
#[derive(Clone)]
pub(crate) struct Person {
    http: reqwest::Client,
    url: String,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

pub(crate) fn http() -> reqwest::Client {
    install_crypto_provider();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

impl House {
    pub(crate) async fn demo() -> Self {
        Self::of(orgs::demo()).await
    }

    pub(crate) async fn of(org: Org) -> Self {
        Self::with(org, Options::default()).await
    }

    pub(crate) async fn with(org: Org, options: Options) -> Self {
        Self::on(org, options, Base::sqlite(), None).await
    }

    /// A house whose console keeps its things there.
    pub(crate) async fn on(org: Org, options: Options, base: Base, blobs: Option<(String, String)>) -> Self {
        install_crypto_provider();
        let options = Options { rate_limits: RateLimits::UNLIMITED, ..options };
        let fake = Arc::new(FakeOkta::start(org, options).unwrap());
        let data = base.folder.path().join("data");
        let mut house = Self {
            fake,
            url: String::new(),
            data,
            ahead: Arc::default(),
            begin: Instant::now(),
            mail: None,
            server: None,
            first_link: None,
            oidc: None,
            database_url: base.url,
            blobs,
            _folder: Arc::new(base.folder),
        };
        house.start().await;
        house
    }

    /// The same house with a data folder of its own, not started.
    pub(crate) fn elsewhere(&self, folder: &str) -> Self {
        Self {
            fake: Arc::clone(&self.fake),
            url: String::new(),
            data: self.data.with_file_name(folder),
            ahead: Arc::clone(&self.ahead),
            begin: self.begin,
            mail: self.mail.clone(),
            oidc: self.oidc.clone(),
            server: None,
            first_link: None,
            database_url: self.database_url.clone(),
            blobs: self.blobs.clone(),
            _folder: Arc::clone(&self._folder),
        }
    }

    /// The same Okta with a console that has another database and another place for snapshots, not started.
    pub(crate) fn moved(&self, base: Base, blobs: (String, String)) -> Self {
        let data = base.folder.path().join("data");
        let moved = self.elsewhere("moved");
        Self { data, database_url: base.url, blobs: Some(blobs), _folder: Arc::new(base.folder), ..moved }
    }

    /// The configuration of this house's console.
    pub(crate) fn config(&self) -> ConsoleConfig {
        let (begin, ahead) = (self.begin, Arc::clone(&self.ahead));
        let shared = self.database_url.is_some();
        let origin: Timestamp = "2026-09-01T08:00:00Z".parse().unwrap();
        let clock = move || {
            let passed = i64::try_from(begin.elapsed().as_millis()).unwrap();
            origin + SignedDuration::from_millis(passed + ahead.load(Ordering::SeqCst) * 1000)
        };
        let local = ConsoleConfig::local(self.data.clone(), "rolebook test".to_owned(), Arc::new(clock));
        ConsoleConfig {
            database_url: self.database_url.clone(),
            name: self.data.file_name().unwrap().to_string_lossy().into_owned(),
            blobs: self.blobs.as_ref().map(|(place, _)| place.clone()),
            blobs_endpoint: self.blobs.as_ref().map(|(_, endpoint)| endpoint.clone()),
            // Processes that share a database have one key.
            vault: VaultKeySource {
                text: shared.then(|| KEY.to_owned().into()),
                ..VaultKeySource::default()
            },
            addresses: AddressRules { allow_loopback: true, ..AddressRules::default() },
            rate_budget: 100,
            mail: self.mail.clone().unwrap_or(local.mail),
            oidc: self.oidc.clone(),
            ..local
        }
    }

    /// Starts the console (again).
    pub(crate) async fn start(&mut self) {
        self.start_with(|_| {}).await;
    }

    pub(crate) async fn start_with(&mut self, change: impl FnOnce(&mut ConsoleConfig)) {
        let mut config = self.config();
        change(&mut config);
        let server = Server::start(config, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        self.url = server.url().to_owned();
        self.first_link = server.first_link().await.unwrap();
        self.server = Some(server);
    }

    /// Secrets that do not open, by name.
    pub(crate) async fn unopened(&self) -> Vec<String> {
        self.server.as_ref().unwrap().unopened().await.unwrap()
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.server.as_ref().unwrap().address().port()
    }

    /// Turns the console's clock on.
    pub(crate) fn advance(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Turns the clock on while somebody goes on working, so that their session stays.
    pub(crate) async fn pass(&self, who: &Person, mut seconds: i64) {
        while seconds > 0 {
            self.advance(seconds.min(50 * 60));
            seconds -= 50 * 60;
            who.get("/api/me").await.json(StatusCode::OK).await;
        }
    }

    /// Everybody but five leaves the fake org.
    pub(crate) fn almost_all_leave(&self) {
        let people: Vec<String> = self.fake.with_org(|org| org.user_ids().map(str::to_owned).collect());
        self.fake.change(|org| {
            for user in people.iter().skip(5) {
                org.remove_user(user);
            }
        });
    }

    pub(crate) fn link(&self) -> String {
        self.first_link.clone().expect("nobody has been set up")
    }

    /// Creates the Super Administrator, Sue.
    pub(crate) async fn sue(&self) -> Person {
        let form = [("name", "Sue"), ("email", "sue@acme.test"), ("password", PASSWORD), ("again", PASSWORD)];
        let answer = http().post(self.link()).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.text().await.unwrap());
        Person::with(&self.url, &cookie_of(&answer)).await
    }

    /// Sue signs in again.
    pub(crate) async fn again(&self) -> Person {
        let form = [("email", "sue@acme.test"), ("password", PASSWORD)];
        let answer = http().post(format!("{}/sign-in", self.url)).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        Person::with(&self.url, &cookie_of(&answer)).await
    }

    /// Invites somebody with this role, who joins.
    pub(crate) async fn invite(&self, sue: &Person, name: &str, role: &str) -> Person {
        let email = format!("{}@acme.test", name.to_lowercase());
        let invitation = json!({ "name": name, "email": email, "roles": [role] });
        let invited = sue.post("/api/users", &invitation).await.json(StatusCode::CREATED).await;
        // That of a Super Administrator leaves by mail only.
        let link = match invited["link"].as_str() {
            Some(link) => link.to_owned(),
            None => self.mailed_link(&email).await,
        };
        let form = [("password", PASSWORD), ("again", PASSWORD)];
        let answer = http().post(link).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        Person::with(&self.url, &cookie_of(&answer)).await
    }

    /// The link of an invitation that was mailed.
    pub(crate) async fn mailed_link(&self, email: &str) -> String {
        let letters = self.mail_to(email, 1).await;
        let rest = letters[0].split_once(&format!("{}/join/", self.url)).unwrap().1;
        let secret: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
        format!("{}/join/{secret}", self.url)
    }

    /// A connector that is set up and connected, by its id.
    pub(crate) async fn connected(&self, who: &Person, token: &str) -> String {
        let id = self.added(who).await;
        self.save(who, &id, token).await;
        self.settled(who, &id).await;
        id
    }

    /// A connector before its set-up.
    pub(crate) async fn added(&self, who: &Person) -> String {
        let new = json!({ "kind": "okta-aws-federation", "app": { "new": format!("AWS {}", self.ahead.fetch_add(1, Ordering::SeqCst)) } });
        let made = who.post("/api/connectors", &new).await.json(StatusCode::CREATED).await;
        made["id"].as_str().unwrap().to_owned()
    }

    /// Saves domain and token of the fake.
    pub(crate) async fn save(&self, who: &Person, id: &str, token: &str) -> Value {
        let patch = json!({ "domain": self.fake.url(), "api_token": self.fake.token(token) });
        who.send(Method::PATCH, &format!("/api/connectors/{id}/settings"), Some(&patch))
            .await
            .json(StatusCode::OK)
            .await
    }

    /// Waits until no sync is open.
    pub(crate) async fn settled(&self, who: &Person, id: &str) -> Value {
        self.until(who, id, |view| view["open_sync"].is_null()).await
    }

    /// Waits until the connector is so.
    pub(crate) async fn until(&self, who: &Person, id: &str, so: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        loop {
            let view = who.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
            if so(&view) {
                return view;
            }
            assert!(begin.elapsed() < PATIENCE, "it stays {view:#}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits for mail to somebody, as text.
    pub(crate) async fn mail_to(&self, address: &str, count: usize) -> Vec<String> {
        let begin = Instant::now();
        loop {
            let mut found = self.mail();
            found.retain(|letter| letter.contains(&format!("To: {address}")));
            if found.len() >= count {
                return found;
            }
            assert!(begin.elapsed() < PATIENCE, "{count} letters to {address}: {found:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// All mail so far.
    pub(crate) fn mail(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.data.join("mail")) else { return Vec::new() };
        folder
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            // quoted-printable: soft ends of lines, and the equals sign
            .map(|letter| letter.replace("=\r\n", "").replace("=3D", "="))
            .collect()
    }
}

/// The cookie that an answer sets.
pub(crate) fn cookie_of(answer: &Response) -> String {
    let line = answer.headers().get(header::SET_COOKIE).expect("a cookie").to_str().unwrap();
    line.split(';').next().unwrap().to_owned()
}

/// What stands between two texts.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let from = text.find(before).unwrap_or_else(|| panic!("no {before} in {text}")) + before.len();
    let rest = &text[from..];
    &rest[..rest.find(after).unwrap()]
}

impl Person {
    pub(crate) async fn with(url: &str, cookie: &str) -> Self {
        let mut person =
            Self { http: http(), url: url.to_owned(), cookie: cookie.to_owned(), csrf: String::new() };
        let page = person.get("/settings").await.text(StatusCode::OK).await;
        person.csrf = between(&page, "name=\"csrf\" value=\"", "\"").to_owned();
        person
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.send_with(method, path, body, &[]).await
    }

    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.url))
            .header(header::COOKIE, &self.cookie)
            .header("x-csrf-token", &self.csrf);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        documented::look(&method, path, &answer);
        Answer(answer)
    }

    /// Sends a form of a page.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut fields = fields.to_vec();
        fields.push(("csrf", &self.csrf));
        let request =
            self.http.post(format!("{}{path}", self.url)).header(header::COOKIE, &self.cookie).form(&fields);
        Answer(request.send().await.unwrap())
    }

    /// The events of the audit record about one object, newest first.
    pub(crate) async fn audit(&self, object: &str) -> Vec<Value> {
        let page =
            self.get(&format!("/api/audit?limit=200&object={object}")).await.json(StatusCode::OK).await;
        page["items"].as_array().unwrap().clone()
    }
}

/// An answer, to be looked at.
pub(crate) struct Answer(pub(crate) Response);

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.0.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    pub(crate) async fn text(self, status: StatusCode) -> String {
        let got = self.0.status();
        let text = self.0.text().await.unwrap();
        assert_eq!(got, status, "{text}");
        text
    }

    pub(crate) async fn json(self, status: StatusCode) -> Value {
        let text = self.text(status).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}
