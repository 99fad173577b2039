//! A console over a large org: its API and its pages, asked as browser and programs ask. Console and fake Okta run in
//! this process; requests go over loopback.

use std::{
    io::Write as _,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reqwest::{Client, StatusCode, header, redirect::Policy};
use rolebook_console::{ConsoleConfig, Server};
use rolebook_fake_okta::{
    FakeOkta, Options, RateLimits,
    orgs::{GeneratorSpec, generated},
};
use rolebook_okta::{AddressRules, install_crypto_provider};
use serde_json::{Value, json};

use crate::Failed;

const PEOPLE: usize = 100_000;
const PASSWORD: &str = "correct horse battery staple";
/// How often each is asked; the slowest counts.
const TIMES: usize = 10;
/// What is asked of a table: its name for people, and the address after the first part.
const TABLES: [(&str, &str); 9] = [
    ("API: first page of people", "/api/people"),
    ("API: page of people from row 90,000 on", "/api/people?cursor=90000"),
    ("API: people by login, downwards", "/api/people?sort=-login"),
    ("API: people by login from row 90,000 on", "/api/people?sort=login&cursor=90000"),
    ("API: people searched by a word", "/api/people?q=anna&sort=name"),
    ("API: first page of grants by person", "/api/grants?sort=person"),
    ("API: grants searched by two words, by role", "/api/grants?q=admin%20a&sort=-role"),
    ("page: people by login", "/people?sort=login"),
    ("page: grants searched by a word, from row 1,000 on", "/grants?q=a&sort=person&cursor=1000"),
];
const FIRST: [(&str, &str); 2] = [("first page: sign-in", "/sign-in"), ("first page: Home", "/")];

/// What was measured.
pub(crate) struct Console {
    facts: String,
    rows: Vec<(String, Duration)>,
}

impl Console {
    /// Runs the job in a process of its own.
    pub(crate) fn measure(this: &Path) -> Result<Self, Failed> {
        let output = Command::new(this).arg("console").output()?;
        let text = String::from_utf8(output.stdout)?;
        let mut lines = text.lines();
        let facts = lines.next().unwrap_or_default().to_owned();
        let rows: Vec<_> = lines
            .filter_map(|line| {
                let (name, micros) = line.rsplit_once('\t')?;
                Some((name.to_owned(), Duration::from_micros(micros.parse().ok()?)))
            })
            .collect();
        if rows.len() != TABLES.len() + FIRST.len() + 1 {
            return Err(
                format!("the console gave no numbers: {}", String::from_utf8_lossy(&output.stderr)).into()
            );
        }
        Ok(Self { facts, rows })
    }

    pub(crate) fn rows(&self, page: &mut String) -> std::fmt::Result {
        use std::fmt::Write as _;
        for (name, took) in &self.rows {
            let wall = took.as_secs_f64() * 1000.0;
            let budget = match name.as_str() {
                name if name.starts_with("first page") => "100 ms",
                name if name.starts_with("API") || name.starts_with("page") => "300 ms",
                _ => "–",
            };
            writeln!(
                page,
                "| console with {}: {name}, slowest of {TIMES} | {wall:.1} ms | {budget} | – | – |",
                self.facts
            )?;
        }
        Ok(())
    }
}

/// Asks in this process and prints how long it took, in microseconds.
pub(crate) fn job() -> Result<(), Failed> {
    tokio::runtime::Runtime::new()?.block_on(ask_all())
}

async fn ask_all() -> Result<(), Failed> {
    install_crypto_provider();
    let spec = GeneratorSpec { users: PEOPLE, memberships: PEOPLE * 3, ..GeneratorSpec::default() };
    let options = Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() };
    let fake = FakeOkta::start(generated(&spec), options)?;
    let folder = tempfile::tempdir()?;
    let server = Server::start(config(folder.path()), "127.0.0.1:0".parse()?).await?;
    let caller = Caller::first(&server).await?;
    connect(&caller, &fake).await?;

    let begin = Instant::now();
    let grants = caller.json("/api/grants").await?.get("total").and_then(Value::as_u64).unwrap_or_default();
    let opened = begin.elapsed();
    let mut lines = vec![("the first question of all, which opens the snapshot".to_owned(), opened)];
    // Findings are worked out once, after the sync; the first page shows how many there are.
    caller.json("/api/findings?limit=1").await?;
    for (name, path) in FIRST.into_iter().chain(TABLES) {
        let mut worst = Duration::ZERO;
        for _ in 0..TIMES {
            let begin = Instant::now();
            caller.text(path).await?;
            worst = worst.max(begin.elapsed());
        }
        lines.push((name.to_owned(), worst));
    }
    let mut out = std::io::stdout();
    writeln!(out, "{} people and {} grants", thousands(PEOPLE as u64), thousands(grants))?;
    for (name, took) in lines {
        writeln!(out, "{name}\t{}", took.as_micros())?;
    }
    server.stop().await;
    Ok(())
}

