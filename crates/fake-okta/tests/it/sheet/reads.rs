//! Every read against its row.

use rolebook_fake_okta::Options;
use serde_json::json;

use super::read_table::Pages::{Body, Keyed, Link, None as Whole};
use super::{READS, Read, TOKENS, answer_code, client, options, org, service_app, with};
use crate::client::{Client, Got};
use crate::oauth::access_token;

#[tokio::test]
async fn every_read_has_its_fields_and_its_errors() {
    let client = client().await;
    for Read(path, _, _, pages, fields, nowhere) in READS {
        let got = client.get(path).await;
        assert_eq!(got.status, 200, "{path}: {}", got.text);
        assert_eq!(got.header("content-type"), "application/json", "{path}");
        for header in [
            "x-okta-request-id",
            "x-rate-limit-limit",
            "x-rate-limit-remaining",
            "x-rate-limit-reset",
            "date",
        ] {
            assert!(!got.header(header).is_empty(), "{path}: {header}");
        }
        assert_eq!(
            (got.header("cache-control"), got.header("expires")),
            ("no-cache, no-store", "0"),
            "{path}"
        );
        let body = got.json();
        let object = match pages {
            Body(key, _) | Keyed(key) => &body[*key][0],
            _ if body.is_array() => &body[0],
            _ => &body,
        };
        for field in *fields {
            assert!(object.get(field).is_some(), "{path}: {field} is not in {object}");
        }
        // What can be patched: one group's assignment, the members of a binding.
        let patched = client.send("PATCH", path, Some(json!([]))).await;
        let patchable = path.ends_with("/members") || path.ends_with("/groups/gX") && path.contains("/apps/");
        assert_eq!(patched.status == 405, !patchable, "{path}");
        assert!(patched.status != 405 || patched.code() == "E0000022", "{path}");
        if !nowhere.is_empty() {
            assert_eq!(answer_code(&client.get(nowhere).await), (404, "E0000007".to_owned()), "{nowhere}");
        }
    }
}

#[tokio::test]
async fn every_list_has_its_pages() {
    let client = client().await;
    for Read(path, _, _, pages, ..) in READS {
        match pages {
            Whole | Keyed(_) => assert!(client.get(path).await.next().is_none(), "{path}"),
            Link(default, max) => {
                let limit = |got: &Got| {
                    let link = got.self_link().unwrap_or_else(|| panic!("{path}: no self link"));
                    let limit = link
                        .split(['?', '&'])
                        .find_map(|part| part.strip_prefix("limit="))
                        .map(str::to_owned);
                    limit.unwrap_or_else(|| panic!("{path}: {link}")).parse::<usize>().unwrap()
                };
                assert_eq!(limit(&client.get(path).await), *default, "{path}: default");
                let over = client.get(&with(path, &format!("limit={}", max + 1))).await;
                assert_eq!((over.status, limit(&over)), (200, *max), "{path}: maximum");
                let one = client.get(&with(path, "limit=1")).await;
                assert!(one.json().as_array().unwrap().len() <= 1 && limit(&one) == 1, "{path}");
                for (parameter, code) in [
                    ("limit=many", "E0000037"),
                    ("limit=1&limit=1", "E0000037"),
                    ("after=nonsense", "E0000029"),
                ] {
                    let got = client.get(&with(path, parameter)).await;
                    assert_eq!(answer_code(&got), (400, code.to_owned()), "{path}: {parameter}");
                }
            }
            Body(key, max) => {
                let got = client.get(&with(path, "limit=1")).await;
                assert!(got.self_link().is_none() && got.next().is_none(), "{path}: no Link header");
                assert!(got.json()[*key].as_array().unwrap().len() <= 1, "{path}");
                let body = client.get(path).await.json();
                let own = body["_links"]["self"]["href"].as_str().unwrap_or_default().to_owned();
                assert!(own.contains(&format!("limit={max}")), "{path}: {own}");
                let got = client.get(&with(path, "after=nonsense")).await;
                assert_eq!(answer_code(&got), (400, "E0000029".to_owned()), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn every_read_asks_for_its_right() {
    let mut client = client().await;
    for (token, letter) in TOKENS.into_iter().zip(0..) {
        client = client.token(token);
        for Read(path, who, ..) in READS {
            let got = client.get(path).await;
            let may = who.as_bytes()[letter] == b'y';
            let expected = if may { (200, String::new()) } else { (403, "E0000006".to_owned()) };
            let seen = if got.status == 200 { (200, String::new()) } else { answer_code(&got) };
            assert_eq!(seen, expected, "{token}: {path}");
        }
    }
    for (header, status, code) in [(None, 403, "E0000005"), (Some("SSWS 00wrong"), 401, "E0000011")] {
        client = client.authorization(header);
        for Read(path, ..) in READS.iter().filter(|read| !read.0.starts_with("/.well-known")) {
            assert_eq!(answer_code(&client.get(path).await), (status, code.to_owned()), "{header:?}: {path}");
        }
    }
}

#[tokio::test]
async fn every_read_asks_for_its_scope_and_no_other() {
    let (key, app) = service_app();
    let options = Options { service_apps: vec![app], ..options() };
    let mut client = Client::with(org(), options);
    let scopes: std::collections::BTreeSet<&str> =
        READS.iter().map(|read| read.2).filter(|scope| scope.starts_with("okta.")).collect();
    for scope in scopes {
        let token = access_token(&client, &key, scope).await;
        client = client.authorization(Some(&format!("Bearer {token}")));
        for Read(path, _, needed, ..) in READS.iter().filter(|read| !read.2.is_empty()) {
            let got = client.get(path).await;
            if *needed == scope {
                assert_eq!(got.status, 200, "{scope}: {path}: {}", got.text);
            } else {
                assert_eq!((got.status, got.text.as_str()), (403, ""), "{scope}: {path}");
                let why = got.header("www-authenticate");
                assert!(why.contains("error=\"insufficient_scope\""), "{path}: {why}");
                assert!(*needed == "(none)" || why.contains(&format!("scope=\"{needed}\"")), "{path}: {why}");
            }
        }
    }
}
