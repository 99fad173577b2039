//! After a sync that changed access: who hears of it, what, and in how many messages.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{AdminRole, App, AppGroup, Group, Org, RoleTargets, User};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::house::{House, Person};

const ADMIN: &str = "aws_111122223333_Admin";
const OPS: &str = "aws_444455556666_Ops";

fn org() -> Org {
    let people = ["ann", "bob", "cid", "dee", "eve", "fay"];
    let mut org = Org::new("acme");
    for name in people {
        org = org.user(User::new(format!("{name}@acme.test")).id(format!("00u{name}")));
    }
    let everybody: Vec<String> = people.iter().map(|name| format!("00u{name}")).collect();
    org.group(Group::new(ADMIN).id("00gAdmin").members(["00uann"]))
        .group(Group::new(OPS).id("00gOps").members(everybody.iter().map(String::as_str)))
        .app(App::aws_mapping("0oaAWS").group(AppGroup::new("00gAdmin")).group(AppGroup::new("00gOps")))
}

/// What a webhook's other end has got: head and body of each request.
type Got = Arc<Mutex<Vec<(String, String)>>>;

/// Takes requests on a port of its own; answers the first one with 500.
async fn receiver() -> (String, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let got = Got::default();
    let kept = Arc::clone(&got);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let (head, body) = loop {
                let mut some = [0; 4096];
                let read = stream.read(&mut some).await.unwrap();
                bytes.extend_from_slice(&some[..read]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let head = head.to_lowercase();
                let length: usize =
                    head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
                if body.len() >= length {
                    break (head.clone(), body.to_owned());
                }
            };
            let first = {
                let mut kept = kept.lock().unwrap();
                kept.push((head, body));
                kept.len() == 1
            };
            let status = if first { "500 Oops" } else { "204 Taken" };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, got)
}

async fn sync(house: &House, who: &Person, id: &str) {
    who.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    let view = house.settled(who, id).await;
    if !view["held_sync"].is_null() {
        let why = json!({ "reason": "meant so" });
        who.post(&format!("/api/connectors/{id}/hold/confirm"), &why).await.json(StatusCode::OK).await;
    }
}

