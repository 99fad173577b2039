//! Grants and revocations as a person or a script makes them.

use std::{path::PathBuf, time::Duration};

use rolebook_fake_okta::{
    App, AppGroup, AppUser, FakeOkta, Fault, Group, Options, Org, Token, User, UserStatus,
};
use serde_json::Value;

use super::{
    orgs,
    place::{Call, End, Place, okta, os_user, unlimited, until},
    redaction::redacted,
};

/// A place with a synced snapshot and a state folder of its own.
pub(crate) struct Office {
    pub(crate) place: Place,
    pub(crate) fake: FakeOkta,
}

impl Office {
    pub(crate) fn of(org: Org) -> Self {
        Self::with(org, Vec::new())
    }

    /// With tokens beside the standard ones.
    pub(crate) fn with(org: Org, tokens: Vec<Token>) -> Self {
        let fake = FakeOkta::start(org, Options { tokens, ..unlimited() }).unwrap();
        let office = Self { place: Place::new(), fake };
        office.place.synced(&office.fake, "super");
        office.fake.clear_log();
        office
    }

    pub(crate) fn call_as(&self, token: &str, arguments: &str) -> Call {
        let state = self.place.path("state");
        let call = self.place.connected(&self.fake, token, arguments);
        call.env("XDG_STATE_HOME", state.to_str().unwrap())
    }

    pub(crate) fn call(&self, arguments: &str) -> Call {
        self.call_as("super", arguments)
    }

    pub(crate) fn run(&self, arguments: &str) -> End {
        self.call(arguments).end()
    }

    /// Commands that need no Okta.
    pub(crate) fn local(&self, arguments: &str) -> End {
        let state = self.place.path("state");
        self.place.call(arguments).env("XDG_STATE_HOME", state.to_str().unwrap()).end()
    }

    pub(crate) fn audit_file(&self) -> PathBuf {
        let folder = self.place.path("state/rolebook");
        let mut found: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        found.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with("audit-"));
        assert_eq!(found.len(), 1);
        found.remove(0)
    }

    pub(crate) fn writes(&self) -> Vec<String> {
        let writes = self.fake.log().into_iter().filter(|asked| asked.method != "GET");
        writes.map(|asked| format!("{} {}", asked.line(), asked.body).trim().to_owned()).collect()
    }

    pub(crate) fn is_member(&self, group: &str, user: &str) -> bool {
        self.fake.with_org(|org| org.is_member(group, user))
    }
}

/// Output without what differs from run to run.
fn words(text: &str) -> String {
    let ids = regex::Regex::new(r"req[0-9A-Za-z]{17}").unwrap();
    let ops = regex::Regex::new(r"\b[0-9a-f]{12}\b").unwrap();
    let hosts = regex::Regex::new(&format!(r"{}@\S+ with", regex::escape(&os_user()))).unwrap();
    let times = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d").unwrap();
    // Accounts are twelve digits, changes twelve hexadecimal ones: a letter tells them apart, or the place.
    let text = ids.replace_all(text, "[request]");
    let text = ops.replace_all(&text, |found: &regex::Captures<'_>| {
        let word = &found[0];
        if ["111122223333", "444455556666"].contains(&word) { word.to_owned() } else { "[change]".to_owned() }
    });
    let text = hosts.replace_all(&text, "tester@[host] with");
    redacted(&times.replace_all(&text, "[time]"))
}

