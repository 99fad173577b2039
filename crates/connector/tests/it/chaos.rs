//! Syncs through random faults, cut-offs and changes under way. Whatever happens, the file equals what an undisturbed
//! sync gives, or names what it lacks, or nothing is sealed and the error tells the truth.
//!
//! A run follows from its seed. `ROLEBOOK_CHAOS_RUNS` says how many runs (default 24), `ROLEBOOK_CHAOS_SEED` where
//! they begin; a failing run names its seed. `just chaos` runs it long.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rolebook_connector::{AdminRoles, SyncError};
use rolebook_fake_okta::{
    AdminRole, AppUser, Fault, Org, RoleTargets, User,
    orgs::{self, GeneratorSpec, Mode},
};
use rolebook_federation::Union;
use rolebook_ledger::{Facts, GroupId, ListCoverage, UserRecord};

use crate::run::{Run, unlimited};

/// Users who come and go while a sync runs; what a file says of them is not judged.
const PASSING: &str = "00uPassing";

#[test]
#[expect(clippy::disallowed_methods, reason = "how long a chaos run is comes from whoever starts it")]
fn random_faults_end_in_a_true_file_or_a_true_error() {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name)
            .ok()
            .map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
    };
    let first = number("ROLEBOOK_CHAOS_SEED", 1);
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in first..first + number("ROLEBOOK_CHAOS_RUNS", 24) {
        let end = chaos(seed)
            .unwrap_or_else(|why| panic!("ROLEBOOK_CHAOS_SEED={seed} ROLEBOOK_CHAOS_RUNS=1: {why}"));
        *ends.entry(end).or_default() += 1;
    }
    println!("{ends:?}");
}

/// One run: an undisturbed sync, then disturbed ones.
fn chaos(seed: u64) -> Result<&'static str, String> {
    let mut random = SmallRng::seed_from_u64(seed);
    let run = Run::with(org(seed, &mut random), unlimited());
    run.fake.configure(|okta| okta.groups_max = 10);
    let run =
        if random.random_bool(0.5) { run.token("super").admin_roles(AdminRoles::Auto) } else { run.plain() };
    let oracle = run.done().facts;
    run.later(60);
    if random.random_bool(0.5) {
        std::fs::remove_file(run.file()).unwrap();
    }
    for _ in 0..random.random_range(1..=4) {
        run.fake.add_fault(fault(&mut random));
    }
    let before = std::fs::read(run.file()).ok();
    let passing = random.random_bool(0.4);
    let outcome = if random.random_bool(0.3) {
        run.cut_off_at_or_end(random.random_range(3..25))
    } else if passing {
        while_users_pass(&run)
    } else {
        Some(run.summary_on(|| {}))
    };
    let token = [run.fake.token("super"), run.fake.token("read_only")];
    let Some(outcome) = outcome else {
        // Killed: the rerun, undisturbed, knows everything.
        if std::fs::read(run.file()).ok() != before {
            return Err("a run that was cut off changed the file".to_owned());
        }
        run.later(60);
        let done = run.done();
        judge(&oracle, &done.facts, &BTreeSet::new())?;
        return Ok("cut off, then taken up");
    };
    match outcome {
        Ok(summary) if summary.held.is_some() => {
            if std::fs::read(run.file()).ok() != before {
                return Err("a held sync changed the file in force".to_owned());
            }
            // Only groups that were gone can be a loss here.
            if summary.warnings.get("group-gone").is_none() {
                return Err(format!("held without a loss: {:?}", summary.held));
            }
            Ok("held")
        }
        Ok(summary) => {
            let (facts, _) = run.open();
            // A warning names samples only; how many it counts must be how many are missing.
            let there: BTreeSet<&str> = facts.groups.iter().map(|group| group.id.as_str()).collect();
            let ids = oracle.groups.iter().map(|group| group.id.as_str());
            let gone: BTreeSet<String> = ids.filter(|id| !there.contains(id)).map(str::to_owned).collect();
            let told = summary.warnings.get("group-gone").map_or(0, |warning| warning.count);
            if gone.len() as u64 != told {
                return Err(format!("{} groups are missing, {told} were named", gone.len()));
            }
            let mut facts = facts;
            if summary.warnings.get("admin-gone").is_some() || !gone.is_empty() {
                // Named, and then as good as not read.
                facts.admin_roles.clone_from(&oracle.admin_roles);
            }
            judge(&oracle, &facts, &gone)?;
            Ok(if complete(&facts) { "sealed whole" } else { "sealed, with what it lacks" })
        }
        Err(error) => {
            judge_error(&error, &token)?;
            if std::fs::read(run.file()).ok() != before {
                return Err(format!("a failed sync changed the file: {error}"));
            }
            // The next run, undisturbed, takes up what is left and knows everything.
            run.fake.clear_faults();
            run.later(60);
            judge(&oracle, &run.done().facts, &BTreeSet::new())?;
            Ok("failed")
        }
    }
}

