//! Command line before environment before file, and what happens when one of them is wrong.

use rolebook_fake_okta::FakeOkta;

use super::{
    orgs,
    place::{Call, End, Place, okta},
};

fn warned(end: &End, words: &str) -> bool {
    end.err.lines().any(|line| line.contains("WARN") && line.contains(words))
}

/// A check that lacks only a domain.
fn without_domain(place: &Place, fake: &FakeOkta, arguments: &str) -> Call {
    place.call(arguments).arg("--allow-loopback").env("ROLEBOOK_API_TOKEN", &fake.token("super"))
}

fn domain_of(end: End) -> String {
    end.succeeded().json()["org"]["domain"].as_str().unwrap().to_owned()
}

#[test]
fn the_earlier_wins() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    let first_of = |end: End| end.succeeded().out.chars().next().unwrap();
    let show = || place.call("show roles");

    place.write("rolebook.toml", "output = \"csv\"");
    assert_eq!(first_of(show().end()), 'a');
    assert_eq!(first_of(show().env("ROLEBOOK_OUTPUT", "json").end()), '[');
    assert_eq!(first_of(show().arg("-o").arg("table").env("ROLEBOOK_OUTPUT", "json").end()), 'A');
    assert_eq!(first_of(show().arg("--output=table").env("ROLEBOOK_OUTPUT", "json").end()), 'A');
    assert_eq!(first_of(show().arg("-otable").end()), 'A');
    // Given before the command counts as given, too.
    let end = place.call("--log-level error check").env("ROLEBOOK_LOG_LEVEL", "trace").end().failed(2);
    assert_eq!(end.words(), end.err);
    // A wrong value that loses is not looked at.
    assert_eq!(first_of(show().arg("-o").arg("json").env("ROLEBOOK_OUTPUT", "sideways").end()), '[');
}

#[test]
fn every_place_of_the_file() {
    let fake = okta(orgs::small());
    let file = format!("domain = \"{}\"", fake.url());
    let wanted = fake.url().trim_start_matches("http://").to_owned();
    for (name, arguments, variable) in [
        ("rolebook.toml", "", None),
        ("named.toml", "--config named.toml", None),
        ("named.toml", "", Some(("ROLEBOOK_CONFIG", "named.toml".to_owned()))),
        ("xdg/rolebook/rolebook.toml", "", Some(("XDG_CONFIG_HOME", "xdg".to_owned()))),
        ("home/.config/rolebook/rolebook.toml", "", Some(("HOME", "home".to_owned()))),
    ] {
        let place = Place::new();
        place.write(name, &file);
        let mut call = without_domain(&place, &fake, &format!("check -o json {arguments}"));
        if let Some((variable, value)) = &variable {
            let value = if *variable == "ROLEBOOK_CONFIG" {
                value.clone()
            } else {
                place.path(value).display().to_string()
            };
            call = call.env(variable, &value);
        }
        let domain = domain_of(call.end());
        assert!(wanted.starts_with(&domain), "{name} {variable:?}: {domain}");
    }
}

#[test]
fn one_file_only() {
    let place = Place::new();
    place.write("rolebook.toml", "domain = \"http://here.test\"");
    place.write("named.toml", "domain = \"http://named.test\"");
    place.write("xdg/rolebook/rolebook.toml", "domain = \"http://xdg.test\"\nfile = \"xdg.c1z\"");
    let xdg = place.path("xdg").display().to_string();
    let run = |arguments: &str| {
        place.call(arguments).env("XDG_CONFIG_HOME", &xdg).env("ROLEBOOK_API_TOKEN", "x").end()
    };
    // The nearer file hides the one in the user's folder altogether.
    run("show roles").failed(3).says(["sync.c1z"]);
    std::fs::remove_file(place.path("rolebook.toml")).unwrap();
    run("show roles").failed(3).says(["xdg.c1z"]);
    run("show roles --config named.toml").failed(3).says(["sync.c1z"]);
}

#[test]
fn profiles() {
    let place = Place::new();
    place.write(
        "rolebook.toml",
        "file = \"base.c1z\"\n[profile.preview]\nfile = \"preview.c1z\"\n[profile.plain]\noutput = \"json\"\n",
    );
    place.run("show roles").failed(3).says(["base.c1z"]);
    place.run("show roles --profile preview").failed(3).says(["preview.c1z"]);
    place.run("--profile preview show roles").failed(3).says(["preview.c1z"]);
    place.call("show roles").env("ROLEBOOK_PROFILE", "preview").end().failed(3).says(["preview.c1z"]);
    // What the profile leaves open comes from the top of the file.
    place.run("show roles --profile plain").failed(3).says(["base.c1z"]);
    place.run("show roles --profile absent").failed(2).says(["rolebook.toml", "absent"]);
    place
        .call("show roles --profile preview")
        .env("ROLEBOOK_FILE", "var.c1z")
        .end()
        .failed(3)
        .says(["var.c1z"]);
    Place::new().run("show roles --profile preview").failed(2).says(["preview", "--config"]);
}

