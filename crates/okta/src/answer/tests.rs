use super::*;
use http::HeaderValue;
use proptest::prelude::*;

fn answer(status: u16, content_type: Option<&'static str>, body: &str) -> Answer {
    let mut headers = HeaderMap::new();
    if let Some(content_type) = content_type {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(REQUEST_ID, HeaderValue::from_static("Yreq"));
    Answer {
        method: Method::GET,
        target: Target::parse("/api/v1/groups?after=1").unwrap(),
        status,
        headers,
        body: body.as_bytes().to_vec(),
    }
}

fn variant(error: &Error) -> String {
    let debug = format!("{error:?}");
    debug.split(['(', ' ', '{']).next().unwrap().to_owned()
}

#[test]
fn every_code_lands_in_its_variant() {
    let rows = [
        (401, "E0000011", "InvalidToken"),
        (401, "E0000015", "FeatureOff"),
        (401, "E0000004", "InvalidToken"),
        (403, "E0000005", "NoSession"),
        (403, "E0000006", "NotPermitted"),
        (403, "E0000013", "NotPermitted"),
        (404, "E0000007", "NotFound"),
        (404, "E0000048", "NotFound"),
        (404, "E0000008", "UnknownPath"),
        (400, "E0000029", "BadCursor"),
        (400, "E0000001", "BadCursor"),
        (400, "E0000031", "Validation"),
        (400, "E0000037", "Validation"),
        (405, "E0000022", "Unsupported"),
        (410, "E0000215", "Unsupported"),
        (501, "E0000060", "Unsupported"),
        (409, "E0000090", "Conflict"),
        (423, "E0000239", "Rejected"),
        (429, "E0000047", "RateLimited"),
        (500, "E0000009", "Server"),
        (503, "E0000010", "ReadOnly"),
    ];
    for (status, code, expected) in rows {
        let body = format!(
            "{{\"errorCode\":\"{code}\",\"errorSummary\":\"s\",\"errorId\":\"oae1\",\"errorCauses\":[]}}"
        );
        let error = answer(status, Some("application/json"), &body).refusal(BucketName::Groups);
        assert_eq!(variant(&error), expected, "{status} {code}");
        let reply = error.reply().unwrap();
        assert_eq!(reply.code.as_deref(), Some(code));
        assert_eq!((reply.error_id.as_deref(), reply.request_id.as_deref()), (Some("oae1"), Some("Yreq")));
        assert!(!error.hint().is_empty());
    }
    // E0000001 is a matter of the cursor only where one was sent.
    let mut first = answer(400, Some("application/json"), "{\"errorCode\":\"E0000001\"}");
    first.target = Target::parse("/api/v1/groups").unwrap();
    assert_eq!(variant(&first.refusal(BucketName::Groups)), "Validation");
}

#[test]
fn x15_without_a_code_the_status_decides() {
    let rows = [
        (400, "Validation"),
        (401, "InvalidToken"),
        (403, "NotPermitted"),
        (404, "UnknownPath"),
        (408, "Server"),
        (409, "Conflict"),
        (410, "Unsupported"),
        (413, "Rejected"),
        (429, "RateLimited"),
        (500, "Server"),
        (502, "Server"),
        (503, "Server"),
        (504, "Server"),
        (524, "Server"),
    ];
    for (status, expected) in rows {
        for (content_type, body) in [(None, ""), (Some("application/json"), "{}"), (Some("text/plain"), "no")]
        {
            let error = answer(status, content_type, body).refusal(BucketName::Groups);
            assert_eq!(variant(&error), expected, "{status} {body:?}");
        }
    }
}

#[test]
fn a_web_page_is_called_by_its_name() {
    for status in [200, 403, 404] {
        let page = answer(status, Some("text/html; charset=utf-8"), "<html>Sign in</html>");
        let error = if status == 200 {
            page.json::<Vec<String>>().unwrap_err()
        } else {
            page.refusal(BucketName::Rest)
        };
        assert_eq!(variant(&error), "NotJson", "{status}");
        assert!(error.hint().contains("domain"));
        assert!(!error.is_refused() && !error.is_gone() && !error.is_unauthenticated());
    }
    // At the edge even 503 and 429 are web pages at times; they stay what they are.
    assert_eq!(variant(&answer(503, Some("text/html"), "<html>").refusal(BucketName::Rest)), "Server");
    assert_eq!(variant(&answer(429, Some("text/html"), "<html>").refusal(BucketName::Rest)), "RateLimited");
}

#[test]
fn a_missing_scope_is_read_from_its_header() {
    let mut forbidden = answer(403, None, "");
    forbidden.headers.insert(
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static(
            "Bearer authorization_uri=\"https://a\", realm=\"https://a\", scope=\"okta.groups.read\", error=\"insufficient_scope\"",
        ),
    );
    match forbidden.refusal(BucketName::Groups) {
        Error::MissingScope { scope, .. } => assert_eq!(scope.as_deref(), Some("okta.groups.read")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn bodies_that_are_no_list_are_told_apart() {
    let json = Some("application/json");
    let rows = [
        (answer(200, json, "null"), "Shape"),
        (answer(200, json, ""), "Shape"),
        (answer(200, None, ""), "Shape"),
        (answer(200, json, "{}"), "Shape"),
        (answer(200, json, "[\"a\",\"b"), "Transport"),
        (answer(200, json, "[\"a\"] x"), "Shape"),
        (answer(200, Some("text/plain"), "[]"), "NotJson"),
        (answer(200, None, "hello"), "NotJson"),
    ];
    for (answer, expected) in rows {
        assert_eq!(variant(&answer.json::<Vec<String>>().unwrap_err()), expected, "{answer:?}");
    }
    assert_eq!(answer(200, None, " [\"a\"]").json::<Vec<String>>().unwrap(), ["a"]);
    let own = answer(200, Some("application/json; okta-version=1.0.0"), "[]");
    assert!(own.json::<Vec<String>>().unwrap().is_empty());
}

#[test]
fn foreign_text_is_tamed_and_odd_bodies_survive() {
    let body = "{\"errorCode\":\"E0000001\",\"errorSummary\":\"a\\u001b[2Jb\\n\",\"errorCauses\":{\"errorSummary\":\"one\"},\"errorId\":7}";
    let error = answer(400, Some("application/json"), body).refusal(BucketName::Groups);
    let reply = error.reply().unwrap();
    assert_eq!(reply.summary.as_deref(), Some("a [2Jb"));
    assert_eq!(reply.causes, ["one"]);
    assert_eq!(reply.error_id, None);
    assert!(!error.to_string().contains('\u{1b}'));
}

proptest! {
    /// Whatever the bytes, an error says something, in one line; and only a JSON list is a list.
    #[test]
    fn any_body_ends_in_a_value_or_an_error(
        status in 400u16..600,
        body in prop_oneof![".{0,200}", "\\{\"errorCode\":.{0,20},\"errorSummary\":\".{0,40}\"\\}", "\\[.{0,40}\\]"],
        html: bool,
    ) {
        let content_type = Some(if html { "text/html" } else { "application/json" });
        let error = answer(status, content_type, &body).refusal(BucketName::Groups);
        prop_assert_eq!(error.status(), Some(status));
        prop_assert!(!error.to_string().chars().any(char::is_control));
        let list = answer(200, content_type, &body).json::<Vec<serde_json::Value>>();
        prop_assert_eq!(list.is_ok(), !html && serde_json::from_str::<Vec<serde_json::Value>>(&body).is_ok());
    }
}
