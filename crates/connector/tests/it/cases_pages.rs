//! Cases P: page boundaries.

use rolebook_connector::{AdminRoles, ErrorKind};
use rolebook_fake_okta::{AdminRole, AppGroup, AppUser, Fault, Group, GroupRule, Org, RoleTargets, User};

use crate::run::{Done, Run, direct, mapping, people};

fn app_groups(count: usize) -> Org {
    let id = |n| format!("g{n:04}");
    let app = (0..count).fold(direct(), |app, n| {
        app.group(AppGroup::new(id(n)).priority(i64::try_from(n).unwrap()).saml_roles([format!("R{n}")]))
    });
    people().groups((0..count).map(|n| Group::new(format!("team {n}")).id(id(n)))).app(app)
}

fn app_users(count: usize) -> Org {
    let users = (0..count).map(|n| User::new(format!("u{n:04}@acme.test")).id(format!("00u{n:04}")));
    let app = (0..count)
        .fold(direct(), |app, n| app.user(AppUser::direct(format!("00u{n:04}")).saml_roles(["Admin"])));
    Org::new("acme").users(users).app(app)
}

fn members(count: usize) -> Org {
    let users: Vec<String> = (0..count).map(|n| format!("00u{n:05}")).collect();
    let people = users.iter().map(|id| User::new(format!("{id}@acme.test")).id(id.as_str()));
    Org::new("acme")
        .users(people)
        .group(Group::new("aws_111122223333_Admin").id("g1").members(users))
        .app(mapping())
}

fn plain(org: Org) -> Done {
    Run::of(org).plain().done()
}

#[test]
fn p1_no_groups_is_no_error() {
    let done = plain(people().app(mapping()));
    assert_eq!(done.asked("/api/v1/groups"), 1);
    assert!(done.rows.ids("account").is_empty() && done.rows.ids("group").is_empty());
}

#[test]
fn p2_app_groups_end_at_two_hundred() {
    for (count, pages) in [(199, 1), (200, 1), (201, 2), (400, 2), (401, 3)] {
        let done = plain(app_groups(count));
        assert_eq!(done.asked("/apps/0oaAWS/groups"), pages, "{count}");
        assert_eq!(done.rows.ids("group").len(), count);
        assert_eq!(done.rows.entitlements_of("account").len(), count);
    }
}

#[test]
fn p3_app_users_end_at_five_hundred() {
    for (count, pages) in [(499, 1), (500, 1), (501, 2), (1000, 2), (1001, 3)] {
        let done = plain(app_users(count));
        assert_eq!(done.asked("/apps/0oaAWS/users"), pages, "{count}");
        assert_eq!(done.rows.ids("user").len(), count);
        assert_eq!(done.rows.holders("account:111122223333:Admin").len(), count);
    }
}

#[test]
fn p3_org_groups_end_at_two_hundred_members_at_a_thousand_rules_at_two_hundred() {
    for (count, pages) in [(200, 1), (201, 2)] {
        let groups = (0..count).map(|n| Group::new(format!("aws_{n:012}_Admin")).id(format!("g{n:04}")));
        let done = plain(people().groups(groups).app(mapping()));
        assert_eq!(done.asked("/api/v1/groups"), pages, "{count}");
        assert_eq!(done.rows.ids("account").len(), count);

        let rules = (0..count).fold(people().group(Group::new("x").id("gX")), |org, n| {
            org.rule(GroupRule::new(format!("r{n}"), "true").id(format!("0pr{n:04}")).assigns(["gX"]))
        });
        let done = plain(rules.app(direct()));
        assert_eq!(done.asked("/groups/rules"), pages, "{count}");
        assert_eq!(done.facts.group_rules.len(), count);
    }
    for (count, pages) in [(999, 1), (1000, 1), (1001, 2)] {
        let done = plain(members(count));
        assert_eq!(done.asked("/groups/g1/users"), pages, "{count}");
        assert_eq!(done.rows.holders("group:g1:member").len(), count);
    }
}

#[test]
fn p5_an_empty_last_page_ends_the_list() {
    let run = Run::of(app_users(500)).plain().fault(Fault::on("/api/v1/apps/*/users").empty_last_page());
    let done = run.done();
    assert_eq!(done.asked("/apps/0oaAWS/users"), 2);
    assert_eq!(done.rows.ids("user").len(), 500);
}

