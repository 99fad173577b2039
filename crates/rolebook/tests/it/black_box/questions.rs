//! Questions to a snapshot, as a person meets them.

use rolebook_fake_okta::{AppGroup, Group};

use super::{
    orgs,
    place::{Place, okta},
    redaction::redacted,
};

fn asked(org: rolebook_fake_okta::Org) -> Place {
    let place = Place::new();
    place.synced(&okta(org), "super");
    place
}

#[test]
fn who_what_and_why() {
    for (name, place) in [("small", asked(orgs::small())), ("direct", asked(orgs::direct()))] {
        let role = if name == "small" { "111122223333/ReadOnly" } else { "111122223333/Admin" };
        for (question, arguments) in [
            ("who", "who *".to_owned()),
            ("what", "what ann@acme.test".to_owned()),
            ("why", format!("why ann@acme.test {role}")),
            ("why_not", format!("why bob@acme.test {}", if name == "small" { "*/Admin" } else { role })),
        ] {
            for format in ["table", "csv"] {
                let end = place.run(&format!("{arguments} -o {format}")).succeeded();
                assert_eq!(end.err, "");
                insta::assert_snapshot!(format!("{question}_{name}_{format}"), redacted(&end.out));
            }
            let json = place.run(&format!("{arguments} -o json")).succeeded().json();
            let shape = format!("rolebook.{}/1", question.split('_').next().unwrap());
            assert_eq!(json["shape"], shape);
            assert!(json["as_of"].is_string() && json["snapshots"][0]["coverage"]["complete"] == true);
        }
    }
}

#[test]
fn text_keeps_to_80_columns_and_has_no_colour_in_a_pipe() {
    let place = asked(orgs::hostile());
    for arguments in ["who *", "what 00u3", "why 00u3 *"] {
        let out = place.run(arguments).succeeded().out;
        for c in out.chars().filter(|c| *c != '\n') {
            assert!(!c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}'), "{arguments}: {c:?} in {out:?}");
        }
        if !arguments.starts_with("who") {
            for line in out.lines() {
                assert!(line.chars().count() <= 80, "{arguments}: {line}");
            }
        }
    }
}

#[test]
fn names_that_are_unknown_or_several() {
    let place = asked(orgs::small());
    place.run("what nobody@acme.test").failed(3).says(["nearest: ", "bob@acme.test", "no assignment to the app"]);
    place.run("who 111122223333/Nope").failed(3).says(["nearest: 111122223333/"]);
    place.run("what --group Nope").failed(3).says(["Staff"]);
    place.run("why ann@acme.test nope/Nope").failed(3);
    place.run("what").failed(2);
    place.run("who").failed(2);
    let two = orgs::small().user(rolebook_fake_okta::User::new("ann2@acme.test").id("00uTwo").name("Ann", "Lee"));
    let place = asked(two.group(Group::new("More").id("00gMore").members(["00uTwo"])).app(
        rolebook_fake_okta::App::aws_mapping(orgs::APP)
            .group(AppGroup::new("00gStaff").priority(0))
            .group(AppGroup::new("00gMore").priority(1)),
    ));
    let end = place.call("what").arg("Ann Lee").end().failed(2);
    end.says(["choose one: ann2@acme.test (00uTwo), ann@acme.test (00uA)"]);
}

#[test]
fn an_old_snapshot_is_warned_of_and_strict_is_6() {
    let place = asked(orgs::small());
    let end = place.run("who * --max-age 0s").succeeded();
    end.says(["warning: the snapshot is ", "--max-age is 0 s"]);
    let strict = place.run("who * --max-age 0s --strict");
    assert_eq!(strict.code, Some(6));
    assert!(strict.out.contains("111122223333/Admin"));
    assert_eq!(place.run("who * --strict").code, Some(0));
}

#[test]
fn snapshots_that_cannot_be_asked() {
    let place = Place::new();
    place.run("who *").failed(3).says(["sync.c1z"]);
    place.write("sync.c1z", "no snapshot");
    place.run("who *").failed(1).says(["not a Baton snapshot"]);
    place.write("empty/readme", "");
    place.run("who * -f empty").failed(3).says(["holds no .c1z file"]);
}

