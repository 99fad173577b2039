//! Generated sequences of changes: whatever happens in the org, and however late log and dates are, the incremental
//! file holds what a full one would, once the log has had time to tell.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rolebook_connector::{EVENT_LAG, FULL_EVERY, IncrementalOptions, accept_held};
use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, FakeOkta, Group, GroupRule, Org, RoleTargets, User, UserStatus,
};
use rolebook_ledger::Facts;

use crate::incremental::{content, pass};
use crate::rows::Rows;
use crate::run::{APP, Run, direct, mapping, unlimited};

const STATUS: [UserStatus; 6] = [
    UserStatus::Active,
    UserStatus::Suspended,
    UserStatus::Deprovisioned,
    UserStatus::LockedOut,
    UserStatus::PasswordExpired,
    UserStatus::Staged,
];
const NAMES: [&str; 6] = [
    "aws_111122223333_Admin",
    "aws_111122223333_Ops",
    "aws_444455556666_Admin",
    "aws_777788889999_Read",
    "aws_12_short",
    "office",
];
const ROLES: [&str; 4] = ["Admin", "Ops", "Read", "Audit"];

fn org(app: App, rng: &mut SmallRng) -> Org {
    let mut org =
        Org::new("acme").users((0..6).map(|n| User::new(format!("u{n}@acme.test")).id(format!("00u{n}"))));
    if rng.random_bool(0.5) {
        org = org.everyone();
    }
    for (n, name) in NAMES.iter().enumerate() {
        let members: Vec<String> =
            (0..6).filter(|_| rng.random_bool(0.4)).map(|user| format!("00u{user}")).collect();
        org = org.group(Group::new(format!("{name}{n}")).id(format!("00g{n}")).members(members));
    }
    let app = app
        .group(AppGroup::new("00g0").priority(0).saml_roles(["Admin"]))
        .group(AppGroup::new("00g5").priority(1).saml_roles(["Ops", "Read"]))
        .user(AppUser::direct("00u1").saml_roles(["Read"]));
    org.app(app)
}

fn user(rng: &mut SmallRng) -> String {
    format!("00u{}", rng.random_range(0..8))
}

fn group(rng: &mut SmallRng) -> String {
    format!("00g{}", rng.random_range(0..8))
}

/// One change, and what it is called when a sequence fails.
fn change(fake: &FakeOkta, rng: &mut SmallRng, number: usize) -> String {
    let (user, group) = (user(rng), group(rng));
    let name = format!("{}{number}", NAMES.choose(rng).unwrap());
    let role = *ROLES.choose(rng).unwrap();
    let (kind, pick, status) =
        (rng.random_range(0..100), rng.random_range(0..5), *STATUS.choose(rng).unwrap());
    fake.change(|org| match kind {
        0..20 => format!("add {user} to {group}: {}", org.add_member(&group, &user)),
        20..35 => format!("remove {user} from {group}: {}", org.remove_member(&group, &user)),
        35..43 => {
            let spec = AppUser::direct(user.as_str()).saml_roles([role]);
            format!("assign {user}: {}", org.put_app_user(APP, spec))
        }
        43..48 => format!("unassign {user}: {}", org.remove_app_user(APP, &user)),
        48..54 => {
            let spec = AppGroup::new(group.as_str()).priority(pick).saml_roles([role]);
            format!("assign {group}: {}", org.put_app_group(APP, spec))
        }
        54..58 => format!("unassign {group}: {}", org.remove_app_group(APP, &group)),
        58..66 => {
            let id = user.clone();
            org.put_user(User::new(format!("{user}@acme.test")).id(id).name(name.as_str(), "Changed"));
            format!("profile of {user}")
        }
        66..75 => format!("{user} is {status:?}: {}", org.set_status(&user, status)),
        75..78 => format!("delete {user}: {}", org.remove_user(&user)),
        78..84 => {
            org.put_group(Group::new(name.as_str()).id(group.as_str()));
            format!("{group} is called {name}")
        }
        84..88 => {
            org.put_group(Group::new(name.as_str()).id(format!("00gNew{number}")).members([user.as_str()]));
            format!("new group {name}")
        }
        88..92 => format!("delete {group}: {}", org.remove_group(&group)),
        92..94 => {
            org.put_user_role(&user, AdminRole::AppAdmin, RoleTargets::all());
            format!("{user} is an admin")
        }
        94..96 => {
            let rule = GroupRule::new(format!("r{number}"), "true").assigns([group.as_str()]);
            org.put_rule(rule.holds([user.as_str()]));
            format!("a rule puts {user} into {group}")
        }
        96..98 => {
            let setting = |app: App| app.setting("sessionDuration", 3600 + i64::try_from(number).unwrap());
            format!("setting: {}", org.change_app(APP, setting))
        }
        _ => format!("union: {}", org.change_app(APP, |app| app.union(number.is_multiple_of(2)))),
    })
}

