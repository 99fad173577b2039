//! Who, what, why and what if, through the API and on the page; as of any sync that is kept.

use reqwest::StatusCode;
use rolebook_fake_okta::{App, AppGroup, Group, Org, User};
use serde_json::{Value, json};

use crate::house::{House, Person};

#[tokio::test(flavor = "multi_thread")]
async fn the_four_questions_agree_with_the_tables() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let grants = sue.get("/api/grants?limit=200").await.json(StatusCode::OK).await;
    let grant = &grants["items"][0];
    let (login, role) = (
        grant["login"].as_str().unwrap(),
        format!("{}/{}", grant["account"].as_str().unwrap(), grant["role"].as_str().unwrap()),
    );
    let ask = |path: String| {
        let sue = sue.clone();
        async move { sue.get(&path).await.json(StatusCode::OK).await["answers"][0].clone() }
    };

    let who = ask(format!("/api/explorer/who?role={role}")).await;
    assert_eq!(who["connector"], id);
    assert_eq!(who["answer"]["shape"], "rolebook.who/1");
    let holders = who["answer"]["roles"][0]["people"].as_array().unwrap();
    let path = format!("/api/grants?only=role&is={}&limit=200", grant["role"].as_str().unwrap());
    let counted = sue.get(&path);
    let counted = counted.await.json(StatusCode::OK).await;
    let counted =
        counted["items"].as_array().unwrap().iter().filter(|row| row["account"] == grant["account"]);
    assert_eq!(holders.len(), counted.count());
    assert!(holders.iter().any(|holder| holder["person"]["login"] == login), "{who:#}");
    // Where the file lies on the host is nobody's business.
    assert!(!who.to_string().contains(house.config().data.to_str().unwrap()), "{who}");

    let what = ask(format!("/api/explorer/what?person={login}")).await;
    let all =
        sue.get(&format!("/api/grants?only=login&is={login}&limit=200")).await.json(StatusCode::OK).await;
    assert_eq!(what["answer"]["roles"].as_array().unwrap().len() as u64, all["total"].as_u64().unwrap());

    let why = ask(format!("/api/explorer/why?person={login}&role={role}")).await;
    let verdict = &why["answer"]["verdicts"][0];
    assert_eq!(verdict["can_assume"], true);
    assert!(!verdict["paths"][0]["hops"].as_array().unwrap().is_empty(), "{why:#}");
    let page =
        sue.get(&format!("/explorer?ask=why&person={login}&role={role}")).await.text(StatusCode::OK).await;
    assert!(page.contains("Can assume") && page.contains("removed by"), "{page}");
    assert!(page.contains("<svg class=\"paths\""));

    // Grants lead to their proof.
    let table = sue.get("/grants").await.text(StatusCode::OK).await;
    assert!(
        table.contains("/explorer?ask=why&amp;person=") || table.contains("/explorer?ask=why&#38;person=")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_has_is_answered_with_the_nearest() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let none = sue.get("/api/explorer/who?role=*").await.json(StatusCode::CONFLICT).await;
    assert_eq!(none["title"], "there is nothing to ask");
    let id = house.connected(&sue, "super").await;
    let people = sue.get("/api/people?limit=1").await.json(StatusCode::OK).await;
    let login = people["items"][0]["login"].as_str().unwrap();
    let unknown =
        sue.get(&format!("/api/explorer/what?person=x{login}")).await.json(StatusCode::NOT_FOUND).await;
    assert_eq!(unknown["code"], "unknown-name");
    assert!(unknown["hint"].as_str().unwrap().contains(login), "{unknown}");
    let page =
        sue.get(&format!("/explorer?ask=what&person=x{login}")).await.text(StatusCode::NOT_FOUND).await;
    assert!(page.contains(&format!("value=\"x{login}\"")), "what was typed stays");
    let empty = sue.get("/api/explorer/why?person=a").await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(empty["fields"][0]["field"], "role");
    let wrong = sue.get("/api/explorer/who?role=*&sync=../../etc").await;
    wrong.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    let wrong = sue.get(&format!("/api/explorer/who?role=*&connector={id}&sync=..%2F..%2Fetc")).await;
    wrong.json(StatusCode::NOT_FOUND).await;
}

/// One group that confers a role on one person, and one that does not on two.
fn small() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test"))
        .user(User::new("bob@acme.test"))
        .group(Group::new("aws_111122223333_Admin").members(["ann@acme.test"]))
        .group(Group::new("staff").members(["ann@acme.test", "bob@acme.test"]))
        .app(App::aws_mapping("0oaAWS").group(AppGroup::new("staff")))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_if_says_what_a_change_and_a_sync_then_show_and_older_syncs_can_still_be_asked() {
    let house = House::of(small()).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let first =
        sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await["good_sync"].clone();
    let first = first.as_str().unwrap().to_owned();
    let thought = json!({ "changes": [
        { "kind": "add-to", "group": "aws_111122223333_Admin", "person": "bob@acme.test" } ] });
    let predicted = sue.post("/api/explorer/what-if", &thought).await.json(StatusCode::OK).await;
    let predicted = &predicted["answers"][0]["answer"];
    assert_eq!(
        (predicted["gained"].as_u64(), predicted["lost"].as_u64()),
        (Some(1), Some(0)),
        "{predicted:#}"
    );
    let bad = json!({ "changes": [{ "kind": "destroy" }] });
    let bad = sue.post("/api/explorer/what-if", &bad).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    let mut many = thought.clone();
    many["changes"] = vec![thought["changes"][0].clone(); 2_500].into();
    let many = sue.post("/api/explorer/what-if", &many).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(many.to_string().contains("at most 100 changes"), "{many}");
    assert_eq!(bad["fields"][0]["field"], "kind");
    assert!(house.fake.log().iter().all(|asked| asked.method == "GET"), "a thought writes nothing");

    let (group, bob) = (
        id_of(&sue, "groups", "name", "aws_111122223333_Admin").await,
        id_of(&sue, "people", "login", "bob@acme.test").await,
    );
    house.fake.change(|org| org.add_member(&group, &bob));
    sue.post(&format!("/api/connectors/{id}/sync"), &json!({})).await.json(StatusCode::ACCEPTED).await;
    house.settled(&sue, &id).await;
    let holders =
        |answer: &Value| answer["answers"][0]["answer"]["roles"][0]["people"].as_array().unwrap().len();
    let now = sue.get("/api/explorer/who?role=*/Admin").await.json(StatusCode::OK).await;
    assert_eq!(holders(&now), 2);
    let path = format!("/api/explorer/who?role=*/Admin&connector={id}&sync={first}");
    let then = sue.get(&path);
    assert_eq!(holders(&then.await.json(StatusCode::OK).await), 1);
    let page = sue
        .get(&format!("/explorer?ask=who&role=*&connector={id}&sync={first}"))
        .await
        .text(StatusCode::OK)
        .await;
    assert!(page.contains("ann@acme.test") && !page.contains(">bob@acme.test</a>"), "{page}");
}

async fn id_of(who: &Person, table: &str, column: &str, value: &str) -> String {
    let rows = who.get(&format!("/api/{table}?only={column}&is={value}")).await.json(StatusCode::OK).await;
    rows["items"][0]["id"].as_str().unwrap().to_owned()
}
