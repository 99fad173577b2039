//! Who had it, and when: an archive that syncs of a fake Okta fill, a day apart, and the log beside it.

use std::{cell::RefCell, path::PathBuf, time::Duration};

use jiff::Timestamp;
use rolebook_connector::{Archive, EventStore, Silent, events_path, read_events};
use rolebook_fake_okta::{App, AppGroup, AppUser, Group, Org, User, UserStatus};
use rolebook_insight::{
    ArchivedSync, Error, EventParty, Gap, History, Log, LogNote, LoggedEvent, OpenOptions, Period,
    RolePattern, Scope, Span, history, open, open_at,
};
use rolebook_snapshot::Limits;

use crate::synced::{APP, Okta, START};

const DAY: i64 = 86_400;

/// An org over days: each sync is archived, and the log is read.
struct Days {
    okta: Okta,
    archive: Archive,
    file: PathBuf,
    /// Days of which the log was asked for.
    asked: RefCell<Vec<Period>>,
    with_log: bool,
    /// What the fake's clock was turned by, in seconds.
    turned: std::cell::Cell<i64>,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

fn options() -> OpenOptions<'static> {
    OpenOptions { limits: Limits::default(), cache: None, scope: Scope::Everything, after: false }
}

impl Days {
    fn of(org: Org) -> Self {
        let okta = Okta::of(org);
        let archive = Archive::open(okta.folder().join("kept")).unwrap();
        let file = okta.folder().join("acme.c1z");
        Self { okta, archive, file, asked: RefCell::default(), with_log: true, turned: 0.into() }
    }

    /// Turns the fake's clock to so many hours after the start, when something happens.
    fn happens<T>(&self, hours: i64, change: impl FnOnce(&mut Org) -> T) {
        let to = hours * 3600;
        let by = u64::try_from(to - self.turned.replace(to)).unwrap();
        self.okta.fake.advance(Duration::from_secs(by));
        self.okta.fake.change(change);
    }

    /// The sync of the next day.
    fn sync(&self) {
        let now = self.okta.next();
        self.okta.sync("acme.c1z");
        let opened = open(std::slice::from_ref(&self.file), &Limits::default()).unwrap();
        let (facts, origin) = (opened.all()[0].facts(), opened.all()[0].origin());
        self.archive.keep(&self.file, facts.org.id.as_str(), APP, now, &origin.snapshot).unwrap();
        let client = self.okta.client();
        let clock = move || now;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let read = read_events(&client, &self.file, &facts.org, &facts.app, &clock, &Silent);
        runtime.block_on(read).unwrap();
    }

    fn archived(&self) -> Vec<ArchivedSync> {
        let entries = self.archive.list().unwrap().into_iter();
        entries
            .map(|entry| ArchivedSync {
                present: entry.bytes.is_some(),
                path: entry.path,
                org: entry.org,
                app: entry.app,
                at: entry.at,
                sha256: entry.sum,
            })
            .collect()
    }

    fn log(&self, time: Period) -> Option<Log> {
        self.asked.borrow_mut().push(time);
        let store = self.with_log.then(|| EventStore::open(&events_path(&self.file)).unwrap())?;
        let party = |party: rolebook_connector::EventParty| EventParty {
            id: party.id,
            kind: party.kind,
            login: party.login,
            name: party.name,
        };
        let mut events = Vec::new();
        store
            .between(time.from, time.to, |event| {
                events.push(LoggedEvent {
                    uuid: event.uuid,
                    at: event.published,
                    kind: event.kind,
                    succeeded: event.outcome.as_deref() == Some("SUCCESS"),
                    actor: event.actor.map(party),
                    targets: event.targets.into_iter().map(party).collect(),
                });
            })
            .unwrap();
        let gaps = store.gaps().unwrap().into_iter().map(|(since, until)| Gap { since, until });
        let note = LogNote {
            since: store.known_since().unwrap(),
            read_to: store.read_to().unwrap(),
            gaps: gaps.collect(),
        };
        Some(Log::new(events, note))
    }

