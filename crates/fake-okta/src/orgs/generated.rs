//! Orgs of any size, the same for the same seed.

use std::borrow::Cow;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

use super::people;
use crate::{App, AppGroup, AppUser, Group, Org, User, UserStatus};

/// How a generated org gives roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Group mapping: groups `aws_<account>_<role>`; a tenth of the users is assigned by nothing but a management
    /// group, see [`GeneratorSpec::assigned_percent`].
    Mapping,
    /// Assignment mode: `accounts × roles_per_account` role names, spread over app groups and direct assignments.
    Direct {
        /// `joinAllRoles`.
        join: bool,
        /// `union` of `samlRoles`.
        union: bool,
    },
}

/// What to generate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratorSpec {
    /// Everything follows from it.
    pub seed: u64,
    /// How roles are given.
    pub mode: Mode,
    /// Users in the org.
    pub users: usize,
    /// Groups in the org, role groups and management group included, Everyone not.
    pub groups: usize,
    /// AWS accounts.
    pub accounts: usize,
    /// Roles in each account.
    pub roles_per_account: usize,
    /// Memberships of role groups (mapping) or of app groups (direct).
    pub memberships: usize,
    /// Percent of users assigned to the app.
    pub assigned_percent: usize,
    /// In assignment mode: app users of scope USER, the rest comes by group.
    pub direct_users: usize,
    /// Whether there is an Everyone group.
    pub everyone: bool,
}

impl Default for GeneratorSpec {
    /// The size of a mid-sized company: 10,000 users, 5,000 groups, 50 accounts × 20 roles, 32,000 memberships.
    fn default() -> Self {
        Self {
            seed: 1,
            mode: Mode::Mapping,
            users: 10_000,
            groups: 5_000,
            accounts: 50,
            roles_per_account: 20,
            memberships: 32_000,
            assigned_percent: 90,
            direct_users: 500,
            everyone: true,
        }
    }
}

/// The id of the management group of a generated org.
const MANAGEMENT: &str = "00gManagement0000001";

/// Generates an org. Its AWS app is `0oaAWS`.
pub fn generated(spec: &GeneratorSpec) -> Org {
    let mut rng = SmallRng::seed_from_u64(spec.seed);
    let mut org = Org::seeded("acme", spec.seed);
    if spec.everyone {
        org = org.everyone();
    }
    for n in 0..spec.users {
        let (first, last) = people::name(n);
        let mut user = User::new(people::login(n, "acme.test"));
        user.first_name = Cow::Borrowed(first);
        user.last_name = Cow::Borrowed(last);
        user.status = status(n);
        org.put_user(user);
    }
    match spec.mode {
        Mode::Mapping => mapping(&mut org, spec, &mut rng),
        Mode::Direct { join, union } => direct(&mut org, spec, &mut rng, (join, union)),
    }
    org
}

/// Most people work; every hundredth is away in one way or another.
fn status(n: usize) -> UserStatus {
    match n % 300 {
        99 => UserStatus::Suspended,
        199 => UserStatus::LockedOut,
        299 => UserStatus::Deprovisioned,
        _ => UserStatus::Active,
    }
}

fn account(n: usize) -> String {
    format!("{:012}", 100_000_000_000_u64 + (n as u64 + 1) * 7_919_001)
}

fn role(n: usize) -> String {
    const WORDS: [&str; 10] = [
        "Admin",
        "ReadOnly",
        "Developer",
        "Deploy",
        "Analyst",
        "Operator",
        "Auditor",
        "PowerUser",
        "Billing",
        "Support",
    ];
    let word = WORDS.get(n % WORDS.len()).copied().unwrap_or_default();
    if n < WORDS.len() { word.to_owned() } else { format!("{word}{}", n / WORDS.len() + 1) }
}

fn mapping(org: &mut Org, spec: &GeneratorSpec, rng: &mut SmallRng) {
    let management = org.insert_group(Group::new("aws-users").id(MANAGEMENT));
    let mut role_groups = Vec::new();
    for a in 0..spec.accounts {
        for r in 0..spec.roles_per_account {
            let name = format!("aws_{}_{}", account(a), role(r));
            role_groups.push(org.insert_group(Group::new(name)));
        }
    }
    fill(org, spec, rng, &role_groups);
    fillers(org, spec, role_groups.len() + 1);
    for user in 0..spec.users {
        let here = org.users.get(user).is_some_and(|row| row.user.status != UserStatus::Deprovisioned);
        if here && rng.random_range(0..100) < spec.assigned_percent {
            org.join(management, user);
        }
    }
    org.put_app(App::aws_mapping("0oaAWS").group(AppGroup::new(MANAGEMENT).priority(0)));
}

fn direct(org: &mut Org, spec: &GeneratorSpec, rng: &mut SmallRng, (join, union): (bool, bool)) {
    let catalogue: Vec<String> = (0..spec.accounts)
        .flat_map(|a| (0..spec.roles_per_account).map(move |r| (a, r)))
        .map(|(a, r)| if a == 0 { role(r) } else { format!("[account-{a:03}] -- {}", role(r)) })
        .collect();
    let mut app = App::aws("0oaAWS")
        .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
        .setting("joinAllRoles", join)
        .union(union)
        .saml_iam_roles(catalogue.iter().cloned());
    let assigned = spec.groups.min(catalogue.len().max(1));
    let mut groups = Vec::new();
    for n in 0..assigned {
        groups.push(org.insert_group(Group::new(format!("cloud-team-{n:05}"))));
        let id = groups.last().map_or_else(String::new, |index| org.group_id(*index));
        let roles: Vec<String> = (0..3).filter_map(|_| catalogue.choose(rng).cloned()).collect();
        app = app.group(AppGroup::new(id).priority(i64::try_from(n).unwrap_or(i64::MAX)).saml_roles(roles));
    }
    fill(org, spec, rng, &groups);
    fillers(org, spec, groups.len());
    for _ in 0..spec.direct_users.min(spec.users) {
        let user = rng.random_range(0..spec.users);
        let roles: Vec<String> = (0..2).filter_map(|_| catalogue.choose(rng).cloned()).collect();
        app = app.user(AppUser::direct(org.user_id(user)).saml_roles(roles));
    }
    org.put_app(app);
}

/// Puts people into groups until there are as many memberships as asked, or no room is left.
fn fill(org: &mut Org, spec: &GeneratorSpec, rng: &mut SmallRng, groups: &[usize]) {
    let room = groups.len().saturating_mul(spec.users) / 2;
    let mut missing = spec.memberships.min(room);
    while missing > 0 {
        let user = rng.random_range(0..spec.users);
        let Some(group) = groups.choose(rng).copied() else { return };
        let here = org.users.get(user).is_some_and(|row| row.user.status != UserStatus::Deprovisioned);
        if here && org.join(group, user) {
            missing -= 1;
        }
    }
}

/// Groups that have nothing to do with AWS, up to the number asked.
fn fillers(org: &mut Org, spec: &GeneratorSpec, present: usize) {
    for n in present..spec.groups {
        org.insert_group(Group::new(format!("team-{n:06}")));
    }
}
