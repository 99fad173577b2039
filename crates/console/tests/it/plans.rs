//! Granting and revoking: plans that are looked at, approved and applied.

use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{App, AppGroup, Fault, Group, Org, User};
use serde_json::{Value, json};

use crate::house::{Answer, House, Person};

const READ: &str = "aws_111122223333_ReadOnly";
const HOSTILE: &str = "<b>x</b>\u{202e}";

fn org() -> Org {
    let people = ["ann@acme.test", "bob@acme.test"];
    Org::new("acme")
        .user(User::new(people[0]))
        .user(User::new(people[1]))
        .user(User::new("susan@acme.test").attribute("email", "sue@acme.test"))
        .group(Group::new(READ).members([people[1]]))
        .group(Group::new("aws_111122223333_Admin").members([people[1]]))
        .group(Group::new(HOSTILE))
        .group(Group::new("aws-users").members([people[0], people[1], "susan@acme.test"]))
        .app(App::aws_mapping("0oaAWS").group(AppGroup::new("aws-users")))
}

async fn ready(token: &str) -> (House, Person, String) {
    let house = House::of(org()).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, token).await;
    let on = json!({ "enabled": true, "reason": "trying it out" });
    let path = format!("/api/connectors/{id}/provisioning");
    sue.send(Method::PATCH, &path, Some(&on)).await.json(StatusCode::OK).await;
    (house, sue, id)
}

fn grant(person: &str, role: &str) -> Value {
    json!({ "action": "grant", "person": person, "role": format!("111122223333/{role}") })
}

async fn make(who: &Person, id: &str, plan: &Value) -> Value {
    who.post(&format!("/api/connectors/{id}/plans"), plan).await.json(StatusCode::CREATED).await
}

async fn take(who: &Person, id: &str, plan: &Value, how: &str) -> Answer {
    let path = format!("/api/connectors/{id}/plans/{}/{how}", plan["id"].as_str().unwrap());
    who.post(&path, &json!({ "digest": plan["digest"] })).await
}

