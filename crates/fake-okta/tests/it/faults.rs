//! Faults do what they say, to the requests they name.

use std::time::Duration;

use rolebook_fake_okta::{App, AppUser, Fault, Group, Options, Org};

use crate::client::Client;

const GROUPS: &str = "/api/v1/groups";

fn org(groups: usize) -> Org {
    Org::new("acme")
        .groups((0..groups).map(|n| Group::new(format!("g{n}")).id(format!("g{n}"))))
        .app(App::aws("0oaAWS").user(AppUser::direct("00uA")))
}

fn client(fault: &str) -> Client {
    let client = Client::with(org(6), Options { frozen_clock: true, ..Options::default() });
    client.fake.add_fault(fault.parse().unwrap());
    client
}

/// Ids page by page, at most eight pages.
async fn walk(client: &Client, path: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut url = path.to_owned();
    while pages.len() < 8 {
        let got = client.get(&url).await;
        let ids =
            got.json().as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        pages.push(ids);
        match got.next() {
            Some(next) => url = next,
            None => break,
        }
    }
    pages
}

#[tokio::test]
async fn statuses_come_with_oktas_bodies() {
    for (fault, status, code) in [
        ("status=400", 400, "E0000001"),
        ("status=401", 401, "E0000011"),
        ("feature-off", 401, "E0000015"),
        ("status=403", 403, "E0000006"),
        ("status=403,code=E0000075", 403, "E0000075"),
        ("gone", 404, "E0000007"),
        ("status=404,code=E0000008", 404, "E0000008"),
        ("status=429", 429, "E0000047"),
        ("status=500", 500, "E0000009"),
        ("status=503", 503, "E0000010"),
    ] {
        let client = client(fault);
        let got = client.get(GROUPS).await;
        assert_eq!((got.status, got.code().as_str()), (status, code), "{fault}");
        assert!(got.next().is_none());
        assert_eq!(client.fake.log()[0].status, status);
        assert_eq!(client.fake.log()[0].limited, status == 429);
    }
    let edge = client("status=502").get(GROUPS).await;
    assert_eq!((edge.status, edge.header("content-type")), (502, "text/html"));
    let scope = client("status=403,empty").get(GROUPS).await;
    assert_eq!((scope.status, scope.text.as_str()), (403, ""));
    assert!(scope.headers.get("content-type").is_none());
}

#[tokio::test]
async fn page_count_and_pattern_choose_the_request() {
    let client = client("status=500,path=/api/v1/groups,page=2,count=1");
    let first = client.get("/api/v1/groups?limit=2").await;
    let next = first.next().unwrap();
    assert_eq!(client.get("/api/v1/org").await.status, 200);
    assert_eq!(client.get(&next).await.status, 500);
    assert_eq!(client.get(&next).await.status, 200);
    assert_eq!(client.get("/api/v1/groups?limit=2").await.status, 200);
    client.fake.clear_faults();
    client.fake.add_fault(Fault::on("/api/v1/groups/*/users").gone());
    assert_eq!(client.get("/api/v1/groups/g1").await.status, 200);
    assert_eq!(client.get("/api/v1/groups/g1/users").await.code(), "E0000007");
}

#[tokio::test]
async fn bodies_and_types() {
    let html = client("html").get(GROUPS).await;
    assert_eq!((html.status, html.header("content-type")), (200, "text/html;charset=utf-8"));
    assert_eq!(client("null").get(GROUPS).await.text, "null");
    assert_eq!(client("empty").get(GROUPS).await.text, "");
    let plain = client("content-type=text/plain").get(GROUPS).await;
    assert_eq!((plain.header("content-type"), plain.json().as_array().unwrap().len()), ("text/plain", 6));
}

