//! What is remembered answers questions about the past: who changed it, who had it, who had it then.

use rolebook_fake_okta::{FakeOkta, Options, Org};

use super::{
    orgs,
    place::{Place, okta, unlimited},
    redaction::redacted,
};

/// A fake whose events have the time of the syncs that read them.
#[expect(clippy::disallowed_methods, reason = "the syncs go by the machine's clock, so the fake must")]
fn in_time(org: Org) -> FakeOkta {
    FakeOkta::start(org, Options { start_time: jiff::Timestamp::now(), ..unlimited() }).unwrap()
}

/// Ids of events count up from nothing in every run; only their times differ.
fn timeless(text: &str) -> String {
    let times = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?Z").unwrap();
    times.replace_all(&redacted(text), "[time]").into_owned()
}

#[test]
fn a_diff_names_who_made_each_change() {
    let place = Place::new();
    let fake = in_time(orgs::small());
    place.connected(&fake, "super", "sync --sync-events on").end().succeeded();
    std::fs::rename(place.path("sync.c1z"), place.path("old.c1z")).unwrap();
    fake.change(|org| {
        org.add_member("00gAdmin", "00uB");
        org.remove_member("00gAdmin", "00uB");
        org.add_member("00gAdmin", "00uB");
        org.put_group(
            rolebook_fake_okta::Group::new("aws_444455556666_Operator").id("00gOps").members(["00uB"]),
        );
        org.change_app(orgs::APP, |app| app.setting("sessionDuration", 7200));
    });
    place.connected(&fake, "super", "sync --sync-events on").end().succeeded();
    let end = place.run("diff old.c1z sync.c1z").succeeded();
    insta::assert_snapshot!("diff_actors", timeless(&end.out));
    let events = place.run("show events -o json").succeeded().json();
    let uuid_of = |kind: &str| {
        let of_kind = |event: &&serde_json::Value| event["event"] == kind;
        events.as_array().unwrap().iter().rfind(of_kind).unwrap()["uuid"].clone()
    };
    let json = place.run("diff old.c1z sync.c1z -o json").succeeded().json();
    let changes = json["changes"].as_array().unwrap();
    let change = |kind: &str| changes.iter().find(|change| change["cause"]["kind"] == kind).unwrap();
    // The last of the two additions is the one that counts.
    let joined = &change("member-added")["gained"][0]["event"];
    assert_eq!(joined["uuid"], uuid_of("group.user_membership.add"));
    assert!(joined["actor"]["login"].is_string(), "{joined}");
    assert_eq!(change("group-renamed")["events"][0]["uuid"], uuid_of("group.profile.update"));
    assert_eq!(json["setting_events"][0]["uuid"], uuid_of("application.lifecycle.update"));
    let csv = place.run("diff old.c1z sync.c1z -o csv").succeeded().out;
    assert!(csv.lines().any(|line| line.contains(joined["uuid"].as_str().unwrap())), "{csv}");
}

#[test]
fn a_diff_without_events_says_so() {
    let place = Place::new();
    let fake = okta(orgs::small());
    place.synced(&fake, "super");
    std::fs::rename(place.path("sync.c1z"), place.path("old.c1z")).unwrap();
    fake.change(|org| org.add_member("00gAdmin", "00uB"));
    place.synced(&fake, "super");
    let end = place.run("diff old.c1z sync.c1z").succeeded();
    assert!(end.out.contains("Authors unknown"), "{}", end.out);
    place.run("diff old.c1z sync.c1z --events old.c1z").failed(3).says(["--sync-events"]);
    // Events of another org are no evidence.
    let other = Place::new();
    let elsewhere = okta(rolebook_fake_okta::orgs::demo());
    other.connected(&elsewhere, "super", "sync --sync-events on").end().succeeded();
    std::fs::copy(other.path("sync.c1z.events"), place.path("sync.c1z.events")).unwrap();
    let end = place.run("diff old.c1z sync.c1z").succeeded();
    let end = end.says(["of another app"]);
    assert!(end.out.contains("Authors unknown"), "{}", end.out);
}

/// Names of archived files have whole seconds: two syncs within one would be of one time.
fn next_second() {
    std::thread::sleep(std::time::Duration::from_millis(1100));
}

/// Three archived syncs; bob comes and goes between the first two, ann goes before the third.
fn remembered() -> Place {
    let place = Place::new();
    let fake = in_time(orgs::small());
    let sync = || place.connected(&fake, "super", "sync --archive kept").end().succeeded();
    sync();
    fake.change(|org| org.add_member("00gAdmin", "00uB"));
    next_second();
    fake.change(|org| org.remove_member("00gAdmin", "00uB"));
    sync();
    next_second();
    fake.change(|org| org.remove_member("00gAdmin", "00uA"));
    sync();
    place
}

fn archived(place: &Place) -> Vec<(String, String)> {
    let entries = place.run("archive list --archive kept -o json").succeeded().json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    entries.as_array().unwrap().iter().map(|entry| (text(&entry["time"]), text(&entry["file"]))).collect()
}

