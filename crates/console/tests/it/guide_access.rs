//! SB-05, SB-07, SB-09: what a review gets, by token; and the tables.

use std::time::Instant;

use reqwest::StatusCode;
use rolebook_fake_okta::{App, AppGroup, Group, Org, User};

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn a_review_has_rows_with_each_token_that_may() {
    for (token, okta_roles) in [("read_only", false), ("app_group_admin", false), ("super", true)] {
        let house = House::demo().await;
        let sue = house.sue().await;
        let id = house.connected(&sue, token).await;
        let page = sue.get(&format!("/connectors/{id}")).await.text(StatusCode::OK).await;
        for (scope, may) in
            [("group-membership", true), ("application-assignment", true), ("okta-roles", okta_roles)]
        {
            let path = format!("/api/connectors/{id}/reviews/{scope}");
            let answer = sue.get(&path).await;
            if may {
                let text = answer.text(StatusCode::OK).await;
                assert!(text.lines().count() > 1, "{token} {scope}: {text}");
                assert!(page.contains(&format!("href=\"{path}\"")), "{token} {scope}");
            } else {
                let refused = answer.json(StatusCode::CONFLICT).await;
                assert!(
                    refused["detail"].as_str().unwrap().contains("the token may not read this"),
                    "{refused}"
                );
                assert!(
                    page.contains(&format!("<button disabled aria-describedby=\"offer-{scope}\">")),
                    "{token} {scope}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_search_filter_sort_and_page() {
    let house = House::demo().await;
    let sue = house.sue().await;
    house.connected(&sue, "super").await;
    let get = |path: &'static str| {
        let sue = sue.clone();
        async move { sue.get(path).await.json(StatusCode::OK).await }
    };
    let all = get("/api/grants?limit=200").await;
    let account = all["items"][0]["account"].as_str().unwrap().to_owned();
    let of_account =
        sue.get(&format!("/api/grants?only=account&is={account}&limit=200")).await.json(StatusCode::OK).await;
    let roles =
        sue.get(&format!("/api/roles?only=account&is={account}&limit=200")).await.json(StatusCode::OK).await;
    let counted: u64 =
        roles["items"].as_array().unwrap().iter().map(|role| role["people"].as_u64().unwrap()).sum();
    assert!(counted > 0 && of_account["total"].as_u64() < all["total"].as_u64());
    assert_eq!(of_account["total"], counted, "the same counted from the roles' side");

    let first = get("/api/people?sort=-roles&limit=3").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second =
        sue.get(&format!("/api/people?sort=-roles&limit=3&cursor={cursor}")).await.json(StatusCode::OK).await;
    let roles: Vec<u64> = [&first, &second]
        .into_iter()
        .flat_map(|page| {
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["roles"].as_u64().unwrap())
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(roles.is_sorted_by(|a, b| a >= b), "{roles:?}");
    assert_eq!(roles.len(), 6);

    let page = sue.get("/people?sort=-roles").await.text(StatusCode::OK).await;
    assert!(
        page.contains("aria-sort=\"descending\"") && page.contains("/api/people?sort=-roles&amp;format=csv")
            || page.contains("/api/people?sort=-roles&#38;format=csv"),
        "{page}"
    );
    let csv = sue.get("/api/people?format=csv").await.text(StatusCode::OK).await;
    assert_eq!(csv.lines().count() - 1, first["total"].as_u64().unwrap() as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_text_everywhere() {
    let hostile = "<script>alert(1)</script>";
    let org = Org::new("acme")
        .user(User::new("ann@acme.test").name(hostile, "=cmd()"))
        .group(Group::new("aws_111122223333_Admin").members(["ann@acme.test"]))
        .app(App::aws_mapping("0oaAWS").label(hostile).group(AppGroup::new("aws_111122223333_Admin")));
    let house = House::of(org).await;
    let sue = house.sue().await;
    sue.form("/apps/discover", &[("domain", house.fake.url()), ("api_token", &house.fake.token("super"))])
        .await;
    let id = house.connected(&sue, "super").await;
    let sync = sue.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await["good_sync"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut met = 0;
    for path in [
        "/".to_owned(),
        "/apps?state=unmanaged".to_owned(),
        "/connectors/new?kind=okta-aws-federation".to_owned(),
        format!("/connectors/{id}"),
        format!("/connectors/{id}/syncs/{sync}"),
        "/people".to_owned(),
        "/grants".to_owned(),
        "/groups".to_owned(),
        "/explorer?ask=who&role=*".to_owned(),
        "/findings".to_owned(),
        "/explorer?ask=why&person=ann@acme.test&role=*".to_owned(),
        "/activity".to_owned(),
        "/people?q=%3Cscript%3Ealert(1)".to_owned(),
    ] {
        let page = sue.get(&path).await.text(StatusCode::OK).await;
        assert!(!page.contains("<script>alert"), "{path}");
        met += usize::from(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"));
    }
    assert!(met >= 4, "the name was shown on {met} pages");
    let csv = sue.get("/api/grants?format=csv").await.text(StatusCode::OK).await;
    assert!(!csv.contains(",=cmd"), "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_see_access_sees_counts_and_no_names() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let cat = house.invite(&sue, "Cat", "connector-administrator").await;
    let id = house.connected(&cat, "super").await;
    let view = cat.get(&format!("/api/connectors/{id}")).await.json(StatusCode::OK).await;
    let sync = view["good_sync"].as_str().unwrap();
    let of_first = format!("/api/connectors/{id}/syncs/{sync}/diff");
    let diff = cat.get(&of_first).await.json(StatusCode::OK).await;
    assert!(diff["from"].is_null() && diff["hidden"] == true, "{diff:#}");
    let page = cat.get(&format!("/connectors/{id}/syncs/{sync}")).await.text(StatusCode::OK).await;
    assert!(page.contains("Names are hidden by your role"));
    cat.get(&format!("/api/connectors/{id}/syncs/{sync}/snapshot")).await.json(StatusCode::FORBIDDEN).await;
    cat.get("/api/people").await.json(StatusCode::FORBIDDEN).await;
    let file = sue.get(&format!("/api/connectors/{id}/syncs/{sync}/snapshot")).await;
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{sync}.c1z\""));
    assert_eq!(&file.0.bytes().await.unwrap()[..5], b"C1ZF\0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_is_small() {
    let house = House::demo().await;
    let sue = house.sue().await;
    house.connected(&sue, "super").await;
    let begin = Instant::now();
    let mut bytes = sue.get("/").await.text(StatusCode::OK).await.len();
    for asset in ["/assets/console.css", "/assets/console.js", "/assets/icon.svg"] {
        bytes += sue.get(asset).await.text(StatusCode::OK).await.len();
    }
    assert!(bytes < 100_000, "{bytes} bytes");
    assert!(begin.elapsed().as_secs() < 10, "not a measure, only a sign that nothing hangs");
}
