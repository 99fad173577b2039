//! What the options of a sync change in the file, and that the file says so.

use std::collections::BTreeSet;

use rolebook_connector::{AdminRoles, ProfileAttributes};
use rolebook_fake_okta::{AdminRole, AppGroup, AppUser, Group, Org, RoleTargets, User};
use rolebook_federation::{FilterMatch, JoinDefaultRole, JoinGroupScope, Switches};
use rolebook_ledger::ListCoverage;
use rolebook_snapshot::{Limits, Snapshot, SyncKind, annotation, json, proto::UserTrait};
use serde_json::{Map, Value};

use crate::run::{Done, Run, direct, group, mapping, people};

fn rich() -> Org {
    let ann = User::new("ann@acme.test")
        .id("00uA")
        .name("Ann", "Lee")
        .attribute("secondEmail", "ann@home.test")
        .attribute("department", "Ops")
        .attribute("mobilePhone", "+1 555 0100")
        .attribute("favouriteColour", "teal");
    Org::new("acme").user(ann).app(direct().user(AppUser::direct("00uA").saml_roles(["Admin"])))
}

/// Ann's profile on the resource and on the trait.
fn profiles(done: &Done) -> [Map<String, Value>; 2] {
    let resource = done.rows.resource("user", "00uA");
    let user: UserTrait = annotation::find(&resource.annotations).unwrap().unwrap();
    [resource.profile.as_ref().unwrap(), user.profile.as_ref().unwrap()].map(json::from_struct)
}

fn with(attributes: ProfileAttributes) -> Done {
    Run::of(rich()).plain().options(|sync| sync.read.people.attributes = attributes).done()
}

#[test]
fn the_default_attributes_recognise_a_person_and_no_more() {
    for profile in profiles(&with(ProfileAttributes::Default)) {
        assert_eq!(profile["department"], "Ops");
        assert_eq!(profile["firstName"], "Ann");
        assert_eq!(profile["secondEmail"], "ann@home.test");
        assert!(!profile.contains_key("mobilePhone") && !profile.contains_key("favouriteColour"));
    }
}

#[test]
fn all_attributes_are_all() {
    for profile in profiles(&with(ProfileAttributes::parse("all"))) {
        for key in ["department", "mobilePhone", "favouriteColour", "login", "secondEmail"] {
            assert!(profile.contains_key(key), "{key}");
        }
    }
}

#[test]
fn a_list_of_attributes_is_exact() {
    for profile in profiles(&with(ProfileAttributes::parse("favouriteColour, department"))) {
        let kept: BTreeSet<&str> =
            profile.keys().map(String::as_str).filter(|key| *key != "okta_status").collect();
        assert_eq!(kept, BTreeSet::from(["department", "favouriteColour"]));
        assert_eq!(profile["okta_status"], "ACTIVE");
    }
}

#[test]
fn second_addresses_left_out_are_in_no_profile() {
    let run = Run::of(rich()).plain().options(|sync| {
        sync.read.people.skip_secondary_emails = true;
        sync.read.people.attributes = ProfileAttributes::All;
    });
    let done = run.done();
    for profile in profiles(&done) {
        assert!(profile.get("secondEmail").is_none_or(Value::is_null));
    }
    assert!(!format!("{:?}", (&done.rows.resources, &done.facts)).contains("ann@home.test"));
}

fn admins() -> Org {
    people()
        .group(group("g1", "aws_111122223333_Admin", ["00uA"]))
        .group(group("gHELP", "Project Nightingale", ["00uC"]))
        .app(mapping().user(AppUser::direct("00uA")))
        .user_role("00uA", AdminRole::OrgAdmin, RoleTargets::all())
        .group_role("gHELP", AdminRole::HelpDeskAdmin, RoleTargets::all())
}

#[test]
fn admin_roles_on_auto_and_off() {
    for choice in [AdminRoles::Auto, AdminRoles::On] {
        let done = Run::of(admins()).token("super").admin_roles(choice).done();
        assert!(done.rows.ids("role").contains(&"ORG_ADMIN"), "{choice:?}");
        assert!(matches!(done.facts.coverage.lists.get("admin-roles"), Some(ListCoverage::Full { .. })));
        assert!(done.summary.bound.admin.is_some());
    }
    let off = Run::of(admins()).token("super").admin_roles(AdminRoles::Off).done();
    assert!(off.rows.ids("role").is_empty());
    assert!(!off.log.iter().any(|entry| entry.path.contains("/iam/") || entry.path.ends_with("/roles")));
    assert_eq!(off.warned("list-not-read"), 0, "what nobody wanted is not missing");
    assert!(off.summary.bound.admin.is_none());
    assert!(
        off.rows.resources.keys().all(|(kind, id)| kind != "user" || id == "00uA"),
        "nobody else is read"
    );
}

