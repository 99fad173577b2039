//! The acceptance cases of reading, by number: A start-up and settings, B group mapping, N direct mode, P pages, U
//! people and admin roles, X errors. Pure resolution has them once more, in `federation`.

use rolebook_connector::{AdminRoles, AppChoice, ErrorKind, ProfileAttributes};
use rolebook_fake_okta::{
    AdminRole, App, AppGroup, AppUser, Fault, Group, Options, Org, RateLimits, RoleTargets, User, UserStatus,
};
use serde_json::{Value, json};

use crate::run::Run;

const ARN: &str = "arn:aws:iam::111122223333:saml-provider/OKTA";

fn people() -> Org {
    Org::new("acme")
        .user(User::new("ann@acme.test").id("00uA").name("Ann", "Lee"))
        .user(User::new("bob@acme.test").id("00uB"))
        .user(User::new("cy@acme.test").id("00uC"))
}

/// Everybody is assigned through g9; groups by (id, name, members).
fn mapping(app: App, groups: &[(&str, &str, &[&str])]) -> Org {
    let org = people().group(Group::new("management").id("g9").members(["00uA", "00uB", "00uC"]));
    let org = groups.iter().fold(org, |org, (id, name, members)| {
        org.group(Group::new(*name).id(*id).members(members.iter().copied()))
    });
    org.app(app.group(AppGroup::new("g9")))
}

fn filtered(filter: &str) -> App {
    App::aws_mapping("0oaAWS").setting("groupFilter", filter)
}

/// gX (priority 0: Admin, Ops) and gY (priority 1: ReadOnly).
fn direct(join: bool, union: bool, members_x: &[&str], members_y: &[&str]) -> (Org, App) {
    let org = people()
        .group(Group::new("gX").id("gX").members(members_x.iter().copied()))
        .group(Group::new("gY").id("gY").members(members_y.iter().copied()));
    let app = App::aws("0oaAWS")
        .setting("identityProviderArn", ARN)
        .setting("joinAllRoles", join)
        .union(union)
        .group(AppGroup::new("gX").priority(0).saml_roles(["Admin", "Ops"]))
        .group(AppGroup::new("gY").priority(1).saml_roles(["ReadOnly"]));
    (org, app)
}

fn one(app_user: AppUser) -> Run {
    Run::of(people().app(App::aws("0oaAWS").setting("identityProviderArn", ARN).user(app_user)))
}

#[test]
fn a1_the_only_app_is_found() {
    let run = Run::of(mapping(App::aws_mapping("0oaAWS"), &[]));
    assert_eq!(run.sync().summary.app.id.as_str(), "0oaAWS");
    assert_eq!(run.paths().iter().filter(|path| path.as_str() == "/api/v1/apps").count(), 1);
}

#[test]
fn a2_two_active_apps_want_a_choice_and_one_active_is_it() {
    let org = |status| people().app(App::aws("0oaONE")).app(App::aws("0oaTWO").status(status));
    let mut run = Run::of(org("ACTIVE"));
    let error = run.try_sync().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().contains("0oaONE") && error.to_string().contains("0oaTWO"), "{error}");
    run.app = AppChoice::Id("0oaTWO".to_owned());
    assert_eq!(run.sync().summary.app.id.as_str(), "0oaTWO");
    assert_eq!(Run::of(org("INACTIVE")).sync().summary.app.id.as_str(), "0oaONE");
}

#[test]
fn a4_a5_an_app_of_another_kind_is_refused() {
    let org = people().app(App::new("0oaS", "salesforce", "Sales")).app(App::aws_identity_center("0oaIC"));
    let mut run = Run::of(org);
    for (id, text) in [("0oaS", "salesforce"), ("0oaIC", "amazon_aws_sso")] {
        run.app = AppChoice::Id(id.to_owned());
        run.fake.clear_log();
        let error = run.try_sync().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(run.fake.log().len(), 3, "org, owner, app: no list");
    }
}