    fn ask(&self, pattern: &str, from: i64, to: i64) -> Result<History, Error> {
        let between = Period { from: at(from), to: at(to) };
        let log_of = |_: &str, _: &str, time: Period| Ok(self.log(time));
        let pattern = RolePattern::parse(pattern);
        let now = self.okta.next();
        history(&self.archived(), &pattern, between, &options(), &log_of, now).map(|answer| answer.result)
    }

    fn spans(&self, pattern: &str, from: i64, to: i64) -> Vec<(String, Vec<Span>)> {
        let history = self.ask(pattern, from, to).unwrap();
        let people = history.roles.into_iter().flat_map(|role| role.people);
        people.map(|person| (person.person.id, person.spans)).collect()
    }
}

fn mapped() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .user(User::new("cem@acme.test").id("00uC"))
        .group(Group::new("aws-users").id("00gUsers").members(["00uA", "00uB"]))
        .group(Group::new("aws_111122223333_Admin").id("00gAdmin").members(["00uA"]))
        .group(Group::new("aws_111122223333_Read").id("00gRead").members(["00uA", "00uC"]))
        .group(Group::new("Other").id("00gOther").members(["00uB"]))
        .app(App::aws_mapping(APP).group(AppGroup::new("00gUsers").priority(0)))
}

#[test]
fn first_and_last_seen() {
    let mut days = Days::of(mapped());
    days.sync();
    days.happens(20, |org| org.add_member("00gAdmin", "00uB"));
    days.sync();
    days.sync();
    days.happens(60, |org| org.remove_member("00gAdmin", "00uA"));
    days.sync();
    let spans = days.spans("*/Admin", 0, 4 * DAY);
    let [(ann, of_ann), (bob, of_bob)] = spans.as_slice() else { panic!("{spans:#?}") };
    assert_eq!((ann.as_str(), bob.as_str()), ("00uA", "00uB"));
    let [of_ann] = of_ann.as_slice() else { panic!("{of_ann:#?}") };
    assert_eq!((of_ann.first_seen, of_ann.not_before, of_ann.seen_in), (at(0), None, 3));
    assert_eq!((of_ann.lasts, of_ann.gone_by), (false, None));
    let ended = of_ann.ended.as_ref().unwrap();
    assert_eq!(ended.event, "group.user_membership.remove");
    assert!(ended.at >= at(60 * 3600) && of_ann.last_seen == ended.at, "{of_ann:#?}");
    let [of_bob] = of_bob.as_slice() else { panic!("{of_bob:#?}") };
    let began = of_bob.began.as_ref().unwrap();
    assert!(began.actor.is_some() && of_bob.first_seen == began.at, "{of_bob:#?}");
    assert_eq!((of_bob.last_seen, of_bob.lasts, of_bob.seen_in), (at(3 * DAY), true, 3));
    assert_eq!(of_bob.through, ["aws_111122223333_Admin"]);
    assert!(!of_bob.uncertain);
    // Without the log the syncs alone tell, and the answer says what it lacks.
    days.with_log = false;
    let told = days.ask("*/Admin", 0, 4 * DAY).unwrap();
    assert!(told.limits.iter().any(|limit| limit.starts_with("no events of app")), "{:?}", told.limits);
    let spans = days.spans("*/Admin", 0, 4 * DAY);
    let of = |at: usize| spans[at].1[0].clone();
    assert_eq!((of(0).last_seen, of(0).gone_by, of(0).ended), (at(2 * DAY), Some(at(3 * DAY)), None));
    assert_eq!((of(1).first_seen, of(1).not_before, of(1).began), (at(DAY), Some(at(0)), None));
}