fn org(seed: u64, random: &mut SmallRng) -> Org {
    let mode = match random.random_range(0..3) {
        0 => Mode::Direct { join: false, union: random.random_bool(0.5) },
        1 => Mode::Direct { join: true, union: false },
        _ => Mode::Mapping,
    };
    let mut org = orgs::generated(&GeneratorSpec {
        seed,
        mode,
        users: 60,
        groups: 30,
        accounts: 2,
        roles_per_account: 4,
        memberships: 150,
        direct_users: 15,
        ..GeneratorSpec::default()
    });
    let users: Vec<String> = org.user_ids().take(3).map(str::to_owned).collect();
    for (user, role) in
        users.iter().zip([AdminRole::SuperAdmin, AdminRole::AppAdmin, AdminRole::HelpDeskAdmin])
    {
        org.put_user_role(user, role, RoleTargets::all());
    }
    org
}

fn fault(random: &mut SmallRng) -> Fault {
    const PATHS: [&str; 13] = [
        "/api/v1/org",
        "/api/v1/users/me",
        "/api/v1/apps",
        "/api/v1/apps/*/users",
        "/api/v1/apps/*/groups",
        "/api/v1/groups",
        "/api/v1/groups/*/users",
        "/api/v1/groups/rules",
        "/api/v1/groups/**",
        "/api/v1/meta/**",
        "/api/v1/internal/**",
        "/api/v1/iam/**",
        "/api/v1/users/*/roles",
    ];
    let path = *PATHS.choose(random).unwrap();
    let fault = if random.random_bool(0.15) { Fault::everywhere() } else { Fault::on(path) };
    let fault = match random.random_range(0..21) {
        0 => fault.status(500),
        1 => fault.status(502),
        2 => fault.status(503),
        3 => fault.status(504),
        4 => fault.status(403),
        5 => fault.status(401),
        6 => fault.status(404),
        7 => fault.rate_limited().reset(1),
        8 => fault.cut(),
        9 => fault.drop_connection(),
        10 => fault.truncated_gzip(),
        11 => fault.html(),
        12 => fault.body("null"),
        13 => fault.body(r#"{"unexpected":"object"}"#),
        14 => fault.next_repeats(),
        15 => fault.next_endless(),
        16 => fault.next_foreign("https://evil.test"),
        17 => fault.overlap(3),
        18 => fault.duplicate(),
        19 => fault.skew(random.random_range(-4000..4000)),
        _ => fault.empty_last_page(),
    };
    let fault = if random.random_bool(0.3) { fault.page(random.random_range(1..4)) } else { fault };
    let fault = if random.random_bool(0.3) { fault.skip(random.random_range(1..6)) } else { fault };
    if random.random_bool(0.7) { fault.count(random.random_range(1..6)) } else { fault }
}

/// People are added, assigned and removed while the sync runs.
fn while_users_pass(run: &Run) -> Option<Result<rolebook_connector::Summary, SyncError>> {
    run.fake.configure(|okta| okta.latency = Duration::from_millis(3));
    let stop = std::sync::atomic::AtomicBool::new(false);
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                let id = format!("{PASSING}{n:03}");
                run.fake.change(|org| {
                    org.put_user(User::new(format!("passing{n}@acme.test")).id(&id));
                    org.put_app_user("0oaAWS", AppUser::direct(id.as_str()).saml_roles(["Passing"]));
                    if n > 3 {
                        org.remove_user(&format!("{PASSING}{:03}", n - 3));
                    }
                });
                std::thread::sleep(Duration::from_millis(4));
            }
        });
        let outcome = run.summary_on(|| {});
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        outcome
    });
    run.fake.configure(|okta| okta.latency = Duration::ZERO);
    Some(outcome)
}