#[test]
fn a6_an_inactive_app_has_assignments_and_no_roles() {
    let (org, app) = direct(false, false, &["00uB"], &[]);
    let done =
        Run::of(org.app(app.status("INACTIVE").user(AppUser::direct("00uA").saml_roles(["Admin"])))).sync();
    assert!(done.grants.iter().all(|grant| !grant.starts_with("account:")), "{:#?}", done.grants);
    assert!(done.grants.iter().any(|grant| grant.starts_with("app:0oaAWS:access:user:00uA")));
    assert!(!done.entitlements.is_empty());
    assert_eq!(done.warned("app-not-active"), 1);
}

#[test]
fn a12_without_the_types_endpoint_roles_come_from_people_and_groups() {
    let (org, app) = direct(false, false, &["00uB"], &[]);
    let run = Run::of(org.app(app.saml_iam_roles(["Unused"])));
    run.fake.add_fault(Fault::on("/api/v1/internal/**").status(404).code("E0000008"));
    let done = run.sync();
    assert_eq!(done.warned("list-not-read"), 1);
    assert_eq!(
        done.entitlements,
        ["account:111122223333:Admin", "account:111122223333:Ops", "account:111122223333:ReadOnly"]
    );
}

#[test]
fn a13_mapping_needs_no_provider_arn() {
    let app = App::aws_mapping("0oaAWS").setting("identityProviderArn", Value::Null);
    let done = Run::of(mapping(app, &[("g1", "aws_111122223333_Admin", &["00uA"])])).sync();
    assert_eq!(done.access(), ["111122223333:Admin 00uA group"]);
}

#[test]
fn a14_a_fixed_account_in_the_pattern_is_the_main_account() {
    let app = App::aws("0oaAWS")
        .setting("identityProviderArn", Value::Null)
        .setting(
            "roleValuePattern",
            "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/${role}",
        )
        .user(AppUser::direct("00uA").saml_roles(["Admin"]));
    assert_eq!(Run::of(people().app(app)).sync().access(), ["444455556666:Admin 00uA own"]);
}

#[test]
fn a16_a_missing_join_setting_is_off_and_told() {
    let (org, app) = direct(true, false, &["00uA"], &["00uA"]);
    let done = Run::of(org.app(app.without_setting("joinAllRoles"))).sync();
    assert_eq!(done.access(), ["111122223333:Admin 00uA priority", "111122223333:Ops 00uA priority"]);
    assert!(
        done.summary.warnings.get("setting-missing").unwrap().samples.contains(&"joinAllRoles".to_owned())
    );
}

#[test]
fn a17_a_changed_setting_counts_at_the_next_sync() {
    let (org, app) = direct(false, false, &["00uA"], &["00uA"]);
    let run = Run::of(org.app(app));
    assert_eq!(run.sync().access().len(), 2);
    run.fake.change(|org| org.change_app("0oaAWS", |app| app.setting("joinAllRoles", true)));
    std::fs::remove_file(run.file()).unwrap();
    assert_eq!(run.sync().access().len(), 3);
}

#[test]
fn b1_groups_become_accounts_roles_and_access() {
    let groups: [(&str, &str, &[&str]); 3] = [
        ("g1", "aws_111122223333_Admin", &["00uA"]),
        ("g2", "aws_111122223333_ReadOnly", &["00uA", "00uB"]),
        ("g3", "aws_999988887777_Admin", &["00uC"]),
    ];
    let done = Run::of(mapping(App::aws_mapping("0oaAWS"), &groups).everyone()).sync();
    assert_eq!(
        done.entitlements,
        ["account:111122223333:Admin", "account:111122223333:ReadOnly", "account:999988887777:Admin"]
    );
    assert_eq!(
        done.access(),
        [
            "111122223333:Admin 00uA group",
            "111122223333:ReadOnly 00uA group",
            "111122223333:ReadOnly 00uB group",
            "999988887777:Admin 00uC group",
        ]
    );
    for group in ["account:111122223333:Admin:group:g1 -", "account:999988887777:Admin:group:g3 -"] {
        assert!(done.grants.iter().any(|grant| grant == group), "{group}");
    }
    assert!(done.facts.groups.iter().all(|g| g.group.name.as_deref() != Some("Everyone")));
}