/// Calls that change memberships, as Okta saw them.
fn writes(house: &House) -> Vec<String> {
    let mut lines = house.fake.log_lines();
    lines.retain(|line| line.contains("PUT ") || line.contains("DELETE ") || line.contains("POST "));
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_shown_applied_verified_and_synced_and_taken_back() {
    // SB-06 with a token that may
    let (house, sue, id) = ready("super").await;
    house.fake.clear_log();
    let plan = make(&sue, &id, &grant("ann@acme.test", "ReadOnly")).await;
    assert_eq!(plan["steps"][0]["method"], "PUT", "{plan:#}");
    assert_eq!(plan["blocked"], "");
    assert_eq!(writes(&house), Vec::<String>::new(), "planning writes nothing");
    let page = format!("/connectors/{id}/plans/{}", plan["id"].as_str().unwrap());
    let shown = sue.get(&page).await.text(StatusCode::OK).await;
    assert!(
        shown.contains("Confirm: make these calls")
            && shown.contains(plan["steps"][0]["path"].as_str().unwrap())
    );

    let other = json!({ "digest": "0".repeat(64) });
    let path = format!("/api{page}/apply");
    sue.post(&path, &other).await.json(StatusCode::UNPROCESSABLE_ENTITY).await;
    let dry = json!({ "digest": plan["digest"] });
    sue.post(&format!("{path}?dry_run=1"), &dry).await.json(StatusCode::OK).await;
    assert_eq!(writes(&house), Vec::<String>::new(), "a dry run writes nothing");

    let done = take(&sue, &id, &plan, "apply").await.json(StatusCode::OK).await;
    assert_eq!(done["result"]["outcome"], "done", "{done:#}");
    assert!(!done["result"]["request_ids"].as_array().unwrap().is_empty());
    assert_eq!(writes(&house).len(), 1);
    take(&sue, &id, &plan, "apply").await.json(StatusCode::CONFLICT).await;
    let actions: Vec<Value> =
        sue.audit(&format!("connector/{id}")).await.iter().map(|row| row["action"].clone()).collect();
    for action in ["plan.made", "plan.applying", "plan.applied"] {
        assert!(actions.contains(&json!(action)), "{action} in {actions:?}");
    }
    let view = house.settled(&sue, &id).await;
    assert_eq!(view["matrix"][1]["known"], "yes", "the write has proven the right");
    let grants = sue.get("/api/grants?q=ann").await.text(StatusCode::OK).await;
    assert!(grants.contains("ReadOnly"), "the sync after it shows it: {grants}");
    let chain = std::fs::read_dir(&house.data)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .unwrap();
    let chain = std::fs::read_to_string(chain).unwrap();
    assert!(chain.contains(plan["id"].as_str().unwrap()) && chain.contains("Sue <sue@acme.test>"));

    let fields = [
        ("connector", id.as_str()),
        ("action", "revoke"),
        ("person", "ann@acme.test"),
        ("role", "111122223333/ReadOnly"),
    ];
    let rows = sue.get("/explorer?ask=what&person=ann@acme.test").await.text(StatusCode::OK).await;
    assert!(rows.contains("/plans?action=revoke"), "{rows}");
    let made = sue.form("/plans", &fields).await;
    assert_eq!(made.status(), StatusCode::SEE_OTHER);
    let at = made.header("location");
    let back = sue.get(&format!("/api{at}")).await.json(StatusCode::OK).await;
    let fields = [("digest", back["digest"].as_str().unwrap())];
    assert_eq!(sue.form(&format!("{at}/apply"), &fields).await.status(), StatusCode::SEE_OTHER);
    let shown = sue.get(&at).await.text(StatusCode::OK).await;
    assert!(shown.contains("AWS sessions that are open already"), "{shown}");
    let list = sue.get("/plans").await.text(StatusCode::OK).await;
    assert!(list.contains("revoke 111122223333/ReadOnly") && list.contains("done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_switch_or_right_nothing_is_made_and_the_reason_stands_there() {
    // SB-06, SB-08: refused for want of the right
    let (house, sue, id) = ready("read_only").await;
    let page = sue.get("/plans").await.text(StatusCode::OK).await;
    assert!(page.contains("not proven"), "unknown is marked so");
    let plan = make(&sue, &id, &grant("ann@acme.test", "ReadOnly")).await;
    assert_eq!(plan["rights"][0]["known"], "not-proven");
    let ended = take(&sue, &id, &plan, "apply").await.json(StatusCode::OK).await;
    assert_eq!(ended["result"]["outcome"], "refused", "{ended:#}");
    // What Okta refused is known from then on.
    let refused = sue
        .post(&format!("/api/connectors/{id}/plans"), &grant("ann@acme.test", "ReadOnly"))
        .await
        .json(StatusCode::CONFLICT)
        .await;
    assert!(
        refused["detail"].as_str().unwrap().contains("the token lacks Group Administrator (no)"),
        "{refused}"
    );
    let page = sue.get("/plans").await.text(StatusCode::OK).await;
    assert!(page.contains("the token lacks Group Administrator (no)"));
    house.fake.clear_log();

    // The second credential may, and only applying uses it.
    let token = json!({ "api_token": house.fake.token("super") });
    sue.send(Method::PUT, &format!("/api/connectors/{id}/provisioning/token"), Some(&token))
        .await
        .json(StatusCode::OK)
        .await;
    let plan = make(&sue, &id, &grant("ann@acme.test", "ReadOnly")).await;
    let off = json!({ "enabled": false, "reason": "stop" });
    let switch = format!("/api/connectors/{id}/provisioning");
    sue.send(Method::PATCH, &switch, Some(&off)).await.json(StatusCode::OK).await;
    take(&sue, &id, &plan, "apply").await.json(StatusCode::CONFLICT).await;
    sue.post(&format!("/api/connectors/{id}/plans"), &grant("ann@acme.test", "ReadOnly"))
        .await
        .json(StatusCode::CONFLICT)
        .await;
    let page = sue.get("/plans").await.text(StatusCode::OK).await;
    assert!(page.contains("Provisioning is off for every connector."));
    let on = json!({ "enabled": true, "reason": "go on" });
    sue.send(Method::PATCH, &switch, Some(&on)).await.json(StatusCode::OK).await;
    let done = take(&sue, &id, &plan, "apply").await.json(StatusCode::OK).await;
    assert_eq!(done["result"]["outcome"], "done", "{done:#}");
    let log = house.fake.log();
    let calls: Vec<_> = log.iter().filter(|call| call.method == "PUT").collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].token.as_deref(), Some("super"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_their_own_access_and_privileged_roles_need_two() {
    let (house, sue, id) = ready("super").await;
    // Her address is the e-mail of a person with another login.
    let own = make(&sue, &id, &grant("susan@acme.test", "ReadOnly")).await;
    assert_eq!(own["blocked"], "it changes your own access");
    let refused = take(&sue, &id, &own, "apply").await.json(StatusCode::FORBIDDEN).await;
    assert_eq!(refused["code"], "own-access");
    let group = json!({ "action": "revoke", "principal_group": "aws-users", "app": true });
    let group = make(&sue, &id, &group).await;
    assert_eq!(group["blocked"], "it changes your own access", "as a member of the group");

    let admin = make(&sue, &id, &grant("ann@acme.test", "Admin")).await;
    assert_eq!(admin["needs_approval"], true);
    take(&sue, &id, &admin, "apply").await.json(StatusCode::CONFLICT).await;
    take(&sue, &id, &admin, "approve").await.json(StatusCode::CONFLICT).await;
    // Tom has been with the company for longer than the rule looks back.
    let rules = sue.get("/api/second-person").await.json(StatusCode::OK).await;
    let rules = json!({ "privileged": rules["privileged"], "invited_days": 0 });
    sue.send(Method::PUT, "/api/second-person", Some(&rules)).await.json(StatusCode::OK).await;
    let tom = house.invite(&sue, "Tom", "super-administrator").await;
    let ann = house.invite(&sue, "Ann", "super-administrator").await;
    take(&ann, &id, &admin, "approve").await.json(StatusCode::FORBIDDEN).await;
    take(&tom, &id, &json!({ "id": admin["id"], "digest": "other" }), "approve")
        .await
        .json(StatusCode::UNPROCESSABLE_ENTITY)
        .await;
    take(&tom, &id, &admin, "approve").await.json(StatusCode::OK).await;
    let done = take(&sue, &id, &admin, "apply").await.json(StatusCode::OK).await;
    assert_eq!(done["result"]["outcome"], "done", "{done:#}");
    assert_eq!(done["approver"], "Tom");

    let rita = house.invite(&sue, "Rita", "read-only-administrator").await;
    let page = rita.get("/plans").await.text(StatusCode::OK).await;
    assert!(page.contains("grant 111122223333/Admin") && !page.contains("Show what it would do"));
}

#[tokio::test(flavor = "multi_thread")]
async fn old_edited_and_stale_plans_are_refused_and_names_stay_text() {
    let (house, sue, id) = ready("super").await;
    let hostile = json!({ "action": "grant", "person": "ann@acme.test", "group": HOSTILE });
    let plan = make(&sue, &id, &hostile).await;
    let page = format!("/connectors/{id}/plans/{}", plan["id"].as_str().unwrap());
    for path in [page.as_str(), "/plans", "/plans?person=%3Cb%3Ex%3C%2Fb%3E"] {
        let text = sue.get(path).await.text(StatusCode::OK).await;
        assert!(!text.contains("<b>x</b>") && !text.contains('\u{202e}'), "{path}");
    }
    for (body, field) in [
        (json!({ "action": "give", "person": "ann@acme.test", "app": true }), "action"),
        (json!({ "action": "grant", "app": true }), "person"),
        (json!({ "action": "grant", "person": "ann@acme.test" }), "role"),
        (json!({ "action": "grant", "person": "ann@acme.test", "app": true, "role": "a/b" }), "role"),
    ] {
        let refused = sue.post(&format!("/api/connectors/{id}/plans"), &body).await;
        let refused = refused.json(StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(refused["fields"][0]["field"], field, "{refused}");
    }
    let nobody = sue.post(&format!("/api/connectors/{id}/plans"), &grant("nobody", "ReadOnly")).await;
    nobody.json(StatusCode::UNPROCESSABLE_ENTITY).await;

    // Somebody else was quicker.
    let plan = make(&sue, &id, &grant("ann@acme.test", "ReadOnly")).await;
    let twin = make(&sue, &id, &grant("ann@acme.test", "ReadOnly")).await;
    assert_eq!(take(&sue, &id, &plan, "apply").await.json(StatusCode::OK).await["result"]["outcome"], "done");
    let stale = take(&sue, &id, &twin, "apply").await.json(StatusCode::OK).await;
    assert_eq!(stale["result"]["outcome"], "refused");
    assert!(stale["result"]["says"].as_str().unwrap().contains("stale"), "{stale:#}");

    let revoke = json!({ "action": "revoke", "person": "ann@acme.test", "role": "111122223333/ReadOnly" });
    let old = make(&sue, &id, &revoke).await;
    house.fake.add_fault(Fault::everywhere().status(401).code("E0000011").done());
    take(&sue, &id, &old, "apply").await.json(StatusCode::CONFLICT).await;
    house.fake.clear_faults();
    house.advance(25 * 3600);
    let form = [("email", "sue@acme.test"), ("password", crate::house::PASSWORD)];
    let again = crate::house::http().post(format!("{}/sign-in", house.url)).form(&form).send().await.unwrap();
    let sue = Person::with(&house.url, &crate::house::cookie_of(&again)).await;
    let refused = take(&sue, &id, &old, "apply").await.json(StatusCode::CONFLICT).await;
    assert!(refused["detail"].as_str().unwrap().contains("24 hours"), "{refused}");
    let text = sue.get("/plans").await.text(StatusCode::OK).await;
    assert!(text.contains("too old"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_edited_in_the_database_is_not_applied() {
    let (mut house, sue, id) = ready("super").await;
    let plan = make(&sue, &id, &grant("ann@acme.test", "ReadOnly")).await;
    house.stop().await;
    let place = format!("sqlite://{}?mode=rw", house.data.join("rolebook.db").display());
    let db = sea_orm::Database::connect(place).await.unwrap();
    let edit = "UPDATE change_plan SET body = replace(body, 'ann@acme.test', 'bob@acme.test')";
    let edited = sea_orm::ConnectionTrait::execute_unprepared(&db, edit).await.unwrap();
    assert_eq!(edited.rows_affected(), 1);
    db.close().await.unwrap();
    house.start().await;
    let sue = Person::with(&house.url, &sue.cookie).await;
    house.fake.clear_log();
    for how in ["approve", "apply"] {
        let refused = take(&sue, &id, &plan, how).await;
        let refused = refused.json(StatusCode::CONFLICT).await;
        assert!(refused.to_string().contains("edited"), "{how}: {refused:#}");
    }
    assert_eq!(writes(&house), Vec::<String>::new());
}
