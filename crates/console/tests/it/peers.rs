//! Peers that fail: Okta, the mail server, receivers of webhooks. Each failure says what, why and what next, and what was
//! put off goes through when the peer is well again.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use rolebook_console::MailConfig;
use rolebook_fake_okta::{FakeOkta, Fault, Options, RateLimits, orgs};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};

use crate::house::{House, Person};

async fn sync(house: &House, who: &Person, id: &str) -> Value {
    who.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.settled(who, id).await
}

async fn last(who: &Person, id: &str) -> Value {
    let syncs = who.get(&format!("/api/connectors/{id}/syncs")).await.json(StatusCode::OK).await;
    syncs["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn okta_fails_in_every_way_and_comes_back() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let grants = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
    let other = r#"{"id":"00oOther","subdomain":"acme","companyName":"Other","status":"ACTIVE"}"#;
    let bad = [
        (Fault::everywhere().drop_connection(), "transient", ""),
        (Fault::everywhere().status(500).code("E0000009"), "transient", "E0000009"),
        (Fault::everywhere().status(503), "transient", ""),
        (Fault::everywhere().html(), "", "web page"),
        (Fault::everywhere().status(401).code("E0000011").done(), "config", "E0000011"),
        (Fault::everywhere().status(403).code("E0000006").done(), "config", "E0000006"),
        (Fault::on("/api/v1/org").body(other), "config", "00oOther"),
        (Fault::on("/api/v1/groups/**").method("GET").body("{"), "", ""),
    ];
    for (fault, class, word) in bad {
        let name = format!("{fault:?}");
        house.fake.add_fault(fault);
        let view = sync(&house, &sue, &id).await;
        let ended = last(&sue, &id).await;
        assert_eq!(ended["result"], "failed", "{name}: {ended:#}");
        let error = &ended["report"]["error"];
        let (text, hint) = (error["text"].as_str().unwrap(), error["hint"].as_str().unwrap());
        assert!(!text.is_empty() && !hint.is_empty(), "{name}: {error}");
        assert!(class.is_empty() || error["class"] == class, "{name}: {error}");
        assert!(error.to_string().contains(word), "{name}: {error}");
        assert!(!error.to_string().contains(&house.fake.token("super")), "{name}");
        assert!(!error.to_string().contains("--"), "{name}: no words of the command line: {error}");
        assert!(!view["life"]["next_at"].is_null(), "{name}: it goes on by itself");
        let page = sue.get(&format!("/connectors/{id}")).await.text(StatusCode::OK).await;
        assert!(page.contains("The last sync failed"), "{name}");
        let now = sue.get("/api/grants?limit=1").await.json(StatusCode::OK).await["total"].clone();
        assert_eq!(now, grants, "{name}: the last good state stays");
        house.fake.clear_faults();
        let view = sync(&house, &sue, &id).await;
        assert_eq!(
            (&view["label"], &view["life"]["failures"]),
            (&json!("connected"), &json!(0)),
            "{name}: {view:#}"
        );
    }
    // Some bad weather is sat out: refusals for the rate, single failures, another clock, another company name.
    let renamed = r#"{"id":"ID","subdomain":"acme","companyName":"Acme & Sons","status":"ACTIVE"}"#;
    let org = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await["org_id"].clone();
    let org = org.as_str().unwrap();
    for fault in [
        Fault::on("/api/v1/groups").rate_limited().reset(1).count(3),
        Fault::everywhere().status(500).chance(10).count(3),
        Fault::everywhere().skew(-7200),
        Fault::everywhere().skew(7200),
        Fault::everywhere().no_date(),
        Fault::on("/api/v1/org").body(renamed.replace("ID", org)),
    ] {
        let name = format!("{fault:?}");
        house.fake.add_fault(fault);
        let view = sync(&house, &sue, &id).await;
        let ended = last(&sue, &id).await;
        assert_eq!(view["label"], "connected", "{name}: {ended:#}");
        house.fake.clear_faults();
    }
}

/// A token of another org, entered by somebody; and an org that has moved away from under a connector.
#[tokio::test(flavor = "multi_thread")]
async fn a_connector_keeps_its_org() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let options = Options { rate_limits: RateLimits::UNLIMITED, ..Options::default() };
    let other = FakeOkta::start(orgs::demo_direct(), options).unwrap();
    let patch = json!({ "domain": other.url(), "api_token": other.token("super") });
    let path = format!("/api/connectors/{id}/settings");
    let refused = sue.send(Method::PATCH, &path, Some(&patch)).await;
    assert!(refused.status().is_client_error());
    let text = refused.0.text().await.unwrap();
    assert!(text.contains("org") && text.contains("hint"), "{text}");
    assert_eq!(sync(&house, &sue, &id).await["label"], "connected", "what it had works on");
}

