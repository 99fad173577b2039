//! The demo org in assignment mode.

use jiff::{SignedDuration, Timestamp};

use super::people;
use crate::{AdminRole, App, AppGroup, AppUser, Group, Org, RoleTargets, User, UserStatus};

const ROLES: [&str; 9] = [
    "Admin",
    "ReadOnly",
    "Deploy",
    "Billing",
    "Support",
    "[acme-staging] -- Admin",
    "[acme-staging] -- Developer",
    "[acme-data] -- Analyst",
    "Acme Sandbox -- PowerUser",
];

/// Acme without group mapping: roles stand on app groups with priorities and on individual assignments, `joinAllRoles`
/// is off, further accounts appear as `[alias] -- role`, and one group gives its role only by `role`. The app is
/// `0oaAWS`.
pub fn demo_direct() -> Org {
    let founded = Timestamp::constant(1_717_228_800, 0);
    let person = |n: usize| people::login(n, "acme.test");
    let mut org = Org::seeded("acme", 43).at(founded).everyone();
    for n in 0..60 {
        let (first, last) = people::name(n);
        let status = match n {
            7 => UserStatus::Suspended,
            23 => UserStatus::Deprovisioned,
            31 => UserStatus::LockedOut,
            44 => UserStatus::Staged,
            _ => UserStatus::Active,
        };
        org.put_user(User::new(person(n)).name(first, last).status(status));
    }
    let org = org
        .user(User::new("mallory@acme.test").name("<img src=x onerror=alert(1)>", "O'Hara"))
        .user(User::new("trudy@acme.test").name("=cmd|' /C calc'!A0", "@SUM(1+1)"))
        .group(Group::new("cloud-admins").members((0..4).map(person)))
        .group(Group::new("cloud-developers").members((2..22).map(person)))
        .group(Group::new("cloud-readers").members((0..50).filter(|n| *n != 23).map(person)))
        .group(Group::new("cloud-support").members((24..30).map(person)))
        .group(Group::new("cloud-observers").members((50..55).map(person)))
        .group(Group::new("<b>finance</b>\u{7}").members([person(40), person(41)]))
        .group(Group::new("not-assigned").members((10..20).map(person)));
    org.at(founded + SignedDuration::from_hours(24 * 60))
        .app(
            App::aws("0oaAWS")
                .setting("identityProviderArn", "arn:aws:iam::111122223333:saml-provider/OKTA")
                .features(["PUSH_NEW_USERS"])
                .saml_iam_roles(ROLES)
                .group(
                    AppGroup::new("cloud-admins")
                        .priority(0)
                        .saml_roles(["Admin", "[acme-staging] -- Admin"]),
                )
                .group(AppGroup::new("cloud-developers").priority(1).saml_roles([
                    "Deploy",
                    "[acme-staging] -- Developer",
                    "Acme Sandbox -- PowerUser",
                ]))
                .group(AppGroup::new("<b>finance</b>\u{7}").priority(4).saml_roles(["Billing"]))
                .group(AppGroup::new("cloud-support").priority(7).role("Support"))
                .group(AppGroup::new("cloud-readers").priority(9).saml_roles(["ReadOnly"]))
                .group(AppGroup::new("cloud-observers").priority(10))
                .user(AppUser::direct(person(1)).saml_roles(["ReadOnly", "Billing"]))
                .user(AppUser::direct(person(55)).saml_roles(["Admin"]))
                .user(AppUser::direct(person(56)).saml_roles(["[acme-data] -- Analyst"]).role("ReadOnly"))
                .user(AppUser::direct(person(57)).role("ReadOnly"))
                .user(AppUser::direct(person(58)))
                .user(AppUser::direct(person(7)).saml_roles(["Deploy"]))
                .user(AppUser::direct("mallory@acme.test").saml_roles(["ReadOnly", "=1+1", "<i>x</i>"]))
                .user(AppUser::direct("trudy@acme.test").saml_roles(["Support"]).status("SUSPENDED")),
        )
        .app(App::aws_identity_center("0oaSSO"))
        .user_role(&person(0), AdminRole::SuperAdmin, RoleTargets::all())
        .group_role("cloud-support", AdminRole::HelpDeskAdmin, RoleTargets::all().groups(["cloud-readers"]))
}
