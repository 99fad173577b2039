//! Every write against its row, in an org of its own.

use rolebook_fake_okta::Options;
use serde_json::{Value, json};

use super::write_table::Shown::{Braces, Nothing, Object};
use super::{TOKENS, WRITES, Write, answer_code, client, options, org, service_app};
use crate::client::Client;
use crate::oauth::access_token;

fn body(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| serde_json::from_str(text).unwrap())
}

#[tokio::test]
async fn every_write_answers_as_it_should_and_refuses_what_it_should() {
    for Write(method, path, sent, _, _, status, shown, refused) in WRITES {
        let client = client().await;
        if let Some((path, sent, status, code)) = refused {
            let got = client.send(method, path, body(sent)).await;
            assert_eq!(answer_code(&got), (*status, (*code).to_owned()), "{method} {path} {sent}");
        }
        let got = client.send(method, path, body(sent)).await;
        assert_eq!(got.status, *status, "{method} {path}: {}", got.text);
        match shown {
            Nothing => {
                assert_eq!(got.text, "", "{method} {path}");
                assert!(got.headers.get("content-type").is_none(), "{method} {path}");
            }
            Braces => assert_eq!(got.json(), json!({}), "{method} {path}"),
            Object(fields) => {
                let object = got.json();
                for field in *fields {
                    assert!(object.get(field).is_some(), "{method} {path}: {field} is not in {object}");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_write_asks_for_its_right_and_its_scope() {
    let (key, app) = service_app();
    for Write(method, path, sent, who, scope, status, ..) in WRITES {
        // Whoever holds an admin role is out of reach for lesser admins: here nobody does but 00uB and gX.
        let shielded = path.contains("00uB") || path.contains("gX");
        for (token, letter) in TOKENS.into_iter().zip(0..) {
            let client = Client::with(org(), options()).token(token);
            let got = client.send(method, path, body(sent)).await;
            if who.as_bytes()[letter] == b'y' {
                assert!(
                    got.status == *status || shielded && got.status == 403,
                    "{token}: {method} {path}: {}",
                    got.text
                );
            } else {
                assert_eq!(answer_code(&got), (403, "E0000006".to_owned()), "{token}: {method} {path}");
            }
        }
        if scope.is_empty() {
            continue;
        }
        let read = scope.replace(".manage", ".read");
        for (scope, expected) in [(*scope, *status), (read.as_str(), 403)] {
            let options = Options { service_apps: vec![app.clone().grant([scope])], ..options() };
            let client = Client::with(org(), options);
            let token = access_token(&client, &key, scope).await;
            let client = client.authorization(Some(&format!("Bearer {token}")));
            let got = client.send(method, path, body(sent)).await;
            assert_eq!(got.status, expected, "{scope}: {method} {path}: {}", got.text);
            assert!(expected != 403 || got.text.is_empty(), "{scope}: {method} {path}");
        }
    }
}