#[test]
fn access_that_came_and_went_between_two_syncs() {
    let days = Days::of(mapped());
    days.sync();
    days.happens(1, |org| org.add_member("00gAdmin", "00uB"));
    days.happens(3, |org| org.remove_member("00gAdmin", "00uB"));
    // Not assigned to the app, so the group alone gives nothing; then both, for two hours.
    days.happens(4, |org| org.add_member("00gAdmin", "00uC"));
    days.happens(5, |org| org.add_member("00gUsers", "00uC"));
    days.happens(7, |org| org.remove_member("00gUsers", "00uC"));
    // A group that leads nowhere, and one that leaves and comes back.
    days.happens(8, |org| org.remove_member("00gOther", "00uB"));
    days.happens(9, |org| org.remove_member("00gAdmin", "00uA"));
    days.happens(11, |org| org.add_member("00gAdmin", "00uA"));
    days.happens(13, |org| org.remove_member("00gAdmin", "00uC"));
    days.sync();
    let told: Vec<_> = days
        .spans("*/Admin", 0, DAY)
        .into_iter()
        .map(|(person, spans)| {
            let hours = |at: Timestamp| (at.as_second() - START) / 3600;
            let spans: Vec<_> = spans
                .iter()
                .map(|span| (hours(span.first_seen), hours(span.last_seen), span.lasts, span.seen_in))
                .collect();
            (person, spans)
        })
        .collect();
    let expected = [
        ("00uA".to_owned(), vec![(0, 9, false, 1), (11, 24, true, 1)]),
        ("00uB".to_owned(), vec![(1, 3, false, 0)]),
        ("00uC".to_owned(), vec![(5, 7, false, 0)]),
    ];
    assert_eq!(told, expected);
    // Of the morning only what was in force then.
    let morning = days.spans("*/Admin", 4 * 3600, 6 * 3600);
    let people: Vec<&str> = morning.iter().map(|(person, _)| person.as_str()).collect();
    assert_eq!(people, ["00uA", "00uC"]);
}

#[test]
fn a_suspension_interrupts() {
    let days = Days::of(mapped());
    days.sync();
    days.happens(2, |org| org.set_status("00uA", UserStatus::Suspended));
    days.happens(4, |org| org.set_status("00uA", UserStatus::Active));
    days.sync();
    let spans = days.spans("*/Read", 0, DAY);
    let [(_, spans)] = spans.as_slice() else { panic!("{spans:#?}") };
    let events: Vec<_> = spans
        .iter()
        .flat_map(|span| [&span.began, &span.ended])
        .flatten()
        .map(|event| event.event.as_str())
        .collect();
    assert_eq!(events, ["user.lifecycle.suspend", "user.lifecycle.unsuspend"]);
}

#[test]
fn assignment_profiles() {
    let org = Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA"))
        .user(User::new("bob@acme.test").id("00uB"))
        .group(Group::new("first").id("00g1").members(["00uA"]))
        .group(Group::new("second").id("00g2").members(["00uB"]))
        .app(
            App::aws(APP)
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .saml_iam_roles(["Admin", "Read"])
                .group(AppGroup::new("00g1").priority(0).saml_roles(["Admin"]))
                .group(AppGroup::new("00g2").priority(1).saml_roles(["Read"])),
        );
    let days = Days::of(org);
    days.sync();
    // The first group wins as long as he is in it.
    days.happens(1, |org| org.add_member("00g1", "00uB"));
    days.happens(2, |org| org.remove_member("00g1", "00uB"));
    days.sync();
    let brief = |pattern: &str| -> Vec<(String, usize, bool)> {
        let spans = days.spans(pattern, 0, DAY).into_iter();
        spans
            .flat_map(|(who, spans)| spans.into_iter().map(move |s| (who.clone(), s.seen_in, s.lasts)))
            .collect()
    };
    let is = |who: &str, seen: usize, lasts: bool| (who.to_owned(), seen, lasts);
    assert_eq!(brief("*/Admin"), [is("00uA", 2, true), is("00uB", 0, false)]);
    assert_eq!(brief("*/Read"), [is("00uB", 1, false), is("00uB", 1, true)]);
    // An individual assignment of which the log tells, and the later sync the roles.
    days.happens(26, |org| org.remove_member("00g2", "00uB"));
    days.happens(27, |org| org.put_app_user(APP, AppUser::direct("00uB").saml_roles(["Admin"])));
    days.sync();
    let spans = days.spans("*/Admin", DAY + 3600, 2 * DAY);
    let of_bob = &spans.iter().find(|(who, _)| who == "00uB").unwrap().1[0];
    assert_eq!(of_bob.began.as_ref().unwrap().event, "application.user_membership.add");
}