#[test]
fn b3_b4_b5_b7_b9_b12_filters_of_the_field() {
    let fixed = "arn:aws:iam::444455556666:saml-provider/OKTA,arn:aws:iam::444455556666:role/${role}";
    for (filter, pattern, name, expected) in [
        (
            r"^aws_(?{{accountid}}\d{12})_(?{{role}}[\w+=,.@-]+)$",
            None,
            "aws_111122223333_Admin",
            "111122223333:Admin",
        ),
        (
            r"^aws_(?{{accountid}}[0-9]{12})_(?{{role}}.*)$",
            None,
            "aws_111122223333_Admin",
            "111122223333:Admin",
        ),
        (
            r"^aws-(?{{accountid}}\d+)-(?{{role}}Admin|ReadOnly)$",
            None,
            "aws-111122223333-ReadOnly",
            "111122223333:ReadOnly",
        ),
        (r"^(AWS|aws)_(?{{accountid}}\d+)_(?{{role}}\w+)$", None, "AWS_111122223333_Ops", "111122223333:Ops"),
        (r"^redshift_(?{{role}}\w+)$", Some(fixed), "redshift_Etl", "444455556666:Etl"),
        (r"^DOM\\(?{{role}}\w+)_(?{{accountid}}\d+)$", None, r"DOM\Admin_111122223333", "111122223333:Admin"),
        (
            r"aws_(?{{accountid}}\d+)_(?{{role}}[a-zA-Z0-9+=,.@\-_]+)",
            None,
            "aws_111122223333_A",
            "111122223333:A",
        ),
    ] {
        let mut app = filtered(filter);
        if let Some(pattern) = pattern {
            app = app.setting("roleValuePattern", pattern);
        }
        let done = Run::of(mapping(app, &[("g1", name, &["00uA"])])).sync();
        assert_eq!(done.access(), [format!("{expected} 00uA group")], "{filter}");
    }
}

#[test]
fn b8_a_filter_escaped_twice_gives_a_warning_and_no_access() {
    let app = filtered(r"aws_(?{{accountid}}\\d+)_(?{{role}}[a-zA-Z0-9+=,.@\\-_]+)");
    let groups: [(&str, &str, &[&str]); 1] = [("g1", "aws_111122223333_Admin", &["00uA"])];
    let mut run = Run::of(mapping(app, &groups));
    let done = run.sync();
    assert!(done.access().is_empty());
    assert_eq!(done.warned("filter-double-escaped"), 1);
    run.switches.filter_unescape = true;
    std::fs::remove_file(run.file()).unwrap();
    assert_eq!(run.sync().access(), ["111122223333:Admin 00uA group"]);
}

#[test]
fn b11_a_broken_filter_ends_the_sync_before_any_list() {
    for filter in
        [r"^aws_(?{{accountid}}\d+)_(?{{role}}\w+)(?{{role}}x)?$", r"^aws_(?{{accountid}}\d+_(?{{role}}\w+)$"]
    {
        let run = Run::of(mapping(filtered(filter), &[]));
        let error = run.try_sync().unwrap_err().to_string();
        assert!(error.contains(filter) && error.contains("at character"), "{error}");
        assert_eq!(run.fake.log().len(), 3);
    }
}