fn thousands(number: u64) -> String {
    if number < 1000 {
        number.to_string()
    } else {
        format!("{},{:03}", thousands(number / 1000), number % 1000)
    }
}

fn config(folder: &Path) -> ConsoleConfig {
    let begin = Instant::now();
    // Nothing here depends on the day.
    let clock = move || Timestamp::UNIX_EPOCH.saturating_add(begin.elapsed()).unwrap_or_default();
    ConsoleConfig {
        addresses: AddressRules { allow_loopback: true, ..AddressRules::default() },
        rate_budget: 100,
        ..ConsoleConfig::local(folder.join("data"), "rolebook bench".to_owned(), Arc::new(clock))
    }
}

/// Somebody with a session.
struct Caller {
    http: Client,
    url: String,
    cookie: String,
    csrf: String,
}

impl Caller {
    /// The first administrator.
    async fn first(server: &Server) -> Result<Self, Failed> {
        let http = Client::builder().redirect(Policy::none()).build()?;
        let link = server.first_link().await?.ok_or("nobody can be set up")?;
        let form =
            [("name", "Sue"), ("email", "sue@bench.test"), ("password", PASSWORD), ("again", PASSWORD)];
        let answer = http.post(link).form(&form).send().await?;
        let cookie = answer.headers().get(header::SET_COOKIE).ok_or("no session")?.to_str()?;
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let mut caller = Self { http, url: server.url().to_owned(), cookie, csrf: String::new() };
        let page = caller.text("/settings").await?;
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        caller.csrf = csrf.ok_or("no form")?.to_owned();
        Ok(caller)
    }

    async fn text(&self, path: &str) -> Result<String, Failed> {
        let request = self.http.get(format!("{}{path}", self.url)).header(header::COOKIE, &self.cookie);
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status == StatusCode::OK { Ok(text) } else { Err(format!("{path}: {status} {text}").into()) }
    }

    async fn json(&self, path: &str) -> Result<Value, Failed> {
        Ok(serde_json::from_str(&self.text(path).await?)?)
    }

    async fn send(&self, method: reqwest::Method, path: &str, body: &Value) -> Result<Value, Failed> {
        let request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .header(header::COOKIE, &self.cookie)
            .header("x-csrf-token", &self.csrf)
            .json(body);
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if status.is_success() {
            Ok(serde_json::from_str(&text)?)
        } else {
            Err(format!("{path}: {status} {text}").into())
        }
    }
}

/// Adds a connector to the fake and waits for its first sync.
async fn connect(caller: &Caller, fake: &FakeOkta) -> Result<(), Failed> {
    let new = json!({ "kind": "okta-aws-federation", "app": { "new": "AWS" } });
    let made = caller.send(reqwest::Method::POST, "/api/connectors", &new).await?;
    let id = made.get("id").and_then(Value::as_str).ok_or("no connector")?.to_owned();
    let settings = json!({ "domain": fake.url(), "api_token": fake.token("super") });
    let path = format!("/api/connectors/{id}");
    caller.send(reqwest::Method::PATCH, &format!("{path}/settings"), &settings).await?;
    loop {
        let view = caller.json(&path).await?;
        let is_null = |name: &str| view.get(name).is_none_or(Value::is_null);
        if is_null("open_sync") {
            return if is_null("good_sync") { Err(format!("it stays {view}").into()) } else { Ok(()) };
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