#[test]
fn a_wrong_file_is_an_error_that_names_it() {
    let place = Place::new();
    place.run("show roles --config absent.toml").failed(3).says(["absent.toml"]);
    for (text, words) in [
        ("flavour = \"sweet\"", ["wrong.toml", "flavour"]),
        ("domain = \"a.okta.com\"\n[profile.x]\nflavour = 1", ["wrong.toml", "flavour"]),
        ("[sync]\nfile = \"x\"", ["wrong.toml", "sync"]),
        ("api-token = \"canary-in-file\"", ["wrong.toml", "api-token"]),
        ("output = { a = 1 }", ["wrong.toml", "output"]),
        ("help = true", ["wrong.toml", "help"]),
        ("profile = \"x\"", ["wrong.toml", "profile"]),
        ("domain = \"a.okta.com\"\n\nfile = unquoted\n", ["wrong.toml", "line 3"]),
        ("domain = \"a.okta.com\"\n\n= 3\n", ["wrong.toml", "line 3"]),
        ("domain = \"a.okta.com\"\nfile = \"a\"\nfile = \"b\"\n", ["wrong.toml", "line 3"]),
        ("domain = \"never closed", ["wrong.toml", "line 1"]),
    ] {
        place.write("wrong.toml", text);
        let end = place.run("show roles --config wrong.toml --profile x");
        let end = if end.code == Some(2) && end.err.contains("no profile") {
            place.run("show roles --config wrong.toml")
        } else {
            end
        };
        assert!(!end.err.contains("canary"), "{end:#?}");
        end.failed(2).says(words);
    }
}

#[test]
fn a_mistake_in_a_profile_that_is_not_chosen_waits() {
    let place = Place::new();
    place.write("rolebook.toml", "[profile.other]\nflavour = 1");
    place.run("show roles").failed(3);
}

#[test]
fn a_value_in_the_file_is_checked_like_a_flag() {
    let place = Place::new();
    place.write("rolebook.toml", "rate-budget = 101");
    place.run("check").failed(2).says(["rate-budget", "101"]);
    // It is none of this command's.
    place.run("show roles").failed(3);
}

#[test]
fn an_unknown_variable_is_warned_of() {
    let place = Place::new();
    let fake = okta(orgs::small());
    for name in
        ["ROLEBOOK_DOMIAN", "ROLEBOOK_domain", "ROLEBOOK_", "ROLEBOOK_API_TOKENS", "ROLEBOOK_X\u{1b}[31m"]
    {
        let end = place.connected(&fake, "super", "check").env(name, "x").end().succeeded();
        if !name.contains('\u{1b}') {
            assert!(warned(&end, name), "{end:#?}");
        }
        assert!(!end.err.contains('\u{1b}'), "{end:#?}");
    }
    let end = place.connected(&fake, "super", "check").env("OTHER_DOMIAN", "x").end().succeeded();
    assert!(!end.err.contains("OTHER_DOMIAN"));
    // Its value may be a secret that missed its name.
    let end = place.connected(&fake, "super", "check").env("ROLEBOOK_APITOKEN", "canary-5").end().succeeded();
    assert!(warned(&end, "ROLEBOOK_APITOKEN") && !end.err.contains("canary-5"), "{end:#?}");
}

#[test]
fn forms_of_yes_and_no() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let check = || {
        place.call("check").env("ROLEBOOK_DOMAIN", fake.url()).env("ROLEBOOK_API_TOKEN", &fake.token("super"))
    };
    for yes in ["true", "1", "yes", "on", "TRUE", "y"] {
        check().env("ROLEBOOK_ALLOW_LOOPBACK", yes).end().succeeded();
        check().arg(format!("--allow-loopback={yes}")).end().succeeded();
    }
    for no in ["false", "0", "no", "off"] {
        check().env("ROLEBOOK_ALLOW_LOOPBACK", no).end().failed(2);
        check().arg(format!("--allow-loopback={no}")).env("ROLEBOOK_ALLOW_LOOPBACK", "true").end().failed(2);
    }
    for wrong in ["", "2", "ja"] {
        check().env("ROLEBOOK_ALLOW_LOOPBACK", wrong).end().failed(2);
    }
    for (text, works) in [("true", true), ("1", true), ("\"yes\"", true), ("false", false), ("0", false)] {
        place.write("rolebook.toml", format!("allow-loopback = {text}"));
        assert_eq!(check().end().code, Some(if works { 0 } else { 2 }), "{text}");
    }
}

#[test]
fn lists() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let check = || place.connected(&fake, "super", "check");
    for good in [
        "assume = [\"filter-match=full\", \"filter-unescape=false\"]",
        "assume = \"filter-match=full,filter-unescape=false\"",
        "assume = []",
        "allow-address = [\"10.0.0.0/8\", \"fd00::/8\"]",
    ] {
        place.write("rolebook.toml", good);
        check().end().succeeded();
    }
    for bad in ["assume = [\"filter-match=full\", \"colour=red\"]", "allow-address = [\"10.0.0.0/8\", \"x\"]"]
    {
        place.write("rolebook.toml", bad);
        check().end().failed(2);
    }
    // The command line replaces the list, it does not add to it.
    place.write("rolebook.toml", "assume = [\"colour=red\"]");
    check().arg("--assume").arg("filter-match=full").end().succeeded();
    check().env("ROLEBOOK_ASSUME", "filter-match=full,join-group-scope=profile").end().succeeded();
}