/// Waits until so many syncs have been told of.
async fn told(who: &Person, id: &str, count: usize) -> Vec<Value> {
    for _ in 0..1000 {
        let mut events = who.audit(&format!("connector/{id}")).await;
        events.retain(|event| event["action"] == "access.changed");
        if events.len() >= count {
            return events;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{count} syncs were not told of");
}

/// Messages about access to somebody, once so many are there.
async fn heard(house: &House, address: &str, count: usize) -> Vec<String> {
    letters(house, address, "changed who can assume roles", count).await
}

/// Messages to somebody that say so, once so many are there.
async fn letters(house: &House, address: &str, says: &str, count: usize) -> Vec<String> {
    for more in 0..20 {
        let mut letters = house.mail_to(address, count).await;
        letters.retain(|letter| letter.contains(says));
        if letters.len() >= count {
            return letters;
        }
        tokio::time::sleep(Duration::from_millis(100 * more)).await;
    }
    panic!("{address} did not hear {says} {count} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_concerned_hears_once_and_only_what_they_may() {
    let house = House::of(org()).await;
    let sue = house.sue().await;
    let rob = house.invite(&sue, "Rob", "read-only-administrator").await;
    let mia = house.invite(&sue, "Mia", "read-only-administrator").await;
    let bea = house.invite(&sue, "Bea", "basic-user").await;
    let id = house.connected(&sue, "super").await;
    let owners = json!({ "owners": ["sue@acme.test", "bea@acme.test"] });
    sue.send(Method::PUT, &format!("/api/connectors/{id}/owners"), Some(&owners))
        .await
        .text(StatusCode::OK)
        .await;
    let watch = |kind: &str, value: &str| json!({ "kind": kind, "value": value });
    rob.post("/api/watches", &watch("account", "111122223333")).await.json(StatusCode::CREATED).await;
    rob.post("/api/watches", &watch("group", ADMIN)).await.json(StatusCode::CREATED).await;
    mia.post("/api/watches", &watch("role", "Ops")).await.json(StatusCode::CREATED).await;
    bea.post("/api/watches", &watch("role", "Ops")).await.json(StatusCode::FORBIDDEN).await;
    mia.post("/api/watches", &watch("moon", "x")).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    let (address, got) = receiver().await;
    let hook = sue.post("/api/webhooks", &json!({ "url": address })).await.json(StatusCode::CREATED).await;
    let secret = hook["secret"].as_str().unwrap().to_owned();
    let listed = sue.get("/api/webhooks").await.text(StatusCode::OK).await;
    assert!(!listed.contains(&secret));
    for bad in ["http://hooks.acme.com/", "https://10.0.0.1/", "https://169.254.169.254/"] {
        let refused = sue.post("/api/webhooks", &json!({ "url": bad })).await;
        refused.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    }

    // Nothing changed: nobody hears.
    sync(&house, &sue, &id).await;
    // Bob gains Admin.
    house.fake.change(|org| {
        org.add_member("00gAdmin", "00ubob");
    });
    sync(&house, &sue, &id).await;
    let events = told(&sue, &id, 1).await;
    assert_eq!(events.len(), 1, "the sync without a change was not told of");
    assert_eq!(
        (&events[0]["detail"]["gained"], &events[0]["detail"]["letters"]),
        (&json!(1), &json!(3)),
        "{events:?}"
    );
    let to_sue = heard(&house, "sue@acme.test", 1).await;
    assert_eq!(to_sue.len(), 1);
    assert!(to_sue[0].contains("Subject: Okta AWS Federation: 1 gained"), "{}", to_sue[0]);
    assert!(to_sue[0].contains("bob@acme.test") && to_sue[0].contains("<li>"), "{}", to_sue[0]);
    let to_rob = heard(&house, "rob@acme.test", 1).await;
    assert_eq!(to_rob.len(), 1, "two watches that fit are one message");
    let to_bea = heard(&house, "bea@acme.test", 1).await;
    assert!(
        to_bea[0].contains("1 gained, 0 lost") && !to_bea[0].contains("bob"),
        "counts, no names: {}",
        to_bea[0]
    );
    let all = house.mail().into_iter().filter(|letter| letter.contains("changed who can assume roles"));
    assert_eq!(all.count(), 3, "Mia watches something else");

    // The webhook: refused once, sent again, signed.
    for _ in 0..200 {
        house.advance(30);
        rob.get("/api/me").await.json(StatusCode::OK).await;
        sue.get("/api/me").await.json(StatusCode::OK).await;
        mia.get("/api/me").await.json(StatusCode::OK).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        if got.lock().unwrap().len() >= 2 {
            break;
        }
    }
    let taken = got.lock().unwrap().clone();
    assert_eq!(taken.len(), 2, "the second one was taken");
    let (head, body) = &taken[1];
    let signed = head.split("rolebook-signature: ").nth(1).unwrap().lines().next().unwrap();
    let (seconds, tag) = signed.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let expected = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    assert_eq!(tag, HEXLOWER.encode(expected.as_ref()));
    let message: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&message["event"], &message["connector"]["id"]), (&json!("access.changed"), &json!(id)));
    assert_eq!(
        message["gained"],
        json!([{ "person": { "id": "00ubob", "login": "bob@acme.test" }, "account": "111122223333", "role": "Admin" }])
    );

    // Ops loses somebody: Mia hears now, Rob does not.
    house.fake.change(|org| org.remove_user("00ufay"));
    sync(&house, &sue, &id).await;
    told(&sue, &id, 2).await;
    let to_mia = heard(&house, "mia@acme.test", 1).await;
    assert!(to_mia[0].contains("1 lost"), "{to_mia:?}");
    heard(&house, "sue@acme.test", 2).await;
    let to_rob = heard(&house, "rob@acme.test", 1).await;
    assert_eq!(to_rob.len(), 1);

    // Somebody can now give themselves Admin: a new finding worth acting on, and nobody's access changed.
    house.fake.change(|org| {
        org.put_user_role("00ueve", AdminRole::GroupMembershipAdmin, RoleTargets::all());
    });
    sync(&house, &sue, &id).await;
    let events = told(&sue, &id, 3).await;
    let detail = &events[0]["detail"];
    assert_eq!(
        (&detail["gained"], &detail["lost"], &detail["findings"]),
        (&json!(0), &json!(0), &json!(1)),
        "{detail}"
    );
    const NEW: &str = "worth acting on";
    let to_sue = letters(&house, "sue@acme.test", NEW, 1).await;
    assert!(to_sue[0].contains("New findings") && to_sue[0].contains("eve"), "{to_sue:?}");
    let to_bea = letters(&house, "bea@acme.test", NEW, 1).await;
    assert!(to_bea[0].contains("high: admin-self-grant, 1") && !to_bea[0].contains("eve"), "{to_bea:?}");
    let to_rob = letters(&house, "rob@acme.test", NEW, 1).await;
    assert!(to_rob[0].contains("Subject: Okta AWS Federation: 1 new finding"), "it reaches what he watches");
    let mut sent = Vec::new();
    for _ in 0..100 {
        sent = got
            .lock()
            .unwrap()
            .iter()
            .map(|(_, body)| serde_json::from_str::<Value>(body).unwrap())
            .collect();
        if sent.iter().any(|message| message["findings"][0]["rule"] == "admin-self-grant") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let last = sent.last().unwrap();
    assert_eq!(last["findings"][0]["severity"], "high", "{last:#}");
    assert_eq!((&last["gained"], &last["lost"]), (&json!([]), &json!([])));
    // Known now: the next sync that changes something tells of that alone.
    house.fake.change(|org| org.add_member("00gAdmin", "00ucid"));
    sync(&house, &sue, &id).await;
    assert_eq!(told(&sue, &id, 4).await[0]["detail"]["findings"], 0);
    for who in ["sue@acme.test", "bea@acme.test", "rob@acme.test"] {
        assert_eq!(letters(&house, who, NEW, 1).await.len(), 1, "{who} heard of it once");
    }

    // The page.
    let page = mia.get("/watches").await.text(StatusCode::OK).await;
    assert!(page.contains("<td>Ops</td>") && !page.contains("Webhooks"), "{page}");
    assert!(sue.get("/watches").await.text(StatusCode::OK).await.contains("/hook"));
    let watches = mia.get("/api/watches").await.json(StatusCode::OK).await;
    let path = format!("/api/watches/{}", watches["items"][0]["id"].as_str().unwrap());
    rob.send(Method::DELETE, &path, None).await.json(StatusCode::NOT_FOUND).await;
    mia.send(Method::DELETE, &path, None).await.text(StatusCode::NO_CONTENT).await;
    assert_eq!(mia.get("/api/watches").await.json(StatusCode::OK).await["total"], 0);
}