#[test]
fn a_grant_shows_its_plan_asks_and_proves() {
    let office = Office::of(orgs::small());
    let line = "grant --role 444455556666/Ops --to ann@acme.test";
    // The group is filled by a rule: named, with the way out.
    let end = office.run(&format!("{line} --yes"));
    assert_eq!(end.code, Some(5), "{end:#?}");
    insta::assert_snapshot!("grant_refused", words(&end.err));

    let line = "grant --role 111122223333/Admin --to bob@acme.test";
    let end = office.call(line).stdin("no\n").end();
    assert_eq!(end.code, Some(1), "{end:#?}");
    assert!(end.err.contains("not confirmed"), "{end:#?}");
    assert_eq!(office.writes(), [""; 0]);
    // Nobody there to answer.
    let end = office.run(line);
    assert_eq!(end.code, Some(2), "{end:#?}");
    let end = office.call(line).stdin("yes\n").end().succeeded();
    insta::assert_snapshot!("grant_text", words(&end.out));
    assert!(
        end.err.contains("to org Acme (127.0.0.1), app \"AWS Account Federation\""),
        "org and app are named before the question: {end:#?}"
    );
    assert!(office.is_member("00gAdmin", "00uB"));
    assert_eq!(office.writes(), ["PUT /api/v1/groups/00gAdmin/users/00uB"]);
    // Again: nothing to write, no question.
    let end = office.run(line).succeeded();
    assert!(end.out.contains("No change"), "{end:#?}");
    assert_eq!(office.writes().len(), 1);
    // A question read the file and what lies beside it.
    let shown = office.local("show grants -o json").succeeded();
    assert!(shown.err.contains("sync.c1z.after.c1z"), "{shown:#?}");
    let grants = shown.json();
    let has = |user: &str| {
        grants.as_array().unwrap().iter().any(|row| row["user_id"] == user && row["role"] == "Admin")
    };
    assert!(has("00uB") && has("00uA"));
    // So do who, what and why, of the file and of its folder; exports and diffs are of the sealed file alone.
    for question in ["who */Admin", "who */Admin -f .", "what 00uB", "why 00uB */Admin"] {
        let end = office.local(question).succeeded();
        assert!(end.err.contains("sync.c1z.after.c1z"), "{question}: {end:#?}");
        assert!(
            !end.out.contains("cannot assume") && end.out.contains("aws_111122223333_Admin"),
            "{question}: {end:#?}"
        );
    }
    let end = office.local("who */Admin -o csv").succeeded();
    assert!(end.out.contains("00uB"), "{end:#?}");
    let export = office.local("export --format csv --out export").succeeded();
    assert!(!export.err.contains("after.c1z"), "{export:#?}");
    std::fs::remove_dir_all(office.place.path("export")).unwrap();
    // The next full sync has read it itself.
    office.place.synced(&office.fake, "super");
    assert!(!office.place.path("sync.c1z.after.c1z").exists());
    assert_eq!(office.local("show grants -o json").succeeded().err, "");
}

#[test]
fn a_revocation_says_until_when_sessions_may_last_and_can_be_undone() {
    let office = Office::of(orgs::small());
    let end =
        office.run("revoke --role 111122223333/ReadOnly --from bob@acme.test --yes -o json").succeeded();
    let json = end.json();
    assert_eq!(json["outcome"], "done");
    assert_eq!(json["app"]["id"], orgs::APP);
    assert!(json["aws_sessions_may_last_until"].is_string(), "{json:#}");
    assert_eq!(json["steps"][0]["before"]["member"], true);
    assert_eq!(json["steps"][0]["after"]["member"], false);
    assert_eq!(json["steps"][0]["request_ids"].as_array().unwrap().len(), 1);
    assert!(!office.is_member("00gRead", "00uB"));
    let op = json["audit_id"].as_str().unwrap();
    let end = office.run(&format!("undo {op} --yes")).succeeded();
    assert!(end.out.contains("PUT /api/v1/groups/00gRead/users/00uB"), "{end:#?}");
    assert!(office.is_member("00gRead", "00uB"));
    assert!(office.run(&format!("undo {op} --yes")).failed(5).err.contains("undone already"));
    office.run("undo 000000000000 --yes").failed(3);
    let list = office.local("audit").succeeded().out;
    insta::assert_snapshot!("audit_text", words(&list));
    assert_eq!(office.local("audit --since 1d").succeeded().out, list);
    assert_eq!(office.local("audit --since 0s").succeeded().out, "");
}

