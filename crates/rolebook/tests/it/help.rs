use crate::shell::{Shell, org};

const COMMANDS: [&str; 5] = ["sync", "check", "show", "demo", "fake-okta"];

#[test]
fn every_command_explains_itself_within_a_hundred_columns() {
    let shell = Shell::of(org());
    for arguments in [vec!["--help"]].into_iter().chain(COMMANDS.map(|command| vec![command, "--help"])) {
        let told = shell.run(&arguments);
        assert_eq!(told.code, 0);
        assert!(told.out.contains("Usage: rolebook"));
        let long = told.out.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{arguments:?}");
    }
    let help = shell.run(&["--help"]).out;
    assert!(COMMANDS.iter().all(|command| help.contains(command)));
    assert!(help.contains("Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 refused by Okta"));
}

/// Flags with a checked value are refused with a wrong one from the environment: the variable reaches the flag.
#[test]
fn every_flag_has_its_variable() {
    for (variable, wrong) in [
        ("ROLEBOOK_LOG_LEVEL", "loud"),
        ("ROLEBOOK_RATE_BUDGET", "0"),
        ("ROLEBOOK_ALLOW_ADDRESS", "nowhere"),
        ("ROLEBOOK_ALLOW_LOOPBACK", "perhaps"),
        ("ROLEBOOK_SYNC_OKTA_ROLES", "maybe"),
        ("ROLEBOOK_SKIP_SECONDARY_EMAILS", "perhaps"),
        ("ROLEBOOK_NO_GROUP_NAMES", "perhaps"),
        ("ROLEBOOK_OUTPUT", "paper"),
        ("ROLEBOOK_ASSUME", "filter-match=sometimes"),
        ("ROLEBOOK_DOMAIN", "http://acme.okta.com"),
        ("ROLEBOOK_PROFILE", "nobody"),
    ] {
        let shell = Shell::of(org()).variable(variable, wrong);
        let mut arguments = vec!["sync", "--api-token-file", "token"];
        if variable != "ROLEBOOK_DOMAIN" {
            arguments.extend(["--domain", shell.fake.url()]);
        }
        if variable != "ROLEBOOK_ALLOW_LOOPBACK" {
            arguments.push("--allow-loopback");
        }
        let told = shell.run(&arguments);
        assert_eq!(told.code, 2, "{variable}: {}", told.err);
        assert!(shell.fake.log().is_empty(), "{variable} was found out before anything was asked");
    }
}