/// By the console's clock, hours pass while nothing works.
#[tokio::test(flavor = "multi_thread")]
async fn who_owns_a_failing_connector_hears_once_a_day() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let owners = json!({ "owners": ["sue@acme.test"] });
    sue.send(Method::PUT, &format!("/api/connectors/{id}/owners"), Some(&owners))
        .await
        .text(StatusCode::OK)
        .await;
    house.fake.add_fault(Fault::everywhere().status(401).code("E0000011").done());
    let letters = || house.mail().into_iter().filter(|letter| letter.contains("cannot sync since")).count();
    for failures in 1..=2 {
        sync(&house, &sue, &id).await;
        assert_eq!(
            sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await["life"]["failures"],
            failures
        );
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(letters(), 0, "two failures are weather");
    // Three days, a failure every six hours.
    let mut sue = sue;
    for _ in 0..12 {
        sync(&house, &sue, &id).await;
        house.advance(6 * 3600);
        sue = house.again().await;
    }
    let begin = Instant::now();
    while letters() < 3 && begin.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let told = letters();
    assert!((3..=4).contains(&told), "{told} letters in three days");
    let audit = sue.audit(&format!("connector/{id}")).await;
    let failed =
        audit.iter().filter(|row| row["action"] == "sync.ended" && row["detail"]["result"] == "failed");
    assert!(failed.count() >= 14);
}

#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Refuse,
    Hang,
    Cut,
    Take,
}

/// A mail server of changing manners; what it took.
async fn mail_server() -> (MailConfig, Arc<Mutex<Manner>>, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (manner, taken) = (Arc::new(Mutex::new(Manner::Refuse)), Arc::new(Mutex::new(Vec::new())));
    let (ways, kept) = (Arc::clone(&manner), Arc::clone(&taken));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (way, kept) = (*ways.lock().unwrap(), Arc::clone(&kept));
            tokio::spawn(async move {
                let _ = serve_mail(stream, way, kept).await;
            });
        }
    });
    let config = MailConfig::Smtp { url: url.into(), from: "Rolebook <rolebook@acme.test>".to_owned() };
    (config, manner, taken)
}

async fn serve_mail(
    stream: tokio::net::TcpStream,
    way: Manner,
    taken: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    if way == Manner::Hang {
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    stream.write_all(b"220 mail.test\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let answer = match line.split_whitespace().next().unwrap_or_default() {
            "EHLO" | "HELO" => "250 mail.test\r\n",
            "RCPT" if way == Manner::Refuse => "451 try later\r\n",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let mut letter = String::new();
                while !letter.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut letter).await? == 0 {
                        return Ok(());
                    }
                }
                if way == Manner::Cut {
                    return Ok(());
                }
                taken.lock().unwrap().push(letter);
                "250 taken\r\n"
            }
            "QUIT" => return Ok(()),
            _ => "250 fine\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Waits until what the settings say of mail holds these words.
