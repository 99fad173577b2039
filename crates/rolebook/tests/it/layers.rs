//! Command line before environment before file.

use crate::shell::{Shell, org};

#[test]
fn the_nearer_place_wins() {
    let shell = Shell::of(org());
    let url = shell.fake.url().to_owned();
    shell.write(
        "rolebook.toml",
        &format!("domain = \"{url}\"\napi-token-file = \"token\"\nallow-loopback = true\nfile = \"from-file.c1z\"\n"),
    );
    assert_eq!(shell.run(&["sync"]).code, 0);
    let shell = shell.variable("ROLEBOOK_FILE", "from-environment.c1z");
    assert_eq!(shell.run(&["sync"]).code, 0);
    assert_eq!(shell.run(&["sync", "-f", "from-line.c1z"]).code, 0);
    assert_eq!(
        shell.files(),
        ["from-environment.c1z", "from-file.c1z", "from-line.c1z", "rolebook.toml", "token"]
    );
}

#[test]
fn a_profile_and_the_user_s_own_file() {
    let shell = Shell::of(org());
    let text = format!(
        "api-token-file = \"token\"\ndomain = \"http://acme.okta.com\"\n[profile.fake]\ndomain = \"{}\"\nallow-loopback = true\n",
        shell.fake.url()
    );
    shell.write("home/.config/rolebook/rolebook.toml", &text);
    let home = shell.path("home").display().to_string();
    let shell = shell.variable("HOME", &home);
    assert_eq!(shell.run(&["check"]).code, 2, "the top level names a domain that is refused");
    assert_eq!(shell.run(&["check", "--profile", "fake"]).code, 0);
    shell.run(&["check", "--profile", "other"]).assert_error(2);
    shell.write("elsewhere.toml", &text);
    assert_eq!(shell.run(&["check", "--config", "elsewhere.toml", "--profile=fake"]).code, 0);
}

#[test]
fn mistakes_are_named() {
    let shell = Shell::of(org()).variable("ROLEBOOK_DOMIAN", "x");
    let told = shell.okta(&["check"]);
    assert_eq!(told.code, 0);
    assert!(told.err.contains("ROLEBOOK_DOMIAN"), "{}", told.err);
    for (text, named) in
        [("domian = \"x\"", "domian"), ("domain = [", "line 1"), ("domain = { a = 1 }", "domain")]
    {
        shell.write("rolebook.toml", text);
        let told = shell.okta(&["check"]);
        told.assert_error(2);
        assert!(told.err.contains("rolebook.toml") && told.err.contains(named), "{text}: {}", told.err);
    }
}

#[test]
fn the_token_comes_from_file_stdin_or_environment_and_never_from_the_line() {
    let shell = Shell::of(org());
    let token = shell.fake.token("read_only");
    let url = shell.fake.url().to_owned();
    let base = ["check", "--allow-loopback", "--domain", &url];
    for refused in [vec!["--api-token", &token], vec![]] {
        let told = shell.run(&[&base[..], &refused[..]].concat());
        told.assert_error(2);
        assert!(!told.err.contains(&token));
    }
    let told = shell.run(&[&base[..], &[&format!("--api-token={token}")]].concat());
    told.assert_error(2);
    assert!(!told.err.contains(&token));
    let stdin =
        shell.run_with_input(&[&base[..], &["--api-token-file", "-"]].concat(), &format!("{token}\n"));
    assert_eq!(stdin.code, 0, "{}", stdin.err);
    for bad in ["", "   \n", "two words"] {
        shell.write("token", bad);
        assert_eq!(shell.run(&[&base[..], &["--api-token-file", "token"]].concat()).code, 2, "{bad:?}");
    }
    let shell = shell.variable("ROLEBOOK_API_TOKEN", &token);
    assert_eq!(shell.run(&base).code, 0);
}
