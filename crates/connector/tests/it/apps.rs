//! Several apps of one org, one file each: read once for all, sealed each by itself.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use rolebook_connector::{
    AdminRoles, AppDone, AppEnd, AppsChoice, AppsCost, AppsOptions, AppsSync, ErrorKind, Silent, Summary,
    SyncError,
};
use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, CustomRole, Fault, Group, GroupRule, Logged, Org, ResourceSet,
    RoleTargets, User,
};
use rolebook_ledger::{Facts, ListCoverage};
use rolebook_snapshot::{Limits, Snapshot};

use crate::rows::Rows;
use crate::run::{Run, people};

const APPS: [&str; 3] = ["0oaDirect", "0oaMap1", "0oaMap2"];

/// Three apps: one decides by profiles, two by group names, of different patterns. Some groups matter to several.
fn org() -> Org {
    let users: Vec<String> = (0..1010).map(|n| format!("00u{n:04}")).collect();
    let member = |from: usize, to: usize| users[from..to].to_vec();
    let org = Org::new("acme")
        .users(users.iter().map(|id| User::new(format!("{id}@acme.test")).id(id)))
        .user(User::new("root@acme.test").id("00uRoot"))
        .user(User::new("other@acme.test").id("00uOther"))
        .group(Group::new("aws_111122223333_Admin").id("00gBig").members(member(0, 1001)))
        .group(Group::new("aws_111122223333_Ops").id("00gOps").members(member(0, 3)))
        .group(Group::new("cloud-222233334444-Dev").id("00gDev").members(member(5, 9)))
        .group(Group::new("team").id("00gTeam").members(member(1, 4)))
        .group(Group::new("nobody's").id("00gFree").members(member(1, 9)))
        .rule(GroupRule::new("all", "true").id("0pr1").assigns(["00gBig"]));
    let org = (0..205).fold(org, |org, n| {
        org.group(Group::new(format!("plain {n}")).id(format!("00gp{n:03}")).members(member(1, 2)))
    });
    let direct = App::aws("0oaDirect")
        .label("Direct")
        .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
        .user(AppUser::direct("00u0001").saml_roles(["Admin"]))
        .user(AppUser::direct("00uOther").saml_roles(["Ops"]))
        .group(AppGroup::new("00gTeam").priority(0).saml_roles(["ReadOnly"]))
        .group(AppGroup::new("00gBig").priority(1).saml_roles(["Admin"]));
    let first = (0..502).fold(App::aws_mapping("0oaMap1").label("First"), |app, n| {
        app.user(AppUser::direct(users[n].as_str()))
    });
    let second = App::aws_mapping("0oaMap2")
        .label("Second")
        .setting("groupFilter", r"^cloud-(?{{accountid}}\d+)-(?{{role}}[a-zA-Z0-9]+)$")
        .user(AppUser::by_group("00u0006"))
        .group(AppGroup::new("00gTeam").priority(0));
    org.app(direct)
        .app(first.group(AppGroup::new("00gBig").priority(0)))
        .app(second)
        .app(App::aws_identity_center("0oaSSO"))
}

/// With admins: one whom only the last app's lists bring, one whom none brings, and a group that makes admins.
fn with_admins(org: Org) -> Org {
    org.user_role("00u0003", AdminRole::AppAdmin, RoleTargets::all())
        .user_role("00u0006", AdminRole::ReadOnlyAdmin, RoleTargets::all())
        .user_role("00uRoot", AdminRole::SuperAdmin, RoleTargets::all())
        .group_role("00gTeam", AdminRole::GroupAdmin, RoleTargets::all())
}

/// A run over a folder beside the single file of `Run`.
struct Several {
    run: Run,
    choice: AppsChoice,
}

struct Ended {
    each: Vec<AppDone>,
    cost: AppsCost,
    log: Vec<Logged>,
}

impl Ended {
    fn of(&self, id: &str) -> &AppDone {
        self.each.iter().find(|done| done.id == id).unwrap()
    }

    fn sealed(&self, id: &str) -> &Summary {
        match &self.of(id).end {
            AppEnd::Sealed(summary) => summary,
            end => panic!("{id}: {end:?}"),
        }
    }

    fn failed(&self, id: &str) -> &SyncError {
        match &self.of(id).end {
            AppEnd::Failed(error) => error,
            end => panic!("{id}: {end:?}"),
        }
    }

