//! `sync -f DIR/`: several AWS apps, one file each.

use rolebook_fake_okta::{App, AppGroup, AppUser, FakeOkta, Fault, Group, Org};

use super::{
    guard::members,
    orgs,
    place::{End, Place, okta},
    redaction::redacted,
};

/// The small org with a second app, in which assignments decide.
fn two() -> Org {
    orgs::small().app(
        App::aws("0oaDirect")
            .label("Direct")
            .setting("identityProviderArn", "arn:aws:iam::777788889999:saml-provider/OKTA")
            .saml_iam_roles(["Billing"])
            .group(AppGroup::new("00gStaff").priority(0).saml_roles(["Billing"]))
            .user(AppUser::direct("00uA").saml_roles(["Billing"])),
    )
}

fn sync(place: &Place, fake: &FakeOkta, arguments: &str) -> End {
    place.connected(fake, "super", &format!("sync {arguments}")).end()
}

fn files(place: &Place, folder: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(place.path(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn all_apps_into_a_folder_and_questions_over_it() {
    let (place, fake) = (Place::new(), okta(two()));
    let end = sync(&place, &fake, "--all-aws-apps -f apps/").succeeded();
    insta::assert_snapshot!("apps_sync", redacted(&end.out));
    assert!(end.out.lines().all(|line| line.chars().count() <= 80), "{}", end.out);
    assert_eq!(files(&place, "apps"), ["0oaAWS.c1z", "0oaDirect.c1z"]);
    let sent = fake.log().len();
    let once = fake.log().iter().filter(|asked| asked.path == "/api/v1/groups/00gStaff/users").count();
    assert_eq!(once, 1, "a group that matters to both apps is read once");

    let end = sync(&place, &fake, "--all-aws-apps -f apps -o json").succeeded().json();
    assert_eq!(end["requests"]["sent"], sent);
    assert_eq!(end["requests"]["bound"], sent);
    let apps = end["apps"].as_array().unwrap();
    assert_eq!(apps.len(), 2);
    for app in apps {
        assert_eq!((&app["end"], &app["exit_code"]), (&"sealed".into(), &0.into()));
        assert_eq!(app["sync"]["app"]["id"], app["id"]);
    }
    for (role, person) in [("111122223333/Admin", "ann@acme.test"), ("777788889999/Billing", "bob@acme.test")]
    {
        let who = place.run(&format!("who {role} -f apps/ --cache-dir off")).succeeded();
        assert!(who.out.contains(person), "{role}: {}", who.out);
    }
}

#[test]
fn named_apps_from_the_line_the_environment_and_the_file() {
    let fake = okta(two().app(App::aws("0oaThird").setting("identityProviderArn", "x")));
    for variable in [None, Some("0oaDirect,0oaAWS")] {
        let place = Place::new();
        let call = match variable {
            None => place.connected(
                &fake,
                "super",
                "sync -f apps/ --aws-okta-app-id 0oaDirect --aws-okta-app-id 0oaAWS",
            ),
            Some(value) => {
                place.connected(&fake, "super", "sync -f apps/").env("ROLEBOOK_AWS_OKTA_APP_ID", value)
            }
        };
        call.end().succeeded();
        assert_eq!(files(&place, "apps"), ["0oaAWS.c1z", "0oaDirect.c1z"]);
    }
    let place = Place::new();
    place.write("rolebook.toml", "aws-okta-app-id = [\"0oaDirect\", \"0oaAWS\"]");
    sync(&place, &fake, "-f apps/").succeeded();
    assert_eq!(files(&place, "apps"), ["0oaAWS.c1z", "0oaDirect.c1z"]);
    // One of them for a command that looks at one app.
    let check = place.connected(&fake, "super", "check").end().failed(2);
    assert!(check.err.contains("2 apps are named"), "{check:#?}");
    place.connected(&fake, "super", "check --aws-okta-app-id 0oaAWS").end().succeeded();
    let place = Place::new();
    place.connected(&fake, "super", "sync -f apps/").env("ROLEBOOK_ALL_AWS_APPS", "yes").end();
    assert_eq!(files(&place, "apps"), ["0oaAWS.c1z", "0oaDirect.c1z", "0oaThird.c1z"]);
}

#[test]
fn one_app_in_a_folder() {
    let (place, fake) = (Place::new(), okta(orgs::small()));
    sync(&place, &fake, "-f apps/").succeeded();
    assert_eq!(files(&place, "apps"), ["0oaAWS.c1z"]);
}

#[test]
fn what_makes_no_sense_is_2_before_anything_is_asked() {
    let (place, fake) = (Place::new(), okta(two()));
    for (arguments, words) in [
        ("--all-aws-apps", "several apps need a folder, and sync.c1z is none"),
        ("--aws-okta-app-id 0oaAWS,0oaDirect -f file.c1z", "file.c1z is none"),
        ("--aws-okta-app-id 0oaAWS,0oaAWS -f apps/", "0oaAWS is named twice"),
        ("--aws-okta-app-id 0oaAWS --all-aws-apps -f apps/", "exclude each other"),
        ("--accept-loss --reason x -f apps/", "a loss is accepted of one file"),
    ] {
        let end = sync(&place, &fake, arguments).failed(2);
        assert!(end.err.contains(words), "{arguments}: {end:#?}");
        assert!(fake.log().is_empty() && place.files().is_empty(), "{arguments}");
    }
}

#[test]
fn an_app_that_fails_and_one_that_is_held_leave_the_others_alone() {
    let users: Vec<String> = (0..50).map(|n| format!("00u{n:04}")).collect();
    let org = two()
        .users(users.iter().map(|id| rolebook_fake_okta::User::new(format!("{id}@acme.test")).id(id)))
        .group(Group::new("cloud_444455556666_Many").id("00gMany").members(users.clone()))
        .app(
            App::aws_mapping("0oaMany")
                .label("Many")
                .setting("groupFilter", r"cloud_(?{{accountid}}\d+)_(?{{role}}\w+)")
                .group(AppGroup::new("00gMany")),
        )
        .app(App::active_directory("0oaAD"));
    let (place, fake) = (Place::new(), okta(org));
    let ids = "-f apps/ --aws-okta-app-id 0oaAWS,0oaMany,0oaDirect";
    sync(&place, &fake, ids).succeeded();
    members(&fake, "00gMany", 10..50, false);
    let held = sync(&place, &fake, ids);
    assert_eq!(held.code, Some(6), "{held:#?}");
    assert_eq!(files(&place, "apps"), ["0oaAWS.c1z", "0oaDirect.c1z", "0oaMany.c1z", "0oaMany.c1z.held"]);

    // An error outranks what is held, and the worst error the others.
    fake.add_fault(Fault::on("/api/v1/apps/0oaDirect/users").status(403));
    let end = sync(&place, &fake, &format!("{ids},0oaAD"));
    assert_eq!(end.code, Some(4), "{end:#?}");
    // How many requests were under way when one was refused is left to chance.
    let counted = |line: &&str| line.starts_with("Requests") || line.contains(" a minute ");
    let out: Vec<&str> = end.out.lines().filter(|line| !counted(line)).collect();
    let text = format!("{}\n--\n{}", out.join("\n"), end.words());
    insta::assert_snapshot!("apps_failed", redacted(&text));
    let end = sync(&place, &fake, &format!("{ids},0oaAD,0oaNone -o json"));
    let apps = end.json()["apps"].clone();
    let ends: Vec<(&str, u64)> = apps
        .as_array()
        .unwrap()
        .iter()
        .map(|app| (app["end"].as_str().unwrap(), app["exit_code"].as_u64().unwrap()))
        .collect();
    assert_eq!(ends, [("sealed", 0), ("held", 6), ("failed", 4), ("failed", 2), ("failed", 3)]);

    fake.clear_faults();
    let accepted =
        place.run("sync --accept-loss --reason moved --audit audit.jsonl -f apps/0oaMany.c1z").succeeded();
    assert!(accepted.out.contains("0oaMany.c1z is now sync"), "{accepted:#?}");
    sync(&place, &fake, ids).succeeded();
}

#[test]
fn a_run_that_is_stopped_is_taken_up() {
    let (place, fake) = (Place::new(), okta(two()));
    fake.add_fault(Fault::on("/api/v1/apps/0oaDirect/users").latency(std::time::Duration::from_secs(3600)));
    let arguments = "sync --sync-okta-roles off --all-aws-apps -f apps/";
    let running = place.connected(&fake, "super", arguments).start();
    super::place::until("the first app is sealed and the second under way", || {
        place.path("apps/0oaAWS.c1z").exists()
            && fake.log().iter().any(|asked| asked.path == "/api/v1/apps/0oaDirect/users")
    });
    running.terminate();
    let end = running.end();
    assert_eq!(end.code, Some(143), "{end:#?}");
    assert!(
        end.out.contains("sealed         0oaAWS") && end.out.contains("failed         0oaDirect"),
        "{end:#?}"
    );
    assert_eq!(files(&place, "apps"), [".apps.journal", "0oaAWS.c1z"]);
    fake.clear_faults();
    fake.clear_log();
    let end = place.connected(&fake, "super", arguments).end().succeeded();
    assert!(end.out.contains("sealed before  0oaAWS"), "{end:#?}");
    let asked = fake.log_lines();
    assert!(asked.iter().all(|line| !line.contains("/apps/0oaAWS/")), "{asked:#?}");
    assert_eq!(files(&place, "apps"), ["0oaAWS.c1z", "0oaDirect.c1z"]);
}

#[test]
fn an_archive_keeps_each_app() {
    let (place, fake) = (Place::new(), okta(two()));
    let end = sync(&place, &fake, "--all-aws-apps -f apps/ --archive kept").succeeded();
    assert_eq!(end.out.matches("\nArchived   ").count(), 2, "{}", end.out);
    let listed = place.run("archive list --archive kept -o csv").succeeded();
    assert_eq!(listed.out.lines().count(), 3, "{}", listed.out);
    assert_eq!(
        files(&place, "apps"),
        ["0oaAWS.c1z", "0oaAWS.c1z.events", "0oaDirect.c1z", "0oaDirect.c1z.events"]
    );
}

/// The same administrator is a finding in each app; an acceptance by the id of before takes both, one with the app's id
/// takes one.
#[test]
fn ids_of_findings_are_unique_over_apps() {
    use std::collections::BTreeSet;
    let place = Place::new();
    let fake = okta(two());
    place.connected(&fake, "super", "sync --all-aws-apps -f okta/").end().succeeded();
    let found = place.run("findings -f okta/ --fail-on never -o json").succeeded().json();
    let ids: Vec<&str> =
        found["findings"].as_array().unwrap().iter().map(|finding| finding["id"].as_str().unwrap()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    let twice = ids
        .iter()
        .find(|id| {
            let within = id.rsplit_once('@').unwrap().0;
            ids.iter().filter(|other| other.rsplit_once('@').unwrap().0 == within).count() == 2
        })
        .unwrap();
    let accepted = |id: &str| {
        let entry =
            format!("[[accept]]\nfinding = \"{id}\"\nreason = \"known\"\nby = \"ann\"\nuntil = 2999-12-31\n");
        place.write("accepted.toml", entry);
        let found = place
            .run("findings -f okta/ --fail-on never --accepted accepted.toml -o json")
            .succeeded()
            .json();
        let all = found["findings"].as_array().unwrap().clone();
        all.iter().filter(|finding| finding["accepted"].is_object()).count()
    };
    assert_eq!(accepted(twice), 1);
    assert_eq!(accepted(twice.rsplit_once('@').unwrap().0), 2);
}
