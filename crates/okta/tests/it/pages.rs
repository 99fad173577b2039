//! Paging, against a server that links as it is told.

use std::time::Duration;

use rolebook_okta::shapes::{AppId, User};
use rolebook_okta::{Client, Cursor, Error, Pager};

use crate::scripted::{Server, Step, refuse, say};
use crate::{TOKEN, client, quick};

fn page(ids: &[&str]) -> crate::scripted::Say {
    let entries: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
    say(200, format!("[{}]", entries.join(",")))
}

async fn ids(pages: Pager<User>) -> Result<Vec<String>, Error> {
    // A walk that should have noticed a circle must not hang the tests.
    let all = tokio::time::timeout(Duration::from_secs(60), pages.all()).await.expect("the walk ends");
    Ok(all?.0.into_iter().map(|user| user.id.to_string()).collect())
}

fn next(target: &str) -> String {
    format!("<{target}>; rel=\"next\"")
}

#[tokio::test]
async fn p5_the_last_page_may_be_empty_and_have_only_self() {
    let own = "</api/v1/users?limit=200>; rel=\"self\"";
    let server = Server::in_order([
        page(&["a"]).header("link", own).header("link", next("/api/v1/users?after=1")),
        page(&[]).header("link", own),
    ])
    .await;
    assert_eq!(ids(client(&server.url).users(200).unwrap()).await.unwrap(), ["a"]);
    assert_eq!(server.targets(), ["/api/v1/users?limit=200", "/api/v1/users?after=1"]);
}

#[tokio::test]
async fn p6_next_is_followed_to_the_letter() {
    let link = "/api/v1/users?limit=200&extra=1&after=a%2Bb%3D%3D&search=profile.x+eq+%22y%22,z";
    let server = Server::start(move |number, _| match number {
        0 => page(&["a"]).header("link", next(link)).into(),
        _ => page(&["b"]).into(),
    })
    .await;
    assert_eq!(ids(client(&server.url).users(200).unwrap()).await.unwrap(), ["a", "b"]);
    assert_eq!(server.targets()[1], link);
}

#[tokio::test]
async fn p7_links_come_on_several_lines_folded_or_in_any_order() {
    let (own, other) = ("</api/v1/users>; rel=\"self\"", next("/api/v1/users?after=1"));
    let firsts = [
        page(&["a"]).header("Link", &other).header("LINK", own),
        page(&["a"]).header("link", own).header("link", &other),
        page(&["a"]).header("link", format!("{own}, {other}")),
        page(&["a"]).header("link", format!("{own},\r\n  {other}")),
        page(&["a"]).header("link", "</api/v1/users?after=1>;title=\"a,b\";rel=NEXT"),
    ];
    for first in firsts {
        let server = Server::in_order([first, page(&["b"])]).await;
        assert_eq!(ids(client(&server.url).users(200).unwrap()).await.unwrap(), ["a", "b"]);
        assert_eq!(server.targets()[1], "/api/v1/users?after=1");
    }
}

#[tokio::test]
async fn p9_a_circle_of_pages_is_an_error() {
    // The same next twice.
    let server = Server::start(|number, _| {
        page(&[&format!("{number}")]).header("link", next("/api/v1/users?after=1")).into()
    })
    .await;
    let error = ids(client(&server.url).users(200).unwrap()).await.unwrap_err();
    assert!(matches!(&error, Error::PagingLoop { target } if target == "/api/v1/users?after=1"), "{error}");
    assert_eq!(server.seen().len(), 2);

    // A page that names itself, and a way back to an earlier page.
    for ring in [
        vec!["/api/v1/users?limit=200"],
        vec!["/api/v1/users?after=1", "/api/v1/users?after=2", "/api/v1/users?after=1"],
    ] {
        let length = ring.len();
        let server = Server::start(move |number, _| {
            page(&[&format!("{number}")]).header("link", next(ring[number.min(ring.len() - 1)])).into()
        })
        .await;
        let error = ids(client(&server.url).users(200).unwrap()).await.unwrap_err();
        assert!(matches!(error, Error::PagingLoop { .. }), "{error}");
        assert_eq!(server.seen().len(), length);
    }
}