    fn requests(&self) -> u64 {
        self.cost.buckets.iter().map(|bucket| bucket.requests).sum()
    }

    /// Nothing was asked twice, and not one request more than the apps need together.
    fn is_frugal(&self) {
        let lines: BTreeSet<String> = self.log.iter().map(Logged::line).collect();
        assert_eq!(lines.len(), self.log.len(), "something was asked twice: {:#?}", self.log);
        assert_eq!(self.log.len() as u64, self.cost.bound, "{lines:#?}");
        assert_eq!(self.log.len() as u64, self.requests());
    }
}

fn several(run: Run) -> Several {
    Several { run, choice: AppsChoice::All }
}

fn plain(org: Org) -> Several {
    several(Run::of(org).plain())
}

fn folder_options(run: &Run, choice: &AppsChoice) -> AppsOptions {
    AppsOptions {
        folder: run.file().with_file_name("apps"),
        apps: choice.clone(),
        read: run.sync.read.clone(),
        accounts: Vec::new(),
        accounts_of: None,
        switches: run.sync.switches,
        resume_max_age: run.sync.resume_max_age,
        incremental: None,
        writer: run.sync.writer.clone(),
    }
}

impl Several {
    fn ids(mut self, ids: &[&str]) -> Self {
        self.choice = AppsChoice::Ids(ids.iter().map(|id| (*id).to_owned()).collect());
        self
    }

    fn file(&self, id: &str) -> PathBuf {
        self.run.file().with_file_name("apps").join(format!("{id}.c1z"))
    }

    fn journal(&self) -> PathBuf {
        self.run.file().with_file_name("apps").join(".apps.journal")
    }

    async fn go(&self) -> Result<Ended, SyncError> {
        self.run.fake.clear_log();
        let client = self.run.client();
        let options = folder_options(&self.run, &self.choice);
        let clock = || self.run.clock();
        let mut sync = AppsSync::begin(&client, &options, &clock, &Silent).await?;
        let (mut each, mut random) = (Vec::new(), 0);
        while let Some(done) = sync.next([random; 16]).await {
            random += 1;
            sync.keep(&done);
            each.push(done);
        }
        let cost = sync.end();
        Ok(Ended { each, cost, log: self.run.fake.log() })
    }

    fn sync(&self) -> Result<Ended, SyncError> {
        runtime().block_on(self.go())
    }

    fn done(&self) -> Ended {
        self.sync().unwrap()
    }

    /// As [`Run::cut_off_at`]: gives the lines that were answered.
    fn cut_off_at(&self, requests: usize) -> BTreeSet<String> {
        self.run.fake.add_fault(Fault::everywhere().skip(requests).latency(Duration::from_secs(3600)));
        let stalled = async {
            let (mut seen, mut still) = (0, 0);
            while still < 12 {
                tokio::time::sleep(Duration::from_millis(15)).await;
                let now = self.run.fake.log().len();
                still = if now == seen { still + 1 } else { 0 };
                seen = now;
            }
        };
        runtime().block_on(async {
            tokio::select! {
                _ = self.go() => panic!("not cut off at {requests}"),
                () = stalled => {}
            }
        });
        self.run.fake.clear_faults();
        let log = self.run.fake.log();
        log.iter().take(requests).filter(|entry| !entrance(entry)).map(Logged::line).collect()
    }

