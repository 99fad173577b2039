//! What is tried again, how often, and what is not.

use std::time::Duration;

use rolebook_okta::{BucketName, CancellationToken, Client, Error, Leg, Method, Request};

use crate::scripted::{Say, Server, Step, refuse, say};
use crate::{TOKEN, client, quick};

fn org() -> Say {
    say(200, r#"{"id":"00o1"}"#)
}

#[tokio::test]
async fn x7_one_server_fault_on_a_read_is_repeated() {
    for status in [500, 502, 503, 504] {
        for fault in [refuse(status, "E0000009"), say(status, "<html>").without("content-type")] {
            let server = Server::in_order([fault, org()]).await;
            client(&server.url).org().await.unwrap();
            let seen = server.seen();
            assert_eq!(seen.len(), 2);
            assert_eq!(seen[1].header("x-okta-retry-count"), Some("1"));
            assert_eq!(seen[1].header("x-okta-retry-for"), Some("Yreq1"));
        }
    }
}

#[tokio::test]
async fn faults_end_after_the_attempts_allowed() {
    let server = Server::in_order([refuse(503, "E0000009")]).await;
    let client = client(&server.url);
    let error = client.org().await.unwrap_err();
    assert!(matches!(error, Error::Server(_)) && error.is_transient());
    assert_eq!(server.seen().len(), 5);
    let stats = client.governor().stats();
    assert_eq!((stats[0].bucket, stats[0].requests, stats[0].retries), (BucketName::Rest, 5, 4));
}

#[tokio::test]
async fn client_errors_are_final() {
    for status in [400, 401, 403, 404, 409, 410, 413, 501] {
        let server = Server::in_order([say(status, "{}")]).await;
        let error = client(&server.url).org().await.unwrap_err();
        assert_eq!(error.status(), Some(status));
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn x2_a_run_of_429_is_sat_out() {
    let full = || refuse(429, "E0000047").rate(600, 0, 0);
    let server = Server::in_order([full(), full(), full(), org().rate(600, 599, 60)]).await;
    let client = client(&server.url);
    client.org().await.unwrap();
    assert_eq!(server.seen().len(), 4);
    assert_eq!(client.governor().stats()[0].refusals, 3);
}

#[tokio::test]
async fn x2_patience_ends_with_the_time_of_the_reset() {
    let server = Server::in_order([refuse(429, "E0000047").rate(600, 0, 3600)]).await;
    let error = client(&server.url).org().await.unwrap_err();
    assert_eq!(server.seen().len(), 1);
    assert!(error.is_transient());
    let Error::RateLimited { bucket, reset, reply, .. } = &error else { panic!("{error}") };
    assert_eq!(*bucket, BucketName::Rest);
    assert_eq!(reset.unwrap().to_string(), "2027-01-15T09:00:00Z");
    assert_eq!(reply.as_ref().unwrap().code.as_deref(), Some("E0000047"));
}

#[tokio::test]
async fn x3_a_429_without_headers_backs_off_and_gives_up_in_the_end() {
    let server = Server::in_order([refuse(429, "E0000047"), refuse(429, "E0000047"), org()]).await;
    client(&server.url).org().await.unwrap();

    let server = Server::in_order([refuse(429, "E0000047")]).await;
    let mut config = quick(&server.url, TOKEN);
    config.retry.max_wait = Duration::from_millis(100);
    let error = Client::new(config).unwrap().org().await.unwrap_err();
    assert!(matches!(error, Error::RateLimited { reset: None, .. }), "{error}");
    // Doubling from 2 ms to 20 ms: far from a hot loop.
    assert!((4..=20).contains(&server.seen().len()), "{}", server.seen().len());
}

#[tokio::test]
async fn too_many_at_once_is_backed_off_from_and_leaves_the_bucket_open() {
    let crowded = || refuse(429, "E0000047").rate(0, 0, 0);
    let server = Server::in_order([crowded(), crowded(), org().rate(600, 599, 60)]).await;
    let client = client(&server.url);
    client.org().await.unwrap();
    let stats = client.governor().stats();
    assert_eq!((stats[0].limit, stats[0].refusals, stats[0].waits), (Some(600), 2, 0));

    // It does not go on for ever either.
    let server = Server::in_order([crowded()]).await;
    let mut config = quick(&server.url, TOKEN);
    config.retry.max_wait = Duration::from_millis(100);
    let error = Client::new(config).unwrap().org().await.unwrap_err();
    assert!(matches!(error, Error::RateLimited { .. }));
    assert!((4..=20).contains(&server.seen().len()), "{}", server.seen().len());
}

#[tokio::test]
async fn a_wrong_clock_of_an_hour_changes_nothing() {
    // Okta's clock is 2027, ours is not: only Reset − Date counts, here half a second of margin and backoff.
    let server =
        Server::in_order([refuse(429, "E0000047").rate(600, 0, -3600), org().rate(600, 599, 60)]).await;
    client(&server.url).org().await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn x4_a_429_on_a_write_is_repeated_and_nothing_else() {
    let patch = || {
        Request::new(Method::PATCH, "/api/v1/apps/0oa1/groups/00g1")
            .unwrap()
            .json(&[("op", "replace")])
            .unwrap()
    };
    let server =
        Server::in_order([refuse(429, "E0000047").rate(100, 0, 0), say(200, "{}").rate(100, 99, 60)]).await;
    let answer = client(&server.url).send(patch()).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(server.seen()[1].method, "PATCH");

    for status in [500, 502, 503, 504] {
        let server = Server::in_order([say(status, "{}")]).await;
        let error = client(&server.url).send(patch()).await.unwrap_err();
        assert!(error.outcome_unknown(), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
    let server = Server::in_order([Step::Close]).await;
    let error = client(&server.url).send(patch()).await.unwrap_err();
    assert!(error.outcome_unknown(), "{error}");
    assert_eq!(server.seen().len(), 1);

    let server = Server::in_order([refuse(503, "E0000010")]).await;
    let error = client(&server.url).send(patch()).await.unwrap_err();
    assert!(matches!(error, Error::ReadOnly(_)) && !error.outcome_unknown());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn writes_without_body_say_their_length_and_empty_answers_are_fine() {
    let server = Server::in_order([say(204, "").without("content-type")]).await;
    let put = Request::new(Method::PUT, "/api/v1/groups/00g1/users/00u1").unwrap();
    let answer = client(&server.url).send(put).await.unwrap();
    assert!(answer.is_empty());
    assert_eq!(server.seen()[0].header("content-length"), Some("0"));
}

#[tokio::test]
async fn a_write_that_cannot_have_arrived_is_repeated() {
    // A port on which nobody listens.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = client(&url);
    let request = Request::new(Method::POST, "/api/v1/apps/0oa1/users").unwrap();
    let error = client.send(request).await.unwrap_err();
    assert!(matches!(error, Error::Transport { leg: Leg::Connect, .. }), "{error}");
    assert!(!error.outcome_unknown());
    assert_eq!(client.governor().stats()[0].requests, 5);
}

#[tokio::test]
async fn cancelling_ends_a_request_a_backoff_and_a_rate_limit_wait() {
    let scripts: [Vec<Step>; 3] = [
        vec![Step::Silence],
        vec![refuse(503, "E0000009").into()],
        vec![refuse(429, "E0000047").rate(600, 0, 300).into()],
    ];
    for script in scripts {
        let server = Server::in_order(script).await;
        let mut config = quick(&server.url, TOKEN);
        config.retry.base = Duration::from_secs(300);
        config.retry.ceiling = Duration::from_secs(300);
        let cancel = CancellationToken::new();
        let client = Client::new(config).unwrap().with_cancellation(cancel.clone());
        let call = tokio::spawn(async move { client.org().await });
        while server.seen().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        cancel.cancel();
        // Without the cancellation this would take minutes.
        assert!(matches!(call.await.unwrap(), Err(Error::Cancelled)));
    }
}
