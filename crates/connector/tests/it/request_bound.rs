//! The request bound, exactly, read off the fake's log.

use std::collections::BTreeSet;

use rolebook_connector::AdminRoles;
use rolebook_fake_okta::{AdminRole, AppGroup, AppUser, GroupRule, Options, Org, RoleTargets, User, orgs};

use crate::run::{Run, direct, group, mapping, people};

fn pages(items: u64, per_page: u64) -> u64 {
    items.div_ceil(per_page).max(1)
}

/// Requests, the summary's bound, no 429 of our own making and no question asked twice.
fn assert_cost(run: &Run, expected: u64) {
    let done = run.done();
    let lines: Vec<String> = done.log.iter().map(|entry| format!("{} {}", entry.path, entry.query)).collect();
    assert_eq!(done.log.len() as u64, expected, "{lines:#?}");
    assert_eq!(done.summary.bound.requests(), expected);
    assert_eq!(done.summary.requests(), expected);
    assert!(done.log.iter().all(|entry| !entry.limited && entry.status == 200));
    assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len(), "asked twice: {lines:#?}");
}

#[test]
fn a_small_org_costs_its_bound_within_okta_s_own_limits() {
    let org = people()
        .group(group("g1", "aws_111122223333_Admin", ["00uA"]))
        .group(group("g2", "ordinary", ["00uA"]))
        .group(group("g9", "all-aws", ["00uA"]))
        .app(mapping().group(AppGroup::new("g9")));
    // org, app, owner; rules, app users, app groups; groups; members of g1 (confers) and g9 (assigned), not of g2
    assert_cost(&Run::with(org, Options::default()).plain(), 3 + 3 + 1 + 2);
    let org = people()
        .group(group("gX", "gX", ["00uA"]))
        .group(group("gY", "not assigned", ["00uA"]))
        .app(direct().group(AppGroup::new("gX").saml_roles(["Admin"])));
    // the same three and three; schema and types; members of gX
    assert_cost(&Run::with(org, Options::default()).plain(), 3 + 3 + 2 + 1);
}

#[test]
fn an_empty_app_costs_one_request_per_list() {
    assert_cost(&Run::of(Org::new("acme").app(mapping())).plain(), 3 + 3 + 1);
    assert_cost(&Run::of(Org::new("acme").app(direct())).plain(), 3 + 3 + 2);
}

#[test]
fn full_pages_cost_what_the_formula_says() {
    for users in [500u64, 501, 1000, 1001] {
        let org = (0..users).fold(Org::new("acme"), |org, n| org.user(User::new(format!("u{n}@acme.test"))));
        let everybody: Vec<String> = (0..users).map(|n| format!("u{n}@acme.test")).collect();
        let org = (0..201)
            .fold(org, |org, n| org.rule(GroupRule::new(format!("rule {n}"), "true").assigns(["all"])));
        let org = org
            .group(rolebook_fake_okta::Group::new("all").id("all").members(everybody))
            .app(direct().group(AppGroup::new("all").saml_roles(["Admin"])));
        let expected = 3 + pages(users, 500) + 1 + pages(201, 200) + 2 + pages(users, 1000);
        assert_cost(&Run::of(org).plain(), expected);
    }
}

#[test]
fn generated_orgs_cost_their_bound_in_every_mode() {
    let direct = |join, union| orgs::Mode::Direct { join, union };
    for mode in [
        orgs::Mode::Mapping,
        direct(false, false),
        direct(false, true),
        direct(true, false),
        direct(true, true),
    ] {
        let run = Run::of(orgs::generated(&orgs::GeneratorSpec {
            mode,
            users: 1_200,
            groups: 450,
            accounts: 6,
            roles_per_account: 5,
            memberships: 3_000,
            ..orgs::GeneratorSpec::default()
        }))
        .plain();
        let done = run.done();
        assert_eq!(done.log.len() as u64, done.summary.bound.requests(), "{mode:?}");
        for entry in &done.log {
            let limit = match entry.path.as_str() {
                path if path.ends_with("/groups/rules") || path.ends_with("0oaAWS/groups") => "limit=200",
                "/api/v1/groups" => "limit=200",
                path if path.ends_with("0oaAWS/users") => "limit=500",
                path if path.contains("/groups/") && path.ends_with("/users") => "limit=1000",
                _ => continue,
            };
            assert!(entry.query.contains(limit), "{} {}", entry.path, entry.query);
        }
    }
}

#[test]
fn admin_roles_add_each_holder_once_and_the_groups_that_may_hold_one() {
    let org = people()
        .group(group("g1", "aws_111122223333_Admin", ["00uA"]))
        .app(mapping().user(AppUser::direct("00uA")))
        .user_role("00uC", AdminRole::SuperAdmin, RoleTargets::all())
        .group_role("g1", AdminRole::AppAdmin, RoleTargets::all());
    let done = Run::of(org).token("super").admin_roles(AdminRoles::Auto).done();
    let holders: BTreeSet<_> = done.facts.admin_roles.iter().flat_map(|role| role.users.keys()).collect();
    assert_eq!(done.asked("/iam/assignees/users"), 1);
    let roles_of = |kind: &str| {
        done.log.iter().filter(|entry| entry.path.contains(kind) && entry.path.ends_with("/roles")).count()
    };
    assert_eq!((roles_of("/users/"), roles_of("/groups/")), (holders.len(), 1));
    assert_eq!(done.log.len() as u64, done.summary.bound.requests());
}