#[test]
fn a_change_and_its_cause() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    std::fs::rename(place.path("sync.c1z"), place.path("old.c1z")).unwrap();
    fake.change(|org| {
        org.add_member("00gAdmin", "00uB");
        org.change_app(orgs::APP, |app| app.setting("sessionDuration", 7200));
    });
    place.synced(&fake, "super");
    let end = place.run("diff old.c1z sync.c1z").succeeded();
    insta::assert_snapshot!("diff", redacted(&end.out));
    let json = place.run("diff old.c1z sync.c1z -o json").succeeded().json();
    assert_eq!(json["changes"][0]["cause"]["kind"], "member-added");
    let csv = place.run("diff old.c1z sync.c1z -o csv").succeeded().out;
    assert!(csv.lines().nth(1).unwrap().starts_with("gained,bob@acme.test,00uB,111122223333,,Admin,member-added,00gAdmin"));
    place.run("diff old.c1z gone.c1z").failed(3);
}

#[test]
fn a_filter_is_explained() {
    let place = Place::new();
    place.write("names.txt", "aws_111122223333_Admin\naws_111122223333_Ops Team\nAWS_111122223333_Admin\nother\n");
    let call = |filter: &str| place.call("lint-filter --names names.txt").arg(filter).end();
    let end = call(r"aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)").succeeded();
    insta::assert_snapshot!("lint_filter", end.out);
    let broken = call("aws_(");
    assert_eq!(broken.code, Some(1));
    insta::assert_snapshot!("lint_filter_broken", broken.out);
    let stdin = place.call("lint-filter --names - -o json x").stdin("a\nb\n").end();
    assert_eq!(stdin.code, Some(1));
    assert_eq!(stdin.json()["shape"], "rolebook.lint-filter/1");
}

#[test]
fn findings_fail_a_pipeline() {
    let place = asked(orgs::small());
    let end = place.run("findings");
    assert_eq!(end.code, Some(6));
    insta::assert_snapshot!("findings", redacted(&end.out));
    assert_eq!(place.run("findings --fail-on never").code, Some(0));
    assert_eq!(place.run("findings --new-since sync.c1z").code, Some(0));
    place.write(
        "accepted.toml",
        "[[accept]]\nfinding = \"*\"\nreason = \"known\"\nby = \"ann\"\nuntil = 9999-12-31\n",
    );
    let accepted = place.run("findings --accepted accepted.toml").succeeded();
    assert!(accepted.out.contains("accepted by ann until 9999-12-31: known"));
    place.write("accepted.toml", "[[accept]]\nfinding = 1\n");
    place.run("findings --accepted accepted.toml").failed(2).says(["accepted.toml: ", "[[accept]]"]);
    place.run("findings --accepted none.toml").failed(3);
}

#[test]
fn assertions() {
    let place = asked(orgs::small());
    let end = place.run("assertion predict ann@acme.test").succeeded();
    insta::assert_snapshot!("assertion_predict", redacted(&end.out));
    let json = place.run("assertion predict ann@acme.test -o json").succeeded().json();
    let value = json["predictions"][0]["roles"][0]["value"].as_str().unwrap();
    let xml = format!(
        "<a:Assertion xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\"><a:Audience>urn:amazon:webservices</a:Audience>\
         <a:Attribute Name=\"https://aws.amazon.com/SAML/Attributes/Role\"><a:AttributeValue>{value}</a:AttributeValue>\
         </a:Attribute></a:Assertion>"
    );
    place.write("response.xml", &xml);
    let end = place.run("assertion check response.xml --for ann@acme.test");
    assert_eq!(end.code, Some(6));
    insta::assert_snapshot!("assertion_check", redacted(&end.out));
    place.write("bomb.xml", format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{xml}"));
    place.run("assertion check bomb.xml --for ann@acme.test").failed(2).says(["refused"]);
    place.run("assertion check none.xml --for ann@acme.test").failed(3);
    place.run("assertion check response.xml").failed(2);
}
