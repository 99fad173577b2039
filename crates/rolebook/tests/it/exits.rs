use rolebook_fake_okta::{App, Org};

use crate::shell::{Shell, org};

#[test]
fn a_sync_ends_in_0_and_writes_one_file_for_its_owner() {
    let shell = Shell::of(org());
    let told = shell.okta(&["sync"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(
        told.out.contains("Accounts   1 with 1 roles") && told.out.contains("Grants     1 "),
        "{}",
        told.out
    );
    assert_eq!(shell.files(), ["sync.c1z", "token"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(shell.path("sync.c1z")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    for line in told.err.lines() {
        assert!(
            line.starts_with('{') && line.ends_with('}'),
            "progress away from a terminal is JSON: {line}"
        );
    }
}

#[test]
fn a_check_writes_nothing_and_tells_what_the_token_may() {
    let shell = Shell::of(org());
    let told = shell.okta(&["check"]);
    assert_eq!(told.code, 0, "{}", told.err);
    assert!(told.out.contains("group mapping") && told.out.contains("no   admin-roles"), "{}", told.out);
    assert_eq!(shell.files(), ["token"]);
    assert!(shell.fake.log().iter().all(|entry| entry.method == "GET"));
}

#[test]
fn a_dead_token_is_4_after_one_request() {
    let shell = Shell::of(org());
    shell.write("token", "00dead");
    shell.okta(&["sync"]).assert_error(4);
    assert_eq!(shell.fake.log().len(), 1);
    assert_eq!(shell.files(), ["token"]);
}

#[test]
fn what_is_not_there_is_3() {
    let shell = Shell::of(Org::new("acme").app(App::aws_identity_center("0oaIC")));
    shell.okta(&["sync"]).assert_error(3);
    shell.okta(&["sync", "--aws-okta-app-id", "0oaNONE"]).assert_error(3);
    shell.run(&["show", "roles", "-f", "none.c1z"]).assert_error(3);
    shell.run(&["sync", "--domain", "acme", "--api-token-file", "none"]).assert_error(3);
}

#[test]
fn a_question_that_is_not_clear_is_2() {
    let shell = Shell::of(
        Org::new("acme")
            .app(App::aws("0oaONE"))
            .app(App::aws("0oaTWO"))
            .app(App::aws_identity_center("0oaIC")),
    );
    let told = shell.okta(&["sync"]);
    told.assert_error(2);
    assert!(
        told.err.contains("0oaONE") && told.err.contains("0oaTWO") && told.err.contains("--aws-okta-app-id")
    );
    let told = shell.okta(&["sync", "--aws-okta-app-id", "0oaIC"]);
    told.assert_error(2);
    assert!(told.err.contains("IAM Identity Center"), "{}", told.err);
    for domain in
        ["http://acme.okta.com", "acme.okta.com/admin", "user@acme.okta.com", "10.0.0.1", "localhost", ""]
    {
        let told = shell.run(&["sync", "--api-token-file", "token", &format!("--domain={domain}")]);
        told.assert_error(2);
        assert!(told.err.contains("domain"), "{domain}: {}", told.err);
    }
    assert_eq!(shell.run(&["nonsense"]).code, 2);
}

#[test]
fn a_broken_filter_names_itself_and_its_place() {
    let filter = r"^aws_(?{{accountid}}\d+_(?{{role}}\w+)$";
    let shell = Shell::of(Org::new("acme").app(App::aws_mapping("0oaAWS").setting("groupFilter", filter)));
    let told = shell.okta(&["sync"]);
    told.assert_error(1);
    assert!(told.err.contains(filter) && told.err.contains("at character 6"), "{}", told.err);
    assert_eq!(shell.fake.log().len(), 3, "no list was asked for");
}

#[test]
fn a_file_that_cannot_be_read_or_written_is_1() {
    let shell = Shell::of(org());
    shell.run(&["show", "roles", "-f", "token"]).assert_error(1);
    shell.okta(&["sync", "-f", "no/such/folder/sync.c1z"]).assert_error(1);
}
