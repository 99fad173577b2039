//! Ways in which one Super Administrator alone made a privileged change: each is tried to its end.

use reqwest::{Method, StatusCode};
use rolebook_fake_okta::{AdminRole, App, AppGroup, Group, Org, RoleTargets, User, UserStatus};
use serde_json::{Value, json};

use crate::house::{Answer, House, PASSWORD, Person, cookie_of, http};

fn org() -> Org {
    let eve = "eve@acme.test";
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uAnn"))
        .user(User::new(eve).id("00uEve"))
        .user(User::new("new@acme.test").id("00uNew").status(UserStatus::Staged))
        .user(User::new("later@acme.test").id("00uLater"))
        .group(Group::new("aws_111122223333_Admin").id("gAdmin").members(["ann@acme.test"]))
        .group(Group::new("aws_111122223333_ReadOnly").id("gRead"))
        .group(Group::new("aws_111122223333_OrganizationAccountAccessRole").id("gOrg"))
        .group(Group::new("Okta-Super-Admins").id("gSuper"))
        .group(Group::new("aws-users").id("gUsers").members(["ann@acme.test", eve, "new@acme.test"]))
        .group_role("gSuper", AdminRole::SuperAdmin, RoleTargets::all())
        .app(App::aws_mapping("0oaAWS").group(AppGroup::new("gUsers")))
}

async fn ready() -> (House, Person, String) {
    let house = House::of(org()).await;
    let sue = house.sue().await;
    let id = house.connected(&sue, "super").await;
    let on = json!({ "enabled": true, "reason": "trying it out" });
    let path = format!("/api/connectors/{id}/provisioning");
    sue.send(Method::PATCH, &path, Some(&on)).await.json(StatusCode::OK).await;
    (house, sue, id)
}

async fn make(who: &Person, id: &str, plan: &Value) -> Value {
    who.post(&format!("/api/connectors/{id}/plans"), plan).await.json(StatusCode::CREATED).await
}

async fn take(who: &Person, id: &str, plan: &Value, how: &str) -> Answer {
    let path = format!("/api/connectors/{id}/plans/{}/{how}", plan["id"].as_str().unwrap());
    who.post(&path, &json!({ "digest": plan["digest"] })).await
}

fn join(person: &str, group: &str) -> Value {
    json!({ "action": "grant", "person": person, "group": group })
}

