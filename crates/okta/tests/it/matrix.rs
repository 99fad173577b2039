//! Every fault, at every list, on every page: the walk comes out whole, or ends in an error that says why.

use std::future::Future;
use std::pin::Pin;

use rolebook_okta::{Client, Error, GroupQuery, Leg, Pager};
use serde::de::DeserializeOwned;

use crate::client;
use crate::scripted::{Say, Server, Step, refuse, say};

type Read = fn(Client) -> Pin<Box<dyn Future<Output = Result<usize, Error>>>>;

/// Counts the entries of a list.
fn count<T: DeserializeOwned + 'static>(
    pages: Result<Pager<T>, Error>,
) -> Pin<Box<dyn Future<Output = Result<usize, Error>>>> {
    Box::pin(async move { Ok(pages?.all().await?.0.len()) })
}

const LISTS: [(&str, Read); 11] = [
    ("users", |okta| count(okta.users(200))),
    ("user groups", |okta| count(okta.user_groups(&"00u1".parse().unwrap()))),
    ("apps", |okta| count(okta.apps_named("amazon_aws"))),
    ("app users", |okta| count(okta.app_users(&"0oa1".parse().unwrap()))),
    ("app groups", |okta| count(okta.app_groups(&"0oa1".parse().unwrap(), true))),
    ("groups", |okta| count(okta.groups(&GroupQuery::default()))),
    ("members", |okta| count(okta.group_members(&"00g1".parse().unwrap()))),
    ("rules", |okta| count(okta.group_rules())),
    ("assignees", |okta| count(okta.role_assignees())),
    ("user roles", |okta| count(okta.user_roles(&"00u1".parse().unwrap(), None))),
    ("group roles", |okta| count(okta.group_roles(&"00g1".parse().unwrap(), None))),
];

/// Three pages of one entry each, linked in the header and, below `/iam`, in the body.
fn page(target: &str) -> Say {
    let path = target.split('?').next().unwrap();
    let number: usize = match target.split("after=").nth(1) {
        Some(after) => after.split('&').next().unwrap().parse().unwrap(),
        None => 1,
    };
    let next = (number < 3).then(|| format!("{path}?after={}", number + 1));
    let entry = format!(r#"[{{"id":"id{number}"}}]"#);
    if path.starts_with("/api/v1/iam") {
        let links = next.map(|next| format!(r#","_links":{{"next":{{"href":"{next}"}}}}"#));
        return say(200, format!(r#"{{"value":{entry}{}}}"#, links.unwrap_or_default()));
    }
    match next {
        Some(next) => say(200, entry).header("link", format!("<{next}>; rel=\"next\"")),
        None => say(200, entry),
    }
}

/// What comes in place of the page that was asked for.
type Fault = fn(&str) -> Step;

/// Walks `read` with `fault` in place of page `at`, once or for good.
async fn walk(read: Read, at: usize, fault: Fault, for_good: bool) -> Result<usize, Error> {
    let server = Server::start(move |number, seen| {
        let here = if for_good { number >= at } else { number == at };
        if here { fault(&seen.target) } else { page(&seen.target).into() }
    })
    .await;
    read(client(&server.url)).await
}

#[tokio::test]
async fn what_passes_costs_nothing() {
    let passing: [(&str, Fault); 8] = [
        ("closed", |_| Step::Close),
        ("cut off", |target| page(target).claims(500).into()),
        ("ends early", |target| page(target).cut().into()),
        ("500", |_| refuse(500, "E0000009").into()),
        ("503 as a web page", |_| {
            say(503, "<html>").without("content-type").header("content-type", "text/html").into()
        }),
        ("429", |_| refuse(429, "E0000047").rate(600, 0, 0).into()),
        ("429 without headers", |_| refuse(429, "E0000047").into()),
        ("429 for too many at once", |_| refuse(429, "E0000047").rate(0, 0, 0).into()),
    ];
    for (list, read) in LISTS {
        for at in 0..3 {
            for (fault, step) in passing {
                let entries = walk(read, at, step, false).await;
                assert_eq!(entries.as_ref().ok(), Some(&3), "{list}, page {at}, {fault}: {entries:?}");
            }
        }
    }
}

/// Whether an error is the one expected.
type Expected = fn(&Error) -> bool;

#[tokio::test]
async fn what_stays_is_never_a_shorter_list() {
    let lasting: [(&str, Fault, Expected); 10] = [
        ("closed", |_| Step::Close, |error| matches!(error, Error::Transport { leg: Leg::Broken, .. })),
        (
            "a web page",
            |_| say(200, "<html>").without("content-type").header("content-type", "text/html").into(),
            |error| matches!(error, Error::NotJson { .. }),
        ),
        ("null", |_| say(200, "null").into(), |error| matches!(error, Error::Shape { .. })),
        ("nothing", |_| say(200, "").into(), |error| matches!(error, Error::Shape { .. })),
        ("401", |_| refuse(401, "E0000011").into(), Error::is_unauthenticated),
        ("403", |_| refuse(403, "E0000006").into(), Error::is_refused),
        ("404", |_| refuse(404, "E0000007").into(), Error::is_gone),
        ("404 of the path", |_| refuse(404, "E0000008").into(), Error::is_unavailable_here),
        ("503", |_| refuse(503, "E0000009").into(), Error::is_transient),
        ("a redirect", |_| say(302, "").into(), |error| matches!(error, Error::Redirected { .. })),
    ];
    for (list, read) in LISTS {
        for at in 0..3 {
            for (fault, step, expected) in lasting {
                let entries = walk(read, at, step, true).await;
                let Err(error) = &entries else { panic!("{list}, page {at}, {fault}: {entries:?}") };
                assert!(expected(error), "{list}, page {at}, {fault}: {error}");
                assert!(!error.hint().is_empty());
            }
        }
    }
}
