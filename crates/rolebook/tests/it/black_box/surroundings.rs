//! What the machine around the command may do to it.

use std::{
    ffi::OsStr,
    io::Read,
    net::TcpListener,
    os::unix::ffi::OsStrExt,
    process::{Child, Command},
    thread::JoinHandle,
};

use rolebook_fake_okta::Fault;

use super::{
    orgs,
    place::{Place, ended, okta},
    sync::{stuck, until_stuck},
};

/// Reads a child's stream to its end, beside the test.
fn read_aside(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Ends with code 0 though nobody reads what it says.
fn unheard(mut child: Child, what: &str, keep_out: bool, keep_err: bool) {
    let out = child.stdout.take().filter(|_| keep_out).map(read_aside);
    let err = child.stderr.take().filter(|_| keep_err).map(read_aside);
    let code = ended(&mut child).code();
    let text = |reader: Option<JoinHandle<String>>| reader.map(|reader| reader.join().unwrap());
    let (out, err) = (text(out), text(err));
    assert_eq!(code, Some(0), "{what}: {out:?} {err:?}");
    assert!(!err.as_ref().is_some_and(|err| err.contains("panicked")), "{what}: {err:?}");
}

#[test]
fn closed_streams() {
    let place = Place::new();
    let fake = okta(orgs::small());
    for arguments in ["sync", "sync -o json", "check", "check -o json"] {
        let start = || place.connected(&fake, "super", arguments).spawn();
        unheard(start(), arguments, false, true);
        unheard(start(), arguments, true, false);
        unheard(start(), arguments, false, false);
    }
    for arguments in ["--help", "sync --help", "--version"] {
        unheard(place.call(arguments).spawn(), arguments, false, true);
    }
}

/// An error that nobody hears still has its code.
#[test]
fn an_error_with_closed_streams() {
    let place = Place::new();
    for arguments in ["show roles", "show roles -f folder", "check", "paint"] {
        let wanted = place.run(arguments).code;
        let mut child = place.call(arguments).spawn();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(ended(&mut child).code(), wanted, "{arguments}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_1() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    for arguments in
        ["show roles", "show roles -o json", "show roles -o csv", "check", "sync", "sync -o json"]
    {
        let call = place.connected(&fake, "super", arguments);
        let call = if arguments.starts_with("show") { place.call(arguments) } else { call };
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let end = call.stdout(full).end();
        assert_eq!(end.code, Some(1), "{arguments}: {end:#?}");
        assert!(end.words().starts_with("error: cannot write to stdout"), "{arguments}: {end:#?}");
    }
}

/// Another program's variable need not be text, and what is in it is told to nobody.
#[test]
fn variables_that_are_no_text() {
    let place = Place::new();
    place.synced(&okta(orgs::small()), "super");
    let odd = OsStr::from_bytes(b"canary\xff");
    place.call("show roles").env_os("PS1", odd).end().succeeded();
    place.call("show roles").env_os(OsStr::from_bytes(b"X\xff"), odd).end().succeeded();
    for name in ["ROLEBOOK_API_TOKEN", "ROLEBOOK_DOMAIN"] {
        let call = place.call("check").env("ROLEBOOK_API_TOKEN", "x").env_os(name, odd);
        let call =
            if name == "ROLEBOOK_DOMAIN" { call } else { call.env("ROLEBOOK_DOMAIN", "acme.okta.com") };
        let end = call.end().failed(2);
        assert!(name == "ROLEBOOK_DOMAIN" || !end.err.contains("canary"), "{end:#?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_name_that_is_no_text() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let name = OsStr::from_bytes(b"odd\xff.c1z");
    for format in ["text", "json"] {
        let call = place.connected(&fake, "super", &format!("sync -o {format}")).arg("-f").arg(name);
        let end = call.end().succeeded();
        assert!(format == "text" || end.json()["counts"]["users"] == 3);
    }
    place.call("show roles").arg("-f").arg(name).end().succeeded();
}

/// The token goes to Okta's host alone, also when the environment names a proxy for plain http.
#[test]
fn a_proxy_gets_no_token() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let token = fake.token("super");
    let heard = std::thread::spawn(move || {
        let mut text = String::new();
        for stream in proxy.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).unwrap();
            if &bytes[..read] == b"end" {
                return text;
            }
            text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        text
    });
    let call = place.connected(&fake, "super", "check");
    call.env("HTTP_PROXY", &url).env("http_proxy", &url).env("ALL_PROXY", &url).end();
    let mut last = std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    std::io::Write::write_all(&mut last, b"end").unwrap();
    let heard = heard.join().unwrap();
    assert!(!heard.contains(&token), "{heard}");
}

/// What Okta says in an error reaches a terminal only as text.
#[test]
fn words_of_okta_are_no_commands() {
    let place = Place::new();
    let fake = okta(orgs::small());
    let summary = r#"{"errorCode":"E0000006","errorSummary":"red\u001b[31m\u202e\u009b2J\nerror: forged","errorId":"\u001b[2J"}"#;
    for path in ["/api/v1/org", "/api/v1/apps/*/users", "/api/v1/groups/rules", "/api/v1/groups/*/users"] {
        fake.add_fault(Fault::on(path).status(403).body(summary));
        for command in ["sync", "check"] {
            let end = place.connected(&fake, "super", command).end();
            for text in [&end.out, &end.err] {
                let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
                assert_eq!(bad, None, "{command} {path}: {end:#?}");
            }
            assert!(!end.err.contains("\nerror: forged") && !end.out.contains("\nerror: forged"), "{end:#?}");
        }
        fake.clear_faults();
    }
}

#[test]
fn ctrl_c_stops_like_sigterm() {
    let place = Place::new();
    let fake = stuck();
    let mut child = place.connected(&fake, "super", "sync").spawn();
    until_stuck(&fake);
    let mut kill = Command::new("sh");
    assert!(kill.args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap().success());
    let err = read_aside(child.stderr.take().unwrap());
    assert_eq!(ended(&mut child).code(), Some(130));
    assert!(err.join().unwrap().contains("error: stopped, nothing was written\n  hint: "));
    assert_eq!(place.files(), [".sync.c1z.journal"]);
}

/// Two syncs into one file at once: one at least ends well, another is refused at most, and the file is whole. (When
/// they write at the same time is not in a test's hands.)
#[test]
fn two_at_once() {
    let place = Place::new();
    let fake = okta(rolebook_fake_okta::orgs::demo());
    let runs = [0, 1].map(|_| place.connected(&fake, "super", "sync").start());
    let mut codes = runs.map(|run| {
        let end = run.end();
        if end.code == Some(0) { end.code } else { end.failed(5).code }
    });
    codes.sort();
    assert_eq!(codes[0], Some(0));
    place.run("show grants").succeeded();
    assert_eq!(place.files(), ["sync.c1z"]);
}