/// Needs a second person, says why, and is not applied by its author alone.
async fn is_held_up(sue: &Person, id: &str, plan: &Value) -> Value {
    let plan = make(sue, id, plan).await;
    assert_eq!(plan["needs_approval"], true, "{plan:#}");
    take(sue, id, &plan, "approve").await.json(StatusCode::CONFLICT).await;
    take(sue, id, &plan, "apply").await.json(StatusCode::CONFLICT).await;
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_confers_makes_it_privileged() {
    let (house, sue, id) = ready().await;
    house.fake.clear_log();
    // a. The group holds an Okta admin role.
    is_held_up(&sue, &id, &join("eve@acme.test", "Okta-Super-Admins")).await;
    // b. The person is staged, and gains nothing yet.
    is_held_up(&sue, &id, &join("new@acme.test", "aws_111122223333_Admin")).await;
    // c. The person is not assigned to the app yet.
    is_held_up(&sue, &id, &join("later@acme.test", "aws_111122223333_Admin")).await;
    // d. AWS's own name for a full administrator.
    is_held_up(&sue, &id, &join("eve@acme.test", "aws_111122223333_OrganizationAccountAccessRole")).await;
    assert!(house.fake.log().iter().all(|call| call.method != "PUT"), "nothing was written");

    let plan = make(&sue, &id, &join("eve@acme.test", "aws_111122223333_ReadOnly")).await;
    assert_eq!(plan["needs_approval"], false, "{plan:#}");
    let done = take(&sue, &id, &plan, "apply").await.json(StatusCode::OK).await;
    assert_eq!(done["result"]["outcome"], "done", "{done:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_the_author_let_in_approves_nothing_of_the_authors() {
    let (house, sue, id) = ready().await;
    // e. The link of a Super Administrator is not shown to the one who invites.
    let invitation = json!({ "name": "Sock", "email": "sock@acme.test", "roles": ["super-administrator"] });
    let invited = sue.post("/api/users", &invitation).await.json(StatusCode::CREATED).await;
    assert!(invited.get("link").is_none_or(Value::is_null), "{invited:#}");
    let link = house.mailed_link("sock@acme.test").await;
    let form = [("password", PASSWORD), ("again", PASSWORD)];
    let answer = http().post(link).form(&form).send().await.unwrap();
    let sock = Person::with(&house.url, &cookie_of(&answer)).await;
    let plan = is_held_up(&sue, &id, &join("eve@acme.test", "aws_111122223333_Admin")).await;
    take(&sock, &id, &plan, "approve").await.json(StatusCode::FORBIDDEN).await;
    // The other way round: the puppet writes, the author approves.
    let plan = make(&sock, &id, &join("eve@acme.test", "aws_111122223333_Admin")).await;
    take(&sue, &id, &plan, "approve").await.json(StatusCode::FORBIDDEN).await;
    // A lower role that is raised afterwards is the same account.
    let low = house.invite(&sue, "Low", "basic-user").await;
    let me = low.get("/api/me").await.json(StatusCode::OK).await;
    let path = format!("/api/users/{}", me["id"].as_str().unwrap());
    let raise = json!({ "roles": ["super-administrator"] });
    sue.send(Method::PATCH, &path, Some(&raise)).await.json(StatusCode::OK).await;
    let form = [("email", "low@acme.test"), ("password", PASSWORD)];
    let answer = http().post(format!("{}/sign-in", house.url)).form(&form).send().await.unwrap();
    let low = Person::with(&house.url, &cookie_of(&answer)).await;
    let plan = is_held_up(&sue, &id, &join("later@acme.test", "aws_111122223333_Admin")).await;
    take(&low, &id, &plan, "approve").await.json(StatusCode::FORBIDDEN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_access_of_their_own_under_an_alias_or_an_okta_id() {
    let (house, sue, id) = ready().await;
    let rules = sue.get("/api/second-person").await.json(StatusCode::OK).await;
    let rules = json!({ "privileged": rules["privileged"], "invited_days": 0 });
    sue.send(Method::PUT, "/api/second-person", Some(&rules)).await.json(StatusCode::OK).await;
    assert!(house.mail_to("sue@acme.test", 1).await.iter().any(|letter| letter.contains("second-person")));

    let plan = is_held_up(&sue, &id, &join("eve@acme.test", "aws_111122223333_Admin")).await;
    // f. A tag makes no other person.
    let alias = house.invite(&sue, "eve+x", "super-administrator").await;
    take(&alias, &id, &plan, "approve").await.json(StatusCode::FORBIDDEN).await;
    // Another address altogether, bound to her Okta id by somebody else.
    let other = house.invite(&sue, "private", "super-administrator").await;
    let me = other.get("/api/me").await.json(StatusCode::OK).await;
    let path = format!("/api/users/{}/okta", me["id"].as_str().unwrap());
    let connector = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    let bound = json!({ "org": connector["org_id"], "okta_id": "00uEve" });
    assert_ne!(other.post(&path, &bound).await.status(), StatusCode::OK, "not oneself");
    sue.post(&path, &bound).await.json(StatusCode::OK).await;
    take(&other, &id, &plan, "approve").await.json(StatusCode::FORBIDDEN).await;
    // A true second person.
    let tom = house.invite(&sue, "Tom", "super-administrator").await;
    take(&tom, &id, &plan, "approve").await.json(StatusCode::OK).await;
    let done = take(&sue, &id, &plan, "apply").await.json(StatusCode::OK).await;
    assert_eq!(done["result"]["outcome"], "done", "{done:#}");
}