#[tokio::test]
async fn an_endless_next_without_anything_new_is_an_error() {
    let always_new = |number: usize| next(&format!("/api/v1/users?after={number}"));
    let empty = Server::start(move |number, _| page(&[]).header("link", always_new(number)).into()).await;
    let same = Server::start(move |number, _| page(&["a"]).header("link", always_new(number)).into()).await;
    for (server, pages) in [(&empty, 20), (&same, 21)] {
        let mut config = quick(&server.url, TOKEN);
        config.max_barren_pages = 20;
        let error = ids(Client::new(config).unwrap().users(200).unwrap()).await.unwrap_err();
        assert!(matches!(error, Error::EndlessPages { pages: 20, .. }), "{error}");
        assert_eq!(server.seen().len(), pages);
    }
}

#[tokio::test]
async fn empty_pages_in_between_are_no_end() {
    let server = Server::start(|number, _| match number {
        0..10 => page(&[]).header("link", next(&format!("/api/v1/users?after={number}"))).into(),
        _ => page(&["a"]).into(),
    })
    .await;
    assert_eq!(ids(client(&server.url).users(200).unwrap()).await.unwrap(), ["a"]);
}

#[tokio::test]
async fn p11_what_comes_twice_is_given_twice() {
    let server = Server::in_order([
        page(&["a", "b"]).header("link", next("/api/v1/users?after=1")),
        page(&["b", "c"]),
    ])
    .await;
    assert_eq!(ids(client(&server.url).users(200).unwrap()).await.unwrap(), ["a", "b", "b", "c"]);
}

#[tokio::test]
async fn next_on_another_host_never_gets_the_token() {
    let evil = Server::in_order([page(&["x"])]).await;
    let link = next(&evil.url.replace("127.0.0.1", "localhost"));
    for link in [
        link.clone(),
        "<//evil.example/api/v1/users>; rel=next".into(),
        "<https://acme.okta.com/api/v1/users>; rel=next".into(),
    ] {
        let server = Server::in_order([page(&["a"]).header("link", &link)]).await;
        let error = ids(client(&server.url).users(200).unwrap()).await.unwrap_err();
        assert!(matches!(error, Error::ForeignNext { .. } | Error::Path(_)), "{link}: {error}");
        assert_eq!(server.seen().len(), 1);
    }
    assert!(evil.seen().is_empty());
}

#[tokio::test]
async fn next_on_a_named_host_of_the_org_is_asked_of_the_configured_one() {
    let server = Server::in_order([
        page(&["a"]).header("link", "<https://acme-admin.okta.com/api/v1/users?after=1>; rel=\"next\""),
        page(&["b"]),
    ])
    .await;
    let mut config = quick(&server.url, TOKEN);
    config.other_hosts = vec!["acme-admin.okta.com".into()];
    assert_eq!(ids(Client::new(config).unwrap().users(200).unwrap()).await.unwrap(), ["a", "b"]);
    assert_eq!(server.targets()[1], "/api/v1/users?after=1");
}

