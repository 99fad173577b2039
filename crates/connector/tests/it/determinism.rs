//! How Okta answers (in which order, in pages of which size, how fast) leaves no mark in the file.

use std::time::Duration;

use rolebook_connector::AdminRoles;
use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, FakeOkta, Fault, Group, GroupRule, Options, Org, RoleTargets, User,
    orgs::{self, GeneratorSpec, Mode},
};

use crate::run::{Run, direct, mapping, unlimited};

/// The file of a sync into an empty place.
fn fresh(run: &Run) -> Vec<u8> {
    let _ = std::fs::remove_file(run.file());
    run.done();
    run.bytes()
}

fn generated(mode: Mode) -> Org {
    orgs::generated(&GeneratorSpec {
        mode,
        users: 1100,
        groups: 420,
        accounts: 4,
        roles_per_account: 8,
        memberships: 1500,
        direct_users: 300,
        ..GeneratorSpec::default()
    })
}

#[test]
fn the_same_org_gives_the_same_bytes_however_it_is_served() {
    for mode in [Mode::Mapping, Mode::Direct { join: true, union: false }] {
        let run = Run::frozen(generated(mode)).plain();
        let first = fresh(&run);
        assert_eq!(first, fresh(&run), "again: {mode:?}");

        run.fake.configure(|okta| okta.next_loses_expand = true);
        assert_eq!(first, fresh(&run), "next loses expand: {mode:?}");
        run.fake.configure(|okta| okta.groups_max = 100);
        assert_eq!(first, fresh(&run), "smaller pages: {mode:?}");
        run.fake.configure(|okta| okta.latency = Duration::from_millis(2));
        assert_eq!(first, fresh(&run), "slower: {mode:?}");

        // Lists now end in another order than they began in, and members of groups come late at random.
        run.fake.add_fault(Fault::on("/api/v1/apps/*/users").latency(Duration::from_millis(60)));
        run.fake.add_fault(Fault::on("/api/v1/groups/*/users").chance(30).latency(Duration::from_millis(20)));
        assert_eq!(first, fresh(&run), "jitter: {mode:?}");
        run.fake.clear_faults();
        run.fake.add_fault(Fault::on("/api/v1/groups/**").chance(4).status(503));
        assert_eq!(first, fresh(&run), "with repetitions: {mode:?}");
    }
}

#[test]
fn one_request_at_a_time_or_many_give_the_same_bytes() {
    let run = Run::frozen(generated(Mode::Direct { join: false, union: true })).plain().in_flight(1);
    let first = fresh(&run);
    let run = run.in_flight(32);
    assert_eq!(first, fresh(&run));
}

/// One org, its parts named in this order or the other.
fn listed(backwards: bool, app: fn() -> App) -> Org {
    let order = |count: usize| -> Vec<usize> {
        if backwards { (0..count).rev().collect() } else { (0..count).collect() }
    };
    let org = Org::new("acme")
        .users(order(40).into_iter().map(|n| User::new(format!("u{n}@acme.test")).id(format!("00u{n:03}"))));
    let org = order(30).into_iter().fold(org, |org, n| {
        let members =
            order(40).into_iter().filter(|user| user % (n + 2) == 0).map(|user| format!("00u{user:03}"));
        org.group(
            Group::new(format!("aws_{:012}_Role{n}", n % 7 + 1)).id(format!("g{n:03}")).members(members),
        )
        .rule(GroupRule::new(format!("rule {n}"), "true").id(format!("0pr{n:03}")).inactive())
    });
    let app = order(10).into_iter().fold(app(), |app, n| {
        let roles = [format!("Role{}", n % 3), "Shared".to_owned()];
        app.group(AppGroup::new(format!("g{n:03}")).priority(i64::try_from(n).unwrap()).saml_roles(roles))
    });
    let app = order(12).into_iter().fold(app, |app, n| {
        app.user(
            AppUser::direct(format!("00u{:03}", n * 3)).saml_roles(["Own".to_owned(), format!("Role{n}")]),
        )
    });
    order(4).into_iter().fold(org.app(app), |org, n| {
        org.user_role(&format!("00u{n:03}"), AdminRole::OrgAdmin, RoleTargets::all()).group_role(
            &format!("g{n:03}"),
            AdminRole::AppAdmin,
            RoleTargets::all(),
        )
    })
}

#[test]
fn the_order_of_lists_leaves_no_mark() {
    for app in [mapping as fn() -> App, direct] {
        let run = Run::frozen(listed(false, app)).token("super").admin_roles(AdminRoles::On);
        let first = fresh(&run);
        // The file names the host that was asked, so the other org must live at the same address.
        let listen = run.fake.address();
        let mut run = run;
        run.fake = FakeOkta::start(Org::new("aside"), unlimited()).unwrap();
        run.fake = FakeOkta::start(listed(true, app), Options { listen, ..unlimited() }).unwrap();
        assert_eq!(first, fresh(&run));
    }
}

#[test]
fn only_clock_and_randomness_tell_two_syncs_apart() {
    let run = Run::frozen(listed(false, direct)).plain();
    let first = fresh(&run);
    run.later(1);
    assert_ne!(first, fresh(&run));
    run.later(-1);
    assert_eq!(first, fresh(&run));
    let run = run.options(|sync| sync.random = [8; 16]);
    assert_ne!(first, fresh(&run));
}
