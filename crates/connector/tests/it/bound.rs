//! The request bound: a sync sends exactly the requests that the size of the org demands, read off the fake's log.

use std::collections::BTreeSet;

use rolebook_connector::AdminRoles;
use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, Group, GroupRule, Options, Org, RoleTargets, User,
    orgs::{self, GeneratorSpec, Mode},
};
use rolebook_ledger::Facts;

use crate::run::{Done, Run, direct, group, mapping, people};

fn pages(items: usize, per_page: usize) -> usize {
    items.div_ceil(per_page).max(1)
}

/// Requests for what the file shows, Okta's admin roles aside; `groups` is how many the org has, in mapping mode.
fn expected(done: &Done, groups: Option<usize>) -> usize {
    let holders = done.rows.holders("app:0oaAWS:access");
    let of = |kind: &str| holders.iter().filter(|holder| holder.starts_with(kind)).count();
    let matters =
        |id: &str| holders.contains(&format!("group:{id}")) || !done.rows.group_roles(id).is_empty();
    let members: usize = done
        .rows
        .ids("group")
        .into_iter()
        .filter(|id| matters(id))
        .map(|id| pages(done.rows.holders(&format!("group:{id}:member")).len(), 1000))
        .sum();
    let entrance = 3;
    let rules = pages(done.facts.group_rules.len(), 200);
    let by_mode = groups.map_or(2, |groups| pages(groups, 200));
    entrance + rules + pages(of("user:"), 500) + pages(of("group:"), 200) + members + by_mode
}

/// What holds of every log: nothing twice, nothing refused, no page smaller than allowed.
fn is_frugal(done: &Done) {
    let lines: BTreeSet<String> = done.log.iter().map(rolebook_fake_okta::Logged::line).collect();
    assert_eq!(lines.len(), done.log.len(), "something was asked twice: {lines:#?}");
    assert!(done.log.iter().all(|entry| entry.method == "GET" && entry.status == 200 && !entry.limited));
    assert_eq!(done.log.len() as u64, done.summary.bound.requests(), "{lines:#?}");
    assert_eq!(done.log.len() as u64, done.summary.requests);
    for entry in &done.log {
        let path = entry.path.as_str();
        let members = path.starts_with("/api/v1/groups/") && path.ends_with("/users");
        let size = match path {
            "/api/v1/groups" | "/api/v1/groups/rules" | "/api/v1/apps/0oaAWS/groups" => 200,
            "/api/v1/apps/0oaAWS/users" => 500,
            _ if members => 1000,
            _ => continue,
        };
        let limits: Vec<&str> =
            entry.query.split('&').filter_map(|part| part.strip_prefix("limit=")).collect();
        assert_eq!(limits, [size.to_string()], "{}", entry.line());
    }
}

fn groups_of(run: &Run) -> usize {
    run.fake.with_org(|org| org.group_names().count())
}

fn rules(org: Org, count: usize) -> Org {
    (0..count).fold(org.group(Group::new("x").id("gX")), |org, n| {
        org.rule(GroupRule::new(format!("r{n}"), "true").id(format!("0pr{n:04}")).inactive().assigns(["gX"]))
    })
}

#[test]
fn an_empty_app_costs_eight_requests_in_mapping_and_nine_in_direct_mode() {
    let done = Run::of(people().app(mapping())).plain().done();
    // The last asks whether the token sees anybody at all.
    assert_eq!(done.log.len(), 3 + 1 + 1 + 1 + 1 + 1);
    is_frugal(&done);
    let done = Run::of(people().app(direct())).plain().done();
    assert_eq!(done.log.len(), 3 + 1 + 1 + 1 + 2 + 1);
    is_frugal(&done);
    assert_eq!(done.asked("/api/v1/groups"), 0, "direct mode does not list the org's groups");
}

#[test]
fn an_app_chosen_by_id_costs_the_same() {
    let done = Run::of(people().app(mapping())).plain().app("0oaAWS").done();
    assert_eq!(done.log.len(), 8);
    is_frugal(&done);
}

#[test]
fn groups_that_do_not_matter_cost_nothing_but_their_line_in_the_list() {
    let org = people()
        .groups((0..50).map(|n| Group::new(format!("team {n}")).members(["00uA"])))
        .group(group("g1", "aws_111122223333_Admin", ["00uA"]))
        .group(group("gBAD", "aws_12_AB", ["00uA"]))
        .group(group("gAD", "aws_111122223333_Ops", ["00uA"]).from_app("0oaAD"))
        .app(App::active_directory("0oaAD"))
        .app(mapping().user(AppUser::direct("00uA")));
    let run = Run::of(org).plain();
    let done = run.done();
    is_frugal(&done);
    assert_eq!(done.log.len(), 7 + 1, "the members of g1 alone: {:#?}", run.fake.log_lines());
    assert_eq!(done.log.len(), expected(&done, Some(groups_of(&run))));
}

#[test]
fn a_group_that_is_assigned_and_confers_is_read_once() {
    let org = people()
        .group(group("g1", "aws_111122223333_Admin", ["00uA"]))
        .app(mapping().group(AppGroup::new("g1").priority(0)));
    let done = Run::of(org).plain().done();
    assert_eq!(done.log.len(), 8);
    is_frugal(&done);
}