#[test]
fn one_plans_and_another_applies() {
    let office = Office::of(orgs::small());
    let plan = "plan grant --role 111122223333/Admin --to bob@acme.test";
    let text = office.run(plan).succeeded().out;
    assert!(text.contains("PUT /api/v1/groups/00gAdmin/users/00uB"), "{text}");
    let json = office.call(&format!("{plan} -o json")).env("SUDO_USER", "ann").end().succeeded().out;
    assert_eq!(office.writes(), [""; 0]);
    office.place.write("plan.json", &json);
    // Edited: refused, whatever was edited.
    office.place.write("edited.json", json.replace("00gAdmin", "00gOps"));
    assert!(office.run("apply edited.json --yes").failed(5).err.contains("edited"));
    // The facts have moved: refused with both values.
    office.fake.change(|org| org.set_status("00uB", UserStatus::LockedOut));
    let stale = office.run("apply plan.json --yes");
    assert_eq!(stale.code, Some(5), "{stale:#?}");
    assert!(stale.err.contains("was ACTIVE, is LOCKED_OUT"), "{stale:#?}");
    office.fake.change(|org| org.set_status("00uB", UserStatus::Active));
    assert_eq!(office.writes(), [""; 0]);
    let end = office.call("apply plan.json --yes").env("SUDO_USER", "bea").end().succeeded();
    assert!(end.out.contains(&format!("Plan of    {}@", os_user())), "{end:#?}");
    let audit = std::fs::read_to_string(office.audit_file()).unwrap();
    let intent: Value = serde_json::from_str(audit.lines().next().unwrap()).unwrap();
    assert_eq!((&intent["who"]["sudo_user"], &intent["author"]["sudo_user"]), (&"bea".into(), &"ann".into()));
    assert_eq!(intent["who"]["os_user"], os_user());
    // A plan is applied once: its facts are gone.
    office.run("apply plan.json --yes");
    assert_eq!(office.writes().len(), 1);
    // Another org.
    let other = okta(Org::new("else").app(App::aws_mapping("0oaElse")));
    let state = office.place.path("state");
    let end = office
        .place
        .connected(&other, "super", "apply plan.json --yes -f none.c1z")
        .env("XDG_STATE_HOME", state.to_str().unwrap())
        .end()
        .failed(5);
    assert!(end.err.contains("the plan is for"), "{end:#?}");
}

#[test]
fn the_chain_proves_itself() {
    let office = Office::of(orgs::small());
    office.local("audit").failed(3);
    office.run("grant --group Kitchen --to ann@acme.test --yes").succeeded();
    let head = office.local("audit head").succeeded().out;
    let (count, hash) = head.trim().split_once(' ').unwrap();
    assert_eq!(count, "3");
    office.run("grant --group Kitchen --to bob@acme.test --yes").succeeded();
    let end = office.local(&format!("audit --verify --head {hash}")).succeeded();
    assert!(end.out.contains("as record 3"), "{end:#?}");
    let json = office.local(&format!("audit --verify --head {hash} -o json")).succeeded().json();
    assert_eq!(
        (&json["holds"], &json["records"], &json["contains_head_at"]),
        (&true.into(), &6.into(), &3.into())
    );
    office.local("audit --verify --head 0123").failed(5);
    // One letter changed: found, and nothing is written on top of it.
    let file = office.audit_file();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen(&os_user(), "nobody", 1)).unwrap();
    assert!(office.local("audit --verify").failed(1).err.contains("line 1"));
    office.fake.clear_log();
    office.run("revoke --group Kitchen --from bob@acme.test --yes").failed(1);
    assert_eq!(office.writes(), [""; 0]);
    // Another file begins another chain.
    office.run("revoke --group Kitchen --from bob@acme.test --yes --audit new.jsonl").succeeded();
    assert_eq!(office.local("audit head --audit new.jsonl").succeeded().out.split_once(' ').unwrap().0, "3");
}