/// What a full sync into another file holds.
fn full(run: &mut Run) -> (Facts, Rows) {
    let (file, incremental) = (run.sync.file.clone(), run.sync.incremental.take());
    run.sync.file = file.with_file_name("full.c1z");
    let _ = std::fs::remove_file(&run.sync.file);
    run.done();
    let seen = run.open();
    (run.sync.file, run.sync.incremental) = (file, incremental);
    seen
}

/// A run of the sequence; whether its last sync was incremental, and had something to do.
fn sequence(app: App, seed: u64) -> (bool, bool) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut run = Run::with(org(app, &mut rng), unlimited()).plain();
    run.fake.configure(|okta| {
        okta.log_lag = Duration::from_secs(rng.random_range(0..=90));
        okta.date_lag = Duration::from_secs(rng.random_range(0..=90));
        okta.fan_out_lag = Duration::from_secs(*[0, 0, 10, 40].choose(&mut rng).unwrap());
    });
    run.sync.incremental = Some(IncrementalOptions { event_lag: EVENT_LAG, full_every: FULL_EVERY });
    run.done();
    let mut told = Vec::new();
    let mut last = None;
    let rounds = rng.random_range(1..=6);
    for round in 0..=rounds {
        if round < rounds {
            for number in 0..rng.random_range(0..4) {
                told.push(change(&run.fake, &mut rng, round * 10 + number));
                pass(&run, rng.random_range(0..40));
            }
            pass(&run, rng.random_range(0..200));
        } else {
            pass(&run, 121);
        }
        let done = run.done();
        if done.summary.held.is_some() {
            let now = done.summary.to;
            accept_held(&run.sync.file, "the sequence says so", "a test", now).unwrap();
        }
        told.push(format!("sync: full because {:?}", done.summary.why_full));
        last = Some(done);
    }
    let (facts, rows) = run.open();
    let (full_facts, full_rows) = full(&mut run);
    let told = told.join("\n  ");
    assert_eq!(content(facts), content(full_facts), "seed {seed}:\n  {told}");
    assert_eq!(rows.encoded, full_rows.encoded, "seed {seed}:\n  {told}");
    let record = last.unwrap().summary.coverage.incremental;
    (record.is_some(), record.is_some_and(|record| record.entries > 0))
}

fn sequences(app: fn() -> App, seeds: std::ops::Range<u64>) {
    let count = seeds.end - seeds.start;
    let ends: Vec<(bool, bool)> = seeds.map(|seed| sequence(app(), seed)).collect();
    let incremental = ends.iter().filter(|end| end.0).count() as u64;
    let at_work = ends.iter().filter(|end| end.1).count() as u64;
    assert!(incremental > count / 2, "only {incremental} of {count} sequences ended without a full run");
    assert!(at_work > count / 5, "only {at_work} of {count} sequences ended with changes read again");
}

#[test]
fn after_any_changes_in_mapping_mode_the_incremental_file_holds_what_a_full_one_does() {
    sequences(mapping, 0..40);
}

#[test]
fn after_any_changes_in_direct_mode_the_incremental_file_holds_what_a_full_one_does() {
    sequences(direct, 1000..1040);
}

#[test]
fn after_any_changes_with_joined_roles_the_incremental_file_holds_what_a_full_one_does() {
    sequences(|| direct().setting("joinAllRoles", true), 2000..2020);
}