#[test]
fn p9_a_next_link_that_repeats_is_an_error() {
    for path in ["/api/v1/apps/*/users", "/api/v1/apps/*/groups", "/api/v1/groups"] {
        let org = people()
            .groups((0..450).map(|n| Group::new(format!("t{n}")).id(format!("g{n:04}"))))
            .app((0..450).fold(mapping(), |app, n| app.group(AppGroup::new(format!("g{n:04}")).priority(n))));
        let org = (0..1100)
            .fold(org, |org, n| org.user(User::new(format!("u{n}@acme.test")).id(format!("00u{n:04}"))));
        let org = org.group(Group::new("all").id("gALL").members((0..1100).map(|n| format!("00u{n:04}"))));
        let run = Run::of(org).plain().fault(Fault::on(path).page(2).next_repeats());
        run.fake.change(|org| {
            for n in 0..1100 {
                org.put_app_user("0oaAWS", AppUser::direct(format!("00u{n:04}")));
            }
        });
        let error = run.refused();
        assert!(format!("{error:?}").contains("PagingLoop"), "{path}: {error}");
    }
}

#[test]
fn p9_a_list_without_end_is_given_up() {
    // Two pages that come again and again under new cursors. The fault itself ends, so that this test does too.
    let fault = Fault::on("/api/v1/apps/*/groups").next_endless().count(700);
    let run = Run::of(app_groups(201)).plain().fault(fault);
    let error = run.refused();
    assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
    assert!(run.fake.log().len() < 500, "{error}");
}

#[test]
fn p9_a_next_link_to_another_host_gets_no_token() {
    let run = Run::of(app_users(501))
        .plain()
        .fault(Fault::on("/api/v1/apps/*/users").next_foreign("https://evil.test"));
    run.refused();
}

#[test]
fn p10_admins_end_at_a_hundred() {
    for (count, pages) in [(99, 1), (100, 1), (101, 2), (201, 3)] {
        let ids: Vec<String> = (0..count).map(|n| format!("00u{n:04}")).collect();
        let org = ids.iter().fold(Org::new("acme"), |org, id| {
            org.user(User::new(format!("{id}@acme.test")).id(id.as_str())).user_role(
                id,
                AdminRole::OrgAdmin,
                RoleTargets::all(),
            )
        });
        let run = Run::of(org.app(direct())).token("super").admin_roles(AdminRoles::On);
        let done = run.done();
        assert_eq!(done.asked("/iam/assignees/users"), pages, "{count}");
        let holders = done.rows.holders("role:ORG_ADMIN:assigned");
        assert!(ids.iter().all(|id| holders.contains(&format!("user:{id}"))), "{count}");
    }
}

#[test]
fn p11_an_item_on_two_pages_is_one_row() {
    let run = Run::of(app_users(900)).plain().fault(Fault::on("/api/v1/apps/*/users").page(1).overlap(30));
    let done = run.done();
    assert_eq!(done.rows.ids("user").len(), 900);
    assert_eq!(done.rows.holders("app:0oaAWS:access").len(), 900);
    assert_eq!(done.summary.counts.assigned, 900);

    let run = Run::of(app_groups(350)).plain().fault(Fault::on("/api/v1/apps/*/groups").page(1).duplicate());
    let done = run.done();
    assert_eq!(done.rows.ids("group").len(), 350);
    // App users, the members of each group once, and whether the token sees anybody.
    assert_eq!(done.asked("/users"), 1 + 350 + 1, "the members of no group are read twice");
}

#[test]
fn p13_the_groups_of_the_org_are_listed_once() {
    let names = (0..20_000).map(|n| {
        let name = if n % 10 == 0 {
            format!("aws_{:012}_Role{}", 1 + n / 100, n % 100)
        } else {
            format!("team-{n}")
        };
        Group::new(name)
    });
    let done = plain(Org::new("acme").user(User::new("ann@acme.test")).groups(names).app(mapping()));
    assert_eq!(done.rows.ids("account").len(), 200);
    assert_eq!(done.asked("/api/v1/groups"), 100);
    assert_eq!(done.rows.ids("group").len(), 2000);
}