#[test]
fn names_of_groups_outside_the_snapshot_can_be_left_out() {
    let outside = |done: &Done| format!("{:?} {:?}", done.facts, done.rows);
    let named = Run::of(admins()).token("super").done();
    assert!(outside(&named).contains("Project Nightingale"));
    let run = Run::of(admins()).token("super").options(|sync| sync.read.no_group_names = true);
    let nameless = run.done();
    assert!(!outside(&nameless).contains("Project Nightingale"));
    assert_eq!(nameless.rows.profile("group", "g1")["name"], "aws_111122223333_Admin");
    assert_eq!(named.rows.grants.keys().collect::<Vec<_>>(), nameless.rows.grants.keys().collect::<Vec<_>>());
}

#[test]
fn switches_stand_in_the_coverage_record() {
    let switches = Switches {
        filter_match: FilterMatch::Full,
        filter_unescape: true,
        join_default_role: JoinDefaultRole::Always,
        join_group_scope: JoinGroupScope::Profile,
    };
    let done = Run::of(rich()).plain().options(|sync| sync.switches = switches).done();
    assert_eq!(done.facts.coverage.switches, switches);
    assert_eq!(Run::of(rich()).plain().done().facts.coverage.switches, Switches::default());
}

#[test]
fn the_whole_name_can_be_asked_to_match() {
    let org = || {
        people()
            .group(group("g1", "aws_111122223333_Admin", ["00uA"]))
            .group(group("g2", "xaws_111122223333_Ops y", ["00uA"]))
            .app(mapping().user(AppUser::direct("00uA")))
    };
    let found = Run::of(org()).plain().done();
    assert_eq!(found.rows.user_roles("00uA"), ["111122223333:Admin", "111122223333:Ops"]);
    assert_eq!(found.rows.metadata("account:111122223333:Ops:user:00uA", "partial_match"), true);
    let full = Run::of(org()).plain().options(|sync| sync.switches.filter_match = FilterMatch::Full).done();
    assert_eq!(full.rows.user_roles("00uA"), ["111122223333:Admin"]);
}

#[test]
fn the_coverage_record_says_who_read_what_and_when() {
    let run = Run::of(rich()).plain();
    let done = run.done();
    let coverage = &done.facts.coverage;
    assert_eq!(coverage.writer, "acceptance 1");
    assert_eq!(coverage.from.map(|at| at.as_second()), Some(1_788_249_600));
    assert_eq!(coverage.from, coverage.to);
    assert!(coverage.reader.as_ref().is_some_and(|reader| !reader.id.is_empty() && !reader.login.is_empty()));
    assert!(!coverage.org.id.is_empty() && coverage.org.domain.starts_with("127.0.0.1"));
    assert_eq!(coverage.lists.get("app-users"), Some(&ListCoverage::Full { items: 1 }));
    assert_eq!(coverage, &done.summary.coverage);
}

#[test]
fn a_second_sync_keeps_the_first_beside_it_and_a_third_lets_it_go() {
    let run = Run::of(rich()).plain();
    let syncs = || -> Vec<String> {
        let runs = Snapshot::open(&run.file(), &Limits::default()).unwrap().syncs().unwrap();
        assert!(runs.iter().all(|sync| sync.kind == SyncKind::Full && sync.ended_at.is_some()));
        runs.iter().map(|sync| sync.id.to_string()).collect()
    };
    let first = run.done().summary.sync_id.to_string();
    assert_eq!(syncs(), [first.as_str()]);
    run.fake.change(|org| org.put_app_user("0oaAWS", AppUser::direct("00uA").saml_roles(["Ops"])));
    run.later(60);
    let second = run.done();
    let second_id = second.summary.sync_id.to_string();
    let both = syncs();
    assert!(both.len() == 2 && both.contains(&first) && both.contains(&second_id), "{both:?}");
    assert_eq!(second.rows.user_roles("00uA"), ["111122223333:Ops"], "the newest is what is read");
    run.later(60);
    let third = run.done().summary.sync_id.to_string();
    let kept = syncs();
    assert!(kept.len() == 2 && kept.contains(&second_id) && kept.contains(&third), "{kept:?}");
}

#[test]
fn the_summary_counts_what_the_file_holds() {
    let org = people().group(Group::new("ops").id("gX").members(["00uB"])).app(
        direct()
            .saml_iam_roles(["Admin", "Idle"])
            .group(AppGroup::new("gX").priority(0).saml_roles(["Ops"]))
            .user(AppUser::direct("00uA").saml_roles(["Admin", "Ops"]))
            .user(AppUser::direct("00uC")),
    );
    let done = Run::of(org).plain().done();
    let counts = done.summary.counts;
    assert_eq!((counts.accounts, counts.roles, counts.groups, counts.users), (1, 3, 1, 3));
    assert_eq!((counts.assigned, counts.grants, counts.with_role, counts.admin_roles), (3, 3, 2, 0));
}
