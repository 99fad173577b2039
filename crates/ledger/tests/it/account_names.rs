//! Accounts by any of their names, of a real resolution.

use rolebook_federation::{AccountId, Catalogue};
use rolebook_ledger::{AccountError, AccountNames, AccountRecord, CatalogueRecord, Facts, read};
use rolebook_snapshot::{Limits, Snapshot};
use serde_json::json;

use crate::{
    contract::base,
    round_trip::{access, seal},
};

fn record(id: &str, name: Option<&str>, alias: Option<&str>) -> AccountRecord {
    AccountRecord {
        name: name.map(str::to_owned),
        alias: alias.map(str::to_owned),
        ..AccountRecord::new(AccountId::parse(id).unwrap())
    }
}

/// Okta shows the main account by number, two more by alias and one by name; the file knows four of the five numbers
/// and one that Okta does not show.
fn facts() -> Facts {
    let mut facts = base(false);
    facts.catalogue = CatalogueRecord {
        source: Catalogue::Types,
        values: ["Admin", "[prod-eu] -- Ops", "[dev] -- Ops", "Data Lake -- Ops"].map(str::to_owned).to_vec(),
    };
    facts.accounts = vec![
        record("011122223333", Some("prod-ap"), None),
        record("111122223333", Some("Main"), Some("acme-main")),
        record("222233334444", Some("Production EU"), Some("prod-eu")),
        record("333344445555", Some("Data Lake"), None),
    ];
    facts
}

fn names() -> AccountNames {
    let facts = facts();
    facts.account_names(&access(&facts))
}

fn ids(names: &AccountNames, text: &str) -> Vec<String> {
    names.find(text).unwrap().iter().map(|account| account.id.clone()).collect()
}

#[test]
fn found_by_any_name() {
    let names = names();
    for (text, id) in [
        ("111122223333", "111122223333"),
        ("1111-2222-3333", "111122223333"),
        (" 111122223333 ", "111122223333"),
        ("Main", "111122223333"),
        ("main", "111122223333"),
        ("ACME-MAIN", "111122223333"),
        ("222233334444", "prod-eu"),
        ("prod-eu", "prod-eu"),
        ("Production EU", "prod-eu"),
        ("333344445555", "Data Lake"),
        ("data lake", "Data Lake"),
        ("dev", "dev"),
        ("011122223333", "011122223333"),
    ] {
        assert_eq!(names.one(text).unwrap().id, id, "{text}");
    }
}

#[test]
fn found_by_pattern() {
    let names = names();
    assert_eq!(ids(&names, "prod-*"), ["011122223333", "prod-eu"]);
    assert_eq!(ids(&names, "PROD-?P"), ["011122223333"]);
    assert_eq!(ids(&names, "*2222*"), ["011122223333", "111122223333", "prod-eu"]);
    assert_eq!(ids(&names, "*").len(), 5);
    assert_eq!(names.find("test-*").unwrap_err(), AccountError::Unknown { text: "test-*".to_owned() });
    let several = names.one("prod-*").unwrap_err();
    assert_eq!(
        several.to_string(),
        "`prod-*` names 2 accounts: 011122223333 (prod-ap), 222233334444 (Production EU)"
    );
    assert!(several.hint().contains("12-digit id"));
}

/// A name is taken literally before it is taken as a pattern, and in its own case before any other.
#[test]
fn exact_names_go_first() {
    let table = access(&base(false)).roles;
    let records = [
        record("000000000001", Some("prod*"), None),
        record("000000000002", Some("prod-eu"), None),
        record("000000000003", Some("PROD-EU"), None),
    ];
    let names = AccountNames::new(&records, &table);
    assert_eq!(ids(&names, "prod*"), ["000000000001"]);
    assert_eq!(ids(&names, "prod-eu"), ["000000000002"]);
    assert_eq!(ids(&names, "Prod-Eu"), ["000000000002", "000000000003"]);
}

#[test]
fn eleven_digits_have_lost_a_zero() {
    let error = names().one("11122223333").unwrap_err();
    assert_eq!(error, AccountError::DroppedZero { text: "11122223333".to_owned() });
    assert!(error.to_string().contains("11 digits"));
    assert!(
        error.hint().contains("spreadsheet") && error.hint().contains("011122223333"),
        "{}",
        error.hint()
    );
    // ten or thirteen digits, letters between, an empty text: just unknown
    for text in ["1112222333", "1111222233334", "1112222333a", "", "11122223334-"] {
        assert!(matches!(names().one(text), Err(AccountError::Unknown { .. })), "{text}");
    }
}

#[test]
fn labels_show_id_and_name() {
    let names = names();
    let labels: Vec<_> = names.iter().map(|account| account.label()).collect();
    assert_eq!(
        labels,
        [
            "011122223333 (prod-ap)",
            "111122223333 (Main)",
            "333344445555 (Data Lake)",
            "dev",
            "222233334444 (Production EU)",
        ]
    );
    assert_eq!(names.label("111122223333"), "111122223333 (Main)");
    assert_eq!(names.label("999999999999"), "999999999999");
}

/// Two accounts of one name: nobody can tell which of them Okta shows by that name.
#[test]
fn a_name_that_two_accounts_share_is_nobody_s() {
    let mut facts = facts();
    facts.accounts.push(record("444455556666", Some("Data Lake"), None));
    let names = facts.account_names(&access(&facts));
    assert_eq!(names.get("Data Lake").unwrap().number, None);
    assert_eq!(ids(&names, "Data Lake"), ["333344445555", "444455556666", "Data Lake"]);
}

#[test]
fn they_travel_in_rows_and_what_okta_does_not_show_beside_them() {
    let facts = facts();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.c1z");
    let sync = seal(&facts, &path);
    let snapshot = Snapshot::open(&path, &Limits::default()).unwrap();
    let rows = snapshot.rows(&sync);
    assert_eq!(read(&rows).unwrap().accounts, facts.accounts);
    let row = rows.resource("account", "prod-eu").unwrap().unwrap();
    assert_eq!(row.display_name, "Production EU");
    let profile = rolebook_snapshot::json::from_struct(row.profile.as_ref().unwrap());
    assert_eq!(
        profile["given"],
        json!({ "id": "222233334444", "name": "Production EU", "alias": "prod-eu" })
    );
    assert_eq!(profile["name"], "Production EU");
    assert!(rows.resource("account", "011122223333").unwrap().is_none(), "Okta shows no role there");
    assert!(rows.asset(rolebook_ledger::OTHER_ACCOUNTS_ASSET).unwrap().is_some());
}
