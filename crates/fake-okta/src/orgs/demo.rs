//! The demo org in group mapping mode.

use jiff::{SignedDuration, Timestamp};

use super::people;
use crate::{AdminRole, App, AppGroup, Group, GroupRule, Org, RoleTargets, User, UserStatus};

/// Account id, what the account is for, and the roles that exist in it.
const ACCOUNTS: [(&str, &str, &[&str]); 8] = [
    ("111122223333", "production", &["Admin", "ReadOnly", "Deploy", "Billing", "BreakGlass"]),
    ("222233334444", "staging", &["Admin", "ReadOnly", "Developer", "Deploy", "QA"]),
    ("333344445555", "development", &["Admin", "ReadOnly", "Developer", "PowerUser", "Sandbox"]),
    ("444455556666", "data lake", &["Admin", "ReadOnly", "DataEngineer", "Analyst", "Etl"]),
    ("555566667777", "security", &["Admin", "ReadOnly", "SecurityAudit", "IncidentResponse", "Forensics"]),
    ("666677778888", "network", &["Admin", "ReadOnly", "NetworkEngineer", "Dns", "Vpn"]),
    ("777788889999", "shared services", &["Admin", "ReadOnly", "Deploy", "Operator", "Backup"]),
    ("888899990000", "audit log", &["Admin", "ReadOnly", "SecurityAudit", "Archivist", "Compliance"]),
];

const DEPARTMENTS: [&str; 6] = ["Engineering", "Platform", "Data", "Security", "Finance", "Support"];

const PEOPLE: usize = 116;

/// Acme: about 120 people, eight AWS accounts with five roles each, one role group `aws_<account>_<Role>` for each
/// role, two management groups assigned to the app, and everything around it that a connector must tell apart: an
/// imported look-alike group that `appFilter` shuts out, a near miss whose role has a character the filter stops at, people in role groups who are not assigned to the app, suspended and departed people, admin roles, rules and hostile names. The
/// app is `0oaAWS`.
pub fn demo() -> Org {
    let founded = start();
    let mut org = Org::seeded("acme", 42).at(founded).everyone();
    org = staff(org);
    org = org
        .group(
            Group::new("aws-users")
                .id("00gawsusers")
                .description("May open the AWS tile")
                .members(everybody(0..70)),
        )
        .group(
            Group::new("aws-contractors")
                .id("00gawscontractors")
                .description("Contractors with access to AWS")
                .members(everybody(70..82)),
        );
    org = role_groups(org);
    org = neighbours(org);
    org.at(founded + SignedDuration::from_hours(24 * 30))
        .app(
            App::aws_mapping("0oaAWS")
                .setting("identityProviderArn", serde_json::Value::Null)
                .group(AppGroup::new("aws-users").priority(0))
                .group(AppGroup::new("aws-contractors").priority(1)),
        )
        .user_role(&people::login(0, "acme.test"), AdminRole::SuperAdmin, RoleTargets::all())
        .user_role(&people::login(1, "acme.test"), AdminRole::ReadOnlyAdmin, RoleTargets::all())
        .group_role("platform-team", AdminRole::AppAdmin, RoleTargets::all().apps(["0oaAWS"]))
}

fn start() -> Timestamp {
    Timestamp::constant(1_717_228_800, 0)
}

/// Logins of a range of people who work here.
fn everybody(range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    range.filter(|n| status(*n) != UserStatus::Deprovisioned).map(|n| people::login(n, "acme.test"))
}

fn status(n: usize) -> UserStatus {
    match n {
        17 | 63 | 88 => UserStatus::Suspended,
        95 | 104 => UserStatus::Staged,
        29 | 58 | 71 | 99 => UserStatus::Deprovisioned,
        42 => UserStatus::LockedOut,
        50 => UserStatus::PasswordExpired,
        51 => UserStatus::Recovery,
        52 => UserStatus::Provisioned,
        _ => UserStatus::Active,
    }
}

