//! What lies between two syncs: causes, names for those who may read them, any two syncs.

use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{App, AppGroup, Group, Org, User};
use serde_json::{Value, json};

use crate::house::{House, Person};

const ADMIN: &str = "aws_111122223333_Admin";

fn org() -> Org {
    let crew: Vec<String> = (0..12).map(|n| format!("00uops{n}")).collect();
    let mut org = Org::new("acme");
    for id in &crew {
        org = org.user(User::new(format!("{id}@acme.test")).id(id));
    }
    org.group(Group::new("aws_444455556666_Ops").id("00gOps").members(crew.iter().map(String::as_str)))
        .user(User::new("ann@acme.test").id("00uann"))
        .user(User::new("bob@acme.test").id("00ubob"))
        .user(User::new("cid@acme.test").id("00ucid"))
        .group(Group::new(ADMIN).id("00gAdmin").members(["00uann", "00ucid"]))
        .group(Group::new("aws-users").members(["00uann", "00ubob", "00ucid"]))
        .app(App::aws_mapping("0oaAWS").group(AppGroup::new("aws-users")).group(AppGroup::new("00gOps")))
}

async fn sync(house: &House, who: &Person, id: &str) -> String {
    who.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    let view = house.settled(who, id).await;
    if let Some(held) = view["held_sync"].as_str() {
        return held.to_owned();
    }
    view["good_sync"].as_str().unwrap().to_owned()
}

/// Kind of the cause, and logins that gained and lost.
fn told(diff: &Value) -> Vec<(String, Vec<String>, Vec<String>)> {
    let logins = |deltas: &Value| -> Vec<String> {
        let all = deltas.as_array().unwrap().iter();
        all.map(|delta| delta["person"]["login"].as_str().unwrap().to_owned()).collect()
    };
    let changes = diff["names"]["changes"].as_array().unwrap().iter();
    changes
        .map(|change| {
            let kind = change["cause"]["kind"].as_str().unwrap().to_owned();
            (kind, logins(&change["gained"]), logins(&change["lost"]))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_names_the_cause_and_any_two_syncs_can_be_compared() {
    let house = House::of(org()).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let first =
        sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await["good_sync"].clone();
    let first = first.as_str().unwrap().to_owned();
    house.fake.change(|org| org.add_member("00gAdmin", "00ubob"));
    let second = sync(&house, &sue, &id).await;
    // Everybody loses one role and gains another by one change: a rename.
    let renamed = Group::new("aws_111122223333_Owner").id("00gAdmin");
    house.fake.change(|org| org.put_group(renamed.members(["00uann", "00ubob", "00ucid"])));
    let third = sync(&house, &sue, &id).await;

    let path = |sync: &str, with: &str| format!("/api/connectors/{id}/syncs/{sync}/diff?with={with}");
    let one = sue.get(&path(&second, "")).await.json(StatusCode::OK).await;
    assert_eq!((&one["from"], &one["to"]), (&json!(first), &json!(second)));
    let ann_and_more =
        |names: &[&str]| names.iter().map(|name| format!("{name}@acme.test")).collect::<Vec<_>>();
    assert_eq!(told(&one), [("member-added".to_owned(), ann_and_more(&["bob"]), vec![])]);
    let two = sue.get(&path(&third, &second)).await.json(StatusCode::OK).await;
    let all = ann_and_more(&["ann", "bob", "cid"]);
    assert_eq!(told(&two), [("group-renamed".to_owned(), all.clone(), all)], "the rename is one change");
    // The earlier one counts as before, whichever is named first.
    let both = sue.get(&path(&third, &first)).await.json(StatusCode::OK).await;
    let turned = sue.get(&path(&first, &third)).await.json(StatusCode::OK).await;
    assert_eq!(both, turned);
    assert_eq!((&both["gained"], &both["lost"]), (&json!(3), &json!(2)), "{both:#}");
    let page =
        sue.get(&format!("/connectors/{id}/syncs/{third}?with={first}")).await.text(StatusCode::OK).await;
    for text in ["group renamed: aws_111122223333_Owner", "bob@acme.test", "+3", "ask=why"] {
        assert!(page.contains(text), "{text} in {page}");
    }
    sue.get(&path(&third, "none")).await.json(StatusCode::NOT_FOUND).await;

    // Who hosts connectors, and an owner with the basic role, read counts.
    let cat = house.invite(&sue, "Cat", "connector-administrator").await;
    let bea = house.invite(&sue, "Bea", "basic-user").await;
    let owners = json!({ "owners": ["bea@acme.test"] });
    let to = format!("/api/connectors/{id}/owners");
    sue.send(Method::PUT, &to, Some(&owners)).await.json(StatusCode::OK).await;
    for who in [&cat, &bea] {
        let counts = who.get(&path(&third, &first)).await.json(StatusCode::OK).await;
        assert!(counts["names"].is_null() && counts["hidden"] == true);
        let owner =
            json!({ "account": "111122223333", "account_name": "", "role": "Owner", "gained": 3, "lost": 0 });
        assert!(counts["roles"].as_array().unwrap().contains(&owner), "{counts:#}");
        let page =
            who.get(&format!("/connectors/{id}/syncs/{third}?with={first}")).await.text(StatusCode::OK).await;
        assert!(page.contains("Names are hidden by your role"), "{page}");
        assert!(!page.contains("bob@acme.test"), "{page}");
    }

    // A held sync is compared in the same way.
    house.fake.change(|org| {
        for n in 0..12 {
            org.remove_user(&format!("00uops{n}"));
        }
    });
    let held = sync(&house, &sue, &id).await;
    let view = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    assert_eq!(view["held_sync"], json!(held), "{view:#}");
    let lost = sue.get(&path(&held, "")).await.json(StatusCode::OK).await;
    assert_eq!((&lost["from"], &lost["lost"]), (&json!(third), &json!(12)));
    let counts = bea.get(&path(&held, "")).await.json(StatusCode::OK).await;
    assert!(!counts.to_string().contains("@acme.test") && counts["roles"][0]["lost"] == 12, "{counts:#}");
}
