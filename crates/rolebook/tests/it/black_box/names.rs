//! Names of accounts: a file at the sync, names everywhere afterwards.

use super::{
    guard, orgs,
    place::{End, Place, okta},
    redaction::redacted,
};

const FILE: &str = "\
id,name,alias,ou,environment,owner,cost centre
111122223333,Production EU,prod-eu,Root/Prod,prod,ann@acme.test,4711
012345678901,\u{1b}[31mEvil,prod-x,,,,
";

fn synced() -> (Place, End) {
    let place = Place::new();
    place.write("accounts.csv", FILE);
    let end =
        place.connected(&okta(orgs::small()), "super", "sync --accounts accounts.csv").end().succeeded();
    (place, end)
}

fn named() -> Place {
    synced().0
}

#[test]
fn the_summary_tells_who_knows_whom() {
    let (_, end) = synced();
    insta::assert_snapshot!("sync_with_accounts", redacted(&end.out));
}

#[test]
fn stand_beside_ids() {
    let place = named();
    let all: String = ["accounts", "roles", "groups", "grants"]
        .iter()
        .map(|subject| format!("# {subject}\n{}\n", place.run(&format!("show {subject}")).succeeded().out))
        .collect();
    insta::assert_snapshot!("show_with_accounts", all);
    let accounts = place.run("show accounts -o json").succeeded().json();
    assert_eq!(accounts[1]["owner"], "ann@acme.test");
    assert_eq!(accounts[1]["tags"], serde_json::json!(["cost centre=4711"]));
    // Programs read the id alone.
    let groups = place.run("show groups -o json").succeeded().json();
    assert_eq!(groups[0]["confers"], serde_json::json!(["111122223333/Admin"]));
}

#[test]
fn are_taken_for_ids() {
    let place = named();
    let rows = |arguments: &[&str]| {
        let mut call = place.call("show roles -o json");
        for account in arguments {
            call = call.arg("--account").arg(account);
        }
        let rows = call.end().succeeded().json();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["account"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let main = ["111122223333", "111122223333"];
    for account in ["111122223333", "1111-2222-3333", "prod-eu", "Production EU", "production eu", "prod-*"] {
        assert_eq!(rows(&[account]), main, "{account}");
    }
    assert_eq!(rows(&["444455556666"]), ["444455556666"]);
    assert_eq!(rows(&["prod-eu", "4444*"]).len(), 3);
    // Known, and nobody has a role there.
    assert_eq!(rows(&["prod-x"]), [""; 0]);
    // From the environment as well.
    let shown = place.call("show roles -o csv").env("ROLEBOOK_ACCOUNT", "444455556666").end().succeeded();
    assert_eq!(shown.out.lines().count(), 2);
    for subject in ["accounts", "groups", "users", "grants"] {
        let some =
            place.call(&format!("show {subject}")).arg("--account").arg("444455556666").end().succeeded();
        assert_eq!(some.out.lines().count(), 2, "{subject}: {}", some.out);
    }
}

#[test]
fn that_are_none_are_refused() {
    let place = named();
    place.run("show roles --account 11122223333").failed(2).says([
        "11 digits",
        "spreadsheet",
        "011122223333",
    ]);
    place.run("show roles --account staging").failed(3).says(["`staging`", "rolebook show accounts"]);
    place.run("show roles --account test-*").failed(3).says(["`test-*`"]);
}

#[test]
fn a_bad_file_ends_the_sync_before_okta_is_asked() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let sync = |file: &str| {
        place.write("accounts.csv", file);
        place.connected(&fake, "super", "sync --accounts accounts.csv").end()
    };
    sync("id,name\n12345678901,Lost\n").failed(2).says(["accounts.csv: line 2", "11 digits", "012345678901"]);
    sync("name\nLost\n").failed(2).says(["`id`"]);
    place.connected(&fake, "super", "sync --accounts absent.csv").end().failed(3).says(["absent.csv"]);
    assert!(fake.log().is_empty());
    assert_eq!(place.files(), ["accounts.csv"]);
}

/// A later sync without the file keeps the names, until it is told to drop them or gets others.
#[test]
fn travel_with_their_sync() {
    let place = named();
    place.synced(&okta(orgs::small()), "super");
    place.run("show roles --account prod-eu").succeeded();
    place.connected(&okta(orgs::small()), "super", "sync --accounts none").end().succeeded();
    place.run("show roles --account prod-eu").failed(3);
    place.write(
        "accounts.json",
        r#"{"Accounts":[{"Id":"444455556666","Name":"ops","Email":"ops@acme.test"}]}"#,
    );
    place.connected(&okta(orgs::small()), "super", "sync --accounts accounts.json").end().succeeded();
    let accounts = place.run("show accounts -o json --account ops").succeeded().json();
    assert_eq!(
        (&accounts[0]["account"], &accounts[0]["owner"]),
        (&"444455556666".into(), &"ops@acme.test".into())
    );
}

/// What the guard says of an account says its name, too.
#[test]
fn stand_in_what_the_guard_says() {
    let place = Place::new();
    place.write("accounts.csv", FILE);
    let fake = okta(guard::org(6));
    let sync = || place.connected(&fake, "super", "sync --accounts accounts.csv").end();
    sync().succeeded();
    // Everybody loses both roles of the one account.
    guard::members(&fake, "00gA", 0..6, false);
    guard::members(&fake, "00gB", 0..1, false);
    let end = sync();
    assert_eq!(end.code, Some(6), "{end:#?}");
    assert!(
        end.out.contains("grants in account 111122223333 (Production EU): 7 before, 0 now"),
        "{}",
        end.out
    );
}
