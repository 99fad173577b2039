//! `sync --incremental`: what it prints, and where its settings come from.

use std::time::Duration;

use rolebook_fake_okta::FakeOkta;

use super::{
    orgs,
    place::{End, Place, okta},
    redaction::redacted,
};

fn pass(fake: &FakeOkta) {
    fake.advance(Duration::from_secs(600));
}

/// The lines that tell what was read.
fn said(end: &End) -> String {
    let lines = redacted(&end.out);
    let from = lines.find("\nFull").or_else(|| lines.find("\nChanges")).unwrap();
    let to = lines.find("\nRequests").unwrap();
    lines[from..to].trim().to_owned()
}

fn incremental(place: &Place, fake: &FakeOkta, more: &str) -> End {
    let line = format!("sync --incremental --sync-okta-roles off {more}");
    place.connected(fake, "read_only", &line).end().succeeded()
}

#[test]
fn it_says_what_it_stands_on_or_why_it_is_full() {
    let (place, fake) = (Place::new(), okta(orgs::small()));
    let first = "Full       everything was read:\n           there is no earlier sync in the file";
    assert_eq!(said(&incremental(&place, &fake, "")), first);
    pass(&fake);
    fake.clear_log();
    let end = incremental(&place, &fake, "");
    assert_eq!(fake.log().len(), 3, "{:?}", fake.log_lines());
    let nothing = "Changes    0 entries of Okta's log since [time],\n           on top of sync [sync id]\n           \
                   the last full sync began at [time]";
    assert_eq!(said(&end), nothing);
    assert!(end.out.lines().all(|line| line.chars().count() <= 80), "{}", end.out);
    fake.change(|org| assert!(org.change_app("0oaAWS", |app| app.setting("sessionDuration", 7200))));
    pass(&fake);
    let end = incremental(&place, &fake, "-o json").json();
    assert_eq!(end["why_full"], "the app, or one of its settings, changed");
    assert_eq!(end["coverage"]["incremental"], serde_json::Value::Null);
    pass(&fake);
    let end = incremental(&place, &fake, "-o json").json();
    assert_eq!(end["why_full"], serde_json::Value::Null);
    assert_eq!(end["coverage"]["incremental"]["entries"], 0);
}

/// The flags are settings as all others: on the line, in the environment, in the file.
#[test]
fn the_settings_come_from_everywhere() {
    let (place, fake) = (Place::new(), okta(orgs::small()));
    place.connected(&fake, "read_only", "sync --sync-okta-roles off").end().succeeded();
    pass(&fake);
    let why = |end: End| end.succeeded().json()["why_full"].clone();
    let call = || place.connected(&fake, "read_only", "sync --sync-okta-roles off -o json");
    let end = call().env("ROLEBOOK_INCREMENTAL", "true").env("ROLEBOOK_FULL_EVERY", "0s").end();
    assert_eq!(why(end), "the last full sync is 0s old or older (--full-every)");
    pass(&fake);
    place.write("rolebook.toml", "incremental = true\nevent-lag = \"20m\"\nfull-every = \"1h\"\n");
    fake.change(|org| assert!(org.change_app("0oaAWS", |app| app.union(true))));
    pass(&fake);
    assert_eq!(why(call().end()), "the schema of an app's profile changed");
    pass(&fake);
    // Ten minutes before the last sync the change lies within 20 minutes of lag, not within two.
    assert_eq!(why(call().end()), "the schema of an app's profile changed");
    pass(&fake);
    let end = call().arg("--event-lag=2m").end();
    assert_eq!(why(end), serde_json::Value::Null);
    pass(&fake);
    let end = call().arg("--incremental=false").end().succeeded().json();
    assert_eq!((end["why_full"].is_null(), end["coverage"]["incremental"].is_null()), (true, true));
    for flag in ["--event-lag", "--full-every"] {
        let end = place.run(&format!("sync --incremental {flag}=soon"));
        assert_eq!(end.code, Some(2), "{end:#?}");
        assert!(end.err.contains(flag) && end.err.contains("write 30m, 2h or 1h30m"), "{end:#?}");
    }
}