fn staff(mut org: Org) -> Org {
    let founded = start();
    for n in 0..PEOPLE {
        let (first, last) = people::name(n);
        let department = DEPARTMENTS.get(n % DEPARTMENTS.len()).copied().unwrap_or_default();
        let hours = i64::try_from(n).unwrap_or_default() * 37;
        let joined = founded + SignedDuration::from_hours(hours);
        let mut user = User::new(people::login(n, "acme.test"))
            .name(first, last)
            .status(status(n))
            .created(joined)
            .attribute("department", department)
            .attribute("displayName", format!("{first} {last}"))
            .attribute("employeeNumber", format!("{}", 1000 + n));
        if !matches!(status(n), UserStatus::Staged | UserStatus::Provisioned) {
            user = user.last_login(joined + SignedDuration::from_hours(24 * 400));
        }
        org.put_user(user);
    }
    // Names that try to be something else: a script, a formula, a terminal command, text that runs backwards.
    org.user(User::new("mallory@acme.test").name("<script>alert(1)</script>", "O'Hara & Sons"))
        .user(User::new("trudy@acme.test").name("=cmd|' /C calc'!A0", "+1-800"))
        .user(User::new("oscar@acme.test").name("\u{1b}[31mRed\u{7}", "Line\nBreak"))
        .user(User::new("walter@acme.test").name("\u{202e}retlaW", "Ünïcödé Ωmega"))
}

/// One group for each role of each account, with a handful of people in it.
fn role_groups(mut org: Org) -> Org {
    for (a, (account, purpose, roles)) in ACCOUNTS.iter().enumerate() {
        for (r, role) in roles.iter().enumerate() {
            let size = match *role {
                "ReadOnly" => 18,
                "Developer" | "Analyst" => 12,
                "Admin" | "BreakGlass" => 3,
                _ => 6,
            };
            let first = a * 11 + r * 17;
            let members =
                (0..size).map(|k| (first + k * 5) % 86).filter(|n| status(*n) != UserStatus::Deprovisioned);
            org.put_group(
                Group::new(format!("aws_{account}_{role}"))
                    .description(format!("{role} in {purpose}"))
                    .members(members.map(|n| people::login(n, "acme.test"))),
            );
        }
    }
    org
}

/// Everything that lies around the role groups.
fn neighbours(org: Org) -> Org {
    let person = |n: usize| people::login(n, "acme.test");
    org.app(App::active_directory("0oaAD"))
        .app(App::aws_identity_center("0oaSSO"))
        .app(App::new("0oaSF", "salesforce", "Salesforce").group(AppGroup::new("sales-tools")))
        .app(App::aws("0oaOLD").label("AWS (retired)").status("INACTIVE"))
        .group(Group::new("platform-team").members((0..6).map(person)))
        .group(Group::new("security-team").members((12..18).map(person)))
        .group(Group::new("data-team").members((20..32).filter(|n| *n != 29).map(person)))
        .group(Group::new("Domain Users").from_app("0oaAD").members(everybody(0..60)))
        .group(Group::new("VPN-Users").from_app("0oaAD").members(everybody(10..40)))
        // Looks like a role group, but comes from a source that appFilter does not list.
        .group(Group::new("aws_111122223333_Root").from_app("0oaAD").members([person(80), person(81)]))
        // The filter reads this one only up to the blank.
        .group(Group::new("aws_111122223333_Ops Team").members([person(3), person(33)]))
        // Upper case does not match, and an account has twelve digits.
        .group(Group::new("AWS_111122223333_Admin").members([person(4)]))
        .group(Group::new("aws_1234_Admin").members([person(5)]))
        .group(Group::new("<b>bold</b> & \"quoted\" group").description("=HYPERLINK(\"http://evil.test\")"))
        .group(Group::new("bell\u{7} and \u{1b}[2J escape").members(["mallory@acme.test"]))
        // In a role group, but not assigned to the app.
        .group(Group::new("aws_222233334444_Legacy").members(["trudy@acme.test", "walter@acme.test"]))
        .rule(GroupRule::new("Platform people", "user.department==\"Platform\"").assigns(["platform-team"]))
        .rule(
            GroupRule::new("Data people read the lake", "user.department==\"Data\"")
                .assigns(["data-team", "aws_444455556666_ReadOnly"]),
        )
        .rule(
            GroupRule::new("Old security rule", "user.title==\"CISO\"").assigns(["security-team"]).inactive(),
        )
}
