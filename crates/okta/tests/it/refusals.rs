//! What Okta refuses, end to end.

use rolebook_okta::Error;
use rolebook_okta::shapes::{GroupId, UserId};

use crate::client;
use crate::scripted::{Server, refuse, say};

#[tokio::test]
async fn requests_say_who_they_are() {
    let server = Server::in_order([say(200, r#"{"id":"00o1","companyName":"Acme"}"#)]).await;
    let org = client(&server.url).org().await.unwrap();
    assert_eq!((org.id.as_str(), org.company_name.as_deref()), ("00o1", Some("Acme")));
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/api/v1/org"));
    assert_eq!(seen.header("authorization"), Some(format!("SSWS {}", crate::TOKEN).as_str()));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
    assert!(seen.header("user-agent").unwrap().starts_with("rolebook/"));
    assert_eq!(seen.header("x-okta-retry-count"), None);
}

#[tokio::test]
async fn x10_a_dead_token_in_the_middle_of_a_list_ends_it() {
    let server = Server::start(|number, _| match number {
        0 => say(200, r#"[{"id":"00g1"}]"#).header("link", "</api/v1/groups?after=1>; rel=\"next\"").into(),
        _ => refuse(401, "E0000011").into(),
    })
    .await;
    let mut pages = client(&server.url).groups(&Default::default()).unwrap();
    let first = pages.next_page().await.unwrap().unwrap();
    assert_eq!(first.request_id.as_deref(), Some("Yreq1"));
    let error = pages.next_page().await.unwrap_err();
    assert!(error.is_unauthenticated() && !error.is_gone() && !error.is_refused() && !error.is_transient());
    let reply = error.reply().unwrap();
    assert_eq!((reply.request_id.as_deref(), reply.error_id.as_deref()), (Some("Yreq1"), Some("oae1")));
    assert_eq!(
        error.to_string(),
        "the API token was not accepted: GET /api/v1/groups?after=1 answered 401 E0000011 \"said so\" (request Yreq1, error oae1)"
    );
    // It was not tried again.
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_feature_that_is_off_is_no_dead_token() {
    let server = Server::in_order([refuse(401, "E0000015")]).await;
    let error = client(&server.url).group_rules().unwrap().next_page().await.unwrap_err();
    assert!(matches!(error, Error::FeatureOff(_)));
    assert!(error.is_unavailable_here() && !error.is_unauthenticated());
}

#[tokio::test]
async fn x11_missing_rights_on_roles_are_told_apart_from_all_else() {
    let group = GroupId::new("00g1").unwrap();
    let server = Server::in_order([refuse(403, "E0000006")]).await;
    let client = client(&server.url);
    for error in [
        client.group_roles(&group, None).unwrap().next_page().await.unwrap_err(),
        client.role_assignees().unwrap().next_page().await.unwrap_err(),
    ] {
        assert!(error.is_refused() && !error.is_unauthenticated() && !error.is_transient(), "{error}");
    }
    assert_eq!(server.targets(), ["/api/v1/groups/00g1/roles", "/api/v1/iam/assignees/users?limit=100"]);
}

#[tokio::test]
async fn x12_a_group_deleted_meanwhile_is_gone_and_an_unknown_path_is_not() {
    let group = GroupId::new("00g1").unwrap();
    for (status, code, gone) in [(404, "E0000007", true), (404, "E0000048", true), (404, "E0000008", false)] {
        let server = Server::in_order([refuse(status, code)]).await;
        let error = client(&server.url).group_members(&group).unwrap().next_page().await.unwrap_err();
        assert_eq!(error.is_gone(), gone, "{error}");
        assert_eq!(error.is_unavailable_here(), !gone);
    }
}

#[tokio::test]
async fn a_missing_scope_has_an_empty_body() {
    let server = Server::in_order([say(403, "")
        .without("content-type")
        .header("www-authenticate", r#"Bearer scope="okta.users.read", error="insufficient_scope""#)])
    .await;
    let error = client(&server.url).user(&UserId::new("00u1").unwrap()).await.unwrap_err();
    assert!(matches!(&error, Error::MissingScope { scope: Some(scope), .. } if scope == "okta.users.read"));
    assert!(error.is_refused());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let elsewhere = Server::in_order([say(200, "{}")]).await;
    let location = format!("{}/login", elsewhere.url);
    for status in [301, 302, 307, 308] {
        let server = Server::in_order([say(status, "").header("location", &location)]).await;
        let error = client(&server.url).org().await.unwrap_err();
        assert!(
            matches!(&error, Error::Redirected { host: Some(host), .. } if host == "127.0.0.1"),
            "{error}"
        );
        assert_eq!(server.seen().len(), 1);
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_sign_in_page_is_not_an_org() {
    let server = Server::in_order([say(200, "<html>Sign in</html>")
        .without("content-type")
        .header("content-type", "text/html")])
    .await;
    let error = client(&server.url).org().await.unwrap_err();
    assert!(matches!(error, Error::NotJson { .. }));
    assert!(error.to_string().starts_with("text/html instead of JSON: GET /api/v1/org answered 200"));
}