    fn open(&self, id: &str) -> (Facts, Rows) {
        let snapshot = Snapshot::open(&self.file(id), &Limits::default()).unwrap();
        let rows = snapshot.rows(&snapshot.latest_full().unwrap().id);
        (rolebook_ledger::read(&rows).unwrap(), Rows::read(&rows))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// What every run asks first.
fn entrance(entry: &Logged) -> bool {
    ["/api/v1/org", "/api/v1/users/me", "/api/v1/apps"].contains(&entry.path.as_str())
}

/// The facts, without the times at which they were read.
fn content(mut facts: Facts) -> Facts {
    (facts.coverage.from, facts.coverage.to, facts.coverage.log_from) = (None, None, None);
    facts
}

/// Okta's words of a refusal carry the number of the request.
fn unrefused(mut facts: Facts, refused: bool) -> Facts {
    if refused {
        let refusal = facts.coverage.lists.remove("admin-roles").unwrap();
        assert!(matches!(refusal, ListCoverage::Not { .. }), "{refusal:?}");
    }
    facts
}

#[test]
fn the_request_bound_holds_for_the_union() {
    let ended = plain(org()).done();
    ended.is_frugal();
    // Org, owner, apps; rules; groups of the org; members of big, ops, dev and team; users and groups of each app;
    // schema and catalogue of the one that does not map.
    let groups = 5 + 205;
    assert_eq!(
        ended.log.len(),
        3 + 1 + usize::div_ceil(groups, 200) + (2 + 1 + 1 + 1) + (3 + 1) + (3 + 1) + (1 + 1) + 2
    );
    for (id, maps) in [("0oaDirect", false), ("0oaMap1", true), ("0oaMap2", true)] {
        let summary = ended.sealed(id);
        assert_eq!(summary.maps_groups, maps);
        assert!(summary.held.is_none() && summary.resumed.is_none());
    }
    let by_app: u64 = ended.each.iter().map(|done| ended.sealed(&done.id).requests).sum();
    assert_eq!(by_app + 3, ended.requests(), "what is not of an app is the entrance");
}

#[test]
fn admins_are_looked_for_in_the_lists_of_every_app_before_they_are_asked_for() {
    let ended = several(Run::of(with_admins(org())).token("super").admin_roles(AdminRoles::On)).done();
    ended.is_frugal();
    let asked: Vec<&str> = ended
        .log
        .iter()
        .filter_map(|entry| entry.path.strip_prefix("/api/v1/users/"))
        .filter(|rest| *rest != "me" && !rest.contains('/'))
        .collect();
    assert_eq!(asked, ["00uRoot"], "nobody else's list brings the root; 00u0006 comes with the last app");
    let plain = plain(org()).done().log.len();
    // The list, each admin's roles (three of them by their group), the group's, the root.
    let admins = BTreeSet::from(["00u0001", "00u0002", "00u0003", "00u0006", "00uRoot"]).len();
    assert_eq!(ended.log.len(), plain + 1 + admins + 1 + 1);
}

#[test]
fn a_list_that_is_refused_is_asked_for_once() {
    let ended = several(Run::of(with_admins(org()))).done();
    ended.is_frugal();
    let refused: Vec<String> =
        ended.log.iter().filter(|entry| entry.status == 403).map(Logged::line).collect();
    assert_eq!(refused.len(), 1, "{refused:?}");
    for id in APPS {
        assert_eq!(ended.sealed(id).warnings.get("list-not-read").unwrap().count, 1, "{id}");
    }
}

#[test]
fn each_file_is_that_of_a_sync_of_its_app_alone() {
    let custom = |org: Org| {
        with_admins(org)
            .custom_role(CustomRole::new("Helpers").id("cr1").permissions(["okta.users.read"]))
            .resource_set(
                ResourceSet::new("All users")
                    .id("rs1")
                    .resources(["orn:okta:directory:acme:users"])
                    .bind("cr1", ["00u0007", "00uRoot", "00gDev", "00gFree"]),
            )
    };
    let runs = [
        ("read-only", several(Run::of(with_admins(org())))),
        ("admin roles", several(Run::of(with_admins(org())).token("super").admin_roles(AdminRoles::On))),
        (
            "custom roles",
            several(Run::of(custom(org())).token("super").options(|sync| sync.read.custom_roles = true)),
        ),
        ("plain", plain(org())),
    ];
    for (what, mut several) in runs {
        let ended = several.done();
        for id in APPS {
            let together = several.open(id);
            several.run = several.run.app(id).options(|sync| sync.random = [0; 16]);
            let _ = std::fs::remove_file(several.run.file());
            let alone = several.run.done();
            let refused = what == "read-only";
            let (together_facts, alone_facts) = (content(together.0), content(alone.facts));
            assert_eq!(unrefused(together_facts, refused), unrefused(alone_facts, refused), "{what}, {id}");
            assert!(refused || together.1.encoded == alone.rows.encoded, "{what}, {id}");
            assert_eq!(together.1.encoded.len(), alone.rows.encoded.len(), "{what}, {id}");
            assert_eq!(ended.sealed(id).counts, alone.summary.counts, "{what}, {id}");
            assert_eq!(ended.sealed(id).bound.members.len(), alone.summary.bound.members.len());
        }
        assert!(!several.journal().exists(), "{what}");
    }
}

#[test]
fn named_apps_are_found_in_one_list_and_one_alone_by_its_id() {
    // One id in the folder: the app itself instead of the list.
    let one = plain(org()).ids(&["0oaMap2"]);
    let ended = one.done();
    ended.is_frugal();
    assert_eq!(ended.each.len(), 1);
    let two = plain(org()).ids(&["0oaMap2", "0oaDirect"]);
    let ended = two.done();
    ended.is_frugal();
    assert_eq!(ended.each.iter().map(|done| done.id.as_str()).collect::<Vec<_>>(), ["0oaMap2", "0oaDirect"]);
}

#[test]
fn apps_that_cannot_be_read_do_not_spoil_the_others() {
    let broken = App::aws_mapping("0oaBroken").setting("groupFilter", "^aws_(?{{accountid}}");
    let several = plain(org().app(broken)).ids(&["0oaSSO", "0oaNone", "0oaBroken", "0oaMap1", "0oaDirect"]);
    let ended = several.done();
    assert!(matches!(ended.failed("0oaSSO"), SyncError::OtherApp { .. }));
    assert_eq!(ended.failed("0oaNone").kind(), ErrorKind::NotFound);
    assert!(matches!(ended.failed("0oaBroken"), SyncError::Rules(_)));
    assert!(ended.sealed("0oaMap1").held.is_none() && ended.sealed("0oaDirect").held.is_none());
    assert!(!several.file("0oaBroken").exists());
    assert!(!several.journal().exists(), "nothing that a second run could cure");
    ended.is_frugal();
}

#[test]
fn a_list_that_one_app_needs_and_does_not_get_is_that_apps_failure() {
    let several = plain(org());
    several.run.fake.add_fault(Fault::on("/api/v1/groups").status(403));
    let ended = several.done();
    for id in ["0oaMap1", "0oaMap2"] {
        assert_eq!(ended.failed(id).kind(), ErrorKind::Refused, "{id}");
        assert!(!several.file(id).exists());
    }
    assert!(ended.sealed("0oaDirect").held.is_none(), "it does not list the org's groups");
    assert_eq!(ended.log.iter().filter(|entry| entry.path == "/api/v1/groups").count(), 1);
}

#[test]
fn a_server_that_fails_one_app_leaves_a_journal_for_the_rest() {
    let several = plain(org());
    several.run.fake.add_fault(Fault::on("/api/v1/apps/0oaMap1/users").status(500));
    let ended = several.done();
    assert_eq!(ended.failed("0oaMap1").kind(), ErrorKind::Failed);
    assert!(several.journal().exists());
    several.run.fake.clear_faults();
    several.run.later(60);
    let before = std::fs::read(several.file("0oaMap2")).unwrap();
    let ended = several.done();
    assert!(matches!(ended.of("0oaMap2").end, AppEnd::Before { held: false }));
    assert!(ended.sealed("0oaMap1").resumed.is_some());
    assert_eq!(before, std::fs::read(several.file("0oaMap2")).unwrap());
    assert!(!several.journal().exists());
    // An app whose file is away is sealed again, without a question.
    let asked: Vec<String> =
        ended.log.iter().filter(|entry| !entrance(entry)).map(|entry| entry.path.clone()).collect();
    assert_eq!(asked, ["/api/v1/apps/0oaMap1/users"; 3]);
}

#[test]
fn one_app_is_held_and_the_others_are_in_force() {
    let several = plain(org());
    several.done();
    let before = std::fs::read(several.file("0oaMap1")).unwrap();
    several.run.fake.change(|org| org.remove_app_group("0oaMap1", "00gBig"));
    several.run.later(3600);
    let ended = several.done();
    let held = ended.sealed("0oaMap1").held.as_ref().unwrap();
    assert_eq!(held.file, several.file("0oaMap1"));
    assert_eq!(before, std::fs::read(several.file("0oaMap1")).unwrap());
    assert!(ended.sealed("0oaMap2").held.is_none() && ended.sealed("0oaDirect").held.is_none());
}

#[test]
fn cut_off_at_any_request_the_rerun_asks_no_page_twice_and_leaves_what_was_sealed() {
    let sealed_before = cut_off_everywhere(&plain(org()), 1);
    assert!(sealed_before > 0, "some runs were cut off after an app was sealed");
}

#[test]
fn cut_off_anywhere_with_admins_the_rerun_asks_no_page_twice() {
    cut_off_everywhere(&several(Run::of(with_admins(org())).token("super").admin_roles(AdminRoles::On)), 3);
}

/// Cuts a run off at every request, or every so many, and lets another finish; says how many apps the former sealed.
fn cut_off_everywhere(several: &Several, step: usize) -> usize {
    let whole_run = several.done();
    let whole: Vec<Facts> = APPS.iter().map(|id| content(several.open(id).0)).collect();
    let all: BTreeSet<String> =
        whole_run.log.iter().filter(|entry| !entrance(entry)).map(Logged::line).collect();
    let mut sealed_before = 0;
    for request in (0..whole_run.log.len()).step_by(step) {
        std::fs::remove_dir_all(several.file("x").parent().unwrap()).unwrap();
        let answered = several.cut_off_at(request);
        let there: Vec<&str> = APPS.into_iter().filter(|id| several.file(id).exists()).collect();
        several.run.later(60);
        let ended = several.done();
        for id in APPS {
            let before = matches!(ended.of(id).end, AppEnd::Before { .. });
            assert_eq!(before, there.contains(&id), "{id}, cut off at request {request}");
        }
        sealed_before += there.len();
        let again: BTreeSet<String> =
            ended.log.iter().filter(|entry| !entrance(entry)).map(Logged::line).collect();
        let twice: Vec<&String> = again.intersection(&answered).collect();
        assert!(twice.is_empty(), "cut off at request {request}: asked twice: {twice:?}");
        assert_eq!(&again | &answered, all, "cut off at request {request}");
        for (id, whole) in APPS.iter().zip(&whole) {
            assert_eq!(&content(several.open(id).0), whole, "{id}, cut off at request {request}");
        }
        assert!(!several.journal().exists());
    }
    sealed_before
}

#[test]
fn a_dead_token_ends_the_run_and_is_no_failure_of_the_rest() {
    let several = plain(org());
    several.run.fake.add_fault(Fault::on("/api/v1/apps/0oaMap1/users").status(401).code("E0000011"));
    let ended = several.done();
    assert!(ended.sealed("0oaDirect").held.is_none());
    assert!(ended.failed("0oaMap1").is_unauthenticated());
    assert!(matches!(ended.of("0oaMap2").end, AppEnd::NotBegun));
    assert!(several.journal().exists());
}

#[test]
fn a_file_of_another_app_and_a_folder_in_use_are_conflicts() {
    let several = plain(org());
    several.done();
    std::fs::copy(several.file("0oaMap2"), several.file("0oaMap1")).unwrap();
    several.run.later(60);
    let ended = several.done();
    assert!(matches!(ended.failed("0oaMap1"), SyncError::OtherOwner { what: "app", .. }));
    assert!(ended.sealed("0oaMap2").held.is_none());

    let client = several.run.client();
    let options = folder_options(&several.run, &AppsChoice::All);
    let clock = || several.run.clock();
    runtime().block_on(async {
        let first = AppsSync::begin(&client, &options, &clock, &Silent).await.unwrap();
        let second = AppsSync::begin(&client, &options, &clock, &Silent).await.err().unwrap();
        assert_eq!(second.kind(), ErrorKind::Conflict);
        assert!(second.to_string().contains(&*options.folder.to_string_lossy()), "{second}");
        drop(first);
    });
}

#[test]
fn an_org_without_the_app_and_a_folder_that_cannot_be_made() {
    let several = plain(people());
    assert!(matches!(several.sync().err().unwrap(), SyncError::NoApp));
    std::fs::write(several.run.file().with_file_name("apps2"), "").unwrap();
    let client = several.run.client();
    let clock = || several.run.clock();
    let mut options = folder_options(&several.run, &AppsChoice::Find);
    options.folder = several.run.file().with_file_name("apps2").join("deeper");
    let begun = runtime().block_on(async { AppsSync::begin(&client, &options, &clock, &Silent).await.err() });
    assert!(matches!(begun.unwrap(), SyncError::Beside { .. }));
}

#[test]
fn an_app_id_that_is_a_path_leads_nowhere() {
    let odd = App::aws_mapping("..%2Fodd");
    let several = plain(org().app(odd));
    let ended = several.done();
    assert_eq!(ended.failed("..%2Fodd").kind(), ErrorKind::NotFound);
    assert!(ended.sealed("0oaMap1").held.is_none());
}