#[test]
fn a_double_dash_does_not_hide_the_other_places() {
    let place = Place::new();
    let end = place.call("show -- roles").env("ROLEBOOK_FILE", "var.c1z").end();
    end.failed(3).says(["var.c1z"]);
}

#[test]
fn the_last_of_a_repeated_flag_counts() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let end = check_with(&place, &fake, "check --api-token-file one.txt --api-token-file two.txt").end();
    end.failed(3).says(["two.txt"]);
}

#[test]
fn the_token_is_never_on_the_command_line() {
    let place = Place::new();
    for arguments in [
        "sync --domain acme.okta.com --api-token 00canaryTOKEN",
        "sync --domain acme.okta.com --api-token=00canaryTOKEN",
        "--api-token 00canaryTOKEN check",
        "--api-token=00canaryTOKEN check",
        "show roles --api-token 00canaryTOKEN",
        "sync -- --api-token=00canaryTOKEN",
    ] {
        let end = place.run(arguments).failed(2).says(["--api-token-file", "ROLEBOOK_API_TOKEN"]);
        assert!(!end.err.contains("canary"), "{end:#?}");
    }
}

fn check_with(place: &Place, fake: &FakeOkta, arguments: &str) -> Call {
    place.call(arguments).arg("--allow-loopback").arg("--domain").arg(fake.url())
}

#[test]
fn the_token_from_a_file_stdin_and_environment() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let token = fake.token("super");
    let padded = format!("\r\n \t{token}  \r\n\n");
    place.write("token.txt", &padded);
    check_with(&place, &fake, "check --api-token-file token.txt").end().succeeded();
    check_with(&place, &fake, "check --api-token-file -").stdin(&padded).end().succeeded();
    check_with(&place, &fake, "check --api-token-file=-").stdin(&token).end().succeeded();
    check_with(&place, &fake, "check").env("ROLEBOOK_API_TOKEN", &padded).end().succeeded();
    check_with(&place, &fake, "check").env("ROLEBOOK_API_TOKEN_FILE", "token.txt").end().succeeded();
    place.write("rolebook.toml", "api-token-file = \"token.txt\"");
    check_with(&place, &fake, "check").end().succeeded();
    // The environment counts before the configuration file, a file on the command line before both.
    check_with(&place, &fake, "check").env("ROLEBOOK_API_TOKEN", "00wrong").end().failed(4);
    place.write("wrong.txt", "00wrong");
    let end = check_with(&place, &fake, "check --api-token-file wrong.txt");
    end.env("ROLEBOOK_API_TOKEN", &token).end().failed(4);
}

#[test]
fn tokens_that_are_none() {
    let place = Place::new();
    let fake = okta(orgs::small());
    check_with(&place, &fake, "check").end().failed(2).says(["--api-token-file"]);
    check_with(&place, &fake, "check").env("ROLEBOOK_API_TOKEN", "").end().failed(2);
    check_with(&place, &fake, "check").env("ROLEBOOK_API_TOKEN", " \n").end().failed(2);
    check_with(&place, &fake, "check --api-token-file -").stdin("").end().failed(2);
    place.write("empty.txt", "\n");
    check_with(&place, &fake, "check --api-token-file empty.txt").end().failed(2);
    check_with(&place, &fake, "check --api-token-file absent.txt").end().failed(3).says(["absent.txt"]);
    place.write("huge.txt", "0".repeat(5_000_000));
    check_with(&place, &fake, "check --api-token-file huge.txt").end().failed(2).says(["huge.txt"]);
    place.write("zero.txt", [0xff, 0xfe, 0, 1]);
    check_with(&place, &fake, "check --api-token-file zero.txt").end().failed(1).says(["zero.txt"]);
    std::fs::create_dir(place.path("folder")).unwrap();
    check_with(&place, &fake, "check --api-token-file folder").end().failed(1).says(["folder"]);
    for wrong in ["canary one two", "canary\nX-Other: 1", "canary\u{fc}"] {
        let end = check_with(&place, &fake, "check --api-token-file -").stdin(wrong).end().failed(2);
        assert!(!end.err.contains("canary"), "{end:#?}");
    }
    assert_eq!(fake.log_lines(), [""; 0]);
}

/// One setting serves all commands: the plain form has two names.
#[test]
fn a_form_of_output_that_suits_every_command() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let out = |arguments: &str| place.connected(&fake, "super", arguments).end().succeeded().out;
    for plain in ["text", "table"] {
        place.write("rolebook.toml", format!("output = \"{plain}\""));
        assert!(out("check").starts_with("Org "));
        assert!(out("sync").starts_with("Org "));
        assert!(place.run("show roles").succeeded().out.starts_with("ACCOUNT "));
    }
}