#[test]
fn a_group_that_did_not_confer_yet_is_not_certain() {
    let days = Days::of(mapped());
    days.sync();
    days.happens(1, |org| org.remove_member("00gOther", "00uB"));
    days.happens(2, |org| org.add_member("00gOther", "00uB"));
    let renamed = Group::new("aws_111122223333_Admin2").id("00gOther").members(["00uB"]);
    days.happens(3, |org| org.put_group(renamed));
    days.sync();
    let spans = days.spans("*/Admin2", 0, DAY);
    let [(who, spans)] = spans.as_slice() else { panic!("{spans:#?}") };
    assert_eq!((who.as_str(), spans.len()), ("00uB", 1));
    // The sync that shows it makes it certain; when it began is not.
    assert_eq!((spans[0].seen_in, spans[0].uncertain), (1, false));
}

#[test]
fn roles_and_times_that_nobody_knows() {
    let days = Days::of(mapped());
    days.sync();
    days.sync();
    let Err(Error::Unknown { nearest, .. }) = days.ask("*/Admn", 0, DAY) else { panic!() };
    assert!(nearest.contains(&"111122223333/Admin".to_owned()), "{nearest:?}");
    let Err(Error::BeforeArchive { first, .. }) = days.ask("*/Admin", -3 * DAY, -2 * DAY) else { panic!() };
    assert_eq!(first, Some(at(0)));
    let early = days.ask("*/Admin", -3 * DAY, DAY).unwrap();
    assert!(early.limits.iter().any(|limit| limit.contains("what was before is not known")), "{early:#?}");
    // A file that was changed since is no evidence.
    let path = days.archived()[0].path.clone();
    let other = std::fs::read(&days.archived()[1].path).unwrap();
    std::fs::write(&path, other).unwrap();
    assert!(matches!(days.ask("*/Admin", 0, DAY), Err(Error::ChangedInArchive { .. })));
    std::fs::remove_file(&path).unwrap();
    let gone = days.ask("*/Admin", 0, DAY).unwrap();
    assert!(gone.limits.iter().any(|limit| limit.contains("gone from the archive")), "{gone:#?}");
}

#[test]
fn the_sync_that_holds_for_a_moment() {
    let days = Days::of(mapped());
    days.sync();
    days.happens(30, |org| org.remove_member("00gAdmin", "00uA"));
    days.sync();
    days.sync();
    let archive = days.archived();
    let asked = |seconds: i64| open_at(&archive, at(seconds), &options());
    let (readings, then) = asked(DAY + 5).unwrap();
    assert_eq!((then.syncs[0].sealed, then.syncs[0].next), (at(DAY), Some(at(2 * DAY))));
    assert_eq!(readings.all()[0].facts().coverage.to, Some(at(DAY)));
    let (_, then) = asked(9 * DAY).unwrap();
    assert_eq!((then.syncs[0].sealed, then.syncs[0].next), (at(2 * DAY), None));
    assert!(matches!(asked(-1), Err(Error::BeforeArchive { .. })));
    assert!(asked(0).is_ok());
}

/// Reading a few people of each snapshot, or all of them, tells the same.
#[test]
fn few_or_all() {
    let many = |org: Org| (0..600).fold(org, |org, n| org.user(User::new(format!("user{n}@acme.test"))));
    let members: Vec<String> = (0..600).map(|n| format!("user{n}@acme.test")).collect();
    let mut org = many(mapped());
    org = org
        .group(Group::new("aws_111122223333_Many").id("00gMany").members(members.iter().map(String::as_str)));
    let days = Days::of(org);
    days.sync();
    days.happens(1, |org| org.add_member("00gAdmin", "00uB"));
    days.happens(2, |org| org.remove_member("00gAdmin", "00uB"));
    days.sync();
    let one = days.spans("*/Admin", 0, DAY);
    let all = days.ask("*", 0, DAY).unwrap();
    let of_all = all.roles.into_iter().find(|role| role.role.role == "Admin").unwrap().people;
    let of_all: Vec<_> = of_all.into_iter().map(|person| (person.person.id, person.spans)).collect();
    assert_eq!(one, of_all);
    assert_eq!(one.len(), 2);
}