fn complete(facts: &Facts) -> bool {
    facts.coverage.lists.values().all(|list| matches!(list, ListCoverage::Full { .. }))
}

fn is_full(facts: &Facts, list: &str) -> bool {
    matches!(facts.coverage.lists.get(list), Some(ListCoverage::Full { .. }))
}

/// An error says something, gives a hint, and holds no token.
fn judge_error(error: &SyncError, tokens: &[String]) -> Result<(), String> {
    let text = format!("{error} {} {error:?}", error.hint());
    if error.to_string().trim().is_empty() || error.hint().trim().is_empty() {
        return Err(format!("an error without words: {error:?}"));
    }
    if tokens.iter().any(|token| text.contains(token.as_str())) {
        return Err("an error holds a token".to_owned());
    }
    Ok(())
}

/// Whether a file says what is so, as far as it claims to have read it. `gone` are groups that it says were gone.
fn judge(oracle: &Facts, file: &Facts, gone: &BTreeSet<String>) -> Result<(), String> {
    for list in ["app-users", "app-groups"] {
        if !is_full(file, list) {
            return Err(format!("sealed without {list}"));
        }
    }
    if file.app.settings != oracle.app.settings || file.org.id != oracle.org.id {
        return Err("another org or app".to_owned());
    }
    let unread = file.app.union == Union::Unknown && !is_full(file, "schema");
    if !unread && file.app.union != oracle.app.union {
        return Err(format!("union is {:?} and not {:?}", file.app.union, oracle.app.union));
    }
    let lacking: BTreeSet<&GroupId> =
        file.groups.iter().filter(|group| !group.members_read).map(|group| &group.id).collect();
    if is_full(file, "members") && (!gone.is_empty() || lacking_more_than(oracle, file)) {
        return Err("members are missing, and the file says it has them all".to_owned());
    }
    judge_groups(oracle, file, gone)?;
    let skip = |group: &GroupId| gone.contains(group.as_str()) || lacking.contains(group);
    judge_people(oracle, file, &skip)?;
    if is_full(file, "group-rules")
        && is_full(oracle, "group-rules")
        && file.group_rules != oracle.group_rules
    {
        return Err("other group rules".to_owned());
    }
    if is_full(file, "admin-roles")
        && is_full(oracle, "admin-roles")
        && file.admin_roles != oracle.admin_roles
    {
        return Err("other admin roles".to_owned());
    }
    if file.group_names != oracle.group_names {
        return Err("other group names".to_owned());
    }
    Ok(())
}

fn lacking_more_than(oracle: &Facts, file: &Facts) -> bool {
    let lacking = |facts: &Facts| facts.groups.iter().filter(|group| !group.members_read).count();
    lacking(file) > lacking(oracle)
}

fn judge_groups(oracle: &Facts, file: &Facts, gone: &BTreeSet<String>) -> Result<(), String> {
    let known: BTreeMap<&GroupId, _> = file.groups.iter().map(|group| (&group.id, group)).collect();
    for group in &oracle.groups {
        match known.get(&group.id) {
            None if gone.contains(group.id.as_str()) => {}
            None => return Err(format!("group {} is missing", group.id)),
            Some(found) if found.group == group.group => {}
            Some(found) => {
                return Err(format!("group {}: {:?} and not {:?}", group.id, found.group, group.group));
            }
        }
    }
    if file.groups.len() > oracle.groups.len() {
        return Err("groups that are not there".to_owned());
    }
    Ok(())
}

