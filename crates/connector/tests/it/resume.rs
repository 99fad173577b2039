//! A run that is cut off is taken up where it stopped: the same content, and no page asked for twice.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use rolebook_connector::{AdminRoles, SyncError};
use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, Fault, Group, GroupRule, Org, RoleTargets, User,
};
use rolebook_ledger::Facts;

use crate::run::{Run, direct, mapping, unlimited};

/// Lists of several pages each: app users, members of the large group and, with pages of ten, groups.
fn org(app: App) -> Org {
    let users: Vec<String> = (0..1010).map(|n| format!("00u{n:04}")).collect();
    let org = Org::new("acme").users(users.iter().map(|id| User::new(format!("{id}@acme.test")).id(id)));
    let org = org
        .group(Group::new("aws_111122223333_Admin").id("00gLarge").members(users.clone()))
        .group(Group::new("aws_111122223333_Ops").id("00gSmall").members(["00u0001", "00u0002"]))
        .rule(GroupRule::new("all", "true").id("0pr1").assigns(["00gLarge"]));
    let org =
        (0..22).fold(org, |org, n| org.group(Group::new(format!("other {n}")).id(format!("00gx{n:02}"))));
    let app = users
        .iter()
        .fold(app, |app, id| app.user(AppUser::by_group(id.as_str()).saml_roles(["Admin"])))
        .group(AppGroup::new("00gLarge").priority(0).saml_roles(["Admin"]))
        .group(AppGroup::new("00gSmall").priority(1).saml_roles(["Ops"]));
    org.app(app)
}

fn runs() -> Vec<(&'static str, Run)> {
    let run = |app: App| {
        let run = Run::with(org(app), unlimited());
        run.fake.configure(|okta| {
            okta.groups_max = 10;
        });
        run
    };
    let admin = run(direct()).token("super").admin_roles(AdminRoles::On);
    admin.fake.change(|org| {
        org.put_user_role("00u0003", AdminRole::AppAdmin, RoleTargets::all());
        org.put_group_role("00gSmall", AdminRole::GroupAdmin, RoleTargets::all());
        // Nobody else's list brings this holder.
        org.put_user(User::new("root@acme.test").id("00uRoot"));
        org.put_user_role("00uRoot", AdminRole::SuperAdmin, RoleTargets::all());
    });
    vec![("mapping", run(mapping()).plain()), ("direct", run(direct()).plain()), ("admin roles", admin)]
}

/// The facts, without the times at which they were read.
fn content(facts: Facts) -> Facts {
    let mut facts = facts;
    (facts.coverage.from, facts.coverage.to, facts.coverage.log_from) = (None, None, None);
    facts
}

fn journal(run: &Run) -> PathBuf {
    run.file().with_file_name(".acme.c1z.journal")
}

/// Pages of lists, by path and query; what every run asks for first is no list.
fn pages(run: &Run) -> Vec<String> {
    let first = ["/api/v1/org", "/api/v1/users/me", "/api/v1/apps"];
    let asked = run.fake.log();
    asked.iter().filter(|entry| !first.contains(&entry.path.as_str())).map(|entry| entry.line()).collect()
}

#[test]
fn cut_off_at_any_request_the_rerun_ends_in_the_same_content_and_asks_no_page_twice() {
    for (mode, run) in runs() {
        let whole = content(run.done().facts);
        let all: BTreeSet<String> = pages(&run).into_iter().collect();
        assert!(all.len() > 7, "{mode}: {all:?}");
        assert!(!journal(&run).exists(), "{mode}: a sealed file needs no journal");
        for request in 0..run.fake.log().len() {
            std::fs::remove_file(run.file()).unwrap();
            let answered = run.cut_off_at(request);
            assert!(!run.file().exists());
            run.later(60);
            let done = run.done();
            assert_eq!(content(done.facts), whole, "{mode}, cut off at request {request}");
            let again = pages(&run);
            let twice: Vec<&String> = again.iter().filter(|page| answered.contains(*page)).collect();
            assert!(twice.is_empty(), "{mode}, cut off at request {request}: asked twice: {twice:?}");
            let both: BTreeSet<String> =
                answered.iter().chain(&again).filter(|page| all.contains(*page)).cloned().collect();
            assert_eq!(both, all, "{mode}, cut off at request {request}");
            assert_eq!(done.summary.resumed.is_some(), !answered.is_empty(), "{mode} {request}");
            assert!(!journal(&run).exists());
        }
    }
}

#[test]
fn a_journal_that_is_torn_anywhere_is_taken_up_as_far_as_it_is_whole() {
    let (_, run) = runs().remove(0);
    let whole = content(run.done().facts);
    let requests = run.fake.log().len();
    std::fs::remove_file(run.file()).unwrap();
    run.cut_off_at(requests - 1);
    let bytes = std::fs::read(journal(&run)).unwrap();
    assert_eq!(std::fs::metadata(journal(&run)).unwrap().permissions().mode() & 0o777, 0o600);
    let step = bytes.len() / 40 + 1;
    for end in (0..bytes.len()).step_by(step).chain([bytes.len() - 1, 3, 4, 5]) {
        let _ = std::fs::remove_file(run.file());
        std::fs::write(journal(&run), &bytes[..end]).unwrap();
        assert_eq!(content(run.done().facts), whole, "cut after {end} bytes of {}", bytes.len());
    }
    for at in (0..bytes.len()).step_by(step) {
        let _ = std::fs::remove_file(run.file());
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x41;
        std::fs::write(journal(&run), &flipped).unwrap();
        assert_eq!(content(run.done().facts), whole, "a flipped byte at {at}");
    }
}

