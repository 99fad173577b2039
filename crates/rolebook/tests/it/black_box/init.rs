//! `init`: the first hour, and what it leaves behind.

use std::os::unix::fs::PermissionsExt;

use rolebook_fake_okta::FakeOkta;

use super::{
    orgs,
    place::{End, Place, okta},
    redaction::redacted,
};

/// Answers both questions, from a home of its own.
fn init(place: &Place, fake: &FakeOkta, token: &str, arguments: &str) -> End {
    let answers = format!("{}\n{}\n", fake.url(), fake.token(token));
    home(place, &format!("init --allow-loopback {arguments}")).stdin(answers).end()
}

fn home(place: &Place, arguments: &str) -> super::place::Call {
    place.call(arguments).env("HOME", place.path("home").to_str().unwrap())
}

fn mode(place: &Place, name: &str) -> u32 {
    std::fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777
}

fn read(place: &Place, name: &str) -> String {
    std::fs::read_to_string(place.path(name)).unwrap()
}

const FILE: &str = "home/.config/rolebook/rolebook.toml";
const TOKEN: &str = "home/.config/rolebook/okta.token";

#[test]
fn afterwards_no_flag_is_needed() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let end = init(&place, &fake, "super", "").succeeded();
    let tail: String = end.out.lines().rev().take(4).map(|line| format!("{line}\n")).collect();
    insta::assert_snapshot!("init_tail", redacted(&tail));
    assert_eq!(mode(&place, TOKEN), 0o600);
    assert_eq!(read(&place, TOKEN).trim(), fake.token("super"));
    let file = read(&place, FILE);
    assert!(file.starts_with("default-profile = \"okta\"\n"), "{file}");
    assert!(!file.contains(&fake.token("super")));
    assert!(!format!("{end:?}").contains(&fake.token("super")));
    assert!(fake.log().iter().all(|asked| asked.method == "GET"));

    home(&place, "sync").end().succeeded();
    home(&place, "check").end().succeeded();
    home(&place, "show roles").end().succeeded();
    assert_eq!(place.files(), ["home", "sync.c1z"]);
    // A profile that is named goes before the default.
    home(&place, "check --profile nobody").end().failed(2).says(["nobody"]);
}

#[test]
fn a_name_that_is_taken_is_refused_before_okta_is_asked() {
    let place = Place::new();
    let fake = okta(orgs::small());
    init(&place, &fake, "super", "").succeeded();
    let before = read(&place, FILE);
    fake.clear_log();
    init(&place, &fake, "super", "").failed(5).says(["`okta`", "--profile"]);
    assert!(fake.log().is_empty());
    assert_eq!(read(&place, FILE), before);
    init(&place, &fake, "read_only", "--profile second").succeeded();
    let after = read(&place, FILE);
    assert!(after.starts_with(&before) && after.contains("\n[profile.second]\n"), "{after}");
    home(&place, "check --profile second").end().succeeded();
    for name in ["../evil", "", "a.b", "a\"]"] {
        let answers = format!("{}\n{}\n", fake.url(), fake.token("super"));
        let call = home(&place, "init --allow-loopback").arg(format!("--profile={name}")).stdin(answers);
        call.end().failed(2).says(["not a name of a profile"]);
    }
    assert_eq!(read(&place, FILE), after);
}

#[test]
fn a_file_of_one_s_own_keeps_every_letter() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let mine =
        "# my org\nsync-okta-roles = \"off\"   # by design\n\n[profile.other]\ndomain = \"acme.okta.com\"";
    place.write("rolebook.toml", mine);
    init(&place, &fake, "read_only", "--token-roles ro,app,group").succeeded();
    let file = read(&place, "rolebook.toml");
    assert!(file.contains(mine), "{file}");
    assert!(file.contains("token-roles = [\"ro\", \"app\", \"group\"]"), "{file}");
    assert_eq!(place.files(), ["okta.token", "rolebook.toml"]);
    home(&place, "sync").end().succeeded();

    // One that names a domain for all is left in charge.
    let place = Place::new();
    place.write("here.toml", "domain = \"acme.okta.com\"\n");
    let end = init(&place, &fake, "read_only", "--config here.toml").succeeded();
    assert!(end.out.contains("rolebook sync --profile okta"), "{}", end.out);
    assert!(!read(&place, "here.toml").contains("default-profile"));
    home(&place, "sync --config here.toml --profile okta").end().succeeded();
}

#[test]
fn what_fails_writes_nothing() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let answers = format!("{}\n00notOneOfOurs\n", fake.url());
    home(&place, "init --allow-loopback").stdin(answers).end().failed(4).says(["token"]);
    let end = init(&place, &fake, "group_admin", "");
    assert_eq!(end.code, Some(4), "{end:#?}");
    home(&place, "init").stdin("http://acme.okta.com\n").end().failed(2);
    home(&place, "init").stdin("").end().failed(2).says(["Okta domain", "--domain"]);
    home(&place, "init --domain acme.okta.com")
        .stdin("")
        .end()
        .failed(2)
        .says(["API token of acme.okta.com"]);
    place.write("broken.toml", "domain = \n");
    init(&place, &fake, "super", "--config broken.toml").failed(2).says(["broken.toml"]);
    assert_eq!(place.files(), ["broken.toml"]);
}

/// A token that has a place already keeps it.
#[test]
fn a_token_file_is_named_not_copied() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.write("mine.txt", fake.token("super"));
    let call = home(&place, "init --allow-loopback --config c.toml --api-token-file mine.txt");
    call.arg("--domain").arg(fake.url()).end().succeeded();
    assert_eq!(place.files(), ["c.toml", "mine.txt"]);
    let path = place.path("mine.txt").canonicalize().unwrap();
    assert!(read(&place, "c.toml").contains(path.to_str().unwrap()), "{}", read(&place, "c.toml"));
    home(&place, "sync --config c.toml").end().succeeded();
}

#[cfg(target_os = "linux")]
#[test]
fn stopped_in_the_middle_nothing_is_left() {
    let place = Place::new();
    let fake = okta(orgs::small());
    fake.add_fault(
        rolebook_fake_okta::Fault::on("/api/v1/org").latency(std::time::Duration::from_secs(3600)),
    );
    let answers = format!("{}\n{}\n", fake.url(), fake.token("super"));
    let running = home(&place, "init --allow-loopback").stdin(answers).start();
    std::thread::sleep(std::time::Duration::from_millis(500));
    running.terminate();
    assert_ne!(running.end().code, Some(0));
    assert_eq!(place.files(), [""; 0]);
}