fn judge_people(oracle: &Facts, file: &Facts, skip: &impl Fn(&GroupId) -> bool) -> Result<(), String> {
    let groups = |facts: &Facts, user: &UserRecord| -> BTreeSet<GroupId> {
        let ids = user.user.groups.iter().map(|ix| facts.groups[*ix as usize].id.clone());
        ids.filter(|id| !skip(id)).collect()
    };
    let holds_role = |facts: &Facts, user: &UserRecord| {
        facts.admin_roles.iter().any(|role| role.users.contains_key(&user.id))
    };
    let found: BTreeMap<&str, &UserRecord> = file.users.iter().map(|user| (user.id.as_str(), user)).collect();
    for user in &oracle.users {
        let expected = groups(oracle, user);
        let Some(found) = found.get(user.id.as_str()) else {
            // Known through nothing that was read.
            let nothing = expected.is_empty() && user.assignment.is_none();
            if nothing
                && (user.user.groups.is_empty() || holds_role(oracle, user) || !is_full(file, "members"))
            {
                continue;
            }
            return Err(format!("user {} is missing", user.id));
        };
        if groups(file, found) != expected {
            return Err(format!("user {}: groups {:?} and not {expected:?}", user.id, groups(file, found)));
        }
        if found.user.app_user != user.user.app_user || found.assignment != user.assignment {
            return Err(format!("user {}: another assignment", user.id));
        }
        if found.person != user.person {
            return Err(format!("user {}: another person", user.id));
        }
    }
    let there: BTreeSet<&str> = oracle.users.iter().map(|user| user.id.as_str()).collect();
    match found.keys().find(|id| !there.contains(**id) && !id.starts_with(PASSING)) {
        Some(id) => Err(format!("user {id} is not there")),
        None => Ok(()),
    }
}

/// The judge sees every kind of lie: each is planted in a true file, one by one.
#[test]
fn planted_lies_are_seen() {
    for mode in [Mode::Mapping, Mode::Direct { join: false, union: true }] {
        let spec = GeneratorSpec {
            mode,
            users: 60,
            groups: 30,
            accounts: 2,
            roles_per_account: 4,
            memberships: 150,
            direct_users: 15,
            ..GeneratorSpec::default()
        };
        let mut org = orgs::generated(&spec);
        let admin = org.user_ids().next().unwrap().to_owned();
        org.put_user_role(&admin, AdminRole::SuperAdmin, RoleTargets::all());
        let run = Run::with(org, unlimited()).token("super").admin_roles(AdminRoles::On);
        let truth = run.done().facts;
        let seen = |lie: &str, plant: &dyn Fn(&mut Facts)| {
            let mut file = truth.clone();
            plant(&mut file);
            assert!(judge(&truth, &file, &BTreeSet::new()).is_err(), "{mode:?}: not seen: {lie}");
        };
        judge(&truth, &truth, &BTreeSet::new()).unwrap();
        let member = truth.users.iter().position(|user| !user.user.groups.is_empty()).unwrap();
        let assigned = truth.users.iter().position(|user| user.assignment.is_some()).unwrap();
        seen("a membership less", &|file| {
            file.users[member].user.groups.pop();
        });
        seen("a person less", &|file| drop(file.users.remove(assigned)));
        seen("a person more", &|file| {
            let mut stranger = file.users[assigned].clone();
            stranger.id = "00uStranger".into();
            file.users.push(stranger);
        });
        seen("no assignment", &|file| {
            file.users[assigned].assignment = None;
            file.users[assigned].user.app_user = None;
        });
        seen("another name", &|file| file.users[assigned].person.display_name.push('x'));
        seen("a group less", &|file| {
            for user in &mut file.users {
                user.user.groups.retain(|ix| *ix as usize != file.groups.len() - 1);
            }
            file.groups.pop();
        });
        seen("another priority or name", &|file| file.groups[0].group.name = Some("other".to_owned()));
        seen("members not read, said to be", &|file| file.groups[0].members_read = false);
        seen("no group rules", &|file| {
            file.group_rules.push(rolebook_ledger::GroupRule {
                id: "0prX".to_owned(),
                name: String::new(),
                status: String::new(),
                expression: String::new(),
                groups: Vec::new(),
            })
        });
        seen("no admin roles", &|file| file.admin_roles.clear());
        seen("app users not read", &|file| {
            file.coverage.lists.insert("app-users".to_owned(), ListCoverage::Not { why: String::new() });
        });
        seen("another setting", &|file| {
            drop(file.app.settings.insert("joinAllRoles".to_owned(), "perhaps".into()))
        });
        if matches!(mode, Mode::Mapping) {
            seen("a group name less", &|file| drop(file.group_names.pop()));
        } else {
            seen("another union", &|file| file.app.union = Union::Disabled);
        }
    }
    let bare = SyncError::UnknownApp { id: "SSWS secret".to_owned() };
    assert!(judge_error(&bare, &["secret".to_owned()]).is_err());
    assert!(judge_error(&bare, &["other".to_owned()]).is_ok());
}
