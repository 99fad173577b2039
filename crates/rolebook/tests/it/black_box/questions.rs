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
fn text_has_whole_lines_and_no_colour_in_a_pipe() {
    let place = asked(orgs::hostile());
    for arguments in ["who *", "what 00u3", "why 00u3 *"] {
        let out = place.run(arguments).succeeded().out;
        for c in out.chars().filter(|c| *c != '\n') {
            assert!(
                !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}'),
                "{arguments}: {c:?} in {out:?}"
            );
        }
    }
}

#[test]
fn names_that_are_unknown_or_several() {
    let place = asked(orgs::small());
    place.run("what nobody@acme.test").failed(3).says([
        "nearest: ",
        "bob@acme.test",
        "no assignment to the app",
    ]);
    place.run("who 111122223333/Nope").failed(3).says(["nearest: 111122223333/"]);
    place.run("what --group Nope").failed(3).says(["Staff"]);
    place.run("why ann@acme.test nope/Nope").failed(3);
    place.run("what").failed(2);
    place.run("who").failed(2);
    let two =
        orgs::small().user(rolebook_fake_okta::User::new("ann2@acme.test").id("00uTwo").name("Ann", "Lee"));
    let place = asked(
        two.group(Group::new("More").id("00gMore").members(["00uTwo"])).app(
            rolebook_fake_okta::App::aws_mapping(orgs::APP)
                .group(AppGroup::new("00gStaff").priority(0))
                .group(AppGroup::new("00gMore").priority(1)),
        ),
    );
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
    assert!(
        csv.lines()
            .nth(1)
            .unwrap()
            .starts_with("gained,bob@acme.test,00uB,111122223333,,Admin,member-added,00gAdmin")
    );
    place.run("diff old.c1z gone.c1z").failed(3);
}