#[tokio::test]
async fn broken_connections() {
    let ask = async |fault: &str| {
        let client = client(fault);
        let url = format!("{}{GROUPS}", client.fake.url());
        let token = format!("SSWS {}", client.fake.token("super"));
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let sent = http.get(url).header("authorization", token).send().await;
        let result = match sent {
            Ok(response) => {
                let status = response.status().as_u16();
                (Some(status), response.bytes().await.is_err())
            }
            Err(_) => (None, true),
        };
        (result, client.fake.log()[0].status)
    };
    assert_eq!(ask("cut").await, ((Some(200), true), 200));
    assert_eq!(ask("drop").await, ((None, true), 0));
    assert_eq!(ask("truncated-gzip").await, ((Some(200), true), 200));
}

#[tokio::test]
async fn walks_that_go_wrong() {
    let ids = |range: std::ops::Range<usize>| range.map(|n| format!("g{n}")).collect::<Vec<_>>();
    let path = "/api/v1/groups?limit=2";
    assert_eq!(walk(&client("empty-last-page"), path).await, [ids(0..2), ids(2..4), ids(4..6), vec![]]);
    assert_eq!(walk(&client("overlap=1,page=1"), path).await, [ids(0..2), ids(1..3), ids(3..5), ids(5..6)]);
    assert_eq!(walk(&client("duplicate,page=2"), path).await, [ids(0..2), ids(2..4), ids(2..4), ids(4..6)]);
    let endless = walk(&client("next=endless"), path).await;
    assert_eq!((endless.len(), &endless[3]), (8, &ids(0..2)));
    let client_of_repeats = client("next=repeat,page=2");
    let repeats = walk(&client_of_repeats, path).await;
    assert_eq!((&repeats[1], &repeats[7]), (&ids(2..4), &ids(2..4)));
    let lines = client_of_repeats.fake.log_lines();
    assert_eq!(lines[2], lines[7], "the very same link");
    let foreign = client("next=https://evil.test").get(path).await;
    assert!(foreign.next().unwrap().starts_with("https://evil.test/api/v1/groups?after="));
    assert!(foreign.self_link().unwrap().starts_with("http://127.0.0.1"));
}

#[tokio::test]
async fn headers_that_lie_or_lack() {
    let skewed = client("skew=-300").get(GROUPS).await;
    assert_eq!(skewed.header("date"), "Tue, 01 Sep 2026 07:55:00 GMT");
    let bare = client("status=429,no-date,no-rate-headers").get(GROUPS).await;
    assert!(bare.headers.get("date").is_none() && bare.headers.get("x-rate-limit-reset").is_none());
    let soon = client("status=429,reset=5").get(GROUPS).await;
    assert_eq!(
        (soon.header("x-rate-limit-reset"), soon.header("x-rate-limit-remaining")),
        ("1788249605", "0")
    );
}

#[tokio::test]
async fn latency_holds_an_answer_back() {
    let client = client("latency=60s,path=/api/v1/groups");
    let slow = tokio::time::timeout(Duration::from_millis(50), client.get(GROUPS)).await;
    assert!(slow.is_err());
    assert_eq!(client.get("/api/v1/org").await.status, 200);
}

#[tokio::test]
async fn faults_from_a_file_and_from_the_start() {
    let faults =
        Fault::list("- status=500,path=/api/v1/org,count=1\n- path: /api/v1/users\n  status: 503\n").unwrap();
    let client = Client::with(org(1), Options { faults, ..Options::default() });
    assert_eq!(client.get("/api/v1/org").await.status, 500);
    assert_eq!(client.get("/api/v1/org").await.status, 200);
    assert_eq!(client.get("/api/v1/users").await.status, 503);
}

#[tokio::test]
async fn gzip_when_asked_and_switched_on() {
    let client = Client::new(org(50));
    let encoding = async || {
        let request = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
        let request = request.get(format!("{}{GROUPS}", client.fake.url())).header("accept-encoding", "gzip");
        let response = request
            .header("authorization", format!("SSWS {}", client.fake.token("super")))
            .send()
            .await
            .unwrap();
        response.headers().get("content-encoding").is_some()
    };
    assert!(!encoding().await);
    client.fake.configure(|options| options.gzip = true);
    assert!(encoding().await);
    assert_eq!(client.page_sizes(GROUPS).await, [50], "the client unpacks it");
}