#[test]
fn without_an_audit_nothing_is_written() {
    let office = Office::of(orgs::small());
    office.place.write("file", "");
    let end = office.run("grant --group Kitchen --to ann@acme.test --yes --audit file/audit.jsonl").failed(1);
    assert!(end.err.contains("--audit"), "{end:#?}");
    let bare =
        office.place.connected(&office.fake, "super", "grant --group Kitchen --to ann@acme.test --yes");
    assert!(bare.end().failed(2).err.contains("XDG_STATE_HOME"));
    assert_eq!(office.writes(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn the_audit_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let office = Office::of(orgs::small());
    office.run("grant --group Kitchen --to ann@acme.test --yes").succeeded();
    assert_eq!(std::fs::metadata(office.audit_file()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        std::fs::metadata(office.place.path("sync.c1z.after.c1z")).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_killed_run_is_settled_by_the_next_command() {
    let office = Office::of(orgs::small());
    let slow =
        Fault::on("/api/v1/groups/00gKitchen/users/00uA").method("PUT").latency(Duration::from_secs(3600));
    office.fake.add_fault(slow);
    let mut child = office.call("grant --group Kitchen --to ann@acme.test --yes").spawn();
    until("the call is made", || !office.writes().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    office.fake.clear_faults();
    let list = office.local("audit").succeeded().out;
    assert!(list.contains("open"), "{list}");
    // It was carried out: the next command says so and does not do it again.
    let end = office.run("grant --group Kitchen --to ann@acme.test --yes").succeeded();
    assert!(end.out.contains("Settled") && end.out.contains("No change"), "{end:#?}");
    assert_eq!(office.writes().len(), 1);
    assert!(office.local("audit").succeeded().out.contains("done"));
    assert!(
        !office.run("grant --group Kitchen --to bob@acme.test --yes").succeeded().out.contains("Settled")
    );
}

#[test]
fn a_run_that_is_stopped_in_the_middle_says_so_and_is_settled_later() {
    let office = Office::of(orgs::small());
    let slow =
        Fault::on("/api/v1/groups/00gKitchen/users/00uA").method("PUT").latency(Duration::from_secs(3600));
    office.fake.add_fault(slow);
    let running = office.call("grant --group Kitchen --to ann@acme.test --yes").start();
    until("the call is made", || !office.writes().is_empty());
    running.terminate();
    let end = running.end();
    assert_eq!(end.code, Some(1), "{end:#?}");
    assert!(end.out.contains("Unknown") && end.out.contains("stopped in the middle"), "{end:#?}");
    assert!(end.out.contains("Audit      "), "{end:#?}");
    office.fake.clear_faults();
    let end = office.run("revoke --group Kitchen --from ann@acme.test --yes").succeeded();
    assert!(end.out.contains("Settled") && end.out.contains("done; Okta shows"), "{end:#?}");
    office.local("audit --verify").succeeded();
}

/// The disk is full when the outcome is to be written: the call was made, the next run finds out and seals the torn line.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_in_the_middle() {
    let office = Office::of(orgs::small());
    let line = "grant --group Kitchen --to ann@acme.test --yes -f none.c1z";
    office.run(&format!("{line} --audit measure.jsonl")).succeeded();
    office
        .run(&format!("{} --audit measure.jsonl", line.replace("grant", "revoke").replace("--to", "--from")))
        .succeeded();
    let records = std::fs::read_to_string(office.place.path("measure.jsonl")).unwrap();
    let lengths: Vec<usize> = records.lines().map(|line| line.len() + 1).collect();
    office.fake.clear_log();
    // Room for the intent and half of the outcome; too large a file is then an error, as a full disk is.
    let limited = |bytes: usize| {
        let script = format!("trap '' XFSZ; exec prlimit --fsize={bytes} \"$0\" {line}");
        let mut command = std::process::Command::new("sh");
        command.env_clear().current_dir(office.place.path("")).args([
            "-c",
            &script,
            env!("CARGO_BIN_EXE_rolebook"),
        ]);
        command.args(["--allow-loopback", "--domain", office.fake.url()]);
        command.env("ROLEBOOK_ALLOW_LOOPBACK", "true").env("ROLEBOOK_DOMAIN", office.fake.url());
        command.env("ROLEBOOK_API_TOKEN", office.fake.token("super"));
        command.env("XDG_STATE_HOME", office.place.path("state")).env("PATH", "/usr/bin:/bin");
        command.output().unwrap()
    };
    // Not even the intent fits: no call.
    let end = limited(lengths[0] / 2);
    assert_eq!(end.status.code(), Some(1), "{end:#?}");
    assert_eq!(office.writes(), [""; 0]);
    // The next run that may write seals what was left of the line.
    office.run("revoke --group Kitchen --from ann@acme.test --yes -f none.c1z").succeeded();
    let sealed = std::fs::metadata(office.audit_file()).unwrap().len();
    let end = limited(usize::try_from(sealed).unwrap() + lengths[0] + lengths[1] / 2);
    let out = String::from_utf8(end.stdout).unwrap();
    assert_eq!(end.status.code(), Some(1), "{out}");
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(out.contains("Unknown") && out.contains("could not be recorded"), "{out}");
    assert_eq!(office.writes().len(), 1);
    assert!(office.is_member("00gKitchen", "00uA"));
    // With room again, it is settled and nothing is done twice.
    let end = office.run(line).succeeded();
    assert!(end.out.contains("Settled") && end.out.contains("No change"), "{end:#?}");
    assert_eq!(office.writes().len(), 1);
    office.local("audit --verify").succeeded();
}

#[test]
fn a_second_run_waits_for_the_first() {
    let office = Office::of(orgs::small());
    let slow =
        Fault::on("/api/v1/groups/00gKitchen/users/00uA").method("PUT").latency(Duration::from_secs(2));
    office.fake.add_fault(slow.count(1));
    let first = office.call("grant --group Kitchen --to ann@acme.test --yes").start();
    until("the first call is made", || !office.writes().is_empty());
    // Without patience it is a conflict; with some it comes second.
    let end = office.run("grant --group Kitchen --to bob@acme.test --yes --lock-wait 0s").failed(5);
    assert!(end.err.contains("another run"), "{end:#?}");
    office.run("grant --group Kitchen --to bob@acme.test --yes").succeeded();
    first.end().succeeded();
    assert_eq!(office.writes().len(), 2);
    assert_eq!(office.local("audit head").succeeded().out.split_once(' ').unwrap().0, "6");
}

#[test]
fn a_refusal_of_okta_is_4_and_names_the_right() {
    let office = Office::of(orgs::small());
    let end = office.call_as("read_only", "grant --group Kitchen --to ann@acme.test --yes -o json").end();
    assert_eq!(end.code, Some(4), "{end:#?}");
    let json = end.json();
    assert_eq!((&json["outcome"], &json["refused_by_okta"]), (&"refused".into(), &true.into()));
    let missing = &json["steps"][0]["missing_right"];
    assert_eq!((&missing["standing"], &missing["admin_role"]), (&"no".into(), &"Group Administrator".into()));
    assert!(!office.is_member("00gKitchen", "00uA"));
    let text = office.call_as("app_admin", "grant --group Kitchen --to ann@acme.test --yes").end();
    assert_eq!(text.code, Some(4), "{text:#?}");
    assert!(text.out.contains("refused by Okta, nothing changed"), "{text:#?}");
}

#[test]
fn everything_that_cannot_be_taken_is_named_and_5() {
    let org = Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA").name("Ann", "Lee"))
        .app(App::active_directory("0oaAD"))
        .group(Group::new("Ops").id("00gOps").members(["00uA"]))
        .group(Group::new("Imported").id("00gAD").from_app("0oaAD").members(["00uA"]))
        .app(
            App::aws(orgs::APP)
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .setting("joinAllRoles", true)
                .saml_iam_roles(["Admin", "ReadOnly", "Audit"])
                .group(AppGroup::new("00gOps").priority(0).saml_roles(["ReadOnly"]))
                .group(AppGroup::new("00gAD").priority(1).saml_roles(["Audit"]))
                .user(AppUser::direct("00uA").saml_roles(["Admin"])),
        );
    let office = Office::of(org);
    let end = office.run("revoke --all --from ann@acme.test --yes");
    assert_eq!(end.code, Some(5), "{end:#?}");
    insta::assert_snapshot!("revoke_all", words(&end.out));
    assert!(!office.is_member("00gOps", "00uA"));
    // What is left is out of reach from the start.
    let end = office.run("revoke --all --from ann@acme.test --yes");
    assert_eq!(end.code, Some(5), "{end:#?}");
    assert!(end.err.contains("Active Directory"), "{end:#?}");
}

#[test]
fn a_list_of_changes_is_one_plan_with_a_cap() {
    let office = Office::of(orgs::small());
    office.place.write(
        "changes.csv",
        "action,principal,target\n\
         grant,ann@acme.test,group:Kitchen\n\
         grant,bob@acme.test,111122223333/Admin\n\
         revoke,group:Staff,app\n",
    );
    // More than the cap: the number must be typed, --yes or not.
    let end = office.run("apply changes.csv --yes --max-changes 2");
    assert_eq!(end.code, Some(6), "{end:#?}");
    let end = office.call("apply changes.csv --yes --max-changes 2").stdin("2\n").end();
    assert_eq!(end.code, Some(6), "{end:#?}");
    assert_eq!(office.writes(), [""; 0]);
    let end = office.call("apply changes.csv --max-changes 2").stdin("3\n").end().succeeded();
    assert!(end.out.contains("3 of 3 changes are done"), "{end:#?}");
    assert_eq!(office.writes().len(), 3);
    // One line that cannot be planned refuses the whole, each with its line.
    office.place.write(
        "bad.csv",
        "target,action,principal\n\
         group:Kitchen,grant,bob@acme.test\n\
         444455556666/Ops,grant,ann@acme.test\n\
         group:aws_111122223333_Admin,grant,cem@acme.test\n\
         group:Nowhere,grant,ann@acme.test\n",
    );
    let end = office.run("apply bad.csv --yes").failed(5);
    assert!(
        end.err.contains("line 3: ") && end.err.contains("line 4: ") && end.err.contains("line 5: "),
        "{end:#?}"
    );
    assert_eq!(office.writes().len(), 3);
    for (text, says) in [
        ("", "no column `action`"),
        ("action,principal\nx,y\n", "no column `target`"),
        ("action,principal,target\n", "empty"),
        ("action,principal,target\ngive,ann,app\n", "line 2: `give`"),
        ("action,principal,target\ngrant,,app\n", "line 2"),
        ("action,principal,target\ngrant,ann@acme.test,all\n", "line 2: `all`"),
        ("action,principal,target\ngrant,ann@acme.test\n", "cannot be read"),
    ] {
        office.place.write("odd.csv", text);
        assert!(office.run("apply odd.csv --yes").failed(2).err.contains(says), "{text:?}");
    }
}

#[test]
fn a_list_stops_at_the_first_failure_and_says_what_was_done() {
    let office = Office::of(orgs::small());
    office.place.write(
        "changes.csv",
        "action,principal,target\n\
         grant,ann@acme.test,group:Kitchen\n\
         grant,bob@acme.test,group:Kitchen\n\
         grant,bob@acme.test,111122223333/Admin\n",
    );
    office.fake.add_fault(Fault::on("/api/v1/groups/00gKitchen/users/00uB").method("PUT").status(500));
    let end = office.run("apply changes.csv --yes");
    assert_eq!(end.code, Some(1), "{end:#?}");
    assert!(end.out.contains("1 of 3 changes are done"), "{end:#?}");
    assert!(end.out.contains("Not tried  grant 111122223333/Admin to bob@acme.test"), "{end:#?}");
    assert!(office.is_member("00gKitchen", "00uA") && !office.is_member("00gAdmin", "00uB"));
    let json = office.run("apply changes.csv --yes -o json").json();
    assert_eq!(json["changes"].as_array().unwrap().len(), 2);
    assert_eq!(json["not_tried"][0]["change"], "grant 111122223333/Admin to bob@acme.test");
}

#[test]
fn two_roles_of_one_person_in_a_list_both_arrive() {
    let office = Office::of(orgs::direct());
    office.place.write(
        "changes.csv",
        "action,principal,target\n\
         revoke,ann@acme.test,111122223333/Admin\n\
         grant,ann@acme.test,111122223333/ReadOnly\n",
    );
    office.run("apply changes.csv --yes").succeeded();
    let posts: Vec<String> = office.writes();
    assert_eq!(posts.len(), 2);
    assert!(posts[1].ends_with("{\"profile\":{\"samlRoles\":[\"ReadOnly\"]}}"), "{posts:?}");
}

#[test]
fn names_that_fit_several_or_nobody() {
    let office = Office::of(orgs::small());
    office.fake.change(|org| {
        org.put_user(User::new("x1@acme.test").id("00uX1").name("Same", "Name"));
        org.put_user(User::new("x2@acme.test").id("00uX2").name("Same", "Name"));
    });
    let end = office.call("grant --group Kitchen --yes").arg("--to").arg("Same Name").end();
    assert_eq!(end.code, Some(2), "{end:#?}");
    assert!(end.err.contains("00uX1 x1@acme.test (user, ACTIVE)") && end.err.contains("00uX2"), "{end:#?}");
    for line in [
        "grant --group Kitchen --to nobody@acme.test --yes",
        "grant --group Nowhere --to ann@acme.test --yes",
        "grant --role 111122223333/Nothing --to ann@acme.test --yes",
        "grant --role 999988887777/Admin --to ann@acme.test --yes",
        "grant --role Admin --to ann@acme.test --yes",
    ] {
        office.run(line).failed(3);
    }
    assert_eq!(office.writes(), [""; 0]);
    // Roles are named by a snapshot; groups and the app need none.
    office.run("grant --role 111122223333/Admin --to bob@acme.test --yes -f none.c1z").failed(3);
    office.run("grant --group Kitchen --to bob@acme.test --yes -f none.c1z").succeeded();
    assert!(!office.place.path("none.c1z.after.c1z").exists());
}

#[test]
fn the_command_line_says_one_thing() {
    let place = Place::new();
    for line in [
        "grant --to ann@acme.test",
        "grant --role 1/x",
        "grant --role 1/x --group y --to z",
        "grant --role 1/x --to z --to-group y",
        "revoke --role 1/x --to z",
        "plan --role 1/x --to z",
        "undo",
        "apply",
    ] {
        place.run(line).failed(2);
    }
    place.run("grant --all --to ann@acme.test").failed(2);
    place.run("revoke --all --group x --from ann@acme.test").failed(2);
    assert!(place.run("plan revoke --all --from ann@acme.test").failed(2).err.contains("no Okta domain"));
}

#[test]
fn hostile_names_reach_the_terminal_tamed() {
    let office = Office::of(orgs::hostile());
    for id in ["00g4", "00g7", "00g8"] {
        let end = office.run(&format!("revoke --group {id} --from 00u3 --yes")).succeeded();
        for sign in ['\u{1b}', '\u{7}', '\u{202e}', '\u{9b}', '\u{2028}', '\u{200f}'] {
            assert!(!end.out.contains(sign) && !end.err.contains(sign), "{sign:?} in {end:#?}");
        }
    }
    let list = office.local("audit").succeeded().out;
    assert!(!list.contains(['\u{1b}', '\u{202e}']), "{list:?}");
}

#[test]
fn the_token_is_in_no_record() {
    let office = Office::of(orgs::small());
    let token = office.fake.token("super");
    let end = office.run("grant --group Kitchen --to ann@acme.test --yes -o json").succeeded();
    let audit = std::fs::read_to_string(office.audit_file()).unwrap();
    assert!(!end.out.contains(&token) && !end.err.contains(&token) && !audit.contains(&token));
}