#[test]
fn b13_b17_bogus_accounts_and_nameless_groups_are_told() {
    let org = mapping(App::aws_mapping("0oaAWS"), &[("g1", "aws_12_AB", &["00uA"])])
        .group(Group::nameless().id("g2"));
    let done = Run::of(org).sync();
    assert!(done.access().is_empty() && done.entitlements.is_empty());
    assert_eq!((done.warned("filter-bogus-account"), done.warned("group-no-name")), (1, 1));
}

#[test]
fn b16_a_role_keeps_its_exact_name() {
    let app = filtered(r"^aws_(?{{accountid}}\d{12})_(?{{role}}.+)$");
    let done = Run::of(mapping(app, &[("g1", "aws_111122223333_Ops Team/β:1", &["00uA"])])).sync();
    assert_eq!(done.entitlements, ["account:111122223333:Ops Team/β:1"]);
    assert_eq!(done.access(), ["111122223333:Ops Team/β:1 00uA group"]);
}

#[test]
fn b19_two_groups_of_one_role_are_one_entitlement() {
    let groups: [(&str, &str, &[&str]); 2] =
        [("g1", "aws_111122223333_Admin", &["00uA"]), ("g2", "x-aws_111122223333_Admin", &["00uA"])];
    let done = Run::of(mapping(App::aws_mapping("0oaAWS"), &groups)).sync();
    assert_eq!(done.entitlements.len(), 1);
    assert_eq!(done.access().len(), 1);
    assert_eq!(
        done.grants
            .iter()
            .filter(|grant| grant.contains(":group:"))
            .filter(|g| g.starts_with("account"))
            .count(),
        2
    );
}

#[test]
fn b20_a_filter_that_finds_nothing_is_loud() {
    let groups: Vec<(String, String)> = (0..30).map(|n| (format!("g{n}"), format!("team {n}"))).collect();
    let org = groups.iter().fold(mapping(App::aws_mapping("0oaAWS"), &[]), |org, (id, name)| {
        org.group(Group::new(name.as_str()).id(format!("x{id}")))
    });
    let done = Run::of(org).sync();
    let warning = done.summary.warnings.get("filter-finds-nothing").unwrap();
    assert_eq!(warning.samples.len(), 3);
    assert!(!done.summary.coverage.is_complete(), "app users without a conferring group are a sign");
}

#[test]
fn b21_a_look_alike_group_from_another_source_gives_nothing() {
    let org = mapping(App::aws_mapping("0oaAWS"), &[])
        .app(App::active_directory("0oaAD"))
        .group(Group::new("aws_111122223333_Admin").id("gAD").from_app("0oaAD").members(["00uA"]));
    let run = Run::of(org);
    let done = run.sync();
    assert!(done.access().is_empty());
    assert_eq!(done.warned("filter-source"), 1);
    run.fake.change(|org| org.change_app("0oaAWS", |app| app.setting("appFilter", "okta, active_directory")));
    std::fs::remove_file(run.file()).unwrap();
    assert_eq!(run.sync().access(), ["111122223333:Admin 00uA group"]);
}

#[test]
fn b23_b24_the_user_must_be_assigned() {
    let org = people()
        .group(Group::new("management").id("g9").members(["00uA"]))
        .group(Group::new("aws_111122223333_Admin").id("g1").members(["00uA", "00uB"]))
        .app(App::aws_mapping("0oaAWS").group(AppGroup::new("g9")));
    let done = Run::of(org).sync();
    assert_eq!(done.access(), ["111122223333:Admin 00uA group"]);
    assert!(done.grants.iter().any(|grant| grant.starts_with("group:g1:member:user:00uB")));
    assert!(done.grants.iter().any(|grant| grant.starts_with("account:111122223333:Admin:group:g1")));
}