#[tokio::test]
async fn p10_body_paging_reads_the_link_in_the_body() {
    let server = Server::start(|number, seen| {
        let port = seen.header("host").unwrap();
        match number {
            0 => say(200, format!(
                r#"{{"value":[{{"id":"00u1","orn":"x"}}],"_links":{{"next":{{"href":"https://{port}/api/v1/iam/assignees/users?after=q&limit=100"}}}}}}"#
            )).into(),
            _ => say(200, r#"{"_links":{"self":{}},"value":[{"id":"00u2"},{}]}"#).into(),
        }
    })
    .await;
    let (assignees, skipped) = client(&server.url).role_assignees().unwrap().all().await.unwrap();
    assert_eq!(assignees.iter().map(|assignee| assignee.id.as_str()).collect::<Vec<_>>(), ["00u1", "00u2"]);
    assert_eq!(skipped.len(), 1);
    assert_eq!(server.targets()[1], "/api/v1/iam/assignees/users?after=q&limit=100");
}

#[tokio::test]
async fn pages_that_okta_cannot_produce_are_asked_for_smaller() {
    // Okta times out on anything above 100 a page.
    let server = Server::start(|_, seen| {
        let limit: u32 =
            seen.target.split("limit=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
        match (limit > 100, seen.target.contains("after")) {
            (true, _) => refuse(500, "E0000009").into(),
            (false, false) => {
                page(&["a"]).header("link", next("/api/v1/apps/0oa1/users?after=1&limit=400")).into()
            }
            (false, true) => page(&["b"]).into(),
        }
    })
    .await;
    let app = AppId::new("0oa1").unwrap();
    let (users, _) = client(&server.url).app_users(&app).unwrap().all().await.unwrap();
    assert_eq!(users.len(), 2);
    assert_eq!(
        server.targets(),
        [
            "/api/v1/apps/0oa1/users?expand=user&limit=500",
            "/api/v1/apps/0oa1/users?expand=user&limit=500",
            "/api/v1/apps/0oa1/users?expand=user&limit=250",
            "/api/v1/apps/0oa1/users?expand=user&limit=250",
            "/api/v1/apps/0oa1/users?expand=user&limit=125",
            "/api/v1/apps/0oa1/users?expand=user&limit=125",
            "/api/v1/apps/0oa1/users?expand=user&limit=62",
            "/api/v1/apps/0oa1/users?after=1&limit=400&expand=user",
            "/api/v1/apps/0oa1/users?after=1&limit=400&expand=user",
            "/api/v1/apps/0oa1/users?after=1&limit=200&expand=user",
            "/api/v1/apps/0oa1/users?after=1&limit=200&expand=user",
            "/api/v1/apps/0oa1/users?after=1&limit=100&expand=user",
        ]
    );
}

#[tokio::test]
async fn there_is_a_smallest_page() {
    let server = Server::in_order([refuse(504, "E0000009")]).await;
    let app = AppId::new("0oa1").unwrap();
    let error = client(&server.url).app_groups(&app, true).unwrap().next_page().await.unwrap_err();
    assert!(matches!(error, Error::Server(_)));
    let last = server.targets().pop().unwrap();
    assert_eq!(last, "/api/v1/apps/0oa1/groups?expand=group&limit=20");
    // 200, 100, 50, 25 twice each, and all attempts at 20.
    assert_eq!(server.seen().len(), 4 * 2 + 5);
}

#[tokio::test]
async fn a_cursor_goes_on_where_it_was_taken_and_an_old_one_is_told() {
    let server = Server::start(|_, seen| match seen.target.as_str() {
        "/api/v1/users?limit=200" => page(&["a"]).header("link", next("/api/v1/users?after=1")).into(),
        "/api/v1/users?after=1" => page(&["b"]).header("link", next("/api/v1/users?after=2")).into(),
        "/api/v1/users?after=2" => page(&["c"]).into(),
        "/api/v1/users?after=old" => refuse(400, "E0000029").into(),
        _ => Step::Close,
    })
    .await;
    let client = client(&server.url);
    let mut pages = client.users(200).unwrap();
    let stored = pages.next_page().await.unwrap().unwrap().next.unwrap().to_string();
    drop(pages);
    let resumed = client.users(200).unwrap().from_cursor(&Cursor::parse(&stored).unwrap());
    assert_eq!(ids(resumed).await.unwrap(), ["b", "c"]);
    let old = Cursor::parse("/api/v1/users?after=old").unwrap();
    let error = ids(client.users(200).unwrap().from_cursor(&old)).await.unwrap_err();
    assert!(matches!(error, Error::BadCursor(_)), "{error}");
}

#[tokio::test]
async fn a_page_that_failed_can_be_asked_for_again() {
    let server = Server::start(|number, _| match number {
        0 => page(&["a"]).header("link", next("/api/v1/users?after=1")).into(),
        1..6 => refuse(503, "E0000009").into(),
        _ => page(&["b"]).into(),
    })
    .await;
    let mut pages = client(&server.url).users(200).unwrap();
    pages.next_page().await.unwrap();
    assert!(pages.next_page().await.unwrap_err().is_transient());
    assert_eq!(pages.next_page().await.unwrap().unwrap().items[0].id.as_str(), "b");
    assert!(pages.next_page().await.unwrap().is_none());
}