#[test]
fn everybody_who_had_it() {
    let place = remembered();
    let end = place.run("history */Admin --archive kept").succeeded();
    assert_eq!(end.err, "");
    insta::assert_snapshot!("history", timeless(&end.out));
    let json = place.run("history */Admin --archive kept -o json").succeeded().json();
    assert_eq!(json["shape"], "rolebook.history/1");
    let people = json["roles"][0]["people"].as_array().unwrap();
    assert_eq!((&people[0]["person"]["id"], &people[1]["person"]["id"]), (&"00uA".into(), &"00uB".into()));
    assert_eq!(people[1]["spans"][0]["seen_in"], 0);
    let csv = place.run("history */Admin --archive kept -o csv").succeeded().out;
    assert_eq!(csv.lines().count(), 3);
    assert!(csv.contains("group.user_membership.remove"), "{csv}");
    // The same answer twice, the second time through the kept copies.
    let cached = "history */Admin --archive kept -o json --cache-dir cache";
    let twice = [place.run(cached).succeeded(), place.run(cached).succeeded()];
    let timed = |end: &super::place::End| {
        let mut json = end.json();
        json.as_object_mut().unwrap().remove("age_seconds");
        json["between"].as_object_mut().unwrap().remove("to");
        json
    };
    assert_eq!(timed(&twice[0]), timed(&twice[1]));
    assert_eq!(std::fs::read_dir(place.path("cache")).unwrap().count(), 3);
    // Events beside the files of a folder are found as well.
    place.write("several/readme", "");
    for file in ["sync.c1z", "sync.c1z.events"] {
        std::fs::copy(place.path(file), place.path("several").join(file)).unwrap();
    }
    let of_folder = place.run("history */Admin --archive kept -f several").succeeded();
    assert!(of_folder.out.contains("bob@acme.test"), "{}", of_folder.out);
    // Nobody in this time, and roles and times that nobody knows.
    let end = place.run("history */Ops --archive kept").succeeded();
    assert!(end.out.contains("444455556666/Ops: 1 person"), "{}", end.out);
    place.run("history */Nope --archive kept").failed(3).says(["nearest: "]);
    place
        .run("history */Admin --archive kept --between 2020-01-01..2020-02-01")
        .failed(3)
        .says(["nothing is known", "the archive begins at"]);
    place.run("history */Admin --archive kept --between 2090-01-01..").failed(2).says(["still to come"]);
    place.run("history */Admin --archive kept --between today").failed(2).says(["2026-07-01..2026-09-30"]);
    place.run("history */Admin").failed(2).says(["--archive"]);
    place.run("history */Admin --archive absent").failed(3).says(["absent"]);
    place.write("empty/readme", "");
    place.run("history */Admin --archive empty").failed(3).says(["holds no snapshot"]);
    // Without the events only the syncs tell.
    std::fs::remove_file(place.path("sync.c1z.events")).unwrap();
    let end = place.run("history */Admin --archive kept").succeeded();
    assert!(end.out.contains("no events of app 0oaAWS are kept") && !end.out.contains("bob"), "{}", end.out);
    // A file that is not what was archived is no evidence.
    let (_, file) = archived(&place).remove(0);
    std::fs::copy(place.path("sync.c1z"), place.path(&file)).unwrap();
    place.run("history */Admin --archive kept").failed(1).says(["not what was archived", "--verify"]);
}

#[test]
fn answers_as_of_a_moment() {
    let place = remembered();
    let times: Vec<String> = archived(&place).into_iter().map(|(time, _)| time).collect();
    let end = place.run(&format!("who */Admin --archive kept --at {}", times[1])).succeeded();
    assert_eq!(end.err, "");
    insta::assert_snapshot!("who_at", timeless(&end.out));
    assert!(end.out.contains("ann@acme.test"), "{}", end.out);
    let json = place.run(&format!("who */Admin --archive kept --at {} -o json", times[1])).succeeded().json();
    assert_eq!(json["at"]["moment"], times[1].as_str());
    assert_eq!(json["at"]["syncs"][0]["next"], times[2].as_str());
    assert_eq!(json["roles"][0]["people"].as_array().unwrap().len(), 1);
    let last = place.run(&format!("why ann@acme.test */Admin --archive kept --at {}", times[2])).succeeded();
    let words = last.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("cannot assume") && words.contains("there is no later one"), "{}", last.out);
    let what = place.run(&format!("what --group Staff --archive kept --at {}", times[0])).succeeded();
    assert!(what.out.starts_with("At "), "{}", what.out);
    // A day stands for its end, today for now; before the first sync nothing is known, tomorrow is not yet.
    let today = &times[2][..10];
    place.run(&format!("what ann@acme.test --archive kept --at {today}")).succeeded();
    place.run("what ann@acme.test --archive kept --at 2020-01-01").failed(3).says(["nothing is known of"]);
    place.run("what ann@acme.test --archive kept --at 2090-01-01").failed(2).says(["still to come"]);
    place.run("what ann@acme.test --at 2020-01-01").failed(2).says(["--archive"]);
    place.run("what ann@acme.test --at yesterday --archive kept").failed(2).says(["2026-07-01"]);
    // An archive that a configuration names changes no answer about now.
    place.call("who */Admin").env("ROLEBOOK_ARCHIVE", "kept").end().succeeded();
}