#[test]
fn b25_b27_b28_patterns_and_settings_that_play_no_part() {
    let pattern = "arn:aws:iam::${accountid}:saml-provider/OKTA,arn:aws:iam::${accountid}:role/OKTA-${role}";
    let app = App::aws_mapping("0oaAWS")
        .setting("roleValuePattern", pattern)
        .setting("joinAllRoles", true)
        .union(true)
        .user(AppUser::direct("00uA").saml_roles(["Ignored"]));
    let done = Run::of(mapping(app, &[("g1", "aws_111122223333_Admin", &["00uA"])])).sync();
    assert_eq!(done.access(), ["111122223333:Admin 00uA group"]);
    assert_eq!(done.entitlements, ["account:111122223333:Admin"]);
}

#[test]
fn n1_the_catalogue_gives_entitlements() {
    let (org, app) = direct(false, false, &[], &[]);
    let done = Run::of(org.app(app.saml_iam_roles(["Admin", "Ops", "ReadOnly", "Unused"]))).sync();
    assert_eq!(done.entitlements.len(), 4);
}

#[test]
fn n3_n4_an_individual_keeps_or_joins_group_roles() {
    for (join, expected) in [(true, 2), (false, 1)] {
        let (org, app) = direct(join, false, &[], &["00uA"]);
        let done = Run::of(org.app(app.user(AppUser::direct("00uA").saml_roles(["Admin"])))).sync();
        assert_eq!(done.access().len(), expected, "{:?}", done.access());
        assert!(done.access().contains(&"111122223333:Admin 00uA own".to_owned()));
    }
}

#[test]
fn n5_the_first_group_in_priority_decides() {
    let (org, app) = direct(false, false, &["00uB"], &["00uB"]);
    let run = Run::of(org.app(app));
    assert_eq!(run.sync().access(), ["111122223333:Admin 00uB priority", "111122223333:Ops 00uB priority"]);
    assert!(run.paths().iter().all(|path| !path.starts_with("/api/v1/users/00u")), "no call per user");
}

#[test]
fn n7_joined_groups_and_combined_values_give_all() {
    let (org, app) = direct(true, false, &["00uB"], &["00uB"]);
    let joined = Run::of(org.app(app)).sync().access();
    assert_eq!(joined.len(), 3);
    assert!(joined.iter().all(|grant| grant.ends_with("join")));
    let (org, app) = direct(false, true, &["00uB"], &["00uB"]);
    let combined = Run::of(org.app(app)).sync().access();
    assert_eq!(combined.len(), 3);
    assert!(combined.iter().all(|grant| grant.ends_with("union")));
}

#[test]
fn n8_n9_the_default_role_and_none() {
    let run = one(AppUser::direct("00uA").raw_profile(json!({ "samlRoles": [], "role": "Support" })));
    assert_eq!(run.sync().access(), ["111122223333:Support 00uA default-role"]);
    assert!(one(AppUser::direct("00uA").raw_profile(json!({}))).sync().access().is_empty());
}

#[test]
fn n11_n12_n13_odd_role_lists_hide_nobody() {
    let done = one(AppUser::direct("00uA").raw_profile(json!({ "samlRoles": "Admin" }))).sync();
    assert_eq!((done.access().len(), done.warned("saml-roles-not-a-list")), (1, 1));
    let done =
        one(AppUser::direct("00uA").raw_profile(json!({ "samlRoles": ["Admin", null, 5, { "x": 1 }] })))
            .sync();
    assert_eq!((done.access().len(), done.warned("role-not-a-string")), (1, 3));
    assert_eq!(done.summary.warnings.get("role-not-a-string").unwrap().samples, ["00uA"]);
    let done = one(AppUser::direct("00uA").saml_roles(["Admin", "Admin", " Admin "])).sync();
    assert_eq!(done.entitlements, ["account:111122223333: Admin ", "account:111122223333:Admin"]);
}

#[test]
fn n15_n16_roles_of_other_accounts() {
    let done = one(AppUser::direct("00uA")
        .saml_roles(["[prod-eu] -- platform", "arn:aws:iam::444455556666:role/team/x"]))
    .sync();
    assert_eq!(done.access(), ["444455556666:team/x 00uA own", "prod-eu:platform 00uA own"]);
}