#[test]
fn what_is_too_old_or_was_another_reading_is_not_taken_up() {
    let (_, run) = runs().remove(0);
    let requests = {
        run.done();
        run.fake.log().len()
    };
    let all = pages(&run).len();
    let cut = |run: &Run| {
        let _ = std::fs::remove_file(run.file());
        run.cut_off_at(requests - 1);
        assert!(journal(run).exists());
    };
    cut(&run);
    run.later(2 * 3600 + 1);
    let done = run.done();
    assert!(done.summary.resumed.is_none() && pages(&run).len() == all, "older than two hours");

    cut(&run);
    run.fake.change(|org| org.change_app("0oaAWS", |app| app.setting("joinAllRoles", true)));
    let done = run.done();
    assert!(done.summary.resumed.is_none() && pages(&run).len() == all, "the app's settings changed");

    cut(&run);
    let run = run.token("super");
    let done = run.done();
    assert!(done.summary.resumed.is_none() && pages(&run).len() == all, "another token");

    cut(&run);
    let run = run.options(|sync| sync.read.people.skip_secondary_emails = true);
    let done = run.done();
    assert!(done.summary.resumed.is_none() && pages(&run).len() == all, "other options");

    cut(&run);
    let run = run.options(|sync| sync.resume_max_age = SignedDuration::ZERO);
    run.later(1);
    assert!(run.done().summary.resumed.is_none(), "not wanted");
}

#[test]
fn a_place_that_okta_no_longer_knows_begins_that_list_again() {
    let (_, run) = runs().remove(0);
    let whole = content(run.done().facts);
    std::fs::remove_file(run.file()).unwrap();
    let run = run.fault(Fault::on("/api/v1/groups").page(3).latency(Duration::from_secs(3600)));
    run.cut_off_at(1000);
    let run = run.fault(Fault::on("/api/v1/groups").page(3).count(1).status(400).code("E0000029"));
    let done = run.done();
    assert_eq!(content(done.facts), whole);
    let groups = pages(&run).iter().filter(|page| page.starts_with("GET /api/v1/groups?")).count();
    assert_eq!(groups, 1 + 3, "{:?}", pages(&run));
}

#[test]
fn a_refusal_leaves_nothing_to_take_up_but_a_dead_token_does() {
    let (_, run) = runs().remove(0);
    let run = run.fault(Fault::on("/api/v1/groups").page(2).count(1).status(403));
    assert!(matches!(run.refused(), SyncError::Essential { .. }));
    assert!(!journal(&run).exists(), "rights that change are read again from the start");
    let run = run.fault(Fault::on("/api/v1/groups").page(2).count(1).status(401));
    assert!(matches!(run.refused(), SyncError::Essential { .. }));
    assert!(journal(&run).exists());
    assert!(run.done().summary.resumed.is_some());
}

#[test]
fn a_journal_holds_no_more_of_a_person_than_the_snapshot() {
    let run = Run::of(
        Org::new("acme")
            .users([User::new("ann@acme.test")
                .id("00uA")
                .attribute("salary", "CANARY-1")
                .attribute("title", "Chief")])
            .group(Group::new("aws_111122223333_Admin").id("00g1").members(["00uA"]))
            .app(
                mapping()
                    .user(AppUser::by_group("00uA").attribute("homePhone", "CANARY-2"))
                    .group(AppGroup::new("00g1")),
            ),
    )
    .plain();
    run.done();
    let requests = run.fake.log().len();
    std::fs::remove_file(run.file()).unwrap();
    run.cut_off_at(requests - 1);
    let bytes = std::fs::read(journal(&run)).unwrap();
    let (mut text, mut at) = (String::new(), 0);
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        text += &String::from_utf8(zstd::decode_all(&bytes[at + 4..at + 4 + length]).unwrap()).unwrap();
        at += 4 + length;
    }
    assert!(text.contains("Chief") && text.contains("ann@acme.test"), "{text}");
    assert!(!text.contains("CANARY"), "{text}");
    assert!(!text.contains(&run.fake.token("read_only")), "{text}");
}

#[test]
fn a_journal_that_cannot_be_written_does_not_stop_the_sync() {
    let (_, run) = runs().remove(1);
    std::fs::create_dir(journal(&run)).unwrap();
    let done = run.done();
    assert_eq!(done.warned("journal-not-written"), 1);
    // Nobody can write what is not a file; what is there is left alone.
    assert!(journal(&run).is_dir());
    let file = OpenOptions::new().read(true).open(run.file()).unwrap();
    assert!(file.metadata().unwrap().len() > 0);
}