async fn says(sue: &Person, words: &str) {
    let begin = Instant::now();
    loop {
        let page = sue.get("/settings").await.text(StatusCode::OK).await;
        if page.contains(words) {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(50), "no {words:?} in {page}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_waits_for_its_server_and_goes_out_once() {
    let (config, manner, taken) = mail_server().await;
    let mut house = House::demo().await;
    let sue = house.sue().await;
    house.stop().await;
    house.mail = Some(config);
    house.start().await;
    let mut sue = Person::with(&house.url, &sue.cookie).await;
    let bea = json!({ "name": "Bea", "email": "bea@acme.test", "roles": ["basic-user"] });
    sue.post("/api/users", &bea).await.json(StatusCode::CREATED).await;
    says(&sue, "(451): try later").await;
    *manner.lock().unwrap() = Manner::Cut;
    house.advance(10 * 60);
    says(&sue, "tried 2 times").await;
    *manner.lock().unwrap() = Manner::Hang;
    house.advance(20 * 60);
    says(&sue, "did not finish within").await;
    // A server that hangs keeps nobody from stopping.
    house.advance(20 * 60);
    sue.get("/api/me").await.json(StatusCode::OK).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let begin = Instant::now();
    house.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
    assert_eq!(taken.lock().unwrap().len(), 0);
    *manner.lock().unwrap() = Manner::Take;
    house.start().await;
    sue = Person::with(&house.url, &sue.cookie).await;
    house.advance(30 * 60);
    let begin = Instant::now();
    while taken.lock().unwrap().is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    house.advance(20 * 60);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let letters = taken.lock().unwrap().clone();
    let to_bea: Vec<&String> = letters.iter().filter(|letter| letter.contains("To: bea@acme.test")).collect();
    assert_eq!(to_bea.len(), 1, "{letters:?}");
    let page = sue.get("/settings").await.text(StatusCode::OK).await;
    assert!(!page.contains("did not finish"), "nothing waits any more");

    // The hand-over: once for each time that somebody becomes an owner.
    let id = house.added(&sue).await;
    let path = format!("/api/connectors/{id}/owners");
    for owners in
        [json!(["bea@acme.test"]), json!(["bea@acme.test", "sue@acme.test"]), json!(["bea@acme.test"])]
    {
        let owners = json!({ "owners": owners });
        sue.send(Method::PUT, &path, Some(&owners)).await.text(StatusCode::OK).await;
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    let letters = taken.lock().unwrap().clone();
    let to = |who: &str| {
        letters.iter().filter(|letter| letter.contains(who) && letter.contains("Your help is needed")).count()
    };
    assert_eq!((to("To: bea@acme.test"), to("To: sue@acme.test")), (1, 0), "{letters:?}");
}

/// Answers every request with this, after so long; how many there were.
async fn receiver(answer: String, after: Duration) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let count = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            *counted.lock().unwrap() += 1;
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut some = [0; 65536];
                let _ = stream.read(&mut some).await;
                tokio::time::sleep(after).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (address, count)
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_hang_lead_elsewhere_or_fail_are_told_of() {
    let mut house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let (inside, asked_inside) = receiver("HTTP/1.1 204 No\r\n\r\n".to_owned(), Duration::ZERO).await;
    let led =
        format!("HTTP/1.1 302 Found\r\nlocation: {inside}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let (leads, _) = receiver(led, Duration::ZERO).await;
    let failed = "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned();
    let (fails, _) = receiver(failed, Duration::ZERO).await;
    let (hangs, _) = receiver(String::new(), Duration::from_secs(600)).await;
    for url in [&leads, &fails, &hangs] {
        sue.post("/api/webhooks", &json!({ "url": url })).await.json(StatusCode::CREATED).await;
    }
    for bad in [
        "https://10.1.2.3/",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433.evil/\r\nx: y",
        "ftp://hooks.acme.com/",
        "https://100.64.0.1/",
        "https://[64:ff9b::a00:1]/",
        "file:///etc/passwd",
    ] {
        let refused = sue.post("/api/webhooks", &json!({ "url": bad })).await;
        let status = refused.status();
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY || bad.contains(".evil"), "{bad}: {status}");
    }
    let member = house.fake.with_org(|org| org.user_ids().nth(3).unwrap().to_owned());
    house.fake.change(|org| org.remove_user(&member));
    let other = house.fake.with_org(|org| org.user_ids().nth(3).unwrap().to_owned());
    house.fake.change(|org| org.add_member("aws_111122223333_Admin", &other));
    sync(&house, &sue, &id).await;
    let begin = Instant::now();
    let told = loop {
        let hooks = sue.get("/api/webhooks").await.json(StatusCode::OK).await;
        let errors: Vec<String> = hooks["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|hook| hook["error"].as_str().map(str::to_owned))
            .collect();
        let wanted = ["it answered 302", "it answered 500", "timed out"];
        if wanted.iter().all(|word| errors.iter().any(|error| error.contains(word))) {
            break errors;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{hooks:#}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(*asked_inside.lock().unwrap(), 0, "a redirect is not followed: {told:?}");
    let page = sue.get("/watches").await.text(StatusCode::OK).await;
    assert!(page.contains("it answered 302") && page.contains("it answered 500"));
    house.advance(10 * 60);
    tokio::time::sleep(Duration::from_secs(4)).await;
    let begin = Instant::now();
    house.stop().await;
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
}