#[test]
fn n17_n19_n20_statuses_and_a_missing_scope() {
    for status in ["SUSPENDED", "DEPROVISIONED", "INACTIVE", "PENDING", "FOO"] {
        assert!(
            one(AppUser::direct("00uA").saml_roles(["Admin"]).status(status)).sync().access().is_empty(),
            "{status}"
        );
    }
    let with = |status: UserStatus| {
        let org = Org::new("acme").user(User::new("ann@acme.test").id("00uA").status(status)).app(
            App::aws("0oaAWS")
                .setting("identityProviderArn", ARN)
                .user(AppUser::direct("00uA").saml_roles(["Admin"])),
        );
        Run::of(org).sync().access().len()
    };
    for status in [UserStatus::Active, UserStatus::Provisioned, UserStatus::Recovery, UserStatus::LockedOut] {
        assert_eq!(with(status), 1, "{status:?}");
    }
    for status in [UserStatus::Staged, UserStatus::Suspended] {
        assert_eq!(with(status), 0, "{status:?}");
    }
    let done = one(AppUser::unscoped("00uA").raw_profile(json!({ "samlRoles": ["Admin"] }))).sync();
    assert_eq!((done.access().len(), done.warned("scope-unknown")), (1, 1));
}

#[test]
fn n21_a_group_with_an_empty_profile_is_assigned_and_gives_nothing() {
    let org = people()
        .group(Group::new("gE").id("gE").members(["00uA"]))
        .app(App::aws("0oaAWS").setting("identityProviderArn", ARN).group(AppGroup::new("gE")));
    let done = Run::of(org).sync();
    assert!(done.grants.iter().any(|grant| grant.starts_with("app:0oaAWS:access:group:gE")));
    assert!(done.grants.iter().all(|grant| !grant.starts_with("account:")));
}

#[test]
fn p1_p5_p11_empty_lists_empty_last_pages_and_repetitions() {
    let done = Run::of(Org::new("acme").app(App::aws_mapping("0oaAWS"))).sync();
    assert!(done.access().is_empty() && done.entitlements.is_empty());
    let run = Run::of(mapping(App::aws_mapping("0oaAWS"), &[("g1", "aws_111122223333_Admin", &["00uA"])]));
    run.fake.add_fault(Fault::on("/api/v1/apps/0oaAWS/users").count(1).empty_last_page());
    run.fake.add_fault(Fault::on("/api/v1/groups").count(1).duplicate());
    assert_eq!(run.sync().access(), ["111122223333:Admin 00uA group"]);
}

#[test]
fn p3_p10_every_entry_of_every_page() {
    for users in [500, 501] {
        let logins: Vec<String> = (0..users).map(|n| format!("u{n:04}@acme.test")).collect();
        let org = Org::new("acme")
            .group(Group::new("aws_111122223333_Admin").id("g1").members(logins.clone()))
            .app(App::aws_mapping("0oaAWS").group(AppGroup::new("g1")));
        assert_eq!(Run::of(org).sync().access().len(), users);
    }
    for admins in [100, 101] {
        let org = (0..admins).fold(Org::new("acme").app(App::aws("0oaAWS")), |org, n| {
            org.user(User::new(format!("a{n}@acme.test")).id(format!("00u{n:04}"))).user_role(
                &format!("00u{n:04}"),
                AdminRole::HelpDeskAdmin,
                RoleTargets::all(),
            )
        });
        let mut run = Run::of(org).token("super");
        run.read.admin_roles = AdminRoles::On;
        let done = run.sync();
        let held = done.facts.admin_roles.iter().find(|role| role.kind == "HELP_DESK_ADMIN").unwrap();
        assert_eq!(held.users.len(), admins);
    }
}

