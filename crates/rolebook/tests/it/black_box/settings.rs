//! Where settings come from, and what a run keeps of the one before.

use super::{
    orgs,
    place::{Place, okta},
};

const ACCOUNTS: &str = "id,name,environment\n111122223333,Payments,production\n";

#[test]
fn a_sync_without_accounts_keeps_the_names_and_says_how_old_they_are() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.write("accounts.csv", ACCOUNTS);
    place.connected(&fake, "super", "sync --accounts accounts.csv").end().succeeded();
    let first = place.run("findings --fail-on never -o json").succeeded().json();
    for _ in 0..2 {
        let end = place.synced(&fake, "super");
        assert!(end.out.contains("kept from the accounts file of 20"), "{}", end.out);
        let accounts = place.run("show accounts -o json").succeeded().json();
        assert_eq!(accounts[0]["name"], "Payments");
        let again = place.run("findings --fail-on never -o json").succeeded().json();
        assert_eq!(again["findings"], first["findings"]);
    }
    place.connected(&fake, "super", "sync --accounts none").end().succeeded();
    let accounts = place.run("show accounts -o json").succeeded().json();
    assert_eq!(accounts[0]["name"], serde_json::Value::Null);
    let piped = place.connected(&fake, "super", "sync --accounts -").stdin(ACCOUNTS).end().succeeded();
    assert!(piped.out.contains("1 in the accounts file"), "{}", piped.out);
}

#[test]
fn a_token_in_the_environment_is_before_a_token_file_in_the_file() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.write("rolebook.toml", "api-token-file = \"nowhere.tok\"\n");
    place.connected(&fake, "super", "check").end().succeeded();
}

#[test]
fn relative_paths_are_relative_to_the_file_that_names_them() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.write("etc/token", fake.token("super"));
    place.write("etc/accounts.csv", ACCOUNTS);
    let file = format!(
        "domain = \"{}\"\nallow-loopback = true\napi-token-file = \"token\"\naccounts = \"accounts.csv\"\nfile = \"../data/sync.c1z\"\n",
        fake.url()
    );
    place.write("etc/rolebook.toml", file);
    place.write("data/readme", "");
    place.run("sync --config etc/rolebook.toml").succeeded();
    assert!(place.files_in("data").contains(&"sync.c1z".to_owned()));
    place.run("who * --config etc/rolebook.toml").succeeded();
}

#[test]
fn a_folder_is_taken_wherever_a_file_is() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.connected(&fake, "super", "sync --all-aws-apps -f okta/").end().succeeded();
    for command in ["show roles", "who *", "findings --fail-on never", "whatif --set joinAllRoles=true"] {
        place.run(&format!("{command} -f okta/")).succeeded();
    }
    let end = place.connected(&fake, "super", "plan grant --group Staff --to ann@acme.test -f okta/").end();
    assert!(!end.err.contains("directory"), "{end:#?}");
}

/// `USER` is what the person at the keyboard says; the audit holds what the system says.
#[test]
fn the_audit_names_the_systems_user() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    place
        .connected(&fake, "super", "grant --group Kitchen --to ann@acme.test --yes --audit audit.jsonl")
        .env("USER", "mallory")
        .env("LOGNAME", "mallory")
        .env("SUDO_USER", "sue")
        .end()
        .succeeded();
    let audit = std::fs::read_to_string(place.path("audit.jsonl")).unwrap();
    assert!(!audit.contains("mallory"), "{audit}");
    assert!(audit.contains("\"sudo_user\":\"sue\""), "{audit}");
}

/// No file can be made below this folder, as when its disk is full.
#[cfg(target_os = "linux")]
#[test]
fn a_cache_that_cannot_be_written_costs_no_answer() {
    let place = Place::new();
    place.synced(&okta(orgs::small()), "super");
    let before = place.run("who * --cache-dir off -o csv").succeeded().out;
    let end = place.run("who * --cache-dir /proc/sys -o csv").succeeded();
    assert_eq!(end.out, before);
}

#[test]
fn the_version_names_the_rules() {
    let end = Place::new().run("--version").succeeded();
    assert!(end.out.starts_with("rolebook ") && end.out.contains("rules version "), "{}", end.out);
}

#[test]
fn a_data_folder_that_is_not_there_is_not_made_by_looking_at_it() {
    let place = Place::new();
    for command in ["doctor --data-dir typo", "admin rotate-key --data-dir typo"] {
        place.run(command).failed(3).says(["there is no data folder typo"]);
    }
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn a_list_of_changes_may_come_from_stdin() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    let end = place
        .connected(&fake, "super", "apply - --yes --audit audit.jsonl")
        .stdin("action,group,person\ngrant,Kitchen,ann@acme.test\n")
        .end();
    assert!(!end.err.contains("cannot read -"), "{end:#?}");
    let empty = place.connected(&fake, "super", "apply - --yes --audit audit.jsonl").stdin("").end();
    assert!(!empty.err.contains("cannot read -"), "{empty:#?}");
}

#[test]
fn a_warning_of_the_filter_has_no_gaps() {
    let end = Place::new().call("lint-filter").arg(r"aws_(?{{accountid}}\\d+)_(?{{role}}\\w+)").end();
    assert!(end.out.contains("text is escaped twice") && !end.out.contains("is  "), "{}", end.out);
}
