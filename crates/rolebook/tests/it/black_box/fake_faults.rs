//! `fake-okta --fault`: rules from the command line, the environment and a file, and what a sync makes of them.

use super::{
    fake_okta::{Served, served},
    place::{End, Place},
};

fn sync(place: &Place, fake: &Served, arguments: &str) -> End {
    let token = fake.line["tokens"]["read_only"].as_str().unwrap();
    let call = place.call(&format!("sync --sync-okta-roles off --allow-loopback {arguments}"));
    call.arg("--domain").arg(fake.text("url")).env("ROLEBOOK_API_TOKEN", token).end()
}

/// What a sync says of each rule that ends it.
#[test]
fn each_rule_is_met_by_a_sync() {
    let groups = "path=/api/v1/groups";
    for (rule, code, words) in [
        (format!("status=403,{groups}"), 4, "E0000006"),
        (format!("status=400,code=E0000031,{groups}"), 1, "E0000031"),
        (format!("feature-off,{groups}"), 4, "E0000015"),
        (format!("gone,{groups}"), 4, "E0000007"),
        (format!("html,{groups}"), 1, "text/html"),
        (format!("null,{groups}"), 1, "/api/v1/groups"),
        (format!("empty,{groups}"), 1, "/api/v1/groups"),
        (format!("content-type=image/png,{groups}"), 1, "image/png"),
        (format!("next=repeat,{groups}"), 1, "in a circle"),
        (format!("next=endless,{groups}"), 1, "without anything new"),
        (format!("next=endless,next=https://evil.test,{groups}"), 1, "evil.test"),
    ] {
        let place = Place::new();
        let fake = served(&place, &format!("--http --rate-limits unlimited --fault {rule}"));
        let end = sync(&place, &fake, "-o json").failed(code);
        assert!(end.words().contains(words), "{rule}: {end:#?}");
        assert!(!place.path("sync.c1z").exists(), "{rule}");
        fake.stop();
    }
}

/// Transient faults cost a request each, and nothing else.
#[test]
fn a_fault_that_passes_costs_a_request_and_is_counted() {
    for rule in [
        "status=503,path=/api/v1/apps/0oaAWS/groups,count=1",
        "cut,path=/api/v1/groups,count=1",
        "drop,path=/api/v1/groups/rules,count=1",
        "truncated-gzip,path=/api/v1/groups,count=1",
    ] {
        let place = Place::new();
        let fake = served(&place, &format!("--http --rate-limits unlimited --fault {rule}"));
        let done = sync(&place, &fake, "-o json").succeeded().json();
        let (sent, bound) = (&done["requests"]["sent"], &done["requests"]["bound"]);
        assert_eq!(sent.as_u64().unwrap(), bound.as_u64().unwrap() + 1, "{rule}");
        let again = sync(&place, &fake, "-o json").succeeded().json();
        assert_eq!(again["requests"]["sent"], again["requests"]["bound"], "{rule} strikes once");
        fake.stop();
    }
}

#[test]
fn a_member_list_that_is_gone_is_left_out_with_a_word() {
    let place = Place::new();
    let fake =
        served(&place, "--http --rate-limits unlimited --fault gone,path=/api/v1/groups/*/users,count=1");
    let done = sync(&place, &fake, "-o json").succeeded().json();
    let warnings = done["warnings"].as_array().unwrap();
    assert!(warnings.iter().any(|warning| warning["code"] == "group-gone" && warning["count"] == 1));
    fake.stop();
}

/// The same seed strikes the same requests; another one others.
#[test]
fn chance_is_replayed_by_its_seed() {
    let struck = |seed: u64| {
        let place = Place::new();
        let rule = "status=500,path=/api/v1/org,chance=50";
        let fake =
            served(&place, &format!("--http --rate-limits unlimited --fault {rule} --fault-seed {seed}"));
        let url = fake.text("url").trim_start_matches("http://").to_owned();
        let token = fake.line["tokens"]["super"].as_str().unwrap().to_owned();
        let ask = || {
            use std::io::{Read, Write};
            let mut stream = std::net::TcpStream::connect(&url).unwrap();
            let head = "Connection: close\r\nHost: x";
            write!(stream, "GET /api/v1/org HTTP/1.1\r\nAuthorization: SSWS {token}\r\n{head}\r\n\r\n")
                .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer.starts_with("HTTP/1.1 500")
        };
        let struck: Vec<bool> = (0..32).map(|_| ask()).collect();
        fake.stop();
        struck
    };
    let seven = struck(7);
    assert!(seven.contains(&true) && seven.contains(&false), "{seven:?}");
    assert_eq!(seven, struck(7));
    assert_ne!(seven, struck(8));
}

#[test]
fn rules_from_a_file_and_from_the_environment() {
    let place = Place::new();
    place.write("faults.yaml", "- status=403,path=/api/v1/groups\n- {path: /api/v1/org, latency: 1ms}\n");
    place.write("faults.json", "[{\"status\": 403, \"path\": \"/api/v1/groups\"}]");
    for file in ["faults.yaml", "faults.json"] {
        let fake = served(&place, &format!("--http --faults {file}"));
        sync(&place, &fake, "").failed(4);
        fake.stop();
    }
    place.write("rolebook.toml", "fault = [\"status=403,path=/api/v1/groups\", \"latency=1ms\"]");
    let fake = served(&place, "--http");
    sync(&place, &fake, "").failed(4);
    fake.stop();
}

#[test]
fn a_rule_that_cannot_be_read_is_refused_with_the_reason() {
    let place = Place::new();
    place.write("bad.yaml", "- status=500\n- {path: /x, stauts: 500}\n");
    place.write("no-list.yaml", "status: 500");
    for (arguments, code, words) in [
        ("--fault statos=500", 2, "`statos` is no word of a rule"),
        ("--fault path=/api/v1/groups", 2, "it does nothing"),
        ("--fault status=many", 2, "needs a number"),
        ("--fault latency=long", 2, "latency"),
        ("--fault status=500 --fault next=nowhere", 2, "`next=nowhere` is none of"),
        ("--faults bad.yaml", 2, "`stauts` is no word of a rule"),
        ("--faults no-list.yaml", 2, "no-list.yaml"),
        ("--faults absent.yaml", 3, "absent.yaml"),
        ("--fault-seed x", 2, "--fault-seed"),
    ] {
        let end = place.run(&format!("fake-okta --listen 127.0.0.1:0 --http {arguments}"));
        assert_eq!(end.code, Some(code), "{arguments}: {end:#?}");
        assert!(end.err.contains(words) && end.out.is_empty(), "{arguments}: {end:#?}");
    }
}
