//! Answers that are broken on the wire.

use std::io::Write;
use std::time::Duration;

use rolebook_okta::{Client, Error, Leg};

use crate::scripted::{Server, Step, say};
use crate::{TOKEN, client, quick};

const USERS: &str = r#"[{"id":"00u1","profile":{"login":"ann@acme.test"}},{"id":"00u2"}]"#;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

async fn read(server: &Server) -> Result<usize, Error> {
    Ok(client(&server.url).users(200)?.all().await?.0.len())
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let server = Server::in_order([say(200, gzip(USERS)).header("content-encoding", "gzip")]).await;
    assert_eq!(read(&server).await.unwrap(), 2);
}

#[tokio::test]
async fn a_broken_answer_is_asked_for_again() {
    let packed = gzip(USERS);
    let whole = say(200, USERS);
    let broken: [(&str, Step); 7] = [
        ("closed before an answer", Step::Close),
        ("closed in the headers", Step::Bytes(b"HTTP/1.1 200 OK\r\ncontent-ty".to_vec())),
        ("shorter than its length", say(200, &USERS[..20]).claims(USERS.len()).into()),
        ("gzip cut off", say(200, &packed[..packed.len() / 2]).header("content-encoding", "gzip").into()),
        ("not gzip at all", say(200, USERS).header("content-encoding", "gzip").into()),
        ("JSON cut off at a clean end", say(200, &USERS[..20]).into()),
        (
            "chunks cut off",
            Step::Bytes(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[{\"id"
                    .to_vec(),
            ),
        ),
    ];
    for (name, step) in broken {
        let server = Server::in_order([step.clone(), whole.clone().into()]).await;
        assert_eq!(read(&server).await.unwrap(), 2, "{name}");
        assert_eq!(server.seen().len(), 2, "{name}");

        let server = Server::in_order([step]).await;
        let error = read(&server).await.unwrap_err();
        assert!(matches!(error, Error::Transport { leg: Leg::Broken, .. }), "{name}: {error}");
        assert!(error.is_transient() && !error.outcome_unknown());
        assert_eq!(server.seen().len(), 5, "{name}");
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left() {
    for step in [Step::Silence, Step::Bytes(Vec::new())] {
        let server = Server::in_order([step]).await;
        let mut config = quick(&server.url, TOKEN);
        config.read_timeout = Duration::from_millis(30);
        config.retry.attempts = 2;
        let error = Client::new(config).unwrap().org().await.unwrap_err();
        assert!(matches!(error, Error::Transport { leg: Leg::Timeout | Leg::Broken, .. }), "{error}");
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn what_is_no_list_is_an_error_and_not_an_empty_one() {
    for body in ["null", "", "{}", "\"text\"", "7"] {
        let server = Server::in_order([say(200, body)]).await;
        let error = read(&server).await.unwrap_err();
        assert!(
            matches!(&error, Error::Shape { target, .. } if target == "/api/v1/users?limit=200"),
            "{body:?}: {error}"
        );
        assert!(!error.is_gone() && !error.is_transient());
        assert_eq!(server.seen().len(), 1);
    }
    let server = Server::in_order([say(200, r#"{"value":null}"#)]).await;
    let error = client(&server.url).role_assignees().unwrap().next_page().await.unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    let server = Server::in_order([say(200, r#"{"values":[]}"#)]).await;
    let error = client(&server.url).role_assignees().unwrap().next_page().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "unexpected answer to /api/v1/iam/assignees/users?limit=100: no value in the body (request Yreq1)"
    );
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_costs_only_itself() {
    let body = r#"[{"id":"00u1"},{"status":"ACTIVE"},{"id":""},null,{"id":"00u5","status":7},{"id":"00u6","new":1}]"#;
    let server = Server::in_order([say(200, body)]).await;
    let page = client(&server.url).users(200).unwrap().next_page().await.unwrap().unwrap();
    let ids: Vec<_> = page.items.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["00u1", "00u6"]);
    let skipped: Vec<_> = page.skipped.iter().map(|skipped| (skipped.index, skipped.id.as_deref())).collect();
    assert_eq!(skipped, [(1, None), (2, None), (3, None), (4, Some("00u5"))]);
    assert!(page.skipped[0].reason.contains("missing field `id`"), "{:?}", page.skipped[0]);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read_to_its_end() {
    // Two hundred kilobytes of blanks in two hundred bytes.
    let bomb = gzip(&format!("[{}]", " ".repeat(200_000)));
    assert!(bomb.len() < 1000);
    let server = Server::in_order([say(200, bomb).header("content-encoding", "gzip")]).await;
    let mut config = quick(&server.url, TOKEN);
    config.max_body = 10_000;
    let error = Client::new(config).unwrap().users(200).unwrap().next_page().await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 10_000, .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
}