#[test]
fn a_filter_is_explained() {
    let place = Place::new();
    place.write(
        "names.txt",
        "aws_111122223333_Admin\naws_111122223333_Ops Team\nAWS_111122223333_Admin\nother\n",
    );
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

#[test]
fn what_would_happen() {
    let place = asked(orgs::small());
    let end = place.run("whatif --add-to 00gAdmin bob@acme.test --set sessionDuration=7200").succeeded();
    insta::assert_snapshot!("whatif", redacted(&end.out));
    let least = place.run("whatif --assign-group Kitchen").succeeded();
    assert!(least.out.contains("at least 0 gained") && least.out.contains("1 more group would count"));
    assert!(least.out.contains("takes 1 request or more"));
    let gone = place.run("whatif --remove-group Staff").succeeded();
    assert!(gone.out.contains("group `Staff` (00gStaff) no longer assigned"), "{}", gone.out);
    place.run("whatif").failed(2).says(["no change is named"]);
    place.run("whatif --set x").failed(2);
    place.run("whatif --set colour=red").failed(2).says(["joinAllRoles"]);
    place.run("whatif --add-to 00gAdmin nobody@acme.test").failed(3).says(["nearest: "]);
    place.run("whatif --group-priority Staff first").failed(2);
    place.run("whatif --add-to 00gAdmin").failed(2);
    place.call("whatif --set").arg("groupFilter=aws_(").end().failed(1).says(["not valid at character"]);
}

#[test]
fn exports_are_whole_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = asked(orgs::hostile());
    for (format, file) in [
        ("csv", "grants.csv"),
        ("xlsx", "rolebook.xlsx"),
        ("json", "rolebook.json"),
        ("html", "rolebook.html"),
        ("opengraph", "opengraph.json"),
        ("git", "app.txt"),
    ] {
        // What a killed run left is no hindrance, and what was there is replaced.
        place.write(&format!("out/.{file}.part"), "half");
        place.write(&format!("out/{file}"), "# rolebook old");
        for _ in 0..2 {
            let end = place.run(&format!("export --format {format} --out out")).succeeded();
            assert!(end.out.contains("out") && end.out.contains(" rows)"), "{end:#?}");
        }
        let path = place.path("out").join(file);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
        assert!(!std::fs::read(&path).unwrap().starts_with(b"# rolebook old"));
        assert!(!place.path("out").join(format!(".{file}.part")).exists());
    }
    // Each format has its cover, with the sum of the very file that was asked.
    let sum =
        place.run("who * -o json").succeeded().json()["snapshots"][0]["sha256"].as_str().unwrap().to_owned();
    for file in
        ["cover.csv", "rolebook.json", "rolebook.html", "opengraph-cover.csv", "opengraph.json", "cover.txt"]
    {
        let text = std::fs::read_to_string(place.path("out").join(file)).unwrap();
        assert!(text.contains(&sum), "{file}");
        assert!(file == "opengraph.json" || text.contains("Setting groupFilter"), "{file}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.path("out/rolebook.json")).unwrap()).unwrap();
    assert_eq!(json["shape"], "rolebook.export/1");
    place.write("file", "no folder");
    place.run("export --out file").failed(1).says(["--out"]);
    place.run("export").failed(2);
}

#[test]
fn a_text_tree_drops_what_is_gone_and_leaves_the_rest() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    place.write("tree/README.txt", "ours");
    place.write("tree/.git/rolebook.txt", "# rolebook not ours");
    place.run("export --format git --out tree").succeeded();
    let role = place.path("tree/accounts/444455556666/Ops.txt");
    assert!(role.exists());
    // The same snapshot gives the same tree, its cover too.
    let cover = || std::fs::read_to_string(place.path("tree/cover.txt")).unwrap();
    let first = cover();
    assert!(first.contains("Snapshot: ") && first.contains("Number of grants: 4"), "{first}");
    place.run("export --format git --out tree").succeeded();
    assert_eq!(cover(), first);
    fake.change(|org| org.remove_group("00gOps"));
    place.synced(&fake, "super");
    place.run("export --format git --out tree").succeeded();
    assert!(!role.exists());
    assert!(place.path("tree/accounts/111122223333/Admin.txt").exists());
    assert!(place.path("tree/README.txt").exists() && place.path("tree/.git/rolebook.txt").exists());
}

#[test]
fn reviews() {
    let place = asked(orgs::small());
    for kind in ["group-membership", "app-assignment", "okta-roles", "aws-roles"] {
        place.run(&format!("export --review {kind} --out review")).succeeded();
        place.run(&format!("export --review {kind} --format csv --out review --since sync.c1z")).succeeded();
        assert!(place.path(&format!("review/review-{kind}.xlsx")).exists());
    }
    let text = std::fs::read_to_string(place.path("review/review-aws-roles.csv")).unwrap();
    insta::assert_snapshot!("review_aws_roles", redacted(&text));
    place.run("export --review aws-roles --split-by manager --out split").succeeded();
    assert!(place.path("split/review-aws-roles-1.xlsx").exists());
    place.run("export --review aws-roles --format html --out review").failed(2);
    place.run("export --split-by manager --out review").failed(2);
}

/// Without a home there is no cache; with one, the copy is private, and `off` leaves no trace.
#[test]
fn a_copy_is_kept_for_the_next_question() {
    let place = asked(orgs::small());
    let files = |folder: &str| std::fs::read_dir(place.path(folder)).map_or(0, |entries| entries.count());
    let home = place.path("home");
    let ask =
        |arguments: &str| place.call(arguments).env("HOME", home.to_str().unwrap()).end().succeeded().out;
    let first = ask("what ann@acme.test -o csv");
    assert_eq!(files("home/.cache/rolebook"), 1);
    assert_eq!(ask("what ann@acme.test -o csv"), first);
    assert_eq!(ask("what ann@acme.test -o csv --cache-dir off"), first);
    ask("who * --cache-dir elsewhere");
    assert_eq!((files("home/.cache/rolebook"), files("elsewhere")), (1, 1));
    assert_eq!(place.files(), ["elsewhere", "home", "sync.c1z"]);
}
