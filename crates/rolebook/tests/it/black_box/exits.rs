//! Every exit code by the situation that it is for, and the words that come with it.

use rolebook_fake_okta::{App, FakeOkta, Org, User};

use super::{
    orgs,
    place::{End, Place, okta},
    redaction::redacted,
};

/// Runs `check` and `sync`, which must fail alike, say the same and write nothing.
fn both(fake: &FakeOkta, token: &str, arguments: &str, code: i32) -> End {
    let place = Place::new();
    let check = place.connected(fake, token, &format!("check {arguments}")).end().failed(code);
    let sync = place.connected(fake, token, &format!("sync {arguments}")).end().failed(code);
    assert_eq!(redacted(&check.words()), redacted(&sync.words()));
    assert_eq!(place.files(), [""; 0]);
    sync
}

fn empty() -> Org {
    Org::new("acme").user(User::new("ann@acme.test").id("00uA"))
}

#[test]
fn done_is_0() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    place.run("show roles").succeeded();
}

#[test]
fn a_bad_token_is_4_after_one_request() {
    let place = Place::new();
    let fake = okta(orgs::small());
    for command in ["check", "sync"] {
        fake.clear_log();
        let call = place.call(command).arg("--allow-loopback").arg("--domain").arg(fake.url());
        let end = call.env("ROLEBOOK_API_TOKEN", "00notOneOfOurs").end().failed(4);
        assert_eq!(fake.log().len(), 1, "{:?}", fake.log_lines());
        assert_eq!(fake.log()[0].status, 401);
        // A check tells the whole way besides; see there.
        if command == "sync" {
            insta::assert_snapshot!("exit_bad_token", redacted(&end.words()));
        }
    }
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn a_token_without_rights_is_4() {
    let fake = okta(orgs::small());
    let end = both(&fake, "group_admin", "", 4);
    insta::assert_snapshot!(redacted(&end.words()));
}

#[test]
fn admin_roles_that_must_be_read_and_may_not_are_4() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let end = place.connected(&fake, "read_only", "sync --sync-okta-roles on").end().failed(4);
    insta::assert_snapshot!(redacted(&end.words()));
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn no_app_is_3() {
    let end = both(&okta(empty()), "super", "", 3);
    insta::assert_snapshot!(redacted(&end.words()));
}

#[test]
fn two_apps_are_2_and_named() {
    let fake = okta(orgs::small().app(App::aws("0oaSecond").label("evil\u{1b}[31m\u{202e}")));
    let end = both(&fake, "super", "", 2).says([orgs::APP, "0oaSecond", "--aws-okta-app-id"]);
    assert!(!end.words().contains(['\u{1b}', '\u{202e}']), "{end:#?}");
    insta::assert_snapshot!(redacted(&end.words()));
    // One that is out of use does not compete.
    let fake = okta(orgs::small().app(App::aws("0oaSecond").status("INACTIVE")));
    Place::new().connected(&fake, "super", "check").end().succeeded();
}

#[test]
fn an_unknown_app_is_3() {
    let fake = okta(orgs::small());
    let end = both(&fake, "super", "--aws-okta-app-id 0oaNobody", 3).says(["0oaNobody"]);
    insta::assert_snapshot!(redacted(&end.words()));
}

#[test]
fn an_identity_center_app_is_2() {
    let fake = okta(orgs::small().app(App::aws_identity_center("0oaSSO")));
    let end = both(&fake, "super", "--aws-okta-app-id 0oaSSO", 2).says(["0oaSSO", "IAM Identity Center"]);
    insta::assert_snapshot!(redacted(&end.words()));
}

#[test]
fn another_app_is_2() {
    let fake = okta(orgs::small().app(App::active_directory("0oaAD")));
    both(&fake, "super", "--aws-okta-app-id 0oaAD", 2).says(["0oaAD"]);
}

#[test]
fn an_app_id_that_is_a_path_asks_nothing_else() {
    let fake = okta(orgs::small());
    for id in ["../users", "0oaAWS/users", "0oaAWS?x=1", "..", "%2e%2e", ""] {
        let place = Place::new();
        fake.clear_log();
        let end = place.connected(&fake, "super", "check").arg(format!("--aws-okta-app-id={id}")).end();
        assert!(matches!(end.code, Some(2 | 3)), "{id}: {end:#?}");
        end.failed(if fake.log().is_empty() { 2 } else { 3 });
        assert!(
            fake.log().iter().all(|asked| !asked.path.ends_with("/users") && asked.query.is_empty()),
            "{:?}",
            fake.log_lines()
        );
    }
}

#[test]
fn a_missing_snapshot_is_3() {
    let place = Place::new();
    let end = place.run("show roles").failed(3);
    insta::assert_snapshot!(end.err);
    place.run("show grants -o json -f absent/x.c1z").failed(3).says(["absent/x.c1z"]);
}

#[test]
fn what_is_no_snapshot_is_1() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    let whole = std::fs::read(place.path("sync.c1z")).unwrap();
    place.write("text.c1z", "hello\n");
    place.write("empty.c1z", "");
    place.write("magic.c1z", b"C1ZF\0");
    place.write("short.c1z", &whole[..whole.len() / 2]);
    place.write(
        "wrong.c1z",
        [b"C1ZF\0".as_slice(), &zstd::encode_all(b"no database".as_slice(), 1).unwrap()].concat(),
    );
    std::fs::create_dir(place.path("folder.c1z")).unwrap();
    for name in ["text", "empty", "magic", "short", "wrong"] {
        let file = format!("{name}.c1z");
        place.run(&format!("show roles -f {file}")).failed(1).says([file.as_str()]);
    }
    place.run("show roles -f folder.c1z").failed(3).says(["folder.c1z holds no .c1z file"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_1() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.write("file", "x");
    // Root may write everywhere, so the folder is one that nobody can have.
    for file in ["file/sync.c1z", "absent/sync.c1z"] {
        let end = place.connected(&fake, "super", &format!("sync -f {file}")).end().failed(1);
        end.says([file.split('/').next().unwrap()]);
    }
    for folder in ["file/", "file/apps/"] {
        place.connected(&fake, "super", &format!("sync -f {folder}")).end().failed(1).says(["file"]);
    }
    assert_eq!(place.files(), ["file"]);
}

#[test]
fn a8_a_domain_with_a_scheme_or_a_path_names_the_field_and_asks_nothing() {
    for domain in ["http://acme.okta.test", "acme.okta.test/admin"] {
        let place = Place::new();
        for command in ["sync", "check"] {
            let call = place.call(command).arg("--domain").arg(domain).env("ROLEBOOK_API_TOKEN", "00canary");
            call.end().failed(2).says(["domain"]);
        }
        assert_eq!(place.files(), [""; 0]);
    }
}

#[test]
fn a9_an_empty_token_is_refused_before_anything_is_asked() {
    let fake = okta(orgs::small());
    let place = Place::new();
    place.write("empty.token", " \n");
    for command in ["sync", "check"] {
        let call = || place.call(command).arg("--allow-loopback").arg("--domain").arg(fake.url());
        call().env("ROLEBOOK_API_TOKEN", "").end().failed(2).says(["token"]);
        call().arg("--api-token-file").arg("empty.token").end().failed(2).says(["token"]);
    }
    assert!(fake.log().is_empty());
    assert_eq!(place.files(), ["empty.token"]);
}

#[test]
fn a_refused_domain_is_2() {
    for domain in [
        "http://acme.okta.com",
        "https://acme.okta.com/path",
        "https://ann@acme.okta.com",
        "10.0.0.1",
        "https://[::1]",
        "acme okta com",
        "127.0.0.1",
        "acme.okta.com?x=1",
        "acme.okta.com:70000",
        "",
    ] {
        let place = Place::new();
        let call = place.call("sync").arg(format!("--domain={domain}")).env("ROLEBOOK_API_TOKEN", "00canary");
        let end = call.end().failed(2).says(["domain"]);
        assert!(!end.err.contains("canary"));
        assert_eq!(place.files(), [""; 0]);
    }
    Place::new().run("sync").failed(2).says(["--domain"]);
}

#[test]
fn loopback_needs_a_word() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let call = place.call("check").arg("--domain").arg(fake.url());
    call.env("ROLEBOOK_API_TOKEN", &fake.token("super")).end().failed(2);
    assert_eq!(fake.log_lines(), [""; 0]);
}

#[test]
fn nobody_there_is_1() {
    let place = Place::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let call = place.call("check").arg("--allow-loopback").arg(format!("--domain=http://{address}"));
    call.env("ROLEBOOK_API_TOKEN", "00x").end().failed(1);
}

#[test]
fn a_broken_filter_is_1_before_any_list() {
    let broken = r"aws_(?{{accountid}}\d+_(?{{role}}[a-z]+)";
    let org = Org::new("acme").app(App::aws_mapping(orgs::APP).setting("groupFilter", broken));
    let fake = okta(org);
    let end = both(&fake, "super", "", 1).says([broken]);
    let words = end.words();
    assert!(
        regex::Regex::new(r"(position|column|character|offset|at) \d+").unwrap().is_match(&words),
        "{words}"
    );
    insta::assert_snapshot!(redacted(&words));
    for line in fake.log_lines() {
        assert!(!line.contains("/groups") && !line.contains("/apps/0oaAWS/"), "{line}");
    }
}

#[test]
fn assumptions_that_are_none_are_2() {
    let fake = okta(orgs::small());
    for wrong in ["filter-match", "filter-match=sometimes", "colour=red", "=", "filter-unescape=7"] {
        both(&fake, "super", &format!("--assume {wrong}"), 2);
    }
    assert_eq!(fake.log_lines(), [""; 0]);
}
