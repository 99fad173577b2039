//! SB-01 … SB-04, SB-11 … SB-13, SB-17: what the catalogue and the help say before anything is set up.

use reqwest::StatusCode;
use serde_json::json;

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_says_what_the_connector_does() {
    let house = House::demo().await;
    let sue = house.sue().await;
    let entry = sue.get("/api/connector-catalog/okta-aws-federation").await.json(StatusCode::OK).await;
    // SB-01
    assert_eq!(entry["name"], "Okta AWS Federation");
    assert!(entry["purpose"].as_str().unwrap().contains("Okta groups"));
    assert_eq!(entry["docs"], "/help/okta");
    // SB-02
    let resources: Vec<_> = entry["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["sync"].clone(), r["provision"].clone()))
        .collect();
    assert_eq!(
        resources,
        [(json!(true), json!(false)), (json!(true), json!(true)), (json!(true), json!(true))]
    );
    // SB-03
    let hosting: Vec<_> =
        entry["hosting"].as_array().unwrap().iter().map(|h| h["available"].clone()).collect();
    assert_eq!(hosting, [json!(true), json!(false)]);
    // SB-04
    let matrix: Vec<_> = entry["matrix"].as_array().unwrap().iter().map(|row| row["kinds"].clone()).collect();
    assert_eq!(
        matrix,
        [
            json!([true, true, true]),
            json!([false, true, true]),
            json!([true, true, true]),
            json!([false, true, true]),
            json!([false, false, true]),
        ]
    );
    let page = sue.get("/connectors/add").await.text(StatusCode::OK).await;
    assert!(
        page.contains("Okta AWS Federation")
            && page.contains(">Add</a>")
            && page.contains("href=\"/help/okta\"")
    );
    let wizard = sue.get("/connectors/new?kind=okta-aws-federation").await.text(StatusCode::OK).await;
    assert!(wizard.contains("Provision application assignment"), "SB-04: the matrix stands in the wizard");
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_the_entry_by_any_word_in_any_case() {
    // SB-17
    let house = House::demo().await;
    let sue = house.sue().await;
    for (words, found) in
        [("okta%20aws%20federation", 1), ("FEDER", 1), ("groups%20aws", 1), ("salesforce", 0), ("", 1)]
    {
        let hits = sue.get(&format!("/api/connector-catalog?q={words}")).await.json(StatusCode::OK).await;
        assert_eq!(hits["total"], found, "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_walks_through_okta() {
    // SB-11, SB-12, SB-13
    let house = House::demo().await;
    let sue = house.sue().await;
    let page = sue.get("/help/okta?domain=acme.okta.com").await.text(StatusCode::OK).await;
    let mut from = 0;
    for step in [
        "Directory › People",
        "Add person",
        "ServiceUser",
        "in a vault",
        "Security › Administrators",
        "Add administrator",
        "e-mail address",
        "Read-only Administrator",
        "Confirm",
        "carries the permissions of whoever creates it",
        "Security › API › Tokens",
        "Create token",
        "<code>Rolebook</code>",
        "Copy it",
    ] {
        let at = page[from..].find(step).unwrap_or_else(|| panic!("{step} is missing or out of order"));
        from += at;
    }
    assert!(
        page.contains("https://acme-admin.okta.com/admin/access/api/tokens"),
        "links lead to the typed domain"
    );
    let hostile =
        sue.get("/help/okta?domain=evil.test%2F%22%3E%3Cscript%3E").await.text(StatusCode::OK).await;
    assert!(!hostile.contains("<script>") && !hostile.contains("evil.test/admin"));
}