#[test]
fn every_list_over_its_page() {
    let ids = |from: usize, to: usize| (from..to).map(|n| format!("00u{n:04}")).collect::<Vec<_>>();
    let users = ids(0, 1001).into_iter().map(|id| User::new(format!("{id}@acme.test")).id(id));
    let org = || {
        rules(Org::new("acme"), 201)
            .users(users.clone())
            .group(Group::new("aws_111122223333_Admin").id("gBIG").members(ids(0, 1001)))
            .groups((0..201).map(|n| Group::new(format!("m{n}")).id(format!("gM{n:03}"))))
    };
    let assigned =
        |app: App| (0..201).fold(app, |app, n| app.group(AppGroup::new(format!("gM{n:03}")).priority(n)));
    let direct_users = |app: App| {
        ids(0, 501).into_iter().fold(app, |app, id| app.user(AppUser::direct(id).saml_roles(["Admin"])))
    };

    let run = Run::of(org().app(direct_users(assigned(mapping())))).plain();
    let done = run.done();
    assert_eq!(done.log.len(), 3 + 2 + 2 + 2 + (201 + 2) + 2);
    assert_eq!(done.log.len(), expected(&done, Some(groups_of(&run))));
    is_frugal(&done);

    let run = Run::of(org().app(direct_users(assigned(direct())))).plain();
    let done = run.done();
    assert_eq!(done.log.len(), 3 + 2 + 2 + 2 + 201 + 2);
    assert_eq!(done.log.len(), expected(&done, None));
    is_frugal(&done);
}

#[test]
fn generated_orgs_cost_what_their_size_demands() {
    let direct = |join, union| Mode::Direct { join, union };
    let modes = [Mode::Mapping, direct(false, false), direct(true, false), direct(false, true)];
    for (seed, mode) in (1..).zip(modes) {
        let spec = GeneratorSpec {
            seed,
            mode,
            users: 1300,
            groups: 450,
            accounts: 6,
            roles_per_account: 10,
            memberships: 3000,
            direct_users: 120,
            ..GeneratorSpec::default()
        };
        let run = Run::of(orgs::generated(&spec)).plain();
        let done = run.done();
        let groups = (mode == Mode::Mapping).then(|| groups_of(&run));
        assert_eq!(done.log.len(), expected(&done, groups), "{spec:?}");
        is_frugal(&done);
    }
}

#[test]
fn a_small_org_meets_no_refusal_within_oktas_default_limits() {
    let spec = GeneratorSpec {
        users: 1200,
        groups: 300,
        accounts: 5,
        roles_per_account: 8,
        memberships: 1500,
        ..GeneratorSpec::default()
    };
    for mode in [Mode::Mapping, Mode::Direct { join: false, union: false }] {
        let org = orgs::generated(&GeneratorSpec { mode, direct_users: 50, ..spec.clone() });
        let done = Run::with(org, Options::default()).plain().done();
        assert!(done.log.iter().all(|entry| entry.status == 200), "{mode:?}");
        is_frugal(&done);
    }
}

/// Users who hold an admin role.
fn admins(facts: &Facts) -> BTreeSet<&str> {
    facts.admin_roles.iter().flat_map(|role| role.users.keys()).map(rolebook_ledger::UserId::as_str).collect()
}

#[test]
fn admin_roles_add_their_list_each_holder_their_groups_and_strangers() {
    let org = people()
        .user(User::new("dan@acme.test").id("00uD"))
        .group(group("g1", "ops", ["00uB"]))
        .group(group("g2", "readers", ["00uB"]))
        .group(group("g3", "not an admin", ["00uA"]))
        .app(
            direct()
                .group(AppGroup::new("g1").priority(0).saml_roles(["Ops"]))
                .group(AppGroup::new("g2").priority(1).saml_roles(["ReadOnly"]))
                .group(AppGroup::new("g3").priority(2).saml_roles(["ReadOnly"])),
        )
        .user_role("00uA", AdminRole::OrgAdmin, RoleTargets::all())
        .user_role("00uD", AdminRole::HelpDeskAdmin, RoleTargets::all())
        .group_role("g1", AdminRole::AppAdmin, RoleTargets::all());
    let run = Run::of(org).token("super").admin_roles(AdminRoles::On);
    let done = run.done();
    let holders = admins(&done.facts);
    assert!(["00uA", "00uB", "00uD"].iter().all(|id| holders.contains(id)), "{holders:?}");
    // Ann and bob are app users; dan and the token's owner are read one by one.
    let strangers = holders.iter().filter(|id| !["00uA", "00uB"].contains(id)).count();
    let asked: BTreeSet<&str> = done
        .log
        .iter()
        .filter_map(|entry| entry.path.strip_prefix("/api/v1/groups/")?.strip_suffix("/roles"))
        .collect();
    assert!(asked.contains("g1"), "{asked:?}");
    assert!(!asked.contains("g3"), "nobody holds a role through g3: {asked:?}");
    let base = expected(&done, None);
    assert_eq!(
        done.log.len(),
        base + pages(holders.len(), 100) + holders.len() + asked.len() + strangers,
        "{:#?}",
        run.fake.log_lines()
    );
    is_frugal(&done);
}

#[test]
fn more_than_a_hundred_admins_take_a_second_page() {
    let ids: Vec<String> = (0..130).map(|n| format!("00u{n:04}")).collect();
    let org = ids.iter().fold(Org::new("acme"), |org, id| {
        org.user(User::new(format!("{id}@acme.test")).id(id.as_str())).user_role(
            id,
            AdminRole::ReportAdmin,
            RoleTargets::all(),
        )
    });
    let app = ids.iter().take(30).fold(direct(), |app, id| app.user(AppUser::direct(id.as_str())));
    let done = Run::of(org.app(app)).token("super").admin_roles(AdminRoles::On).done();
    let holders = admins(&done.facts).len();
    assert!(holders >= 130, "{holders}");
    let strangers = holders - 30;
    assert_eq!(done.log.len(), expected(&done, None) + pages(holders, 100) + holders + strangers);
    is_frugal(&done);
}