#[test]
fn u2_u3_u4_people_and_their_addresses() {
    let org = Org::new("acme").app(App::aws("0oaAWS").user(AppUser::direct("00uA"))).user(
        User::new("ann@acme.test")
            .id("00uA")
            .attribute("secondEmail", "ann@home.test")
            .attribute("employeeNumber", 42)
            .attribute("email", "not an address")
            .attribute("shoeSize", "40"),
    );
    let mut run = Run::of(org);
    let done = run.sync();
    let person = &done.facts.users[0].person;
    assert_eq!(person.second_email.as_deref(), Some("ann@home.test"));
    assert_eq!(person.employee_ids, ["42"]);
    assert_eq!((person.email.as_deref(), done.warned("email-invalid")), (None, 1));
    assert!(person.profile.contains("not an address") && !person.profile.contains("shoeSize"));
    std::fs::remove_file(run.file()).unwrap();
    run.read.people.skip_secondary_emails = true;
    run.read.people.attributes = ProfileAttributes::All;
    let person = run.sync().facts.users[0].person.clone();
    assert_eq!(person.second_email, None);
    assert!(!person.profile.contains("secondEmail") && person.profile.contains("shoeSize"));
}

#[test]
fn u6_u7_admin_roles_when_the_token_may() {
    let org = || {
        people()
            .group(Group::new("aws_111122223333_Admin").id("g1").members(["00uB"]))
            .group(Group::new("elsewhere").id("gOut").members(["00uC"]))
            .app(App::aws_mapping("0oaAWS").user(AppUser::direct("00uA")))
            .user_role("00uA", AdminRole::SuperAdmin, RoleTargets::all())
            .group_role("g1", AdminRole::AppAdmin, RoleTargets::all())
            .group_role("gOut", AdminRole::GroupAdmin, RoleTargets::all())
    };
    let mut run = Run::of(org()).token("super");
    run.read.admin_roles = AdminRoles::Auto;
    let done = run.sync();
    let has = |grant: &str| done.grants.iter().any(|found| found == grant);
    assert!(has("role:SUPER_ADMIN:assigned:user:00uA -"), "{:#?}", done.grants);
    assert!(has("role:APP_ADMIN:assigned:user:00uB -") && has("role:APP_ADMIN:assigned:group:g1 -"));
    let by_group = done.facts.admin_roles.iter().find(|role| role.kind == "USER_ADMIN").unwrap();
    let holder = by_group.users.values().next().unwrap();
    assert_eq!(holder.outside[0].0.as_str(), "gOut");
    assert_eq!(holder.outside[0].1.as_deref(), Some("elsewhere"));
    assert!(done.facts.users.iter().any(|user| user.id.as_str() == "00uC"), "a holder is in the file");

    let mut run = Run::of(org());
    run.read.admin_roles = AdminRoles::Auto;
    let done = run.sync();
    assert!(done.facts.admin_roles.is_empty());
    assert_eq!(done.warned("list-not-read"), 1);
    run.read.admin_roles = AdminRoles::On;
    assert_eq!(run.try_sync().unwrap_err().kind(), ErrorKind::Refused);
}

#[test]
fn x2_x3_a_full_bucket_is_waited_for() {
    let org = || mapping(App::aws_mapping("0oaAWS"), &[("g1", "aws_111122223333_Admin", &["00uA"])]);
    for fault in ["reset=1", "no-rate-headers"] {
        let options = Options {
            rate_limits: RateLimits::UNLIMITED,
            rate_window: std::time::Duration::from_secs(1),
            ..Options::default()
        };
        let run = Run::with(org(), options);
        run.fake.add_fault(format!("path=/api/v1/groups,status=429,count=2,{fault}").parse().unwrap());
        assert_eq!(run.sync().access().len(), 1, "{fault}");
    }
}

#[test]
fn x14_unknown_words_are_accepted() {
    let run = one(AppUser::direct("00uA").saml_roles(["Admin"]).attribute("newField", json!({ "a": [1] })));
    assert_eq!(run.sync().access().len(), 1);
}
